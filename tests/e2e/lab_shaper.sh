# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The shaper's topologies without the shaper, and the tools that will judge it: what they say about
# loss and rates is what the kernel's own queue says.

# shellcheck source=tests/e2e/lib/shape.sh
. "$E2E_ROOT/tests/e2e/lib/shape.sh"

pings_both_ways() {
	ping_ok c "$LAB_INTERNET4" -I "$(lab_subscriber4 7)"
	ping_ok c "$LAB_INTERNET6" -I "$(lab_subscriber6 7)"
	ping_ok i "$(lab_subscriber4 20)"
	ping_ok i "$(lab_subscriber6 20)"
}

bridged() {
	lab_up shaper
	lab_linux_bridge mid eth1 eth2
}

# queue_of IF RATE: everything that leaves there shares one class with a short queue.
queue_of() {
	ns_exec mid tc qdisc add dev "$1" root handle 1: htb default 2
	ns_exec mid tc class add dev "$1" parent 1: classid 1:2 htb rate "$2" burst 16k cburst 16k quantum 1514
	ns_exec mid tc qdisc add dev "$1" parent 1:2 pfifo limit 50
}

queue_value() { # IF bytes|drops
	local word=2
	[ "$2" = bytes ] || word=7
	ns_exec mid tc -s class show dev "$1" | awk -v word="$word" '/Sent/ { print $word + 0 }'
}

test_bridged_topology() {
	bridged
	pings_both_ways
}

test_routed_topology() {
	lab_up shaper-routed
	pings_both_ways
	shape_run routed --direction both --subscribers 1-20 --family mixed --pps 500 --seconds 1
	shape_lossless routed
}

# What weird's bridge does there, without weird: two more pairs in the middle swap tags 3 and 4.
test_stick_topology() {
	local trunk out
	lab_up shaper-stick
	ping_fails c "$LAB_INTERNET4" -I "$(lab_subscriber4 1)"
	lab_wire mid out3 mid in3 && lab_wire mid out4 mid in4
	trunk=$(lab_ifindex mid eth1)
	lab_attach tc mid in3 access 4 "$trunk"
	lab_attach tc mid in4 access 3 "$trunk"
	out=3=$(lab_ifindex mid out3),4=$(lab_ifindex mid out4)
	lab_attach tc mid eth1 trunk "$out"
	pings_both_ways
	shape_run stick --direction both --subscribers 1-20 --pps 500 --seconds 1
	shape_lossless stick
}

test_every_dress_arrives_once_and_in_order() {
	bridged
	shape_run dressed --direction both --subscribers 1-20 --family mixed --dress mixed --pps 2000 --seconds 2
	shape_lossless dressed
	shape_in_order dressed
	assert_eq "$(shape_value dressed .sent)" "$(shape_value dressed .received)"
}

# Nobody answers what was meant for nobody: else errors of the hosts would use up the plans.
test_hosts_stay_silent() {
	bridged
	ns_exec c nstat -n
	shape_run silent --subscribers 1-20 --family mixed --pps 1000 --seconds 1
	assert_eq "$(ns_exec c nstat -az IcmpOutMsgs | awk '/IcmpOutMsgs/ { print $2 }')" 0
	assert_eq "$(ns_exec c nstat -az Icmp6OutDestUnreachs | awk '/Icmp6OutDestUnreachs/ { print $2 }')" 0
}

# The bridge and the hosts say a word of their own now and then (ICMPv6), which the queue counts too.
a_little_less() { # OURS QUEUE MOST WHAT
	[ "$1" -le "$2" ] && [ $(($2 - $1)) -le "$3" ] || fail "$4: $1, and $2"
}

test_loss_and_bytes_are_those_of_the_queue() {
	bridged
	queue_of eth1 4mbit
	shape_run full --subscribers 1-4 --plan 1 --load 200 --seconds 2 --skip 1
	a_little_less "$(shape_value full .lost)" "$(queue_value eth1 drops)" 20 "lost, and dropped by the queue"
	assert_ge "$(shape_value full .lost)" 500
	a_little_less "$(shape_value full '[.subscribers[].bytes] | add')" "$(queue_value eth1 bytes)" 4000 "bytes, as the queue counts them"
	assert_eq "$(shape_value full '.groups[0].mbit_peak | . > 3.9 and . < 4.1')" true
	OUTPUT=$( (shape_lossless full) 2>&1) && fail "a loss that was not noticed"
	assert_contains "$OUTPUT" "frames lost"
}

test_below_the_rate_nothing_is_lost() {
	bridged
	queue_of eth1 4mbit
	shape_run below --subscribers 1-4 --plan 1 --load 90 --seconds 2
	shape_lossless below
	shape_within below 102
	shape_reaches below 85
	OUTPUT=$( (shape_within below 50) 2>&1) && fail "a rate that was not noticed"
	OUTPUT=$( (shape_reaches below 99) 2>&1) && fail "a rate that was not noticed"
	OUTPUT=
}

test_tcp_is_measured_both_ways() {
	bridged
	queue_of eth1 10mbit
	queue_of eth2 5mbit
	tcp_rate i c 3 3
	assert_ge "$TCP_WIRE" 9000
	assert_le "$TCP_WIRE" 10300
	tcp_rate c i 4 3 6
	assert_ge "$TCP_WIRE" 4500
	assert_le "$TCP_WIRE" 5200
	assert_le "$TCP_GOODPUT" "$TCP_WIRE"
}

test_devices_of_the_subscribers() {
	write_devices 3 "10/2" "50/10/5/1@Tower 1"
	assert_eq "$(wc -l <"$TEST_DIR/ShapedDevices.csv")" 4
	assert_eq "$(sed -n 3p "$TEST_DIR/ShapedDevices.csv")" \
		"2,Subscriber 2,2,Device 2,Tower 1,,100.64.0.2,2001:db8:64:2::/64,5,1,50,10,"
	assert_eq "$(sed -n 4p "$TEST_DIR/ShapedDevices.csv")" \
		"3,Subscriber 3,3,Device 3,,,100.64.0.3,2001:db8:64:3::/64,,,10,2,"
}
