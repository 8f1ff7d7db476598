/* SPDX-License-Identifier: GPL-2.0-only */
/* network.json of arbitrary bytes: whatever is wrong, what is left is a tree. */
#include <stdlib.h>
#include <string.h>

#include "config/libreqos/network_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml loses memory for some quoted texts, and must not hide what is ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network n = { 0 };
	struct diag d = { 0 };
	/* A copy of the exact size: nobody may look behind its end. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (!network_json_read("f", text, size, &n, &d) != !d.errors)
		abort();
	for (size_t i = 0; i < n.nodes.n; i++)
		if (n.nodes.at[i].parent < -1 || n.nodes.at[i].parent >= (int)i ||
		    !n.nodes.at[i].at.line || !n.nodes.at[i].type)
			abort();
	(void)network_check(&n, &d);
	network_free(&n);
	diag_free(&d);
	free(text);
	return 0;
}
