"""Loading and retrieval at N statements, beside a plain SQLite table with three indexes and FTS5 and
beside serdi and rapper for parsing, in one run. Prints a table; writes build/bench/store.json."""
import json
import os
import shutil
import subprocess
import sys
import time

build = os.environ.get("BUILD", "build")
count = int(os.environ.get("N", "10000000"))
samples = os.environ.get("SAMPLES", "1000")
work = os.path.join(build, "bench", "store")
bench = os.path.join(build, "bench", "kg_bench")
AIMS = {"exact_label": 0.05, "hop": 0.3, "two_hops": 2, "intersection": 1, "intersection_with_type": 3, "misspelt": 20,
        "two_characters": 1}


def run(*command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def seconds(command, path):
    if shutil.which(command[0]) is None:
        return None
    begun = time.monotonic()
    subprocess.run(command + [path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


def fresh(name):
    path = os.path.join(work, name)
    for tail in ("", "-wal", "-shm"):
        if os.path.exists(path + tail):
            os.remove(path + tail)
    return path


def load_beside_readers(path, kg):
    """Loads a file while readers ask, round after round; the load's figures, and the worst of each
    round's latencies."""
    loading = subprocess.Popen([bench, "load", path, kg, "beside"], stdout=subprocess.PIPE)
    rounds = []
    while loading.poll() is None:
        rounds.append(run(bench, "query", kg, "100"))
    if loading.returncode != 0:
        sys.exit("the load beside readers failed")
    worst = {name: {key: max(r[name][key] for r in rounds) for key in ("p50_ms", "p99_ms", "cpu_p99_ms")}
             | {"found": min(r[name]["found"] for r in rounds)} for name in rounds[0]}
    return json.loads(loading.stdout.read()), {"rounds": len(rounds), "kinds": worst}


def main():
    os.makedirs(work, exist_ok=True)
    graph, more, beside = (os.path.join(work, f"{count}{tail}.nt") for tail in ("", "-more", "-beside"))
    later = max(count // 20, 1000)
    for path, size, seed in ((graph, count, 1), (more, later, 2), (beside, later, 3)):
        with open(path, "w") as out:
            subprocess.run([os.path.join(build, "bench", "gen_graph"), str(size), str(seed)], check=True, stdout=out)
    megabytes = os.path.getsize(graph) / 1e6
    result = {"statements": count, "parsing_mb_per_s": {}}
    for name, command in (("serdi", ["serdi", "-i", "ntriples", "-o", "ntriples"]), ("rapper", ["rapper", "-q", "-c", "-i", "ntriples"])):
        took = seconds(command, graph)
        result["parsing_mb_per_s"][name] = None if took is None else megabytes / took
    kg = fresh("graph.kg")
    result["baseline"] = run(bench, "baseline", graph, fresh("plain.db"))
    result["load"] = run(bench, "load", graph, kg)
    result["ratio"] = result["load"]["statements_per_s"] / result["baseline"]["statements_per_s"]
    result["retrieval"] = run(bench, "query", kg, samples)
    result["incremental"] = run(bench, "load", more, kg, "more")
    result["retrieval_after"] = run(bench, "query", kg, samples)
    result["incremental_beside_readers"], result["retrieval_during"] = load_beside_readers(beside, kg)
    for path in (graph, more, beside):
        os.remove(path)
    with open(os.path.join(build, "bench", "store.json"), "w") as out:
        json.dump(result, out, indent=2)
    show(result)


def show(r):
    print(f"{r['statements']} statements            vouch   plain SQLite   aim")
    print(f"load, statements/s     {r['load']['statements_per_s']:10.0f} {r['baseline']['statements_per_s']:12.0f}   300000")
    print(f"incremental load       {r['incremental']['statements_per_s']:10.0f}            -   150000")
    print(f"bytes a statement      {r['load']['bytes_per_statement']:10.1f} {r['baseline']['bytes_per_statement']:12.1f}   70 without text indexes")
    print(f"peak memory, MB        {r['load']['peak_mb']:10.0f} {r['baseline']['peak_mb']:12.0f}   800")
    for name, speed in r["parsing_mb_per_s"].items():
        print(f"parsing by {name:12s}" + ("     missing" if speed is None else f"{speed:10.0f} MB/s"))
    print(f"the same beside readers{r['incremental_beside_readers']['statements_per_s']:10.0f}            -   150000")
    tables = (("first load", r["retrieval"]), ("later load", r["retrieval_after"]),
              (f"worst of {r['retrieval_during']['rounds']} rounds during a load", r["retrieval_during"]["kinds"]))
    for title, kinds in tables:
        print(f"\nretrieval, ms               p50       p99   p99 CPU       aim    found   ({title})")
        for name, x in kinds.items():
            print(f"{name:24s}{x['p50_ms']:8.4f}  {x['p99_ms']:8.4f}  {x['cpu_p99_ms']:8.4f}  {AIMS[name]:8.2f}   {100 * x['found']:5.1f} %")


if __name__ == "__main__":
    sys.exit(main())
