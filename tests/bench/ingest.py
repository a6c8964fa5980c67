"""make bench-ingest: parsing beside serdi and rapper, and loading of the shared data, in one run.
Prints a table and writes $BUILD/bench/ingest.json. Every time is the median of RUNS (3)."""
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
DATA = os.environ.get("VOUCH_DATA", "../shared/data")
RUNS = int(os.environ.get("RUNS", "3"))
LINES = int(os.environ.get("N", "300000"))
VOUCH = BUILD + "/vouch"
PARSE = BUILD + "/bench/ingest_parse"


def seconds(command):
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - start


def generate(path):
    rng = random.Random(1)
    with open(path, "w", encoding="utf-8") as f:
        for i in range(LINES):
            s, p, o = rng.randrange(LINES // 6), rng.randrange(200), rng.randrange(LINES // 6)
            obj = f'"label 词语 {i}"@zh' if i % 6 == 0 else f"<http://example.org/entity/{o}>"
            f.write(f"<http://example.org/entity/{s}> <http://example.org/relation/{p}> {obj} .\n")


def medians(commands):
    """Interleaved: one run of each, then again, so that the machine's mood falls on all alike."""
    times = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            times[name].append(seconds(command))
    return {name: statistics.median(t) for name, t in times.items()}


def parsing(folder):
    nt = folder + "/big.nt"
    generate(nt)
    rows = []
    for syntax, number in (("ntriples", "1"), ("turtle", "3")):
        commands = {"vouch": [PARSE, nt, number]}
        if shutil.which("serdi"):
            commands["serdi"] = ["serdi", "-q", "-i", syntax, "-o", "ntriples", nt]
        if shutil.which("rapper"):
            commands["rapper"] = ["rapper", "-q", "-c", "-i", syntax, nt]
        for name, s in medians(commands).items():
            rows.append({"what": "parse " + syntax, "who": name, "seconds": round(s, 3),
                         "statements_per_s": round(LINES / s)})
    return rows


def loading(folder):
    cases = (("disease.csv", ["medical_zh/disease.csv"], 5.0),
             ("359 statutes", ["laws_zh", "--format", "statutes"], 10.0),
             ("Human Disease Ontology", ["medical_en/HumanDO-2017-01-09.obo"], 2.0))
    rows = []
    for name, arguments, target in cases:
        if not os.path.exists(DATA + "/" + arguments[0]):
            print(f"skipped {name}: no shared data", file=sys.stderr)
            continue
        times, report = [], {}
        for run in range(RUNS):
            graph = f"{folder}/{run}-{len(rows)}.kg"
            start = time.monotonic()
            out = subprocess.run([VOUCH, "ingest", DATA + "/" + arguments[0], *arguments[1:],
                                  "--graph", graph, "--json", "--quiet"],
                                 capture_output=True, text=True, check=True).stdout
            times.append(time.monotonic() - start)
            report = json.loads(out)
        s = statistics.median(times)
        rows.append({"what": "load " + name, "who": f"vouch (target {target:g} s)",
                     "seconds": round(s, 3), "statements_per_s": round(report["statements"] / s),
                     "statements": report["statements"]})
    return rows


def main():
    with tempfile.TemporaryDirectory() as folder:
        rows = parsing(folder) + loading(folder)
    print(f"{'what':32} {'who':22} {'s':>8} {'statements/s':>13}")
    for r in rows:
        print(f"{r['what']:32} {r['who']:22} {r['seconds']:8.2f} {r['statements_per_s']:13,}")
    os.makedirs(BUILD + "/bench", exist_ok=True)
    with open(BUILD + "/bench/ingest.json", "w", encoding="utf-8") as f:
        json.dump({"runs": RUNS, "lines": LINES, "rows": rows}, f, indent=1)


main()
