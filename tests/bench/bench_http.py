"""make bench-http: answers a second over HTTP, beside bare libmicrohttpd in the same run.

Environment: BUILD, VOUCH_DATA, MODEL (FILE.gguf or a URL in place of the embedded model of the last
row), SECONDS_EACH (10), CLIENTS (16).
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
MODEL = os.environ.get("MODEL", "")
SECONDS = int(os.environ.get("SECONDS_EACH", "10"))
CLIENTS = int(os.environ.get("CLIENTS", "16"))
VOUCH = os.path.join(BUILD, "vouch")
LUA = os.path.join(ROOT, "tests", "bench", "http.lua")


def wrk(port, path, bodies, connections, seconds, delay_ms=0):
    environment = {**os.environ, "BODIES": bodies, "REQUEST_PATH": path, "DELAY_MS": str(delay_ms)}
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", LUA,
                          f"http://127.0.0.1:{port}"], env=environment, capture_output=True, text=True)
    match = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\d+)", out.stdout)
    if not match:
        raise SystemExit("wrk failed: " + out.stdout + out.stderr)
    rate, p50, p99, worst, errors = match.groups()
    return {"per_second": float(rate), "p50_ms": float(p50), "p99_ms": float(p99),
            "max_ms": float(worst), "errors": int(errors)}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk_get(port, path, connections, seconds, pid):
    """Requests a second, and the server's CPU microseconds a request, which other work on the
    machine moves less."""
    before = cpu_seconds(pid)
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                          f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True).stdout
    count = int(re.search(r"(\d+) requests in", out).group(1))
    return count / seconds, (cpu_seconds(pid) - before) / count * 1e6


def compare(ours, bare, rounds):
    """Medians of interleaved rounds: rates, their ratio, CPU us a request, their ratio."""
    each = [(wrk_get(*ours), wrk_get(*bare)) for _ in range(rounds)]
    middle = lambda values: sorted(values)[len(values) // 2]  # noqa: E731
    return {"per_second": middle([o[0] for o, _ in each]), "bare_per_second": middle([b[0] for _, b in each]),
            "ratio": middle([o[0] / b[0] for o, b in each]),
            "cpu_us": middle([o[1] for o, _ in each]), "bare_cpu_us": middle([b[1] for _, b in each]),
            "cpu_ratio": middle([b[1] / o[1] for o, b in each])}


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
    plain, model = os.path.join(folder, "ask"), os.path.join(folder, "ask-model")
    for path, served in ((plain, "med"), (model, "model")):
        with open(path, "w") as f:
            for i, name in enumerate(n for n in names if n and '"' not in n):
                body = {"graph": served, "question": frames[i % len(frames)].format(name)}
                f.write(json.dumps(body, ensure_ascii=False) + "\n")
    return graph, plain, model


def measure(server, bare_port, bare_pid, plain, model):
    port, pid = server.port, server.process.pid
    seconds = max(2, SECONDS // 4)
    result = {"healthz": compare((port, "/healthz", 64, seconds, pid), (bare_port, "/", 64, seconds, bare_pid), 5)}
    wrk(port, "/v1/ask", plain, 4, 2)
    full = result["ask"] = wrk(port, "/v1/ask", plain, CLIENTS, SECONDS)
    # Half that load: each client waits between its requests.
    result["ask_half_load"] = wrk(port, "/v1/ask", plain, CLIENTS, SECONDS,
                                  2000 * CLIENTS / full["per_second"] - full["p50_ms"] / 2)
    result["retrieve"] = wrk(port, "/v1/retrieve", plain, CLIENTS, SECONDS)
    wrk(port, "/v1/ask", model, 4, 2)
    result["ask_model"] = wrk(port, "/v1/ask", model, CLIENTS, SECONDS)
    return result


def table(r):
    h = r["healthz"]
    yield "healthz, requests/s", h["per_second"], "bare libmicrohttpd", h["bare_per_second"], "ratio", h["ratio"], ">= 0.8"
    yield "healthz, CPU us a request", h["cpu_us"], "bare libmicrohttpd", h["bare_cpu_us"], "ratio", h["cpu_ratio"], ">= 0.8"
    for key, name, target in (("ask", "ask without model, answers/s", ">= 400/s"),
                              ("ask_half_load", "ask at about half that load", "p99 < 40 ms"),
                              ("retrieve", "retrieve, requests/s", ">= 1000/s"),
                              ("ask_model", f"ask with {MODEL or 'the embedded model'}", ">= 8/s, p99 <= 4 x p50")):
        yield name, r[key]["per_second"], "p50 ms", r[key]["p50_ms"], "p99 ms", r[key]["p99_ms"], target


def main():
    folder = tempfile.mkdtemp(prefix="vouch-bench-")
    graph, plain, model = questions(folder)
    bare = subprocess.Popen([os.path.join(BUILD, "bench", "mhd_bare")], stdout=subprocess.PIPE, text=True)
    bare_port = int(bare.stdout.readline())
    served = {"name": "model", "path": graph}
    if MODEL:
        served["model"] = MODEL
    server = Server(VOUCH, folder, {"listen": "127.0.0.1:0", "data_dir": "data", "queue": 256,
                                    "graphs": [{"name": "med", "path": graph, "model": "none"}, served]})
    try:
        result = measure(server, bare_port, bare.pid, plain, model)
    finally:
        server.stop()
        bare.kill()
        shutil.rmtree(folder, ignore_errors=True)
    for name, value, n1, v1, n2, v2, target in table(result):
        print(f"{name:32} {value:10.1f}   {n1:>20} {v1:10.2f}   {n2:>7} {v2:8.2f}   target {target}")
    errors = sum(part.get("errors", 0) for part in result.values())
    print("errors:", errors)
    os.makedirs(os.path.join(BUILD, "bench"), exist_ok=True)
    with open(os.path.join(BUILD, "bench", "http.json"), "w") as f:
        json.dump({"model": MODEL or "embedded", **result}, f, indent=1)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
