# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# host a -- eth1 [mid] eth2 -- host b; a is 10.77.0.1 and fd77::1, b is .2 and ::2

topology_up() {
	lab_namespaces a mid b && lab_quiet mid || return 1
	lab_wire a eth0 mid eth1 && lab_wire b eth0 mid eth2 || return 1
	lab_host a eth0 1 && lab_host b eth0 2
}
