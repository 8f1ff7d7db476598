/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * udpgen: numbered UDP in bounded amounts. A sender numbers every datagram of every flow and says at
 * the end how many there were; the sink counts losses, duplicates and reordering exactly and names
 * what is missing. Also an echo and a round-trip timer. One JSON object on stdout when it ends.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "udp_sink.h"

#define TOOL_NAME "udpgen"
#include "tool.h"

#define BATCH_MAX 64
#define SIZE_MAX_UDP 65507
#define SECONDS_MAX 3600
#define COUNT_MAX 50000000ull
#define END_REPEATS 5

struct options {
	const char *bind;
	const char *to;
	double pps;
	double seconds;
	uint64_t count;
	uint64_t expect;
	unsigned int size;
	unsigned int flows;
	unsigned int batch;
	unsigned int idle_ms;
	unsigned int interval_us;
	bool stay;
};

struct batch {
	struct mmsghdr msg[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	struct sockaddr_storage peer[BATCH_MAX];
	char control[BATCH_MAX][CMSG_SPACE(sizeof(uint32_t))];
	char data[BATCH_MAX][SIZE_MAX_UDP];
};

static volatile sig_atomic_t stop_asked;
static struct batch batch;

static void on_signal(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static int socket_open(const struct options *o, unsigned int flow)
{
	struct sockaddr_storage local = { 0 }, remote = { 0 };
	socklen_t local_len = o->bind ? address_parse(o->bind, flow, &local) : 0;
	socklen_t remote_len = o->to ? address_parse(o->to, 0, &remote) : 0;
	int one = 1, fd = socket(o->bind ? local.ss_family : remote.ss_family, SOCK_DGRAM, 0);

	if (fd < 0)
		die("socket");
	socket_set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	socket_set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
	if (o->bind && bind(fd, (struct sockaddr *)&local, local_len))
		die(o->bind);
	if (o->to && connect(fd, (struct sockaddr *)&remote, remote_len))
		die(o->to);
	return fd;
}

static uint64_t deadline(const struct options *o)
{
	return now_ns() + (uint64_t)(o->seconds * 1e9);
}

/* ---- send ---- */

struct sender {
	const struct options *o;
	int fd[FLOWS_MAX];
	uint64_t seq[FLOWS_MAX];
	uint32_t run;
	uint64_t sent;
	uint64_t refused;
	uint64_t full;
};

static struct sender sender;

static void batch_arm_send(const struct options *o)
{
	for (unsigned int i = 0; i < o->batch; i++) {
		memset(batch.data[i], 'w', o->size);
		batch.iov[i] = (struct iovec){ batch.data[i], o->size };
		batch.msg[i].msg_hdr = (struct msghdr){ .msg_iov = &batch.iov[i], .msg_iovlen = 1 };
	}
}

static void sender_stamp(unsigned int slot, unsigned int flow, enum stamp_kind kind, uint64_t seq)
{
	struct stamp s = { .magic = STAMP_MAGIC,
			   .run = sender.run,
			   .flow = (uint16_t)flow,
			   .flows = (uint16_t)sender.o->flows,
			   .kind = kind,
			   .seq = seq,
			   .ns = now_ns() };

	memcpy(batch.data[slot], &s, sizeof(s));
}

/* A datagram that was not handed to the kernel keeps its number for the next try: no false loss. */
static void sender_burst(unsigned int flow, unsigned int n)
{
	int done;

	for (unsigned int i = 0; i < n; i++)
		sender_stamp(i, flow, STAMP_DATA, sender.seq[flow] + i + 1);
	done = sendmmsg(sender.fd[flow], batch.msg, n, 0);
	if (done > 0) {
		sender.sent += (uint64_t)done;
		sender.seq[flow] += (uint64_t)done;
	} else if (errno == ECONNREFUSED) {
		sender.refused++;
	} else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR) {
		sender.full++;
		sleep_ns(200000);
	} else {
		die("sendmmsg");
	}
}

/* How many are due now; sleeps a little and answers 0 when none is. */
static unsigned int sender_due(uint64_t begin)
{
	const struct options *o = sender.o;
	uint64_t left = o->count - sender.sent;
	unsigned int n = left < o->batch ? (unsigned int)left : o->batch;
	double due;

	if (o->pps <= 0)
		return n;
	due = (double)(now_ns() - begin) / 1e9 * o->pps - (double)sender.sent;
	if (due >= 1)
		return due < n ? (unsigned int)due : n;
	due = (1 - due) / o->pps * 1e9;
	sleep_ns(due < 200000 ? 200000 : due > 2e7 ? 20000000 : (uint64_t)due);
	return 0;
}

/* The end mark is repeated, as it may be lost like anything else. */
static void sender_end(void)
{
	for (unsigned int i = 0; i < END_REPEATS; i++) {
		for (unsigned int f = 0; f < sender.o->flows; f++) {
			sender_stamp(0, f, STAMP_END, sender.seq[f]);
			(void)!send(sender.fd[f], batch.data[0], sender.o->size, MSG_DONTWAIT);
		}
		sleep_ns(20000000);
	}
}

static void run_send(const struct options *o)
{
	uint64_t begin, end = deadline(o);
	unsigned int flow = 0, n;
	double span;

	sender.o = o;
	if (getrandom(&sender.run, sizeof(sender.run), 0) < 0)
		die("getrandom");
	for (unsigned int f = 0; f < o->flows; f++)
		sender.fd[f] = socket_open(o, f);
	batch_arm_send(o);
	begin = now_ns();
	while (!stop_asked && sender.sent < o->count && now_ns() < end) {
		n = sender_due(begin);
		if (!n)
			continue;
		sender_burst(flow, n);
		flow = flow + 1 < o->flows ? flow + 1 : 0;
	}
	span = (double)(now_ns() - begin) / 1e9;
	sender_end();
	printf("{\"mode\":\"send\",\"datagrams\":%" PRIu64 ",\"size\":%u,\"flows\":%u,"
	       "\"seconds\":%.3f,\"pps\":%.0f,\"refused\":%" PRIu64 ",\"full\":%" PRIu64 "}\n",
	       sender.sent, o->size, o->flows, span, (double)sender.sent / span, sender.refused,
	       sender.full);
}

/* ---- sink ---- */

static void batch_arm_receive(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		batch.iov[i] = (struct iovec){ batch.data[i], sizeof(batch.data[i]) };
		batch.msg[i].msg_hdr = (struct msghdr){ .msg_iov = &batch.iov[i],
							.msg_iovlen = 1,
							.msg_name = &batch.peer[i],
							.msg_namelen = sizeof(batch.peer[i]),
							.msg_control = batch.control[i],
							.msg_controllen = sizeof(batch.control[i]) };
	}
}

