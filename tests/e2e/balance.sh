# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The link balancer: who gets what, what stays together, and what a change moves.

PPS=40000 MANY=10000
# In a guest without hardware virtualisation that would fill the processor by itself.
[ -z "${VM:-}" ] || PPS=3000 MANY=1500

# balance_start TOPOLOGY MODE YAML_LINE...: weird in mid with one balancer of these keys.
balance_start() {
	local topology=$1 mode=$2 line
	shift 2
	lab_up "$topology"
	{
		printf 'pipeline:\n  mode: %s\nbalance:\n' "$mode"
		for line in "$@"; do echo "  $line"; done
	} >"$TEST_DIR/weir.yaml"
	weird_start mid -c "$TEST_DIR/weir.yaml"
}

# flows FILE OPTIONS...: connections through the middle; the figures are in FILE.
flows() {
	local file=$TEST_DIR/$1
	shift
	flows_run --rate "$PPS" "$@"
	mv "$TEST_DIR/flows.json" "$file"
}

value() { jq -r "$2" "$TEST_DIR/$1"; }

# The ends of topology fan with inputs eth1 and eth2.
fan_ends() { echo --from a:eth0 --back b:eth0 --to c:eth0 --to d:eth0 --to e:eth0; }

# Those of comb: from a alone, to all ten wires of c.
comb_ends() {
	local wire
	echo --from a:eth0
	for wire in 0 1 2 3 4 5 6 7 8 9; do echo --to c:eth$wire; done
}

# row TARGET KEY: what `weir balance show` says.
row() { weir balance show --json | jq -r ".[] | select(.target == \"$1\") | .$2"; }

# about COUNTED SENT [MESSAGE]: the hosts themselves say a word or two of ICMPv6.
about() {
	assert_ge "$1" "$2" "${3:-}"
	assert_le "$1" $(($2 + 20)) "${3:-}"
}

all_arrived() {
	assert_eq "$(value "$1" .lost)" 0 "packets lost ($(value "$1" '.missing|tostring'))"
	assert_eq "$(value "$1" .duplicates)" 0 "packets duplicated"
}

together() {
	all_arrived "$1"
	assert_eq "$(value "$1" .split)" 0 "connections on more than one target ($(value "$1" '.split_by|tostring'))"
	assert_eq "$(value "$1" .split_datagrams)" 0 "datagrams with fragments on more than one target"
}

symmetric() {
	balance_start fan "$1" "in: [eth1, eth2]" "out: [eth3, eth4, eth5]" "policy: flow-symmetric"
	# shellcheck disable=SC2046
	flows out.json $(fan_ends) --flows "$MANY" --tags mixed --fragments 20 --icmp-errors 20 --other 10
	together out.json
	assert_eq "$(value out.json .missing.other)" 10 "frames that are not IP go on, here to nobody"
	for i in 0 1 2; do
		assert_ge "$(value out.json ".receivers[$i].flows")" $((MANY * 30 / 100)) "flows of a target"
	done
	about "$(row eth3 packets)" "$(value out.json .receivers[0].frames)" "counted and received"
}

test_both_directions_stay_together_native() { symmetric native; }
test_both_directions_stay_together_skb() { symmetric skb; }
test_both_directions_stay_together_tc() { symmetric tc; }

# Each direction is a flow of its own; fragments and errors follow theirs all the same.
test_flows_stay_together() {
	balance_start fan native "in: eth1" "out: [eth3, eth4, eth5]"
	# shellcheck disable=SC2046
	flows out.json --from a:eth0 --to c:eth0 --to d:eth0 --to e:eth0 --flows 2000 --fragments 30
	all_arrived out.json
	assert_eq "$(value out.json .split_datagrams)" 0 "fragments of a datagram on several targets"
	assert_ge "$(value out.json .split)" 500 "directions that went to different targets"
}

