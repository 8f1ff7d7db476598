/* SPDX-License-Identifier: GPL-2.0-only */
/* ispConfig.py of arbitrary bytes: what is accepted keeps to its rows. */
#include <stdlib.h>
#include <string.h>

#include "config/libreqos/isp_rows.h"
#include "model/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_good(const struct isp_config *config, const struct isp_row *row)
{
	const void *value = (const char *)config + row->offset;
	const struct conf_string *text = value;
	const struct conf_int *number = value;
	const struct isp_rate *rate = value;

	switch (row->kind) {
	case ISP_TEXT:
		return text->set == !!text->text;
	case ISP_IFNAME:
		return text->set == !!text->text && (!text->text || !ifname_problem(text->text));
	case ISP_INT:
		return !number->set || (number->value >= row->min && number->value <= row->max);
	case ISP_RATE:
		return rate->set == !!rate->value && rate->set == !!rate->at.line;
	default:
		return true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isp_config config = { 0 };
	struct diag d = { 0 };
	/* A copy of the exact size: nobody may look behind its end. */
	char *text = malloc(size ? size : 1);
	int r;

	if (!text)
		return 0;
	memcpy(text, data, size);
	r = isp_config_read("f", text, size, &config, &d);
	if (!r != !d.errors)
		abort();
	for (size_t i = 0; !r && i < ISP_ROWS; i++)
		if (!is_good(&config, &isp_rows[i]))
			abort();
	isp_config_free(&config);
	diag_free(&d);
	free(text);
	return 0;
}