static int batch_receive(int fd, unsigned int n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got;

	batch_arm_receive(n);
	got = recvmmsg(fd, batch.msg, n, MSG_DONTWAIT, NULL);
	if (got > 0)
		return got;
	if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
		die("recvmmsg");
	(void)poll(&p, 1, 20);
	return 0;
}

/* What the receiving socket itself dropped must never be blamed on the path under test. */
static void sink_note_drops(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(&sink.socket_drops, CMSG_DATA(c), sizeof(sink.socket_drops));
}

static void sink_batch(int n)
{
	uint64_t now = now_ns();

	if (!sink.first_ns)
		sink.first_ns = now;
	else if (now - sink.last_ns > sink.gap_ns && !sink.ended)
		sink.gap_ns = now - sink.last_ns;
	sink.last_ns = now;
	for (int i = 0; i < n; i++) {
		sink_note_drops(&batch.msg[i].msg_hdr);
		sink_take(batch.data[i], batch.msg[i].msg_len, now);
	}
}

static bool sink_done(const struct options *o, uint64_t end)
{
	uint64_t now = now_ns();

	if (stop_asked || now >= end)
		return true;
	if (o->idle_ms && sink.last_ns && now - sink.last_ns > o->idle_ms * 1000000ull)
		return true;
	return !o->stay && sink.ended && sink.ended >= sink.flows_meant &&
	       now - sink.ended_ns > 200000000ull;
}

static void run_sink(const struct options *o)
{
	int fd = socket_open(o, 0), n;
	uint64_t end = deadline(o);

	fprintf(stderr, "ready\n");
	while (!sink_done(o, end)) {
		n = batch_receive(fd, o->batch);
		if (n > 0)
			sink_batch(n);
	}
	sink_print(o->expect);
	for (unsigned int i = 0; i < sink.flows; i++)
		tally_free(&sink.flow[i].tally);
	close(fd);
}

/* ---- echo and round trips ---- */

static void run_echo(const struct options *o)
{
	uint64_t received = 0, returned = 0, end = deadline(o);
	int fd = socket_open(o, 0), n, sent;

	fprintf(stderr, "ready\n");
	while (!stop_asked && now_ns() < end) {
		n = batch_receive(fd, o->batch);
		for (int i = 0; i < n; i++) {
			batch.iov[i].iov_len = batch.msg[i].msg_len;
			batch.msg[i].msg_hdr.msg_controllen = 0;
		}
		sent = n > 0 ? sendmmsg(fd, batch.msg, (unsigned int)n, 0) : 0;
		received += (uint64_t)n;
		returned += sent > 0 ? (uint64_t)sent : 0;
	}
	printf("{\"mode\":\"echo\",\"received\":%" PRIu64 ",\"returned\":%" PRIu64 "}\n", received,
	       returned);
	close(fd);
}

/* An answer to an earlier datagram may still arrive: only the right number counts. */
static bool answer_wait(int fd, uint64_t seq, unsigned int wait_ms)
{
	uint64_t end = now_ns() + wait_ms * 1000000ull;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct stamp s;

	while (now_ns() < end && poll(&p, 1, (int)wait_ms) > 0)
		if (recv(fd, &s, sizeof(s), MSG_TRUNC) >= (ssize_t)sizeof(s) &&
		    s.magic == STAMP_MAGIC && s.seq == seq)
			return true;
	return false;
}

