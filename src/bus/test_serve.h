/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of things that block: the server of test_bench.h in a process of its own. */
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bus/test_bench.h"

static int serve_on_term(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

/* The child ends through exit(), so that a leak checker has its say. */
static void serve_child(struct bench *b, int ready_fd)
{
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	b->event = NULL;
	if (sd_event_new(&b->event) < 0 ||
	    sd_event_add_signal(b->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, serve_on_term,
				b) < 0)
		exit(1);
	bench_start(b);
	(void)!write(ready_fd, "", 1);
	(void)close(ready_fd);
	r = sd_event_loop(b->event);
	bus_server_free(b->server);
	bus_feed_clear(&b->feed);
	b->event = sd_event_unref(b->event);
	exit(r < 0);
}

static pid_t serve_start(struct bench *b)
{
	int ready[2];
	pid_t child;
	char c;

	assert_int_equal(pipe(ready), 0);
	(void)fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		(void)close(ready[0]);
		b->event = sd_event_unref(b->event);
		serve_child(b, ready[1]);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	return child;
}

static void serve_stop(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}
