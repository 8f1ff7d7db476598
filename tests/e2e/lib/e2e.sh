# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What an end-to-end case can say. A case file defines functions test_*; each runs in a shell of its
# own with `set -e`, with private namespaces, pins and a private $TEST_DIR, natively or in a guest.

E2E_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
BUILD=${BUILD:-$E2E_ROOT/build}
TEST_NAME=${TEST_NAME:-by-hand}
TEST_DIR=${TEST_DIR:-/run/weir-test/$TEST_NAME}
TEST_PINS=/sys/fs/bpf/weir-${TEST_NAME//./-} # a bpffs allows no dots
export LAB_PREFIX=${TEST_NAME//./-} LAB_BUILD=$BUILD
mkdir -p "$TEST_DIR"
# shellcheck source=lab/lab.sh
. "$E2E_ROOT/lab/lab.sh"

# ---- verdicts ----

fail() {
	echo "FAILED at $(e2e_where): $*" >&2
	exit 1
}

skip() {
	echo "$*" >"${TEST_SKIP_FILE:-/dev/stderr}"
	exit 77
}

# Where in the case file we are: the innermost frame that is not one of these helpers.
e2e_where() {
	local i
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		[ "${BASH_SOURCE[i]}" = "${BASH_SOURCE[0]}" ] && continue
		echo "$(basename "${BASH_SOURCE[i]}"):${BASH_LINENO[i - 1]}"
		return
	done
}

e2e_report_error() { echo "FAILED at $(e2e_where): '$1' returned an error" >&2; }

e2e_end() {
	local role
	for role in "${!WEIRD_PIDS[@]}"; do
		kill -9 "${WEIRD_PIDS[$role]}" 2>/dev/null || true
	done
	[ -z "${TEST_DAEMON_LOG:-}" ] || cat "$TEST_DIR"/weird.*.log >"$TEST_DAEMON_LOG" 2>/dev/null || true
	exit "$1"
}

assert_eq() {
	[ "$1" = "$2" ] || fail "${3:-values differ}: got '$1', expected '$2'"
}

assert_ge() {
	[ "$1" -ge "$2" ] || fail "${3:-too small}: got $1, expected at least $2"
}

assert_le() {
	[ "$1" -le "$2" ] || fail "${3:-too large}: got $1, expected at most $2"
}

assert_contains() {
	[[ $1 == *"$2"* ]] || fail "${3:-text missing}: expected '$2' in: $1"
}

assert_not_contains() {
	[[ $1 != *"$2"* ]] || fail "${3:-text not wanted}: '$2' is in: $1"
}

# assert_fails STATUS CMD...: the command must end with exactly this status; its output is $OUTPUT.
assert_fails() {
	local want=$1 rc=0
	shift
	OUTPUT=$("$@" 2>&1) || rc=$?
	[ "$rc" = "$want" ] || fail "'$*' ended with status $rc, expected $want; it said: $OUTPUT"
}

# wait_for SECONDS CMD...: until CMD succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $*"
		sleep 0.1
	done
}

# ---- network ----

ns_exec() { lab_exec "$@"; }

# ping_ok ROLE ADDRESS [PING OPTIONS]. What an earlier failure left in the neighbour table goes first: an
# entry that has used up its probes fails every packet for a second more, whatever the path does.
ping_ok() {
	local role=$1 address=$2
	shift 2
	ip -n "$LAB_PREFIX-$role" neigh flush all
	lab_exec "$role" ping -c 3 -i 0.2 -W 2 -q "$@" "$address" >"$TEST_DIR/ping" 2>&1 ||
		fail "no answer to ping from $role to $address: $(tail -3 "$TEST_DIR/ping")"
}

ping_fails() {
	local role=$1 address=$2
	shift 2
	! lab_exec "$role" ping -c 2 -i 0.2 -W 1 -q "$@" "$address" >"$TEST_DIR/ping" 2>&1 ||
		fail "an answer to ping from $role to $address, which must not get through"
}

# listen_ready PID FILE: the tools say `ready` on stderr once they listen.
listen_ready() {
	local i
	for ((i = 0; i < 100; i++)); do
		! grep -qs ready "$2" || return 0
		kill -0 "$1" 2>/dev/null || fail "ended before it listened: $(cat "$2")"
		sleep 0.05
	done
	fail "did not listen within 5 s: $(cat "$2")"
}

# udp_start FROM TO ADDRESS:PORT PPS SECONDS [SEND OPTIONS]: numbered datagrams in the background.
udp_start() {
	local from=$1 to=$2 address=$3 pps=$4 seconds=$5
	shift 5
	rm -f "$TEST_DIR/udp.err"
	nsenter --net="/run/netns/$LAB_PREFIX-$to" "$BUILD/lab/udpgen" sink -b "$address" -t $((seconds + 20)) \
		>"$TEST_DIR/udp.json" 2>"$TEST_DIR/udp.err" &
	UDP_SINK=$!
	listen_ready "$UDP_SINK" "$TEST_DIR/udp.err"
	nsenter --net="/run/netns/$LAB_PREFIX-$from" "$BUILD/lab/udpgen" send -c "$address" -r "$pps" -t "$seconds" "$@" \
		>"$TEST_DIR/udp.sent.json" 2>"$TEST_DIR/udp.send.err" &
	UDP_SENDER=$!
}

# The sink ends by itself when the end mark arrives; where nothing gets through it is told to.
udp_finish() {
	local i
	wait "$UDP_SENDER" || fail "the sender failed: $(cat "$TEST_DIR/udp.send.err")"
	for ((i = 0; i < 40; i++)); do
		kill -0 "$UDP_SINK" 2>/dev/null || break
		sleep 0.05
	done
	kill -TERM "$UDP_SINK" 2>/dev/null || true
	wait "$UDP_SINK" || fail "the sink failed: $(cat "$TEST_DIR/udp.err")"
	cat "$TEST_DIR/udp.sent.json" "$TEST_DIR/udp.json"
}

# udp_value .lost: a jq path into what the sink reports.
udp_value() { jq -r "$1" "$TEST_DIR/udp.json"; }

# Loss in the receiving socket is the machine's, not the path's, and must be told apart.
udp_lost_nothing() {
	udp_finish
	udp_check_lossless
}

udp_check_lossless() {
	assert_eq "$(udp_value .socket_drops)" 0 "the receiving socket itself dropped, nothing can be said"
	assert_eq "$(udp_value .ended)" true "the sender's end mark did not arrive"
	assert_eq "$(udp_value .sent)" "$(jq .datagrams "$TEST_DIR/udp.sent.json")" "sent, as the sink heard of it"
	assert_eq "$(udp_value .lost)" 0 "datagrams lost ($(udp_value '.per_flow[0].missing|tostring'))"
	assert_eq "$(udp_value .duplicates)" 0 "datagrams duplicated"
}

# frames_through FROM FROM_IF TO TO_IF COUNT [SEND OPTIONS]: raw frames; $TEST_DIR/frames.json.
frames_through() {
	local from=$1 from_if=$2 to=$3 to_if=$4 count=$5 receiver
	shift 5
	rm -f "$TEST_DIR/frames.err" # an old `ready` must not be taken for the new one
	nsenter --net="/run/netns/$LAB_PREFIX-$to" "$BUILD/lab/frames" recv -i "$to_if" -n "$count" -T 5 -q 1000 \
		>"$TEST_DIR/frames.json" 2>"$TEST_DIR/frames.err" &
	receiver=$!
	listen_ready "$receiver" "$TEST_DIR/frames.err"
	lab_exec "$from" "$BUILD/lab/frames" send -i "$from_if" -n "$count" "$@"
	wait "$receiver" || fail "the receiver failed: $(cat "$TEST_DIR/frames.err")"
	cat "$TEST_DIR/frames.json"
}

frames_value() { jq -r "$1" "$TEST_DIR/frames.json"; }

# flows_run --from ROLE:IF --to ROLE:IF... [OPTIONS]: many connections; $TEST_DIR/flows.json.
flows_run() {
	local word previous='' words=()
	for word in "$@"; do
		case $previous in --from | --back | --to) word=$LAB_PREFIX-$word ;; esac
		words+=("$word") previous=$word
	done
	"$BUILD/lab/flows" "${words[@]}" >"$TEST_DIR/flows.json" || fail "flows failed"
	cat "$TEST_DIR/flows.json"
	assert_eq "$(flows_value .socket_drops)" 0 "the receiving sockets themselves dropped, nothing can be said"
}

