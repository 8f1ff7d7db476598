/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/isp_rows.h"

#define ROW(member, name, what, ...)                                                                  \
	{                                                                                             \
		.key = name, .kind = what, .offset = offsetof(struct isp_config, member), __VA_ARGS__ \
	}

const struct isp_row isp_rows[ISP_ROWS] = {
	ROW(sqm, "sqm", ISP_TEXT),
	ROW(monitor_only, "monitorOnlyMode", ISP_BOOL),
	ROW(uplink_down, "upstreamBandwidthCapacityDownloadMbps", ISP_RATE),
	ROW(uplink_up, "upstreamBandwidthCapacityUploadMbps", ISP_RATE),
	ROW(generated_down, "generatedPNDownloadMbps", ISP_RATE),
	ROW(generated_up, "generatedPNUploadMbps", ISP_RATE),
	ROW(interface_a, "interfaceA", ISP_IFNAME),
	ROW(interface_b, "interfaceB", ISP_IFNAME),
	ROW(on_a_stick, "OnAStick", ISP_BOOL),
	ROW(stick_vlan_a, "StickVlanA", ISP_INT, .max = 4094),
	ROW(stick_vlan_b, "StickVlanB", ISP_INT, .max = 4094),
	ROW(run_commands, "enableActualShellCommands", ISP_BOOL),
	ROW(queues, "queuesAvailableOverride", ISP_INT, .max = 256),
	ROW(bin_packing, "useBinPackingToBalanceCPU", ISP_BOOL),
	ROW(refresh_minutes, "queueRefreshIntervalMins", ISP_INT, .min = 1, .max = 525600),
	ROW(ignore, "ignoreSubnets", ISP_PREFIXES),
	ROW(allowed, "allowedSubnets", ISP_PREFIXES),
};

const char *const isp_unused[] = {
	"runShellCommandsAsSudo",
	/* Graphs. */
	"influxDBEnabled",
	"influxDBurl",
	"influxDBBucket",
	"influxDBOrg",
	"influxDBtoken",
	/* What fills the files from another system. */
	"circuitNameUseAddress",
	"overwriteNetworkJSONalways",
	"automaticImportSplynx",
	"splynx_api_key",
	"splynx_api_secret",
	"splynx_api_url",
	"automaticImportUISP",
	"uispAuthToken",
	"UISPbaseURL",
	"uispSite",
	"uispStrategy",
	"uispSuspendedStrategy",
	"airMax_capacity",
	"ltu_capacity",
	"excludeSites",
	"findIPv6usingMikrotik",
	"bandwidthOverheadFactor",
	"committedBandwidthMultiplier",
	"exceptionCPEs",
	/* Access from outside. */
	"apiUsername",
	"apiPassword",
	"apiHostIP",
	"apiHostPost",
	"httpRestIntegrationConfig",
	NULL,
};