# By whatever order fragments come, those of one datagram are together.
test_fragments_in_any_order_stay_together() {
	balance_start fan native "in: [eth1, eth2]" "out: [eth3, eth4, eth5]" "policy: flow-symmetric"
	# shellcheck disable=SC2046
	flows out.json $(fan_ends) --flows 1000 --proto udp --fragments 100 --fragments-shuffled
	all_arrived out.json
	assert_eq "$(value out.json .split_datagrams)" 0 "datagrams with fragments on more than one target"
	assert_ge "$(weir counters --json | jq '[.counters[] | select(.name == "fragments_early").packets] | add')" 1000
}

even() { # MAX_DIFFERENCE COUNT...
	local most=0 least=999999999 n limit=$1
	shift
	for n in "$@"; do
		[ "$n" -le "$most" ] || most=$n
		[ "$n" -ge "$least" ] || least=$n
	done
	assert_ge "$least" 1
	assert_le $((most - least)) "$limit" "counts of the targets ($*) differ by more than the number of CPUs"
}

round_robin() { # MODE TARGET...
	local mode=$1 target counts=()
	shift
	balance_start fan "$mode" "in: eth1" "out: [$(IFS=, && echo "$*")]" "policy: round-robin"
	flows out.json --from a:eth0 --to c:eth0 --to d:eth0 --to e:eth0 --family 4 --flows 500
	all_arrived out.json
	for target in "$@"; do counts+=("$(row "$target" packets)"); done
	even "$(nproc)" "${counts[@]}"
	assert_eq "$(value out.json '[.receivers[].frames] | sort | reverse | tostring')" \
		"$(printf '%s\n' "${counts[@]}" 0 0 0 | sort -rn | head -3 | paste -sd, | sed 's/.*/[&]/')" "counted and received"
	frames_through a eth0 c eth0 10 -t 7 -l 100
	assert_eq "$(frames_value .frames)" 0 "a tagged frame is not IPv4"
}

test_round_robin_over_two_native() { round_robin native eth3 eth4; }
test_round_robin_over_three_native() { round_robin native eth3 eth4 eth5; }
test_round_robin_over_three_skb() { round_robin skb eth3 eth4 eth5; }
test_round_robin_over_three_tc() { round_robin tc eth3 eth4 eth5; }

ten() { echo "[eth3, eth4, eth5, eth6, eth7, eth8, eth9, eth10, eth11, eth12]"; }

# The other nine keep theirs, to the last flow; and the one that comes back gets its own again.
test_one_of_ten_leaves_and_only_its_own_move() {
	balance_start comb native "in: eth1" "out: $(ten)" "policy: flow-symmetric"
	# shellcheck disable=SC2046
	flows one.json $(comb_ends) --flows 20000 --packets 1 --save "$TEST_DIR/where"
	together one.json
	assert_contains "$(weir balance remove eth7)" "left"
	# shellcheck disable=SC2046
	flows two.json $(comb_ends) --flows 20000 --packets 1 --compare "$TEST_DIR/where"
	together two.json
	assert_eq "$(value two.json '[.former[] | select(.kept > 0).moved] | add')" 0 "flows of targets that stayed"
	assert_eq "$(value two.json .moved)" "$(value one.json .receivers[4].flows)" "flows of the one that left"
	weir balance add eth7
	# shellcheck disable=SC2046
	flows three.json $(comb_ends) --flows 20000 --packets 1 --compare "$TEST_DIR/where"
	assert_eq "$(value three.json .moved)" 0 "flows elsewhere after it came back"
}

# The connections are always the same ones, so this is no matter of luck.
test_weights_are_met() {
	local i share want got
	balance_start comb native "in: eth1" "out: [eth3, { name: eth4, weight: 2 }, { name: eth5, weight: 3 }, { name: eth6, weight: 4 }]" "policy: flow-symmetric"
	# shellcheck disable=SC2046
	flows out.json $(comb_ends) --flows 200000 --packets 1 --rate 200000
	together out.json
	for i in 0 1 2 3; do
		want=$((200000 * (i + 1) / 10)) got=$(value out.json ".receivers[$i].flows")
		assert_le $((got > want ? got - want : want - got)) $((want * 2 / 100)) "target $i has $got of $want flows"
		share=$(row "eth$((i + 3))" share_percent)
		assert_eq "${share%.*}" $(((i + 1) * 10)) "its share"
	done
}

