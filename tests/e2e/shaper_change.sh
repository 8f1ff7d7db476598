# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The shaper while it changes: files, commands, crashes and others' hands, under load. Who offers less
# than his plan loses nothing, who offers more gets no more than it.

# shellcheck source=tests/e2e/lib/shape.sh
. "$E2E_ROOT/tests/e2e/lib/shape.sh"

CIRCUITS=1000 BUSY=100 GREEDY=10 CHANGES=10
# A guest without hardware virtualisation has little time for it.
[ -z "${VM:-}" ] || CIRCUITS=200 BUSY=20 GREEDY=4 CHANGES=4

# ---- files ----

write_nodes() {
	local name
	for name in A B C D; do
		jq -n --arg name $name '{($name): {downloadBandwidthMbps: 600, uploadBandwidthMbps: 600}}'
	done | jq -s add >"$TEST_DIR/network.json"
}

# change_devices STEP: rates of some (not of the greedy), some more, some less (of those without traffic), and
# one in ten moves on to another node.
change_devices() {
	awk -F, -v OFS=, -v step="$1" -v busy="$BUSY" -v greedy="$GREEDY" '
		NR == 1 { print; next }
		$1 > busy && $1 % 37 == step { next }
		$1 % 10 == step % 10 { $5 = substr("ABCD", index("ABCD", $5) % 4 + 1, 1) }
		$1 > greedy && $1 % 7 == step % 7 { $11 = 4 + step % 5; $12 = 3 + step % 3 }
		{ print }
		END {
			for (i = 1; i <= 20; i++) {
				n = 10000 + step * 20 + i
				print n, "Later " n, n, "Device " n, substr("ABCD", i % 4 + 1, 1), "", \
					"100.65." step "." i, "", "", "", 5, 5, ""
			}
		}' "$TEST_DIR/ShapedDevices.csv" >"$TEST_DIR/next.csv"
	mv "$TEST_DIR/next.csv" "$TEST_DIR/ShapedDevices.csv"
}

in_force() { # STEP of change_devices
	subscriber_is $((10000 + $1 * 20 + 1)) .plan.download 5000000
}

# Every other change is noticed by itself.
change_again_and_again() { # TIMES
	local step
	for ((step = 1; step <= $1; step++)); do
		change_devices $step
		((step % 2)) || weir reload >/dev/null
		wait_for 10 in_force $step
	done
}

changing_up() {
	LAB_SUBSCRIBERS=$BUSY
	write_nodes
	write_devices $CIRCUITS 5/5@A 5/5@B 5/5@C 5/5@D
	WEIRD_TIMEOUT=30 shaper_up own native
	assert_ge "$(class_bytes | wc -l)" $((CIRCUITS * 2))
}

# queues_of FIRST LAST: which queue each is in.
queues_of() {
	weir subscribers list --limit 0 --json |
		jq -r ".subscribers[] | select((.id | tonumber) >= $1 and (.id | tonumber) <= $2) | \"\(.id) \(.queue)\"" | sort
}

test_changes_of_files_lose_nothing() { # timeout=180
	changing_up
	queues_of 1 $BUSY >"$TEST_DIR/queues"
	shape_start load --direction both --subscribers 1-$BUSY --pps $((SHAPE_PPS / 2)) --size 500 --seconds $((CHANGES + 5))
	sleep 1
	change_again_and_again $CHANGES
	kill -0 "${SHAPE_PIDS[load]}" || fail "the load ended before the changes"
	shape_finish load
	shape_lossless load
	assert_nobody_unknown
	[ "$(nproc)" = 1 ] || assert_ge "$(queues_of 1 $BUSY | comm -13 "$TEST_DIR/queues" - | wc -l)" 1 "moved to another queue"
}

test_nobody_gets_more_while_files_change() { # timeout=180
	changing_up
	shape_start load --direction both --seconds $((CHANGES / 2 + 5)) --skip 1 \
		--subscribers 1-$GREEDY --plan 5/5 --load 200 --size 1000 \
		--and --subscribers $((GREEDY + 1))-$BUSY --plan 0/0 --load 0 --pps $((SHAPE_PPS / 10)) --size 500
	sleep 1
	change_again_and_again $((CHANGES / 2))
	shape_finish load
	shape_within load 102
	shape_lossless load $((GREEDY + 1))
}

