# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Start, crash, take-over, reload, stop: packets flow on, and nothing is left behind at the end.

pair_config() {
	write_config weir.yaml <<-EOF
		pipeline:
		  mode: ${1:-auto}
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
	EOF
}

crash_and_take_over() {
	lab_up bridge
	pair_config "$1"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	udp_start a b 10.77.0.2:9000 "${PPS:-20000}" 5
	sleep 1
	weird_kill
	sleep 1
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(tail -5 "$WEIRD_LOG")" "taken over from an earlier run"
	sleep 0.5
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	udp_lost_nothing
}

# In a guest without hardware virtualisation 20 kpps would fill the processor by itself.
[ -z "${VM:-}" ] || PPS=3000

test_kill_9_and_take_over_lose_nothing_native() { crash_and_take_over native; }
test_kill_9_and_take_over_lose_nothing_skb() { crash_and_take_over skb; }
test_kill_9_and_take_over_lose_nothing_tc() { crash_and_take_over tc; }

# Counters go on where they were.
test_counters_survive_a_crash() {
	local before
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	frames_through a eth0 b eth0 100 -l 100
	before=$(weir bridge show --json | jq '[..|objects|select(.interface?=="eth1").packets]|first')
	assert_ge "$before" 100
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_ge "$(weir bridge show --json | jq '[..|objects|select(.interface?=="eth1").packets]|first')" "$before"
}

test_leaving_and_coming_back_loses_nothing() {
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	udp_start a b 10.77.0.2:9000 "${PPS:-20000}" 4
	sleep 0.5
	kill -USR2 "$WEIRD_PID"
	wait "$WEIRD_PID"
	assert_contains "$(tail -3 "$WEIRD_LOG")" "the packet path runs on"
	sleep 0.5
	weird_start mid -c "$TEST_DIR/weir.yaml"
	udp_lost_nothing
}

test_reload_unchanged_loses_nothing() {
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	udp_start a b 10.77.0.2:9000 "${PPS:-20000}" 3
	assert_contains "$(weir reload)" "nothing changed"
	kill -HUP "$WEIRD_PID"
	sleep 0.5
	assert_contains "$(weir reload)" "nothing changed"
	udp_lost_nothing
}

# Another interface's mapping comes and goes beside the one that carries traffic.
test_reload_elsewhere_loses_nothing() {
	lab_up bridge
	lab_namespaces c
	lab_wire c eth0 mid eth3
	lab_host c eth0 3
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	udp_start a b 10.77.0.2:9000 "${PPS:-20000}" 4
	echo "  - { name: eth3, redirect_to: eth1 }" >>"$TEST_DIR/weir.yaml"
	assert_contains "$(weir reload)" "eth3"
	sleep 0.5
	sed -i 's/name: eth3, redirect_to: eth1/name: eth3, redirect_to: eth2/' "$TEST_DIR/weir.yaml"
	assert_not_contains "$(weir reload)" "eth1"
	sleep 0.5
	sed -i '/eth3/d' "$TEST_DIR/weir.yaml"
	assert_contains "$(weir reload)" "eth3"
	udp_lost_nothing
}

