# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The shaper: everybody gets his plan and not more, whatever way packets take and however they are
# dressed; what is nobody's; what only counts.

# shellcheck source=tests/e2e/lib/shape.sh
. "$E2E_ROOT/tests/e2e/lib/shape.sh"

FEW=4

# overload LAST: each of them offers half as much again as his plan, both ways.
overload() {
	# shellcheck disable=SC2046
	shape_run overload --direction both --seconds 3 --skip 1 --bins $(shape_offers 1 "$1" 150)
	shaper_holds overload
}

# ---- the plan ----

test_everybody_reaches_his_plan_alone() {
	write_devices 20 "${SHAPE_PLANS[@]}"
	shaper_up own native
	tcp_all i 3 1 1
	tcp_all c 3 2 2 6
}

test_all_reach_their_plans_at_once() {
	write_devices 20 "${SHAPE_PLANS[@]}"
	shaper_up own native
	tcp_all i 3 1 20
	tcp_all c 3 1 20
	overload 20
	assert_nobody_unknown
	assert_eq "$(shaper_count found_leaving)" 0 "packets that came without having been looked up"
}

# By TCP one way each, by UDP above the plan both ways, at the same time.
few_reach() { # WAY MODE
	write_devices $FEW "${SHAPE_PLANS[@]}"
	shaper_up "$@"
	tcp_start down i c 1 3
	tcp_start up c i 2 3 6
	# shellcheck disable=SC2046
	shape_run overload --direction both --seconds 3 --skip 1 --bins $(shape_offers 3 $FEW 150)
	tcp_holds down 1 1
	tcp_holds up 2 2
	shaper_holds overload
	assert_nobody_unknown
}

test_plans_hold_skb() { few_reach own skb; }
test_plans_hold_tc() { few_reach own tc; }
test_plans_hold_with_a_linux_bridge() { few_reach linux auto; }
test_plans_hold_with_a_linux_bridge_tc() { few_reach linux tc; }
test_plans_hold_routed() { few_reach routed auto; }
test_plans_hold_routed_skb() { few_reach routed skb; }
test_plans_hold_on_a_stick() { few_reach stick native; }
test_plans_hold_on_a_stick_skb() { few_reach stick skb; }
test_plans_hold_on_a_stick_tc() { few_reach stick tc; }

# Twenty times 20 Mbit/s do not fit into 100, but 100 get through, and nobody starves.
test_a_node_holds() {
	local plan=20 cap=100 way
	[ -z "${VM:-}" ] || plan=4 cap=20
	write_devices 20 "$plan/$plan@Tower"
	shaper_up own native "nodes:" "- { name: Tower, download: $cap, upload: $cap }"
	shape_run node --direction both --seconds 3 --skip 1 --subscribers 1-20 --plan $plan --load 40
	for way in 0 1; do group_holds node $way $cap; done
	shape_reaches node 20
}

# The whole line is less than all plans, and each queue alone could fill it.
test_the_line_holds() {
	local plan=20 cap=80 way
	[ -z "${VM:-}" ] || plan=4 cap=16
	write_devices 20 "$plan/$plan"
	lab_up shaper
	shaper_config own native
	sed -i "s/link: 1000/link: $cap/" "$TEST_DIR/weir.yaml"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	shape_run line --direction both --seconds 5 --skip 3 --bins --subscribers 1-20 --plan $plan --load 40
	for way in 0 1; do group_holds line $way $cap; done
}

# TCP of a subscriber fills his queue: how long does he wait himself?
wait_under_load() { # LEAF
	local idle
	write_devices 2 20/20
	shaper_up own native "leaf: $1"
	idle=$(ping_rtt 1 1)
	tcp_start load i c 1 4 4 -P 8
	sleep 1.5
	RISE=$(($(ping_rtt 1 2) - idle))
	tcp_finish load
	echo "waiting: $RISE ms more than the $idle without load"
}

test_a_long_fifo_makes_wait() {
	wait_under_load "fifo limit 1000"
	assert_ge "$RISE" 50 "ms of waiting"
}

short_wait() {
	[ -n "${VM:-}" ] || skip "no sch_cake and no sch_fq_codel in this kernel; the guests have them"
	wait_under_load "$1"
	assert_le "$RISE" 10 "ms of waiting"
	assert_contains "$(weir subscribers show 1)" "$1"
}

test_cake_does_not_make_wait() { short_wait "cake diffserv4"; }
test_fq_codel_does_not_make_wait() { short_wait fq_codel; }

test_a_leaf_that_the_kernel_has_not_is_replaced() {
	[ -z "${VM:-}" ] || skip "this kernel has it"
	write_devices $FEW "${SHAPE_PLANS[@]}"
	shaper_up own native "leaf: cake diffserv4"
	assert_contains "$(cat "$WEIRD_LOG")" "cake is not available in this kernel"
	assert_eq "$(subscriber 1 .leaf.download)" pfifo
}

