/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * talk: TCP between a subscriber and the internet whose times are known. Both ends are this one
 * process: either questions that are answered at once, or a stream of a known rate. One JSON object
 * on stdout when it ends.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#define TOOL_NAME "talk"
#include "hurry.h"
#include "talk_seen.h"

#define CONNECTIONS_MOST 256
#define STAGGER_NS 3000000ull
#define LOOK_NS 20000000ull
#define STREAM_BYTES 65536

enum what { ASK, DOWNLOAD, UPLOAD };
static const char *const what_names[] = { "ask", "download", "upload", NULL };

struct options {
	const char *inside, *outside;
	struct sockaddr_storage from, to;
	socklen_t address_len;
	enum what what;
	double seconds;
	unsigned int subscriber, port, connections, size, reply;
	uint64_t rate; /* bits a second of one stream; 0 = as fast as it goes */
	bool v6, brief;
};

/* One end of a connection; the other is somewhere among the others. */
struct end {
	int fd;
	bool server, sender, connected;
	uint32_t got;
	uint64_t began, looked;
};

static struct options o = {
	.seconds = 5, .subscriber = 1, .port = 7007, .connections = 1, .size = 64, .reply = 64
};
static volatile sig_atomic_t stop_asked;
static int home, events, listener;
static unsigned int started, open_ends;
static uint64_t begin, end_of_time;
static struct end *end_of[65536]; /* by descriptor */
static uint8_t bytes[STREAM_BYTES];

static void on_signal(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static bool is_over(void)
{
	return stop_asked || now_ns() >= end_of_time;
}

/* ---- ends ---- */

static void namespace_enter_name(const char *name)
{
	char path[PLACE_BYTES + sizeof("/run/netns/")];

	if (strchr(name, '/') || strlen(name) >= PLACE_BYTES)
		die_usage("not a namespace:", name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	namespace_enter(namespace_open(path));
}

/* A stream can only be kept from filling queues by its own pace. */
static void end_prepare(int fd)
{
	int one = 1;
	uint64_t pace = o.rate / 8;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (pace && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &pace, sizeof(pace)))
		die("SO_MAX_PACING_RATE");
}

static void end_new(int fd, bool server)
{
	struct end *e = calloc(1, sizeof(*e));
	struct epoll_event event = { .data.fd = fd };

	if (!e || (size_t)fd >= sizeof(end_of) / sizeof(end_of[0]))
		die("too many connections");
	*e = (struct end){ .fd = fd, .server = server, .connected = server };
	e->sender = o.what == (server ? DOWNLOAD : UPLOAD);
	event.events = e->sender || !server ? EPOLLIN | EPOLLOUT : EPOLLIN;
	end_of[fd] = e;
	end_prepare(fd);
	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
	open_ends++;
}

static void end_wants(const struct end *e, uint32_t what)
{
	struct epoll_event event = { .data.fd = e->fd, .events = what };

	if (epoll_ctl(events, EPOLL_CTL_MOD, e->fd, &event))
		die("epoll_ctl");
}

static void client_start(void)
{
	int fd;

	namespace_enter_name(o.inside);
	fd = socket(o.from.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&o.from, o.address_len))
		die("the subscriber's address");
	if (connect(fd, (struct sockaddr *)&o.to, o.address_len) && errno != EINPROGRESS)
		die("connect");
	namespace_enter(dup(home));
	end_new(fd, false);
	seen.connections++;
}

static void end_close(struct end *e)
{
	int fd = e->fd;

	end_look(fd, e->sender, true);
	end_of[fd] = NULL;
	close(fd);
	free(e);
	open_ends--;
}

/* ---- questions and answers ---- */

