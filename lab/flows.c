/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flows: where does a balancer send connections? One process sends the packets of many connections
 * into one or two interfaces, in whatever namespaces, and sees on which of the receiving interfaces
 * each comes out. Bounded in count and rate. One JSON object on stdout when it ends.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define TOOL_NAME "flows"
#include "flows_memory.h"
#include "flows_place.h"
#include "flows_script.h"

#define ARRIVAL_BYTES 2048
#include "arrivals.h"

#define FLOWS_MAX 1000000u
#define FRAMES_MAX 5000000u
#define RATE_MAX 200000u
#define REFUSED_MAX 100

struct options {
	struct script script;
	const char *from;
	const char *back;
	const char *to[RECEIVERS_MAX];
	unsigned int tos;
	unsigned int rate;
	unsigned int quiet_ms;
	uint32_t first;
	const char *save;
	const char *compare;
};

static volatile sig_atomic_t stop_asked;
static struct arrivals arrivals;
static struct pollfd receivers[RECEIVERS_MAX];
static int senders[2];
static unsigned int sides[2];
static uint64_t refused;

static void on_signal(int signal)
{
	(void)signal;
	stop_asked = 1;
}

/* ---- sockets ---- */

static void receivers_open(const struct options *o)
{
	for (unsigned int i = 0; i < o->tos; i++) {
		for (unsigned int k = 0; k < i; k++)
			if (!strcmp(o->to[i], o->to[k]))
				die_usage("named twice as a receiver:", o->to[i]);
		receivers[i].fd = place_open(o->to[i], ETH_P_ALL);
		receivers[i].events = POLLIN;
		seen.receiver[seen.receivers++].name = o->to[i];
	}
}

static void senders_open(const struct options *o)
{
	bool one = !o->back || !strcmp(o->back, o->from);

	senders[FORWARD] = place_open(o->from, 0);
	senders[BACKWARD] = one ? senders[FORWARD] : place_open(o->back, 0);
	sides[BACKWARD] = one ? 0 : 1;
}

/* ---- receive ---- */

static unsigned int receive_batch(unsigned int receiver)
{
	unsigned int ours = 0;
	int got = arrivals_receive(&arrivals, receivers[receiver].fd, seen.receiver[receiver].name);

	for (int i = 0; i < got; i++) {
		size_t hidden = 0;
		uint64_t ns = arrival_time(&arrivals, i, &hidden);

		ours += seen_take(receiver, arrivals.data[i], arrivals.msg[i].msg_len, hidden, ns);
	}
	return ours;
}

/* A batch of each, not all of one: none must overflow while another is read. */
static unsigned int receive_all(void)
{
	unsigned int ours = 0;

	for (unsigned int i = 0; i < seen.receivers; i++)
		ours += receive_batch(i);
	return ours;
}

static void receive_wait(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000ull),
			      .tv_nsec = (long)(ns % 1000000000ull) };

	(void)ppoll(receivers, seen.receivers, &t, NULL);
}

static uint64_t receivers_dropped(void)
{
	uint64_t drops = 0;

	for (unsigned int i = 0; i < seen.receivers; i++)
		drops += arrivals_dropped(receivers[i].fd);
	return drops;
}

/* ---- send ---- */

/* What cannot be sent after some patience is lost like anything else. */
static void frame_send(const struct frame *f, enum direction d)
{
	sent_note(f);
	for (unsigned int tries = 0; tries < REFUSED_MAX; tries++) {
		if (send(senders[d], f->bytes, f->len, 0) == (ssize_t)f->len)
			return;
		if (errno != ENOBUFS && errno != EINTR)
			die("send");
		refused++;
		sleep_ns(200000);
	}
}

/* A few frames that are due, then a look at the receivers; false when all are sent. */
static bool run_turn(const struct options *o, uint64_t begin, uint64_t *sent)
{
	uint64_t due = (uint64_t)((double)(now_ns() - begin) / 1e9 * o->rate) + 1 - *sent;
	static struct frame f;
	enum direction d;

	for (unsigned int i = 0; i < BATCH && i < due; i++) {
		if (!play_next(&f, sides, &d))
			return false;
		frame_send(&f, d);
		++*sent;
	}
	receive_all();
	if (!due)
		receive_wait(200000);
	return true;
}

