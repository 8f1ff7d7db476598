/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the shaper's packet path costs, from where a packet arrives to its queue: nanoseconds of XDP
 * and TC together, for 1 to 100,000 subscribers of whom each packet is another's.  Ours, the study
 * it was designed by, and the classic way, with round-trip times and without, interleaved in one
 * run and loaded anew several times.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include "lib/machine.h"
#include "lib/pb.h"
#include "lib/pipeline_ours.h"
#include "lib/pipeline_report.h"
#include "lib/pipeline_ways.h"
#include "lib/pipeline_worst.h"
#include "lib/study.h"
#include "nl/sock.h"
#include "pipe/shared.h"

#define LO 1	      /* by it packets come and leave */
#define OTHER "pipe0" /* the shaper wants two interfaces */
#define FLOWS_MIN 1024
#define FILL 8 /* packets per subscriber, so that all but one of 3,000 have a flow */

struct options {
	const char *packet;
	unsigned copies, cpu;
	unsigned flows; /* 0: as the size says */
	bool json, quick, worst;
};

static bool is_v6(const struct options *o)
{
	return strstr(o->packet, "p6");
}

/* --- the programs ------------------------------------------------------------------------------ */

struct programs {
	int fd[N_PARTS];
	struct bpf_object *study, *study_rtt, *classic;
	struct pipeline_ours ours, rtt, all;
};

/* The same for any number of subscribers. */
struct leaving {
	struct bench_port ours, rtt, all;
};

#define RTT_SECTION "rtt: { details: false, flows: %u }\n"
#define ALL_SECTION "rtt: { flows: %u }\n"

static int program_fd(const struct bpf_object *object, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__fd(program) : -ENOENT;
}

static int classic_load(const struct size *size, const struct pb_cfg *cfg, bool v6, unsigned cpu,
			struct bpf_object **ret, struct diag *d)
{
	_cleanup_free_ char *path = machine_beside("pipeline_ref.bpf.o");
	char all[96], cpus[64], there[64];
	const struct object_wish wishes[] = {
		{ OBJECT_FILL, all },
		{ OBJECT_FILL, cpus },
		{ OBJECT_FILL, there },
		{ OBJECT_FILL, "queues:64:%i:01000100" },
		{ OBJECT_FILL, "sides_in:1:01000000:01000000" },
		{ OBJECT_FILL, "sides_out:1:01000000:02000000" },
	};
	int fd;

	(void)snprintf(all, sizeof(all), "subscribers:%u:%s:%02x000000%%h", size->n,
		       v6 ? "4000000020010db8%a0000000000000000" :
			    "80000000ffffffffffffffffffffffff%a",
		       cpu);
	(void)snprintf(cpus, sizeof(cpus), "cpus:1:%02x000000:0008000000000000", cpu);
	(void)snprintf(there, sizeof(there), "cpus_there:1:%02x000000:%02x000000", cpu, cpu);
	return path ? object_load(path, NULL, wishes, ARRAY_LEN(wishes), cfg, ret, &fd, d) : -ENOMEM;
}

static int ours_load(struct pipeline_wish *w, unsigned flows, struct programs *p, struct diag *d)
{
	char rtt[64], all[64];
	int r;

	(void)snprintf(rtt, sizeof(rtt), RTT_SECTION, flows);
	(void)snprintf(all, sizeof(all), ALL_SECTION, flows);
	w->routing = true;
	r = pipeline_open_ours(w, &p->ours, d);
	w->routing = false;
	w->rtt = rtt;
	r = r ? r : pipeline_open_ours(w, &p->rtt, d);
	w->rtt = all;
	return r ? r : pipeline_open_ours(w, &p->all, d);
}

static void ours_find(struct programs *p, const struct leaving *leaving)
{
	p->fd[OURS_XDP] = p->ours.xdp;
	p->fd[KERNEL_XDP] = p->ours.xdp_routing;
	p->fd[OURS_TC] = p->ours.in;
	p->fd[OURS_OUT] = p->fd[KERNEL_OUT] = leaving->ours.instance->egress_fd;
	p->fd[RTT_XDP] = p->rtt.xdp;
	p->fd[RTT_TC] = p->rtt.in;
	p->fd[RTT_OUT] = leaving->rtt.instance->egress_fd;
	p->fd[ALL_XDP] = p->all.xdp;
	p->fd[ALL_TC] = p->all.in;
	p->fd[ALL_OUT] = leaving->all.instance->egress_fd;
}