# How long after a link went down the last packet went there: what was lost tells.
link_down() { # COMMAND...
	local lost rate=50000
	[ -z "${VM:-}" ] || rate=5000
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	(sleep 1 && "$@") &
	flows out.json --from a:eth0 --to c:eth0 --to d:eth0 --flows $((rate / 4)) --packets 6 --rate $rate
	wait $!
	lost=$(value out.json .lost)
	assert_ge "$lost" 1 "nothing was lost: did the link go down at all?"
	assert_le "$lost" $((rate / 2 / 10)) "packets lost, more than 100 ms' worth"
	assert_eq "$(row eth3 share_percent | cut -d. -f1)" 0
	assert_contains "$(cat "$WEIRD_LOG")" "eth3: out of 'eth1'"
}

# Half the packets are that target's: 100 ms of them are 2500 at 50 kpps.
test_a_target_set_down_is_left_at_once() { link_down ip -n "$(lab_ns mid)" link set eth3 down; }
test_a_target_without_carrier_is_left_at_once() { link_down ip -n "$(lab_ns c)" link set eth0 down; }
test_a_vanished_target_is_left_at_once() { link_down ip -n "$(lab_ns mid)" link del eth3; }

change_under_load() {
	balance_start fan "$1" "in: [eth1, eth2]" "out: [eth3, eth4]" "policy: flow-symmetric"
	(
		sleep 0.5
		weir balance add eth5 --weight 2
		weir balance weight eth3 5
		weir balance drain eth4
		weir balance weight eth5 1
		weir balance undrain eth4
		weir balance remove eth3
		weird_kill
		sleep 0.3
	) >"$TEST_DIR/changes" 2>&1 &
	# shellcheck disable=SC2046
	flows out.json $(fan_ends) --flows $((PPS / 2)) --packets 3
	wait $! || fail "a change failed: $(cat "$TEST_DIR/changes")"
	all_arrived out.json
}

test_changes_lose_nothing() { change_under_load native; }
test_changes_lose_nothing_tc() { change_under_load tc; }

# What was told by command is told again after a crash, with every flow where it was.
test_changes_survive_a_restart() {
	local before
	balance_start fan native "in: [eth1, eth2]" "out: [eth3, eth4]" "policy: flow-symmetric"
	weir balance add eth5 --weight 3
	weir balance weight eth3 2
	weir balance remove eth4
	# shellcheck disable=SC2046
	flows one.json $(fan_ends) --flows 2000 --save "$TEST_DIR/where"
	before=$(weir balance show --json | jq -c 'map({target, weight, share_percent, packets})')
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_eq "$(weir balance show --json | jq -c 'map({target, weight, share_percent, packets})')" "$before"
	# shellcheck disable=SC2046
	flows two.json $(fan_ends) --flows 2000 --compare "$TEST_DIR/where"
	assert_eq "$(value two.json .moved)" 0
	weird_stop
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_eq "$(row eth5 weight)" 3
	assert_contains "$(weir balance reset)" "eth5: left"
	assert_eq "$(weir balance show --json | jq -c 'map([.target, .weight])')" '[["eth3",1],["eth4",1]]'
}

test_a_reload_moves_no_flow() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]" "policy: flow-symmetric"
	# shellcheck disable=SC2046
	flows one.json $(fan_ends) --back a:eth0 --flows 2000 --save "$TEST_DIR/where"
	sed -i 's/in: eth1/in: [eth1, eth2]/; s/out: .*/out: [eth4, eth3, eth5]/' "$TEST_DIR/weir.yaml"
	weir reload
	# shellcheck disable=SC2046
	flows two.json $(fan_ends) --flows 2000 --compare "$TEST_DIR/where"
	together two.json
	assert_eq "$(value two.json .moved)" "$(value two.json .receivers[2].flows)" "only what the new target got"
}