# ---- commands ----

commands_up() {
	write_devices 20 5/5
	shaper_up own native "nodes:" "- { name: A, download: 300, upload: 300 }" "- { name: B, download: 300, upload: 300 }"
}

test_changes_by_command_lose_nothing() {
	local n
	commands_up
	shape_start load --direction both --subscribers 1-20 --pps $((SHAPE_PPS / 10)) --seconds 5
	sleep 0.5
	for n in 21 22 23; do
		weir subscribers add $n --download 5 --upload 5 --address "$(lab_subscriber4 $n)" --parent A
		weir subscribers set $((n - 20)) --download $((n - 15)) --upload 6
		weir subscribers set $((n - 17)) --parent A
		weir subscribers set $((n - 17)) --parent B
		weir subscribers remove $n
	done
	weir subscribers set 1 --address 100.64.0.1,100.64.0.99,2001:db8:64:1::/64
	weir subscribers reset
	shape_finish load
	shape_lossless load
	assert_eq "$(subscriber 1 .plan.download)" 5000000
}

test_commands_are_in_force_at_once_and_survive() {
	commands_up
	weir subscribers set 1 --download 2 --upload 1
	weir subscribers add 30 --name Late --download 3 --upload 2 --address 100.64.0.30 --parent A
	weir subscribers remove 20
	assert_eq "$(subscriber 30 '| [.name, .parent, .plan.upload, .by_command] | tostring')" '["Late","A",2000000,true]'
	shape_run one --direction both --subscribers 1 --plan 2/1 --load 150 --seconds 3 --skip 1 \
		--and --subscribers 30 --plan 3/2 --load 150
	shaper_holds one
	assert_fails 1 weir subscribers show 20
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_eq "$(subscriber 1 .plan.download)" 2000000
	assert_eq "$(subscriber 30 .name)" Late
	assert_fails 1 weir subscribers show 20
	weir subscribers reset 1
	assert_eq "$(subscriber 1 .plan.download)" 5000000
	assert_eq "$(subscriber 30 .name)" Late
	weir subscribers reset
	assert_eq "$(subscriber 20 .plan.download)" 5000000
	assert_fails 1 weir subscribers show 30
}

everybody() { weir subscribers list --limit 0 --json | jq -c '[.subscribers[] | [.id, .plan, .parent, .addresses, .class_down]]'; }

# refused TEXT WORDS...: the command says so.
refused() {
	local text=$1
	shift
	assert_fails 1 weir "$@"
	assert_contains "$OUTPUT" "$text"
}

test_wrong_commands_say_why() {
	local before
	commands_up
	before=$(everybody)
	refused "there is no subscriber '99'" subscribers set 99 --download 5
	refused "there is no subscriber '99'" subscribers remove 99
	refused "there is no subscriber '21' (did you mean '" subscribers show 21
	refused "100.64.0.2 is that of '2'" subscribers set 1 --address 100.64.0.2
	refused 100.64.0.300 subscribers set 1 --address 100.64.0.300
	refused "1000 bit/s" subscribers set 1 --download 1k
	refused "the minimum is above the maximum" subscribers set 1 --min-download 50
	refused "there is no node 'C'" subscribers set 1 --parent C
	refused "there is a subscriber '1' already" subscribers add 1 --download 1 --upload 1 --address 100.64.0.44
	refused "'1' was not changed by command" subscribers reset 1
	refused "there is no node 'Z'" tree Z
	assert_fails 2 weir subscribers set 1 --download fast
	assert_contains "$OUTPUT" "'fast' is no rate"
	assert_fails 2 weir subscribers add 44 --download 1 --address 100.64.0.44
	assert_contains "$OUTPUT" "needs --upload"
	assert_fails 2 weir subscribers add 44 --download 1 --upload 1
	assert_contains "$OUTPUT" "needs --address"
	assert_eq "$(everybody)" "$before"
}