static int programs_load(const struct options *o, const struct size *size, const struct pb_cfg *cfg,
			 struct programs *p, struct diag *d)
{
	const unsigned flows = o->flows ?: size->flows, cpu = !o->cpu;
	const bool v6 = is_v6(o);
	struct pipeline_wish ours = {
		.n = size->n, .cpu = cpu, .cfg = cfg, .v6 = v6, .interface = if_nametoindex(OTHER)
	};
	const struct study_wish study = {
		.n = size->n, .cpu = cpu, .cfg = cfg, .v6 = v6, .flows = flows
	};
	int r = classic_load(size, cfg, v6, cpu, &p->classic, d);

	r = r ? r : study_load(&study, &p->study, d);
	r = r ? r : study_load(&study, &p->study_rtt, d);
	r = r ? r : ours_load(&ours, flows, p, d);
	if (r)
		return r;
	p->fd[CLASSIC_XDP] = program_fd(p->classic, "classic_xdp");
	p->fd[CLASSIC_TC] = program_fd(p->classic, "classic_tc");
	p->fd[CLASSIC_TC_LOOKUP] = program_fd(p->classic, "classic_tc_lookup");
	p->fd[STUDY_XDP] = program_fd(p->study, "study_xdp");
	p->fd[STUDY_TC] = program_fd(p->study, "study_tc");
	p->fd[STUDY_RTT_XDP] = program_fd(p->study_rtt, "study_rtt_xdp");
	return 0;
}

static void programs_unload(struct programs *p)
{
	bpf_object__close(p->study);
	bpf_object__close(p->study_rtt);
	bpf_object__close(p->classic);
	pipeline_close_ours(&p->ours);
	pipeline_close_ours(&p->rtt);
	pipeline_close_ours(&p->all);
	*p = (struct programs){ 0 };
}

static int leaving_load(const struct options *o, struct leaving *ret, struct diag *d)
{
	const struct pb_cfg cfg = pb_cfg_default();
	struct pipeline_wish w = {
		.n = 1, .cpu = !o->cpu, .cfg = &cfg, .v6 = is_v6(o), .interface = if_nametoindex(OTHER)
	};
	char rtt[64], all[64];
	int r = pipeline_open_leaving(&w, &ret->ours, d);

	(void)snprintf(rtt, sizeof(rtt), RTT_SECTION, FLOWS_MIN);
	(void)snprintf(all, sizeof(all), ALL_SECTION, FLOWS_MIN);
	w.rtt = rtt;
	r = r ? r : pipeline_open_leaving(&w, &ret->rtt, d);
	w.rtt = all;
	return r ? r : pipeline_open_leaving(&w, &ret->all, d);
}

static void leaving_unload(struct leaving *leaving)
{
	bench_port_free(&leaving->ours);
	bench_port_free(&leaving->rtt);
	bench_port_free(&leaving->all);
}

/* --- the packets ------------------------------------------------------------------------------- */

static void mark(struct packet *p, enum looks looks)
{
	const struct pipe_meta meta = { .handle = PIPELINE_HANDLE,
					.magic = PIPE_META_MAGIC,
					.id_dir = 2,
					.oif = looks == MARKED ? LO : 0 };

	if (looks == CLASSED)
		p->cfg.priority = PIPELINE_HANDLE;
	else
		memcpy(p->bytes, &meta, sizeof(meta));
}

static int packets_build(const struct options *o, const struct size *size, struct packet *ret,
			 struct diag *d)
{
	struct pb_cfg cfg = pb_cfg_default();
	int r;

	cfg.n_addr = size->n;
	r = packet_build(o->packet, &cfg, &ret[WHOLE], d);
	if (r)
		return r;
	for (enum looks looks = CLASSED; looks < N_LOOKS; looks++) {
		ret[looks] = ret[WHOLE];
		mark(&ret[looks], looks);
	}
	return 0;
}

