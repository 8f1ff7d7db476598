# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The tutorial's stage is one folder and one line: done here as it is written there.

translated_size() { # NAMESPACE-ROLE BUILD CONFIG
	local size
	BUILD=$2 weird_start "$1" -c "$3"
	size=$(lab_exec "$1" bpftool -j prog show id "$(ip -n "$(lab_ns "$1")" -d -j link show eth1 | jq '.[0].xdp.prog.id')" |
		jq .bytes_xlated)
	weird_stop "$1"
	echo "$size"
}

test_a_stage_is_one_folder_and_one_line() {
	local tree=$TEST_DIR/tree with without
	[ -z "${VM:-}" ] || skip "builds the whole tree: done natively"
	mkdir "$tree"
	cp -r "$E2E_ROOT"/{Makefile,VERSION,src,docs} "$tree/"
	cp -r "$tree/docs/tutorial/sift" "$tree/src/pipe/sift"
	sed -i 's/^STAGE(bridge)/STAGE(sift)\n&/' "$tree/src/pipe/stages.def"
	make -s -j2 -C "$tree" build/weird build/weir build/test/pipe/sift/sift_test >"$TEST_DIR/make.log" 2>&1 ||
		fail "it does not build: $(grep -m5 -E 'error|Error' "$TEST_DIR/make.log")"
	"$tree/build/test/pipe/sift/sift_test"

	lab_up bridge
	write_config bridge.yaml <<-EOF
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
	EOF
	without=$(translated_size mid "$E2E_ROOT/build" "$TEST_DIR/bridge.yaml")
	with=$(translated_size mid "$tree/build" "$TEST_DIR/bridge.yaml")
	assert_eq "$with" "$without" "bytes of the bridge's program with a disabled stage before it"

	(cat "$TEST_DIR/bridge.yaml"; printf 'sift:\n  interfaces:\n  - { name: eth1, limit: 600 }\n') >"$TEST_DIR/weir.yaml"
	BUILD=$tree/build weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	ping_fails a 10.77.0.2 -s 700
	BUILD=$tree/build
	assert_ge "$(weir sift show --json | jq '[..|objects|.dropped?|numbers]|max')" 2
	assert_contains "$(weir explain interface eth1)" "above 600 bytes"
	assert_contains "$(weir help)" "sift"
	printf 'sift:\n  interfaces:\n  - { name: eth1, limit: 6 }\n' >"$TEST_DIR/weir.yaml"
	assert_fails 1 weir reload
	assert_contains "$OUTPUT" "weir.yaml:3:26: error"
}
