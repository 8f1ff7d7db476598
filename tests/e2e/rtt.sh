# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Round-trip times: what weir says of wires whose length is known, of what TCP itself says, and of what a
# capture says afterwards; the table of flows; that measuring costs nobody a packet.

# shellcheck source=tests/e2e/lib/shape.sh
. "$E2E_ROOT/tests/e2e/lib/shape.sh"
# shellcheck source=tests/e2e/lib/rtt.sh
. "$E2E_ROOT/tests/e2e/lib/rtt.sh"

# ---- the wires themselves ----

test_wires_are_as_long_as_they_say() {
	local sum
	lab_up shaper-far
	lab_linux_bridge mid eth1 eth2
	wires_start 5 10 20 40
	meet 1
	ns_exec c ping -q -i 0.05 -c 60 -I 100.64.0.1 "$LAB_INTERNET4" | tee "$TEST_DIR/ping"
	wires_stop
	wires_on_time || skip "the wires were late: nothing can be said"
	sum=$(jq -n "$(truth access) + $(truth internet)")
	near "both wires" "$sum" 75 0 0.8
	near "ping" "$(awk -F/ '/^rtt/ { print $5 }' "$TEST_DIR/ping")" "$sum" 1 0.3
}

test_wires_lose_what_they_say() {
	local lost
	lab_up shaper-far
	lab_linux_bridge mid eth1 eth2
	wire_start access 1000 1000 --loss 20000/0
	wire_start internet 0 0
	shape_run lossy --direction both --subscribers 1-4 --pps 2000 --seconds 2
	wires_stop
	lost=$(shape_value lossy '[.subscribers[] | select(.direction == "up").lost] | add')
	assert_ge "$lost" 30 "frames lost on the way up"
	between "frames that the wire lost" "$(wire_value access .up.lost)" "$lost" $((lost + 5))
	assert_eq "$(shape_value lossy .lost)" "$lost" "frames lost, none of them on the way down"
}

# ---- known delays ----

# Threads that carry packets from CPU to CPU wait for others who work on the machine. Packets of the wires,
# which come first of all, do not as long as they stay on their CPU.
known_up() { # MODE
	not_emulated
	rtt_up "$1 steer: false"
}

# known_once KIND SUBSCRIBER "DELAYS" OPTIONS: runs wires and talk; false when a wire was late.
known_once() {
	local subscriber=$2 delays=$3
	shift 3
	# shellcheck disable=SC2086
	wires_start $delays
	meet "$subscriber"
	talk_run "talk$subscriber" --subscriber "$subscriber" "$@"
	wires_stop
	wires_on_time
}

# Judged are mean and median of both sides; who answers a SYN is the kernel, at once.
known_holds() { # KIND SUBSCRIBER LEAST
	local name=rtt$2 talk=talk$2 side truth
	[ "$1" != handshake ] || talk=
	rtt_ask "$name" --subscriber "$2" --kind "$1"
	for side in access internet; do
		truth=$(truth $side "$talk")
		[ "$1" != handshake ] || assert_eq "$(rtt_row "$name" $side .samples)" "$(talk_value "talk$2" .connections)" \
			"samples of $side, and connections"
		assert_ge "$(rtt_row "$name" $side .samples)" "$3" "samples of $side, $1"
		near "mean of $side, $1" "$(rtt_row "$name" $side .mean)" "$truth" 1 0.3
		near "median of $side, $1" "$(rtt_row "$name" $side .p50)" "$truth" 3 0.3
	done
}

# known KIND SUBSCRIBER LEAST "DELAYS" OPTIONS: repeated once when a wire was late, by somebody else. What it was
# late is in the truth, on average: even then it mostly holds.
known() {
	local kind=$1 subscriber=$2 least=$3
	shift 3
	if known_once "$kind" "$subscriber" "$@" || known_once "$kind" $((subscriber += 10)) "$@"; then
		known_holds "$kind" "$subscriber" "$least"
	else
		(known_holds "$kind" "$subscriber" "$least") || skip "the wires were late twice: nothing can be said"
	fi
}

