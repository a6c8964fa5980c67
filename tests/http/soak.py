"""Minutes of full load with clients that misbehave, loads and a restored file meanwhile, then kill -9.

Usage: python3 tests/http/soak.py [SECONDS]   (default 600; needs a built vouch)
Ends with 'ok'/'not ok' lines: no crash, memory flat within 5 %, no wrong or half answer, and every
acknowledged load and feedback there afterwards, also after kill -9.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from world import VOUCH, World  # noqa: E402
from server import Server  # noqa: E402

EXPECTED = {"咳嗽", "盗汗"}


class Soak:
    def __init__(self, world, seconds):
        self.w, self.until = world, time.time() + seconds
        world.server.observe = None  # the checks of documents are the tests' work
        self.lock = threading.Lock()
        self.counts = {"answers": 0, "busy": 0, "wrong": 0, "cut": 0, "streams": 0, "reloads": 0}
        self.jobs, self.feedback, self.complaints = [], [], []

    def running(self):
        return time.time() < self.until

    def count(self, name, why=None):
        with self.lock:
            self.counts[name] += 1
            if why is not None and len(self.complaints) < 10:
                self.complaints.append(why)

    def asker(self, stream):
        while self.running():
            r = self.w.ask("肺结核有什么症状？", stream=stream)
            if r.status == 503:
                self.count("busy")
                time.sleep(0.05)
                continue
            if r.status != 200:
                self.count("wrong", f"status {r.status}: {r.data[:200]}")
                continue
            if stream:
                events = r.events()
                if not events or events[-1][0] != "done":
                    self.count("cut", f"stream ended early: {r.data[-200:]}")
                    continue
                a = json.loads(dict(events)["answer"])
                self.count("streams")
            else:
                a = r.json()
            if not EXPECTED <= set(a["values"]):
                self.count("wrong", f"values {a['values']} status {a['status']}")
            else:
                self.count("answers")

    def hang_up(self):
        body = json.dumps({"graph": "med", "question": "肺结核有什么症状？", "stream": True}).encode()
        head = (b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                self.w.keys["med:ask"].encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body))
        while self.running():
            try:
                with socket.create_connection(("127.0.0.1", self.w.server.port), timeout=5) as s:
                    whole = head + body
                    s.sendall(whole[:random.randint(1, len(whole))])
                    time.sleep(random.random() * 0.02)
            except OSError:
                pass

    def loader(self):
        n = 0
        while self.running():
            n += 1
            r = self.w.server.request("POST", f"/v1/graphs/law/ingest?source=s{n}&format=tsv",
                                      f"人{n}\t认识\t人{n + 1}\n", key=self.w.keys["law:admin"])
            if r.status == 202:
                with self.lock:
                    self.jobs.append((r.json()["id"], f"s{n}"))
            time.sleep(0.3)

    def judge(self):
        n = 0
        while self.running():
            a = self.w.ask("霍乱有什么症状？").json()
            if "id" in a:
                n += 1
                r = self.w.server.request("POST", "/v1/feedback", {
                    "answer_id": a["id"], "rating": 1, "user": "u", "reason": f"n{n}"},
                    key=self.w.keys["med:ask"])
                if r.status == 201:
                    with self.lock:
                        self.feedback.append(f"n{n}")
            time.sleep(0.2)

    def reloader(self):
        """Loads into the graph whose file is replaced meanwhile; each job must end well."""
        while self.running():
            r = self.w.server.request("POST", "/v1/graphs/med/ingest?source=again&format=tsv",
                                      "肺结核\t症状\t咳嗽\n霍乱\t症状\t腹泻\n", key=self.w.keys["med:admin"])
            job = self.w.server.wait_job(r.json()["id"], self.w.keys["med:admin"])
            if job["status"] == "done":
                self.count("reloads")
            else:
                self.count("wrong", f"reload: {job}")
            time.sleep(0.5)

    def restorer(self):
        while self.running():
            time.sleep(3)
            copy = self.w.path("copy.kg")
            if os.path.exists(copy):
                os.remove(copy)
            done = subprocess.run([VOUCH, "graph", "backup", self.w.path("med.kg"), copy],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                self.count("wrong", "backup: " + done.stderr)
                continue
            os.replace(copy, self.w.path("med.kg"))

    def memory(self):
        with open(f"/proc/{self.w.server.process.pid}/status") as f:
            return int(next(line for line in f if line.startswith("VmRSS")).split()[1])

    def run(self):
        threads = [threading.Thread(target=t, args=a, daemon=True) for t, a in [
            (self.asker, (False,)), (self.asker, (False,)), (self.asker, (True,)), (self.asker, (True,)),
            (self.hang_up, ()), (self.hang_up, ()), (self.loader, ()), (self.judge, ()),
            (self.reloader, ()), (self.restorer, ())]]
        for t in threads:
            t.start()
        samples = []
        while self.running():
            time.sleep(max(1, (self.until - time.time()) / 20))
            samples.append(self.memory())
        for t in threads:
            t.join(60)
        return samples


def check(name, fine, detail=""):
    print(("ok" if fine else "not ok"), "soak:", name, detail)
    return 0 if fine else 1


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    w = World()
    s = Soak(w, seconds)
    samples = s.run()
    failed = check("server still runs", w.server.process.poll() is None)
    failed += check("no wrong or half answer", s.counts["wrong"] + s.counts["cut"] == 0,
                    json.dumps(s.counts) + " ".join(s.complaints))
    half = samples[len(samples) // 3:]
    growth = max(half[-3:]) / min(half[:3]) - 1
    failed += check("memory flat within 5 %", growth < 0.05, f"{half[0]} kB -> {half[-1]} kB; all: {samples}")
    for job, _ in s.jobs:
        w.server.wait_job(job, w.keys["law:admin"])
    last = w.server.request("POST", "/v1/graphs/law/ingest?source=last&format=tsv", "末\t认识\t尾\n",
                            key=w.keys["law:admin"]).json()["id"]
    w.server.process.send_signal(signal.SIGKILL)
    w.server.process.wait()
    w.server = Server(VOUCH, w.folder, w.config())
    state = w.server.wait_job(last, w.keys["law:admin"])
    failed += check("a load acknowledged before kill -9 is done after", state["status"] == "done", str(state))
    items, cursor = [], ""
    while True:
        page = w.server.request("GET", "/v1/graphs/law/sources?limit=500" + cursor,
                                key=w.keys["law:admin"]).json()
        items += [x["id"] for x in page["items"]]
        if "next_cursor" not in page:
            break
        cursor = "&cursor=" + page["next_cursor"]
    missing = {name for _, name in s.jobs} - set(items)
    failed += check("every acknowledged load is there", not missing, f"{len(s.jobs)} loads, missing {sorted(missing)[:5]}")
    kept = w.server.request("GET", "/v1/feedback", key=w.keys["*:admin"]).data.decode()
    lost = [n for n in s.feedback if f'"reason":"{n}"' not in kept.replace(": ", ":")]
    failed += check("every acknowledged feedback is there", not lost, f"{len(s.feedback)} judgements")
    for name in ("med", "law"):
        done = subprocess.run([VOUCH, "graph", "check", w.path(name + ".kg")], capture_output=True, text=True)
        failed += check(f"graph check {name}", done.returncode == 0, done.stdout + done.stderr)
    w.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
