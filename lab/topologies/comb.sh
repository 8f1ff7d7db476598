# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# hosts a -- eth1, b -- eth2 [mid] eth3..eth12 -- ten wires to one host c: eth0 to eth9

topology_up() {
	local wire
	lab_namespaces a b mid c && lab_quiet mid && lab_quiet c || return 1
	lab_wire a eth0 mid eth1 && lab_wire b eth0 mid eth2 || return 1
	lab_host a eth0 1 && lab_host b eth0 2 || return 1
	for wire in 0 1 2 3 4 5 6 7 8 9; do
		lab_wire c "eth$wire" mid "eth$((wire + 3))" && lab_receives_redirects c "eth$wire" || return 1
	done
}
