# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The balancer without a daemon: ip loads it, xdp_config tells it where to send, and frames go round.
# Its pins have fixed names; each case has a BPF file system of its own.

MAP=/sys/fs/bpf/redirect_map
BY_NAME=/sys/fs/bpf/tc/globals/redirect_map
PIPE=/sys/kernel/debug/tracing/trace_pipe

# As typed on the page, in the middle and where the build put object and tool.
page() { (cd "$BUILD" && ns_exec mid "$@"); }
config() { ns_exec mid "$BUILD/xdp_config" "$@"; }
load() { page ip link set dev "${2:-eth1}" "$1" obj xdp_loadbalancer.o sec xdp; }

# targets: "eth2 eth4", as the dump tells them.
targets() {
	local index
	for index in $(bpftool -j map dump pinned "$MAP" | jq '[.[].formatted]|sort_by(.key)[].value.ifindex'); do
		ip -n "$(lab_ns mid)" -j link show | jq -r ".[]|select(.ifindex==$index).ifname"
	done | paste -sd' '
}

# spread COUNT ROLE...: untagged IPv4 from host a; $GOT is how many each role got, in the same order.
spread() {
	local count=$1 role pids=()
	shift
	for role in "$@"; do
		rm -f "$TEST_DIR/$role.err"
		nsenter --net="/run/netns/$(lab_ns "$role")" "$BUILD/lab/frames" recv -i eth0 -T 5 -q 1500 \
			>"$TEST_DIR/$role.json" 2>"$TEST_DIR/$role.err" &
		pids+=($!)
		listen_ready $! "$TEST_DIR/$role.err"
	done
	# shellcheck disable=SC2086
	ns_exec a ${ONE_CPU:+taskset -c $ONE_CPU} "$BUILD/lab/frames" send -i eth0 -n "$count" -e 0x0800 -l "${FRAME_SIZE:-120}"
	wait "${pids[@]}" || fail "a receiver failed: $(cat "$TEST_DIR"/?.err)"
	GOT=()
	for role in "$@"; do
		GOT+=("$(jq .frames "$TEST_DIR/$role.json")")
		assert_eq "$(jq .corrupt "$TEST_DIR/$role.json")" 0 "corrupt frames at $role"
	done
	echo "of $count frames: $* got ${GOT[*]}"
}

# Nothing is lost, and two targets differ by no more than one frame per CPU.
spread_evenly() {
	local count=$1 most=0 least=$1 sum=0 n
	spread "$@"
	for n in "${GOT[@]}"; do
		sum=$((sum + n))
		most=$((n > most ? n : most)) least=$((n < least ? n : least))
	done
	assert_eq "$sum" "$count" "frames that arrived at all targets together"
	assert_le $((most - least)) "$(nproc --all)" "difference between two targets (${GOT[*]})"
}

tracing_up() {
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug || skip "no debugfs here"
	[ -r $PIPE ] || skip "this kernel has no tracing"
}

# Every command of the page in its order, without sudo.
test_the_page_as_written() {
	local out reader
	lab_up fan
	tracing_up
	page mount -t bpf bpf /sys/fs/bpf/
	page ip link set dev eth1 xdp obj xdp_loadbalancer.o sec xdp
	out=$(page ./xdp_config /sys/fs/bpf/redirect_map eth2 eth3 2>&1)
	echo "$out"
	assert_contains "$out" "pinned the loaded program's map at /sys/fs/bpf/redirect_map"
	assert_contains "$out" "input eth1 (ifindex $(lab_ifindex mid eth1)), native XDP"
	assert_contains "$out" "target 0: eth2 (ifindex $(lab_ifindex mid eth2))"
	assert_contains "$out" "target 1: eth3 (ifindex $(lab_ifindex mid eth3))"
	assert_contains "$out" "xdp_config --trace on"
	assert_not_contains "$out" "warning"
	assert_contains "$(page ip link show eth1)" " xdp "
	page cat /sys/kernel/debug/tracing/trace_pipe >"$TEST_DIR/trace" &
	reader=$!
	spread_evenly 400 b c
	kill $reader
	assert_not_contains "$(cat "$TEST_DIR/trace")" "redirect_map: $(lab_ifindex mid eth1) ->" "the trace, which is off"
	out=$(page bpftool map dump pinned /sys/fs/bpf/redirect_map)
	assert_eq "$(jq -c 'sort_by(.key)' <<<"$out")" \
		"[{\"key\":0,\"value\":{\"ifindex\":$(lab_ifindex mid eth2)}},{\"key\":1,\"value\":{\"ifindex\":$(lab_ifindex mid eth3)}}]"
	page ip link set dev eth1 xdp off
	assert_not_contains "$(page ip link show eth1)" xdp
	spread 20 b c
	assert_eq "${GOT[*]}" "0 0" "frames after the program was removed"
}

