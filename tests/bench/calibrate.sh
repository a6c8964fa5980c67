#!/bin/sh
# Makes schemas/calibration.json again: questions of the train files, with part of their graphs
# taken away, and our own *.tune.jsonl. Never an *.eval.jsonl. Docs: docs/CALIBRATION.md.
#   calibrate.sh [OUT] ; VOUCH, VOUCH_DATA, WORK, ALPHA, MODEL as the environment says
set -eu
here=$(dirname "$0")
out=${1:-$here/../../schemas/calibration.json}
vouch=${VOUCH:-build/vouch}
data=${VOUCH_DATA:-../shared/data}
work=${WORK:-$(mktemp -d)}
questions=$here/questions
mkdir -p "$work"
rm -f "$work/cases.jsonl"

graph() { # NAME, then what ingest takes
    name=$1
    shift
    [ -e "$work/$name.kg" ] || "$vouch" ingest "$@" --graph "$work/$name.kg" >/dev/null 2>&1
}
cases() { # NAME of the graph, then sets and options
    name=$1
    shift
    "$vouch" eval "$@" --graph "$work/$name.kg" --model "${MODEL:-none}" --cases "$work/cases.jsonl" \
        >"$work/$name.log"
}

VOUCH_DATA=$data python3 "$here/calibration_sets.py" "$work" "${N:-300}"
for name in pathquestion2 pathquestion3 worldcup nlpcc; do
    graph $name "$work/$name.tsv" --format tsv
    cases $name "$work/$name.jsonl"
done
graph med "$data/medical_zh/disease.csv" --map medical_zh --pack medical
graph do "$data/medical_en/HumanDO-2017-01-09.obo" "$data/medical_en/symp.obo" --pack medical
graph slim "$data/medical_en/DO_cancer_slim.obo" "$data/medical_en/DO_infectious_disease_slim.obo" \
    "$data/medical_en/symp.obo" --pack medical
graph law "$data/laws_zh" --format statutes --pack legal
# People's own wording over graphs with a pack is what vouch is for, and there is less of it.
own="--weight ${OWN:-20}"
# A wrong answer where there is none does more harm than an answer not given.
none="--weight ${NONE:-40}"
cases med $own "$questions"/medical_zh*.tune.jsonl
cases med $none "$questions"/unanswerable_zh*.tune.jsonl
cases do $own "$questions"/medical_en*.tune.jsonl
cases do $none "$questions"/unanswerable_en*.tune.jsonl
cases slim $own "$questions/medical_slims.tune.jsonl"
cases law $none "$questions"/unanswerable_law*.tune.jsonl
cases law $own "$questions"/legal_zh*.tune.jsonl \
    --alpha "${ALPHA:-0.2}" --calibrate "$out"
# Texts that were searched for: their model by the statutes' questions, with a threshold of their own.
"$vouch" eval "$questions"/unanswerable_law*.tune.jsonl --graph "$work/law.kg" --model none $none \
    --cases "$work/texts.jsonl" >/dev/null
"$vouch" eval "$questions/medical_zh.tune.jsonl" --graph "$work/med.kg" --model none $own \
    --cases "$work/texts.jsonl" >/dev/null
"$vouch" eval "$questions"/legal_zh*.tune.jsonl --graph "$work/law.kg" --model none $own \
    --cases "$work/texts.jsonl" --alpha "${TEXT_ALPHA:-0.1}" --calibrate "$work/texts.json" >/dev/null
python3 -c 'import json, sys
whole, texts = (json.load(open(f, encoding="utf-8")) for f in sys.argv[1:3])
whole["passage"] = texts["passage"]
whole["fitted"]["passage"] = texts["fitted"]["passage"]
json.dump(whole, open(sys.argv[1], "w", encoding="utf-8"), indent=2, ensure_ascii=False)
open(sys.argv[1], "a").write("\n")' "$out" "$work/texts.json"
echo "$out: fitted on $(wc -l <"$work/cases.jsonl") cases ($work/cases.jsonl)"