test_a_target_by_command_that_becomes_an_input_leaves() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	weir balance add eth5
	sed -i 's/in: eth1/in: [eth1, eth5]/' "$TEST_DIR/weir.yaml"
	assert_contains "$(weir reload)" "eth5: left 'eth1'"
	assert_eq "$(weir balance show --json | jq -c 'map(.target)')" '["eth3","eth4"]'
}

test_a_renamed_target_cannot_join_twice() {
	balance_start fan native "in: [eth1, eth2]" "out: [eth3, eth4]"
	ip -n "$(lab_ns mid)" link set eth3 name new3
	ip -n "$(lab_ns mid)" link set eth2 name new2
	wait_for 5 grep -q "now called new2" "$WEIRD_LOG"
	assert_fails 1 weir balance add new3
	assert_contains "$OUTPUT" "a target of it already"
	assert_fails 1 weir balance add new2
	assert_contains "$OUTPUT" "an input of it"
}

test_more_targets_by_command_than_fit_are_left_out() {
	local i rows=()
	mkdir -p "$TEST_DIR/mid.state"
	for i in $(seq 300); do rows+=("{\"balancer\": \"eth1\", \"target\": \"x$i\", \"added\": true}"); done
	echo "{\"changes\": [$(IFS=, && echo "${rows[*]}")]}" >"$TEST_DIR/mid.state/balance.json"
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	assert_eq "$(weir balance show --json | jq length)" 64
}

# ---- draining ----

knows_flows() { [ "$(row "$1" known_flows)" -ge "$2" ]; }

# Known flows stay through a crash of the daemon, new ones go elsewhere, and it ends.
test_drained_flows_end_by_themselves() {
	local kept
	balance_start fan native "in: [eth1, eth2]" "out: [eth3, eth4]" "policy: flow-symmetric" \
		"drain: { learn: 4, idle: 3, max: 60 }"
	# shellcheck disable=SC2046
	flows one.json $(fan_ends) --flows 2000 --proto tcp --syn --save "$TEST_DIR/where"
	kept=$(value one.json .receivers[0].flows)
	weir balance drain eth3
	assert_eq "$(row eth3 state)" draining
	# shellcheck disable=SC2046
	flows two.json $(fan_ends) --flows 2000 --proto tcp --compare "$TEST_DIR/where"
	together two.json
	assert_eq "$(value two.json .moved)" 0 "known flows that left"
	# shellcheck disable=SC2046
	flows new.json $(fan_ends) --first 100000 --flows 2000 --proto tcp --syn
	together new.json
	assert_eq "$(value new.json .receivers[0].flows)" 0 "new flows on the drained target"
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	# shellcheck disable=SC2046
	flows three.json $(fan_ends) --flows 2000 --proto tcp --compare "$TEST_DIR/where"
	together three.json
	assert_eq "$(value three.json .moved)" 0 "known flows that left when the daemon was replaced"
	wait_for 5 knows_flows eth3 "$kept"
	wait_for 20 grep -q "eth3: drained from 'eth1': no flow of its own is left" "$WEIRD_LOG"
	assert_eq "$(row eth3 state)" drained
	# shellcheck disable=SC2046
	flows four.json $(fan_ends) --flows 2000 --proto tcp --compare "$TEST_DIR/where"
	together four.json
	assert_eq "$(value four.json .receivers[0].flows)" 0 "flows on a drained target"
	weir balance undrain eth3
	# shellcheck disable=SC2046
	flows five.json $(fan_ends) --flows 2000 --proto tcp --compare "$TEST_DIR/where"
	assert_eq "$(value five.json .moved)" 0 "flows elsewhere after all"
}