static void run_rtt(const struct options *o)
{
	static struct histogram rtt;
	uint64_t lost = 0, end = deadline(o), start;
	int fd = socket_open(o, 0);

	sender.o = o;
	batch_arm_send(o);
	for (uint64_t seq = 1; seq <= o->count && !stop_asked && now_ns() < end; seq++) {
		sender_stamp(0, 0, STAMP_DATA, seq);
		start = now_ns();
		if (send(fd, batch.data[0], o->size, 0) == (ssize_t)o->size &&
		    answer_wait(fd, seq, o->idle_ms))
			histogram_add(&rtt, now_ns() - start);
		else
			lost++;
		sleep_ns(o->interval_us * 1000ull);
	}
	printf("{\"mode\":\"rtt\",\"answered\":%" PRIu64 ",\"lost\":%" PRIu64 ",", rtt.count, lost);
	histogram_print(stdout, "rtt_us", &rtt);
	printf("}\n");
	close(fd);
}

/* ---- command line ---- */

static const char help[] =
	"udpgen send -c ADDR:PORT [-b ADDR:PORT] [-r PPS] [-n COUNT] [-t SEC] [-s BYTES] [-f "
	"FLOWS]\n"
	"    Numbered datagrams, FLOWS source sockets in turn, PPS in all (0: as fast as "
	"possible).\n"
	"udpgen sink -b ADDR:PORT [-t SEC] [-e MSEC] [-x COUNT] [--stay]\n"
	"    Count exactly what arrives. Ends when every flow said its end, after SEC seconds, or\n"
	"    after MSEC of silence; --stay ignores the senders' end. -x: numbers expected per "
	"flow.\n"
	"udpgen echo -b ADDR:PORT [-t SEC]\n"
	"    Send everything back.\n"
	"udpgen rtt  -c ADDR:PORT [-n COUNT] [-i USEC] [-s BYTES] [-e MSEC]\n"
	"    One datagram at a time, waiting at most MSEC (200) for each answer.\n"
	"IPv6 addresses in brackets: [fd77::1]:9000. -m N: datagrams per system call (32).\n"
	"Bounded: without -t 10 s, at most an hour and 50 million datagrams. One JSON object on "
	"stdout;\n"
	"sink and echo say `ready` on stderr once they listen.\n";

static bool option_take(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'b':
		o->bind = arg;
		return true;
	case 'c':
		o->to = arg;
		return true;
	case 'r':
		o->pps = (double)number_parse(arg, 0, 100000000);
		return true;
	case 'n':
		o->count = number_parse(arg, 1, COUNT_MAX);
		return true;
	case 'x':
		o->expect = number_parse(arg, 1, COUNT_MAX);
		return true;
	case 't':
		o->seconds = (double)number_parse(arg, 1, SECONDS_MAX);
		return true;
	case 's':
		o->size = (unsigned int)number_parse(arg, sizeof(struct stamp), SIZE_MAX_UDP);
		return true;
	case 'f':
		o->flows = (unsigned int)number_parse(arg, 1, FLOWS_MAX);
		return true;
	case 'm':
		o->batch = (unsigned int)number_parse(arg, 1, BATCH_MAX);
		return true;
	case 'e':
		o->idle_ms = (unsigned int)number_parse(arg, 1, 600000);
		return true;
	case 'i':
		o->interval_us = (unsigned int)number_parse(arg, 0, 10000000);
		return true;
	case 'S':
		o->stay = true;
		return true;
	default:
		return false;
	}
}

static void options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "stay", no_argument, NULL, 'S' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	int letter;

	while ((letter = getopt_long(argc, argv, "b:c:r:n:x:t:s:f:m:e:i:h", longs, NULL)) != -1) {
		if (letter == 'h') {
			fputs(help, stdout);
			exit(0);
		}
		if (!option_take(o, letter, optarg)) {
			fputs(help, stderr);
			exit(2);
		}
	}
}

struct mode {
	const char *name;
	void (*run)(const struct options *o);
	bool needs_bind;
	bool needs_to;
};

static const struct mode modes[] = {
	{ "send", run_send, false, true },
	{ "sink", run_sink, true, false },
	{ "echo", run_echo, true, false },
	{ "rtt", run_rtt, false, true },
};

int main(int argc, char **argv)
{
	struct options o = { .seconds = 10, .count = COUNT_MAX, .size = 172, .flows = 1, .batch = 32 };
	struct sigaction sa = { .sa_handler = on_signal };
	const struct mode *mode = NULL;

	options_parse(&o, argc, argv);
	for (size_t i = 0; optind < argc && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(argv[optind], modes[i].name))
			mode = &modes[i];
	if (!mode)
		die_usage("expected send, sink, echo or rtt, got",
			  optind < argc ? argv[optind] : "nothing");
	if (mode->needs_bind && !o.bind)
		die_usage("an address to listen on (-b) is missing for", mode->name);
	if (mode->needs_to && !o.to)
		die_usage("an address to send to (-c) is missing for", mode->name);
	if (mode->run == run_rtt && !o.idle_ms)
		o.idle_ms = 200;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	mode->run(&o);
	return 0;
}