# ---- dress ----

# list_packets KEY: "ID WAY PACKETS" of everybody.
list_packets() {
	weir subscribers list --limit 0 --json |
		jq -r ".subscribers[] | \"\\(.id) down \\(.$1.download.packets)\", \"\\(.id) up \\(.$1.upload.packets)\"" | sort
}

# Whatever stands before the address: found, and found in his class.
test_every_dress_is_shaped() {
	write_devices 20 "${SHAPE_PLANS[@]}"
	shaper_up own native
	shape_run dressed --direction both --subscribers 1-20 --family mixed --dress mixed --pps 2000 --seconds 2
	shape_lossless dressed
	assert_nobody_unknown
	shape_value dressed '.subscribers[] | "\(.subscriber) \(.direction) \(.received)"' | sort >"$TEST_DIR/received"
	assert_eq "$(diff "$TEST_DIR/received" <(list_packets sent) | tail -4)" "" "packets received, and counted by the classes"
	assert_eq "$(diff "$TEST_DIR/received" <(list_packets offered) | tail -4)" "" "packets received, and counted where they arrive"
}

every_dress_held() { # WAY MODE
	write_devices $FEW 3/3
	shaper_up "$@"
	shape_run dressed --direction both --subscribers 1-$FEW --family mixed --dress mixed --plan 3/3 --load 150 \
		--seconds 3 --skip 1
	shaper_holds dressed
	assert_nobody_unknown
}

test_every_dress_is_held_skb() { every_dress_held own skb; }
test_every_dress_is_held_tc() { every_dress_held own tc; }

# ---- the wrong CPU ----

# mid's own /sys, in this case's mount namespace only.
mount_sys() {
	nsenter --net="/run/netns/$(lab_ns mid)" mount -t sysfs sysfs /sys
	mount -t bpf bpf /sys/fs/bpf
}

xps() { cat /sys/class/net/eth[12]/queues/tx-*/xps_cpus | paste -sd' '; }

test_transmit_queues_are_chosen_by_us_alone() {
	local queue link before
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	lab_up shaper
	mount_sys
	for link in eth1 eth2; do
		for queue in 0 1; do echo $((1 << queue)) >/sys/class/net/$link/queues/tx-$queue/xps_cpus; done
	done
	before=$(xps)
	write_devices $FEW "${SHAPE_PLANS[@]}"
	shaper_start own native "steer: false"
	assert_eq "$(xps | tr -d '0, ')" "" "CPUs of transmit queues"
	overload $FEW
	weird_stop
	assert_eq "$(xps)" "$before" "CPUs of transmit queues after the stop"
}

pipe_count() { weir counters --json | jq "[.counters[] | select(.name == \"$1\").packets] | add"; }

# All that is sent comes in on the CPU of the sender.
test_packets_on_the_wrong_cpu_are_shaped() {
	local mode found stayed
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	write_devices $FEW "${SHAPE_PLANS[@]}"
	shaper_up own native "steer: false"
	taskset -pc 0 $BASHPID
	overload $FEW
	assert_not_contains "$(weir classify show)" "steered"
	shaper_config own native "steer: true"
	weir reload
	assert_contains "$(weir classify show)" "xdp, steered"
	found=$(pipe_count found) stayed=$(pipe_count not_steered)
	overload $FEW
	found=$(($(pipe_count found) - found)) stayed=$(($(pipe_count not_steered) - stayed))
	assert_ge $((found - stayed)) 100 "packets sent on by another CPU"
	assert_ge "$stayed" 100 "packets that were on the right one"
	for mode in skb tc; do
		shaper_config own $mode
		weir reload
		overload $FEW
	done
}

# ---- nobody's ----

unknown_addresses() { weir subscribers unknown --json | jq -c '[.addresses[].address | select(startswith("100."))] | sort'; }

test_unknown_addresses_pass_and_are_listed() {
	write_devices 2 "${SHAPE_PLANS[@]}"
	shaper_up own native
	shape_run unknown --direction both --subscribers 3-4 --pps 1000 --seconds 2
	shape_lossless unknown
	OUTPUT=$(weir subscribers unknown)
	assert_contains "$OUTPUT" 100.64.0.3
	assert_contains "$OUTPUT" 100.64.0.4
	assert_contains "$OUTPUT" "addresses are nobody's"
	assert_eq "$(weir subscribers unknown --json | jq '[.addresses[] | select(.address | startswith("100.")).packets] | add')" \
		"$(shape_value unknown .received)"
	shaper_config own native "allowed_subnets: [100.64.0.0/30]"
	weir reload
	assert_eq "$(unknown_addresses)" '["100.64.0.3"]'
	shaper_config own native "ignored_subnets: [100.64.0.3]"
	weir reload
	assert_eq "$(unknown_addresses)" '["100.64.0.4"]'
}

