/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shape: does every subscriber get its plan, and nobody more? One process sends numbered UDP to and
 * from many subscribers at once, from both ends of the network, and sees what arrives at the other.
 * Bounded in rate and time. One JSON object on stdout when it ends.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>

#define TOOL_NAME "shape"
#include "flows_place.h"
#include "shape_source.h"

#define ARRIVAL_BYTES FRAME_BYTES
#include "arrivals.h"

#define SECONDS_MOST 3600

struct options {
	const char *inside, *outside;
	double seconds;
	double skip;
	unsigned int quiet_ms;
	bool bins;
};

struct batch {
	struct mmsghdr msg[BATCH + 1];
	struct iovec iov[BATCH + 1];
	uint8_t data[BATCH + 1][FRAME_BYTES];
	unsigned int n;
};

/* Where subscribers are, and where the internet is. What goes down is sent outside and seen inside. */
enum end { INSIDE, OUTSIDE, ENDS };

static volatile sig_atomic_t stop_asked; /* once: what is on its way is still awaited */
static struct batch out[DIRECTIONS];
static struct arrivals in;
static int socket_of[ENDS], sink_of[ENDS];
static uint64_t refused;

static void on_signal(int signal)
{
	(void)signal;
	stop_asked++;
}

static enum end sender_of(enum direction d)
{
	return d == DOWN ? OUTSIDE : INSIDE;
}

/* ---- sockets ---- */

/* Takes what the host itself receives and forgets it: without anybody there it would send an error. */
static int sink_open(const char *place)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(SINK_PORT) };
	int home = place_enter(place), least = 1;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die(place);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	namespace_enter(home);
	return fd;
}