static void end_say(struct end *e, uint32_t len)
{
	if (send(e->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		seen.failed++;
}

/* Between the packet's arrival and the answer on its way: it is part of the time that others see. */
static void end_answer(struct end *e, uint64_t came, uint32_t len)
{
	end_say(e, len);
	seen_reply(e->server, came);
}

static void client_ask(struct end *e, uint64_t came)
{
	e->got = 0;
	e->began = now_ns();
	if (came)
		end_answer(e, came, o.size);
	else
		end_say(e, o.size);
}

/* The whole answer is there. */
static void client_round(struct end *e, uint64_t came)
{
	series_add(&seen.round, (double)(now_ns() - e->began) / 1e6);
	if (!is_over() && !o.brief) {
		client_ask(e, came);
		return;
	}
	end_close(e);
	if (!is_over())
		client_start();
}

static void end_heard(struct end *e, uint32_t len, uint64_t came)
{
	e->got += len;
	if (e->server && e->got >= o.size) {
		e->got = 0;
		end_answer(e, came, o.reply);
	} else if (!e->server && e->got >= o.reply) {
		client_round(e, came);
	}
}

/* ---- events ---- */

/* Answers the bytes received, 0 at the end of the connection, < 0 for nothing now. */
static ssize_t end_receive(struct end *e, uint64_t *ret_came)
{
	char control[128];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(e->fd, &m, MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : 0;
	*ret_came = stamp_of(&m);
	return len;
}

static void end_readable(struct end *e)
{
	uint64_t came = 0;
	ssize_t len = end_receive(e, &came);

	if (!len) {
		end_close(e);
	} else if (len > 0) {
		seen.bytes[e->server ? UPLOAD : DOWNLOAD] += (uint64_t)len;
		if (o.what == ASK)
			end_heard(e, (uint32_t)len, came);
	}
}

static void sender_writable(struct end *e)
{
	uint64_t now = now_ns();

	if (is_over()) {
		end_close(e);
		return;
	}
	if (send(e->fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
		seen.failed++;
		end_close(e);
		return;
	}
	if (now - e->looked > LOOK_NS) {
		e->looked = now;
		end_look(e->fd, true, false);
	}
}

static void end_writable(struct end *e)
{
	if (!e->connected) {
		e->connected = true;
		if (!e->sender)
			end_wants(e, EPOLLIN);
		if (o.what == ASK)
			client_ask(e, 0);
	} else if (e->sender) {
		sender_writable(e);
	}
}

static void listener_accept(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		end_new(fd, true);
}

static void handle(const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (fd == listener)
		listener_accept();
	if (end_of[fd] && event->events & EPOLLOUT)
		end_writable(end_of[fd]);
	if (end_of[fd] && event->events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		end_readable(end_of[fd]);
}

/* One after another, so that they do not go through the queues side by side. */
static void start_due(void)
{
	while (started < o.connections && now_ns() >= begin + started * STAGGER_NS) {
		client_start();
		started++;
	}
}

static void run(void)
{
	struct epoll_event ready[16];

	begin = now_ns();
	end_of_time = begin + (uint64_t)(o.seconds * 1e9);
	while (now_ns() < end_of_time + 3000000000ull && (!is_over() || open_ends)) {
		start_due();
		int n = epoll_wait(events, ready, 16, started < o.connections ? 1 : 20);

		for (int i = 0; i < n; i++)
			handle(&ready[i]);
	}
}

/* ---- command line ---- */

static const char help[] =
	"talk --inside NS --outside NS [OPTIONS]\n"
	"    A subscriber in namespace NS inside asks the internet's host in NS outside by TCP; "
	"the\n"
	"    addresses are those of lab/subscribers.sh.\n"
	"--subscriber N (1)  --family 4|6 (4)  --port PORT (7007)  --seconds S (5)\n"
	"--what ask|download|upload (ask)\n"
	"                    questions that are answered at once, each with its next question; or\n"
	"                    one end sends a stream\n"
	"--connections N (1) side by side, each some milliseconds after the other\n"
	"--size BYTES (64)   of a question  --reply BYTES (64)  of an answer\n"
	"--brief             a connection for each question\n"
	"--rate MBIT (0)     of each stream, kept by the sender's pace\n"
	"One JSON object on stdout, times in ms. `rounds`: from question to answer. `reply`: from "
	"the\n"
	"arrival of a packet to the answer's way into the network, at either end. `tcp`: the "
	"round\n"
	"trip as the sender of a stream has it in TCP_INFO, some fifty times a second.\n";

static const struct option long_options[] = {
	{ "inside", required_argument, NULL, 'i' },
	{ "outside", required_argument, NULL, 'o' },
	{ "subscriber", required_argument, NULL, 's' },
	{ "family", required_argument, NULL, 'f' },
	{ "port", required_argument, NULL, 'p' },
	{ "seconds", required_argument, NULL, 't' },
	{ "what", required_argument, NULL, 'w' },
	{ "connections", required_argument, NULL, 'c' },
	{ "size", required_argument, NULL, 'z' },
	{ "reply", required_argument, NULL, 'r' },
	{ "rate", required_argument, NULL, 'm' },
	{ "brief", no_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void option_take_number(int letter, const char *arg)
{
	switch (letter) {
	case 's':
		o.subscriber = (unsigned int)number_parse(arg, 1, 65535);
		break;
	case 'f':
		o.v6 = number_parse(arg, 4, 6) == 6;
		break;
	case 'p':
		o.port = (unsigned int)number_parse(arg, 1, 65535);
		break;
	case 'c':
		o.connections = (unsigned int)number_parse(arg, 1, CONNECTIONS_MOST);
		break;
	case 'z':
		o.size = (unsigned int)number_parse(arg, 1, 16384);
		break;
	case 'r':
		o.reply = (unsigned int)number_parse(arg, 1, 16384);
		break;
	default:
		exit(2);
	}
}

static void option_take(int letter, const char *arg)
{
	switch (letter) {
	case 'i':
		o.inside = arg;
		break;
	case 'o':
		o.outside = arg;
		break;
	case 't':
		o.seconds = real_parse(arg, 0.1, 3600);
		break;
	case 'w':
		o.what = (enum what)word_parse(arg, what_names);
		break;
	case 'm':
		o.rate = (uint64_t)(real_parse(arg, 0.01, 10000) * 1e6);
		break;
	case 'b':
		o.brief = true;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		option_take_number(letter, arg);
	}
}

static void addresses_make(void)
{
	char from[64], to[64];
	unsigned int n = o.subscriber;

	if (o.v6) {
		snprintf(from, sizeof(from), "[2001:db8:64:%x::1]:0", n);
		snprintf(to, sizeof(to), "[2001:db8:7f::1]:%u", o.port);
	} else {
		snprintf(from, sizeof(from), "100.64.%u.%u:0", n >> 8, n & 255);
		snprintf(to, sizeof(to), "100.127.0.1:%u", o.port);
	}
	o.address_len = address_parse(from, 0, &o.from);
	address_parse(to, 0, &o.to);
}

static void listener_open(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int one = 1;

	home = namespace_open("/proc/self/ns/net");
	namespace_enter_name(o.outside);
	listener = socket(o.to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(listener, (struct sockaddr *)&o.to, o.address_len) || listen(listener, 512))
		die("the listener");
	namespace_enter(dup(home));
	events = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = listener;
	if (events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, listener, &event))
		die("epoll");
}

static void report(void)
{
	printf("{\"connections\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"retransmitted\":%" PRIu64
	       ",\"bytes\":{\"download\":%" PRIu64 ",\"upload\":%" PRIu64 "}",
	       seen.connections, seen.failed, seen.retransmitted, seen.bytes[DOWNLOAD],
	       seen.bytes[UPLOAD]);
	series_print("rounds", &seen.round);
	series_print("reply_inside", &seen.reply[0]);
	series_print("reply_outside", &seen.reply[1]);
	series_print("tcp", &seen.tcp);
	puts("}");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int letter;

	while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		option_take(letter, optarg);
	if (optind < argc)
		die_usage("unexpected argument", argv[optind]);
	if (!o.inside || !o.outside)
		die_usage("this must be said:", o.inside ? "--outside" : "--inside");
	addresses_make();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	listener_open();
	if (o.what == ASK)
		hurry(40);
	fputs("ready\n", stderr);
	run();
	report();
	return 0;
}
