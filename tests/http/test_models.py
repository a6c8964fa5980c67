"""What a model may do for a request that asks for it: propose a query, reword a sentence. The model
that proposes is a script behind OpenAI's interface; the one that rewords is the embedded one."""
import contextlib
import http.server
import json
import os
import threading

import schema
from server import Server
from world import HERE, VOUCH

UNREAD = "By which vehicle is cholera conveyed hither?"


@contextlib.contextmanager
def script(line):
    """An endpoint that answers every chat with `line`; yields its URL and the prompts it was given."""
    prompts = []

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompts.append(request["messages"][-1]["content"])
            part = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "script"}
            choice = {"index": 0, "delta": {"role": "assistant", "content": line}, "finish_reason": None}
            if not request.get("stream"):
                choice = {"index": 0, "message": choice["delta"], "finish_reason": "stop"}
                body = json.dumps({**part, "object": "chat.completion", "choices": [choice]}).encode()
                kind = "application/json"
            else:
                end = {"index": 0, "delta": {}, "finish_reason": "stop"}
                events = [json.dumps({**part, "choices": [c]}) for c in (choice, end)] + ["[DONE]"]
                body = "".join(f"data: {e}\n\n" for e in events).encode()
                kind = "text/event-stream"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as endpoint:
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{endpoint.server_address[1]}/v1", prompts
        endpoint.shutdown()


@contextlib.contextmanager
def served(w, name, **graph):
    """A server of its own with the graph `med`; yields a call that asks it."""
    folder = w.path(name)
    os.mkdir(folder)
    w.run("ingest", os.path.join(HERE, "small.tsv"), "--graph", os.path.join(folder, "med.kg"), "--pack", "medical")
    server = Server(VOUCH, folder, {"listen": "127.0.0.1:0", "data_dir": "data",
                                    "graphs": [{"name": "med", "path": "med.kg", **graph}]})

    def check(method, path, body, reply):
        found = list(schema.traffic_problems(w.openapi, method, path, body, reply))
        assert not found, "; ".join(found[:5])
    server.observe = check

    def ask(question, **more):
        r = server.request("POST", "/v1/ask", {"graph": "med", "question": question, **more})
        assert r.status == 200, r.data
        return r
    try:
        yield ask
    finally:
        server.stop()


def test_a_model_proposes_only_when_asked(w):
    with script('HOP("cholera", +"cause")') as (url, prompts), served(w, "propose", model=url) as ask:
        before = ask(UNREAD).json()
        assert before["status"] == "abstained", before
        assert not any('"cause"' in p and "+" not in p for p in prompts) or not before["values"], prompts
        for off in (False, None):
            assert ask(UNREAD, propose=off).json()["status"] == "abstained"
        assert ask(UNREAD, propose=True, model="none").json()["status"] == "abstained"
        a = ask(UNREAD, propose=True).json()
        assert a["status"] == "answered" and a["values"] == ["Vibrio cholerae"], a
        assert "as the model read" in a["reason"], a["reason"]
        assert a["citations"] and all(c["verdict"] == "SUPPORTED" for c in a["clauses"]), a
        assert any('"cause"' in p for p in prompts), prompts
        streamed = dict(ask(UNREAD, propose=True, stream=True).events())
        assert json.loads(streamed["answer"])["values"] == ["Vibrio cholerae"], streamed


def test_a_proposal_outside_the_graph_is_dropped(w):
    with script('HOP("cholera", +"remedy")') as (url, prompts), served(w, "drop", model=url) as ask:
        a = ask(UNREAD, propose=True).json()
        assert a["status"] == "abstained" and not a["values"], a
        assert prompts


def test_the_embedded_model_rewords_only_when_asked(w):
    question = "What are the symptoms of cholera?"
    with served(w, "reword") as ask:
        plain = ask(question, explain=True).json()
        assert plain["status"] == "answered" and "wording" not in plain["explain"], plain
        told = ask(question, explain=True, reword=True).json()
        assert told["status"] == "answered" and told["values"] == plain["values"], told
        assert told["explain"]["wording"]["template"], told["explain"]
        assert all(c["verdict"] == "SUPPORTED" for c in told["clauses"]), told
        assert "wording" not in ask(question, explain=True, reword=True, model="none").json()["explain"]


def test_these_fields_are_booleans(w):
    for field in ("propose", "reword"):
        r = w.ask(UNREAD, **{field: "yes"})
        assert r.status == 422 and field in r.json()["error"]["message"], r.data