flows_value() { jq -r "$1" "$TEST_DIR/flows.json"; }

# ---- daemon and command line ----

declare -A WEIRD_PIDS=()
WEIRD_ROLE=mid

write_config() { cat >"$TEST_DIR/$1"; }

weird_options() {
	echo --bus "$TEST_DIR/$1.bus" --state "$TEST_DIR/$1.state" --pins "$TEST_PINS-$1"
}

# weird_start ROLE ARGS...: in the background; back when it says `ready`. Starting again in the same
# role has the same bus, state and pins, so that adoption can be tested.
weird_start() {
	local role=$1 log=$TEST_DIR/weird.$1.log from end=$((SECONDS + ${WEIRD_TIMEOUT:-10}))
	shift
	[ -x "$BUILD/weird" ] || skip "$BUILD/weird is not built"
	touch "$log"
	from=$(($(stat -c %s "$log") + 1))
	# shellcheck disable=SC2046
	nsenter --net="/run/netns/$LAB_PREFIX-$role" "$BUILD/weird" $(weird_options "$role") "$@" >>"$log" 2>&1 </dev/null &
	WEIRD_PIDS[$role]=$!
	WEIRD_ROLE=$role WEIRD_PID=$!
	export WEIRD_LOG=$log
	until tail -c "+$from" "$log" | grep -q ready; do
		kill -0 "$WEIRD_PID" 2>/dev/null || fail "weird ended before it was ready: $(tail -5 "$log")"
		[ $SECONDS -lt $end ] || fail "weird was not ready in time: $(tail -5 "$log")"
		sleep 0.05
	done
}

