/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * delay: a wire of known length. Frames go from one interface to another and back, each after just
 * so long, counted from the moment the kernel received it. One JSON object on stdout when it is
 * told to end.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#define TOOL_NAME "delay"
#include "delay_line.h"
#include "hurry.h"

#define WAYS 2
#define TURN 64 /* frames received before the other direction has its turn */
#define DELAY_MOST_US 10000000
#define TAG_BYTES 4

struct options {
	const char *end[WAYS];
	uint64_t delay[WAYS];
	uint32_t loss[WAYS];
};

struct clocks {
	uint64_t monotonic;
	uint64_t real;
};

static volatile sig_atomic_t stop_asked;
static struct line lines[WAYS];

static void on_signal(int signal)
{
	(void)signal;
	stop_asked = 1;
}

/* ---- receive ---- */

static struct clocks clocks_read(void)
{
	struct clocks c = { .monotonic = now_ns() };
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	c.real = (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
	return c;
}

/* The kernel stamps with the clock of the day; that one may jump, so that only small ages count. */
static uint64_t clocks_turn(const struct clocks *c, const struct timespec *stamp)
{
	uint64_t real = (uint64_t)stamp->tv_sec * 1000000000ull + (uint64_t)stamp->tv_nsec;

	return real <= c->real && c->real - real < 100000000 ? c->monotonic - (c->real - real) :
							       c->monotonic;
}

/* The kernel has taken the outer tag out of the bytes: a wire gives it back. */
static uint32_t tag_restore(struct frame *f, uint32_t len, const struct tpacket_auxdata *aux)
{
	uint16_t tag[2] = { htons(aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid :
									       ETH_P_8021Q),
			    htons(aux->tp_vlan_tci) };

	if (!(aux->tp_status & TP_STATUS_VLAN_VALID) || len + TAG_BYTES > FRAME_MOST)
		return len;
	memmove(f->data + 12 + TAG_BYTES, f->data + 12, len - 12);
	memcpy(f->data + 12, tag, TAG_BYTES);
	return len + TAG_BYTES;
}

static bool receive_one(struct line *l, const struct clocks *clocks)
{
	struct frame *f = line_room(l);
	char control[256];
	struct iovec iov = { f->data, sizeof(f->data) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(l->in, &m, MSG_DONTWAIT | MSG_TRUNC);
	uint64_t came = clocks->monotonic;

	if (len < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		die("recvmsg");
	if (len <= 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct tpacket_auxdata aux;
		struct timespec stamp;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			came = clocks_turn(clocks, &stamp);
		} else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			len = tag_restore(f, (uint32_t)len, &aux);
		}
	}
	line_take(l, (uint32_t)len, came);
	return true;
}

static void receive_some(struct line *l)
{
	for (unsigned int i = 0; i < TURN; i++) {
		struct clocks clocks = clocks_read();

		if (!receive_one(l, &clocks))
			break;
	}
}

/* ---- send ---- */

static void send_due(struct line *l)
{
	while (!line_empty(l)) {
		uint64_t now = now_ns();

		if (line_first(l)->due > now)
			break;
		line_send(l, now);
	}
}

/* Until something comes or is due. */
static void wait_some(void)
{
	struct pollfd p[WAYS] = { { .fd = lines[0].in, .events = POLLIN },
				  { .fd = lines[1].in, .events = POLLIN } };
	uint64_t now = now_ns(), next = now + 100000000;
	struct timespec t = { 0 };

	for (unsigned int i = 0; i < WAYS; i++)
		if (!line_empty(&lines[i]) && line_first(&lines[i])->due < next)
			next = line_first(&lines[i])->due;
	if (next > now)
		t.tv_nsec = (long)(next - now);
	(void)ppoll(p, WAYS, &t, NULL);
}

static void run(void)
{
	while (!stop_asked) {
		for (unsigned int i = 0; i < WAYS; i++)
			receive_some(&lines[i]);
		for (unsigned int i = 0; i < WAYS; i++)
			send_due(&lines[i]);
		wait_some();
	}
}

/* ---- command line ---- */

static const char help[] =
	"delay --inside NS:IF --outside NS:IF [OPTIONS]\n"
	"    A wire between two interfaces, each the end of a veth pair without GRO and TSO: "
	"frames\n"
	"    above 2048 bytes are dropped (`large`). NS is a name of /run/netns.\n"
	"--up US (0)      so long from inside to outside, in microseconds\n"
	"--down US (0)    and back\n"
	"--loss PPM[/PPM] (0)  so many of a million are lost, up and down\n"
	"It says `ready` on stderr, and on SIGTERM one JSON object on stdout. `held_us` is how "
	"long\n"
	"frames really took, `late_us` how much of that was too long, both on average; a frame is\n"
	"never early.\n";

static const struct option long_options[] = {
	{ "inside", required_argument, NULL, 'i' },
	{ "outside", required_argument, NULL, 'o' },
	{ "up", required_argument, NULL, 'u' },
	{ "down", required_argument, NULL, 'd' },
	{ "loss", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void loss_parse(const char *text, uint32_t *ret)
{
	char end;
	int n = sscanf(text, "%u/%u%c", &ret[0], &ret[1], &end);

	if (n == 1 && !strchr(text, '/'))
		ret[1] = ret[0];
	else if (n != 2)
		die_usage("expected PPM or PPM/PPM, got", text);
}

static void option_take(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'i':
		o->end[0] = arg;
		break;
	case 'o':
		o->end[1] = arg;
		break;
	case 'u':
		o->delay[0] = number_parse(arg, 0, DELAY_MOST_US) * 1000;
		break;
	case 'd':
		o->delay[1] = number_parse(arg, 0, DELAY_MOST_US) * 1000;
		break;
	case 'l':
		loss_parse(arg, o->loss);
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

static void options_parse(struct options *o, int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		option_take(o, letter, optarg);
	if (optind < argc)
		die_usage("unexpected argument", argv[optind]);
	if (!o->end[0] || !o->end[1])
		die_usage("this must be said:", o->end[0] ? "--outside" : "--inside");
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct sigaction action = { .sa_handler = on_signal };
	int end[WAYS];

	options_parse(&o, argc, argv);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (unsigned int i = 0; i < WAYS; i++)
		end[i] = place_open(o.end[i], ETH_P_ALL);
	for (unsigned int i = 0; i < WAYS; i++)
		line_make(&lines[i], end[i], end[!i], o.delay[i], o.loss[i]);
	hurry(50);
	fputs("ready\n", stderr);
	run();
	putchar('{');
	line_report(&lines[0], "up");
	putchar(',');
	line_report(&lines[1], "down");
	puts("}");
	return 0;
}
