# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A box of LibreQoS taken over: /etc/lqos, ispConfig.py, ShapedDevices.csv, network.json, as they stand,
# as they are saved by other programs, and as they are when somebody made a mistake.

# shellcheck source=tests/e2e/lib/shape.sh
. "$E2E_ROOT/tests/e2e/lib/shape.sh"

# lqos_up: the example directory, with queues that every kernel has.
lqos_up() {
	lab_up shaper
	LQOS=$TEST_DIR/libreqos
	mkdir -p "$LQOS"
	cp "$E2E_ROOT"/lab/examples/libreqos/* "$LQOS"
	sed -i "s/^sqm = .*/sqm = 'fq_codel'/" "$LQOS/ispConfig.py"
	write_config lqos <<-EOT
		lqos_directory = '$LQOS'

		[bridge]
		use_kernel_bridge = true
		interface_mapping = [
			{ name = "eth1", redirect_to = "eth2", scan_vlans = false },
			{ name = "eth2", redirect_to = "eth1", scan_vlans = false }
		]
		vlan_mapping = []
	EOT
}

lqos_start() { weird_start mid -c "$TEST_DIR/lqos"; }

# save FILE: as an export does, in one step; standard input is the new text.
save() {
	cat >"$LQOS/$1.new"
	mv "$LQOS/$1.new" "$LQOS/$1"
}

# devices_with PLAN: the example's rows; circuit 10 has 10/2 Mbit/s there, here PLAN, "12,3".
devices_with() { sed "/^10,/s/,2,1,[0-9]*,[0-9]*,/,2,1,$1,/" "$E2E_ROOT/lab/examples/libreqos/ShapedDevices.csv"; }

lqos_holds() { # PLAN_OF_10
	shape_run ten --direction both --seconds 3 --skip 1 --subscribers 10 --plan "$1" --load 150 \
		--and --subscribers 8 --plan 2/2 --load 150
	shaper_holds ten
}

download_of_10() { [ "$(subscriber 10 .plan.download)" = "$1" ]; }
said() { grep -qF "$1" "$WEIRD_LOG"; }
total() { weir subscribers list --limit 0 --json | jq .total; }

test_the_example_directory_is_shaped() {
	lqos_up
	lqos_start
	assert_eq "$(total)" 20
	assert_eq "$(subscriber 5 '.addresses | length')" 4
	assert_eq "$(subscriber 10 .parent)" "Valley Mill"
	assert_contains "$(weir tree)" "Hilltop North"
	tcp_start six i c 2 3 6 # 25 Mbit/s
	lqos_holds 10/2
	tcp_finish six
	assert_ge "$TCP_WIRE" 23250
	assert_le "$TCP_WIRE" 25250
	assert_nobody_unknown
}

test_the_example_directory_on_a_stick() {
	lqos_up
	lab_up shaper-stick
	sed -i -e 's/^OnAStick = .*/OnAStick = True/' -e 's/^StickVlanA = .*/StickVlanA = 3/' \
		-e 's/^StickVlanB = .*/StickVlanB = 4/' "$LQOS/ispConfig.py"
	write_config lqos <<-EOT
		lqos_directory = '$LQOS'

		[bridge]
		use_kernel_bridge = true
		interface_mapping = [
			{ name = "eth1", redirect_to = "eth1", scan_vlans = true },
		]
		vlan_mapping = [
			{ parent = "eth1", tag = 3, redirect_to = 4 },
			{ parent = "eth1", tag = 4, redirect_to = 3 },
		]
	EOT
	lqos_start
	lqos_holds 10/2
}

test_monitor_only_mode() {
	lqos_up
	sed -i 's/^monitorOnlyMode = .*/monitorOnlyMode = True/' "$LQOS/ispConfig.py"
	lqos_start
	shape_run free --subscribers 10 --plan 10 --load 200 --seconds 1
	shape_lossless free
	no_queues || fail "queues in monitor mode"
	assert_eq "$(subscriber 10 .offered.download.packets)" "$(shape_value free .received)"
}

# Saved in one step, in place, and two files one after the other.
test_saved_files_are_applied_by_themselves() {
	lqos_up
	lqos_start
	devices_with 12,3 | save ShapedDevices.csv
	wait_for 5 download_of_10 12000000
	devices_with 6,2 >"$LQOS/ShapedDevices.csv"
	wait_for 5 download_of_10 6000000
	jq '. + {"New": {"downloadBandwidthMbps": 90, "uploadBandwidthMbps": 90, "type": "site"}}' "$LQOS/network.json" |
		save network.json
	devices_with 6,2 | sed '/^10,/s/Valley Mill/New/' | save ShapedDevices.csv
	wait_for 5 subscriber_is 10 .parent New
	lqos_holds 6/2
	sed -i 's/^monitorOnlyMode = .*/monitorOnlyMode = True/' "$LQOS/ispConfig.py"
	weir reload
	wait_for 5 no_queues
}

