# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# subscribers c (100.64.0.0/16) -- eth1 [mid routes] eth2 -- internet i (100.127.0.0/16); hosts as in shaper

# shellcheck source=lab/subscribers.sh
. "$LAB_ROOT/lab/subscribers.sh"

topology_up() {
	local LAB_QUEUES=${LAB_QUEUES:-4}
	lab_namespaces c mid i || return 1
	lab_wire c eth0 mid eth1 && lab_wire i eth0 mid eth2 || return 1
	lab_subscribers c eth0 16 48 && lab_internet i eth0 16 48 && topology_router || return 1
	topology_gateway c 100.64.255.254 2001:db8:64:ffff::fe
	topology_gateway i 100.127.255.254 2001:db8:7f:ffff::fe
}

topology_router() {
	printf 'addr add %s\n' "100.64.255.254/16 dev eth1" "2001:db8:64:ffff::fe/48 dev eth1 nodad" \
		"100.127.255.254/16 dev eth2" "2001:db8:7f:ffff::fe/48 dev eth2 nodad" |
		ip -n "$(lab_ns mid)" -batch - || return 1
	lab_exec mid sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0
}

topology_gateway() { # ROLE GATEWAY4 GATEWAY6
	printf 'route add default via %s dev eth0\n' "$2" | ip -n "$(lab_ns "$1")" -batch - &&
		printf 'route add default via %s dev eth0\n' "$3" | ip -n "$(lab_ns "$1")" -6 -batch -
}