static double run(const struct options *o)
{
	uint64_t begin = now_ns(), sent = 0, last;
	double seconds;

	while (!stop_asked && run_turn(o, begin, &sent))
		;
	last = now_ns();
	seconds = (double)(last - begin) / 1e9;
	while (!stop_asked && now_ns() - last < o->quiet_ms * 1000000ull) {
		if (receive_all())
			last = now_ns();
		else
			receive_wait(20000000);
	}
	return seconds;
}

/* ---- from begin to end ---- */

static void seen_begin(const struct options *o)
{
	seen.first_flow = o->first;
	seen.flows = o->script.flows;
	seen.connection = calloc(seen.flows, sizeof(*seen.connection));
	if (!seen.connection || getrandom(&seen.run, sizeof(seen.run), 0) < 0)
		die("cannot begin");
	for (uint32_t i = 0; i < seen.flows; i++)
		seen.connection[i].home = NOWHERE;
	play.script = &o->script;
	play.random = o->script.mix.seed;
}

static void report(double seconds)
{
	printf("{\"flows\":%u,", seen.flows);
	print_frames();
	print_split();
	printf("\"socket_drops\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"seconds\":%.3f,",
	       receivers_dropped(), refused, seconds);
	print_receivers();
	if (memory.formers)
		memory_print();
	printf("}\n");
}

/* The former run is read before the file may be written anew: both may be the same. */
static void remember(const struct options *o)
{
	FILE *in = o->compare ? fopen(o->compare, "re") : NULL;
	int r = 0;

	if (o->compare && !in)
		die(o->compare);
	if (in) {
		r = memory_compare(in, &o->script.mix);
		fclose(in);
	}
	if (r < 0)
		die_usage("not saved by flows with this seed, family, protocol and tags:",
			  o->compare);
	r = o->save ? memory_save(o->save, &o->script.mix) : 0;
	if (r < 0) {
		errno = -r;
		die(o->save);
	}
}

/* ---- command line ---- */

static const char help[] =
	"flows --from NS:IF [--back NS:IF] --to NS:IF [--to NS:IF]... [OPTIONS]\n"
	"    Sends the packets of many connections into --from, those of the reverse direction "
	"into\n"
	"    --back (the same unless said), and counts on which --to each connection arrives.\n"
	"    NS is a name of /run/netns. A receiver does not count what its interface sends.\n"
	"--flows N (1000)  --packets N per flow and direction (2)  --rate PPS (20000)\n"
	"--first FLOW (0)  --seed S (1): these two say which connections; the same are the same "
	"again.\n"
	"--family 4|6|mixed (mixed)  --proto tcp|udp|mixed (mixed)\n"
	"--tags none|vlan|qinq|pppoe|mixed (none)\n"
	"--fragments PERCENT     of the UDP packets are sent as 3 IP fragments\n"
	"--fragments-shuffled    the fragment with the ports comes last\n"
	"--icmp-errors PERCENT   of the flows end with an ICMP error that a router sends about "
	"them\n"
	"--syn, --fin            TCP begins and ends as it should, not only with data\n"
	"--other N               frames that are no IP: ARP, LLDP, an unknown type\n"
	"--save FILE             remember which receiver each flow went to\n"
	"--compare FILE          say how many flows go elsewhere now than in that run\n"
	"--quiet MS (300)        the end, after that long without a frame\n"
	"One JSON object on stdout. A flow's receiver is where the first of its frames arrived; "
	"`split`\n"
	"are flows seen on another too, `split_by` the frames that were. `lost`, `split` and the\n"
	"receivers' `frames` and `bytes` are about connections only, `received` counts "
	"everything.\n";

static void option_take_to(struct options *o, const char *arg)
{
	if (o->tos == RECEIVERS_MAX)
		die_usage("at most 32 receivers, one too many:", arg);
	o->to[o->tos++] = arg;
}

