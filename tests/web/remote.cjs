// Servers of another make: vouch as the client of an OpenAI-compatible endpoint (the package aimock).
"use strict";
const assert = require("node:assert");
const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const vouch = process.env.VOUCH, graph = process.env.VOUCH_GRAPH;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "vouch-remote-"));
const fixtures = path.join(folder, "fixtures.json");
fs.writeFileSync(fixtures, JSON.stringify({ fixtures: [
  { match: { userMessage: "gout" }, response: { content: "Gout is a disease of the joints. 痛风挂风湿科。" } },
  { match: { endpoint: "chat" }, response: { content: "Cholera has the symptom broken leg [1]." } },
] }));
async function withServer(flags, use) {
  const child = spawn("llmock", ["-p", "0", "-f", fixtures, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  try {
    const url = await new Promise((resolve, reject) => {
      let text = "";
      const read = (d) => { const m = /http:\/\/[\d.]+:\d+/.exec(text += d); if (m) resolve(m[0]); };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.on("exit", () => reject(new Error("the server ended: " + text)));
    });
    await use(url + "/v1#some-model");
  } finally { child.kill(); }
}

function run(...args) {
  const done = spawnSync(vouch, args, { encoding: "utf8", timeout: 60000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const tests = {
  async "answers, streamed in small pieces"() {
    await withServer(["-c", "3", "-l", "5"], async (url) => {
      const r = run("model", "generate", url, "--chat", "what is gout?");
      assert.strictEqual(r.code, 0, r.err);
      assert.strictEqual(r.out.trim(), "Gout is a disease of the joints. 痛风挂风湿科。");
      const j = JSON.parse(run("model", "generate", url, "--chat", "--json", "what is gout?").out);
      assert.strictEqual(j.finish, "stop");
      assert.ok(j.usage.completion_tokens > 0);
    });
  },
  async "drops requests: tried again, then said"() {
    await withServer(["--chaos-drop", "1"], async (url) => {
      const r = run("model", "generate", url, "--chat", "what is gout?");
      assert.strictEqual(r.code, 3);
      assert.match(r.err, /HTTP 500.*after retries/);
    });
  },
  async "sends malformed JSON: said"() {
    await withServer(["--chaos-malformed", "1"], async (url) => {
      const r = run("model", "generate", url, "--chat", "what is gout?");
      assert.strictEqual(r.code, 3);
      assert.match(r.err, /not JSON/);
    });
  },
  async "claims a falsehood: the graph's answer is shown"() {
    await withServer([], async (url) => {
      const r = run("ask", "--graph", graph, "--model", url, "What symptom does cholera have?");
      assert.strictEqual(r.code, 0, r.err);
      assert.match(r.out, /watery diarrhea/);
      assert.doesNotMatch(r.out, /broken leg/);
      assert.match(r.out, /what it wrote was not supported by the graph/);
      const sent = await (await fetch(url.replace(/\/v1.*/, "/v1/_requests"))).text();
      assert.match(sent, /small\.tsv/);
      assert.ok(!sent.includes(path.dirname(process.env.VOUCH_SOURCE)), "a folder of this machine was sent");
    });
  },
};

(async () => {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try { await test(); console.log("ok web: remote endpoint " + name); } catch (failure) {
      failed++;
      console.log("not ok web: remote endpoint " + name + "\n    " + String(failure.stack).replace(/\n/g, "\n    "));
    }
  }
  fs.rmSync(folder, { recursive: true, force: true });
  process.exitCode = failed ? 1 : 0;
})();
