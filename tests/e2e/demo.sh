# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The demo: who looks at it sees plans that are kept, on one screen, and nothing is left of it.

demo() {
	[ -z "${VM:-}" ] || skip "a guest without hardware virtualisation cannot carry its traffic"
	OUTPUT=$(timeout 60 "$E2E_ROOT/lab/demo" "$@" 2>&1) || fail "the demo failed: $OUTPUT"
	echo "$OUTPUT"
}

# Lines of the sum: name, plan, asked, got, percent, the same up.
sum_of() { echo "$OUTPUT" | sed '1,/seconds  *DOWNLOAD/d' | awk -v who="$1" "\$1 == who { $2 }"; } # NAME AWK

demo_left() {
	ip netns list | grep -- "$LAB_PREFIX-" || true
	find "/sys/fs/bpf/weir-$LAB_PREFIX" -maxdepth 0 2>/dev/null || true
}

test_the_demo_shows_plans_that_are_kept() {
	local name
	demo --seconds 6
	assert_eq "$(awk 'length > 80' <<<"$OUTPUT")" "" "lines wider than 80"
	assert_le "$(awk '/^Twenty/ { n = 0 } /seconds  *DOWNLOAD/ { exit } ++n > most { most = n } END { print most }' <<<"$OUTPUT")" \
		40 "lines of a block"
	assert_ge "$(grep -c '^  Valley ' <<<"$OUTPUT")" 3 "looks at the tree"
	for name in anna ben carl dora emil fay gus hanna ida jon kim lea mia ned olga paul rita sam tom una; do
		assert_eq "$(sum_of $name 'print ($4 <= $2 * 1.02 && $8 <= $6 * 1.02)')" 1 "$name has no more than his plan"
	done
	assert_eq "$(sum_of ben 'print ($3 > $2 * 1.2 && $4 >= $2 * 0.85)')" 1 "ben asks for more than his plan and gets it"
	assert_eq "$(sum_of una 'print ($3 > 0.5 && $4 >= $3 * 0.85)')" 1 "una asks for little and gets it"
	assert_contains "$OUTPUT" "datagrams within the plans"
	assert_eq "$(demo_left)" "" "left behind"
}

test_the_demo_may_be_interrupted() {
	local pid
	[ -z "${VM:-}" ] || skip "a guest without hardware virtualisation cannot carry its traffic"
	"$E2E_ROOT/lab/demo" >"$TEST_DIR/out" 2>&1 &
	pid=$!
	wait_for 20 grep -q '^  Valley ' "$TEST_DIR/out"
	kill -TERM $pid
	wait $pid || true
	assert_eq "$(demo_left)" "" "left behind"
}
