"""Tenants: every endpoint with every wrong key, role and graph name. The endpoints are read from the
router's own table, so that a new one without an entry here fails."""
import json
import os
import re
import statistics
import time

from world import ROOT

ROLES = ["none", "ask", "ingest", "admin"]
# A request for each route that needs a key: the body (a form for "{g}"), and what fills "{}".
REQUESTS = {
    "POST /v1/ask": {"graph": "{g}", "question": "x"},
    "POST /v1/chat/completions": {"model": "{g}", "messages": [{"role": "user", "content": "x"}]},
    "POST /v1/retrieve": {"graph": "{g}", "question": "x"},
    "POST /v1/verify": {"graph": "{g}", "text": "x"},
    "GET /v1/models": None,
    "GET /v1/models/{g}": None,
    "GET /v1/graphs": None,
    "GET /v1/graphs/{g}": None,
    "GET /v1/graphs/{g}/entities": None,
    "GET /v1/graphs/{g}/entities/{}": None,
    "GET /v1/graphs/{g}/entities/{}/neighbors": None,
    "GET /v1/graphs/{g}/statements/{}": None,
    "GET /v1/graphs/{g}/sources": None,
    "POST /v1/graphs/{g}/ingest": "a\tb\tc\n",
    "DELETE /v1/graphs/{g}/sources/{}": None,
    "GET /v1/jobs/{}": None,
    "POST /v1/feedback": {"answer_id": "0000000000000000", "rating": 1},
    "GET /v1/feedback": None,
    "GET /v1/feedback/report": None,
    "DELETE /v1/users/{}": None,
}
QUERIES = {"GET /v1/graphs/{g}/entities": "?q=x"}


def table():
    """(method, pattern, role, flags) of each route, as service/router.c has them."""
    with open(os.path.join(ROOT, "service", "router.c")) as f:
        text = f.read()
    rows = re.findall(r'\{"([A-Z]+)", "([^"]+)", \w+, ROLE_(\w+), ([A-Z0-9 |]+)\}', text)
    assert len(rows) >= 25, rows
    return [(m, p, r.lower(), flags) for m, p, r, flags in rows]


def closed():
    return [(m, p, r) for m, p, r, flags in table() if "OPEN" not in flags]


def send(w, method, pattern, graph, key, headers=None, filler="0000000000000000"):
    name = f"{method} {pattern}"
    body = REQUESTS[name]
    if isinstance(body, dict):
        body = json.loads(json.dumps(body).replace("{g}", graph))
    path = pattern.replace("{g}", graph).replace("{}", filler) + QUERIES.get(name, "")
    return w.server.request(method, path, body, key=key, headers=headers)


def names_a_graph(method, pattern):
    return "{g}" in pattern + json.dumps(REQUESTS[f"{method} {pattern}"])


def shown(reply):
    """What a client can compare: all but the request's id and the clock."""
    error = json.loads(reply.data)["error"]
    headers = {k: v for k, v in reply.headers.items() if k not in ("x-request-id", "date")}
    return reply.status, error["code"], error["message"], headers


def test_every_route_is_held_here_and_in_the_document(w):
    listed = {f"{m} {p}" for m, p, _ in closed()}
    assert listed == set(REQUESTS), listed ^ set(REQUESTS)
    documented = {f"{m.upper()} " + re.sub(r"\{(?!g\})[^}]*\}", "{}", p)
                  for p, operations in w.openapi["paths"].items() for m in operations}
    routes = {f"{m} {p}" for m, p, _, _ in table()}
    assert routes == documented, routes ^ documented


def until(holds, complaint):
    for _ in range(100):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(complaint)


def test_no_wrong_key_opens_anything(w):
    good = w.keys["med:admin"]
    other = w.keys["law:admin"]
    revoked = w.run("key", "add", "--graph", "*", "--role", "admin", "--keys", w.path("keys.json")).strip()
    until(lambda: send(w, "GET", "/v1/models", "", revoked).status == 200, "a new key is not known")
    w.run("key", "revoke", revoked.split("_")[1], "--keys", w.path("keys.json"))
    until(lambda: send(w, "GET", "/v1/models", "", revoked).status == 401, "a revoked key still opens")
    wrong = ["x", "vk_wrong", good[:-1], good + "A", good.upper(), good[:16] + other[16:], revoked,
             good.replace("vk_", "vk-"), "vk_" + "0" * 12 + "_" + "A" * 43, "'; --", "*"]
    for method, pattern, _ in closed():
        bare = send(w, method, pattern, "med", None)
        assert bare.status == 401, (method, pattern, bare.status)
        assert "bearer" in bare.headers["www-authenticate"].lower()
        for key in wrong:
            r = send(w, method, pattern, "med", key)
            assert shown(r) == shown(bare), (method, pattern, key, r.data)
    for headers in ({"Authorization": "Basic " + good}, {"X-Api-Key": good + " "}, {"Cookie": "key=" + good},
                    {"Authorization": "Bearer"}, {"Authorization": "Bearer " + good + " " + good}):
        r = send(w, "GET", "/v1/graphs/{g}", "med", None, headers)
        assert r.status == 401 or headers == {"X-Api-Key": good + " "}, (headers, r.status)
    assert w.server.request("GET", "/v1/models?key=" + good).status == 401
    assert send(w, "GET", "/v1/graphs/{g}", "med", None, {"X-Api-Key": good}).status == 200


