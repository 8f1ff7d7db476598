/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests only: a veth pair in a namespace of the process's own, and a new state directory. */
#pragma once

#include "base/file.h"
#include "nl/ethtool.h"
#include "nl/nl_test_util.h"
#include "tune/knob.h"

#define FORWARD "/proc/sys/net/ipv4/ip_forward"
#define RMEM "/proc/sys/net/ipv4/tcp_rmem"

static struct nl *nl;
static char dir[] = "/tmp/weir-knob-test-XXXXXX";
static char state[64], corrupt[80];

struct fixture {
	struct knobs k;
	struct diag d;
	unsigned index;
};

static inline void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	(void)unlink(state);
	(void)unlink(corrupt);
	assert_int_equal(knobs_init(&f->k, nl, state), 0);
	f->index = (unsigned)nl_test_veth(nl, "ka", "kb");
	assert_true(f->index > 0);
}

static inline void end(struct fixture *f)
{
	(void)nl_test_delete(nl, (int)f->index);
	knobs_free(&f->k);
	diag_free(&f->d);
}

/* As the next start would find it: only the file is left. */
static inline void start_anew(struct fixture *f)
{
	knobs_free(&f->k);
	diag_free(&f->d);
	assert_int_equal(knobs_init(&f->k, nl, state), 0);
	assert_int_equal(knobs_load(&f->k, &f->d), 0);
}

static inline bool promisc(unsigned index)
{
	struct nl_link l;

	assert_int_equal(nl_link_get_by_index(nl, index, &l), 0);
	return l.flags & IFF_PROMISC;
}

static inline bool feature_on(unsigned index, const char *name)
{
	struct nl_feature f;

	assert_int_equal(nl_ethtool_feature_get(nl, index, name, &f), 0);
	return f.on;
}

static inline bool said(const struct diag *d, const char *words)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	diag_format_all(d, &text);
	return strstr(strbuf_text(&text), words);
}

static inline bool file_has(const char *path, const char *words)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	return !file_read(path, 65536, &text, &len) && strstr(text, words);
}

static inline void write_state(const char *text)
{
	assert_int_equal(file_write_atomic(state, text, strlen(text), 0600), 0);
}

static inline int setup(void **state_)
{
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(state, sizeof(state), "%s/knobs", dir);
	(void)snprintf(corrupt, sizeof(corrupt), "%s/knobs.corrupt", dir);
	nl = nl_test_namespace();
	return 0;
}

static inline int teardown(void **state_)
{
	nl_close(nl);
	(void)unlink(state);
	(void)unlink(corrupt);
	return rmdir(dir);
}