goes_round() {
	lab_up fan
	load "$1"
	config "$MAP" eth2 eth3
	spread_evenly 1000 b c
	config "$MAP" eth2 eth3 eth4
	spread_evenly 1000 b c d
	ONE_CPU=0 spread 999 b c d
	assert_eq "${GOT[*]}" "333 333 333" "frames that one CPU spread"
	config "$MAP" eth5 eth4
	assert_eq "$(targets)" "eth5 eth4"
	spread 200 b c d e
	assert_eq "${GOT[*]:0:2}" "0 0" "frames for targets that were removed"
	assert_eq $((GOT[2] + GOT[3])) 200 "frames for the new targets"
	config "$MAP" eth3 eth3 eth2
	ONE_CPU=0 spread 300 b c
	assert_eq "${GOT[*]}" "100 200" "frames where one target is named twice"
}

test_frames_go_round_native() { goes_round xdp; }
test_frames_go_round_skb() { goes_round xdpgeneric; }

leaves_the_rest() {
	lab_up fan
	load "$1"
	frames_through a eth0 mid eth1 20 -e 0x0800 -l 100
	assert_eq "$(frames_value .lost)" 0 "frames lost where no target was named"
	config "$MAP" eth2 eth3
	frames_through a eth0 mid eth1 20 -e 0x86dd -l 100
	assert_eq "$(frames_value .lost)" 0 "IPv6 lost"
	frames_through a eth0 mid eth1 20 -t 5:3 -e 0x0800 -l 100
	assert_eq "$(frames_value .lost)" 0 "tagged frames lost"
	assert_eq "$(frames_value '.shapes|map(.tags|map([.vid,.pcp]))|tostring')" '[[[5,3]]]'
	frames_through a eth0 mid eth1 20 -e 0x0800 -l 100
	assert_eq "$(frames_value .frames)" 0 "untagged IPv4 that the kernel got"
}

test_all_but_ipv4_is_the_kernels_native() { leaves_the_rest xdp; }
test_all_but_ipv4_is_the_kernels_skb() { leaves_the_rest xdpgeneric; }

lines_of_trace() { [ "$(grep -c "redirect_map: $(lab_ifindex mid eth1) -> " "$TEST_DIR/trace")" -ge "$1" ]; }

# One reader from beginning to end: what is told while the trace is off would stand before the rest.
test_the_trace_tells_every_redirect_while_it_is_on() {
	local reader input two three
	lab_up fan
	tracing_up
	load xdp
	config "$MAP" eth2 eth3
	cat $PIPE >"$TEST_DIR/trace" &
	reader=$!
	spread_evenly 30 b c
	assert_contains "$(config --trace on)" "trace on: cat $PIPE"
	assert_contains "$(config --show)" "trace on"
	ONE_CPU=0 spread 6 b c
	config --trace off "$MAP"
	spread_evenly 30 b c
	config --trace on "$MAP"
	config "$MAP" eth2
	ONE_CPU=0 spread 4 b
	wait_for 10 lines_of_trace 10
	kill $reader
	input=$(lab_ifindex mid eth1) two=$(lab_ifindex mid eth2) three=$(lab_ifindex mid eth3)
	assert_eq "$(grep -oE "redirect_map: $input -> [0-9]+" "$TEST_DIR/trace" | sort | uniq -c | awk '{ print $1, $5 }' | paste -sd,)" \
		"7 $two,3 $three" "what the trace told"
}

# Nothing is written when one thing is wrong.
test_what_is_wrong_is_said_before_anything_is_written() {
	lab_up fan
	load xdp
	config "$MAP" eth2 eth3
	assert_fails 1 config "$MAP" eth4 eht3 nothing
	assert_contains "$OUTPUT" "error: eht3: there is no such interface here (did you mean \`eth3\`?)"
	assert_contains "$OUTPUT" "error: nothing: there is no such interface here"
	assert_fails 1 config "$MAP" eth4 eth1
	assert_contains "$OUTPUT" "error: eth1 runs the program itself"
	# shellcheck disable=SC2046
	assert_fails 1 config "$MAP" $(printf 'eth2 %.0s' {1..65})
	assert_contains "$OUTPUT" "65 targets, at most 64"
	assert_fails 1 config /sys/fs/bpf/a.b eth2
	assert_contains "$OUTPUT" "no names with dots"
	assert_fails 1 config "$TEST_DIR/redirect_map" eth2
	assert_contains "$OUTPUT" "no BPF file system is mounted there (mount -t bpf bpf /sys/fs/bpf/)"
	assert_fails 2 config "$MAP"
	assert_fails 2 config --trace
	assert_fails 2 config --shwo "$MAP"
	assert_contains "$OUTPUT" "did you mean '--show'?"
	assert_eq "$(targets)" "eth2 eth3" "the targets after refusals"
	assert_contains "$(config --help)" "usage: xdp_config MAP TARGET..."
	bpftool map create /sys/fs/bpf/other type array key 4 value 8 entries 4 name other
	assert_fails 1 config /sys/fs/bpf/other eth2
	assert_contains "$OUTPUT" "is another map: 'other' of type array with 4-byte keys and 8-byte values"
}

