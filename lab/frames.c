/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frames: raw Ethernet frames of any size, tags and ethertype, numbered and with a checksum; and
 * the receiver that says in JSON what arrived: how many, in which shapes (size, tags with priority,
 * ethertype), and whether every byte is intact. Bounded in time and count.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include "tally.h"

#define TOOL_NAME "frames"
#include "flows_place.h"

#define FRAME_MAGIC 0x77667261u
#define FRAME_MAX 65536
#define TAGS_MAX 4
#define SHAPES_MAX 64
#define COUNT_MAX 10000000u

struct tag {
	uint16_t tpid;
	uint16_t tci;
};

struct mark {
	uint32_t magic;
	uint32_t run;
	uint32_t seq;
	uint32_t payload;
	uint64_t sum;
};

struct options {
	const char *interface;
	uint8_t to[ETH_ALEN];
	uint8_t from[ETH_ALEN];
	bool from_given;
	uint16_t ethertype;
	struct tag tag[TAGS_MAX];
	unsigned int tags;
	unsigned int size;
	unsigned int count;
	unsigned int pps;
	unsigned int seconds;
	unsigned int idle_ms;
};

struct shape {
	unsigned int size;
	uint16_t ethertype;
	struct tag tag[TAGS_MAX];
	unsigned int tags;
	uint64_t count;
};

struct seen {
	struct shape shape[SHAPES_MAX];
	unsigned int shapes;
	uint64_t frames;
	uint64_t corrupt;
	uint32_t run;
	struct tally tally;
};

static volatile sig_atomic_t stop_asked;
static uint8_t frame[FRAME_MAX];
static struct seen seen;

static void on_signal(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static uint64_t checksum(const uint8_t *data, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ data[i]) * 0x100000001b3ull;
	return sum;
}

/* ---- send ---- */

static void interface_mac(int fd, const char *name, uint8_t *ret)
{
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &r))
		die("SIOCGIFHWADDR");
	memcpy(ret, r.ifr_hwaddr.sa_data, ETH_ALEN);
}

static uint8_t *put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *frame_headers(const struct options *o)
{
	uint8_t *at = frame;

	memcpy(at, o->to, ETH_ALEN);
	memcpy(at + ETH_ALEN, o->from, ETH_ALEN);
	at += 2 * ETH_ALEN;
	for (unsigned int i = 0; i < o->tags; i++)
		at = put16(put16(at, o->tag[i].tpid), o->tag[i].tci);
	return put16(at, o->ethertype);
}

static void payload_fill(uint8_t *payload, unsigned int len, uint32_t run, uint32_t seq)
{
	struct mark m = { .magic = FRAME_MAGIC, .run = run, .seq = seq, .payload = len };

	for (size_t i = sizeof(m); i < len; i++)
		payload[i] = (uint8_t)(seq + i * 7);
	m.sum = checksum(payload + sizeof(m), len - sizeof(m));
	memcpy(payload, &m, sizeof(m));
}

static void run_send(struct options *o)
{
	unsigned int len = o->size - ETH_HLEN, sent = 0, full = 0;
	int fd = packet_socket_open(o->interface, 0);
	uint8_t *payload;
	uint32_t run;
	size_t total;

	if (!o->from_given)
		interface_mac(fd, o->interface, o->from);
	if (getrandom(&run, sizeof(run), 0) < 0)
		die("getrandom");
	payload = frame_headers(o);
	total = (size_t)(payload - frame) + len;
	while (sent < o->count && !stop_asked) {
		payload_fill(payload, len, run, sent + 1);
		if (send(fd, frame, total, 0) == (ssize_t)total)
			sent++;
		else if (errno == ENOBUFS && full++ < COUNT_MAX)
			sleep_ns(200000);
		else
			die(errno == EMSGSIZE ? "frame longer than the interface's MTU allows" :
						"send");
		if (o->pps)
			sleep_ns(1000000000ull / o->pps);
	}
	printf("{\"mode\":\"send\",\"frames\":%u,\"size\":%zu}\n", sent, total);
	close(fd);
}

/* ---- receive ---- */

