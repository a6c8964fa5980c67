"""What is kept and what is not: logs, audit with its retention, masks, feedback by user, local_only."""
import json
import os
import subprocess
import time

import schema
from server import Server
from world import ROOT, VOUCH

# Texts of which nothing may be stored: numbers that name a person.
SECRETS = ["11010519491231002X", "13812345678", "+86 139 1234 5678", "010-12345678", "+1 415-555-2671", "(415) 555-2671",
           "123-45-6789", "6222 0202 0000 1234 567", "someone@example.org", "MR-0042",
           "１３８１２３４５６７８", "１1010519491231002x", "3782-822463-10005"]


def serve(w, name, **more):
    folder = w.path(name)
    os.makedirs(folder, exist_ok=True)
    config = w.config(keys=w.path("keys.json"), **more)
    config["graphs"] = [{**g, "path": w.path(g["path"])} for g in config["graphs"]]
    return folder, Server(VOUCH, folder, config)


def ask(w, s, question, **more):
    return s.request("POST", "/v1/ask", {"graph": "med", "question": question, **more}, key=w.keys["med:ask"])


def everything(folder):
    """All bytes that the service left in its folder."""
    found = b""
    for base, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(base, name), "rb") as f:
                found += f.read()
    return found


def test_nothing_stored_names_a_person(w):
    folder, s = serve(w, "masked", audit_file="audit.jsonl", feedback_store="all", log_questions=True, slow_ms=1,
                      mask_patterns=["MR-[0-9]{4}"])
    try:
        for secret in SECRETS:
            a = ask(w, s, f"肺结核有什么症状？联系{secret}。", user="p-7").json()
            r = s.request("POST", "/v1/feedback", {"answer_id": a["id"], "rating": -1, "reason": "见" + secret,
                                                   "correction": secret + "说的"}, key=w.keys["med:ask"])
            assert r.status == 201, r.data
    finally:
        s.stop()
    kept = everything(folder)
    assert "肺结核有什么症状".encode() in kept and "[…]".encode() in kept
    for secret in SECRETS:
        assert secret.encode() not in kept, secret


def test_logs_hold_questions_only_when_asked(w):
    folder, s = serve(w, "quiet", slow_ms=1, feedback_store="off")
    try:
        ask(w, s, "肺结核有什么症状？", user="patient-eight", session="session-eight")
    finally:
        s.stop()
    kept = everything(folder)
    for word in ("肺结核", "patient-eight", "session-eight", w.keys["med:ask"], "咳嗽"):
        assert word.encode() not in kept, word


def test_audit_is_kept_found_erased_and_expires(w):
    folder, s = serve(w, "audited", audit_file="audit.jsonl", audit_days=30)
    path = os.path.join(folder, "audit.jsonl")
    try:
        for user in ("p-1", "p-2"):
            ask(w, s, "肺结核有什么症状？", user=user)
        with open(path) as f:
            lines = [json.loads(line) for line in f]
        assert [x["user"] for x in lines] == ["p-1", "p-2"] and {x["action"] for x in lines} == {"ask"}
        assert all(x["graph"] == "med" and x["client"] in w.keys["med:ask"] and x["outcome"] == "answered" and
                   abs(x["at"] - time.time()) < 60 for x in lines), lines
        r = s.request("DELETE", "/v1/users/p-1", key=w.keys["*:admin"])
        assert r.json()["audit_lines"] == 1, r.data
        ask(w, s, "霍乱有什么症状？", user="p-3")
        with open(path) as f:
            assert [json.loads(line)["user"] for line in f] == ["p-2", "p-3"]
        assert os.stat(path).st_mode & 0o077 == 0, "others may read the audit log"
    finally:
        s.stop()
    with open(path, "a") as f:
        f.write(json.dumps({"at": int(time.time()) - 31 * 86400, "user": "old"}) + "\n")
    _, s = serve(w, "audited", audit_file="audit.jsonl", audit_days=30)
    try:
        for _ in range(100):
            with open(path) as f:
                users = [json.loads(line)["user"] for line in f]
            if "old" not in users:
                break
            time.sleep(0.1)
        assert users == ["p-2", "p-3"], users
    finally:
        s.stop()


