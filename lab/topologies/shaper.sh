# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# subscribers c -- eth1 [mid] eth2 -- internet i (100.127.0.1), one LAN: LAB_SUBSCRIBERS (20), 100.64.0.N

# shellcheck source=lab/subscribers.sh
. "$LAB_ROOT/lab/subscribers.sh"

topology_up() {
	local LAB_QUEUES=${LAB_QUEUES:-4}
	lab_namespaces c mid i && lab_quiet mid || return 1
	lab_wire c eth0 mid eth1 && lab_wire i eth0 mid eth2 || return 1
	lab_subscribers c eth0 10 32 && lab_internet i eth0 10 32
}
