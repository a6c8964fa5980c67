"""make bench-verify: the verifier on 300 sentences of free wording, half of them corrupted.

Prints per language: corrupted called SUPPORTED (target <= 1 %), corrupted with the right verdict
(>= 95 %), true ones SUPPORTED (>= 90 %); the baseline beside it calls a sentence SUPPORTED when the
graph knows its names (no check). Beside them STATUTES=100 sentences of the statutes drawn by SEED=1, as they
stand and changed in a number or a modal verb. Writes BUILD/bench/verify.json. Needs the shared data.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "http"), os.path.join(ROOT, "tests", "bench")]
import statute_sentences  # noqa: E402
from server import Server  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
DATA = os.environ.get("VOUCH_DATA", os.path.join(ROOT, "..", "shared", "data"))
VOUCH = os.path.join(BUILD, "vouch")
GRAPHS = {
    "medical_zh": ["medical_zh/disease.csv", "--map", "medical_zh", "--pack", "medical"],
    "medical_en": ["medical_en/HumanDO-2017-01-09.obo", "medical_en/symp.obo", "--pack", "medical"],
    "legal": ["laws_zh", "--format", "statutes", "--pack", "legal"],
}


def load(folder):
    graphs = []
    for name, arguments in GRAPHS.items():
        path = os.path.join(folder, name + ".kg")
        options = next(i for i, a in enumerate(arguments) if a.startswith("--"))
        places = [os.path.join(DATA, a) for a in arguments[:options]] + arguments[options:]
        done = subprocess.run([VOUCH, "ingest", *places, "--graph", path, "--quiet"], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr[-500:])
        graphs.append({"name": name, "path": path, "model": "none"})
    return graphs


def sets():
    """Name, cases, and whether the misses may be shown."""
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/bench/verify/*.jsonl"))):
        name = os.path.basename(path)[:-6]
        with open(path) as f:
            yield name, [json.loads(line) for line in f], not name.startswith("held_")
    count, seed = int(os.environ.get("STATUTES", 100)), int(os.environ.get("SEED", 1))
    if count > 0:
        yield "statutes", statute_sentences.cases(count, seed), True


def judge(server, cases, wrong):
    row = {"true": 0, "true_supported": 0, "corrupted": 0, "corrupted_supported": 0, "corrupted_right": 0}
    for case in cases:
        body = {"graph": case["graph"], "text": case["text"]}
        clauses = server.request("POST", "/v1/verify", body).json()["clauses"]
        verdicts = [c["verdict"] for c in clauses]
        supported = bool(verdicts) and all(v == "SUPPORTED" for v in verdicts)
        if case["verdict"] == "SUPPORTED":
            row["true"] += 1
            row["true_supported"] += supported
            right = supported
        else:
            row["corrupted"] += 1
            row["corrupted_supported"] += supported
            right = case["verdict"] in verdicts
            row["corrupted_right"] += right
        if not right:
            wrong.append({**case, "got": verdicts})
    return row


def main():
    if not os.path.isdir(DATA):
        print("skip: the shared data is not here")
        return 0
    folder = tempfile.mkdtemp(prefix="vouch-verify-")
    server = Server(VOUCH, folder, {"listen": "127.0.0.1:0", "data_dir": "data", "graphs": load(folder)})
    rows, wrong = {}, []
    try:
        for name, cases, shown in sets():
            rows[name] = judge(server, cases, wrong if shown else [])
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sums = {"all": [r for n, r in rows.items() if not n.startswith("held_") and n != "statutes"],
            "held out": [r for n, r in rows.items() if n.startswith("held_")]}
    rows.update({name: {k: sum(r[k] for r in part) for k in part[0]} for name, part in sums.items()})
    print(f"{'set':16} {'true SUPPORTED':>16} {'corrupted right':>17} {'corrupted SUPPORTED':>21} {'no check: SUPPORTED':>21}")
    for name, r in rows.items():
        print(f"{name:16} {100 * r['true_supported'] / max(1, r['true']):14.1f} % {100 * r['corrupted_right'] / max(1, r['corrupted']):15.1f} % "
              f"{100 * r['corrupted_supported'] / max(1, r['corrupted']):19.1f} % {100.0:19.1f} %")
    print("targets:                 >= 90 %           >= 95 %                <= 1 %")
    if os.environ.get("SHOW"):
        for w in wrong:
            print(w["verdict"], "got", w["got"], w.get("corruption"), w["text"])
    os.makedirs(os.path.join(BUILD, "bench"), exist_ok=True)
    with open(os.path.join(BUILD, "bench", "verify.json"), "w") as f:
        json.dump({"rows": rows, "wrong": wrong}, f, indent=1, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
