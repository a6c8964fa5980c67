#!/bin/sh
# schemas/concepts.tsv is data that the retriever and the trainer read: its shape is checked here.
cd "$(dirname "$0")/../.." || exit 1
f=schemas/concepts.tsv
least=2500
if [ ! -f "$f" ]; then
    echo "concepts: $f: missing"
    exit 1
fi
if ! iconv -f UTF-8 -t UTF-8 "$f" >/dev/null 2>&1; then
    echo "concepts: $f: not UTF-8"
    exit 1
fi
LC_ALL=C awk -F'\t' -v least="$least" -v f="$f" '
function bad(why) { printf "concepts: %s:%d: %s\n", f, NR, why; errors++ }
function parts(col, lo, hi, what,    n, a, i, seen) {
    n = split($col, a, /; /)
    if (n < lo || n > hi) bad(what " holds " n " phrases, not " lo ".." hi)
    for (i = 1; i <= n; i++) {
        if (a[i] == "" || a[i] ~ /^ | $/) bad(what " holds an empty or padded phrase")
        if (a[i] in seen) bad(what " says twice: " a[i])
        seen[a[i]] = 1
    }
}
/^#/ { next }
{
    lines++
    if (NF != 11) { bad("has " NF " columns, not 11"); next }
    if ($1 !~ /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/) bad("bad id: " $1)
    if ($1 in ids) bad("id used before: " $1)
    ids[$1] = 1
    for (i = 2; i <= NF; i++) if ($i ~ /^ *$/) bad("column " i " is empty")
    if ($2 !~ /^[^\/]+\/[^\/]+$/) bad("domain is not English/Chinese: " $2)
    if ($3 !~ /^(date|number|money|duration|text|bool)$/ && $3 !~ /^[^\/]+\/[^\/]+$/)
        bad("range is neither English/Chinese nor a literal kind: " $3)
    parts(4, 1, 1, "en_label"); parts(5, 1, 8, "en_aliases"); parts(6, 1, 6, "en_forward")
    parts(7, 1, 6, "en_inverse"); parts(8, 1, 1, "zh_label"); parts(9, 1, 8, "zh_aliases")
    parts(10, 1, 6, "zh_forward"); parts(11, 1, 6, "zh_inverse")
    if ($6 !~ /\{s\}/) bad("en_forward names no {s}")
    if ($10 !~ /\{s\}/) bad("zh_forward names no {s}")
    for (i = 4; i <= 7; i++) if ($i ~ /[\344-\351][\200-\277][\200-\277]/) bad("column " i " is not English")
    for (i = 8; i <= 11; i++) if ($i !~ /[\200-\377]/) bad("column " i " is not Chinese")
    for (i = 2; i <= NF; i++) { s = $i; gsub(/\{[so]\}/, "", s); if (s ~ /[{}|]/) bad("column " i ": unknown placeholder") }
}
END {
    if (lines < least) { printf "concepts: %s: %d concepts, fewer than %d\n", f, lines, least; errors++ }
    exit errors > 0
}' "$f"
