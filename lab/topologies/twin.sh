# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# host a -- eth1 [mid] two wires eth2, eth3 -- host b, one address; a is 10.77.0.1 and fd77::1, b .2 and ::2

# Both ends of b's wires have one MAC address, its addresses are on eth0: what comes in by eth1 is taken
# too, what b sends goes out by eth0. An answer of neighbour discovery may come in by the wire that did not
# ask, where it is not understood, so what would have to be asked is told.
topology_up() {
	lab_namespaces a mid b && lab_quiet mid && topology_any_wire b || return 1
	lab_wire a eth0 mid eth1 && lab_wire b eth0 mid eth2 && lab_wire b eth1 mid eth3 || return 1
	ip -n "$(lab_ns b)" link set eth1 address "$(topology_mac b)" || return 1
	lab_host a eth0 1 && lab_host b eth0 2 && lab_receives_redirects b eth1 || return 1
	topology_tell b a 10.77.0.1 fd77::1 && topology_tell a b fd77::2
}

# Both may be inherited from the machine, and the larger of "all" and an interface's own counts.
topology_any_wire() {
	local which
	for which in all default; do
		lab_exec "$1" sysctl -qw net.ipv4.conf.$which.rp_filter=0 net.ipv4.conf.$which.arp_ignore=0 \
			net.ipv4.conf.$which.arp_filter=0 || return 1
	done
}

topology_mac() { ip -n "$(lab_ns "$1")" -o link show dev eth0 | sed 's|.*link/ether \([^ ]*\).*|\1|'; }

# topology_tell ROLE OTHER ADDRESS...
topology_tell() {
	local role=$1 mac address
	mac=$(topology_mac "$2")
	shift 2
	for address in "$@"; do
		ip -n "$(lab_ns "$role")" neigh replace "$address" dev eth0 lladdr "$mac" nud permanent || return 1
	done
}
