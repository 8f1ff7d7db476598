/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/pipeline_worst.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>

#include "lib/machine.h"
#include "lib/pipeline_ours.h"
#include "lib/study.h"

#define FLOWS 131072
#define REPEAT 40000 /* so many samples, and those of the warming up, find room at a time */
#define REST 10	     /* jiffies of 4 ms: what ours rests by default */

const struct worst_way worst_ways[N_WORST] = {
	[WORST_OFF] = { "ours", "weir", NULL, false, 0 },
	[WORST_RTT] = { "ours_rtt", "weir, rtt, no rest",
			"rtt: { details: false, rest: 0, flows: 131072 }\n", false, 0 },
	[WORST_RTT_RESTS] = { "ours_rtt_rests", "weir, rtt",
			      "rtt: { details: false, flows: 131072 }\n", false, 0 },
	[WORST_ALL] = { "ours_all", "weir, everything, no rest",
			"rtt: { rest: 0, flows: 131072 }\n", false, 0 },
	[WORST_ALL_RESTS] = { "ours_all_rests", "weir, everything", "rtt: { flows: 131072 }\n",
			      false, 0 },
	[WORST_STUDY_OFF] = { "study", "the study", NULL, true, 0 },
	[WORST_STUDY] = { "study_rtt", "the study with RTT, no rest", "", true, 0 },
	[WORST_STUDY_RESTS] = { "study_rtt_rests", "the study with RTT", "", true, REST },
};

const struct worst_dimension worst_sizes[N_WORST_SIZES] = {
	[WORST_ONE] = { "1", "1", 1 },
	[WORST_K10] = { "10k", "10,000", 10000 },
};

/* One way's programs: of packets from the internet, and of those from subscribers. */
struct contestant {
	struct bpf_object *turns, *study;
	struct pipeline_ours ours;
	int side[2];
};

struct arena {
	const struct worst_wish *wish;
	struct packet packet;
	unsigned n;
	struct contestant way[N_WORST];
};

/* --- programs ---------------------------------------------------------------------------------- */

static int program_fd(const struct bpf_object *object, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__fd(program) : -ENOENT;
}

static int open_study(const struct arena *a, const struct worst_way *way, struct contestant *c,
		      struct diag *d)
{
	const struct study_wish wish = { .n = a->n,
					 .cpu = a->wish->cpu,
					 .cfg = &a->packet.cfg,
					 .v6 = a->wish->v6,
					 .flows = FLOWS,
					 .gate = way->rests };
	int r = study_load(&wish, &c->study, d);

	if (r)
		return r;
	c->side[0] = program_fd(c->study, way->rtt ? "study_rtt_xdp" : "study_xdp");
	c->side[1] = program_fd(c->study, way->rtt ? "study_rtt_back_xdp" : "study_back_xdp");
	return 0;
}

static int open_ours(const struct arena *a, const struct worst_way *way, struct contestant *c,
		     struct diag *d)
{
	const struct pipeline_wish wish = { .n = a->n,
					    .cpu = a->wish->cpu,
					    .cfg = &a->packet.cfg,
					    .v6 = a->wish->v6,
					    .interface = a->wish->interface,
					    .rtt = way->rtt,
					    .back = true };
	int r = pipeline_open_ours(&wish, &c->ours, d);

	if (r)
		return r;
	c->side[0] = c->ours.xdp;
	c->side[1] = c->ours.xdp_back;
	return 0;
}

static int open_turns(const struct arena *a, struct contestant *c, struct diag *d)
{
	_cleanup_free_ char *path = machine_beside("pipeline_turns.bpf.o");
	char ports[32], from_far[32];
	const struct object_wish wishes[] = { { OBJECT_SET, ports }, { OBJECT_SET, from_far } };
	const struct pb_cfg *cfg = &a->packet.cfg;
	int fd;

	(void)snprintf(ports, sizeof(ports), "ports=%u", cfg->off_sport);
	(void)snprintf(from_far, sizeof(from_far), "from_far=%u", htons((uint16_t)cfg->port_srv));
	return path ? object_load(path, NULL, wishes, ARRAY_LEN(wishes), cfg, &c->turns, &fd, d) :
		      -ENOMEM;
}

static int put_side(const struct contestant *c, const char *map, __u32 side)
{
	int fd = bpf_object__find_map_fd_by_name(c->turns, map);

	return bpf_map_update_elem(fd, &side, &c->side[side], BPF_ANY) ? -errno : 0;
}

/* The array that takes them tells whether they are of those that know frames of several buffers. */
static int join(struct contestant *c, int *ret_fd, struct diag *d)
{
	const bool plain = put_side(c, "sides_frags", 0);
	int r = plain ? put_side(c, "sides_plain", 0) : 0;

	r = r ? r : put_side(c, plain ? "sides_plain" : "sides_frags", 1);
	if (r)
		return diag_error(d, NULL, "programs of two sides do not go together: %s",
				  strerror(-r));
	*ret_fd = program_fd(c->turns, plain ? "turn_plain" : "turn_frags");
	return 0;
}

