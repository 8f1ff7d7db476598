# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What a case about latency can say more: wires of known length on either side of weir, traffic whose times
# are known, and what weir says of it. Sourced by such a case file, after shape.sh. Topology shaper-far.

declare -A WIRE_PIDS=()
declare -A TALK_PIDS=()

# A guest without hardware virtualisation.
not_emulated() { [ -z "${VM:-}" ] || skip "an emulated machine is late by itself, and has no time for so much traffic"; }

# ---- wires ----

# wire_start access|internet UP_US DOWN_US [OPTIONS OF lab/delay]: up is towards the internet.
wire_start() {
	local name=$1 up=$2 down=$3 role=near
	[ "$name" = access ] || role=far
	shift 3
	rm -f "$TEST_DIR/wire.$name.err"
	"$BUILD/lab/delay" --inside "$(lab_ns $role):eth0" --outside "$(lab_ns $role):eth1" --up "$up" --down "$down" "$@" \
		>"$TEST_DIR/wire.$name.json" 2>"$TEST_DIR/wire.$name.err" &
	WIRE_PIDS[$name]=$!
	listen_ready $! "$TEST_DIR/wire.$name.err"
}

# wires_start ACCESS_UP ACCESS_DOWN INTERNET_UP INTERNET_DOWN, in ms.
wires_start() {
	wire_start access "${1}000" "${2}000"
	wire_start internet "${3}000" "${4}000"
}

# wire_stop NAME: what it has done is in $TEST_DIR/wire.NAME.json.
wire_stop() {
	local pid=${WIRE_PIDS[$1]}
	unset "WIRE_PIDS[$1]"
	kill -TERM "$pid"
	wait "$pid" || fail "delay failed: $(cat "$TEST_DIR/wire.$1.err")"
	echo "wire $1: $(cat "$TEST_DIR/wire.$1.json")"
	assert_eq "$(wire_value "$1" '[.up, .down | .socket_drops + .large + .dropped] | add')" 0 \
		"the wire itself dropped, nothing can be said"
}

wires_stop() {
	wire_stop access
	wire_stop internet
}

wire_value() { jq -r "$2" "$TEST_DIR/wire.$1.json"; }

# The wires were there when a frame was due: 0.2 ms late at most, on average.
wires_on_time() {
	local late
	late=$(jq -s '[.[][].late_us] | max' "$TEST_DIR"/wire.{access,internet}.json)
	[ "$(jq -n "$late <= 200")" = true ] || {
		echo "a wire was late by $late us on average"
		return 1
	}
}

# ---- traffic ----

# meet SUBSCRIBER: both ends know each other's address, or the first answers would wait for that.
meet() {
	ns_exec c ping -q -c 1 -W 3 -I "$(lab_subscriber4 "$1")" "$LAB_INTERNET4" >"$TEST_DIR/meet" 2>&1 &&
		ns_exec c ping -q -c 1 -W 3 -I "$(lab_subscriber6 "$1")" "$LAB_INTERNET6" >"$TEST_DIR/meet" 2>&1 ||
		fail "subscriber $1 and the internet do not see each other: $(cat "$TEST_DIR/meet")"
}

# talk_start NAME OPTIONS: lab/talk in the background.
talk_start() {
	local name=$1
	shift
	rm -f "$TEST_DIR/$name.err"
	"$BUILD/lab/talk" --inside "$(lab_ns c)" --outside "$(lab_ns i)" "$@" >"$TEST_DIR/$name.json" 2>"$TEST_DIR/$name.err" &
	TALK_PIDS[$name]=$!
	listen_ready $! "$TEST_DIR/$name.err"
}

talk_finish() {
	local pid=${TALK_PIDS[$1]}
	unset "TALK_PIDS[$1]"
	wait "$pid" || fail "talk failed: $(cat "$TEST_DIR/$1.err")"
	echo "$1: $(cat "$TEST_DIR/$1.json")"
}

# talk_run NAME OPTIONS: the figures are in $TEST_DIR/NAME.json.
talk_run() {
	talk_start "$@"
	talk_finish "$1"
}

talk_value() { jq -r "$2" "$TEST_DIR/$1.json"; }

# Both hosts do without TCP's timestamps, or with them again.
tcp_timestamps() {
	ns_exec c sysctl -qw net.ipv4.tcp_timestamps="$1"
	ns_exec i sysctl -qw net.ipv4.tcp_timestamps="$1"
}

# ---- truth ----

# truth access|internet [TALK]: ms; what the wire really took there and back, and the host at its end to answer.
truth() {
	local end=inside reply=0
	[ "$1" = access ] || end=outside
	[ -z "${2:-}" ] || reply=$(talk_value "$2" ".reply_$end.mean // 0")
	wire_value "$1" "(.up.held_us + .down.held_us) / 1000 + $reply"
}

# near WHAT SEEN TRUTH PERCENT MS: no further from the truth than so many percent of it and so many ms.
near() {
	[ "$(jq -n "(($2) - ($3)) | fabs <= ($3) * $4 / 100 + $5")" = true ] ||
		fail "$1: got $2 ms, expected $3 ms, give or take $4 % and $5 ms"
}

# between WHAT VALUE LEAST MOST
between() {
	[ "$(jq -n "$2 >= $3 and $2 <= $4")" = true ] || fail "$1: got $2, expected $3 to $4"
}

# ---- what weir says ----

# rtt_up "MODE [LINE OF THE SHAPER]" LINE...: the topology, twenty fast subscribers and weir; LINEs stand in the section rtt.
rtt_up() {
	lab_up shaper-far
	write_devices 20 200/200
	rtt_config "$@"
	[ -z "${VM:-}" ] || local WEIRD_TIMEOUT=60 # the verifier, without hardware virtualisation
	weird_start mid -c "$TEST_DIR/weir.yaml"
}

rtt_config() { # "MODE [LINE OF THE SHAPER]" LINE...
	local mode line
	read -r mode line <<<"$1"
	shift
	shaper_config own "$mode" ${line:+"$line"}
	if [ $# = 0 ]; then
		echo "rtt: {}"
	else
		printf '%s\n' "rtt:"
		printf '  %s\n' "$@"
	fi >>"$TEST_DIR/weir.yaml"
}

# rtt_ask NAME OPTIONS: the answer is in $TEST_DIR/NAME.json.
rtt_ask() {
	local name=$1
	shift
	weir rtt "$@" --json >"$TEST_DIR/$name.json"
	echo "$name: $(jq -c . "$TEST_DIR/$name.json")"
	assert_eq "$(jq .lost "$TEST_DIR/$name.json")" 0 "samples lost"
}

# rtt_row NAME SIDE .FIELD
rtt_row() {
	local value
	value=$(jq -r "[.rows[] | select(.side == \"$2\")$3] | if length == 1 then .[0] else \"\(length) rows\" end" "$TEST_DIR/$1.json")
	[[ $value != *rows ]] || fail "$1: $value of side $2, expected 1: $(cat "$TEST_DIR/$1.json")"
	echo "$value"
}

# flow_value SUBSCRIBER JQ: of the subscriber's only flow.
flow_value() {
	weir flows --subscriber "$1" --json >"$TEST_DIR/flows.json"
	assert_eq "$(jq '.flows | length' "$TEST_DIR/flows.json")" 1 "flows of subscriber $1: $(cat "$TEST_DIR/flows.json")"
	jq -r ".flows[0]$2" "$TEST_DIR/flows.json"
}