static bool is_tcp(const struct options *o)
{
	return strstr(o->packet, "tcp") && !strstr(o->packet, "frag");
}

/* What carries nothing makes no flow. */
static bool is_timed(const struct options *o, const struct packet *p)
{
	return is_tcp(o) && p->cfg.off_ts && p->len > p->cfg.off_ts + 8;
}

/* --- flows ------------------------------------------------------------------------------------- */

/*
 * Everybody has a flow before time is taken, and each was answered: whether there is one decides
 * what a packet costs, and in the field most packets are of flows that are there.
 */
static int flows_make(struct programs *p, struct pb_driver *driver, const struct pb_case *cases,
		      unsigned n, struct diag *d)
{
	const enum part_id which[] = { RTT_XDP, ALL_XDP, STUDY_RTT_XDP };
	struct pb_case fill[ARRAY_LEN(which)] = { 0 }, *list[ARRAY_LEN(which)];
	struct pb_options options = PB_DEFAULTS;
	int r;

	for (unsigned i = 0; i < ARRAY_LEN(which); i++) {
		memcpy(fill[i].label, cases[which[i]].label, sizeof(fill[i].label));
		fill[i].fd = cases[which[i]].fd;
		fill[i].packet = cases[which[i]].packet;
		list[i] = &fill[i];
	}
	options.repeat = n * FILL;
	options.rounds = 1;
	r = pb_rounds(driver, list, ARRAY_LEN(which), &options, d);
	for (unsigned i = 0; i < ARRAY_LEN(which); i++)
		pb_case_free(&fill[i]);
	pipeline_answer_flows(&p->rtt);
	pipeline_answer_flows(&p->all);
	return r;
}

/* A program that does not measure is quick: such numbers are not shown. */
static int flows_check(const struct programs *p, unsigned n, bool timed, double *measured,
		       struct diag *d)
{
	const struct {
		enum way_id way;
		size_t flows;
	} all[] = {
		{ OURS_RTT, pipeline_flows(&p->rtt) },
		{ OURS_ALL, pipeline_flows(&p->all) },
		{ STUDY_RTT, study_flows(p->study_rtt) },
	};
	int r = 0;

	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		double share = (double)all[i].flows / n, *least = &measured[all[i].way];

		*least = *least > 0 ? MIN(*least, share) : share;
		if (timed && !all[i].flows)
			r = diag_error(d, NULL, "%s: no flow is in its table",
				       ways[all[i].way].label);
	}
	return r;
}

/* --- the rounds -------------------------------------------------------------------------------- */

static void cases_make(const struct programs *p, const struct packet *packets, struct pb_case *cases)
{
	for (unsigned i = 0; i < N_PARTS; i++) {
		(void)snprintf(cases[i].label, sizeof(cases[i].label), "%s", parts[i].label);
		cases[i].fd = p->fd[i];
		cases[i].packet = &packets[parts[i].looks];
		cases[i].iif = LO;
	}
}

/* A program that does not say the class is quick: such numbers are not shown. */
static int check_class(const struct pb_case *c, const struct part *part, struct diag *d)
{
	struct __sk_buff in = { .ifindex = LO,
				.ingress_ifindex = LO,
				.priority = c->packet->cfg.priority },
			 out = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = c->packet->bytes,
		    .data_size_in = c->packet->len, .ctx_in = &in, .ctx_size_in = sizeof(in),
		    .ctx_out = &out, .ctx_size_out = sizeof(out));
	int r = bpf_prog_test_run_opts(c->fd, &options);

	if (r)
		return diag_error(d, NULL, "%s: test run: %s", c->label, strerror(-r));
	if (part->classifies && out.priority != PIPELINE_HANDLE)
		return diag_error(d, NULL, "%s: class %x instead of %x", c->label, out.priority,
				  PIPELINE_HANDLE);
	return 0;
}

static int check_cases(struct pb_case *cases, struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < N_PARTS && !r; i++)
		if (cases[i].kind == PB_TC)
			r = check_class(&cases[i], &parts[i], d);
	return r;
}

