"""What the HTTP tests stand on: two graphs, a key of each role on each, and a running server whose
every answer is held against /openapi.json."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import schema  # noqa: E402
from server import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VOUCH = os.environ.get("VOUCH", os.path.join(ROOT, os.environ.get("BUILD", "build"), "vouch"))
HERE = os.path.join(ROOT, "tests", "http")


class World:
    """Two graphs, a key of each role on each, and a running server."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="vouch-http-")
        for name in ("med", "law"):
            self.run("ingest", os.path.join(HERE, "small.tsv"), "--graph", self.path(name + ".kg"))
        self.keys = {}
        for graph in ("med", "law", "*"):
            for role in ("ask", "ingest", "admin"):
                self.keys[f"{graph}:{role}"] = self.run(
                    "key", "add", "--graph", graph, "--role", role,
                    "--keys", self.path("keys.json")).strip()
        self.server = Server(VOUCH, self.folder, self.config())
        self.openapi = self.server.request("GET", "/openapi.json").json()
        self.server.observe = self.check_traffic
        self.exercised = set()

    def check_traffic(self, method, path, body, reply):
        """Every exchange fits the document, and none but an administrator's list names a folder."""
        found = list(schema.traffic_problems(self.openapi, method, path, body, reply))
        assert not found, "; ".join(found[:5])
        shown = reply.data.decode("utf-8", "replace")
        assert self.folder not in shown and (ROOT not in shown or "/sources" in path), "leaks a folder: " + path
        operation = schema.operation(self.openapi, method, path)
        if operation and reply.status < 300:
            self.exercised.add(operation.get("operationId"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def config(self, **more):
        return {"listen": "127.0.0.1:0", "keys": "keys.json", "data_dir": "data", "workers": 2,
                "graphs": [{"name": n, "path": n + ".kg", "model": "none"} for n in ("med", "law")],
                **more}

    def run(self, *arguments):
        done = subprocess.run([VOUCH, *arguments], capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def hup(self):
        """Lets the server read its files again, and waits until it has."""
        def count():
            with open(self.server.log_path) as f:
                return f.read().count('"event":"reload')
        before = count()
        self.server.process.send_signal(signal.SIGHUP)
        for _ in range(200):
            if count() > before:
                return
            time.sleep(0.02)
        raise AssertionError("no reload")

    def ask(self, question, graph="med", key="med:ask", **more):
        return self.server.request("POST", "/v1/ask", {"graph": graph, "question": question, **more},
                                   key=self.keys.get(key))

    def fits(self, name, value):
        found = list(schema.problems(self.openapi, {"$ref": "#/components/schemas/" + name}, value))
        assert not found, "; ".join(found[:5])

    def close(self):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
