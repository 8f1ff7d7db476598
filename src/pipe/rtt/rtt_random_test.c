/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random conversations with loss, reordering, copies and what is sent again, before us and behind
 * us.  No sample may be told that a matcher which remembers all packets does not find.
 */
#include "pipe/rtt/rtt_offline.h"
#include "pipe/rtt/rtt_test_util.h"

#define CONVERSATIONS 24
#define PACKETS 40000
#define FLYING 4096 /* packets under way */
#define HELD 32	    /* pieces that wait for what is missing */
#define NEVER UINT64_MAX
#define SHARE 2 /* one in so many samples is ours at least */

/* --- chance ------------------------------------------------------------------------------------ */

static uint64_t dice_state;

static uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (dice_state >> 16) % sides;
}

/* One of `n`. */
static bool chance(unsigned n)
{
	return n && !dice(n);
}

/* --- who talks --------------------------------------------------------------------------------- */

/* One end; it sends what goes up, or down. */
struct end {
	bool open, shaken; /* `shaken`: its part of the handshake is done */
	uint32_t first, una, next, expects, acked;
	uint32_t clock, tick, recent; /* timestamps */
	unsigned unanswered;
	uint32_t held[HELD][2];
	unsigned n_held;
	uint64_t write_at, ack_at, again_at;
};

struct talker {
	const char *who;
	uint16_t port;
	bool stamps, client;	      /* client: goes up */
	unsigned number;	      /* of the conversation: what belongs to one before is lost */
	uint64_t delay[2];	      /* of the side towards the subscriber, and the other */
	unsigned loss, copies, early; /* one in so many */
	uint64_t ends_at;
	struct end end[2];
	struct offline offline;
};

struct flying {
	uint64_t at;
	bool passed; /* us */
	unsigned talker, number;
	struct seg seg;
};

static struct world {
	struct talk *t;
	uint64_t now;
	bool stamps; /* of the configuration */
	struct talker talker[CONVERSATIONS];
	struct flying flying[FLYING];
	unsigned n;
	unsigned packets, told[RTT_KINDS], possible[RTT_KINDS];
	uint16_t next_port;
} w;

/* --- the network ------------------------------------------------------------------------------- */

static uint64_t jitter(void)
{
	return chance(20) ? dice(20 * MS) : dice(MS / 4);
}

static void fly(unsigned talker, const struct seg *s, bool passed)
{
	struct talker *k = &w.talker[talker];
	/* Towards us it crosses its own side, and behind us the other. */
	const uint64_t delay = k->delay[s->up == passed];

	if (chance(k->loss) || w.n == FLYING)
		return;
	w.flying[w.n++] = (struct flying){ w.now + delay + jitter(), passed, talker, k->number, *s };
	if (chance(k->copies) && w.n < FLYING)
		w.flying[w.n++] =
			(struct flying){ w.now + delay + jitter(), passed, talker, k->number, *s };
}

static void send_segment(unsigned talker, bool up, uint8_t flags, uint32_t seq, unsigned payload)
{
	struct talker *k = &w.talker[talker];
	struct end *e = &k->end[up];
	struct seg s = { .who = k->who,
			 .up = up,
			 .near_port = k->port,
			 .flags = flags,
			 .seq = seq,
			 .payload = (int)payload };

	if (flags & ACK) {
		s.ack = e->expects;
		e->acked = e->expects;
		e->unanswered = 0;
		e->ack_at = NEVER;
	}
	if (k->stamps) {
		s.stamps = true;
		s.value = e->clock + (uint32_t)(w.now / e->tick);
		s.echo = e->recent;
	}
	fly(talker, &s, false);
}

/* --- the ends ---------------------------------------------------------------------------------- */

static uint64_t patience(const struct talker *k)
{
	return 200 * MS + 3 * (k->delay[0] + k->delay[1]);
}

static uint32_t random_number(void)
{
	return (uint32_t)(chance(2) ? 0xffffffff - dice(20000) : dice(1ull << 32));
}