known_short() { # KIND OPTIONS
	local kind=$1
	shift
	known "$kind" 1 100 "1 1 4 6" --seconds 6 --connections 6 "$@"
}

# Access 2, 40 and 300 ms; internet 10, 100 and 10; not the same there and back.
known_three() { # KIND OPTIONS
	local kind=$1
	shift
	known_short "$kind" "$@"
	known "$kind" 2 100 "15 25 50 50" --seconds 8 --connections 10 "$@"
	known "$kind" 3 100 "40 260 5 5" --seconds 10 --connections 20 "$@"
}

test_known_delay_by_timestamps() {
	known_up native
	known_three timestamp
}

test_known_delay_by_sequence() {
	known_up native
	tcp_timestamps 0
	known_three sequence
}

test_known_delay_of_handshakes() {
	known_up native
	known_three handshake --brief
}

test_known_delay_skb() {
	known_up skb
	known_short timestamp
}

test_known_delay_tc() {
	known_up tc
	known_short timestamp
}

test_known_delay_v6() {
	known_up native
	known_short timestamp --family 6
}

# As it is usually run. A packet's way through the machine may take long if others work there too, but then for
# TCP's own ends as well.
test_both_sides_are_all_of_it() {
	rtt_up native "rest: 0"
	wires_start 1 1 4 6
	meet 1
	talk_run ask --subscriber 1 --seconds 6 --connections 6
	wires_stop
	rtt_ask rtt --subscriber 1 --kind timestamp
	near "mean of both sides together" "$(jq '[.rows[].mean] | add' "$TEST_DIR/rtt.json")" "$(talk_value ask .rounds.mean)" 1 0.3
	near "median of both sides together" "$(jq '[.rows[].p50] | add' "$TEST_DIR/rtt.json")" "$(talk_value ask .rounds.p50)" 3 0.3
}

# ---- frame sizes ----

# Each size is somebody else's; HEAD is what stands before the payload.
sizes_sampled() { # KIND HEAD FIRST SIZE...
	local kind=$1 head=$2 n=$3 size side
	shift 3
	for size in "$@"; do
		talk_run "size$size" --subscriber "$n" --size $((size - head)) --reply $((size - head)) --seconds 1.2
		rtt_ask "rtt$n" --subscriber "$n" --kind "$kind"
		for side in access internet; do
			assert_ge "$(rtt_row "rtt$n" $side .samples)" 20 "samples of $side by $kind, frames of $size bytes"
		done
		n=$((n + 1))
	done
}

test_frames_of_every_size_give_samples() {
	rtt_up native
	wires_start 1 1 5 5
	sizes_sampled timestamp 66 1 67 70 80 100 128 256 512 694 696 1000 1280 1514
	tcp_timestamps 0
	sizes_sampled sequence 54 13 66 100 640 692 694 1000 1500 1514
	wires_stop
}

# ---- beside others who measure ----

# What TCP itself knows of a download. It goes slower than the plan, so that nothing waits in a queue, and the
# other wire is as good as none.
test_the_senders_own_figure_agrees() {
	not_emulated
	rtt_up native
	wires_start 20 20 0 0
	meet 1
	talk_run download --what download --rate 40 --seconds 6
	rtt_ask rtt --subscriber 1 --side access --kind timestamp
	near "median of access, beside TCP's own" "$(rtt_row rtt access .p50)" "$(talk_value download .tcp.p50)" 2 0.3
	wires_stop
}

# capture_start ROLE IF FILE: what goes out there, which is what arrives at weir.
capture_start() {
	nsenter --net="/run/netns/$(lab_ns "$1")" tcpdump -i "$2" -Q out -w "$TEST_DIR/$3" -s 128 \
		--time-stamp-precision nano tcp >"$TEST_DIR/$3.err" 2>&1 &
	CAPTURES+=($!)
	wait_for 5 grep -q "listening on" "$TEST_DIR/$3.err"
}

