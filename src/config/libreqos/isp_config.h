/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ispConfig.py of LibreQoS up to 1.4.  It is Python, but not run: only plain assignments count.
 */
#pragma once

#include "model/network.h"
#include "model/schema.h"

struct isp_rate {
	uint64_t value; /* bits per second */
	bool set;
	struct mark at;
};

struct isp_prefixes {
	VEC(struct net_address) list;
	bool set;
	struct mark at;
};

/* What is not set is 0, false or NULL; only `run_commands` is true then. */
struct isp_config {
	struct conf_string sqm;
	struct conf_bool monitor_only;
	struct isp_rate uplink_down, uplink_up;
	struct isp_rate generated_down, generated_up; /* of each node made up for what has none */
	struct conf_string interface_a, interface_b; /* towards subscribers, towards the internet */
	struct conf_bool on_a_stick;
	struct conf_int stick_vlan_a, stick_vlan_b;
	struct conf_bool run_commands; /* false: nothing is to be changed */
	struct conf_int queues;	       /* 0 = as many as there are */
	struct conf_bool bin_packing;
	struct conf_int refresh_minutes;
	struct isp_prefixes ignore, allowed;
};

/*
 * -EINVAL: every mistake was reported.  A key of which 1.4 knows but Weir makes no use is noted, an
 * unknown one is a warning.  `name` stands in every mark and must outlive the result.
 */
int isp_config_read(const char *name, const char *text, size_t len, struct isp_config *ret,
		    struct diag *d);
void isp_config_free(struct isp_config *config);
#define _cleanup_isp_config_ _cleanup_(isp_config_free)
