/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs a transmit queue is for (XPS): where it is set, the kernel chooses the queue by the
 * CPU and no longer by what the packet path says.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "tune/knob.h"

#define VALUE_MAX 4096

/* A /sys of another network namespace shows other devices, maybe of the same name. */
static int check_sys(const char *name, unsigned ifindex, struct strbuf *why)
{
	_cleanup_free_ char *text = NULL;
	char path[128];
	size_t len;
	int r;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", name);
	r = file_read(path, VALUE_MAX, &text, &len);
	if (!r && strtoul(text, NULL, 10) == ifindex)
		return 0;
	strbuf_addf(why, "/sys/class/net does not show %s", name);
	return -ENXIO;
}

static int find_path(struct knob_subject s, const char *queue, char *path, size_t size,
		     struct strbuf *why)
{
	char name[IF_NAMESIZE];
	int r;

	if (strchr(queue, '/') || !if_indextoname(s.ifindex, name))
		return -ENODEV;
	r = check_sys(name, s.ifindex, why);
	if (!r)
		(void)snprintf(path, size, "/sys/class/net/%s/queues/%s/xps_cpus", name, queue);
	return r;
}

/* However many zeros a machine of many CPUs shows: no CPU is "0". */
static int xps_read(struct nl *nl, struct knob_subject s, const char *name, char **ret_value,
		    struct strbuf *why)
{
	_cleanup_free_ char *text = NULL;
	char path[256];
	size_t len;
	int r = find_path(s, name, path, sizeof(path), why);

	if (!r)
		r = file_read(path, VALUE_MAX, &text, &len);
	if (r)
		return r;
	text[strcspn(text, "\n")] = 0;
	*ret_value = strdup(text[strspn(text, "0,")] ? text : "0");
	return *ret_value ? 0 : -ENOMEM;
}

static int xps_write(struct nl *nl, struct knob_subject s, const char *name, const char *value,
		     struct strbuf *why)
{
	char path[256];
	int r = find_path(s, name, path, sizeof(path), why);

	return r ? r : file_write_value(path, value);
}

const struct knob_kind knob_xps = { .name = "xps", .read = xps_read, .write = xps_write };
