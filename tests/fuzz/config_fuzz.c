/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every reader of configuration on arbitrary bytes; the first byte chooses which.  What loads is
 * printed as JSON and must load again to the same values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/load.h"
#include "config/text.h"
#include "config/toml.h"
#include "config/yaml.h"
#include "model/model_fixture.h"

/*
 * libfyaml 0.7.12 loses half a kilobyte for a quoted text of many quotes or line ends and nothing
 * between them ('''''''''''').  It is not ours, and must not hide what is.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void check_again(const struct model *m)
{
	json_t *json = model_to_json(m);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	struct model *again = NULL;
	struct diag d = { 0 };

	if (!json || !text ||
	    config_load_text("a.json", text, strlen(text), fixture_schemas, FIXTURE_N, &again, &d)) {
		/* Long texts become one long line, which is refused: the only way to differ. */
		if (!text || strlen(text) <= TEXT_MAX_LINE)
			abort();
	} else {
		for (size_t i = 0; i < FIXTURE_N; i++)
			if (!schema_equal(fixture_schemas[i]->rows, m->sections[i].data,
					  again->sections[i].data))
				abort();
	}
	model_free(again);
	diag_free(&d);
	free(text);
	json_decref(json);
}

static void load(const char *text, size_t len)
{
	struct model *m = NULL;
	struct diag d = { 0 };
	int r = config_load_text("f", text, len, fixture_schemas, FIXTURE_N, &m, &d);

	if (!r != !!m || (!r && d.errors) || (r && !d.errors))
		abort();
	if (m)
		check_again(m);
	model_free(m);
	diag_free(&d);
}

static void parse(uint8_t which, const char *text, size_t len)
{
	struct tree *t = NULL;
	struct diag d = { 0 };
	int r = text_check("f", text, len, &d);

	if (!r)
		r = which == 2 ? toml_parse("f", text, len, &t, &d) :
				 yaml_parse("f", text, len, which == 1, &t, &d);
	if (!r != !!t || (r && !d.errors))
		abort();
	tree_free(t);
	diag_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t which = size ? data[0] % 4 : 0;
	/* A copy of the exact size: nobody may look behind its end. */
	char *text = malloc(size > 1 ? size - 1 : 1);

	if (!size || !text) {
		free(text);
		return 0;
	}
	memcpy(text, data + 1, size - 1);
	if (which == 3)
		load(text, size - 1);
	else
		parse(which, text, size - 1);
	free(text);
	return 0;
}
