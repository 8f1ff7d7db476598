/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/machine.h"

#include <limits.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"

#ifndef BENCH_CLANG
#define BENCH_CLANG "unknown"
#endif
#define PROC_LIMIT (4u << 20)

static char *first_line(const char *path)
{
	char *text = NULL;
	size_t len;

	if (file_read(path, PROC_LIMIT, &text, &len))
		return strdup("unknown");
	text[strcspn(text, "\n")] = 0;
	return text;
}

static char *cpu_model(void)
{
	static const char key[] = "model name";
	_cleanup_free_ char *text = NULL;
	const char *at;
	size_t len;

	if (file_read("/proc/cpuinfo", PROC_LIMIT, &text, &len))
		return strdup("unknown");
	at = strstr(text, key);
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return strdup("unknown");
	at += strspn(at, ": ");
	return strndup(at, strcspn(at, "\n"));
}

static const char *jit_name(void)
{
	static const char *const names[] = { "off", "on", "on, debugging" };
	_cleanup_free_ char *line = first_line("/proc/sys/net/core/bpf_jit_enable");
	int value = line && line[0] >= '0' && line[0] <= '2' ? line[0] - '0' : -1;

	return value < 0 ? "unknown" : names[value];
}

json_t *machine_facts(void)
{
	_cleanup_free_ char *model = cpu_model(), *load = first_line("/proc/loadavg");
	_cleanup_free_ char *spectre =
		first_line("/sys/devices/system/cpu/vulnerabilities/spectre_v2");
	struct utsname name;

	if (uname(&name))
		name.release[0] = 0;
	return json_pack("{s:s*, s:I, s:s, s:s, s:s*, s:s, s:s*}", "cpu", model, "cores",
			 (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "kernel", name.release, "jit",
			 jit_name(), "spectre_v2", spectre, "clang", BENCH_CLANG, "load", load);
}

void machine_format(const json_t *facts, struct strbuf *out)
{
	const char *key;
	json_t *value;

	/* jansson's macro wants a non-const object though it only reads. */
	json_object_foreach((json_t *)facts, key, value) {
		if (json_is_string(value))
			strbuf_addf(out, "  %-10s %s\n", key, json_string_value(value));
		else
			strbuf_addf(out, "  %-10s %lld\n", key, (long long)json_integer_value(value));
	}
}

char *machine_beside(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash, *path = NULL;

	if (n < 0)
		return NULL;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	return asprintf(&path, "%s/%s", self, name) < 0 ? NULL : path;
}
