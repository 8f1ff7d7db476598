# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What a case about shaping can say more: traffic of subscribers, exact or by TCP, and the files that
# name them. Such a case file sources it: . "$E2E_ROOT/tests/e2e/lib/shape.sh"
# Topologies shaper, shaper-stick and shaper-routed; subscribers are numbers, see lab/subscribers.sh.

# shellcheck source=lab/subscribers.sh
. "$LAB_ROOT/lab/subscribers.sh"

declare -A SHAPE_PIDS=() SHAPE_BEFORE=() TCP_PIDS=()

# ---- numbered UDP ----

shape_mac() { ip -n "$LAB_PREFIX-$1" -j link show dev "$2" | jq -r '.[0].address'; }

# A router in the middle takes only what is sent to it.
shape_router() {
	[ "$LAB_TOPOLOGY" = shaper-routed ] || return 0
	echo "--down-to $(shape_mac mid eth2) --up-to $(shape_mac mid eth1)"
}

# Idle and all time of the machine so far.
shape_clock() { awk '/^cpu / { for (i = 2; i <= 9; i++) all += $i; print $5 + $6, all }' /proc/stat; }

# shape_busy NAME: percent of the machine's time in which something ran, since shape_start NAME.
shape_busy() { echo "${SHAPE_BEFORE[$1]} $(shape_clock)" | awk '{ printf "%d\n", 100 - 100 * ($3 - $1) / ($4 - $2 + 1) }'; }

# shape_too_slow WHAT: threads of the kernel carry packets from CPU to CPU, and lose them when others leave
# them no time. Then nothing can be said; but of the upper bounds always.
shape_too_slow() {
	[ -n "${VM:-}" ] || [ "${SHAPE_BUSY:-0}" -lt 95 ] ||
		skip "$1; but the machine was busy to $SHAPE_BUSY %: nothing can be said"
}

# shape_start NAME ARGS: lab/shape in the background; ARGS are its options after the two ends.
shape_start() {
	local name=$1
	shift
	SHAPE_BEFORE[$name]=$(shape_clock)
	# shellcheck disable=SC2046
	"$BUILD/lab/shape" --inside "$LAB_PREFIX-c:eth0" --outside "$LAB_PREFIX-i:eth0" $(shape_router) "$@" \
		>"$TEST_DIR/$name.json" 2>"$TEST_DIR/$name.err" &
	SHAPE_PIDS[$name]=$!
}

# Loss in a receiving socket is the machine's, not the path's, and must be told apart.
shape_finish() {
	local pid=${SHAPE_PIDS[$1]}
	unset "SHAPE_PIDS[$1]"
	wait "$pid" || fail "shape failed: $(cat "$TEST_DIR/$1.err")"
	SHAPE_BUSY=$(shape_busy "$1")
	echo "$1: $(shape_value "$1" 'del(.subscribers) | tostring'), the machine was busy to $SHAPE_BUSY %"
	assert_eq "$(shape_value "$1" .socket_drops)" 0 "the receiving sockets themselves dropped, nothing can be said"
}

# shape_run NAME ARGS: the figures are in $TEST_DIR/NAME.json.
shape_run() {
	shape_start "$@"
	shape_finish "$1"
}

# shape_value NAME JQ
shape_value() { jq -r "$2" "$TEST_DIR/$1.json"; }

# shape_lossless NAME [FIRST]: for offers below the plan, where any loss is ours; of subscribers from FIRST on.
shape_lossless() {
	local lost
	lost=$(shape_value "$1" '[.subscribers[] | select(.lost > 0 and .subscriber >= '"${2:-1}"') | "\(.subscriber) \(.direction): \(.lost) of \(.sent)"] | join(", ")')
	assert_ge "$(shape_value "$1" .sent)" 1 "nothing was sent"
	[ -z "$lost" ] || shape_too_slow "frames lost"
	assert_eq "$lost" "" "frames lost, by subscriber"
	assert_eq "$(shape_value "$1" .duplicates)" 0 "frames duplicated"
}

shape_in_order() { assert_eq "$(shape_value "$1" .reordered)" 0 "frames out of order"; }

