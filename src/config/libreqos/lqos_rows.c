/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/lqos_rows.h"

/* A row without help: these are another program's keys, and its manual explains them. */
#define ROW(type, member, name, what, ...)                                                      \
	{                                                                                       \
		.key = name, .kind = what, .offset = offsetof(struct type, member), __VA_ARGS__ \
	}
#define END                 \
	{                   \
		.key = NULL \
	}

static const struct schema_row mapping_rows[] = {
	ROW(lqos_mapping, name, "name", SCHEMA_IFNAME, .required = true),
	ROW(lqos_mapping, redirect_to, "redirect_to", SCHEMA_IFNAME, .required = true),
	ROW(lqos_mapping, scan_vlans, "scan_vlans", SCHEMA_BOOL, .def = "false"),
	END,
};

static const struct schema_row vlan_rows[] = {
	ROW(lqos_vlan, parent, "parent", SCHEMA_IFNAME, .required = true),
	ROW(lqos_vlan, tag, "tag", SCHEMA_INT, .required = true, .min = 1, .max = 4094),
	ROW(lqos_vlan, redirect_to, "redirect_to", SCHEMA_INT, .required = true, .min = 1,
	    .max = 4094),
	END,
};

static const struct schema_row bridge_rows[] = {
	ROW(lqos_bridge, use_kernel_bridge, "use_kernel_bridge", SCHEMA_BOOL),
	ROW(lqos_bridge, use_xdp_bridge, "use_xdp_bridge", SCHEMA_BOOL),
	ROW(lqos_bridge, mappings, "interface_mapping", SCHEMA_LIST, .rows = mapping_rows,
	    .item_size = sizeof(struct lqos_mapping)),
	ROW(lqos_bridge, vlans, "vlan_mapping", SCHEMA_LIST, .rows = vlan_rows,
	    .item_size = sizeof(struct lqos_vlan)),
	ROW(lqos_bridge, to_internet, "to_internet", SCHEMA_IFNAME),
	ROW(lqos_bridge, to_network, "to_network", SCHEMA_IFNAME),
	ROW(lqos_bridge, mtu, "mtu", SCHEMA_INT, .min = 576, .max = 9216, .unit = "bytes"),
	END,
};

static const struct schema_row tuning_rows[] = {
	ROW(lqos_tuning, stop_irq_balance, "stop_irq_balance", SCHEMA_BOOL),
	ROW(lqos_tuning, budget_usecs, "netdev_budget_usecs", SCHEMA_INT, .max = INT32_MAX,
	    .unit = "us"),
	ROW(lqos_tuning, budget_packets, "netdev_budget_packets", SCHEMA_INT, .max = INT32_MAX,
	    .unit = "packets"),
	ROW(lqos_tuning, rx_usecs, "rx_usecs", SCHEMA_INT, .max = INT32_MAX, .unit = "us"),
	ROW(lqos_tuning, tx_usecs, "tx_usecs", SCHEMA_INT, .max = INT32_MAX, .unit = "us"),
	ROW(lqos_tuning, disable_rxvlan, "disable_rxvlan", SCHEMA_BOOL),
	ROW(lqos_tuning, disable_txvlan, "disable_txvlan", SCHEMA_BOOL),
	ROW(lqos_tuning, disable_offload, "disable_offload", SCHEMA_STRINGS),
	ROW(lqos_tuning, governor, "set_cpu_governor_performance", SCHEMA_BOOL),
	END,
};

static const struct schema_row usage_rows[] = {
	ROW(lqos_usage_stats, send_anonymous, "send_anonymous", SCHEMA_BOOL),
	ROW(lqos_usage_stats, server, "anonymous_server", SCHEMA_STRING),
	END,
};

static const struct schema_row long_term_rows[] = {
	ROW(lqos_long_term_stats, gather, "gather_stats", SCHEMA_BOOL),
	ROW(lqos_long_term_stats, collation_period, "collation_period_seconds", SCHEMA_INT,
	    .max = INT32_MAX, .unit = "s"),
	ROW(lqos_long_term_stats, license_key, "license_key", SCHEMA_STRING),
	ROW(lqos_long_term_stats, uisp_interval, "uisp_reporting_interval_seconds", SCHEMA_INT,
	    .max = INT32_MAX, .unit = "s"),
	END,
};

const struct schema_row lqos_rows[] = {
	ROW(lqos_file, directory, "lqos_directory", SCHEMA_PATH),
	ROW(lqos_file, queue_check_period, "queue_check_period_ms", SCHEMA_INT, .min = 1,
	    .max = INT32_MAX, .unit = "ms"),
	ROW(lqos_file, node_id, "node_id", SCHEMA_STRING),
	ROW(lqos_file, node_name, "node_name", SCHEMA_STRING),
	ROW(lqos_file, packet_capture_time, "packet_capture_time", SCHEMA_INT, .min = 1,
	    .max = INT32_MAX, .unit = "s"),
	ROW(lqos_file, bridge, "bridge", SCHEMA_GROUP, .rows = bridge_rows),
	ROW(lqos_file, tuning, "tuning", SCHEMA_GROUP, .rows = tuning_rows),
	ROW(lqos_file, usage_stats, "usage_stats", SCHEMA_GROUP, .rows = usage_rows),
	ROW(lqos_file, long_term_stats, "long_term_stats", SCHEMA_GROUP, .rows = long_term_rows),
	END,
};

const char *const lqos_later_names[] = {
	"version",
	"state_directory",
	"qoo_profile_id",
	"rtt_thresholds",
	"disable_webserver",
	"webserver_listen",
	"display_cobrand",
	"disable_icmp_ping",
	"exclude_efficiency_cores",
	"enable_circuit_heatmaps",
	"enable_site_heatmaps",
	"enable_asn_heatmaps",
	"single_interface",
	"queues",
	"ssl",
	"topology",
	"flows",
	"ip_ranges",
	"dynamic_circuits",
	"radius_accounting",
	"treeguard",
	"stormguard",
	"local_api",
	"influxdb",
	"integration_common",
	"mikrotik_ipv6",
	"uisp_integration",
	"splynx_integration",
	"sonar_integration",
	"powercode_integration",
	"netzur_integration",
	"visp_integration",
	"wispgate_integration",
	NULL,
};
