"""HTTP itself: methods, headers, framing, pipelining, slow clients, as raw bytes on a socket."""
import json
import os
import re
import socket
import time

from server import Server
from world import VOUCH

QUESTION = "肺结核有什么症状？"


def talk(port, *parts, pause=0.0, seconds=5.0, until=None):
    """Sends the parts with a pause between them; what came back until the server closed, `until` was
    seen or the time was over; and whether the server closed."""
    out, closed = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        end = time.monotonic() + seconds
        try:
            for part in parts:
                s.sendall(part)
                if pause:
                    time.sleep(pause)
            while time.monotonic() < end and (until is None or until not in out):
                s.settimeout(max(0.05, end - time.monotonic()))
                piece = s.recv(65536)
                if not piece:
                    closed = True
                    break
                out += piece
        except (BrokenPipeError, ConnectionResetError):
            closed = True
        except TimeoutError:
            pass
    return out, closed


def head(w, line, *headers, key="med:ask"):
    fields = ["Host: x", "Authorization: Bearer " + w.keys[key], *headers]
    return (line + " HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n\r\n").encode()


def ask_body():
    return json.dumps({"graph": "med", "question": QUESTION}, ensure_ascii=False).encode()


def statuses(out):
    return [int(code) for code in re.findall(rb"(?:^|\n)HTTP/1\.1 (\d+) ", out)]


def test_methods_are_told(w):
    key = w.keys["med:ask"]
    for method, path, allow in (("PUT", "/v1/ask", "POST"), ("TRACE", "/v1/ask", "POST"), ("FOO", "/v1/ask", "POST"),
                                ("HEAD", "/v1/ask", "POST"), ("POST", "/v1/models", "GET, HEAD"),
                                ("DELETE", "/v1/graphs/med", "GET, HEAD"), ("POST", "/", "GET, HEAD"),
                                ("PATCH", "/v1/feedback", "POST, GET, HEAD")):
        r = w.server.request(method, path, key=key)
        assert r.status == 405 and r.headers["allow"] == allow, (method, path, r.status, r.headers)
        r = w.server.request("OPTIONS", path)
        assert r.status == 204 and r.headers["allow"] == allow + ", OPTIONS" and not r.data, (path, r.headers)
    assert w.server.request("OPTIONS", "*").status == 204
    assert w.server.request("OPTIONS", "/v1/nothing").status == 404


def test_head_is_get_without_a_body(w):
    key = w.keys["med:ask"]
    for path in ("/", "/healthz", "/openapi.json", "/v1/models", "/v1/graphs/med", "/v1/graphs/med/sources"):
        got, told = (w.server.request(m, path, key=key) for m in ("GET", "HEAD"))
        assert got.status == told.status == 200 and not told.data
        assert got.headers["content-length"] == told.headers["content-length"] == str(len(got.data)), path


def test_no_page_of_another_origin_may_read(w):
    for method, path in (("OPTIONS", "/v1/ask"), ("GET", "/v1/models"), ("GET", "/healthz")):
        r = w.server.request(method, path, key=w.keys["med:ask"], headers={"Origin": "https://evil.example"})
        assert not [h for h in r.headers if h.startswith("access-control")], r.headers
    w.server.write_config(w.config(cors_origins=["https://good.example"]))
    w.hup()
    try:
        r = w.server.request("OPTIONS", "/v1/ask", headers={"Origin": "https://good.example",
                                                            "Access-Control-Request-Method": "POST"})
        assert r.status == 204 and r.headers["access-control-allow-origin"] == "https://good.example"
        r = w.server.request("GET", "/v1/models", key=w.keys["med:ask"], headers={"Origin": "https://good.example"})
        assert r.status == 200 and r.headers["access-control-allow-origin"] == "https://good.example"
        assert "Origin" in r.headers["vary"]
        r = w.server.request("GET", "/v1/models", key=w.keys["med:ask"], headers={"Origin": "https://good.example.evil"})
        assert "access-control-allow-origin" not in r.headers
    finally:
        w.server.write_config(w.config())
        w.hup()


