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

# What is in flight when the sender ends is not counted by the receiver.
iperf_ok() { # ADDRESS: from a to b
	local server
	nsenter --net="/run/netns/$(lab_ns b)" iperf3 -s -1 >"$TEST_DIR/iperf.server" 2>&1 &
	server=$!
	wait_for 5 ns_exec b bash -c 'ss -ltn | grep -q :5201'
	ns_exec a iperf3 -c "$1" -n 12M -J >"$TEST_DIR/iperf.json" || fail "iperf3: $(tail -5 "$TEST_DIR/iperf.json")"
	wait "$server" || true
	assert_ge "$(jq .end.sum_received.bytes "$TEST_DIR/iperf.json")" 6000000 "bytes that iperf3 received"
}

test_twin_topology() {
	lab_up twin
	lab_linux_bridge mid eth1 eth2
	ping_ok a 10.77.0.2
	ping_ok a fd77::2
	ping_ok b 10.77.0.1
	iperf_ok 10.77.0.2
	iperf_ok fd77::2
}

packets_of() { ip -n "$(lab_ns "$1")" -s -j link show dev "$2" | jq ".[0].stats64.$3.packets"; } # rx or tx

# What goes to b takes the second wire only, and what b says comes by the first.
test_twin_takes_packets_on_either_wire() {
	local first
	lab_up twin
	lab_linux_bridge mid eth1 eth2 eth3
	ip -n "$(lab_ns mid)" link set eth2 type bridge_slave learning off flood off mcast_flood off bcast_flood off
	first=$(packets_of b eth0 rx)
	ping_ok a 10.77.0.2
	ping_ok a fd77::2
	iperf_ok 10.77.0.2
	assert_eq "$(packets_of b eth0 rx)" "$first" "packets by the first wire"
	assert_ge "$(packets_of b eth0 tx)" 6 "answers by the first wire"
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

# Everything that `flows` can send, and one way for it.
test_flows_stay_together_on_one_way() {
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	flows_run --from a:eth0 --to b:eth0 --tags mixed --fragments 30 --icmp-errors 20 --syn --fin --other 30 --packets 3
	assert_eq "$(flows_value '[.flows,.receivers[0].flows]|tostring')" '[1000,1000]'
	assert_eq "$(flows_value '[.lost,.duplicates,.reordered,.corrupt,.unseen]|tostring')" '[0,0,0,0,0]'
	assert_eq "$(flows_value '[.split,.split_datagrams]|tostring')" '[0,0]'
	assert_eq "$(flows_value '[.sent_by[] > 0]|all')" true "frames of every kind"
	# A bridge keeps LLDP, which is every third.
	assert_eq "$(flows_value '[.missing.other,.receivers[0].other]|tostring')" '[10,20]'
}

# A flooding bridge shows each frame to every host: whole connections twice, but none on one alone.
test_flows_see_what_is_split() {
	lab_up fan
	lab_linux_bridge mid eth1 eth2 eth3
	flows_run --from a:eth0 --to b:eth0 --to c:eth0 --fragments 50 --icmp-errors 50
	assert_eq "$(flows_value .split)" 1000
	assert_eq "$(flows_value .lost)" 0
	assert_eq "$(flows_value '.duplicates == .sent')" true
	assert_eq "$(flows_value '.split_by == (.sent_by|del(.other))')" true
	assert_eq "$(flows_value '.split_datagrams == .datagrams')" true
	assert_eq "$(flows_value '[.reordered,.unseen]|tostring')" '[0,0]'
	assert_eq "$(flows_value '.receivers[0].frames == .receivers[1].frames')" true
}

# Frames that have VALUE in the byte at OFFSET go to c, all others to b.
flows_diverted() { # OFFSET VALUE OPTIONS...
	lab_up fan
	lab_linux_bridge mid eth1 eth2
	lab_attach tc mid eth1 divert "$1" "$2" "$(lab_ifindex mid eth3)"
	shift 2
	flows_run --from a:eth0 --to b:eth0 --to c:eth0 --family 4 "$@"
	assert_eq "$(flows_value .lost)" 0
	assert_eq "$(flows_value .duplicates)" 0
}

# Errors alone go astray: byte 23 is the protocol.
test_flows_tell_astray_icmp_errors() {
	flows_diverted 23 1 --icmp-errors 25 --fragments 20
	assert_eq "$(flows_value '.sent_by.icmp > 0')" true
	assert_eq "$(flows_value '.split == .sent_by.icmp and .split_by.icmp == .sent_by.icmp')" true
	assert_eq "$(flows_value '[.split_by.data,.split_by.fragment,.split_datagrams]|tostring')" '[0,0,0]'
}

# The last fragment alone does: byte 21 is the offset by 8, which is 12 there.
test_flows_tell_astray_fragments() {
	flows_diverted 21 12 --proto udp --fragments 50 --packets 1
	assert_eq "$(flows_value '.datagrams > 0')" true
	assert_eq "$(flows_value '.split_by.fragment == .datagrams and .split_datagrams == .datagrams')" true
	assert_eq "$(flows_value '[.split_by.data,.split_by.icmp]|tostring')" '[0,0]'
	lab_down
	# Now these are the first to be sent, so that it is the others that went elsewhere.
	flows_diverted 21 6 --proto udp --fragments 100 --packets 1 --fragments-shuffled
	assert_eq "$(flows_value '.split_datagrams == .datagrams')" true
	assert_eq "$(flows_value '.receivers[1].flows')" 1000
	assert_eq "$(flows_value '.split_by.fragment == 4 * .flows')" true
}

# Byte 12 begins the ethertype: 8 is IPv4 and ARP, and LLDP the bridge keeps.
test_flows_count_what_is_lost() {
	lab_up bridge
	lab_linux_bridge mid eth1 eth2
	lab_attach tc mid eth1 drop 12 8
	flows_run --from a:eth0 --to b:eth0 --icmp-errors 50 --fragments 50 --other 3 --quiet 100
	assert_eq "$(flows_value '.lost == .sent - .received - .missing.other')" true
	assert_eq "$(flows_value '.lost == .missing.data + .missing.fragment + .missing.icmp')" true
	assert_eq "$(flows_value '.unseen > 400 and .unseen < 600')" true
	assert_eq "$(flows_value '.unseen + .receivers[0].flows')" 1000
	assert_eq "$(flows_value .missing.other)" 2
}

# Eight VLANs over three hosts: the same way for both directions, which come in by two sides.
switch_vlans() { # PORT of VLAN 100, 101, ...
	local vid=100 ports='' port
	for port in "$@"; do
		ports+=",$vid=$(lab_ifindex mid "$port")"
		vid=$((vid + 1))
	done
	for port in eth1 eth2; do lab_attach tc mid $port trunk "${ports#,}"; done
}

test_flows_remember_where_they_went() {
	local options=(--from a:eth0 --back b:eth0 --to c:eth0 --to d:eth0 --to e:eth0 --tags vlan)
	lab_up fan
	switch_vlans eth3 eth3 eth3 eth4 eth4 eth4 eth5 eth5
	flows_run "${options[@]}" --save "$TEST_DIR/flows.saved"
	assert_eq "$(flows_value '[.split,.lost,.reordered]|tostring')" '[0,0,0]'
	flows_run "${options[@]}" --compare "$TEST_DIR/flows.saved" --first 500 --packets 1
	assert_eq "$(flows_value '[.compared,.moved]|tostring')" '[500,0]'
	ns_exec mid tc qdisc del dev eth1 clsact
	ns_exec mid tc qdisc del dev eth2 clsact
	switch_vlans eth3 eth3 eth3 eth4 eth4 eth4 eth3 eth4
	flows_run "${options[@]}" --compare "$TEST_DIR/flows.saved" --quiet 100
	assert_eq "$(flows_value '[.former[].moved > 0]|tostring')" '[false,false,true]'
	assert_eq "$(flows_value '[.compared,.moved + .former[0].kept + .former[1].kept]|tostring')" '[1000,1000]'
	assert_eq "$(flows_value '.receivers[2].flows')" 0
	assert_fails 2 "$BUILD/lab/flows" --from "$(lab_ns a):eth0" --to "$(lab_ns c):eth0" --seed 2 --flows 1 \
		--compare "$TEST_DIR/flows.saved"
}