test_commands_tell_what_they_did() {
	commands_up
	assert_contains "$(weir subscribers add 30 --download 3 --upload 2 --address 100.64.0.30)" 30
	assert_contains "$(weir subscribers set 1 --download 2)" 1
	assert_contains "$(weir subscribers set 1 --download 2)" "nothing changed"
	assert_not_contains "$(weir subscribers remove 30)" "nothing changed"
}

test_the_tree_and_words_about_an_address() {
	write_devices 3 50/10@Tower 5/5 5/5@Site
	shaper_config own native "nodes:" "- { name: Site, download: 80, upload: 40 }" \
		"- { name: Tower, parent: Site, download: 20, upload: 20 }"
	lab_up shaper
	OUTPUT=$(ns_exec mid "$BUILD/weir" check --plan "$TEST_DIR/weir.yaml" 2>&1)
	assert_contains "$OUTPUT" "node Tower"
	assert_contains "$OUTPUT" "circuit 1 (Subscriber 1)"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	OUTPUT=$(COLUMNS=140 weir tree)
	assert_contains "$OUTPUT" "  Site"
	assert_contains "$OUTPUT" "    Tower"
	assert_not_contains "$OUTPUT" "Subscriber 1"
	assert_contains "$(weir tree Tower)" "Subscriber 1"
	assert_eq "$(weir tree --json | jq -c '.nodes[] | select(.name == "Tower").rate.download')" 20000000
	OUTPUT=$(weir explain ip 100.64.0.1)
	assert_contains "$OUTPUT" "subscriber 1 (Subscriber 1)"
	assert_contains "$OUTPUT" "plan: download 50 Mbit/s, upload 10 Mbit/s"
	assert_contains "$OUTPUT" "but a node above it, or the line, allows only download 20 Mbit/s"
	assert_contains "$OUTPUT" "below: Tower, Site, the line"
	assert_contains "$OUTPUT" "download leaves eth1 by class $(subscriber 1 .class_down)"
	assert_contains "$(weir explain ip 2001:db8:64:2::77)" "subscriber 2 (Subscriber 2)"
	assert_not_contains "$(weir explain ip 100.64.0.2)" "allows only"
	assert_contains "$(weir explain ip 100.64.0.77)" "nobody's address"
	assert_contains "$(class_list | grep "^eth1 class htb $(subscriber 1 .class_down) ")" "ceil 20Mbit" "the class of 1, by tc"
}

# ---- crash, leave, stop ----

lifecycle_up() {
	write_devices 20 "${SHAPE_PLANS[@]}"
	shaper_up own native
}

# assert_bytes_go_on FILE: the classes are those of the file, their bytes at least what they were.
assert_bytes_go_on() {
	local back
	class_bytes >"$1.now"
	assert_eq "$(diff <(awk '{ print $1, $2 }' "$1") <(awk '{ print $1, $2 }' "$1.now"))" "" "handles of classes"
	back=$(paste "$1" "$1.now" | awk '$6 < $3 { print $1, $2 ": " $3 " to " $6 }')
	assert_eq "$back" "" "classes whose bytes went back"
}

# Subscribers 1 to 5 offer more than their plans, the others less; restart by COMMAND while they send.
restart_under_load() { # COMMAND
	local before offered
	lifecycle_up
	before=$(class_list)
	# shellcheck disable=SC2046
	shape_start load --direction both --seconds 6 --skip 1 $(shape_offers 1 5 150) --and $(shape_offers 6 20 60)
	sleep 1.5
	class_bytes >"$TEST_DIR/bytes"
	offered=$(subscriber 1 .offered.download.packets)
	"$1"
	sleep 1
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_ge "$(subscriber 1 .offered.download.packets)" "$offered" "packets counted for subscriber 1"
	assert_bytes_go_on "$TEST_DIR/bytes"
	assert_eq "$(class_list)" "$before" "classes after the restart"
	shape_finish load
	shape_within load 102
	shape_lossless load 6
	shape_value load 'del(.subscribers[] | select(.subscriber > 5))' >"$TEST_DIR/greedy.json"
	shape_reaches greedy 93
	assert_nobody_unknown
}

leave() {
	kill -USR2 "$WEIRD_PID"
	wait "$WEIRD_PID"
}