static int open_way(struct arena *a, enum worst_id id, struct pb_case *ret, struct diag *d)
{
	const struct worst_way *way = &worst_ways[id];
	struct contestant *c = &a->way[id];
	int r = open_turns(a, c, d);

	if (r)
		return r;
	if (id < WORST_FIRST)
		c->side[0] = c->side[1] =
			program_fd(c->turns, id == NOTHING_FRAGS ? "empty_frags" : "empty_plain");
	else
		r = way->study ? open_study(a, way, c, d) : open_ours(a, way, c, d);
	r = r ? r : join(c, &ret->fd, d);
	ret->packet = &a->packet;
	(void)snprintf(ret->label, sizeof(ret->label), "%s", way->label ?: "nothing");
	return r;
}

static void arena_free(struct arena *a)
{
	for (unsigned i = 0; i < N_WORST; i++) {
		bpf_object__close(a->way[i].turns);
		bpf_object__close(a->way[i].study);
		pipeline_close_ours(&a->way[i].ours);
	}
	free(a);
}
DEFINE_CLEANUP(struct arena *, arena_free)

/* --- rounds ------------------------------------------------------------------------------------ */

static double samples_of(struct contestant *c)
{
	if (c->study)
		return (double)study_samples(c->study);
	return (double)pipeline_drain(&c->ours);
}

/* One at a time: in between the daemon takes the samples, and there is room for new ones. */
static int play(struct arena *a, struct pb_driver *driver, struct pb_case *cases,
		double *ret_samples, struct diag *d)
{
	struct pb_options options = PB_DEFAULTS;
	struct pb_case *list[N_WORST];
	int r = 0;

	options.repeat = REPEAT;
	options.rounds = 1;
	for (unsigned i = 0; i < N_WORST; i++)
		list[i] = &cases[i];
	for (unsigned round = 0; round < a->wish->rounds && !r; round++) {
		r = pb_rounds(driver, list, N_WORST, &options, d);
		for (unsigned i = 0; i < N_WORST; i++)
			(void)pipeline_drain(&a->way[i].ours);
	}
	for (unsigned i = WORST_FIRST; i < N_WORST && !r; i++)
		ret_samples[i] = samples_of(&a->way[i]) / a->wish->rounds / (REPEAT + PB_WARM);
	return r;
}

static int measure(const struct worst_wish *wish, enum worst_size size, struct pb_driver *driver,
		   struct worst_results *ret, struct diag *d)
{
	_cleanup_(arena_freep) struct arena *a = calloc(1, sizeof(*a));
	struct pb_cfg cfg = pb_cfg_default();
	int r;

	if (!a)
		return -ENOMEM;
	a->wish = wish;
	a->n = cfg.n_addr = worst_sizes[size].n;
	cfg.ts_step = cfg.conv = 1;
	r = packet_build(wish->packet, &cfg, &a->packet, d);
	for (enum worst_id id = 0; id < N_WORST && !r; id++)
		r = open_way(a, id, &ret->cases[size][id], d);
	return r ? r : play(a, driver, ret->cases[size], ret->samples[size], d);
}

static int check(const struct worst_results *results, enum worst_size size, struct diag *d)
{
	int r = 0;

	for (unsigned i = WORST_FIRST; i < N_WORST; i++) {
		const struct pb_case *c = &results->cases[size][i];
		const bool timed = worst_ways[i].rtt;

		if (c->verdicts[XDP_REDIRECT] != c->net.v.n)
			r = diag_error(d, NULL, "worst case, %s: not every verdict was REDIRECT",
				       c->label);
		else if (timed != (results->samples[size][i] > 0))
			r = diag_error(d, NULL, "worst case, %s: %.3f samples per packet", c->label,
				       results->samples[size][i]);
	}
	return r;
}

int worst_measure(const struct worst_wish *wish, struct pb_driver *driver,
		  struct worst_results *ret, struct diag *d)
{
	int r = 0;

	for (unsigned copy = 0; copy < wish->copies && !r; copy++)
		for (enum worst_size size = 0; size < N_WORST_SIZES && !r; size++)
			r = measure(wish, size, driver, ret, d);
	for (enum worst_size size = 0; size < N_WORST_SIZES && !r; size++)
		r = check(ret, size, d);
	return r;
}

struct stat_summary worst_summary(const struct worst_results *r, enum worst_size size,
				  enum worst_id way)
{
	const struct pb_case *cases = r->cases[size];

	return samples_difference(
		&cases[way].net,
		&cases[cases[way].kind == PB_XDP ? NOTHING_PLAIN : NOTHING_FRAGS].net);
}

void worst_free(struct worst_results *r)
{
	for (enum worst_size size = 0; size < N_WORST_SIZES; size++)
		for (unsigned i = 0; i < N_WORST; i++)
			pb_case_free(&r->cases[size][i]);
}
