#!/usr/bin/env python3
"""From a question to its verified template answer: p50 and p99 of a warm process, mean CPU time, memory and
the CPU time of a cold `vouch ask`, beside the targets. Prints a table and writes build/bench/retrieve.json.

The graph of ten million statements (N=10000000) is generated and loaded once, into build/bench/store, which takes
some three minutes, and its lexicon one and a half more; N=0 leaves it out. Its questions ask for one relation of one
entity by its label; so do those of the hub, of which a million statements speak.

Environment: VOUCH_DATA (default ../shared/data), BUILD (build), N. Wall times on a busy machine say little: the
CPU columns are the ones to trust.
"""
import json
import os
import random
import resource
import subprocess
import sys

import quality as q

SETS = [  # name, how to load, questions, targets p50 and p99 in ms
    ("disease.csv", ["medical_zh/disease.csv", "--map", "medical_zh", "--pack", "medical"], "medical_zh.tune.jsonl",
     (3, 15)),
    ("ontologies", ["medical_en/HumanDO-2017-01-09.obo", "medical_en/symp.obo", "--pack", "medical"],
     "medical_en.tune.jsonl", (None, None)),
    ("MetaQA", ["metaqa/kb_rebuilt.txt", "--format", "tsv", "--separator", "|"], None, (5, 30)),
]


GENERATOR = os.path.join(q.BUILD, "bench", "gen_graph")
GENERATED = int(os.environ.get("N") or "10000000")
HUB = 1000000


def generated_graph():
    """Made by the generator of bench-store, loaded without a copy on disk."""
    kg = os.path.join(q.BUILD, "bench", "store", "generated%d.kg" % GENERATED)
    if not os.path.exists(kg):
        os.makedirs(os.path.dirname(kg), exist_ok=True)
        with subprocess.Popen([GENERATOR, str(GENERATED), "1"], stdout=subprocess.PIPE) as made:
            subprocess.run([q.VOUCH, "ingest", "-", "--format", "nt", "--graph", kg, "--source", "generated"],
                           stdin=made.stdout, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return kg


def generated_questions(count):
    """Of the first entities: 'What is the R4 of LABEL?', the labels of several words."""
    labels, relations = {}, {}
    with subprocess.Popen([GENERATOR, str(GENERATED), "1"], stdout=subprocess.PIPE, text=True) as made:
        for _ in range(min(60000, GENERATED)):
            s, p, o = made.stdout.readline().rstrip(" .\n").split(" ", 2)
            if p.endswith("label>") and o.endswith("@en"):
                labels[s] = o[1:-4]
            elif "/relation/" in p:
                relations.setdefault(s, p[:-1].rsplit("/", 1)[1])
        made.kill()
    known = [s for s in relations if len(labels.get(s, "").split()) > 1]
    return [{"id": s, "question": "What is the %s of %s?" % (relations[s], labels[s]), "gold": ["-"], "lang": "en"}
            for s in random.Random(3).sample(known, min(count, len(known)))]


def hub_graph():
    kg = os.path.join(q.WORK, "latency_hub.kg")
    if not os.path.exists(kg):
        rows = "".join("item %d\tmade by\tgreat hub\n" % i for i in range(HUB))
        subprocess.run([q.VOUCH, "ingest", "-", "--format", "tsv", "--graph", kg], input=rows, text=True, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return kg


def hub_questions():
    texts = ["what is made by great hub", "what is item 9 made by", "is item 777 made by great hub"]
    return [{"id": "h%d" % i, "question": t, "gold": ["-"], "lang": "en"} for i, t in enumerate(texts * 10)]


def run(arguments):
    """(standard output, CPU seconds)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(arguments, capture_output=True, text=True, check=False).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return out, cpu


def peak_of(arguments):
    """Peak resident MiB of one command."""
    out = subprocess.run(["/usr/bin/time", "-f", "%M", *arguments], capture_output=True, text=True, check=False)
    return int(out.stderr.split()[-1]) / 1024


def measure(name, kg, asked, targets, report):
    rows = [json.loads(line) for line in open(asked, encoding="utf-8")]
    one = rows[0]
    # The process is warm after its first question, which 300 of them keep out of p99.
    asked = q.write("latency_asked.jsonl", rows * (max(1, -(-300 // len(rows))) if targets[0] else 1))
    ask = [q.VOUCH, "ask", one.get("question") or one["turns"][0], "--graph", kg, "--model"]
    run([*ask, "none"])  # makes the lexicon
    cold = min(run([*ask, "none"])[1] for _ in range(5))
    with_model = min(run([*ask, "embedded"])[1] for _ in range(5))
    evaluate = [q.VOUCH, "eval", asked, "--graph", kg, "--model", "none", "--json"]
    out, cpu = run(evaluate)
    peak = peak_of(evaluate)
    s = json.loads(out)
    latency, each = s["latency_ms"], 1000 * max(cpu - cold, 0) / s["n"]
    shown = ["%.1f/%s" % (latency[p], t or "-") for p, t in zip(("p50", "p99"), targets)]
    print("%-12s %8s %8s %11.2f %6.0f, %4.0f %9.0f" % (name, *shown, each, 1000 * cold, 1000 * with_model, peak), flush=True)
    report[name] = {"p50_ms": latency["p50"], "p99_ms": latency["p99"], "cpu_ms": each, "cold_cpu_ms": 1000 * cold,
                    "cold_cpu_ms_with_model": 1000 * with_model, "peak_mib": peak,
                    "targets": {"p50_ms": targets[0], "p99_ms": targets[1], "cold_cpu_ms": 100, "peak_mib": 300}}


def main():
    if not os.path.isdir(q.DATA):
        print("skip: no shared data at", q.DATA)
        return
    os.makedirs(q.WORK, exist_ok=True)
    report = {}
    print("%-12s %8s %8s %12s %10s %10s" % ("", "p50 ms", "p99 ms", "CPU ms each", "cold CPU", "peak MiB"))
    for name, files, questions, targets in SETS:
        kg = os.path.join(q.WORK, "latency_" + name + ".kg")
        if not os.path.exists(kg):
            subprocess.run([q.VOUCH, "ingest", *q.own_paths(files), "--graph", kg], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if questions is None:
            asked = q.write("latency.jsonl", [r for n in "123" for r in q.adapt("metaqa", f"metaqa/{n}hop_dev.txt")[::50]])
        else:
            asked = os.path.join(q.HERE, "questions", questions)
        measure(name, kg, asked, targets, report)
    if GENERATED > 0:
        measure("generated", generated_graph(), q.write("latency.jsonl", generated_questions(300)), (10, 50), report)
    measure("hub of 10^6", hub_graph(), q.write("latency.jsonl", hub_questions()), (None, None), report)
    print("cold CPU: ms of `vouch ask`, without and with the embedded model; targets: under 100 on disease.csv,"
          " memory under 300 MiB on MetaQA")
    with open(os.path.join(q.BUILD, "bench", "retrieve.json"), "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
