# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# host a -- eth1 [mid]; a is 10.77.0.1 and fd77::1, the middle itself answers as .254

topology_up() {
	lab_namespaces a mid && lab_quiet mid || return 1
	lab_wire a eth0 mid eth1 || return 1
	lab_host a eth0 1 && ip -n "$(lab_ns mid)" addr add 10.77.0.254/24 dev eth1
}