# Matched again by other code, from a capture: with `rest: 0` all that was sampled is in it.
test_a_capture_says_the_same() {
	local side ours theirs CAPTURES=()
	rtt_up native "rest: 0"
	wires_start 15 25 50 50
	meet 1
	capture_start near eth1 access.pcap
	capture_start far eth0 internet.pcap
	talk_start ask --subscriber 1 --seconds 8 --connections 10 --size 200 --reply 900
	talk_run download --subscriber 1 --port 7008 --what download --rate 5 --seconds 6
	talk_run upload --subscriber 1 --port 7008 --what upload --rate 5 --seconds 3
	talk_finish ask
	sleep 0.5
	kill -TERM "${CAPTURES[@]}"
	wait "${CAPTURES[@]}"
	python3 "$E2E_ROOT/tests/e2e/rtt_offline.py" "$TEST_DIR/access.pcap" "$TEST_DIR/internet.pcap" >"$TEST_DIR/offline.json"
	cat "$TEST_DIR/offline.json"
	rtt_ask rtt --subscriber 1 --kind timestamp
	for side in access internet; do
		ours=$(rtt_row rtt $side .samples) theirs=$(jq ".$side.samples" "$TEST_DIR/offline.json")
		assert_ge "$ours" 500 "samples of $side"
		assert_le "$ours" "$theirs" "samples of $side, and in the capture"
		near "median of $side, beside a capture" "$(rtt_row rtt $side .p50)" "$(jq ".$side.p50" "$TEST_DIR/offline.json")" 2 0
		assert_eq "$(jq -n "$(rtt_row rtt $side .min) >= $(jq ".$side.min" "$TEST_DIR/offline.json") - 0.3")" true \
			"the least of $side, $(rtt_row rtt $side .min) ms, is not below the capture's"
		assert_eq "$(jq -n "$(rtt_row rtt $side .max) <= $(jq ".$side.max" "$TEST_DIR/offline.json") + 0.3")" true \
			"the most of $side, $(rtt_row rtt $side .max) ms, is not above the capture's"
	done
	wires_stop
}

# The name under which others ask: valid JSON, the class as tc writes it, the same each time.
test_xdp_pping_prints_what_it_did() {
	local class avg truth first
	export WEIR_BUS=$TEST_DIR/mid.bus
	ln -s "$BUILD/weir" "$TEST_DIR/xdp_pping"
	rtt_up native
	assert_eq "$("$TEST_DIR/xdp_pping" | jq -c .)" "[{}]" "before anything was measured"
	wires_start 1 1 5 5
	meet 1
	talk_run ask --subscriber 1 --seconds 3
	wires_stop
	first=$("$TEST_DIR/xdp_pping")
	echo "$first"
	rtt_ask rtt --subscriber 1
	class=$(rtt_row rtt access .class) truth=$(truth access ask)
	assert_eq "$(jq -c 'map(.tc)' <<<"$first")" "[\"$class\",null]" "classes, and the dummy last"
	assert_eq "$(jq -c '.[-1]' <<<"$first")" "{}" "the last of all"
	assert_contains "$(ns_exec mid tc class show dev eth1)" "class htb $class " "the class that xdp_pping names"
	avg=$(jq '.[0].avg' <<<"$first")
	near "avg of xdp_pping" "$avg" "$(rtt_row rtt access .mean)" 0 0.01
	near "avg of xdp_pping" "$avg" "$truth" 10 1
	assert_eq "$("$TEST_DIR/xdp_pping")" "$first" "asked a second time"
	near "avg of the other side" "$("$TEST_DIR/xdp_pping" --side internet | jq '.[0].avg')" "$(truth internet ask)" 10 1
	weird_stop
	assert_fails 3 "$TEST_DIR/xdp_pping"
}

# ---- the table of flows ----

