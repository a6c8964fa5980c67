#!/usr/bin/env bash
# `make demo`: loads the samples and shows what vouch is. Every answer below is computed here and now.
set -eu
cd "$(dirname "$0")/.."
VOUCH=${VOUCH:-$PWD/${BUILD:-build}/vouch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
law=$work/law.kg; med=$work/med.kg; own=$work/own.kg

title() { printf '\n── %s\n' "$*"; }
show() { # prints the command as a person would type it, then runs it; 1 (no answer) is fine here
    local shown="vouch"
    for a in "${@:2}"; do
        case $a in "$work"/*) a=${a##*/} ;; esac
        case $a in *[\ \"\'？?。，]*) a="'$a'" ;; esac
        shown="$shown $a"
    done
    echo "\$ $shown"
    "$@" || [ $? -eq 1 ]
}

title "Load the samples: statutes, a table made from them, two ontologies"
show "$VOUCH" ingest samples/legal --format statutes --pack legal --graph "$law" 2>/dev/null
for f in samples/medical/*.obo; do
    show "$VOUCH" ingest "$f" --pack medical --graph "$med" 2>/dev/null
done
show "$VOUCH" ingest samples/medical/infectious_disease_law.csv --map samples/medical/infectious_disease_law.map.json --pack medical --graph "$med" 2>/dev/null

title "One legal question at two dates: two answers, each from its own text"
show "$VOUCH" ask '公司法对有限责任公司注册资本的缴足期限怎么规定？' --graph "$law" --as-of 2020-01-01
show "$VOUCH" ask '公司法对有限责任公司注册资本的缴足期限怎么规定？' --graph "$law" --as-of 2024-08-01

title "A medical question in Chinese, and one in English"
show "$VOUCH" ask '霍乱属于哪一类传染病？' --graph "$med"
show "$VOUCH" ask 'What are other names of cholera?' --graph "$med"

title "A confident falsehood stopped at the gate, and what the graph says"
echo "霍乱是丙类传染病。" >"$work/model.txt"
echo "\$ echo '霍乱是丙类传染病。' | vouch verify --graph med.kg"
"$VOUCH" verify --graph "$med" <"$work/model.txt" || [ $? -eq 1 ]

title "A question that the graph cannot answer, and what it can tell instead"
show "$VOUCH" ask 'How is cholera treated?' --graph "$med"

title "A source deleted, and the answer gone with it"
show "$VOUCH" graph delete-source "$med" samples/medical/infectious_disease_law.csv
show "$VOUCH" ask '霍乱属于哪一类传染病？' --graph "$med"

title "A table of ten rows of one's own, asked"
cat >"$work/staff.csv" <<'CSV'
name,relation,value
王芳,科室,呼吸内科
王芳,职称,主任医师
王芳,出诊时间,周一上午
李强,科室,心内科
李强,职称,副主任医师
李强,出诊时间,周三下午
赵敏,科室,呼吸内科
赵敏,职称,主治医师
赵敏,出诊时间,周五上午
陈伟,科室,骨科
CSV
show "$VOUCH" ingest "$work/staff.csv" --graph "$own" 2>/dev/null
show "$VOUCH" ask '呼吸内科有哪些医生？' --graph "$own"
show "$VOUCH" ask '李强什么时候出诊？' --graph "$own"

title "The page and the HTTP API"
echo "\$ vouch serve --graph med=med.kg       # then open http://127.0.0.1:8080/"