# A program with such a map would be found, wherever on the machine it runs.
no_program_loaded() {
	local maps
	maps=$(bpftool -j map show | jq '[.[]|select(.name=="redirect_map" and .type=="hash").id]')
	bpftool -j prog show | jq -e --argjson maps "$maps" '[.[].map_ids[]?]|all(. as $id|$maps|index($id)|not)' >/dev/null
}

test_without_program_or_bpffs_the_remedy_is_named() {
	local i
	lab_up fan
	mount -t tmpfs tmpfs /sys/fs/bpf
	assert_fails 1 config "$MAP" eth2
	assert_contains "$OUTPUT" "/sys/fs/bpf: no BPF file system is mounted there (mount -t bpf bpf /sys/fs/bpf/)"
	umount /sys/fs/bpf
	for ((i = 0; i < 50; i++)); do # the kernel frees the program of an earlier case a moment later
		! no_program_loaded || break
		sleep 0.1
	done
	no_program_loaded || skip "such a program is loaded elsewhere on this machine"
	assert_fails 1 config "$MAP" eth2
	assert_contains "$OUTPUT" "no loaded program has a redirect_map (ip link set dev INPUT xdp obj xdp_loadbalancer.o sec xdp)"
	[ ! -e "$MAP" ] || fail "something was pinned"
}

# Where the program came without a pin, its map is found by the interface it runs on.
test_the_map_is_found_without_a_pin() {
	lab_up fan
	load xdp
	rm "$BY_NAME"
	assert_contains "$(config "$MAP" eth3)" "pinned the loaded program's map"
	spread_evenly 20 c
	# Loaded again it has a new map: the old one must not be filled in vain.
	page ip link set dev eth1 xdp off
	load xdp
	assert_fails 1 config "$MAP" eth2
	assert_contains "$OUTPUT" "is not the map that the program on eth1 uses (\`rm $MAP\` and run this again)"
	rm "$MAP"
	config "$MAP" eth2
	spread_evenly 20 b
}

# Targets belong to the map and outlive the program; a second input has them too, and turns of its own.
test_targets_outlive_the_program() {
	local out
	lab_up fan
	load xdp
	config "$MAP" eth2 eth3
	page ip link set dev eth1 xdp off
	out=$(config "$MAP" eth3 2>&1)
	assert_contains "$out" "no interface here runs the program yet"
	load xdp
	spread_evenly 20 c
	load xdp eth5
	assert_contains "$(config --show)" "input eth5 (ifindex $(lab_ifindex mid eth5)), native XDP"
	frames_through e eth0 c eth0 20 -e 0x0800 -l 100
	assert_eq "$(frames_value .lost)" 0 "frames of the second input lost"
}

# `sec xdp` is a program for frames of one buffer: natively a large MTU is refused, and the words are ip's.
test_large_frames_go_round_in_skb_mode() {
	LAB_MTU=9000
	lab_up fan
	! load xdp || fail "the driver took the program at MTU 9000"
	load xdpgeneric
	config "$MAP" eth2 eth3
	frames_through a eth0 mid eth1 10 -e 0x86dd -l 9014
	assert_eq "$(frames_value .lost)" 0 "large IPv6 frames lost"
	FRAME_SIZE=9014 spread_evenly 40 b c
}

# What would lose frames in silence is said.
test_bad_targets_are_warned_of() {
	local out
	lab_up fan
	load xdp
	ip -n "$(lab_ns mid)" link set eth4 down
	ip -n "$(lab_ns e)" link set eth0 down
	ip -n "$(lab_ns mid)" link set eth2 mtu 1400
	ns_exec mid ethtool -K eth1 rxvlan on
	out=$(config "$MAP" eth2 eth4 eth5 eth4 2>&1)
	assert_contains "$out" "warning: eth2 has MTU 1400, eth1 has 1500: larger frames are lost"
	assert_contains "$out" "warning: eth4 is down: frames sent to it are lost (ip link set dev eth4 up)"
	assert_contains "$out" "warning: eth5 has no carrier"
	assert_contains "$out" "note: eth4 is named 2 times: it gets 2 of every 4 frames"
	assert_contains "$out" "warning: eth1 takes VLAN tags off before the program sees them"
	assert_eq "$(targets)" "eth2 eth4 eth5 eth4"
	lab_kernel_at_least 6 3 || return 0
	ns_exec c ethtool -K eth0 gro off
	out=$(config "$MAP" eth3 2>&1)
	assert_contains "$out" "warning: eth3 takes no XDP redirects, its driver is veth: frames sent to it are lost (ethtool -K PEER gro on"
	page ip link set dev eth1 xdp off
	load xdpgeneric
	out=$(config "$MAP" eth3 2>&1)
	assert_not_contains "$out" "takes no XDP redirects"
	spread_evenly 20 c
}