# weird_refuses ROLE ARGS...: it must end by itself with an error; what it said is $OUTPUT.
weird_refuses() {
	local role=$1 rc=0
	shift
	# shellcheck disable=SC2046
	OUTPUT=$(timeout 20 nsenter --net="/run/netns/$LAB_PREFIX-$role" "$BUILD/weird" \
		$(weird_options "$role") "$@" 2>&1 </dev/null) || rc=$?
	[ $rc -ne 0 ] && [ $rc -lt 124 ] || fail "weird should have refused; status $rc, it said: $OUTPUT"
}

# weird_stop [ROLE]: SIGTERM, and it must end well.
weird_stop() {
	local role=${1:-$WEIRD_ROLE} pid rc=0 end=$((SECONDS + 15))
	pid=${WEIRD_PIDS[$role]}
	kill -TERM "$pid"
	while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ]; do sleep 0.05; done
	! kill -0 "$pid" 2>/dev/null || fail "weird still runs 15 s after SIGTERM"
	wait "$pid" || rc=$?
	unset "WEIRD_PIDS[$role]"
	assert_eq "$rc" 0 "weird's exit status after SIGTERM"
}

weird_kill() {
	local role=${1:-$WEIRD_ROLE} pid
	pid=${WEIRD_PIDS[$role]}
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	unset "WEIRD_PIDS[$role]"
}

weir() { "$BUILD/weir" --bus "$TEST_DIR/$WEIRD_ROLE.bus" "$@"; }

# ---- before and after ----

# snapshot ROLE FILE: everything weird may touch in that namespace, and the pins.
snapshot() {
	local ns link
	ns=$LAB_PREFIX-$1
	{
		ip -n "$ns" -d -o link show | sed -E 's/[a-z]+_timer +[0-9.]+//g'
		lab_exec "$1" bpftool net show
		lab_exec "$1" tc qdisc show
		for link in $(ip -n "$ns" -o link show | awk -F': ' '{sub(/@.*/, "", $2); print $2}'); do
			echo "link $link"
			lab_exec "$1" ethtool -k "$link"
			lab_exec "$1" tc filter show dev "$link" ingress
			lab_exec "$1" tc filter show dev "$link" egress
		done
		lab_exec "$1" sysctl -a --pattern '^net\.(core|ipv4\.conf|ipv4\.ip_forward|ipv6\.conf)'
		echo "pins"
		find /sys/fs/bpf -mindepth 1 ! -name '*.debug' | sort
	} >"$2" 2>/dev/null || true
}

# The kernel frees programs and links a moment after the process: some patience, then equality.
assert_unchanged() {
	local role=$1 before=$2 end=$((SECONDS + 5))
	while :; do
		snapshot "$role" "$before.now"
		! cmp -s "$before" "$before.now" || return 0
		[ $SECONDS -lt $end ] || fail "left behind in $role: $(diff "$before" "$before.now" || true)"
		sleep 0.2
	done
}