def test_bodies_in_pieces_and_requests_in_a_row(w):
    body = ask_body()
    pieces = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    out, _ = talk(w.server.port, head(w, "POST /v1/ask", "Transfer-Encoding: chunked", "Connection: close") + pieces)
    assert statuses(out) == [200] and "咳嗽".encode() in out, out
    one = head(w, "POST /v1/ask", f"Content-Length: {len(body)}") + body
    last = head(w, "GET /v1/models", "Connection: close")
    out, closed = talk(w.server.port, one * 3 + last)
    assert statuses(out) == [200] * 4 and closed and out.count("咳嗽".encode()) >= 3, out
    out, _ = talk(w.server.port, *[one[i:i + 40] for i in range(0, len(one), 40)], pause=0.01, until="咳嗽".encode())
    assert statuses(out) == [200]
    out, _ = talk(w.server.port, head(w, "POST /v1/ask", f"Content-Length: {len(body)}", "Expect: 100-continue",
                                      "Connection: close"), body, pause=0.3)
    assert statuses(out) == [100, 200], out


def test_a_body_has_one_end(w):
    """What could smuggle a second request past a proxy is refused, and the connection closed."""
    smuggled = b"GET /v1/graphs/law HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (["Content-Length: 3", "Content-Length: 5"], ["Content-Length: 3", "Transfer-Encoding: chunked"],
                    ["Transfer-Encoding: gzip"], ["Transfer-Encoding: chunked, chunked"],
                    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
                    ["Content-Length: +3"], ["Content-Length: 3x"], ["Content-Length: -1"]):
        out, closed = talk(w.server.port, head(w, "POST /v1/ask", *headers) + b"0\r\n\r\n" + smuggled, seconds=3)
        assert closed and set(statuses(out)) <= {400, 413} and len(out) < 2000, (headers, out)
    out, _ = talk(w.server.port, head(w, "GET /v1/models", "Content-Length: 5") + b"hello" + smuggled, seconds=2)
    assert statuses(out) == [400, 401] and b"takes no body" in out, out  # two requests: the second has no key


