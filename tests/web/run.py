"""Starts a server on a small graph, then hands its address to client.cjs and page.cjs; remote.cjs starts
its own servers."""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "http"))
from server import Server  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
VOUCH = os.environ.get("VOUCH", os.path.join(BUILD, "vouch"))


def main():
    folder = tempfile.mkdtemp(prefix="vouch-web-")
    graph = os.path.join(folder, "med.kg")
    table = os.path.join(ROOT, "tests/http/small.tsv")
    subprocess.run([VOUCH, "ingest", table, "--graph", graph],
                   check=True, capture_output=True)
    law = os.path.join(folder, "law.kg")
    subprocess.run([VOUCH, "ingest", os.path.join(ROOT, "samples/legal"), "--format", "statutes", "--pack", "legal",
                    "--graph", law], check=True, capture_output=True)
    server = Server(VOUCH, folder, {"listen": "127.0.0.1:0", "data_dir": "data",
                                    "graphs": [{"name": "med", "path": graph, "model": "none"},
                                               {"name": "law", "path": law, "model": "none"}]})
    failed = 0
    try:
        for script in ("client.cjs", "remote.cjs", "page.cjs"):
            done = subprocess.run(["node", os.path.join(ROOT, "tests/web", script)],
                                  env={**os.environ, "VOUCH": VOUCH, "VOUCH_GRAPH": graph, "VOUCH_SOURCE": table,
                                       "VOUCH_URL": f"http://127.0.0.1:{server.port}",
                                       "SHOTS": os.path.join(BUILD, "web")})
            failed += done.returncode != 0
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
