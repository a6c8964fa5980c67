"""The HTTP tests; a failed assertion is a 'not ok' line.

Each test_* function of this file and of test_*.py beside it gets a World (world.py).
Cases that need no code stand in cases/*.json: {"name", "method", "path", "key"?, "headers"?,
"body"? (JSON) or "raw"? (text), "status", "code"? (of the error), "has"? (path -> value)}.
"""
import concurrent.futures
import glob
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(__file__))
from server import Server  # noqa: E402

from world import HERE, ROOT, VOUCH, World  # noqa: E402,F401


# --- asking --------------------------------------------------------------------------------------
def test_ask_answers_with_citations(w):
    r = w.ask("肺结核有什么症状？")
    assert r.status == 200, r.data
    a = r.json()
    w.fits("Answer", a)
    assert a["status"] == "answered" and set(a["values"]) == {"咳嗽", "盗汗"}, a
    assert len(a["citations"]) == 2 and all(c["statement_id"] for c in a["citations"])
    assert all(c["verdict"] == "SUPPORTED" for c in a["clauses"])


def test_abstained_is_200(w):
    r = w.ask("肺结核的票价是多少？")
    assert r.status == 200 and r.json()["status"] in ("abstained", "clarify"), r.data


def test_ask_streams_verified_clauses(w):
    r = w.ask("肺结核有什么症状？", stream=True)
    assert r.status == 200 and r.headers["content-type"].startswith("text/event-stream")
    names = [n for n, _ in r.events()]
    assert "answer" in names and names[-1] == "done", names
    answer = json.loads(dict(r.events())["answer"])
    w.fits("Answer", answer)
    for name, data in r.events():
        if name == "clause":
            w.fits("Clause", json.loads(data))
            assert json.loads(data)["verdict"] == "SUPPORTED"


def test_session_remembers(w):
    w.ask("肺结核有什么症状？", session="s1")
    follow = w.ask("那它挂什么科？", session="s1").json()
    other = w.ask("那它挂什么科？", session="s2").json()
    assert follow["values"] == ["呼吸内科"], follow
    assert other["status"] != "answered", other


def test_retrieve_and_verify(w):
    key = w.keys["med:ask"]
    r = w.server.request("POST", "/v1/retrieve", {"graph": "med", "question": "肺结核有什么症状？"}, key=key)
    assert r.status == 200, r.data
    w.fits("Evidence", r.json())
    assert any(s["object"] == "咳嗽" for s in r.json()["statements"]), r.json()
    r = w.server.request("POST", "/v1/verify", {"graph": "med", "text": "肺结核的症状有咳嗽。"}, key=key)
    w.fits("Verification", r.json())
    assert r.json()["clauses"][0]["verdict"] == "SUPPORTED", r.json()


def test_chat_completions(w):
    key = w.keys["med:ask"]
    body = {"model": "med", "temperature": 0, "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "肺结核有什么症状？"},
        {"role": "assistant", "content": "咳嗽"},
        {"role": "user", "content": [{"type": "text", "text": "那它挂什么科？"}]}]}
    r = w.server.request("POST", "/v1/chat/completions", body, key=key)
    assert r.status == 200, r.data
    w.fits("ChatCompletion", r.json())
    assert "呼吸内科" in r.json()["choices"][0]["message"]["content"]
    r = w.server.request("POST", "/v1/chat/completions", {**body, "stream": True}, key=key)
    parts = [d for _, d in r.events()]
    assert parts[-1] == "[DONE]"
    text = "".join(json.loads(p)["choices"][0]["delta"].get("content", "") for p in parts[:-1])
    assert "呼吸内科" in text, text
    assert json.loads(parts[-2])["choices"][0]["finish_reason"] == "stop"