# What was learned of a drain that was taken back does not count for the next one.
test_a_drain_begins_with_nothing_known() {
	balance_start fan native "in: [eth1, eth2]" "out: [eth3, eth4]" "policy: flow-symmetric"
	weir balance drain eth3
	# shellcheck disable=SC2046
	flows one.json $(fan_ends) --flows 2000 --proto tcp --syn
	assert_eq "$(value one.json .receivers[0].flows)" 0 "new flows on the drained target"
	weir balance undrain eth3
	# shellcheck disable=SC2046
	flows two.json $(fan_ends) --flows 2000 --packets 1 --proto tcp --save "$TEST_DIR/where"
	assert_ge "$(value two.json .receivers[0].flows)" 500
	weir balance drain eth3
	# shellcheck disable=SC2046
	flows three.json $(fan_ends) --flows 2000 --proto tcp --compare "$TEST_DIR/where"
	together three.json
	assert_eq "$(value three.json .moved)" 0 "known flows that left"
}

# Without a daemon no clock goes, so the first thing the next one does must not be to find all flows old.
test_known_flows_outlive_a_dead_daemon() {
	balance_start fan native "in: [eth1, eth2]" "out: [eth3, eth4]" "policy: flow-symmetric" \
		"drain: { learn: 4, idle: 3, max: 600 }"
	sleep 1.5
	weir balance drain eth3
	# shellcheck disable=SC2046
	flows one.json $(fan_ends) --flows 1000 --packets 1 --proto tcp --save "$TEST_DIR/where"
	assert_ge "$(value one.json .receivers[0].flows)" 250
	wait_for 5 knows_flows eth3 "$(value one.json .receivers[0].flows)"
	weird_kill
	sleep 6
	# shellcheck disable=SC2046
	flows two.json $(fan_ends) --flows 1000 --packets 1 --proto tcp --compare "$TEST_DIR/where"
	assert_eq "$(value two.json .moved)" 0 "known flows that left while no daemon ran"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	wait_for 3 knows_flows eth3 "$(value one.json .receivers[0].flows)"
	assert_eq "$(row eth3 state)" draining
}

flows_pins() { find "$TEST_PINS-mid" -name 'balance_flows_*' | wc -l; }

test_known_flows_do_not_outlive_their_drain() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	weir balance drain eth3
	assert_eq "$(flows_pins)" 1
	weir balance undrain eth3
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_eq "$(flows_pins)" 0 "maps of flows that nothing asks for"
}

# ---- nobody left ----

both_down() {
	ip -n "$(lab_ns mid)" link set eth3 down
	ip -n "$(lab_ns mid)" link set eth4 down
	wait_for 5 grep -q "no target is left" "$WEIRD_LOG"
}

send_some() { flows none.json --from a:eth0 --to c:eth0 --to d:eth0 --to e:eth0 --flows 100; }

counter() { weir counters --json | jq "[.counters[] | select(.stage == \"balance\" and .name == \"$1\").packets] | add"; }

test_without_targets_packets_pass() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	both_down
	send_some
	assert_eq "$(value none.json .lost)" "$(value none.json .sent)"
	about "$(counter none_passed)" "$(value none.json .sent)"
	ip -n "$(lab_ns mid)" link set eth3 up
	wait_for 5 grep -q "eth3: back in" "$WEIRD_LOG"
	sleep 0.5
	send_some
	all_arrived none.json
}

test_without_targets_packets_are_dropped_if_told_so() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]" "none_left: drop"
	both_down
	send_some
	about "$(counter none_dropped)" "$(value none.json .sent)"
}

test_without_targets_the_backup_gets_all() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]" "backup: eth5"
	send_some
	assert_eq "$(value none.json .receivers[2].frames)" 0 "the backup is none as long as a target is left"
	both_down
	send_some
	all_arrived none.json
	assert_eq "$(value none.json .receivers[2].frames)" "$(value none.json .sent)"
	assert_contains "$(row eth5 state)" "in use"
}

# ---- with others, and as others see it ----