test_the_default_plan_is_shared() {
	write_devices 2 "${SHAPE_PLANS[@]}"
	shaper_up own native "default_plan: { download: 4, upload: 2 }"
	# shellcheck disable=SC2046
	shape_run shared --direction both --seconds 3 --skip 1 --bins --subscribers 3-4 --plan 4/2 --load 150 \
		--and $(shape_offers 1 2 150)
	shape_value shared 'del(.subscribers[] | select(.subscriber > 2))' >"$TEST_DIR/others.json"
	shaper_holds others
	group_holds shared 0 4
	group_holds shared 1 2
	assert_contains "$(weir explain ip 100.64.0.3)" "default plan"
}

test_control_traffic_has_its_class() {
	write_devices 2 "${SHAPE_PLANS[@]}"
	shaper_up own native
	ping_ok c "$LAB_INTERNET4" -I "$(lab_subscriber4 1)"
	assert_ge "$(class_value eth2 1:3 packets)" 1 "the request of ARP"
	assert_ge "$(class_value eth1 1:3 packets)" 1 "the answer of ARP"
	frames_through c eth0 i eth0 10 -l 60 -e 0x002e # a length, not a type: LLC
	assert_eq "$(frames_value .frames)" 10
	assert_ge "$(class_value eth2 1:3 packets)" 11
	frames_through c eth0 i eth0 10 -l 100 # neither IP nor control
	assert_eq "$(frames_value .frames)" 10
	assert_eq "$(shaper_count not_ip)" 10
	assert_nobody_unknown
}

# ---- only counted, only told ----

roots() { ns_exec mid tc qdisc show | grep -v clsact; }

test_monitor_counts_and_leaves_alone() {
	local before
	write_devices $FEW "${SHAPE_PLANS[@]}"
	lab_up shaper
	before=$(roots)
	shaper_start own native "mode: monitor"
	# shellcheck disable=SC2046
	shape_run free --direction both --seconds 1 $(shape_offers 1 $FEW 200)
	shape_lossless free
	assert_eq "$(roots)" "$before" "qdiscs"
	assert_eq "$(subscriber 2 .offered.download.packets)" \
		"$(shape_value free '.subscribers[] | select(.subscriber == 2 and .direction == "down").received')"
	assert_contains "$(weir subscribers list)" "only counted"
	assert_contains "$(weir explain ip 100.64.0.1)" "monitor"
	shaper_config own native
	weir reload
	overload $FEW
	shaper_config own native "mode: monitor"
	weir reload
	wait_for 5 no_queues
}

# As LibreQoS makes it, and so does Weir.
foreign_tree() {
	local link
	for link in eth1 eth2; do
		ns_exec mid tc qdisc add dev $link root handle 7fff: mq
		ns_exec mid tc qdisc add dev $link parent 7fff:1 handle 1: htb default 9
		ns_exec mid tc class add dev $link parent 1: classid 1:5 htb rate 3mbit burst 16k cburst 16k quantum 1514
		ns_exec mid tc class add dev $link parent 1: classid 1:9 htb rate 500mbit quantum 1514
	done
}

iphash() { "$TEST_DIR/xdp_iphash_to_cpu_cmdline" "$@"; }

test_a_foreign_tree_and_addresses_by_hand() {
	local before
	lab_up shaper
	foreign_tree
	before=$(class_list)
	snapshot mid "$TEST_DIR/before"
	ln -s "$BUILD/weir" "$TEST_DIR/xdp_iphash_to_cpu_cmdline"
	export WEIR_BUS=$TEST_DIR/mid.bus
	shaper_start own native "tree: none"
	assert_eq "$(iphash add --ip 100.64.0.1 --classid 1:5 --cpu 0)" Success
	iphash add --ip 2001:db8:64:1::/64 --classid 1:9 --cpu 0
	assert_contains "$(iphash list)" "Mapped IP Addresses:"
	assert_contains "$(iphash list)" "100.64.0.1/32                                 CPU: 0    TC: 1:5"
	assert_contains "$(iphash list)" "2001:db8:64:1::/64                            CPU: 0    TC: 1:9"
	shape_run mapped --direction both --subscribers 1 --plan 3/3 --load 150 --seconds 3 --skip 1
	shaper_holds mapped
	shape_run other --direction both --subscribers 2 --plan 3/3 --load 150 --seconds 1
	shape_lossless other
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(iphash list)" "100.64.0.1/32 " "after a restart"
	assert_eq "$(iphash del 100.64.0.1)" Success
	assert_not_contains "$(iphash list)" "100.64.0.1/32 "
	assert_eq "$(iphash clear)" Success
	assert_not_contains "$(iphash list)" TC:
	assert_eq "$(class_list)" "$before" "the foreign tree"
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}
