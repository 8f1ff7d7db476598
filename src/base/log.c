/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "base/strbuf.h"

static enum log_level level_max = LOG_LEVEL_INFO;
static const char *program_name = "weir";
static bool to_journal;

static const struct {
	const char *name;
	int priority;
} levels[] = {
	{ "error", LOG_ERR }, { "warning", LOG_WARNING }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }
};

/* $JOURNAL_STREAM names the socket that stderr was connected to; a redirected stderr wins. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(2, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

void log_open(const char *program)
{
	program_name = program;
	to_journal = stderr_is_journal();
}

void log_set_level(enum log_level level)
{
	level_max = level;
}

int log_level_from_name(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (!strcmp(name, levels[i].name)) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

static void emit(enum log_level level, const char *subject, const char *text)
{
	if (to_journal && !sd_journal_send("PRIORITY=%i", levels[level].priority,
					   "SYSLOG_IDENTIFIER=%s", program_name, "WEIR_SUBJECT=%s",
					   subject ? subject : "", "MESSAGE=%s%s%s",
					   subject ? subject : "", subject ? ": " : "", text, NULL))
		return;
	(void)fprintf(stderr, "%s: %s%s%s%s%s\n", program_name,
		      level == LOG_LEVEL_INFO ? "" : levels[level].name,
		      level == LOG_LEVEL_INFO ? "" : ": ", subject ? subject : "",
		      subject ? ": " : "", text);
}

void log_write(enum log_level level, const char *subject, const char *format, ...)
{
	struct strbuf text = { 0 };
	va_list args;

	if (level > level_max)
		return;
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	emit(level, subject, strbuf_text(&text));
	strbuf_free(&text);
}
