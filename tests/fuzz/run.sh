#!/usr/bin/env bash
# run.sh fuzz|replay: runs the fuzzers in $BUILD/fuzz (only those whose name holds $F). Ends with
# 'N passed, N failed'. New crashing inputs are left in $BUILD/fuzz/NAME-crash-*.
set -u
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=2} # else most time goes to fresh memory
cd "$(dirname "$0")/../.."
mode=$1
passed=0; failed=0
for src in tests/fuzz/fuzz_*.c; do
    name=$(basename "$src" .c); name=${name#fuzz_}
    case $name in *"${F:-}"*) ;; *) continue ;; esac
    bin=$BUILD/fuzz/fuzz_$name
    corpus=$BUILD/fuzz/corpus-$name
    mkdir -p "$corpus"
    inputs=()
    for d in tests/fuzz/seeds/$name tests/fuzz/crashes/$name; do [ -d "$d" ] && inputs+=("$d"); done
    log=$BUILD/fuzz/$name.log
    code=0
    if [ "$mode" = fuzz ]; then
        "$bin" -max_total_time="${SECONDS_EACH:-30}" -timeout=70 -rss_limit_mb=2560 -max_len=65536 \
            -artifact_prefix="$BUILD/fuzz/$name-" "$corpus" "${inputs[@]}" >"$log" 2>&1 || code=$?
    else
        files=()
        for d in "${inputs[@]}"; do
            while IFS= read -r f; do files+=("$f"); done < <(find "$d" -type f)
        done
        : >"$log"
        if [ ${#files[@]} -gt 0 ]; then
            "$bin" -timeout=70 -rss_limit_mb=2560 "${files[@]}" >"$log" 2>&1 || code=$?
        fi
    fi
    if [ $code -eq 0 ]; then echo "ok fuzz $name"; passed=$((passed + 1))
    else echo "not ok fuzz $name"; tail -n 30 "$log" | sed 's/^/    /'; failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
