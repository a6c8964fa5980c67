"""Every endpoint that takes JSON, with every way in which JSON can be bad. The endpoints and their
fields come from openapi.json, the documents from cases/bad_json.json."""
import json
import os

import schema
from world import HERE

GOOD = {
    "/v1/ask": {"graph": "med", "question": "肺结核有什么症状？"},
    "/v1/chat/completions": {"model": "med", "messages": [{"role": "user", "content": "肺结核有什么症状？"}]},
    "/v1/retrieve": {"graph": "med", "question": "肺结核有什么症状？"},
    "/v1/verify": {"graph": "med", "text": "肺结核的症状有咳嗽。"},
    "/v1/feedback": {"answer_id": "0" * 16, "rating": 1},
    "/v1/graphs/med/ingest": {"url": "https://example.org/x.tsv"},
}
# A value of each other JSON type.
VALUES = [None, True, 7, -1.5, 10 ** 400, "x", "", [], {}, [[]], {"a": 1}]


def send(w, path, body):
    headers = {"Content-Type": "application/json"}
    return w.server.request("POST", path, body, key=w.keys["med:admin"], headers=headers)


def endpoints(w):
    for path, operations in w.openapi["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        if "application/json" in content:
            fields = schema.resolve(w.openapi, content["application/json"]["schema"])["properties"]
            yield path.replace("{g}", "med"), fields


def test_every_json_endpoint_is_held_here(w):
    assert {path for path, _ in endpoints(w)} == set(GOOD)


def test_bad_json_is_malformed_everywhere(w):
    with open(os.path.join(HERE, "cases", "bad_json.txt"), encoding="utf-8", errors="surrogateescape") as f:
        cases = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    assert len(cases) > 20
    for name, status, text in cases:
        text = text.replace("{deep}", "[" * 100000).replace("{nul}", "\0").replace("{bom}", "\ufeff").replace("{tab}", "\t")
        text = text.replace("{bytes}", b"\xc3\x28\xa0\xff".decode("utf-8", "surrogateescape"))
        text = text.replace("{surrogate}", b"\xed\xa0\x80".decode("utf-8", "surrogateescape"))
        text = text.replace("{overlong}", b"\xc0\xaf".decode("utf-8", "surrogateescape"))
        text = text.replace("{digits}", "9" * 5000)
        for path in GOOD:
            r = send(w, path, text)
            assert r.status == int(status), (name, path, r.status, r.data[:300])
            assert len(r.data) < 1000, (name, path)


def test_each_field_with_each_type(w):
    """Never a 500; what the schema forbids is a 400, 403 or 422, and a 422 names the field."""
    for path, fields in endpoints(w):
        for field, rule in fields.items():
            for value in VALUES:
                body = {**GOOD[path], field: value}
                fine = not list(schema.problems(w.openapi, rule, value))
                r = send(w, path, json.dumps(body, ensure_ascii=False))
                where = (path, field, str(value)[:40], r.status, r.data[:200])
                assert r.status in (200, 202, 400, 403, 404, 422), where
                if not fine:
                    assert r.status in (400, 403, 404, 422), where
                if r.status == 422 and r.json()["error"]["code"] == "invalid_fields":
                    assert f"'{field}" in r.json()["error"]["message"], where


def test_unknown_and_missing_fields_are_named(w):
    for path, good in GOOD.items():
        for field in good:
            r = send(w, path, {k: v for k, v in good.items() if k != field})
            assert r.status == 422 and f"'{field}' is required" in r.json()["error"]["message"], (path, field, r.data)
        if path != "/v1/chat/completions":  # OpenAI's clients send fields that change nothing here
            for odd in ("qestion", "__proto__", "", "a" * 1000, "\u202e"):
                r = send(w, path, {**good, odd: 1})
                assert r.status == 422 and "not known" in r.json()["error"]["message"], (path, odd, r.data)
        r = send(w, path, json.dumps([good]))
        assert r.status == 422 and r.json()["error"]["code"] == "invalid", (path, r.data)


def test_long_and_odd_texts_are_questions_like_others(w):
    for text in ("?" * 8192, "肺" * 2730, "\u0001\u0002", "\u202e\u200b", "a\nb\rc\td", "😀" * 100, "' OR 1=1; --",
                 "HOP(\"肺结核\", +\"症状\")", "</script><script>alert(1)</script>", "%s%n%p", "../../etc/passwd"):
        for path, field in (("/v1/ask", "question"), ("/v1/retrieve", "question"), ("/v1/verify", "text")):
            r = send(w, path, {**GOOD[path], field: text})
            assert r.status in (200, 422), (path, text[:20], r.status, r.data[:200])
    r = send(w, "/v1/ask", {"graph": "med", "question": "?" * 8193})
    assert r.status == 422 and "'question' must have at most" in r.json()["error"]["message"]