# --- reading -------------------------------------------------------------------------------------
def test_graph_reading_and_etags(w):
    key = w.keys["med:ask"]
    r = w.server.request("GET", "/v1/graphs/med", key=key)
    w.fits("Graph", r.json())
    assert r.json()["statements"] == 10, r.json()
    again = w.server.request("GET", "/v1/graphs/med", key=key, headers={"If-None-Match": r.headers["etag"]})
    assert again.status == 304 and not again.data
    r = w.server.request("GET", "/v1/graphs/med/entities?q=" + quote("肺结核"), key=key)
    w.fits("EntityPage", r.json())
    entity = r.json()["items"][0]
    assert entity["label"] == "肺结核"
    r = w.server.request("GET", "/v1/graphs/med/entities/" + quote(entity["id"], safe=""), key=key)
    w.fits("Entity", r.json())
    seen, cursor = [], ""
    for _ in range(10):
        r = w.server.request("GET", "/v1/graphs/med/entities/" + quote(entity["id"], safe="") +
                             "/neighbors?limit=2" + cursor, key=key)
        w.fits("StatementPage", r.json())
        seen += [s["id"] for s in r.json()["items"]]
        if "next_cursor" not in r.json():
            break
        cursor = "&cursor=" + r.json()["next_cursor"]
    assert len(seen) == len(set(seen)) == 5, seen
    r = w.server.request("GET", "/v1/graphs/med/statements/" + seen[0], key=key)
    w.fits("Statement", r.json())
    assert r.json()["sources"][0]["position"] >= 2
    w.fits("SourcePage", w.server.request("GET", "/v1/graphs/med/sources", key=key).json())


def test_page_and_assets(w):
    r = w.server.request("GET", "/")
    assert r.status == 200 and b"<main>" in r.data
    assert "default-src 'none'" in r.headers["content-security-policy"]
    for name in ("app.js", "words.js", "picture.js", "style.css", "cytoscape.min.js"):
        assert w.server.request("GET", "/assets/" + name).status == 200, name
    assert w.server.request("GET", "/assets/../keys.json").status == 404
    assert w.server.request("GET", "/assets/%2e%2e%2fkeys.json").status == 404


def test_metrics_name_no_graph_without_a_key(w):
    w.ask("肺结核有什么症状？")
    bare = w.server.request("GET", "/metrics").data.decode()
    assert "vouch_http_requests_total" in bare and 'graph="' not in bare
    named = w.server.request("GET", "/metrics", key=w.keys["med:ask"]).data.decode()
    assert 'graph="med"' in named and 'graph="law"' not in named


# --- loading -------------------------------------------------------------------------------------
def test_ingest_job_and_delete(w):
    key = w.keys["law:admin"]
    up = lambda text, **h: w.server.request(  # noqa: E731
        "POST", "/v1/graphs/law/ingest?source=extra&format=tsv", text, key=key, headers=h)
    first = up("a\tlikes\tb\n", **{"Idempotency-Key": "k1"})
    assert first.status == 202, first.data
    w.fits("JobAccepted", first.json())
    again = up("a\tlikes\tb\n", **{"Idempotency-Key": "k1"})
    assert again.json()["id"] == first.json()["id"]
    assert up("a\tlikes\tc\n", **{"Idempotency-Key": "k1"}).status == 409
    job = w.server.wait_job(first.json()["id"], key)
    w.fits("Job", job)
    assert job["status"] == "done", job
    assert w.server.request("GET", "/v1/graphs/law", key=key).json()["statements"] == 11
    other = w.server.request("GET", "/v1/jobs/" + first.json()["id"], key=w.keys["med:admin"])
    assert other.status == 404
    bad = w.server.wait_job(up("").json()["id"], key) if up("").status == 202 else None
    assert bad is None or bad["status"] == "failed"
    r = w.server.request("DELETE", "/v1/graphs/law/sources/extra", key=key)
    assert r.status == 200, r.data
    w.fits("Deleted", r.json())
    assert w.server.request("GET", "/v1/graphs/law", key=key).json()["statements"] == 10
    assert w.server.request("DELETE", "/v1/graphs/law/sources/extra", key=key).status == 404


def test_ingest_fetches_from_no_host_by_default(w):
    for url in ("http://127.0.0.1:1/x", "http://localhost/x", "http://169.254.169.254/latest",
                "file:///etc/passwd", "http://[::1]/x", "https://example.org/x"):
        r = w.server.request("POST", "/v1/graphs/med/ingest", {"url": url}, key=w.keys["med:ingest"])
        assert r.status in (403, 422), (url, r.status, r.data)


