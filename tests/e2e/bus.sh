# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Who may talk to the daemon, and what every command answers.

start_pair() {
	lab_up bridge
	write_config weir.yaml <<-EOF
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
}

# as_group GROUPS CMD...: as an ordinary user who is in those groups only.
as_group() {
	local groups=$1
	shift
	setpriv --reuid=65534 --regid=65534 --groups "$groups" "$@"
}

# The way to the socket is open, so that only the socket itself can keep somebody out.
reachable() {
	chmod 755 /run/weir-test "$TEST_DIR"
	as_group 65534 test -e "$TEST_DIR/mid.bus" || fail "the socket's directory is closed"
}

test_strangers_are_kept_out() {
	start_pair
	reachable
	assert_fails 1 as_group 65534 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" status
	assert_contains "$OUTPUT" ermission
	assert_eq "$(stat -c %A "$TEST_DIR/mid.bus" | cut -c 8-10)" "---" "what the world may do"
}

# Group weir opens the door, weir-admin on top of it lets change. The two groups are made for the test in private copies of the files that name them.
test_readers_cannot_change_anything() {
	lab_up bridge
	cp /etc/group "$TEST_DIR/group"
	printf 'weir:x:64001:\nweir-admin:x:64002:\n' >>"$TEST_DIR/group"
	mount --bind "$TEST_DIR/group" /etc/group
	write_config weir.yaml <<-EOF
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	reachable
	as_group 64001 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" status >/dev/null
	as_group 64001 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" bridge show >/dev/null
	assert_fails 1 as_group 64001 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" reload
	assert_contains "$OUTPUT" ermission
	as_group 64001,64002 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" reload
	assert_fails 1 as_group 65534 "$BUILD/weir" --bus "$TEST_DIR/mid.bus" status
	weird_stop
	umount /etc/group
}

test_every_command_answers() {
	local command
	start_pair
	ping_ok a 10.77.0.2
	for command in status counters "bridge show" "config show" "explain interface eth1" version help; do
		# shellcheck disable=SC2086
		assert_ge "$(weir $command | wc -c)" 20 "output of weir $command"
	done
	for command in status counters "bridge show" "config show" "explain interface eth1" version; do
		# shellcheck disable=SC2086
		weir $command --json | jq . >/dev/null || fail "weir $command --json is not JSON"
	done
	assert_contains "$(weir explain interface eth1)" "leaves on eth2"
	assert_fails 1 weir explain interface eht1
	assert_contains "$OUTPUT" "did you mean 'eth1'"
	assert_fails 2 weir statsu
	assert_contains "$OUTPUT" status
}

test_without_a_daemon_it_says_so() {
	assert_fails 3 "$BUILD/weir" --bus "$TEST_DIR/none" status
	assert_contains "$OUTPUT" "weird"
}

test_monitor_tells_events() {
	local monitor
	start_pair
	weir monitor --json >"$TEST_DIR/events" &
	monitor=$!
	sleep 0.5
	ip -n "$(lab_ns mid)" link set eth1 down
	wait_for 5 grep -q '"eth1"' "$TEST_DIR/events"
	jq -e .event "$TEST_DIR/events" >/dev/null
	kill "$monitor"
}

# Counters add up to what was sent, in all and by CPU.
test_counters_are_exact() {
	start_pair
	ping_ok a 10.77.0.2
	frames_through a eth0 b eth0 500 -l 128
	sleep 0.2
	weir counters --json >"$TEST_DIR/counters"
	jq -e '[..|objects|select(.stage?=="bridge" and .name?=="forwarded" and .interface?=="eth1")][0]
		| .packets >= 500 and .packets == ([.cpu[].packets]|add) and .bytes == ([.cpu[].bytes]|add)
		and .bytes >= 500 * 128' "$TEST_DIR/counters" || fail "$(cat "$TEST_DIR/counters")"
}