static int run_rounds(const struct options *o, enum size_id size, struct pb_driver *driver,
		      struct pb_case *cases, struct diag *d)
{
	struct pb_options pb = PB_DEFAULTS;
	struct pb_case *list[N_PARTS];

	for (unsigned i = 0; i < N_PARTS; i++)
		list[i] = &cases[i];
	pb.repeat = sizes[size].repeat;
	pb.rounds = o->quick ? sizes[size].quick : sizes[size].rounds;
	return pb_rounds(driver, list, N_PARTS, &pb, d);
}

static int measure(const struct options *o, enum size_id id, const struct leaving *leaving,
		   struct pb_driver *driver, struct results *ret, struct diag *d)
{
	_cleanup_free_ struct packet *packets = calloc(N_LOOKS, sizeof(*packets));
	const struct size *size = &sizes[id];
	struct pb_case *cases = ret->parts[id];
	struct programs p = { 0 };
	int r = packets ? packets_build(o, size, packets, d) : -ENOMEM;

	r = r ? r : programs_load(o, size, &packets->cfg, &p, d);
	if (!r) {
		ours_find(&p, leaving);
		cases_make(&p, packets, cases);
	}
	r = r ? r : flows_make(&p, driver, cases, size->n, d);
	r = r ? r : run_rounds(o, id, driver, cases, d);
	r = r ? r : flows_check(&p, size->n, is_timed(o, packets), ret->measured[id], d);
	r = r ? r : check_cases(cases, d);
	programs_unload(&p);
	return r ? r : results_sum(ret, id);
}

/* A veth pair; the kernel names the other end. */
static int make_interface(struct diag *d)
{
	_cleanup_nl_ struct nl *nl = NULL;
	uint8_t buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_link(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info;
	int r = nl_open(&nl);

	mnl_attr_put_strz(h, IFLA_IFNAME, OTHER);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(h, info);
	r = r ? r : nl_ask(nl, NL_ROUTE, h, NULL, NULL);
	return r ? diag_error(d, NULL, "no second interface: %s", strerror(-r)) : 0;
}

static int measure_copy(const struct options *o, struct pb_driver *driver, struct results *ret,
			struct diag *d)
{
	struct leaving leaving = { 0 };
	int r = leaving_load(o, &leaving, d);

	for (enum size_id size = ONE; size < N_SIZES && !r; size++)
		r = measure(o, size, &leaving, driver, ret, d);
	leaving_unload(&leaving);
	return r;
}

static int run_worst(const struct options *o, struct pb_driver *driver, struct worst_results *ret,
		     struct diag *d)
{
	const struct worst_wish wish = {
		.packet = o->packet,
		.v6 = is_v6(o),
		.copies = o->quick ? 1 : 3,
		.rounds = o->quick ? 15 : 20,
		.cpu = !o->cpu,
		.interface = if_nametoindex(OTHER),
	};

	return worst_measure(&wish, driver, ret, d);
}

static int run(const struct options *o, struct report *report, struct results *ret,
	       struct worst_results *ret_worst, struct diag *d)
{
	_cleanup_(pb_driver_freep) struct pb_driver *driver = NULL;
	int r = pb_pin_cpu(o->cpu);

	if (r)
		return diag_error(d, NULL, "cannot stay on CPU %u: %s", o->cpu, strerror(-r));
	r = pb_driver_open(&driver, d);
	r = r ? r : pb_driver_settle(driver);
	r = r ? r : make_interface(d);
	for (unsigned copy = 0; copy < o->copies && report->results && !r; copy++)
		r = measure_copy(o, driver, ret, d);
	if (!r && report->results)
		r = results_check(ret, d);
	if (!r && report->worst)
		r = run_worst(o, driver, ret_worst, d);
	return r;
}

/* What there is to be measured of such a packet. */
static int report_prepare(const struct options *o, struct report *ret, struct diag *d)
{
	_cleanup_free_ struct packet *packet = calloc(1, sizeof(*packet));
	const struct pb_cfg cfg = pb_cfg_default();
	int r = packet ? packet_build(o->packet, &cfg, packet, d) : -ENOMEM;

	if (r)
		return r;
	ret->packet = o->packet;
	ret->tcp = is_tcp(o);
	ret->timed = is_timed(o, packet);
	if (o->worst && !ret->timed)
		return diag_error(d, NULL,
				  "the worst case wants TCP with timestamps and payload, not '%s'",
				  o->packet);
	if (!ret->timed)
		ret->worst = NULL;
	if (o->worst)
		ret->results = NULL;
	return 0;
}

/* --- command line ------------------------------------------------------------------------------ */

static const char help[] =
	"Usage: ./dev bench pipeline [--json] [--quick] [--worst] [--packet SPEC] [--flows N] "
	"[--cpu N]\n"
	"What a packet costs from its arrival to its queue: nanoseconds of XDP and TC together, "
	"with\n"
	"1 to 100,000 subscribers, of whom each packet is another's. Ours without round-trip "
	"times, "
	"with\n"
	"them (rtt) and with details as well (everything). Against:\n"
	"  the study        the design study's programs, without round-trip times and with\n"
	"  classic          an LPM trie asked in XDP and in TC, and round-trip times in hash "
	"tables\n"
	"  classic, lookup  the same without round-trip times\n"
	"What TC gets as metadata is in the packet's first bytes here, as a test run has none. "
	"TSvals stay\n"
	"as they are, as with most packets, and every subscriber has a flow, which was answered.\n"
	"The worst case, for 1 and 10,000: packets and replies in turn, each to the program of its "
	"side, each\n"
	"with a new TSval and an echo to be matched; with and without the rest after a sample.\n"
	"All are interleaved and loaded anew several times; ratios and differences are medians of "
	"rounds.\n"
	"\n"
	"  --json         one object with every number by name\n"
	"  --quick        about a minute\n"
	"  --worst        the worst case alone\n"
	"  --packet SPEC  " PACKET_SPEC " (tcp4.1500)\n"
	"  --flows N      places in the tables of flows, ours and the study's: a power of two "
	"(131072,\n"
	"                 and 262144 with 100,000 subscribers)\n"
	"  --cpu N        stay on that CPU (the last one)\n";

__attribute__((noreturn)) static void usage_error(const char *expected, const char *got)
{
	fprintf(stderr, "pipeline: expected %s, got '%s'\n", expected, got);
	exit(2);
}

static unsigned cpu_parse(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value >= CPU_SETSIZE)
		usage_error("a CPU", text);
	return (unsigned)value;
}