# --- feedback ------------------------------------------------------------------------------------
def test_feedback_is_stored_masked_and_erased(w):
    a = w.ask("肺结核有什么症状？我的电话13812345678", user="p-1").json()
    send = lambda **more: w.server.request(  # noqa: E731
        "POST", "/v1/feedback", {"answer_id": a["id"], "rating": -1, "user": "p-1", **more},
        key=w.keys["med:ask"])
    r = send(reason="打13812345678")
    assert r.status == 201, r.data
    w.fits("FeedbackStored", r.json())
    assert send(rating=0).status == 422 and send(rating=5).status == 422
    assert w.server.request("POST", "/v1/feedback", {"answer_id": a["id"], "rating": 1},
                            key=w.keys["law:ask"]).status == 404
    export = w.server.request("GET", "/v1/feedback", key=w.keys["*:admin"])
    lines = [json.loads(line) for line in export.data.decode().splitlines()]
    assert {x["record"] for x in lines} == {"interaction", "judgement"}
    assert "13812345678" not in export.data.decode()
    report = w.server.request("GET", "/v1/feedback/report", key=w.keys["*:admin"]).json()
    w.fits("FeedbackReport", report)
    assert report["judged_wrong"]
    assert w.server.request("GET", "/v1/feedback", key=w.keys["med:admin"]).status == 403
    erased = w.server.request("DELETE", "/v1/users/p-1", key=w.keys["*:admin"]).json()
    w.fits("Erased", erased)
    assert erased["feedback_records"] == 2
    assert w.server.request("GET", "/v1/feedback", key=w.keys["*:admin"]).data == b""


# --- bad clients ---------------------------------------------------------------------------------
def raw(w, data, wait=0.3):
    with socket.create_connection(("127.0.0.1", w.server.port), timeout=5) as s:
        s.sendall(data)
        time.sleep(wait)


def test_survives_bad_clients(w):
    key = w.keys["med:ask"].encode()
    head = b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key + b"\r\n"
    raw(w, head + b"Content-Length: 1000\r\n\r\n{\"graph\"", 0.05)
    raw(w, head + b"Content-Length: 99999999999\r\n\r\n", 0.05)
    raw(w, head + b"Content-Length: -1\r\n\r\n", 0.05)
    raw(w, b"\x00\xff\xfe GET\r\n\r\n", 0.05)
    raw(w, b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100000 + b"\r\n\r\n", 0.05)
    body = json.dumps({"graph": "med", "question": "肺结核有什么症状？"}).encode()
    for _ in range(20):  # asks and hangs up
        raw(w, head + b"Content-Length: %d\r\n\r\n" % len(body) + body, 0)
    assert w.ask("肺结核有什么症状？").status == 200


def test_many_at_once(w):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: w.ask("肺结核有什么症状？"), range(200)))
    assert {r.status for r in replies} <= {200, 503}
    for r in replies:
        if r.status == 200:
            assert set(r.json()["values"]) == {"咳嗽", "盗汗"}
        else:
            assert r.headers["retry-after"]


def test_duplicate_header_and_methods(w):
    r = w.server.request("PUT", "/v1/ask", "x", key=w.keys["med:ask"])
    assert r.status == 405 and r.headers["allow"] == "POST"
    r = w.server.request("OPTIONS", "/v1/ask", headers={"Origin": "https://evil.example"})
    assert r.status == 403 and "access-control-allow-origin" not in r.headers


# --- the life of the server ----------------------------------------------------------------------
def test_reload_keeps_the_old_when_the_new_is_bad(w):
    with open(w.server.config_path, "w") as f:
        f.write("{ broken")
    w.server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert w.ask("肺结核有什么症状？").status == 200
    w.server.write_config(w.config(rate_per_minute=3))
    w.server.process.send_signal(signal.SIGHUP)
    time.sleep(0.7)
    statuses = [w.ask("肺结核有什么症状？").status for _ in range(5)]
    assert statuses[-1] == 429, statuses
    w.server.write_config(w.config())
    w.server.process.send_signal(signal.SIGHUP)
    time.sleep(0.7)
    assert w.ask("肺结核有什么症状？").status == 200