test_kill_9_and_restart_under_load() { restart_under_load weird_kill; }
test_leaving_and_coming_back_under_load() { restart_under_load leave; }

# Numbers of classes are remembered, even when there is nothing to take over.
test_a_stop_leaves_nothing() {
	local mode classes
	lab_up shaper
	write_devices 20 "${SHAPE_PLANS[@]}"
	for mode in native tc; do
		snapshot mid "$TEST_DIR/before"
		shaper_start own $mode
		classes=$(class_list)
		# shellcheck disable=SC2046
		shape_run load --direction both --seconds 1 $(shape_offers 1 20 90)
		shape_lossless load
		weird_stop
		assert_unchanged mid "$TEST_DIR/before"
	done
	shaper_start own native
	assert_eq "$(class_list)" "$classes" "classes after the stop and a new start"
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	weird_stop
	assert_unchanged mid "$TEST_DIR/before"
}

# ---- the world ----

holds_again() {
	# shellcheck disable=SC2046
	shape_run again --direction both --seconds 3 --skip 1 $(shape_offers 1 4 150)
	shaper_holds again
}

has_tree() { # IF
	ns_exec mid tc class show dev "$1" | grep -q "class htb $(subscriber 1 .class_down) "
}

# The wire towards the subscribers is there anew.
wire_again() {
	LAB_QUEUES=4 lab_wire c eth0 mid eth1
	lab_subscribers c eth0 10 32
	wait_for 5 has_tree eth1
	lab_wait_carrier
	ping_ok c "$LAB_INTERNET4" -I "$(lab_subscriber4 1)"
	holds_again
}

test_an_interface_vanishes_and_comes_back() {
	lifecycle_up
	ip -n "$(lab_ns mid)" link del eth1
	wait_for 5 grep -q "eth1: interface is gone" "$WEIRD_LOG"
	wire_again
}

# At the start it is not there yet, but it was before.
test_an_interface_comes_late() {
	lifecycle_up
	weird_kill
	ip -n "$(lab_ns mid)" link del eth1
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(weir explain ip 100.64.0.1)" "eth1 is not there"
	wire_again
}

test_a_tree_that_somebody_removes_is_built_again() {
	local before
	lifecycle_up
	before=$(class_list)
	ns_exec mid tc qdisc del dev eth1 root
	wait_for 3 has_tree eth1
	assert_eq "$(class_list)" "$before"
	assert_contains "$(tail -3 "$WEIRD_LOG")" "eth1: our queues are not there any more"
	holds_again
}

test_the_section_comes_and_goes_by_reload() {
	lifecycle_up
	cp "$TEST_DIR/weir.yaml" "$TEST_DIR/with.yaml"
	sed -i '/^shaper:/,$d' "$TEST_DIR/weir.yaml"
	# shellcheck disable=SC2046
	shape_start load --direction both --seconds 4 $(shape_offers 1 20 60)
	sleep 1
	weir reload
	wait_for 3 no_queues
	assert_fails 1 weir subscribers list
	assert_contains "$OUTPUT" "no \`shaper\` section"
	cp "$TEST_DIR/with.yaml" "$TEST_DIR/weir.yaml"
	weir reload
	wait_for 3 has_tree eth1
	shape_finish load
	shape_lossless load
	holds_again
}

test_queues_are_no_more_than_the_device_has() {
	write_devices 20 "${SHAPE_PLANS[@]}"
	shaper_up own native "queues: 9"
	assert_eq "$(queues_of 1 20 | cut -d' ' -f2 | sort -u | paste -sd' ')" "1 2 3 4"
	holds_again
}

test_a_foreign_root_is_refused() {
	lab_up shaper
	write_devices 4 "${SHAPE_PLANS[@]}"
	ns_exec mid tc qdisc add dev eth1 root handle 5: pfifo limit 77
	snapshot mid "$TEST_DIR/before"
	shaper_config own native
	weird_refuses mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$OUTPUT" "eth1: a root qdisc that is not ours is there: pfifo 5:"
	assert_contains "$OUTPUT" "tc qdisc del dev eth1 root"
	assert_unchanged mid "$TEST_DIR/before"
	ns_exec mid tc qdisc del dev eth1 root
	shaper_start own native
	holds_again
}