static const struct option long_options[] = {
	{ "from", required_argument, NULL, 'f' },
	{ "back", required_argument, NULL, 'b' },
	{ "to", required_argument, NULL, 't' },
	{ "flows", required_argument, NULL, 'n' },
	{ "packets", required_argument, NULL, 'p' },
	{ "rate", required_argument, NULL, 'r' },
	{ "first", required_argument, NULL, '1' },
	{ "seed", required_argument, NULL, 's' },
	{ "family", required_argument, NULL, '4' },
	{ "proto", required_argument, NULL, 'P' },
	{ "tags", required_argument, NULL, 'T' },
	{ "fragments", required_argument, NULL, 'g' },
	{ "fragments-shuffled", no_argument, NULL, 'G' },
	{ "icmp-errors", required_argument, NULL, 'i' },
	{ "syn", no_argument, NULL, 'S' },
	{ "fin", no_argument, NULL, 'F' },
	{ "other", required_argument, NULL, 'o' },
	{ "save", required_argument, NULL, 'w' },
	{ "compare", required_argument, NULL, 'c' },
	{ "quiet", required_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool option_take_mix(struct script *s, int letter, const char *arg)
{
	switch (letter) {
	case 's':
		s->mix.seed = number_parse(arg, 0, UINT64_MAX);
		return true;
	case '4':
		s->mix.family = word_parse(arg, family_names);
		return true;
	case 'P':
		s->mix.proto = word_parse(arg, proto_names);
		return true;
	case 'T':
		s->mix.tags = word_parse(arg, tags_names);
		return true;
	default:
		return false;
	}
}

static bool option_take_script(struct script *s, int letter, const char *arg)
{
	switch (letter) {
	case 'n':
		s->flows = (uint32_t)number_parse(arg, 1, FLOWS_MAX);
		return true;
	case 'p':
		s->packets = (unsigned int)number_parse(arg, 1, 1000);
		return true;
	case 'g':
		s->fragments = (unsigned int)number_parse(arg, 0, 100);
		return true;
	case 'G':
		s->shuffled = true;
		return true;
	case 'i':
		s->icmp = (unsigned int)number_parse(arg, 0, 100);
		return true;
	case 'S':
		s->syn = true;
		return true;
	case 'F':
		s->fin = true;
		return true;
	case 'o':
		s->other = (unsigned int)number_parse(arg, 0, FLOWS_MAX);
		return true;
	default:
		return option_take_mix(s, letter, arg);
	}
}

static bool option_take(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'f':
		o->from = arg;
		return true;
	case 'b':
		o->back = arg;
		return true;
	case 't':
		option_take_to(o, arg);
		return true;
	case 'r':
		o->rate = (unsigned int)number_parse(arg, 1, RATE_MAX);
		return true;
	case '1':
		o->first = (uint32_t)number_parse(arg, 0, UINT32_MAX - FLOWS_MAX - 1);
		return true;
	case 'w':
		o->save = arg;
		return true;
	case 'c':
		o->compare = arg;
		return true;
	case 'q':
		o->quiet_ms = (unsigned int)number_parse(arg, 1, 60000);
		return true;
	default:
		return option_take_script(&o->script, letter, arg);
	}
}

static void options_parse(struct options *o, int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
		if (letter == 'h' || !option_take(o, letter, optarg)) {
			fputs(help, letter == 'h' ? stdout : stderr);
			exit(letter == 'h' ? 0 : 2);
		}
	if (optind < argc)
		die_usage("expected options only, got", argv[optind]);
	if (!o->from || !o->tos)
		die_usage("this must be said:", o->from ? "--to" : "--from");
	if ((uint64_t)o->script.flows * (o->script.packets * 2 * FRAGMENTS + 5) + o->script.other >
	    FRAMES_MAX)
		die_usage("too many frames in all; fewer of", "--flows or --packets");
}

int main(int argc, char **argv)
{
	static struct options o = {
		.script = { .flows = 1000, .packets = 2, .mix = { .seed = 1, .tags = TAGS_NONE } },
		.rate = 20000,
		.quiet_ms = 300
	};
	struct sigaction sa = { .sa_handler = on_signal };
	double seconds;

	options_parse(&o, argc, argv);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	seen_begin(&o);
	receivers_open(&o);
	senders_open(&o);
	seconds = run(&o);
	seen_judge();
	remember(&o);
	report(seconds);
	seen_free();
	return 0;
}