static unsigned flows_parse(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value < FLOWS_MIN || value > 1UL << 24 || value & (value - 1))
		usage_error("a power of two from 1024", text);
	return (unsigned)value;
}

static void options_read(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },	    { "quick", no_argument, NULL, 'q' },
		{ "packet", required_argument, NULL, 'p' }, { "cpu", required_argument, NULL, 'c' },
		{ "flows", required_argument, NULL, 'f' },  { "worst", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },	    { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option) {
		case 'j':
			o->json = true;
			break;
		case 'q':
			o->quick = true;
			o->copies = 3;
			break;
		case 'p':
			o->packet = optarg;
			break;
		case 'c':
			o->cpu = cpu_parse(optarg);
			break;
		case 'f':
			o->flows = flows_parse(optarg);
			break;
		case 'w':
			o->worst = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			exit(2); /* getopt has said why */
		}
	if (optind < argc)
		usage_error("only options", argv[optind]);
}

int main(int argc, char **argv)
{
	struct options o = { .packet = "tcp4.1500",
			     .copies = 6,
			     .cpu = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) - 1 };
	static struct results results;
	static struct worst_results worst;
	struct report report = {
		.results = &results,
		.worst = &worst,
		.machine = machine_facts(), /* the load before we add to it */
	};
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int r;

	options_read(&o, argc, argv);
	r = report_prepare(&o, &report, &d);
	r = r ? r : run(&o, &report, &results, &worst, &d);
	if (r && !d.errors)
		(void)diag_error(&d, NULL, "pipeline: %s", strerror(-r));
	if (!r && o.json)
		report_json(&report);
	else if (!r)
		report_tables(&report);
	diag_format_all(&d, &text);
	fputs(strbuf_text(&text), stderr);
	results_free(&results);
	worst_free(&worst);
	json_decref(report.machine);
	return r ? 1 : 0;
}