static void begin_end(struct end *e)
{
	static const uint32_t ticks[] = { MS, 4 * MS, 10 * MS };

	*e = (struct end){ .first = random_number(),
			   .clock = random_number(),
			   .tick = ticks[dice(3)],
			   .write_at = NEVER,
			   .ack_at = NEVER,
			   .again_at = NEVER };
	e->clock -= (uint32_t)(w.now / e->tick);
	e->una = e->first;
	e->next = e->first + 1;
}

/* It was there before us. */
static void meet(struct end *a, struct end *b)
{
	a->open = a->shaken = true;
	a->una = a->next;
	a->expects = a->acked = b->next;
	a->recent = b->clock + (uint32_t)(w.now / b->tick);
	a->write_at = w.now + dice(50 * MS);
}

static void begin(unsigned talker)
{
	static const uint64_t delays[] = { MS / 10, 2 * MS, 10 * MS, 40 * MS, 150 * MS };
	static const unsigned losses[] = { 0, 0, 100, 30, 12 };
	struct talker *k = &w.talker[talker];
	const bool same_ends = k->number && chance(2), seen_late = !same_ends && chance(4);

	k->number++;
	k->who = talk_people[talker % ARRAY_LEN(talk_people)].address;
	if (!same_ends)
		k->port = w.next_port++;
	k->stamps = chance(2);
	k->client = chance(2);
	k->delay[0] = delays[dice(5)];
	k->delay[1] = delays[dice(5)];
	k->loss = losses[dice(5)];
	k->copies = losses[dice(5)];
	k->early = losses[dice(5)];
	k->ends_at = w.now + SECOND / 2 + dice(8 * SECOND);
	k->offline = (struct offline){ .stamps = k->stamps && w.stamps };
	begin_end(&k->end[0]);
	begin_end(&k->end[1]);
	if (seen_late) {
		meet(&k->end[0], &k->end[1]);
		meet(&k->end[1], &k->end[0]);
	} else {
		k->end[k->client].open = true;
		k->end[k->client].again_at = w.now; /* the SYN */
	}
}

static void finish(unsigned talker)
{
	struct talker *k = &w.talker[talker];
	const bool up = chance(2);

	if (k->end[up].shaken && chance(2))
		send_segment(talker, up, chance(2) ? RST : FIN | ACK, k->end[up].next, 0);
	k->end[0].write_at = k->end[1].write_at = NEVER;
	k->ends_at = w.now + SECOND;
	if (chance(2))
		begin(talker);
}

static void write_some(unsigned talker, bool up)
{
	struct talker *k = &w.talker[talker];
	struct end *e = &k->end[up];

	if (chance(k->early) && e->next != e->una) { /* sent again without need */
		uint32_t skip = (uint32_t)dice(e->next - e->una);

		send_segment(talker, up, ACK, e->una + skip,
			     (unsigned)MIN(e->next - e->una - skip, 1 + dice(1448)));
	}
	for (uint64_t n = dice(5); n && e->next - e->una < 20000; n--) {
		unsigned size = (unsigned)(chance(2) ? 1448 : 1 + dice(1448));

		send_segment(talker, up, PSH | ACK, e->next, size);
		e->next += size;
	}
	if (e->next != e->una && e->again_at == NEVER)
		e->again_at = w.now + patience(k);
	e->write_at = w.now + (chance(500) ? 150 * SECOND :
			       chance(10)  ? dice(SECOND) :
					     dice(30 * MS));
}

/* The first that is not acknowledged, in pieces of another size maybe. */
static void send_again(unsigned talker, bool up)
{
	struct talker *k = &w.talker[talker];
	struct end *e = &k->end[up];

	e->again_at = w.now + patience(k);
	if (!e->shaken && up == k->client)
		send_segment(talker, up, SYN, e->first, 0);
	else if (!e->shaken)
		send_segment(talker, up, SYN | ACK, e->first, 0);
	else if (e->next == e->una)
		e->again_at = NEVER;
	else
		send_segment(talker, up, ACK, e->una,
			     (unsigned)MIN(e->next - e->una, chance(2) ? 1448 : 1 + dice(1448)));
}

static void hold(struct end *e, uint32_t seq, uint32_t end)
{
	if (e->n_held == HELD)
		return;
	e->held[e->n_held][0] = seq;
	e->held[e->n_held++][1] = end;
}