# What is not the balancer's goes on to the bridge: ARP and the way back.
parallel_links() { # POLICY
	lab_up twin
	write_config weir.yaml <<-EOF
		balance: { in: eth1, out: [eth2, eth3], policy: $1 }
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
		  - { name: eth3, redirect_to: eth1 }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	ns_exec b iperf3 -s -1 -D --pidfile "$TEST_DIR/iperf.pid" >"$TEST_DIR/iperf.server" 2>&1
	sleep 0.5
	# Paced: a queue that overflows would look like disorder.
	ns_exec a iperf3 -c 10.77.0.2 -t 3 -P 8 -b 20M --json >"$TEST_DIR/iperf.json" ||
		fail "iperf3 failed: $(jq -r .error "$TEST_DIR/iperf.json")"
	assert_ge "$(jq '.end.sum_received.bytes' "$TEST_DIR/iperf.json")" 1000000
	# Holes that closed without anything being sent again, as the sender sees them: that is disorder.
	# What the receiver queues would count the segments behind a lost one too, and a busy machine may lose one.
	REORDERED=$(ns_exec a nstat -asz TcpExtTCP{SACK,Reno,TS}Reorder | awk '/Reorder/ { n += $2 } END { print n }')
	RESENT=$(jq '.end.sum_sent.retransmits' "$TEST_DIR/iperf.json")
	echo "$1: $REORDERED segments out of order, $RESENT sent again, $(jq '.end.sum_received.bits_per_second / 1e6 | round' "$TEST_DIR/iperf.json") Mbit/s"
}

test_tcp_keeps_its_order_by_flow() {
	parallel_links flow
	assert_eq "$REORDERED" 0 "segments out of order"
	assert_ge "$(row eth2 packets)" 1
	assert_ge "$(row eth3 packets)" 1
}

# The price of turns: TCP gets through, though not in order (./dev bench balance has no figure for it).
test_tcp_survives_round_robin() {
	parallel_links round-robin
	assert_ge "$REORDERED" 100 "segments out of order"
	assert_ge "$(row eth2 packets)" 1000
	assert_ge "$(row eth3 packets)" 1000
}

test_a_target_without_redirects_is_sent_to_by_tc() {
	[ -z "${VM:-}" ] || lab_kernel_at_least 6 3 || skip "before 6.3 a kernel does not tell who takes redirects"
	lab_up fan
	ns_exec d ethtool -K eth0 gro off
	write_config weir.yaml <<-EOF
		balance: { in: [eth1, eth2], out: [eth3, eth4, eth5], policy: flow-symmetric }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(weir balance show 2>&1)" "eth4 takes no XDP redirects"
	# shellcheck disable=SC2046
	flows out.json $(fan_ends) --flows 2000 --fragments 20 --icmp-errors 20
	together out.json
	assert_ge "$(value out.json .receivers[1].frames)" 1000
	ns_exec d ethtool -K eth0 gro on
	sleep 2
	# shellcheck disable=SC2046
	flows out.json $(fan_ends) --flows 2000
	together out.json
	assert_not_contains "$(weir balance show 2>&1)" "takes no XDP redirects"
}

