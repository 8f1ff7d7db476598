# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The bridge carries what a wire carries, in every mode, and translates tags without touching priority.

# pair_config MODE [SCAN]: eth1 and eth2 lead to each other.
pair_config() {
	write_config weir.yaml <<-EOF
		pipeline:
		  mode: $1
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2, scan_vlans: ${2:-false} }
		  - { name: eth2, redirect_to: eth1, scan_vlans: ${2:-false} }
	EOF
}

# mode_is INTERFACE MODE
mode_is() {
	assert_eq "$(weir status --json | jq -r ".interfaces[]|select(.name==\"$1\").mode")" "$2" "mode of $1"
}

# In a guest without hardware virtualisation less must do.
[ -z "${VM:-}" ] || TCP_MEGABYTES=12

# What is in flight when the sender ends is not counted by the receiver: some megabytes.
tcp_through() {
	local server bytes megabytes=${TCP_MEGABYTES:-40}
	nsenter --net="/run/netns/$(lab_ns "$2")" iperf3 -s -1 -p 5301 >"$TEST_DIR/iperf.server" 2>&1 &
	server=$!
	wait_for 5 ns_exec "$2" bash -c 'ss -ltn | grep -q :5301'
	ns_exec "$1" iperf3 -c "$3" -p 5301 -n "${megabytes}M" -J >"$TEST_DIR/iperf.json" || fail "iperf3: $(tail -5 "$TEST_DIR/iperf.json")"
	wait "$server" || true
	bytes=$(jq '.end.sum_received.bytes' "$TEST_DIR/iperf.json")
	assert_ge "$bytes" $((megabytes * 500000)) "bytes that iperf3 received"
}

carries_everything() {
	local mode=$1
	lab_up bridge
	pair_config "$mode"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	[ "$mode" = auto ] || mode_is eth1 "$mode"
	ping_ok a 10.77.0.2
	ping_ok b fd77::1
	tcp_through a b 10.77.0.2
	tcp_through b a fd77::1
	frames_through a eth0 b eth0 20 -t 3:5:1 -l 200
	assert_eq "$(frames_value '.shapes[0].tags|map([.vid,.pcp,.dei])|tostring')" '[[3,5,1]]'
	assert_eq "$(frames_value .lost)" 0
	frames_through b eth0 a eth0 20 -t 100:7 -t 200:2@0x8100 -l 1400
	assert_eq "$(frames_value '.shapes[0].tags|map([.vid,.pcp])|tostring')" '[[100,7],[200,2]]'
	assert_eq "$(frames_value .corrupt)" 0
}

test_native_mode_carries_everything() { carries_everything native; }
test_skb_mode_carries_everything() { carries_everything skb; }
test_tc_mode_carries_everything() { carries_everything tc; }

carries_jumbo() {
	LAB_MTU=9000
	lab_up bridge
	pair_config "$1"
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2 -M do -s 8972
	ping_ok b 10.77.0.1 -M do -s 8972
	tcp_through a b 10.77.0.2
	frames_through a eth0 b eth0 20 -l 9014
	assert_eq "$(frames_value .lost)" 0
	assert_eq "$(frames_value .corrupt)" 0
	frames_through b eth0 a eth0 20 -t 3:5 -l 9014
	assert_eq "$(frames_value .lost)" 0
	assert_eq "$(frames_value '.shapes[0].tags|map([.vid,.pcp])|tostring')" '[[3,5]]'
}

# On a kernel whose driver cannot, auto falls back to skb mode and says so.
test_jumbo_frames_pass() {
	carries_jumbo auto
	weir status --json >"$TEST_DIR/status.json"
	if [ "$(jq -r '.interfaces[0].mode' "$TEST_DIR/status.json")" != native ]; then
		assert_contains "$(jq -r '.interfaces[0].reason' "$TEST_DIR/status.json")" "native mode refused"
	fi
}
test_jumbo_frames_pass_in_skb_mode() { carries_jumbo skb; }

tags_on_a_pair() {
	lab_up bridge
	pair_config "$1" true
	cat >>"$TEST_DIR/weir.yaml" <<-EOF
		  vlan_mapping:
		  - { parent: eth1, tag: 3, redirect_to: 4 }
		  - { parent: eth2, tag: 4, redirect_to: 3 }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	frames_through a eth0 b eth0 20 -t 3:5:1 -l 300
	assert_eq "$(frames_value '.shapes|map(.tags|map([.vid,.pcp,.dei]))|tostring')" '[[[4,5,1]]]'
	frames_through b eth0 a eth0 20 -t 4:2 -t 4:6@0x8100 -l 300
	assert_eq "$(frames_value '.shapes|map(.tags|map([.vid,.pcp]))|tostring')" '[[[3,2],[4,6]]]'
	frames_through a eth0 b eth0 20 -t 9:1 -l 300
	assert_eq "$(frames_value '.shapes|map(.tags|map([.vid,.pcp]))|tostring')" '[[[9,1]]]'
	frames_through a eth0 b eth0 20 -l 300
	assert_eq "$(frames_value .lost)" 0
	assert_eq "$(weir bridge show --json | jq '[..|objects|.retagged?|numbers]|max')" 20 "retagged on eth1"
}

