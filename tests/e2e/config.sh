# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What is wrong is said with its place and a suggestion, and what runs goes on.

start_pair() {
	lab_up bridge
	write_config good.yaml <<-EOF
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
	EOF
	cp "$TEST_DIR/good.yaml" "$TEST_DIR/weir.yaml"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
}

# refused TEXT...: the file as it stands is refused by a reload, every TEXT is said, and traffic goes on.
refused() {
	local text before after
	before=$(weir status --json | jq -c '[.loaded_at, .files]')
	assert_fails 1 weir reload
	for text in "$@"; do assert_contains "$OUTPUT" "$text"; done
	after=$(weir status --json | jq -c '[.loaded_at, .files]')
	assert_eq "$after" "$before" "what runs changed"
	ping_ok a 10.77.0.2
}

test_bad_files_are_refused_and_traffic_goes_on() {
	local f
	start_pair
	f=$TEST_DIR/weir.yaml
	printf 'brigde:\n  interface_mapping: []\n' >"$f"
	refused "$f:1:1: error" "bridge"
	sed 's/redirect_to: eth2/redirct_to: eth2/' "$TEST_DIR/good.yaml" >"$f"
	refused "$f:3:19: error" "redirect_to"
	sed 's/redirect_to: eth2 }/redirect_to: eth2, scan_vlans: maybe }/' "$TEST_DIR/good.yaml" >"$f"
	refused "$f:3:50: error" "true or false"
	sed 's/name: eth1/name: eht1/' "$TEST_DIR/good.yaml" >"$f"
	refused "$f:3:13: error: there is no interface 'eht1'" "did you mean 'eth1'"
	(cat "$TEST_DIR/good.yaml"; echo "  - { name: eth1, redirect_to: eth2 }") >"$f"
	refused "$f:5:13: error" "has a mapping already"
	(cat "$TEST_DIR/good.yaml"; echo "bridge: {}") >"$f"
	refused "$f:5:1: error"
	(printf 'bridge: "'; head -c 1000000 /dev/zero | tr '\0' x; echo '"') >"$f"
	refused "$f:1:" "line"
	printf 'a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n' >"$f"
	refused "$f:1:4: error"
	rm "$f"
	refused "No such file"
	cp "$TEST_DIR/good.yaml" "$f"
	weir reload
}

test_check_needs_no_daemon_and_changes_nothing() {
	lab_up bridge
	write_config bad.yaml <<-EOF
		bridge:
		  interface_maping:
		  - { name: eth1, redirect_to: eth2 }
	EOF
	snapshot mid "$TEST_DIR/before"
	assert_fails 1 ns_exec mid "$BUILD/weir" check "$TEST_DIR/bad.yaml"
	assert_contains "$OUTPUT" "$TEST_DIR/bad.yaml:2:3: error"
	assert_contains "$OUTPUT" "interface_mapping"
	assert_fails 1 ns_exec mid "$BUILD/weir" check --json "$TEST_DIR/bad.yaml"
	assert_eq "$(jq -r '.diagnostics[0].line' <<<"$OUTPUT")" 2
	sed -i 's/maping/mapping/' "$TEST_DIR/bad.yaml"
	OUTPUT=$(ns_exec mid "$BUILD/weir" check "$TEST_DIR/bad.yaml" 2>&1)
	assert_contains "$OUTPUT" "'eth2' does not lead back"
	assert_unchanged mid "$TEST_DIR/before"
}

# The example is a configuration, and the schema describes it.
test_example_and_schema() {
	"$BUILD/weir" config example >"$TEST_DIR/example.yaml"
	assert_contains "$(cat "$TEST_DIR/example.yaml")" interface_mapping
	"$BUILD/weir" config schema >"$TEST_DIR/schema.json"
	assert_contains "$(jq -r '.properties.bridge.properties|keys|tostring' "$TEST_DIR/schema.json")" vlan_mapping
	lab_up fan # has the interfaces that examples name
	assert_eq "$(ns_exec mid "$BUILD/weir" check "$TEST_DIR/example.yaml" 2>&1)" "configuration is good"
}

test_config_show_tells_what_is_in_force() {
	start_pair
	assert_eq "$(weir config show --json | jq -r '.config.bridge.interface_mapping[0].scan_vlans')" false
	assert_eq "$(weir config show --json | jq -r '.config.bridge.interface_mapping[1].name')" eth2
}