static void take_held(struct end *e)
{
	for (unsigned i = 0; i < e->n_held; i++) {
		if (offline_after(e->held[i][0], e->expects))
			continue;
		if (offline_after(e->held[i][1], e->expects))
			e->expects = e->held[i][1];
		e->n_held--;
		e->held[i][0] = e->held[e->n_held][0];
		e->held[i][1] = e->held[e->n_held][1];
		i = UINT32_MAX; /* from the start */
	}
}

static void take_data(unsigned talker, bool up, const struct seg *s)
{
	struct end *e = &w.talker[talker].end[up];
	const uint32_t end = s->seq + (uint32_t)s->payload;
	const bool in_order = s->seq == e->expects && !e->n_held;

	if (offline_after(s->seq, e->expects))
		hold(e, s->seq, end);
	else if (offline_after(end, e->expects))
		e->expects = end;
	take_held(e);
	if (!in_order || ++e->unanswered >= 2)
		send_segment(talker, up, ACK, e->next, 0);
	else if (e->ack_at == NEVER)
		e->ack_at = w.now + dice(40 * MS);
}

static void take_acknowledgment(struct talker *k, struct end *e, uint32_t ack)
{
	if (!offline_after(ack, e->una) || offline_after(ack, e->next))
		return;
	e->una = ack;
	e->again_at = e->una == e->next ? NEVER : w.now + patience(k);
	if (e->shaken)
		return;
	e->shaken = true;
	e->write_at = w.now + dice(20 * MS);
}

static void take_syn(unsigned talker, bool up, const struct seg *s)
{
	struct talker *k = &w.talker[talker];
	struct end *e = &k->end[up];

	if (!e->open || !(s->flags & ACK) || !e->shaken) {
		e->open = true;
		e->expects = s->seq + 1;
		e->recent = s->value;
	}
	if (s->flags & ACK)
		take_acknowledgment(k, e, s->ack);
	if (up != k->client && !e->shaken)
		send_again(talker, up);
	else
		send_segment(talker, up, ACK, e->next, 0);
}

/* `up`: the way that this end sends. */
static void receive(unsigned talker, bool up, const struct seg *s)
{
	struct talker *k = &w.talker[talker];
	struct end *e = &k->end[up];

	if (s->flags & RST)
		return;
	if (s->flags & SYN) {
		take_syn(talker, up, s);
		return;
	}
	if (!e->open)
		return;
	if (!offline_after(e->recent, s->value) && !offline_after(s->seq, e->acked))
		e->recent = s->value;
	take_acknowledgment(k, e, s->ack);
	if (s->payload && e->shaken)
		take_data(talker, up, s);
}

/* --- our place --------------------------------------------------------------------------------- */

static void remove_possible(struct offline_list *list, unsigned i)
{
	list->at[i] = list->at[--list->n];
}

static void expect_possible(const struct talker *k, const struct seg *s, uint64_t sample,
			    struct offline_list *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		const struct offline_sample *p = &list->at[i];
		const uint32_t units = talk_units(w.now) - talk_units(p->from);

		if (sample != RTT_SAMPLE(talk_id(w.t, k->who), p->side, p->kind, units))
			continue;
		w.told[p->kind]++;
		remove_possible(list, i);
		return;
	}
	print_error(
		"packet %u, port %u, %s, %s: flags %x seq %u ack %u value %u echo %u payload %d\n",
		w.packets, k->port, k->stamps ? "stamps" : "no stamps", s->up ? "up" : "down",
		s->flags, s->seq, s->ack, s->value, s->echo, s->payload);
	talk_complain(w.t, 0, "expected only what is possible");
	fail();
}

static void pass_us(unsigned talker, const struct seg *s)
{
	struct talker *k = &w.talker[talker];
	const struct offline_packet p = { .ns = w.now,
					  .up = s->up,
					  .syn = s->flags & SYN,
					  .has_ack = s->flags & ACK,
					  .seq = s->seq,
					  .ack = s->ack,
					  .value = s->value,
					  .echo = s->echo,
					  .payload = (uint32_t)s->payload };
	struct offline_list list;

	talk_set_clock(w.t, w.now);
	talk_send(w.t, s);
	w.packets++;
	offline_see(&k->offline, &p, &list);
	for (unsigned i = 0; i < list.n; i++)
		w.possible[list.at[i].kind]++;
	for (unsigned i = 0; i < w.t->n; i++)
		expect_possible(k, s, w.t->got[i], &list);
	fly(talker, s, true);
}