def test_a_graph_without_a_role_is_as_one_that_is_not_there(w):
    for method, pattern, needed in closed():
        if not names_a_graph(method, pattern):
            continue
        for role in ROLES[1:]:
            key = w.keys["med:" + role]
            foreign = shown(send(w, method, pattern, "law", key))
            assert foreign[0] == 404, (method, pattern, role, foreign)
            for name in ("nosuch", "LAW", "law2"):
                missing = shown(send(w, method, pattern, name, key))
                assert missing == foreign, (method, pattern, role, name, missing, foreign)
            own = send(w, method, pattern, "med", key)
            if ROLES.index(role) < ROLES.index(needed):
                assert own.status == 403, (method, pattern, role, own.status)
                assert json.loads(own.data)["error"]["code"] == "forbidden"
            else:
                assert own.status in (200, 202, 404), (method, pattern, role, own.data)
            if own.status == 202:
                forget(w, "med", own)
        for name in ("%2e%2e%2fmed", "med%2f", "med%00", "..", "*", "%2a"):
            if isinstance(REQUESTS[f"{method} {pattern}"], dict):
                continue
            r = send(w, method, pattern, name, w.keys["*:admin"])
            assert r.status == 404, (method, pattern, name, r.status)


def forget(w, graph, upload):
    """Takes an accepted upload back, so that other tests find the graph as it was."""
    job = w.server.wait_job(upload.json()["id"], w.keys["*:admin"])
    assert job["status"] == "done", job
    r = w.server.request("DELETE", f"/v1/graphs/{graph}/sources/upload-" + upload.headers["x-request-id"],
                         key=w.keys["*:admin"])
    assert r.status == 200, r.data


def test_jobs_answers_and_people_are_their_tenants_own(w):
    up = send(w, "POST", "/v1/graphs/{g}/ingest", "law", w.keys["law:ingest"])
    assert up.status == 202, up.data
    job = up.json()["id"]
    w.server.wait_job(job, w.keys["law:ingest"])
    for key, filler, status in (("law:admin", job, 200), ("law:ask", job, 403), ("med:admin", job, 404),
                                ("med:admin", "0" * 32, 404), ("*:ingest", job, 200)):
        r = send(w, "GET", "/v1/jobs/{}", "", w.keys[key], filler=filler)
        assert r.status == status, (key, r.data)
    foreign, missing = (send(w, "GET", "/v1/jobs/{}", "", w.keys["med:admin"], filler=f) for f in (job, "0" * 32))
    assert shown(foreign) == shown(missing)
    forget(w, "law", up)
    a = w.ask("肺结核有什么症状？").json()
    judge = lambda key, answer: w.server.request(  # noqa: E731
        "POST", "/v1/feedback", {"answer_id": answer, "rating": 1}, key=w.keys[key])
    for key in ("law:ask", "law:admin", "med:admin", "*:admin"):  # not the client that asked
        assert shown(judge(key, a["id"])) == shown(judge(key, "0" * 16)), key
    for key in w.keys:
        for method, pattern in (("GET", "/v1/feedback"), ("GET", "/v1/feedback/report"), ("DELETE", "/v1/users/{}")):
            r = send(w, method, pattern, "", w.keys[key], filler="nobody")
            assert r.status == (200 if key == "*:admin" else 403), (key, pattern, r.status)


def test_models_show_only_ones_own(w):
    for key, names in (("med:ask", ["med"]), ("law:admin", ["law"]), ("*:ask", ["law", "med"])):
        for path in ("/v1/models", "/v1/graphs"):
            r = w.server.request("GET", path, key=w.keys[key])
            assert sorted(m["id"] for m in r.json()["data"]) == names


def test_refusals_take_the_same_time(w):
    """Medians of interleaved requests: a graph that is not one's own beside one that is not there."""
    key = w.keys["med:ask"]
    for method, pattern in (("GET", "/v1/graphs/{g}"), ("POST", "/v1/ask"), ("GET", "/v1/graphs/{g}/entities/{}")):
        took = {"law": [], "nosuch": []}
        for _ in range(60):
            for graph, times in took.items():
                began = time.perf_counter()
                send(w, method, pattern, graph, key)
                times.append(time.perf_counter() - began)
        a, b = (statistics.median(t) for t in took.values())
        assert 0.5 < a / b < 2, (method, pattern, a, b)
