# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab: little networks of namespaces and veth pairs, for hands, tests, the demo and measurements.
# Source it; every namespace is called $LAB_PREFIX-ROLE, so any number of labs stand side by side.
#   lab_up TOPOLOGY   lab_down   lab_list   lab_exec ROLE CMD...   lab_pids   lab_linux_bridge
# LAB_PREFIX (lab), LAB_QUEUES (2; 4 with subscribers), LAB_MTU (1500), LAB_BUILD (build/ of this checkout).

LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_BUILD=${LAB_BUILD:-$LAB_ROOT/build}
LAB_PREFIX=${LAB_PREFIX:-lab}
LAB_MTU=${LAB_MTU:-1500}
LAB_STATE=/run/weir-lab

lab_die() {
	echo "lab: $*" >&2
	return 1
}

lab_ns() { echo "$LAB_PREFIX-$1"; }

# Not `ip netns exec`: that mounts a new /sys, and with it the BPF file system is gone.
lab_exec() {
	local role=$1
	shift
	nsenter --net="/run/netns/$LAB_PREFIX-$role" "$@"
}

# lab_namespaces ROLE...: new namespaces, noted first so that an interrupted `up` can be taken down.
lab_namespaces() {
	local role
	mkdir -p "$LAB_STATE"
	printf '%s\n' "$LAB_TOPOLOGY" "$@" >"$LAB_STATE/$LAB_PREFIX"
	for role in "$@"; do
		ip netns add "$LAB_PREFIX-$role" || return 1
		ip -n "$LAB_PREFIX-$role" link set lo up
		# Addresses must work at once: no duplicate detection, no router discovery.
		lab_exec "$role" sysctl -qw net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0
	done
}

# The box in the middle says nothing by itself: what its counters show is what was sent through.
lab_quiet() {
	lab_exec "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1
}

# lab_wire ROLE_A IF_A ROLE_B IF_B: a veth pair that behaves like a cable. VLAN tags stay in the
# frame, sums are complete and packets no larger than the wire allows; else redirects break them.
lab_wire() {
	local a=$LAB_PREFIX-$1 b=$LAB_PREFIX-$3 queues=${LAB_QUEUES:-2}
	ip link add "$2" netns "$a" numtxqueues "$queues" numrxqueues "$queues" mtu "$LAB_MTU" type veth \
		peer name "$4" netns "$b" numtxqueues "$queues" numrxqueues "$queues" mtu "$LAB_MTU" || return 1
	lab_wire_end "$1" "$2" && lab_wire_end "$3" "$4"
}

lab_wire_end() {
	lab_exec "$1" ethtool -K "$2" txvlan off rxvlan off tx off tso off gso off >/dev/null 2>&1
	ip -n "$LAB_PREFIX-$1" link set "$2" up
}

# A veth receives redirected frames only where it runs NAPI: GRO does that from Linux 5.13 on, before
# that an XDP program on the receiving end.
lab_receives_redirects() {
	local role=$1 interface=$2
	if lab_kernel_at_least 5 13; then
		lab_exec "$role" ethtool -K "$interface" gro on >/dev/null
	elif [ "$LAB_MTU" -le 3000 ]; then # such a kernel's XDP takes no larger frames, redirected or not
		lab_attach xdp "$role" "$interface" pass
	fi
}

lab_kernel_at_least() {
	local major minor
	IFS=. read -r major minor _ </proc/sys/kernel/osrelease
	((major > $1 || (major == $1 && ${minor%%[!0-9]*} >= $2)))
}