def test_a_replaced_file_is_opened_again(w):
    w.run("ingest", os.path.join(HERE, "small.tsv"), "--graph", w.path("new.kg"))
    with open(w.path("more.tsv"), "w") as f:
        f.write("肺结核\t症状\t咯血\n")
    w.run("ingest", w.path("more.tsv"), "--graph", w.path("new.kg"))
    os.replace(w.path("new.kg"), w.path("med.kg"))
    for _ in range(60):
        if "咯血" in w.ask("肺结核有什么症状？").json()["values"]:
            return
        time.sleep(0.1)
    raise AssertionError("the new file is not served")


def test_another_address_needs_keys(w):
    done = subprocess.run([VOUCH, "serve", "--listen", "0.0.0.0:0", "--graph",
                           "med=" + w.path("med.kg")], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "key" in done.stderr, (done.returncode, done.stderr)


def test_without_keys_loopback_may_only_ask(w):
    folder = tempfile.mkdtemp(prefix="vouch-http-")
    config = w.config(data_dir=os.path.join(folder, "data"))
    del config["keys"]
    config["graphs"] = config["graphs"][1:]  # law: its file was not swapped under its sidecars
    for g in config["graphs"]:
        g["path"] = w.path(g["path"])
    s = Server(VOUCH, folder, config)
    try:
        r = s.request("POST", "/v1/ask", {"graph": "law", "question": "肺结核有什么症状？"})
        assert r.status == 200, r.data
        assert s.request("POST", "/v1/graphs/law/ingest", "a\tb\tc\n").status == 403
        assert s.request("DELETE", "/v1/graphs/law/sources/x").status == 403
        assert s.request("GET", "/v1/feedback").status == 403
        assert 'graph="' not in s.request("GET", "/metrics").data.decode()
    finally:
        s.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_logs_hold_neither_questions_nor_keys(w):
    w.ask("肺结核有什么症状？")
    with open(w.server.log_path) as f:
        text = f.read()
    assert "肺结核" not in text and "vk_" not in text
    for line in text.splitlines():
        json.loads(line)


# --- cases without code --------------------------------------------------------------------------
def dig(value, path):
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def run_case(w, case):
    body = case.get("body", case.get("raw"))
    r = w.server.request(case["method"], case["path"], body,
                         key=w.keys.get(case.get("key", "med:ask"), case.get("key")),
                         headers=case.get("headers"))
    assert r.status == case["status"], (r.status, r.data)
    if r.status >= 400:
        w.fits("Error", r.json())
        assert w.folder not in r.data.decode(), "leaks a path"
    if "code" in case:
        assert r.json()["error"]["code"] == case["code"], r.data
    for path, value in case.get("has", {}).items():
        assert dig(r.json(), path) == value, (path, r.data)
    if "says" in case:
        assert case["says"] in r.json()["error"]["message"], r.data


def main():
    if not os.path.exists(VOUCH):
        print("not ok http: there is no", VOUCH)
        return 1
    wanted = os.environ.get("T", "")
    try:
        w = World()
    except Exception:  # noqa: BLE001
        print("not ok http: the server does not start")
        traceback.print_exc(file=sys.stdout)
        return 1
    failed = 0
    work = [(n[5:], f, (w,)) for n, f in list(globals().items()) if n.startswith("test_")]
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        work = [(n[5:], f, (w,)) for n, f in vars(module).items() if n.startswith("test_")] + work
    for path in sorted(glob.glob(os.path.join(HERE, "cases", "*.json"))):
        with open(path) as f:
            for case in json.load(f):
                work.insert(0, (case["name"], run_case, (w, case)))
    for name, f, arguments in work:
        if wanted not in name:
            continue
        try:
            f(*arguments)
            print("ok http:", name)
        except Exception as failure:  # noqa: BLE001
            failed += 1
            print("not ok http:", name)
            print("    " + "\n    ".join(traceback.format_exc(limit=-2).splitlines()))
    try:
        w.close()
        print("ok http: stops within 10 s")
    except Exception as failure:  # noqa: BLE001
        failed += 1
        print("not ok http: stops within 10 s:", failure)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
