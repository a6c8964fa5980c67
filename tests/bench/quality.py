#!/usr/bin/env python3
"""Quality of answers over the public question sets and our own, beside the naive Bayes floor and the
gold-path ceiling. Prints a table and writes build/bench/quality.json.

Environment: VOUCH_DATA (default ../shared/data), BUILD (build), FULL=1 for whole dev sets (else a
sample of N=1,000 questions each), ONLY=name for one set, MODEL=FILE.gguf for another model than the
embedded one.

zero  relation labels, the general pack and the shared concepts alone
model the same with the embedded model's verdicts in the ranking
few   ten example questions per path, drawn from the train file
train all of the train file as examples (MetaQA: the dev questions that are not asked)
floor naive Bayes over words and word pairs, trained on the train file, picks the path
ceil  executing the gold path: the share of questions whose first answer is gold
"""
import collections
import json
import math
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("VOUCH_DATA", "../shared/data")
BUILD = os.environ.get("BUILD", "build")
WORK = os.path.join(BUILD, "bench", "quality")
ASKED = None if os.environ.get("FULL") else int(os.environ.get("N", "1000"))
MODEL = os.environ.pop("MODEL", "") or "embedded"
RETRIEVE = os.path.join(BUILD, "bench", "retrieve")
VOUCH = os.path.join(BUILD, "vouch")
SETS = [  # name, kind, triples, separator, train, dev, targets (zero, few, train; % of what)
    ("PathQuestion 2-hop", "pathquestion", "pathquestion/2H-kb.txt", "\t",
     "pathquestion/PQ-2H.train.txt", "pathquestion/PQ-2H.dev.txt", (60, 85, 95)),
    ("PathQuestion 3-hop", "pathquestion", "pathquestion/3H-kb.txt", "\t",
     "pathquestion/PQ-3H.train.txt", "pathquestion/PQ-3H.dev.txt", (40, 75, 90)),
    ("WorldCup 1-2-hop", "worldcup", "worldcup2014/WC2014-kb.txt", "\t",
     "worldcup2014/WC-P.train.txt", "worldcup2014/WC-P.dev.txt", (60, 85, 97)),
    ("MetaQA 1-hop", "metaqa", "metaqa/kb_rebuilt.txt", "|", None, "metaqa/1hop_dev.txt", (80, 95, 99)),
    ("MetaQA 2-hop", "metaqa", "metaqa/kb_rebuilt.txt", "|", None, "metaqa/2hop_dev.txt", (60, 90, 98)),
    ("MetaQA 3-hop", "metaqa", "metaqa/kb_rebuilt.txt", "|", None, "metaqa/3hop_dev.txt", (45, 85, 98)),
    ("NLPCC-2016", "nlpcc", "nlpcc2016/graph.tsv", "\t", None, "nlpcc2016/train.txt", (75, None, 90)),
]
OWN = [  # name, mapping and files, pack, answerable and unanswerable questions
    ("medical zh", ["medical_zh/disease.csv", "--map", "medical_zh"], "medical_zh", "unanswerable_zh"),
    ("medical en", ["medical_en/HumanDO-2017-01-09.obo", "medical_en/symp.obo"], "medical_en",
     "unanswerable_en"),
    ("legal zh", ["laws_zh", "--format", "statutes"], "legal_zh", "unanswerable_law"),
]


