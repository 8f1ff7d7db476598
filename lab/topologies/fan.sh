# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# host a -- eth1 [mid] eth2..eth5 -- hosts b c d e; a is 10.77.0.1, b..e are .2 to .5, IPv6 alike

topology_up() {
	local role number=1
	lab_namespaces a mid b c d e && lab_quiet mid || return 1
	for role in a b c d e; do
		lab_wire "$role" eth0 mid "eth$number" && lab_host "$role" eth0 "$number" || return 1
		number=$((number + 1))
	done
}