def test_large_headers_and_urls(w):
    r = w.server.request("GET", "/healthz", headers={"X-Large": "a" * 12000})
    assert r.status == 200
    r = w.server.request("GET", "/v1/graphs/" + "a" * 5000, key=w.keys["med:ask"])
    assert r.status == 414 and r.json()["error"]["code"] == "uri_too_long"
    for request, codes in ((b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000 + b"\r\n\r\n", {431}),
                           (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
                           (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000 + b"\r\n", {431}),
                           (b"GET /healthz HTTP/7.1\r\nHost: x\r\n\r\n", {505})):
        out, closed = talk(w.server.port, request, seconds=5)
        assert closed and set(statuses(out)) <= codes, (request[:40], out[:200])
    r = w.server.request("POST", "/v1/ask", "x" * (1 << 20) + "x", key=w.keys["med:ask"])
    assert r.status == 413 and r.json()["error"]["code"] == "too_large"


def test_types_of_bodies(w):
    key, body = w.keys["med:ask"], json.dumps({"graph": "med", "question": QUESTION})
    for kind, status in (("application/json", 200), ("application/json; charset=utf-8", 200), ("APPLICATION/JSON", 200),
                         ("application/vnd.x+json", 200), ("text/plain;charset=UTF-8", 200),
                         ("application/x-www-form-urlencoded", 200), ("multipart/form-data; boundary=x", 415),
                         ("text/xml", 415), ("application/octet-stream", 415), ("image/png", 415)):
        r = w.server.request("POST", "/v1/ask", body, key=key, headers={"Content-Type": kind})
        assert r.status == status, (kind, r.status)
    r = w.server.request("POST", "/v1/ask", body, key=key, headers={"Content-Encoding": "gzip"})
    assert r.status == 415 and r.json()["error"]["code"] == "unsupported_media_type"


def test_slow_clients_are_cut(w):
    """Headers that drip (each byte starts libmicrohttpd's time-out again) and bodies that do."""
    folder = w.path("slow")
    os.mkdir(folder)
    config = w.config(idle_timeout_s=1, request_timeout_s=1, keys=w.path("keys.json"))
    for g in config["graphs"]:
        g["path"] = w.path(g["path"])
    s = Server(VOUCH, folder, config)
    try:
        drip = [b"X: y\r\n"] * 40
        began = time.monotonic()
        _, closed = talk(s.port, b"GET /healthz HTTP/1.1\r\n", *drip, pause=0.2, seconds=15)
        assert closed and time.monotonic() - began < 6, time.monotonic() - began
        began = time.monotonic()
        _, closed = talk(s.port, head(w, "POST /v1/ask", "Content-Length: 1000"), *[b" "] * 40, pause=0.2, seconds=15)
        assert closed and time.monotonic() - began < 6, time.monotonic() - began
        _, closed = talk(s.port, b"GET /healthz HTTP/1.1\r\n", seconds=5)
        assert closed
        assert s.request("GET", "/healthz").status == 200
        with socket.create_connection(("127.0.0.1", s.port), timeout=5) as quick:  # one that only rests is not
            for _ in range(4):
                quick.sendall(head(w, "GET /healthz"))
                assert quick.recv(4096).startswith(b"HTTP/1.1 200")
                time.sleep(0.7)
    finally:
        s.stop()


def test_without_keys_no_page_of_the_web_reaches_loopback(w):
    """DNS rebinding: a name of the web that resolves to 127.0.0.1."""
    folder = w.path("open")
    os.mkdir(folder)
    config = w.config(graphs=[{"name": "law", "path": w.path("law.kg"), "model": "none"}])
    del config["keys"]
    s = Server(VOUCH, folder, config)
    try:
        ask = lambda host: s.request("POST", "/v1/ask", {"graph": "law", "question": QUESTION},  # noqa: E731
                                     headers={"Host": host}).status
        for host in ("127.0.0.1", f"127.0.0.1:{s.port}", "localhost", f"localhost:{s.port}", "[::1]:8080", "127.1.2.3"):
            assert ask(host) == 200, host
        for host in ("evil.example", f"evil.example:{s.port}", "192.168.0.7", "127.0.0.1.evil.example", "[::2]", "a.b" * 200):
            assert ask(host) == 403, host
    finally:
        s.stop()


def test_etags_follow_state_role_and_file(w):
    get = lambda path, key, tag=None: w.server.request(  # noqa: E731
        "GET", path, key=w.keys[key], headers={"If-None-Match": tag} if tag else None)
    for path in ("/v1/graphs/med", "/v1/graphs/med/sources", "/v1/graphs/med/entities?q=x",
                 "/v1/graphs/med/entities/%E8%82%BA%E7%BB%93%E6%A0%B8"):
        tag = get(path, "med:ask").headers["etag"]
        assert get(path, "med:ask", tag).status == 304
        assert get(path, "med:ask", 'W/"x", ' + tag).status == 304
        assert get(path, "med:ask", '"x"').status == 200
        assert get(path, "med:admin", tag).status == 200, "another role sees another document"
        assert get(path, "law:ask", tag).status == 404
    tag = get("/v1/graphs/med", "med:ask").headers["etag"]
    missing = get("/v1/graphs/med/entities/nobody", "med:ask")
    assert missing.status == 404 and "etag" not in missing.headers
    r = w.server.request("POST", "/v1/graphs/med/ingest?source=etag&format=tsv", "甲\t认识\t乙\n", key=w.keys["med:admin"])
    w.server.wait_job(r.json()["id"], w.keys["med:admin"])
    assert get("/v1/graphs/med", "med:ask", tag).status == 200
    w.server.request("DELETE", "/v1/graphs/med/sources/etag", key=w.keys["med:admin"])
    page = w.server.request("GET", "/assets/app.js")
    assert w.server.request("GET", "/assets/app.js", headers={"If-None-Match": page.headers["etag"]}).status == 304


def test_full_queue_says_when_to_come_again(w):
    folder = w.path("busy")
    os.mkdir(folder)
    config = w.config(workers=1, queue=1, keys=w.path("keys.json"),
                      graphs=[{"name": "med", "path": w.path("med.kg"), "model": "none"}])
    s = Server(VOUCH, folder, config)
    try:
        body = ask_body()
        request = head(w, "POST /v1/ask", f"Content-Length: {len(body)}") + body
        sockets = [socket.create_connection(("127.0.0.1", s.port), timeout=10) for _ in range(40)]
        for x in sockets:
            x.sendall(request)
        replies = [x.recv(65536) for x in sockets]
        for x in sockets:
            x.close()
        busy = [r for r in replies if r.startswith(b"HTTP/1.1 503")]
        assert busy and all(b"\r\nRetry-After: 1\r\n" in r and b'"busy"' in r for r in busy), len(busy)
        assert any(r.startswith(b"HTTP/1.1 200") for r in replies)
        assert b"vouch_rejected_total{reason=\"queue_full\"} 0\n" not in s.request("GET", "/metrics").data
    finally:
        s.stop()
