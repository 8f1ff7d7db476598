/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keys of /etc/lqos and /etc/lqos.conf up to LibreQoS 1.4, and the names that came later.
 */
#pragma once

#include "model/schema.h"

struct lqos_mapping {
	struct conf_string name, redirect_to;
	struct conf_bool scan_vlans;
};

struct lqos_vlan {
	struct conf_string parent;
	struct conf_int tag, redirect_to;
};

struct lqos_bridge {
	struct conf_bool use_kernel_bridge, use_xdp_bridge;
	struct conf_list mappings, vlans;
	/* The form since 1.5. */
	struct conf_string to_internet, to_network;
	struct conf_int mtu;
};

struct lqos_tuning {
	struct conf_bool stop_irq_balance, disable_rxvlan, disable_txvlan, governor;
	struct conf_int budget_usecs, budget_packets, rx_usecs, tx_usecs;
	struct conf_list disable_offload;
};

struct lqos_usage_stats {
	struct conf_bool send_anonymous;
	struct conf_string server;
};

struct lqos_long_term_stats {
	struct conf_bool gather;
	struct conf_int collation_period, uisp_interval;
	struct conf_string license_key;
};

struct lqos_file {
	struct conf_string directory, node_id, node_name;
	struct conf_int queue_check_period, packet_capture_time;
	struct lqos_bridge bridge;
	struct lqos_tuning tuning;
	struct lqos_usage_stats usage_stats;
	struct lqos_long_term_stats long_term_stats;
};

extern const struct schema_row lqos_rows[];
/* Top-level names of LibreQoS 1.5 and later: known, not looked into.  NULL ends the list. */
extern const char *const lqos_later_names[];