bad_rows() {
	echo '31,Bad,131,Bad,Nowhere,,100.64.0.31,,1,1,5,5,'
	echo '32,Bad,132,Bad,Valley,,100.64.0.300,,1,1,5,5,'
	echo '33,Bad,133,Bad,Valley,,100.64.0.33,,9,1,5,5,'
	echo '34,Bad,134,Bad,Valley,,100.64.0.1,,1,1,5,5,'
}

test_every_mistake_is_told_and_nothing_changes() {
	local line last before
	lqos_up
	lqos_start
	before=$(class_list)
	last=$(wc -l <"$LQOS/ShapedDevices.csv")
	{ devices_with 11,3 && bad_rows; } | save ShapedDevices.csv
	for line in 1 2 3 4; do wait_for 5 said "ShapedDevices.csv:$((last + line)):"; done
	said Nowhere && said 100.64.0.300 || fail "what is wrong is not said: $(tail "$WEIRD_LOG")"
	assert_eq "$(class_list)" "$before"
	assert_fails 1 weir subscribers show 33
	assert_fails 1 weir reload
	assert_contains "$OUTPUT" "ShapedDevices.csv:$((last + 2)):"
	lqos_holds 10/2
	devices_with 11,3 | save ShapedDevices.csv
	wait_for 5 download_of_10 11000000
}

# The last good ones are used, and it is said; a new good one ends that.
test_a_restart_with_a_bad_file_uses_the_last_good_one() {
	lqos_up
	lqos_start
	weird_stop
	{ devices_with 11,3 && bad_rows; } | save ShapedDevices.csv
	lqos_start
	said "not used: the copy of" || fail "it was not said: $(cat "$WEIRD_LOG")"
	assert_eq "$(total)" 20
	lqos_holds 10/2
	devices_with 11,3 | save ShapedDevices.csv
	wait_for 5 download_of_10 11000000
	weird_kill
	rm "$LQOS/ShapedDevices.csv"
	lqos_start
	assert_eq "$(subscriber 10 .plan.download)" 11000000
}

test_a_missing_network_is_a_clear_error() {
	lqos_up
	rm "$LQOS/network.json"
	weird_refuses mid -c "$TEST_DIR/lqos"
	assert_contains "$OUTPUT" "$LQOS/network.json"
	assert_contains "$OUTPUT" "No such file"
	assert_contains "$OUTPUT" "{}"
	assert_not_contains "$OUTPUT" "Valley Mill" "each circuit is told, though one file is what is missing"
	echo '{}' | save network.json
	weird_refuses mid -c "$TEST_DIR/lqos"
	assert_contains "$OUTPUT" "Valley Mill"
}

# ---- no room for the state ----

runs_on_without_state() {
	devices_with 11,3 | save ShapedDevices.csv
	wait_for 5 download_of_10 11000000
	wait_for 5 said "$TEST_DIR/mid.state"
	weir subscribers set 8 --download 3
	assert_eq "$(subscriber 8 .plan.download)" 3000000
	assert_contains "$(tail -5 "$WEIRD_LOG")" "not survive"
	weir subscribers reset 8
	lqos_holds 11/3
}

test_a_full_state_directory() {
	lqos_up
	mkdir -p "$TEST_DIR/mid.state"
	mount -t tmpfs -o size=64k tmpfs "$TEST_DIR/mid.state"
	lqos_start
	head -c 100k /dev/zero >"$TEST_DIR/mid.state/full" 2>/dev/null || true
	runs_on_without_state
	weird_stop
}

# It cannot be made so while a lock is open in it: another takes its place.
test_a_read_only_state_directory() {
	lqos_up
	lqos_start
	mount -t tmpfs -o ro tmpfs "$TEST_DIR/mid.state"
	runs_on_without_state
	umount "$TEST_DIR/mid.state"
	weird_stop
	lqos_start
	assert_eq "$(subscriber 10 .plan.download)" 11000000
}

# Not mounted yet, or renamed: subscribers keep what they have.
test_a_directory_that_is_gone_takes_nothing_away() {
	lqos_up
	lqos_start
	mv "$LQOS" "$LQOS.away"
	OUTPUT=$(weir reload 2>&1) && fail "a reload without the directory: $OUTPUT"
	assert_contains "$OUTPUT" "$LQOS"
	assert_eq "$(total)" 20
	assert_contains "$(weir status)" "what was good runs on"
	weird_kill
	lqos_start
	wait_for 5 said "ispConfig.py: not used: the copy"
	assert_eq "$(total)" 20
	mv "$LQOS.away" "$LQOS"
	weir reload
	assert_not_contains "$(weir status)" "what was good runs on"
	lqos_holds 10/2
}

test_a_list_of_nobody_is_refused_while_somebody_is_shaped() {
	lqos_up
	lqos_start
	devices_with 10,2 | head -3 | grep "^Circuit ID" | save ShapedDevices.csv
	wait_for 5 said "there is not one circuit in it"
	assert_eq "$(total)" 20
	devices_with 12,3 | save ShapedDevices.csv
	wait_for 5 download_of_10 12000000
}

test_a_deleted_list_is_told() {
	lqos_up
	lqos_start
	rm "$LQOS/ShapedDevices.csv"
	wait_for 5 said "ShapedDevices.csv: cannot be read"
	assert_eq "$(total)" 20
}
