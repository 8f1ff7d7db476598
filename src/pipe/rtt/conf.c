/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/rtt/conf.h"

#include <errno.h>

#define INTERVALS_MAX 360
#define AT(member) offsetof(struct rtt_conf, member)

static const struct schema_row rows[] = {
	{ .key = "timestamps",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(timestamps),
	  .def = "true",
	  .help = "Match what TCP's timestamps echo. Without, their flows are matched by "
		  "sequence." },
	{ .key = "sequence",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(sequence),
	  .def = "true",
	  .help = "Match acknowledgments, in flows without timestamps." },
	{ .key = "handshake",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(handshake),
	  .def = "true",
	  .help = "Time the opening of TCP connections, towards each side." },
	{ .key = "details",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(details),
	  .def = "true",
	  .help = "Account the flows of subscribers, for `weir flows`." },
	{ .key = "rest",
	  .kind = SCHEMA_INT,
	  .offset = AT(rest),
	  .def = "40",
	  .min = 0,
	  .max = 60000,
	  .unit = "milliseconds",
	  .help = "After a sample, how long one of a flow's three marks is not used again." },
	{ .key = "interval",
	  .kind = SCHEMA_INT,
	  .offset = AT(interval),
	  .def = "10",
	  .min = 1,
	  .max = 3600,
	  .unit = "seconds",
	  .help = "Length of the intervals that round trips are kept in." },
	{ .key = "keep",
	  .kind = SCHEMA_INT,
	  .offset = AT(keep),
	  .def = "60",
	  .min = 1,
	  .max = 86400,
	  .unit = "seconds",
	  .help = "How far one can look back; at most 360 intervals." },
	{ .key = "flows",
	  .kind = SCHEMA_INT,
	  .offset = AT(flows),
	  .def = "65536",
	  .min = 1024,
	  .max = 16777216,
	  .help = "Places in the table of flows: 64 bytes each, and 128 more for details." },
	{ .key = "memory",
	  .kind = SCHEMA_INT,
	  .offset = AT(memory),
	  .def = "64",
	  .min = 4,
	  .max = 65536,
	  .unit = "MiB",
	  .help = "For histograms, at most; when it is used up they become coarser." },
	{ .key = NULL },
};

const struct schema rtt_schema = {
	.name = "rtt",
	.help = "Round-trip times of subscribers, measured from packets that pass.",
	.rows = rows,
	.size = sizeof(struct rtt_conf),
};

unsigned rtt_conf_intervals(const struct rtt_conf *conf)
{
	return (unsigned)((conf->keep.value + conf->interval.value - 1) / conf->interval.value);
}

int rtt_conf_check(const void *data, const struct pipe_facts *facts, struct diag *d)
{
	const struct rtt_conf *conf = data;
	const struct conf_int *wrong = conf->keep.set ? &conf->keep : &conf->interval;
	const unsigned before = d->errors;

	if (conf->keep.value < conf->interval.value)
		(void)diag_error(d, &wrong->at,
				 "`keep` (%lld seconds) is less than one `interval` (%lld seconds)",
				 (long long)conf->keep.value, (long long)conf->interval.value);
	else if (rtt_conf_intervals(conf) > INTERVALS_MAX)
		(void)diag_error(d, &wrong->at,
				 "`keep` is %u intervals of %lld seconds: expected at most %u",
				 rtt_conf_intervals(conf), (long long)conf->interval.value,
				 INTERVALS_MAX);
	return d->errors > before ? -EINVAL : 0;
}
