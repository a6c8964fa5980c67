"""make bench-http: answers a second over HTTP, beside bare libmicrohttpd in the same run.

Environment: BUILD, VOUCH_DATA, MODEL (default none), SECONDS_EACH (10), CLIENTS (16).
Prints a table and writes BUILD/bench/http.json.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "http"))
from server import Server  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
DATA = os.environ.get("VOUCH_DATA", os.path.join(ROOT, "..", "shared", "data"))
MODEL = os.environ.get("MODEL", "none")
SECONDS = int(os.environ.get("SECONDS_EACH", "10"))
CLIENTS = int(os.environ.get("CLIENTS", "16"))
VOUCH = os.path.join(BUILD, "vouch")
LUA = os.path.join(ROOT, "tests", "bench", "http.lua")


def wrk(port, path, bodies, connections, seconds):
    environment = {**os.environ, "BODIES": bodies, "REQUEST_PATH": path}
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", LUA,
                          f"http://127.0.0.1:{port}"], env=environment, capture_output=True, text=True)
    match = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\d+)", out.stdout)
    if not match:
        raise SystemExit("wrk failed: " + out.stdout + out.stderr)
    rate, p50, p99, worst, errors = match.groups()
    return {"per_second": float(rate), "p50_ms": float(p50), "p99_ms": float(p99),
            "max_ms": float(worst), "errors": int(errors)}


def wrk_get(port, path, connections, seconds):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                          f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True).stdout
    return float(re.search(r"Requests/sec:\s+(\S+)", out).group(1))


def questions(folder):
    """Questions over disease.csv, or over the tests' small graph when the data is not there."""
    names, graph = [], os.path.join(folder, "med.kg")
    csv = os.path.join(DATA, "medical_zh", "disease.csv")
    if os.path.exists(csv):
        subprocess.run([VOUCH, "ingest", csv, "--map", "medical_zh", "--pack", "medical", "--graph",
                        graph], check=True, capture_output=True)
        with open(csv, encoding="utf-8") as f:
            next(f)
            names = [line.split(",", 1)[0].strip() for line in f][:3000:15]
    else:
        subprocess.run([VOUCH, "ingest", os.path.join(ROOT, "tests/http/small.tsv"), "--graph", graph],
                       check=True, capture_output=True)
        names = ["肺结核", "霍乱"]
    frames = ["{}有什么症状？", "{}要做哪些检查？", "{}挂什么科？", "{}用什么药？"]
    ask, retrieve = os.path.join(folder, "ask"), os.path.join(folder, "retrieve")
    with open(ask, "w") as f:
        for i, name in enumerate(n for n in names if n and '"' not in n):
            body = {"graph": "med", "question": frames[i % len(frames)].format(name)}
            f.write(json.dumps(body, ensure_ascii=False) + "\n")
    shutil.copy(ask, retrieve)
    return graph, ask, retrieve


def main():
    folder = tempfile.mkdtemp(prefix="vouch-bench-")
    graph, ask, retrieve = questions(folder)
    bare = subprocess.Popen([os.path.join(BUILD, "bench", "mhd_bare")], stdout=subprocess.PIPE, text=True)
    bare_port = int(bare.stdout.readline())
    server = Server(VOUCH, folder, {"listen": "127.0.0.1:0", "data_dir": "data", "queue": 256,
                                    "graphs": [{"name": "med", "path": graph, "model": MODEL}]})
    try:
        ratios = []
        for _ in range(3):
            ours = wrk_get(server.port, "/healthz", 64, max(2, SECONDS // 4))
            ratios.append((ours, wrk_get(bare_port, "/", 64, max(2, SECONDS // 4))))
        ratios.sort(key=lambda r: r[0] / r[1])
        health, base = ratios[1]
        wrk(server.port, "/v1/ask", ask, 4, 2)
        full = wrk(server.port, "/v1/ask", ask, CLIENTS, SECONDS)
        light = wrk(server.port, "/v1/ask", ask, 1, SECONDS)
        found = wrk(server.port, "/v1/retrieve", retrieve, CLIENTS, SECONDS)
    finally:
        server.stop()
        bare.kill()
        shutil.rmtree(folder, ignore_errors=True)
    rows = [("healthz, requests/s", health, "bare libmicrohttpd", base, "ratio", health / base, ">= 0.8"),
            (f"ask, answers/s ({MODEL})", full["per_second"], "p50 ms", full["p50_ms"], "p99 ms", full["p99_ms"],
             ">= 400/s" if MODEL == "none" else ">= 8/s, p99 <= 4 x p50"),
            ("ask, one client", light["per_second"], "p50 ms", light["p50_ms"], "p99 ms", light["p99_ms"], "p99 < 40 ms"),
            ("retrieve, requests/s", found["per_second"], "p50 ms", found["p50_ms"], "p99 ms", found["p99_ms"], ">= 1000/s")]
    for name, value, n1, v1, n2, v2, target in rows:
        print(f"{name:32} {value:10.0f}   {n1:>20} {v1:10.2f}   {n2:>7} {v2:8.2f}   target {target}")
    errors = full["errors"] + light["errors"] + found["errors"]
    print("errors:", errors)
    os.makedirs(os.path.join(BUILD, "bench"), exist_ok=True)
    with open(os.path.join(BUILD, "bench", "http.json"), "w") as f:
        json.dump({"model": MODEL, "healthz_per_second": health, "bare_per_second": base,
                   "healthz_ratio": health / base, "ask": full, "ask_one_client": light,
                   "retrieve": found}, f, indent=1)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