leaves_nothing() {
	lab_up bridge
	pair_config "$1"
	snapshot mid "$TEST_DIR/before"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

test_sigterm_leaves_nothing_native() { leaves_nothing native; }
test_sigterm_leaves_nothing_skb() { leaves_nothing skb; }
test_sigterm_leaves_nothing_tc() { leaves_nothing tc; }

# The one that stops never saw what was before: the record of the one that was killed tells.
test_sigterm_after_a_crash_leaves_nothing() {
	lab_up bridge
	pair_config
	snapshot mid "$TEST_DIR/before"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

# A knob the operator had turned already stays turned.
test_a_knob_that_was_set_stays_set() {
	lab_up bridge
	ip -n "$(lab_ns mid)" link set eth1 promisc on
	pair_config
	snapshot mid "$TEST_DIR/before"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

# What another put on the hooks is neither used nor removed.
test_a_foreign_xdp_program_is_left_alone() {
	lab_up bridge
	lab_attach xdp mid eth1 pass
	pair_config
	snapshot mid "$TEST_DIR/before"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(cat "$WEIRD_LOG")" "another XDP program is attached"
	ping_ok a 10.77.0.2
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

test_foreign_filters_are_left_alone() {
	lab_up bridge
	lab_attach tc mid eth1 drop 58 255
	pair_config tc
	snapshot mid "$TEST_DIR/before"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

test_a_second_daemon_is_refused() {
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weird_refuses mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$OUTPUT" "running"
	ping_ok a 10.77.0.2
}

# A bad file at the next start must not cut the line that an earlier run left.
test_a_bad_file_at_restart_cuts_nothing() {
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	weird_kill
	echo "bridge: [" >"$TEST_DIR/bad.yaml"
	weird_refuses mid -c "$TEST_DIR/bad.yaml"
	ping_ok a 10.77.0.2
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
}

test_it_says_ready_to_the_service_manager() {
	local socket=$TEST_DIR/notify
	lab_up bridge
	pair_config
	python3 - "$socket" >"$TEST_DIR/notified" <<-'EOF' &
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1]); s.settimeout(15)
		print("bound", flush=True)
		try:
		    while True:
		        print(s.recv(4096).decode(), flush=True)
		except TimeoutError:
		    pass
	EOF
	wait_for 5 grep -q bound "$TEST_DIR/notified"
	export NOTIFY_SOCKET=$socket
	weird_start mid -c "$TEST_DIR/weir.yaml"
	unset NOTIFY_SOCKET
	wait_for 5 grep -q READY=1 "$TEST_DIR/notified"
	kill -HUP "$WEIRD_PID"
	wait_for 5 grep -q RELOADING=1 "$TEST_DIR/notified"
	weird_stop
	wait_for 5 grep -q STOPPING=1 "$TEST_DIR/notified"
	kill %1 2>/dev/null || true
}

# What is left once it runs, and reload, adoption and stop still work with it (NET_ADMIN, NET_RAW,
# PERFMON, BPF).
test_capabilities_are_dropped() {
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_eq "$(awk '/^CapEff/{print $2}' "/proc/$WEIRD_PID/status")" 000000c000003000
	assert_eq "$(awk '/^NoNewPrivs/{print $2}' "/proc/$WEIRD_PID/status")" 1
}

# Every change of mode by reload ends in a bridge that works and leaves nothing of the old mode behind.
test_mode_changes_by_reload() {
	local mode
	lab_up bridge
	pair_config native
	snapshot mid "$TEST_DIR/before"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	for mode in tc native skb tc skb native auto; do
		pair_config "$mode"
		weir reload >/dev/null
		[ "$mode" != auto ] || mode=native
		assert_eq "$(weir status --json | jq -r '.interfaces[0].mode')" "$mode" "mode after reload"
		ping_ok a 10.77.0.2
		[ "$mode" = tc ] || assert_eq "$(find "$TEST_PINS-mid" -name 'tcx-*' -o -name 'filter-*' | wc -l)" 0 "TC left behind in $mode"
	done
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

# The mode of the configuration changed while the daemon was dead.
test_take_over_in_another_mode() {
	local mode
	lab_up bridge
	for mode in tc native skb tc skb; do
		pair_config "$mode"
		weird_start mid -c "$TEST_DIR/weir.yaml"
		assert_eq "$(weir status --json | jq -r '.interfaces[0].mode')" "$mode" "mode after take-over"
		ping_ok a 10.77.0.2
		weird_kill
	done
}

# What cannot be prepared is refused whole: here the record of settings cannot be written.
test_a_refused_change_of_mode_changes_nothing() {
	lab_up bridge
	lab_namespaces c
	lab_wire c eth0 mid eth3
	pair_config native
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	mv "$TEST_DIR/mid.state" "$TEST_DIR/away"
	pair_config skb
	echo "  - { name: eth3, redirect_to: eth1 }" >>"$TEST_DIR/weir.yaml"
	assert_fails 1 weir reload
	ping_ok a 10.77.0.2
	ip -n "$(lab_ns mid)" link set eth1 txqueuelen 500
	sleep 0.5
	ping_ok a 10.77.0.2
	assert_eq "$(weir status --json | jq -r '.interfaces[0].mode')" native
	mv "$TEST_DIR/away" "$TEST_DIR/mid.state"
	weir reload
	ping_ok a 10.77.0.2
}

# A start that fails leaves what an earlier run attached, whatever the mode it would have wanted.
test_a_start_that_fails_cuts_nothing() {
	local mode
	lab_up bridge
	for mode in tc native; do
		pair_config "$mode"
		weird_start mid -c "$TEST_DIR/weir.yaml"
		ping_ok a 10.77.0.2
		weird_kill
		pair_config skb
		rm -rf "$TEST_DIR/mid.state"
		: >"$TEST_DIR/mid.state"
		weird_refuses mid -c "$TEST_DIR/weir.yaml"
		ping_ok a 10.77.0.2
		rm "$TEST_DIR/mid.state"
	done
}

test_pins_are_not_shared() {
	lab_up bridge
	pair_config
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_fails 1 nsenter --net="/run/netns/$(lab_ns mid)" "$BUILD/weird" -c "$TEST_DIR/weir.yaml" \
		--bus "$TEST_DIR/other.bus" --state "$TEST_DIR/other.state" --pins "$TEST_PINS-mid"
	assert_contains "$OUTPUT" "another weird is running with these pins"
	ping_ok a 10.77.0.2
}