test_tags_on_a_pair_native() { tags_on_a_pair native; }
test_tags_on_a_pair_skb() { tags_on_a_pair skb; }
test_tags_on_a_pair_tc() { tags_on_a_pair tc; }

# The seed's second sample, as it stands: one trunk, tag 3 to 4 and back.
stick_config() {
	write_config lqos <<-EOF
		[bridge]
		use_kernel_bridge = true
		interface_mapping = [
			{ name = "eth1", redirect_to = "eth1", scan_vlans = true },
		]
		vlan_mapping = [
			{ parent = "eth1", tag = 3, redirect_to = 4 },
			{ parent = "eth1", tag = 4, redirect_to = 3 },
		]
	EOF
	write_config mode.yaml <<<"pipeline: { mode: $1 }"
}

on_a_stick() {
	lab_up stick
	stick_config "$1"
	ping_fails a 10.77.0.2
	weird_start mid -c "$TEST_DIR/lqos" -c "$TEST_DIR/mode.yaml"
	ping_ok a 10.77.0.2
	ping_ok b fd77::1
	tcp_through a b 10.77.0.2
	frames_through sw trunk sw trunk 20 -t 3:5:1 -l 120
	assert_eq "$(frames_value '.shapes|map(.tags|map([.vid,.pcp,.dei]))|tostring')" '[[[4,5,1]]]'
}

test_on_a_stick_native() { on_a_stick native; }
test_on_a_stick_skb() { on_a_stick skb; }
test_on_a_stick_tc() { on_a_stick tc; }

# Frames without a rule would go back where they came from: they must not.
test_stick_reflects_nothing_untranslated() {
	lab_up stick
	stick_config auto
	weird_start mid -c "$TEST_DIR/lqos" -c "$TEST_DIR/mode.yaml"
	frames_through sw trunk sw trunk 20 -t 7:1 -l 120
	assert_eq "$(frames_value .frames)" 0 "frames with tag 7 that came back"
	frames_through sw trunk sw trunk 20 -l 120
	assert_eq "$(frames_value .frames)" 0 "untagged frames that came back"
	assert_ge "$(weir counters --json | jq '[..|objects|select(.name?=="no_rule").packets]|max')" 40
}

# The seed's first sample, as it stands.
test_the_first_sample_of_lqosd() {
	lab_up bridge
	write_config lqos <<-EOF
		[bridge]
		use_kernel_bridge = true
		interface_mapping = [
			{ name = "eth1", redirect_to = "eth2", scan_vlans = false },
			{ name = "eth2", redirect_to = "eth1", scan_vlans = false }
		]
		vlan_mapping = []
	EOF
	weird_start mid -c "$TEST_DIR/lqos"
	ping_ok a 10.77.0.2
	tcp_through b a 10.77.0.1
}

# One direction as given: nothing leads back unless the operator wrote it.
test_mappings_are_one_way() {
	lab_up bridge
	write_config weir.yaml <<-EOF
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(cat "$WEIRD_LOG")" "'eth2' does not lead back"
	frames_through a eth0 b eth0 20 -l 100
	assert_eq "$(frames_value .lost)" 0
	ping_fails a 10.77.0.2
}

# A veth whose far end runs no NAPI drops every redirected frame: it must be found and worked around.
test_a_target_without_redirects_is_found_at_start() {
	lab_up bridge
	lab_kernel_at_least 6 3 || skip "kernels before 6.3 do not tell which devices take redirects"
	ns_exec b ethtool -K eth0 gro off
	pair_config native
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(cat "$WEIRD_LOG")" "eth2 takes no XDP redirects"
	assert_contains "$(cat "$WEIRD_LOG")" "ethtool -K PEER gro on"
	ping_ok a 10.77.0.2
	tcp_through a b 10.77.0.2
	ns_exec b ethtool -K eth0 gro on
	wait_for 10 bash -c "'$BUILD/weir' --bus '$TEST_DIR/mid.bus' bridge show --json | grep -q '\"xdp\"'"
	ping_ok a 10.77.0.2
}

# The same while it runs, where only the lost frames tell.
test_a_target_that_stops_taking_redirects() {
	lab_up bridge
	pair_config native
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
	ns_exec b ethtool -K eth0 gro off
	ns_exec a ping -c 30 -i 0.1 -W 1 -q 10.77.0.2 || true
	ping_ok a 10.77.0.2
	assert_contains "$(weir bridge show --json)" "takes no XDP redirects"
}