# shape_within NAME PERCENT: nobody's fullest second is above so many percent of the plan.
shape_within() {
	local above
	above=$(shape_value "$1" "[.subscribers[] | select(.peak_of_plan > $2 / 100) | \"\(.subscriber) \(.direction): \(.mbit_peak) of \(.plan_mbit)\"] | join(\", \")")
	assert_ge "$(shape_value "$1" '[.subscribers[] | select(.plan_mbit)] | length')" 1 "no plan was said"
	assert_eq "$above" "" "Mbit/s above $2 % of the plan in a second"
}

# shape_reaches NAME PERCENT: everybody's mean is at least so many percent of the plan.
shape_reaches() {
	local below
	below=$(shape_value "$1" "[.subscribers[] | select(.plan_mbit and .mean_of_plan < $2 / 100) | \"\(.subscriber) \(.direction): \(.mbit_mean) of \(.plan_mbit)\"] | join(\", \")")
	assert_ge "$(shape_value "$1" '[.subscribers[] | select(.plan_mbit)] | length')" 1 "no plan was said"
	[ -z "$below" ] || shape_too_slow "less than $2 % of the plan"
	assert_eq "$below" "" "Mbit/s below $2 % of the plan"
}

# ---- TCP ----

tcp_port() { echo $((5300 + $1 + ($2 == 6) * 1000)); } # SUBSCRIBER FAMILY

