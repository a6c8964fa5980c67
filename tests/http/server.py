"""Starts and stops `vouch serve`, and speaks HTTP with it."""
import http.client
import json
import os
import re
import signal
import subprocess
import time


class Server:
    def __init__(self, vouch, folder, config, port_from_stdout=True):
        self.folder = folder
        self.observe = None  # called with each exchange: method, path, body, reply
        self.config_path = os.path.join(folder, "vouch.json")
        self.write_config(config)
        self.log_path = os.path.join(folder, "serve.log")
        self.process = subprocess.Popen(
            [vouch, "serve", "--config", self.config_path, "--log", self.log_path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.search(r":(\d+)/", line)
        if not match:
            raise RuntimeError("the server did not start: " + line + self.process.stderr.read())
        self.port = int(match.group(1))

    def write_config(self, config):
        with open(self.config_path, "w") as f:
            json.dump(config, f)

    def request(self, method, path, body=None, key=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        h, given = dict(headers or {}), body
        if key:
            h["Authorization"] = "Bearer " + key
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False).encode()
            h.setdefault("Content-Type", "application/json")
        elif isinstance(body, str):
            body = body.encode("utf-8", "surrogateescape")
        connection.request(method, path, body=body, headers=h)
        reply = connection.getresponse()
        data = reply.read()
        connection.close()
        reply = Reply(reply.status, dict(reply.getheaders()), data)
        if self.observe is not None:
            self.observe(method, path, given, reply)
        return reply

    def wait_job(self, job, key, seconds=30):
        for _ in range(seconds * 20):
            state = self.request("GET", "/v1/jobs/" + job, key=key).json()
            if state.get("status") in ("done", "failed"):
                return state
            time.sleep(0.05)
        raise AssertionError("the job does not end")

    def stop(self, how=signal.SIGTERM, seconds=15):
        self.process.send_signal(how)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server does not stop")
        self.process.stdout.close()
        self.process.stderr.close()
        return code


class Reply:
    def __init__(self, status, headers, data):
        self.status, self.headers, self.data = status, {k.lower(): v for k, v in headers.items()}, data

    def json(self):
        return json.loads(self.data)

    def events(self):
        """Server-sent events as (name, data)."""
        out = []
        for block in self.data.decode().split("\n\n"):
            name, data = "message", ""
            for line in block.split("\n"):
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    data += line[6:]
            if data:
                out.append((name, data))
        return out