static void end_open(enum end end, const char *place, uint8_t *ret_mac)
{
	struct ifreq request = { 0 };

	socket_of[end] = place_open(place, ETH_P_ALL);
	sink_of[end] = sink_open(place);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", place_interface(place));
	if (ioctl(socket_of[end], SIOCGIFHWADDR, &request))
		die(place);
	memcpy(ret_mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

/* A receiver that was not named by its address is the other end itself. */
static void ends_open(const struct options *o)
{
	static const uint8_t nobody[ETH_ALEN];
	uint8_t mac[ENDS][ETH_ALEN];

	end_open(INSIDE, o->inside, mac[INSIDE]);
	end_open(OUTSIDE, o->outside, mac[OUTSIDE]);
	for (enum direction d = DOWN; d < DIRECTIONS; d++) {
		memcpy(play.from[d], mac[sender_of(d)], ETH_ALEN);
		if (!memcmp(play.to[d], nobody, ETH_ALEN))
			memcpy(play.to[d], mac[!sender_of(d)], ETH_ALEN);
	}
}

static uint64_t sockets_dropped(void)
{
	uint64_t drops = 0;

	for (unsigned int i = 0; i < ENDS; i++)
		drops += arrivals_dropped(socket_of[i]);
	return drops;
}

/* ---- receive ---- */

static unsigned int receive_batch(enum direction d)
{
	unsigned int ours = 0;
	int got = arrivals_receive(&in, socket_of[!sender_of(d)], "recvmmsg");

	for (int i = 0; i < got; i++) {
		size_t hidden = 0;
		uint64_t ns = arrival_time(&in, i, &hidden);

		ours += seen_take(in.data[i], in.msg[i].msg_len, hidden, d, ns);
	}
	return ours;
}

static unsigned int receive_all(void)
{
	return receive_batch(DOWN) + receive_batch(UP);
}

static void receive_wait(uint64_t ns)
{
	struct pollfd p[ENDS] = { { .fd = socket_of[INSIDE], .events = POLLIN },
				  { .fd = socket_of[OUTSIDE], .events = POLLIN } };
	struct timespec t = { .tv_nsec = (long)ns };

	(void)ppoll(p, ENDS, &t, NULL);
}

/* ---- send ---- */

static uint8_t *out_room(enum direction d)
{
	return out[d].data[out[d].n];
}

static void out_done(enum direction d, size_t len)
{
	struct batch *b = &out[d];

	b->iov[b->n] = (struct iovec){ b->data[b->n], len };
	b->msg[b->n].msg_hdr = (struct msghdr){ .msg_iov = &b->iov[b->n], .msg_iovlen = 1 };
	b->n++;
}

/* What cannot be sent after some patience is lost like anything else. */
static void out_flush(enum direction d)
{
	unsigned int tries = 0, done = 0;
	int sent;

	while (done < out[d].n && tries < 100) {
		sent = sendmmsg(socket_of[sender_of(d)], out[d].msg + done, out[d].n - done, 0);
		if (sent > 0) {
			done += (unsigned int)sent;
			continue;
		}
		if (errno != ENOBUFS && errno != EINTR && errno != EAGAIN)
			die("sendmmsg");
		refused++;
		tries++;
		sleep_ns(200000);
	}
	out[d].n = 0;
}

/* Sources in turn until nothing is due or a batch is full. */
static unsigned int send_due(void)
{
	unsigned int sent = 0, before;

	do {
		before = sent;
		for (unsigned int i = 0; i < play.sources; i++) {
			struct source *s = &play.source[i];

			if (out[s->direction].n >= BATCH || !source_due(s))
				continue;
			source_next(s, out_room, out_done);
			sent++;
		}
	} while (sent != before);
	out_flush(DOWN);
	out_flush(UP);
	return sent;
}

static uint64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void run(const struct options *o)
{
	uint64_t end, last;

	play.begin = play.last = now_ns();
	seen.begin_ns = realtime_ns();
	end = play.begin + (uint64_t)(o->seconds * 1e9);
	while (!stop_asked && play.last < end) {
		play_clock(now_ns());
		if (!send_due() && !receive_all())
			receive_wait(200000);
		receive_all();
	}
	seen.seconds = (double)(realtime_ns() - seen.begin_ns) / 1e9;
	last = now_ns();
	while (stop_asked < 2 && now_ns() - last < o->quiet_ms * 1000000ull) {
		if (receive_all())
			last = now_ns();
		else
			receive_wait(20000000);
	}
}

/* ---- the report ---- */

struct total {
	uint64_t sent, received, lost, duplicates, reordered;
	struct rate rate;
};

static void total_add(struct total *t, const struct stream *s)
{
	t->sent += s->sent;
	t->received += s->tally.unique;
	t->lost += stream_lost(s);
	t->duplicates += s->tally.duplicates;
	t->reordered += s->reordered;
	rate_join(&t->rate, &s->rate);
}

static void print_counts(const struct total *t)
{
	printf("\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"lost\":%" PRIu64
	       ",\"duplicates\":%" PRIu64 ",\"reordered\":%" PRIu64,
	       t->sent, t->received, t->lost, t->duplicates, t->reordered);
}

static void print_rate(const struct options *o, const struct rate *r, double plan)
{
	double peak = rate_peak(r);

	printf(",\"bytes\":%" PRIu64 ",\"mbit_mean\":%.4f,\"mbit_peak\":%.4f", r->bytes,
	       rate_mean(r), peak);
	if (plan > 0)
		printf(",\"mean_of_plan\":%.4f,\"peak_of_plan\":%.4f", rate_mean(r) / plan,
		       peak / plan);
	if (o->bins)
		rate_print_bins(r);
}

static void print_source(const struct options *o, const struct source *s)
{
	struct total t = { 0 };

	for (size_t i = 0; i < s->streams; i++)
		total_add(&t, &seen.stream[s->stream + i]);
	printf("{\"group\":%zu,\"direction\":\"%s\",\"subscribers\":%zu,\"pps\":%.1f,",
	       (size_t)(s->group - play.group), direction_names[s->direction], s->streams, s->pps);
	print_counts(&t);
	print_rate(o, &t.rate, 0);
	putchar('}');
	free(t.rate.slot);
}

static void print_stream(const struct options *o, const struct stream *s)
{
	const struct total t = { .sent = s->sent,
				 .received = s->tally.unique,
				 .lost = stream_lost(s),
				 .duplicates = s->tally.duplicates,
				 .reordered = s->reordered };
	double plan = play.group[s->group].plan[s->direction];

	printf("{\"subscriber\":%u,\"group\":%u,\"direction\":\"%s\",", s->subscriber, s->group,
	       direction_names[s->direction]);
	print_counts(&t);
	if (plan > 0)
		printf(",\"plan_mbit\":%.4f", plan);
	print_rate(o, &s->rate, plan);
	putchar('}');
}

static void report(const struct options *o)
{
	struct total t = { 0 };

	for (size_t i = 0; i < seen.streams; i++)
		total_add(&t, &seen.stream[i]);
	putchar('{');
	print_counts(&t);
	printf(",\"foreign\":%" PRIu64 ",\"socket_drops\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"seconds\":%.3f,\"stalled_ms\":%.1f,\"groups\":[",
	       seen.foreign, sockets_dropped(), refused, seen.seconds, (double)play.stalled / 1e6);
	for (unsigned int i = 0; i < play.sources; i++) {
		fputs(i ? ",\n" : "\n", stdout);
		print_source(o, &play.source[i]);
	}
	printf("],\"subscribers\":[");
	for (size_t i = 0; i < seen.streams; i++) {
		fputs(i ? ",\n" : "\n", stdout);
		print_stream(o, &seen.stream[i]);
	}
	printf("]}\n");
	free(t.rate.slot);
}

/* ---- command line ---- */

static const char help[] =
	"shape --inside NS:IF --outside NS:IF [OPTIONS] [GROUP] [--and GROUP]...\n"
	"    Numbered UDP to and from subscribers: their number N says their addresses,\n"
	"    100.64.0.N and 2001:db8:64:N::1 (in hex); the internet is 100.127.0.1 and\n"
	"    2001:db8:7f::1. NS is a name of /run/netns. Inside are the subscribers.\n"
	"--seconds S (5)         so long frames are sent\n"
	"--skip S (0)            rates are made without the first seconds, when buckets are full\n"
	"--quiet MS (300)        the end, after that long without a frame\n"
	"--down-to MAC, --up-to MAC  a router in the middle; else frames go to the other end\n"
	"--bins                  bytes of each second too\n"
	"A group; each begins with what the former was told:\n"
	"--subscribers N[-M] (1)  --direction down|up|both (down)\n"
	"--pps N (1000)          of the whole group, in each direction\n"
	"--plan MBIT[/MBIT]      down and up, of each subscriber: what rates are compared with\n"
	"--load PERCENT          of the plan, instead of --pps\n"
	"--size BYTES (1000)     the frame as queues count it, 128 to 9000\n"
	"--family 4|6|mixed (4)  --flows N (1): source ports in turn\n"
	"--dress none|vlan|qinq|pppoe|options|fragments|mixed (none)  --vid N (100)\n"
	"One JSON object on stdout. `lost` is exact. `mbit_peak` is the fullest second of all, in\n"
	"steps of a tenth; `mbit_mean` what arrived while frames were sent. `reordered` is about\n"
	"frames of one family and dress, and means nothing with --flows. `socket_drops`\n"
	"(receivers' own), `refused` (sender's own) and `stalled_ms` (nothing was sent, as the\n"
	"machine was busy) are not the path's.\n";

static const struct option long_options[] = {
	{ "inside", required_argument, NULL, 'i' },
	{ "outside", required_argument, NULL, 'o' },
	{ "seconds", required_argument, NULL, 't' },
	{ "skip", required_argument, NULL, 'k' },
	{ "quiet", required_argument, NULL, 'q' },
	{ "down-to", required_argument, NULL, 'D' },
	{ "up-to", required_argument, NULL, 'U' },
	{ "bins", no_argument, NULL, 'b' },
	{ "and", no_argument, NULL, '&' },
	{ "subscribers", required_argument, NULL, 's' },
	{ "direction", required_argument, NULL, 'd' },
	{ "pps", required_argument, NULL, 'r' },
	{ "plan", required_argument, NULL, 'p' },
	{ "load", required_argument, NULL, 'l' },
	{ "size", required_argument, NULL, 'z' },
	{ "family", required_argument, NULL, '4' },
	{ "flows", required_argument, NULL, 'f' },
	{ "dress", required_argument, NULL, 'w' },
	{ "vid", required_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void mac_parse(const char *text, uint8_t *ret)
{
	char end;

	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &ret[0], &ret[1], &ret[2], &ret[3],
		   &ret[4], &ret[5], &end) != 6)
		die_usage("expected a MAC address, got", text);
}

static void subscribers_parse(struct group *g, const char *text)
{
	char end;
	int n = sscanf(text, "%u-%u%c", &g->first, &g->last, &end);

	if (n == 1 && !strchr(text, '-'))
		g->last = g->first;
	else if (n != 2)
		die_usage("expected N or N-M, got", text);
	if (!g->first || g->first > g->last || g->last > SUBSCRIBER_MOST)
		die_usage("not subscribers:", text);
}

static void plan_parse(struct group *g, const char *text)
{
	char end;
	int n = sscanf(text, "%lf/%lf%c", &g->plan[DOWN], &g->plan[UP], &end);

	if (n == 1 && !strchr(text, '/'))
		g->plan[UP] = g->plan[DOWN];
	else if (n != 2)
		die_usage("expected MBIT or MBIT/MBIT, got", text);
}

static void group_and(void)
{
	if (play.groups == GROUPS_MAX)
		die_usage("too many groups for", TOOL_NAME);
	play.group[play.groups] = play.group[play.groups - 1];
	play.groups++;
}

static bool option_take_group(struct group *g, int letter, const char *arg)
{
	switch (letter) {
	case 's':
		subscribers_parse(g, arg);
		return true;
	case 'd':
		g->direction = word_parse(arg, direction_names);
		return true;
	case 'r':
		g->pps = real_parse(arg, 0, PPS_MOST);
		g->load = 0;
		return true;
	case 'p':
		plan_parse(g, arg);
		return true;
	case 'l':
		g->load = real_parse(arg, 0, 10000);
		return true;
	case 'z':
		g->size = (unsigned int)number_parse(arg, SIZE_LEAST, 9000);
		return true;
	case '4':
		g->family = word_parse(arg, family_names);
		return true;
	case 'f':
		g->flows = (unsigned int)number_parse(arg, 1, 10000);
		return true;
	case 'w':
		g->dress = word_parse(arg, dress_names);
		return true;
	case 'v':
		g->vid = (unsigned int)number_parse(arg, 1, 3000);
		return true;
	default:
		return false;
	}
}

static bool option_take(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'i':
		o->inside = arg;
		return true;
	case 'o':
		o->outside = arg;
		return true;
	case 't':
		o->seconds = real_parse(arg, 0.1, SECONDS_MOST);
		return true;
	case 'k':
		o->skip = real_parse(arg, 0, SECONDS_MOST);
		return true;
	case 'q':
		o->quiet_ms = (unsigned int)number_parse(arg, 1, 60000);
		return true;
	case 'D':
		mac_parse(arg, play.to[DOWN]);
		return true;
	case 'U':
		mac_parse(arg, play.to[UP]);
		return true;
	case 'b':
		o->bins = true;
		return true;
	case '&':
		group_and();
		return true;
	default:
		return option_take_group(&play.group[play.groups - 1], letter, arg);
	}
}

/* Numbers of a stream end where the tally ends. */
static void groups_check(double seconds)
{
	for (unsigned int i = 0; i < play.groups; i++)
		for (enum direction d = DOWN; d < DIRECTIONS; d++) {
			const struct group *g = &play.group[i];
			double pps = group_pps(g, d);

			if (g->load > 0 && g->plan[DOWN] <= 0)
				die_usage("this must be said with --load:", "--plan");
			if (pps > PPS_MOST || pps * seconds > TALLY_MAX_NUMBER)
				die_usage("too many packets for", TOOL_NAME);
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
	if (!o->inside || !o->outside)
		die_usage("this must be said:", o->inside ? "--outside" : "--inside");
	groups_check(o->seconds);
}

int main(int argc, char **argv)
{
	static struct options o = { .seconds = 5, .quiet_ms = 300 };
	struct sigaction sa = { .sa_handler = on_signal };

	play.group[0] = (struct group){
		.first = 1, .last = 1, .size = 1000, .vid = 100, .flows = 1, .pps = 1000
	};
	play.groups = 1;
	options_parse(&o, argc, argv);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	if (getrandom(&seen.run, sizeof(seen.run), 0) < 0)
		die("getrandom");
	seen.skip = (size_t)(o.skip * SLOTS);
	sources_make();
	ends_open(&o);
	run(&o);
	report(&o);
	seen_free();
	return 0;
}