# tcp_start NAME FROM TO SUBSCRIBER SECONDS [4|6] [IPERF OPTIONS]: c to i is up, i to c is down. Several
# may run at once, of a subscriber one at a time. The first second is not counted.
tcp_start() {
	local name=$1 from=$2 subscriber=$4 seconds=$5 family=${6:-4} port reverse=() here=$LAB_INTERNET4
	shift 5
	[ $# = 0 ] || shift
	[ "$from" = c ] || reverse=(-R)
	[ "$family" = 4 ] || here=$LAB_INTERNET6
	port=$(tcp_port "$subscriber" "$family")
	nsenter --net="/run/netns/$LAB_PREFIX-i" iperf3 -s -1 -B "$here" -p "$port" >"$TEST_DIR/$name.server" 2>&1 &
	wait_for 5 ns_exec i bash -c "ss -Hltn 'sport = :$port' | grep -q ."
	nsenter --net="/run/netns/$LAB_PREFIX-c" timeout $((seconds + 15)) iperf3 -c "$here" -p "$port" \
		-B "$("lab_subscriber$family" "$subscriber")" -t "$seconds" -O 1 -J "${reverse[@]}" "$@" \
		>"$TEST_DIR/$name.json" 2>"$TEST_DIR/$name.err" &
	TCP_PIDS[$name]=$!
}

# Sets TCP_GOODPUT and TCP_WIRE, kbit/s: what the receiver got of the stream, and the frames that took.
tcp_finish() {
	local pid=${TCP_PIDS[$1]} head=66
	unset "TCP_PIDS[$1]"
	wait "$pid" || fail "iperf3 failed: $(jq -r .error "$TEST_DIR/$1.json" 2>/dev/null || cat "$TEST_DIR/$1.err")"
	[[ $(jq -r '.start.connected[0].local_host' "$TEST_DIR/$1.json") != *:* ]] || head=86
	TCP_GOODPUT=$(jq '.end.sum_received.bits_per_second / 1000 | floor' "$TEST_DIR/$1.json")
	TCP_WIRE=$(jq ".start.tcp_mss_default as \$mss | .end.sum_received.bits_per_second / 1000 * (\$mss + $head) / \$mss | floor" "$TEST_DIR/$1.json")
	echo "$1: $TCP_GOODPUT kbit/s of TCP, $TCP_WIRE kbit/s of frames"
}

# tcp_rate FROM TO SUBSCRIBER SECONDS [4|6] [IPERF OPTIONS]
tcp_rate() {
	tcp_start "tcp-$1$2-$3" "$@"
	tcp_finish "tcp-$1$2-$3"
}

# ---- files ----

# The /64 of a subscriber, all of which is his.
lab_prefix6() { printf '2001:db8:64:%x::/64\n' "$1"; }

# write_devices N PLAN...: $TEST_DIR/ShapedDevices.csv for subscribers 1 to N, who have the plans in turn. PLAN is
# DOWN/UP[/MIN_DOWN/MIN_UP][@PARENT], in Mbit/s. Circuit "N" is called "Subscriber N".
write_devices() {
	local count=$1 n plan parent down up min_down min_up
	shift
	local plans=("$@")
	{
		echo "Circuit ID,Circuit Name,Device ID,Device Name,Parent Node,MAC,IPv4,IPv6,Download Min Mbps,Upload Min Mbps,Download Max Mbps,Upload Max Mbps,Comment"
		for ((n = 1; n <= count; n++)); do
			plan=${plans[(n - 1) % ${#plans[@]}]} parent=
			[[ $plan != *@* ]] || parent=${plan#*@}
			IFS=/ read -r down up min_down min_up <<<"${plan%%@*}"
			printf '%s,Subscriber %s,%s,Device %s,%s,,%s,%s,%s,%s,%s,%s,\n' "$n" "$n" "$n" "$n" "$parent" \
				"$(lab_subscriber4 "$n")" "$(lab_prefix6 "$n")" "$min_down" "$min_up" "$down" "$up"
		done
	} >"$TEST_DIR/ShapedDevices.csv"
}

# ---- the shaper ----

# In a guest without hardware virtualisation the machine must not be what limits.
if [ -z "${VM:-}" ]; then
	SHAPE_PLANS=(5/2 10/4 2/1) SHAPE_PPS=20000
else
	SHAPE_PLANS=(2/1 3/1 1/1) SHAPE_PPS=3000
fi

shape_plan() { echo "${SHAPE_PLANS[($1 - 1) % ${#SHAPE_PLANS[@]}]}"; } # SUBSCRIBER

# shape_offers FIRST LAST LOAD: options of lab/shape; each of them offers LOAD percent of his plan.
shape_offers() {
	local n and=
	for ((n = $1; n <= $2; n++)); do
		echo "$and --subscribers $n --plan $(shape_plan "$n") --load $3"
		and=--and
	done
}

# shaper_bridge WAY: how packets get from eth1 to eth2.
shaper_bridge() {
	case $1 in
	own)
		echo "bridge:"
		echo "  interface_mapping:"
		echo "  - { name: eth1, redirect_to: eth2 }"
		echo "  - { name: eth2, redirect_to: eth1 }"
		;;
	stick)
		echo "bridge:"
		echo "  interface_mapping:"
		echo "  - { name: eth1, redirect_to: eth1, scan_vlans: true }"
		echo "  vlan_mapping:"
		echo "  - { parent: eth1, tag: 3, redirect_to: 4 }"
		echo "  - { parent: eth1, tag: 4, redirect_to: 3 }"
		;;
	esac
}

# shaper_config WAY MODE LINE...: $TEST_DIR/weir.yaml. WAY is own, linux, routed or stick; MODE that of the
# pipeline; LINEs stand in the section. ShapedDevices.csv and network.json are used where they are there.
shaper_config() {
	local way=$1 mode=$2 internet=eth2
	shift 2
	[ "$way" != stick ] || internet=eth1
	{
		echo "pipeline: { mode: $mode }"
		shaper_bridge "$way"
		printf '%s\n' "shaper:" "  access: eth1" "  internet: $internet" "  downlink: 1000" "  uplink: 1000"
		[ "$way" != stick ] || printf '%s\n' "  access_vlan: 3" "  internet_vlan: 4"
		[ ! -e "$TEST_DIR/ShapedDevices.csv" ] || echo "  devices: ShapedDevices.csv"
		[ ! -e "$TEST_DIR/network.json" ] || echo "  network: network.json"
		[[ $* == *"leaf:"* ]] || echo "  leaf: fifo limit 200"
		[ $# = 0 ] || printf '  %s\n' "$@"
	} >"$TEST_DIR/weir.yaml"
}

# shaper_start WAY MODE LINE...: the topology is up.
shaper_start() {
	shaper_config "$@"
	weird_start mid -c "$TEST_DIR/weir.yaml"
}

# shaper_up WAY MODE LINE...: the topology too.
shaper_up() {
	case $1 in
	own) lab_up shaper ;;
	linux) lab_up shaper && lab_linux_bridge mid eth1 eth2 ;;
	*) lab_up "shaper-$1" ;;
	esac
	shaper_start "$@"
}

subscriber() { weir subscribers show "$1" --json | jq -r ".subscriber$2"; } # ID JQ
subscriber_is() { [ "$(subscriber "$1" "$2")" = "$3" ]; }                   # ID JQ VALUE

# shaper_count NAME: packets of a counter of the stage, over all interfaces.
shaper_count() {
	weir counters --json | jq "[.counters[] | select(.stage == \"classify\" and .name == \"$1\").packets] | add"
}

# Of the subscribers: the hosts themselves say a word or two of ICMPv6.
assert_nobody_unknown() {
	assert_eq "$(weir subscribers unknown --json |
		jq -r '.addresses[].address | select(test("^100[.]64[.]0[.]|^2001:db8:64:"))' | paste -sd' ')" "" "unknown addresses"
}

