/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ShapedDevices.csv of arbitrary bytes.  What is read without an error is written as a file again
 * and must be read back as the same circuits.
 */
#include "config/libreqos/inputs_fixture.h"
#include "config/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_csv(const char *text, size_t len, struct network *n)
{
	struct diag d = { 0 };
	int r = shaped_devices_read("f", text, len, n, &d);

	if (!r != !d.errors)
		abort();
	(void)network_check(n, &d);
	diag_free(&d);
	return r;
}

static bool is_too_long(const struct strbuf *b)
{
	size_t run = 0;

	for (size_t i = 0; i < b->len && run <= TEXT_MAX_LINE; i++)
		run = b->text[i] == '\n' ? 0 : run + 1;
	return run > TEXT_MAX_LINE;
}

static void check_again(const struct network *n)
{
	struct strbuf csv = { 0 }, first = { 0 }, second = { 0 };
	struct network again = { 0 };

	circuits_to_csv(n, &csv);
	if (!is_too_long(&csv)) {
		if (read_csv(strbuf_text(&csv), csv.len, &again))
			abort();
		dump_circuits(&first, n, false);
		dump_circuits(&second, &again, false);
		if (strcmp(strbuf_text(&first), strbuf_text(&second)))
			abort();
	}
	network_free(&again);
	strbuf_free(&csv);
	strbuf_free(&first);
	strbuf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network n = { 0 };
	/* A copy of the exact size: nobody may look behind its end. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (!read_csv(text, size, &n))
		check_again(&n);
	network_free(&n);
	free(text);
	return 0;
}