/* --- time -------------------------------------------------------------------------------------- */

static void land(unsigned i)
{
	const struct flying f = w.flying[i];

	w.flying[i] = w.flying[--w.n];
	if (f.number != w.talker[f.talker].number)
		return;
	if (f.passed)
		receive(f.talker, !f.seg.up, &f.seg);
	else
		pass_us(f.talker, &f.seg);
}

static void act(unsigned talker, bool up)
{
	struct end *e = &w.talker[talker].end[up];

	if (e->again_at <= w.now)
		send_again(talker, up);
	if (e->write_at <= w.now)
		write_some(talker, up);
	if (e->ack_at <= w.now)
		send_segment(talker, up, ACK, e->next, 0);
}

static uint64_t next_time(unsigned *ret_flying)
{
	uint64_t at = NEVER;

	*ret_flying = FLYING;
	for (unsigned i = 0; i < w.n; i++)
		if (w.flying[i].at < at) {
			at = w.flying[i].at;
			*ret_flying = i;
		}
	for (unsigned i = 0; i < 2 * CONVERSATIONS; i++) {
		const struct end *e = &w.talker[i / 2].end[i % 2];
		uint64_t next = MIN(MIN(e->write_at, e->ack_at), e->again_at);

		next = MIN(next, w.talker[i / 2].ends_at);
		if (next < at) {
			at = next;
			*ret_flying = FLYING;
		}
	}
	return at;
}

static void step(void)
{
	unsigned flying;

	w.now = MAX(w.now, next_time(&flying));
	if (flying < FLYING) {
		land(flying);
		return;
	}
	for (unsigned i = 0; i < CONVERSATIONS; i++) {
		if (w.talker[i].ends_at <= w.now)
			finish(i);
		act(i, false);
		act(i, true);
	}
}

static void converse(const char *yaml, uint64_t seed, bool stamps)
{
	w = (struct world){ .t = talk_open(yaml),
			    .stamps = stamps,
			    .next_port = 1,
			    .now = (1ull << 42) - 5 * SECOND }; /* time wraps */
	dice_state = seed * 0x9e3779b97f4a7c15;
	for (unsigned i = 0; i < CONVERSATIONS; i++)
		begin(i);
	while (w.packets < PACKETS)
		step();
	assert_int_equal(talk_sums(w.t).lost, 0);
}

static void expect_share(unsigned kind, unsigned least)
{
	if (w.possible[kind] >= least && w.told[kind] * SHARE >= w.possible[kind])
		return;
	print_error("kind %u: %u samples of %u possible\n", kind, w.told[kind], w.possible[kind]);
	fail();
}

/* --- tests ------------------------------------------------------------------------------------- */

static void no_sample_is_impossible(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		converse(TALK_CONF("rest: 0"), seed, true);
		expect_share(RTT_TIMESTAMP, 500);
		expect_share(RTT_SEQUENCE, 500);
		expect_share(RTT_HANDSHAKE, 100);
	}
}

static void nor_without_timestamps(void **state)
{
	for (uint64_t seed = 11; seed <= 14; seed++) {
		converse(TALK_CONF("rest: 0, timestamps: false"), seed, false);
		assert_int_equal(w.told[RTT_TIMESTAMP], 0);
		expect_share(RTT_SEQUENCE, 500);
		expect_share(RTT_HANDSHAKE, 100);
	}
}

/* As it is by default: fewer, and none wrong. */
static void nor_with_rest(void **state)
{
	for (uint64_t seed = 21; seed <= 22; seed++) {
		converse(TALK_CONF(""), seed, true);
		assert_true(w.told[RTT_TIMESTAMP] > 200 && w.told[RTT_SEQUENCE] > 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sample_is_impossible),
		cmocka_unit_test(nor_without_timestamps),
		cmocka_unit_test(nor_with_rest),
	};

	return cmocka_run_group_tests_name("rtt random", tests, bed_namespace, talk_leave);
}