/* The kernel takes the outer tag out of the bytes and hands it in the auxiliary data. */
static void tag_from_auxdata(struct msghdr *m, struct shape *s)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			continue;
		s->tag[0].tci = aux.tp_vlan_tci;
		s->tag[0].tpid =
			aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : ETH_P_8021Q;
		s->tags = 1;
	}
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Reads the headers into the shape; answers where the payload begins, NULL for a stump. */
static const uint8_t *shape_parse(struct shape *s, size_t len)
{
	const uint8_t *at = frame + 2 * ETH_ALEN, *end = frame + len;

	while (at + 6 <= end && (get16(at) == ETH_P_8021Q || get16(at) == ETH_P_8021AD) &&
	       s->tags < TAGS_MAX) {
		s->tag[s->tags++] = (struct tag){ get16(at), get16(at + 2) };
		at += 4;
	}
	if (at + 2 > end)
		return NULL;
	s->ethertype = get16(at);
	s->size = (unsigned int)(end - at - 2) + ETH_HLEN + 4 * s->tags;
	return at + 2;
}

static bool shape_same(const struct shape *a, const struct shape *b)
{
	if (a->size != b->size || a->ethertype != b->ethertype || a->tags != b->tags)
		return false;
	for (unsigned int i = 0; i < a->tags; i++)
		if (a->tag[i].tpid != b->tag[i].tpid || a->tag[i].tci != b->tag[i].tci)
			return false;
	return true;
}

static void seen_count_shape(const struct shape *s)
{
	for (unsigned int i = 0; i < seen.shapes; i++)
		if (shape_same(&seen.shape[i], s)) {
			seen.shape[i].count++;
			return;
		}
	if (seen.shapes == SHAPES_MAX)
		return;
	seen.shape[seen.shapes] = *s;
	seen.shape[seen.shapes++].count = 1;
}

/* Frames of somebody else (neighbour discovery, ARP) have no mark and are not counted. */
static void seen_take(struct shape *s, const uint8_t *payload, size_t len)
{
	struct mark m;

	if (len < sizeof(m))
		return;
	memcpy(&m, payload, sizeof(m));
	if (m.magic != FRAME_MAGIC)
		return;
	if (m.run != seen.run) {
		tally_free(&seen.tally);
		seen.run = m.run;
	}
	seen.frames++;
	seen_count_shape(s);
	if (m.payload > len || m.payload < sizeof(m) ||
	    checksum(payload + sizeof(m), m.payload - sizeof(m)) != m.sum)
		seen.corrupt++;
	(void)tally_add(&seen.tally, m.seq);
}

static bool frame_receive(int fd)
{
	char control[256];
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(fd, &m, MSG_DONTWAIT);
	struct shape shape = { 0 };
	const uint8_t *payload;

	if (len < ETH_HLEN)
		return false;
	tag_from_auxdata(&m, &shape);
	payload = shape_parse(&shape, (size_t)len);
	if (payload)
		seen_take(&shape, payload, (size_t)(frame + len - payload));
	return true;
}

static void shape_print(const struct shape *s)
{
	printf("{\"size\":%u,\"ethertype\":\"0x%04x\",\"tags\":[", s->size, s->ethertype);
	for (unsigned int i = 0; i < s->tags; i++)
		printf("%s{\"vid\":%u,\"pcp\":%u,\"dei\":%u,\"tpid\":\"0x%04x\"}", i ? "," : "",
		       s->tag[i].tci & 0xfff, s->tag[i].tci >> 13, s->tag[i].tci >> 12 & 1,
		       s->tag[i].tpid);
	printf("],\"count\":%" PRIu64 "}", s->count);
}

static void seen_print(const struct options *o)
{
	uint64_t meant = o->count ? o->count : seen.tally.highest;

	printf("{\"mode\":\"recv\",\"frames\":%" PRIu64 ",\"unique\":%" PRIu64 ",\"lost\":%" PRIu64
	       ",\"duplicates\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"corrupt\":%" PRIu64
	       ",\"missing\":",
	       seen.frames, seen.tally.unique, tally_lost(&seen.tally, meant),
	       seen.tally.duplicates, seen.tally.reordered, seen.corrupt);
	tally_print_missing(stdout, &seen.tally, meant);
	printf(",\"shapes\":[");
	for (unsigned int i = 0; i < seen.shapes; i++) {
		if (i)
			putchar(',');
		shape_print(&seen.shape[i]);
	}
	printf("]}\n");
}

