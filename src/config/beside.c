/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/beside.h"

#include <string.h>

#include "base/strbuf.h"

char *path_beside(const char *file, const char *path)
{
	const char *slash = file && *path != '/' ? strrchr(file, '/') : NULL;
	struct strbuf out = { 0 };

	if (slash)
		strbuf_add_bytes(&out, file, (size_t)(slash + 1 - file));
	strbuf_add(&out, path);
	return strbuf_take(&out);
}