# class_value IF CLASS bytes|packets|drops
class_value() {
	local word
	case $3 in bytes) word=2 ;; packets) word=4 ;; drops) word=7 ;; esac
	ns_exec mid tc -s class show dev "$1" classid "$2" | awk -v word=$word '/Sent/ { print $word + 0; exit }'
}

# class_list: each class with handle, parent and rates, of both interfaces.
class_list() {
	local link
	for link in eth1 eth2; do ns_exec mid tc class show dev $link | sed "s/^/$link /"; done | sort
}

# class_bytes: bytes of each class, by interface and handle.
class_bytes() {
	local link
	for link in eth1 eth2; do
		ns_exec mid tc -s class show dev $link |
			awk -v link=$link '/^class htb/ { handle = $3 } /Sent/ && handle { print link, handle, $2; handle = "" }'
	done | sort
}

no_queues() { ! ns_exec mid tc qdisc show | grep -q "qdisc htb"; }

# shaper_holds NAME: what NAME offered above the plans came through at the plans.
shaper_holds() {
	shape_within "$1" 102
	shape_reaches "$1" 93
}

# group_holds NAME GROUP MBIT: all of it together, in one direction.
group_holds() {
	local mean peak
	read -r mean peak < <(shape_value "$1" ".groups[$2] | [.mbit_mean, .mbit_peak | . * 1000 | floor] | join(\" \")")
	assert_le "$peak" $(($3 * 1020)) "kbit/s, the fullest second of all together"
	[ "$mean" -ge $(($3 * 930)) ] || shape_too_slow "less than 93 % of the rate"
	assert_ge "$mean" $(($3 * 930)) "kbit/s, the mean of all together"
}

# tcp_holds NAME SUBSCRIBER WAY: 93 to 101 % of his plan, counted in frames; WAY is 1 down, 2 up.
tcp_holds() {
	local plan
	tcp_finish "$1"
	plan=$(shape_plan "$2" | cut -d/ -f"$3")
	assert_ge "$TCP_WIRE" $((plan * 930)) "kbit/s of $1, where the plan is $plan Mbit/s"
	assert_le "$TCP_WIRE" $((plan * 1010)) "kbit/s of $1, where the plan is $plan Mbit/s"
}

# tcp_all FROM SECONDS FIRST LAST [4|6]: all of them at once reach their plans.
tcp_all() {
	local from=$1 to=i way=2 n
	[ "$from" = c ] || to=c way=1
	for ((n = $3; n <= $4; n++)); do tcp_start "tcp-$from$to-$n" "$from" "$to" "$n" "$2" "${5:-4}"; done
	for ((n = $3; n <= $4; n++)); do tcp_holds "tcp-$from$to-$n" "$n" $way; done
}

# ping_rtt SUBSCRIBER SECONDS: his mean round trip to the internet, in whole ms.
ping_rtt() {
	ns_exec c ping -q -i 0.1 -w "$2" -I "$(lab_subscriber4 "$1")" "$LAB_INTERNET4" |
		awk -F/ '/^rtt|^round/ { printf "%.0f\n", $5 }'
}