test_a_download_is_in_the_table() {
	local bytes again sent
	not_emulated
	rtt_up native
	wire_start access 5000 5000 --loss 0/5000
	wire_start internet 5000 5000
	meet 2
	meet 3
	talk_start download --subscriber 2 --what download --rate 20 --seconds 5
	talk_start other --subscriber 3 --port 7008 --seconds 5
	sleep 3
	assert_eq "$(flow_value 2 '|[.subscriber,.proto,.near,.far,.far_port,.state,.mode]|join(" ")')" \
		"2 tcp 100.64.0.2 100.127.0.1 7007 established timestamps"
	assert_eq "$(flow_value 3 '|[.subscriber,.near,.far_port]|join(" ")')" "3 100.64.0.3 7008"
	assert_eq "$(weir flows --json | jq -c '[.flows[].subscriber] | sort')" '["2","3"]' "whose flows are there"
	between "its round trip of access, ms" "$(flow_value 2 .rtt.access)" 9 60
	talk_finish download
	talk_finish other
	assert_eq "$(flow_value 2 .state)" closing "the state when it is over"
	bytes=$(talk_value download .bytes.download) again=$(flow_value 2 .again.download) sent=$(talk_value download .retransmitted)
	between "bytes of the download" "$(flow_value 2 .bytes.download)" "$bytes" "$bytes * 1.06"
	between "packets of the download" "$(flow_value 2 .packets.download)" "$bytes / 1448" "$bytes / 1448 * 1.03"
	assert_ge "$sent" 5 "segments that TCP sent again"
	between "segments that weir saw again" "$again" "$sent * 0.9" "$sent * 1.1 + 2"
	assert_eq "$(flow_value 2 .again.upload)" 0 "segments of the other direction"
	wires_stop
}

# Others cannot push out who is talking: 100,000 flows that nobody answers, in a table of 1024.
test_a_spray_leaves_answered_flows_in_place() {
	local before after
	not_emulated
	rtt_up native "flows: 1024"
	wires_start 1 1 5 5
	meet 1
	talk_start ask --subscriber 1 --seconds 16 --connections 20
	sleep 2
	before=$(weir flows --subscriber 1 --json | jq -c '[.flows[].near_port] | sort')
	assert_eq "$(jq length <<<"$before")" 20 "flows before the spray"
	shape_run spray --subscribers 2-11 --flows 10000 --pps 25000 --size 128 --seconds 8.5
	weir flows --subscriber 1 --top 1000 --json >"$TEST_DIR/flows.json"
	jq -c '{places, used, full, n: (.flows | length)}' "$TEST_DIR/flows.json"
	after=$(jq -c '[.flows[].near_port] | sort' "$TEST_DIR/flows.json")
	assert_eq "$after" "$before" "the ports of who was talking, before and after"
	# Who was pushed out is back with his next packet, but as one that was never seen before.
	between "the youngest's age in s" "$(jq '[.flows[].age] | min' "$TEST_DIR/flows.json")" 8 20
	assert_eq "$(jq .places "$TEST_DIR/flows.json")" 1024
	assert_ge "$(jq .used "$TEST_DIR/flows.json")" 800 "places in use after the spray"
	before=$(weir rtt --subscriber 1 --json | jq '[.rows[].total] | add')
	sleep 2
	after=$(weir rtt --subscriber 1 --json | jq '[.rows[].total] | add')
	assert_ge $((after - before)) 200 "samples in the two seconds after the spray"
	talk_finish ask
	wires_stop
}

# ---- off and on again ----

has_samples() { [ "$(weir rtt --subscriber 1 --json | jq '[.rows[].samples] | add // 0')" -ge 50 ]; }

test_off_and_on_costs_no_packet() {
	not_emulated
	rtt_up native
	wires_start 1 1 1 1
	meet 1
	shape_start traffic --direction both --subscribers 2-11 --pps 2000 --seconds 8
	talk_start ask --subscriber 1 --seconds 8
	wait_for 4 has_samples
	shaper_config own native
	weir reload
	assert_fails 1 weir rtt
	assert_contains "$OUTPUT" rtt
	sleep 1
	rtt_config native
	weir reload
	wait_for 4 has_samples
	shape_finish traffic
	talk_finish ask
	wires_stop
	shape_lossless traffic
	assert_eq "$(talk_value ask '[.failed, .retransmitted] | join(" ")')" "0 0" "failed, and sent again by TCP"
}
