#!/usr/bin/env python3
"""From a question to its verified template answer: p50 and p99 of a warm process, mean CPU time, memory and
the CPU time of a cold `vouch ask`, beside the targets. Prints a table and writes build/bench/retrieve.json.

Environment: VOUCH_DATA (default ../shared/data), BUILD (build). Wall times on a busy machine say little: the
CPU columns are the ones to trust.
"""
import json
import os
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


def run(arguments):
    """(standard output, CPU seconds, peak resident MiB of any child so far)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(arguments, capture_output=True, text=True, check=False).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return out, cpu, after.ru_maxrss / 1024


def main():
    if not os.path.isdir(q.DATA):
        print("skip: no shared data at", q.DATA)
        return
    os.makedirs(q.WORK, exist_ok=True)
    report = {}
    print("%-12s %8s %8s %12s %10s %10s" % ("", "p50 ms", "p99 ms", "CPU ms each", "cold CPU", "peak MiB"))
    for name, files, questions, (p50, p99) in SETS:
        kg = os.path.join(q.WORK, "latency_" + name + ".kg")
        if not os.path.exists(kg):
            subprocess.run([q.VOUCH, "ingest", *q.own_paths(files), "--graph", kg], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if questions is None:
            asked = q.write("latency.jsonl", [r for n in "123" for r in q.adapt("metaqa", f"metaqa/{n}hop_dev.txt")[::50]])
        else:
            asked = os.path.join(q.HERE, "questions", questions)
        one = json.loads(open(asked, encoding="utf-8").readline())
        question = one.get("question") or one["turns"][0]
        run([q.VOUCH, "ask", question, "--graph", kg, "--model", "none"])  # makes the lexicon
        cold = min(run([q.VOUCH, "ask", question, "--graph", kg, "--model", "none"])[1] for _ in range(5))
        out, cpu, peak = run([q.VOUCH, "eval", asked, "--graph", kg, "--model", "none", "--json"])
        s = json.loads(out)
        each = 1000 * max(cpu - cold, 0) / s["n"]
        latency = s["latency_ms"]
        shown = ["%.1f/%s" % (latency["p50"], p50 or "-"), "%.1f/%s" % (latency["p99"], p99 or "-")]
        print("%-12s %8s %8s %12.2f %7.0f ms %10.0f" % (name, *shown, each, 1000 * cold, peak), flush=True)
        report[name] = {"p50_ms": latency["p50"], "p99_ms": latency["p99"], "cpu_ms": each, "cold_cpu_ms": 1000 * cold,
                        "peak_mib": peak, "targets": {"p50_ms": p50, "p99_ms": p99, "cold_cpu_ms": 100, "peak_mib": 300}}
    print("targets: cold CPU under 100 ms on disease.csv, memory under 300 MiB on MetaQA")
    with open(os.path.join(q.BUILD, "bench", "retrieve.json"), "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
