#!/usr/bin/env bash
# Runs tiers of tests (unit golden house http web ...) and ends with 'N passed, N failed'.
# A tier is a function tier_NAME that prints TAP-like lines: 'ok ...', 'not ok ...', 'skip ...'.
# T=name restricts unit and golden to names that contain it. Output of failures is shown.
set -u
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
T=${T:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}
case $BUILD in *san*) export VOUCH_SANITIZED=1 ;; esac # slow; heavy cases may skip
export VOUCH=$PWD/$BUILD/vouch
export VOUCH_ROOT=$PWD
export VOUCH_DATA=${VOUCH_DATA:-$PWD/../shared/data}

run_unit() { # binary
    local name out
    name=$(basename "$1")
    out=$work/$name.log
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$1" >"$out" 2>&1
    local code=$?
    # cmocka writes a skipped test as 'not ok 3 # SKIP name'.
    grep -E '^(ok|not ok|skip)' "$out" |
        sed -E "s/^(not ok|ok) [0-9]+ # SKIP */skip $name: /; s/^(ok|not ok) [0-9]+ - /\1 $name: /" >"$out.tap"
    if [ $code -ne 0 ] && ! grep -q '^not ok' "$out.tap"; then
        echo "not ok $name: exit status $code" >>"$out.tap"
    fi
    if grep -q '^not ok' "$out.tap"; then
        echo "--- $name"; tail -n 60 "$out" | sed "s/^/    /"
    fi >"$out.show"
}

tier_unit() {
    local b jobs=0
    for b in "$BUILD"/tests/test_*; do
        case $b in *.*|*'*') continue ;; esac
        case $b in *"$T"*) ;; *) continue ;; esac
        [ -e "tests/unit/$(basename "$b").c" ] || continue
        run_unit "$b" &
        jobs=$((jobs + 1))
        [ $((jobs % 2)) -eq 0 ] && wait
    done
    wait
    cat "$work"/test_*.tap 2>/dev/null
    cat "$work"/test_*.show 2>/dev/null
}

# A golden case is a folder: cmd (bash; $VOUCH is the binary, $VOUCH_ROOT the repository, the
# working directory an empty temporary one), out (expected standard output), and optionally err
# (expected standard error) and code (expected exit status, default 0).
tier_golden() {
    local dir name tmp code want
    for dir in tests/golden/*/ tests/regression/*/; do
        [ -e "$dir/cmd" ] || continue
        name=${dir#tests/}; name=${name%/}
        case $name in *"$T"*) ;; *) continue ;; esac
        tmp=$work/golden; rm -rf "$tmp"; mkdir "$tmp"
        (cd "$tmp" && timeout 120 bash -e "$VOUCH_ROOT/$dir/cmd") >"$work/out" 2>"$work/err" </dev/null
        code=$?
        want=0; [ -e "$dir/code" ] && want=$(cat "$dir/code")
        if [ "$code" = 77 ]; then echo "skip $name"; continue; fi
        if [ "$code" != "$want" ]; then
            echo "not ok $name: exit status $code, expected $want"; tail -n 20 "$work/err" "$work/out" | sed "s/^/    /"
        elif ! diff -u "$dir/out" "$work/out" >"$work/diff"; then
            echo "not ok $name: standard output differs"; head -n 40 "$work/diff" | sed "s/^/    /"
        elif [ -e "$dir/err" ] && ! diff -u "$dir/err" "$work/err" >"$work/diff"; then
            echo "not ok $name: standard error differs"; head -n 40 "$work/diff" | sed "s/^/    /"
        else
            echo "ok $name"
        fi
    done
}

tier_house() {
    local s
    for s in tests/house/*.sh; do
        if bash "$s" >"$work/house" 2>&1; then echo "ok $(basename "$s" .sh)"
        else echo "not ok $(basename "$s" .sh)"; tail -n 30 "$work/house" | sed "s/^/    /"; fi
    done
}

for tier in "$@"; do
    if declare -F "tier_$tier" >/dev/null; then "tier_$tier"
    elif [ -x "tests/$tier/run.sh" ]; then "tests/$tier/run.sh"
    else echo "not ok tier $tier: there is no such tier"; fi
done >"$work/all"
grep -v '^ok ' "$work/all"
passed=$(grep -c '^ok ' "$work/all"); failed=$(grep -c '^not ok ' "$work/all")
skipped=$(grep -c '^skip ' "$work/all")
if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"
else echo "$passed passed, $failed failed"; fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