def adapt(kind, path):
    out = subprocess.run([sys.executable, os.path.join(HERE, "adapt.py"), kind,
                          os.path.join(DATA, path)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def write(name, rows):
    path = os.path.join(WORK, name)
    with open(path, "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def graph(triples, separator):
    path = os.path.join(WORK, os.path.basename(triples) + ".kg")
    if not os.path.exists(path):
        subprocess.run([RETRIEVE, "load", path, os.path.join(DATA, triples), separator], check=True,
                       stdout=subprocess.DEVNULL)
    return path


def measure(kg, questions, examples, model=None):
    environment = {**os.environ, "MODEL": model} if model else os.environ
    out = subprocess.run([RETRIEVE, "eval", kg, "general", questions, examples or ""],
                         capture_output=True, text=True, check=True, env=environment).stdout
    found = re.search(r"hits@1 ([\d.]+).* p50 ([\d.]+) p99 ([\d.]+)", out)
    return float(found[1]), float(found[2]), float(found[3])


def words(row):
    text = row["question"].replace(row["entity"], " @ ").lower()
    tokens = re.findall(r"[a-z0-9']+|@|[\u4e00-\u9fff]", text)
    return tokens + [a + "_" + b for a, b in zip(["^"] + tokens, tokens + ["$"])]


def edges(triples, separator):
    out = collections.defaultdict(list)
    for line in open(os.path.join(DATA, triples), encoding="utf-8"):
        cells = line.rstrip("\n").split(separator)
        if len(cells) >= 3:
            out[cells[0].strip(), cells[1].strip()].append(cells[2].strip())
            out[cells[2].strip(), "-" + cells[1].strip()].append(cells[0].strip())
    return out


def walk(adjacency, entity, path):
    nodes = [entity]
    for step in path:
        nodes = list(dict.fromkeys(o for n in nodes for o in adjacency.get((n, step), ())))
    return nodes


def right(row, nodes):
    gold = {g.lower() for g in row["gold"]}
    rest = [n for n in nodes if n != row["entity"] or n.lower() in gold]
    return bool(rest) and any(n.lower() in gold for n in rest[:1])


def floor_and_ceiling(train, asked, adjacency):
    counts, totals, prior = collections.defaultdict(collections.Counter), collections.Counter(), collections.Counter()
    vocabulary = set()
    for row in train:
        path = tuple(row["gold_path"])
        prior[path] += 1
        for w in words(row):
            counts[path][w] += 1
            totals[path] += 1
            vocabulary.add(w)
    hits = ceiling = 0
    for row in asked:
        ceiling += right(row, walk(adjacency, row["entity"], row["gold_path"]))
        ws = [w for w in words(row) if w in vocabulary]
        best = max(prior, default=(), key=lambda p: math.log(prior[p]) + sum(
            math.log((counts[p][w] + 0.1) / (totals[p] + 0.1 * len(vocabulary))) for w in ws))
        hits += right(row, walk(adjacency, row["entity"], best))
    return 100 * hits / len(asked), 100 * ceiling / len(asked)


def public_set(spec, report):
    name, kind, triples, separator, train, dev, targets = spec
    rows, random_ = adapt(kind, dev), random.Random(7)
    asked = rows if ASKED is None or len(rows) <= ASKED else random_.sample(rows, ASKED)
    chosen = {r["id"] for r in asked}
    if train:
        train = adapt(kind, train)
    else:  # dev files lie in the order of their kinds: shuffle before the cut
        train = [r for r in rows if r["id"] not in chosen]
        random_.shuffle(train)
        train = train[:3000] if kind == "metaqa" else train
    by_path = collections.defaultdict(list)
    for row in train:
        by_path[tuple(row["gold_path"])].append(row)
    few = [r for p in sorted(by_path) for r in random_.sample(by_path[p], min(10, len(by_path[p])))]
    kg = graph(triples, separator)
    q = write("asked.jsonl", asked)
    zero = measure(kg, q, None)
    with_model = measure(kg, q, None, MODEL)
    with_few = measure(kg, q, write("few.jsonl", few)) if targets[1] else None
    with_all = measure(kg, q, write("train.jsonl", train))
    floor, ceiling = floor_and_ceiling(train if kind != "nlpcc" else few[:0], asked, edges(triples, separator))
    share = 100 / ceiling if kind == "metaqa" else 1
    cells = [zero[0] * share, with_model[0] * share, with_few[0] * share if with_few else None, with_all[0] * share]
    shown = ["%5.1f/%-3s" % (c, t) if c is not None else "    -    " for c, t in zip(cells, (targets[0], *targets))]
    print("%-20s %9s %9s %9s %9s %7.1f %7.1f   %6.2f %6.2f" % (name, *shown, floor, ceiling, *zero[1:]), flush=True)
    report[name] = {"zero": cells[0], "model": cells[1], "few": cells[2], "trained": cells[3], "targets": targets,
                    "floor": floor, "ceiling": ceiling, "asked": len(asked),
                    "p50_ms": zero[1], "p99_ms": zero[2]}


def summary(kg, questions, model):
    out = subprocess.run([VOUCH, "eval", questions, "--graph", kg, "--json",
                          *([] if model == "embedded" else ["--model", model])],
                         capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def own_paths(files):
    """Files and folders of the shared data; the name behind an option is no file."""
    return [f if f.startswith("--") or files[i - 1].startswith("--") else os.path.join(DATA, f)
            for i, f in enumerate(files)]


def own_set(spec, report):
    name, files, answerable, unanswerable = spec
    kg = os.path.join(WORK, answerable + ".kg")
    if not os.path.exists(kg):
        subprocess.run([VOUCH, "ingest", *own_paths(files), "--graph", kg], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = os.path.join(HERE, "questions")
    report[name] = {}
    for model in ("none", MODEL):
        s = summary(kg, os.path.join(folder, answerable + ".eval.jsonl"), model)
        u = summary(kg, os.path.join(folder, unanswerable + ".eval.jsonl"), model)
        print("%-11s %-8s right in full %5.1f/75  wrong among answers %5.1f/5  abstained, unanswerable"
              " %5.1f/90  citations right %5.1f/99"
              % (name, model, 100 * s["exact"], 100 * s["wrong_among_answered"],
                 100 * u["abstained_on_unanswerable"], 100 * s["citation_precision"]), flush=True)
        report[name][model] = {"answerable": s, "unanswerable": u}


def main():
    if not os.path.isdir(DATA):
        print("skip: no shared data at", DATA)
        return
    os.makedirs(WORK, exist_ok=True)
    only, report = os.environ.get("ONLY", ""), {}
    print("Hits@1 in %, measured/aimed at (MetaQA: as a share of the ceiling)")
    print("%-20s %9s %9s %9s %9s %7s %7s   %6s %6s" % ("", "zero", "model", "few", "train", "floor", "ceil", "p50 ms", "p99 ms"))
    for spec in SETS:
        if only in spec[0]:
            public_set(spec, report)
    for spec in OWN:
        if only in spec[0]:
            own_set(spec, report)
    with open(os.path.join(BUILD, "bench", "quality.json"), "w") as f:
        json.dump(report, f, indent=1)


if __name__ == "__main__":
    main()