def test_a_person_is_erased_everywhere(w):
    folder, s = serve(w, "erased", feedback_store="all", audit_file="audit.jsonl")
    export = lambda: s.request("GET", "/v1/feedback", key=w.keys["*:admin"]).data.decode()  # noqa: E731
    try:
        ids = {u: ask(w, s, "肺结核有什么症状？", user=u).json()["id"] for u in ("anna", "anna2", "bob")}
        for user, answer in ids.items():
            s.request("POST", "/v1/feedback", {"answer_id": answer, "rating": 1, "user": user}, key=w.keys["med:ask"])
        assert export().count('"user":"anna"') >= 2
        r = s.request("DELETE", "/v1/users/anna", key=w.keys["*:admin"]).json()
        assert r == {"feedback_records": 2, "audit_lines": 1}, r
        assert '"user":"anna"' not in export() and '"user":"anna2"' in export() and '"user":"bob"' in export()
        # The answer in memory is gone too: a judgement cannot bring the person back.
        r = s.request("POST", "/v1/feedback", {"answer_id": ids["anna"], "rating": 1}, key=w.keys["med:ask"])
        assert r.status == 404, r.data
        report = s.request("GET", "/v1/feedback/report", key=w.keys["*:admin"]).json()
        assert report["totals"] == [{"status": "answered", "count": 2}], report
        assert s.request("GET", "/v1/feedback/report?day=2020-01-01", key=w.keys["*:admin"]).json()["totals"] == []
    finally:
        s.stop()


def test_local_only_goes_nowhere(w):
    folder, s = serve(w, "local", local_only=True, ingest_hosts=["example.org", "127.0.0.1", "localhost"])
    try:
        for url in ("https://example.org/x.tsv", "http://127.0.0.1:1/x.tsv", "http://localhost/x"):
            r = s.request("POST", "/v1/graphs/med/ingest", {"url": url}, key=w.keys["med:ingest"])
            assert r.status == 403 and "outgoing" in r.json()["error"]["message"], r.data
    finally:
        s.stop()
    config = w.config(local_only=True, graphs=[{"name": "med", "path": w.path("med.kg"), "model": "http://127.0.0.1:1/v1"}])
    path = w.path("local-model.json")
    with open(path, "w") as f:
        json.dump(config, f)
    done = subprocess.run([VOUCH, "serve", "--config", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "not allowed" in done.stderr, (done.returncode, done.stderr)


def test_listed_hosts_lead_to_no_private_address(w):
    """A name on the list that resolves into the server's own network is refused when it is fetched."""
    folder, s = serve(w, "listed", ingest_hosts=["localhost", "127.0.0.1"])
    try:
        for url in (f"http://localhost:{s.port}/healthz", f"http://127.0.0.1:{s.port}/healthz"):
            r = s.request("POST", "/v1/graphs/med/ingest", {"url": url}, key=w.keys["med:ingest"])
            assert r.status == 202, r.data
            job = s.wait_job(r.json()["id"], w.keys["med:ingest"])
            assert job["status"] == "failed" and str(s.port) not in job["error"], job
    finally:
        s.stop()


def test_keys_are_listed_without_their_secrets(w):
    path = w.path("listed.json")
    key = w.run("key", "add", "--graph", "med", "--role", "ask", "--note", "ward 3", "--rate", "60", "--keys", path).strip()
    gone = w.run("key", "add", "--graph", "*", "--role", "admin", "--keys", path).strip()
    w.run("key", "revoke", gone.split("_")[1], "--keys", path)
    shown = w.run("key", "list", "--keys", path, "--json")
    with open(os.path.join(ROOT, "schemas", "keys.schema.json")) as f:
        document = json.load(f)
    document.pop("$schema"), document.pop("$id")
    assert not list(schema.problems({}, document, json.loads(shown))), shown
    assert "hash" not in shown and key.split("_", 2)[2] not in shown
    assert [k["grants"] for k in json.loads(shown)] == [{"med": "ask"}, {"*": "admin"}]
    with open(path) as f:
        stored = f.read()
    assert key.split("_", 2)[2] not in stored
    assert os.stat(path).st_mode & 0o077 == 0, "others may read the key file"