static void run_recv(struct options *o)
{
	uint64_t end = now_ns() + o->seconds * 1000000000ull, last = 0;
	int fd = packet_socket_open(o->interface, ETH_P_ALL);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t before;

	fprintf(stderr, "ready\n");
	while (!stop_asked && now_ns() < end && !(o->count && seen.tally.unique >= o->count)) {
		before = seen.frames;
		if (!frame_receive(fd))
			(void)poll(&p, 1, 20);
		if (seen.frames > before)
			last = now_ns();
		else if (o->idle_ms && last && now_ns() - last > o->idle_ms * 1000000ull)
			break;
	}
	seen_print(o);
	tally_free(&seen.tally);
	close(fd);
}

/* ---- command line ---- */

static const char help[] =
	"frames send -i IF [-d MAC] [-s MAC] [-n COUNT] [-l SIZE] [-t TAG]... [-e ETHERTYPE] [-r "
	"PPS]\n"
	"    TAG is VID[:PCP[:DEI]][@TPID], outermost first, at most 4; TPID 0x8100 unless said.\n"
	"    SIZE counts the Ethernet header and the payload, each tag adds 4; default 64.\n"
	"    -d default ff:ff:ff:ff:ff:ff, -e default 0x88b5, -n default 1.\n"
	"frames recv -i IF [-n COUNT] [-T SEC] [-q MSEC]\n"
	"    Ends after COUNT different frames, SEC seconds (10), or MSEC of silence after the "
	"first.\n"
	"    Only frames that `frames send` made are counted. Says `ready` on stderr once it "
	"listens.\n"
	"One JSON object on stdout.\n";

static void mac_parse(const char *text, uint8_t *ret)
{
	unsigned int b[ETH_ALEN];
	char rest;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != 6)
		die_usage("expected a MAC address such as 02:00:00:00:00:01, got", text);
	for (int i = 0; i < ETH_ALEN; i++)
		ret[i] = (uint8_t)b[i];
}

static void tag_parse(struct options *o, const char *text)
{
	unsigned int vid, pcp = 0, dei = 0, tpid = ETH_P_8021Q;
	const char *at = strchr(text, '@');

	if (o->tags == TAGS_MAX)
		die_usage("at most 4 tags, one too many:", text);
	if (sscanf(text, "%u:%u:%u", &vid, &pcp, &dei) < 1 || vid > 4095 || pcp > 7 || dei > 1)
		die_usage("expected VID[:PCP[:DEI]][@TPID], got", text);
	if (at)
		tpid = (unsigned int)number_parse(at + 1, 0, 0xffff);
	o->tag[o->tags++] = (struct tag){ (uint16_t)tpid, (uint16_t)(pcp << 13 | dei << 12 | vid) };
}

static bool option_take(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'i':
		o->interface = arg;
		return true;
	case 'd':
		mac_parse(arg, o->to);
		return true;
	case 's':
		mac_parse(arg, o->from);
		o->from_given = true;
		return true;
	case 'n':
		o->count = (unsigned int)number_parse(arg, 1, COUNT_MAX);
		return true;
	case 'l':
		o->size = (unsigned int)number_parse(arg, ETH_HLEN + sizeof(struct mark),
						     FRAME_MAX - 64);
		return true;
	case 't':
		tag_parse(o, arg);
		return true;
	case 'e':
		o->ethertype = (uint16_t)number_parse(arg, 0, 0xffff);
		return true;
	case 'r':
		o->pps = (unsigned int)number_parse(arg, 1, 1000000);
		return true;
	case 'T':
		o->seconds = (unsigned int)number_parse(arg, 1, 600);
		return true;
	case 'q':
		o->idle_ms = (unsigned int)number_parse(arg, 1, 600000);
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	struct options o = { .ethertype = 0x88b5, .size = 64, .seconds = 10 };
	struct sigaction sa = { .sa_handler = on_signal };
	const char *mode;
	int letter;

	memset(o.to, 0xff, sizeof(o.to));
	while ((letter = getopt_long(argc, argv, "i:d:s:n:l:t:e:r:T:q:h", longs, NULL)) != -1)
		if (letter == 'h' || !option_take(&o, letter, optarg)) {
			fputs(help, letter == 'h' ? stdout : stderr);
			return letter == 'h' ? 0 : 2;
		}
	mode = optind < argc ? argv[optind] : "nothing";
	if (strcmp(mode, "send") && strcmp(mode, "recv"))
		die_usage("expected send or recv, got", mode);
	if (!o.interface)
		die_usage("an interface (-i) is missing for", mode);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (!strcmp(mode, "recv")) {
		run_recv(&o);
		return 0;
	}
	o.count = o.count ? o.count : 1;
	run_send(&o);
	return 0;
}