# lab_attach xdp|tc ROLE IF VLANPORT_ARGS...: the pin lives only until the program is attached.
lab_attach() {
	local hook=$1 role=$2 interface=$3 pin rc=0
	shift 3
	[ -x "$LAB_BUILD/lab/vlanport" ] || lab_die "$LAB_BUILD/lab/vlanport is missing: run ./dev build" || return 1
	pin=/sys/fs/bpf/$LAB_PREFIX-$role-$interface
	"$LAB_BUILD/lab/vlanport" "$@" "$pin" || return 1
	if [ "$hook" = xdp ]; then
		lab_exec "$role" ip link set dev "$interface" xdp pinned "$pin" || rc=1
	else
		lab_exec "$role" tc qdisc add dev "$interface" clsact &&
			lab_exec "$role" tc filter add dev "$interface" ingress bpf direct-action object-pinned "$pin" || rc=1
	fi
	rm -f "$pin"
	return $rc
}

lab_ifindex() { ip -n "$LAB_PREFIX-$1" -o link show dev "$2" | cut -d: -f1; }

# lab_host ROLE IF NUMBER: an end host with the addresses 10.77.0.NUMBER and fd77::NUMBER.
lab_host() {
	lab_receives_redirects "$1" "$2" || return 1
	printf 'addr add %s\n' "10.77.0.$3/24 dev $2" "fd77::$3/64 dev $2 nodad" | ip -n "$LAB_PREFIX-$1" -batch -
}

# lab_linux_bridge ROLE IF...: the kernel's own bridge in the middle, to prove a topology without weird.
lab_linux_bridge() {
	local ns=$LAB_PREFIX-$1 interface
	shift
	ip -n "$ns" link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0 || return 1
	ip -n "$ns" link set br0 mtu "$LAB_MTU" up
	for interface in "$@"; do
		ip -n "$ns" link set "$interface" master br0 || return 1
	done
}

lab_topologies() {
	local file
	for file in "$LAB_ROOT"/lab/topologies/*.sh; do
		printf '%-8s %s\n' "$(basename "$file" .sh)" "$(sed -n '3s/^# *//p' "$file")"
	done
}

lab_bpffs() {
	[ "$(stat -f -c %T /sys/fs/bpf 2>/dev/null)" = bpf_fs ] || mount -t bpf bpf /sys/fs/bpf
}

lab_up() {
	LAB_TOPOLOGY=$1
	local file=$LAB_ROOT/lab/topologies/$1.sh
	[ -e "$file" ] || {
		lab_die "no topology '$1'; there are:" || lab_topologies >&2
		return 1
	}
	[ "$EUID" = 0 ] || lab_die "namespaces need root" || return 1
	lab_down && lab_bpffs || return 1
	# shellcheck disable=SC1090
	. "$file"
	topology_up && lab_wait_carrier && return 0
	lab_down
	lab_die "topology '$1' did not come up"
}

# The kernel tells of a carrier up to a second late, and until then a link sends nothing.
lab_wait_carrier() {
	local role end=$((SECONDS + 5))
	for role in $(lab_roles); do
		while [[ $(ip -n "$LAB_PREFIX-$role" -o link show) == *'state '[^U]* ]]; do
			[ $SECONDS -lt $end ] || lab_die "a link of $role has no carrier" || return 1
			sleep 0.05
		done
	done
}

lab_roles() { [ ! -e "$LAB_STATE/$LAB_PREFIX" ] || sed 1d "$LAB_STATE/$LAB_PREFIX"; }

lab_pids() {
	local role
	for role in $(lab_roles); do
		ip netns pids "$LAB_PREFIX-$role" 2>/dev/null || true
	done
}

# Idempotent. What still runs inside goes too, or the namespace would live on without a name.
lab_down() {
	local role pids
	pids=$(lab_pids)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
	for role in $(lab_roles); do
		ip netns del "$LAB_PREFIX-$role" 2>/dev/null || true
	done
	rm -f "$LAB_STATE/$LAB_PREFIX"
}

lab_list() {
	local file
	for file in "$LAB_STATE"/*; do
		[ -e "$file" ] || continue
		echo "$(basename "$file"): $(head -1 "$file") ($(sed 1d "$file" | sed "s/^/$(basename "$file")-/" | paste -sd' '))"
	done
}