test_nothing_is_left_behind() {
	lab_up fan
	snapshot mid "$TEST_DIR/before"
	write_config weir.yaml <<-EOF
		balance: { in: [eth1, eth2], out: [eth3, eth4, eth5], policy: flow-symmetric }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weir balance drain eth3
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

test_figures_are_told_as_they_change() {
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	timeout 7 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" monitor --figures balance --json >"$TEST_DIR/monitor" &
	sleep 0.5
	flows out.json --from a:eth0 --to c:eth0 --to d:eth0 --flows 2000 --packets 5 --rate 5000
	weir balance remove eth4
	wait $! || true
	assert_ge "$(jq -s '[.[] | select(.event == "figures").row | select(.target == "eth3").packets_per_second] | max' "$TEST_DIR/monitor")" 1000
	assert_contains "$(jq -r .text "$TEST_DIR/monitor")" "left 'eth1'; 50.0 % of 'eth1' moved"
}

# ---- what is wrong is said ----

# complains TEXT YAML_LINE...: `weir check` refuses such a balancer.
complains() {
	local text=$1 line
	shift
	{
		echo "balance:"
		for line in "$@"; do echo "  $line"; done
	} >"$TEST_DIR/bad.yaml"
	assert_fails 1 ns_exec mid "$BUILD/weir" check "$TEST_DIR/bad.yaml"
	assert_contains "$OUTPUT" "bad.yaml:$text"
}

test_wrong_configurations_are_refused() {
	local all i
	lab_up fan
	complains "3:8: error: 'out' is empty: expected at least one target" "in: eth1" "out: []"
	complains "2:3: error: " "in: eth1"
	complains "3:15: error: 'eth1' is a target and an input of the same balancer" "in: eth1" "out: [eth2, eth1]"
	for i in $(seq 1 65); do all+="t$i, "; done
	complains "3:" "in: eth1" "out: [${all%, }]"
	assert_contains "$OUTPUT" "65 targets: a balancer has at most 64"
	complains "3:31: error: \`weight\` wants a whole number from 1 to 100" "in: eth1" "out: [{ name: eth2, weight: 0 }]"
	complains "3:31: error: \`weight\` wants a whole number from 1 to 100" "in: eth1" "out: [{ name: eth2, weight: -3 }]"
	complains "4:11: error: " "in: eth1" "out: eth2" "policy: flow-symetric"
	assert_contains "$OUTPUT" "did you mean flow-symmetric?"
	complains "3:15: error: 'eth2' is a target twice" "in: eth1" "out: [eth2, eth2]"
	complains "3:8: error: there is no interface 'eht2'" "in: eth1" "out: eht2"
	assert_contains "$OUTPUT" "did you mean 'eth2'"
}

test_check_answers_why_nothing_is_redirected() {
	lab_up fan
	ip -n "$(lab_ns mid)" link set eth4 down
	write_config weir.yaml <<-EOF
		balance: { in: eth1, out: [eth3, eth4] }
	EOF
	OUTPUT=$(ns_exec mid "$BUILD/weir" check "$TEST_DIR/weir.yaml" 2>&1)
	assert_contains "$OUTPUT" "'eth4' is set down: nothing is sent there until it is up (ip link set eth4 up)"
	if lab_kernel_at_least 6 3; then
		ns_exec c ethtool -K eth0 gro off
		OUTPUT=$(ns_exec mid "$BUILD/weir" check "$TEST_DIR/weir.yaml" 2>&1)
		assert_contains "$OUTPUT" "'eth3' takes no XDP redirects (a veth whose other end has no NAPI)"
	fi
	OUTPUT=$(unshare -m sh -c "while umount /sys/fs/bpf 2>/dev/null; do :; done; exec nsenter --net=/run/netns/$(lab_ns mid) $BUILD/weir check $TEST_DIR/weir.yaml" 2>&1)
	assert_contains "$OUTPUT" "no bpffs is mounted on /sys/fs/bpf"
}

test_wrong_commands_change_nothing() {
	local before
	balance_start fan native "in: eth1" "out: [eth3, eth4]"
	before=$(weir balance show --json | jq -c 'map([.target, .weight, .share_percent])')
	assert_fails 1 weir balance add eth1
	assert_contains "$OUTPUT" "an input of it"
	assert_fails 1 weir balance add eht5
	assert_contains "$OUTPUT" "did you mean 'eth5'"
	assert_fails 1 weir balance add eth3
	assert_contains "$OUTPUT" "a target of it already"
	assert_fails 1 weir balance remove eth5
	assert_contains "$OUTPUT" "no target of 'eth1'"
	assert_fails 1 weir balance weight eth3 0
	assert_contains "$OUTPUT" "expected 1 to 100"
	assert_fails 2 weir balance weight eth3
	assert_fails 2 weir balance weight eth3 many
	assert_fails 1 weir balance undrain eth3
	assert_contains "$OUTPUT" "not drained"
	assert_fails 1 weir balance drain eth3 --balancer eht1
	assert_contains "$OUTPUT" "did you mean 'eth1'"
	assert_eq "$(weir balance show --json | jq -c 'map([.target, .weight, .share_percent])')" "$before"
}
