# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the shaper's topologies share: who the subscribers are. They live in namespace c, all on one
# interface; the internet is namespace i. Sourced after lab.sh.
#   lab_subscriber4 N, lab_subscriber6 N: addresses of subscriber N, of whom there are LAB_SUBSCRIBERS (20)

LAB_INTERNET4=100.127.0.1
LAB_INTERNET6=2001:db8:7f::1

# As in lab/shape_frame.h: numbers may go beyond those who really have their address.
lab_subscriber4() { echo "100.64.$(($1 >> 8)).$(($1 & 255))"; }
lab_subscriber6() { printf '2001:db8:64:%x::1\n' "$1"; }

# lab_subscribers ROLE IF BITS4 BITS6: all their addresses, with these prefix lengths.
lab_subscribers() {
	local n
	lab_receives_redirects "$1" "$2" || return 1
	for ((n = 1; n <= ${LAB_SUBSCRIBERS:-20}; n++)); do
		printf 'addr add 100.64.%d.%d/%d dev %s\n' $((n >> 8)) $((n & 255)) "$3" "$2"
		printf 'addr add 2001:db8:64:%x::1/%d dev %s nodad\n' "$n" "$4" "$2"
	done | ip -n "$LAB_PREFIX-$1" -batch -
}

# lab_internet ROLE IF BITS4 BITS6
lab_internet() {
	lab_receives_redirects "$1" "$2" || return 1
	printf 'addr add %s\n' "$LAB_INTERNET4/$3 dev $2" "$LAB_INTERNET6/$4 dev $2 nodad" |
		ip -n "$LAB_PREFIX-$1" -batch -
}
