# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Interfaces come, go, change their name and flap: the packet path follows by itself.

start_pair() {
	lab_up bridge
	write_config weir.yaml <<-EOF
		bridge:
		  interface_mapping:
		  - { name: eth1, redirect_to: eth2 }
		  - { name: eth2, redirect_to: eth1 }
	EOF
	weird_start mid -c "$TEST_DIR/weir.yaml"
	ping_ok a 10.77.0.2
}

forget_neighbours() {
	ip -n "$(lab_ns a)" neigh flush all
	ip -n "$(lab_ns b)" neigh flush all
}

test_a_flap_changes_nothing() {
	local i
	start_pair
	for i in 1 2 3 4 5; do
		ip -n "$(lab_ns mid)" link set eth1 down
		ip -n "$(lab_ns mid)" link set eth1 up
	done
	lab_wait_carrier
	ping_ok a 10.77.0.2
	assert_contains "$(weir status --json | jq -r '.interfaces[0].link')" up
}

test_a_rename_is_followed() {
	start_pair
	ip -n "$(lab_ns mid)" link set eth2 down
	ip -n "$(lab_ns mid)" link set eth2 name lan0
	ip -n "$(lab_ns mid)" link set lan0 up
	lab_wait_carrier
	ping_ok a 10.77.0.2
	wait_for 5 grep -q "now called lan0" "$WEIRD_LOG"
	sed -i 's/eth2/lan0/g' "$TEST_DIR/weir.yaml"
	udp_start a b 10.77.0.2:9000 2000 2
	weir reload
	udp_lost_nothing
	assert_contains "$(weir status)" lan0
}

test_a_vanished_interface_is_taken_up_again() {
	start_pair
	ip -n "$(lab_ns mid)" link del eth2
	wait_for 5 grep -q "eth2: interface is gone" "$WEIRD_LOG"
	assert_eq "$(weir status --json | jq -r '.interfaces[]|select(.name=="eth2").link')" absent
	assert_contains "$(weir explain interface eth1)" "away"
	lab_wire b eth0 mid eth2
	lab_host b eth0 2
	wait_for 5 grep -q "eth2: interface is back" "$WEIRD_LOG"
	forget_neighbours
	ping_ok a 10.77.0.2
}

# The configuration of a box whose card died: a reload must still be possible.
test_reload_while_an_interface_is_away() {
	start_pair
	ip -n "$(lab_ns mid)" link del eth2
	wait_for 5 grep -q "eth2: interface is gone" "$WEIRD_LOG"
	weir reload
	weird_kill
	weird_start mid -c "$TEST_DIR/weir.yaml"
	assert_contains "$(cat "$WEIRD_LOG")" "'eth2' is away"
	lab_wire b eth0 mid eth2
	lab_host b eth0 2
	wait_for 5 grep -q "eth2: interface is back" "$WEIRD_LOG"
	forget_neighbours
	ping_ok a 10.77.0.2
}

test_mtu_change_is_followed() {
	local ns
	start_pair
	for ns in a b; do ip -n "$(lab_ns $ns)" link set eth0 mtu 3000; done
	ip -n "$(lab_ns mid)" link set eth1 mtu 3000
	ip -n "$(lab_ns mid)" link set eth2 mtu 3000
	sleep 0.3
	ping_ok a 10.77.0.2 -M do -s 2900
	weird_stop
}

# Somebody detaches the program by force: it is back within seconds, and that is said.
test_a_program_taken_away_comes_back() {
	local link
	start_pair
	link=$(bpftool -j link show pinned "$TEST_PINS-mid/xdp-$(lab_ifindex mid eth1)" | jq '(.[0]? // .).id')
	lab_exec mid bpftool link detach id "$link"
	ping_fails a 10.77.0.2 -c 1 || true
	wait_for 5 grep -q "putting it back" "$WEIRD_LOG"
	sleep 0.3
	ping_ok a 10.77.0.2
}

# Looking at it must not hide a change from the daemon: what it says and what it acts on are apart.
test_status_does_not_hide_a_change() {
	start_pair
	lab_kernel_at_least 6 3 || skip "kernels before 6.3 do not tell which devices take redirects"
	ns_exec b ethtool -K eth0 gro off
	weir status >/dev/null
	weir status >/dev/null
	sleep 2.5
	ping_ok a 10.77.0.2
}

# Two configured names that have come to mean one device are not a stick: nothing goes back.
test_swapped_names_reflect_nothing() {
	start_pair
	ip -n "$(lab_ns mid)" link set eth2 down
	ip -n "$(lab_ns mid)" link set eth2 name gone0
	sleep 0.2
	ip -n "$(lab_ns mid)" link set eth1 down
	ip -n "$(lab_ns mid)" link set eth1 name eth2
	ip -n "$(lab_ns mid)" link set eth2 up
	ip -n "$(lab_ns mid)" link set gone0 up
	sleep 0.5
	frames_through a eth0 a eth0 20 -l 100
	assert_eq "$(frames_value .frames)" 0 "frames that came back"
}
