# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab itself: each topology carries traffic without weird, and the tools that judge weird tell the
# truth about loss, order and tags. A test that trusts them starts here.

test_bridge_topology() {
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	ping_ok a 10.77.0.2
	ping_ok b fd77::1
}

test_bridge_topology_carries_9000_bytes() {
	LAB_MTU=9000
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	ping_ok a 10.77.0.2 -M do -s 8972
	frames_through a eth0 b eth0 10 -l 9014
	assert_eq "$(frames_value .corrupt)" 0
	assert_eq "$(frames_value '.shapes[0].size')" 9014
}

test_fan_topology() {
	local host
	lab_up fan
	lab_linux_bridge mid eth1 eth2 eth3 eth4 eth5
	for host in 2 3 4 5; do ping_ok a 10.77.0.$host; done
}

test_single_topology() {
	lab_up single
	ping_ok a 10.77.0.254
}

test_without_a_bridge_nothing_passes() {
	lab_up bridge
	ping_fails a 10.77.0.2
}

# Two more veth pairs in the middle swap tag 3 and 4, which is what weird's bridge does there.
stick_swap_in_the_middle() {
	local trunk out
	lab_wire mid out3 mid in3 && lab_wire mid out4 mid in4
	trunk=$(lab_ifindex mid eth1)
	lab_attach tc mid eth1 trunk "3=$(lab_ifindex mid out4),4=$(lab_ifindex mid out3)"
	for out in 3 4; do lab_attach tc mid in$out access $out "$trunk"; done
	lab_wait_carrier
}

test_stick_topology() {
	lab_up stick
	ping_fails a 10.77.0.2
	stick_swap_in_the_middle
	ping_ok a 10.77.0.2
	ping_ok b fd77::1
}

test_stick_trunk_carries_tags() {
	lab_up stick
	frames_through a eth0 mid eth1 5
	assert_eq "$(frames_value '.shapes[0].tags|map(.vid)|tostring')" '[3]'
	frames_through sw trunk mid eth1 5 -t 3:5:1 -t 100:2@0x8100 -l 500
	assert_eq "$(frames_value '.shapes|length')" 1
	assert_eq "$(frames_value '.shapes[0].tags|map([.vid,.pcp,.dei])|tostring')" '[[3,5,1],[100,2,0]]'
	assert_eq "$(frames_value '.shapes[0].size')" 508
	assert_eq "$(frames_value .lost)" 0
}

test_udpgen_loses_nothing_on_a_good_path() {
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	udp_start a b 10.77.0.2:9000 5000 10 -n 5000
	udp_lost_nothing
	assert_eq "$(udp_value .datagrams)" 5000
	udp_start a b '[fd77::2]:9000' 5000 10 -n 3000 -f 3
	udp_lost_nothing
	assert_eq "$(udp_value .flows)" 3
}

# The low byte of the number stands at 14 + 20 + 8 + 16: every 256th datagram is dropped.
test_udpgen_names_what_was_dropped() {
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	lab_attach tc mid eth1 drop 58 5
	udp_start a b 10.77.0.2:9000 5000 10 -n 1000
	udp_finish
	assert_eq "$(udp_value .lost)" 4
	assert_eq "$(udp_value '.per_flow[0].missing|tostring')" '[[5,5],[261,261],[517,517],[773,773]]'
	assert_eq "$(udp_value .duplicates)" 0
}

# The end counts too: a sender cut off in its last datagrams must not look lossless.
test_udpgen_counts_a_lost_tail() {
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	udp_start a b 10.77.0.2:9000 1000 10 -n 2000
	sleep 0.5
	lab_attach tc mid eth1 drop 12 8 # the IPv4 ethertype's first byte: everything
	udp_finish
	! (udp_check_lossless) || fail "a run without its tail was called lossless"
	assert_le "$(udp_value .datagrams)" 1999
	assert_ge "$(udp_value .datagrams)" 1
}

stamp_bytes() { # KIND SEQ: a datagram as udpgen makes it
	printf "\\x72\\x69\\x65\\x77\\x01\\0\\0\\0\\0\\0\\x01\\0\\x0$1\\0\\0\\0\\x0$2\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"
}

test_udpgen_counts_duplicates_and_order() {
	local sink kind
	lab_up single
	nsenter --net="/run/netns/$(lab_ns mid)" "$BUILD/lab/udpgen" sink -b 10.77.0.254:9000 -t 10 \
		>"$TEST_DIR/udp.json" 2>"$TEST_DIR/udp.err" &
	sink=$!
	listen_ready $sink "$TEST_DIR/udp.err"
	for kind in "0 1" "0 4" "0 2" "0 2" "1 5"; do
		# shellcheck disable=SC2086
		stamp_bytes $kind >"$TEST_DIR/datagram"
		ns_exec a bash -c 'cat "$0" >/dev/udp/10.77.0.254/9000' "$TEST_DIR/datagram"
	done
	wait $sink
	cat "$TEST_DIR/udp.json"
	assert_eq "$(udp_value .duplicates)" 1
	assert_eq "$(udp_value .reordered)" 1
	assert_eq "$(udp_value .lost)" 2
	assert_eq "$(udp_value '.per_flow[0].missing|tostring')" '[[3,3],[5,5]]'
}
