// A client of another make, unchanged: the openai package against /v1/chat/completions.
"use strict";
const assert = require("node:assert");
const OpenAI = require("openai").default || require("openai");
const client = new OpenAI({ baseURL: process.env.VOUCH_URL + "/v1", apiKey: "none-needed", maxRetries: 0 });

const tests = {
  async "lists graphs as models"() {
    const names = [];
    for await (const m of client.models.list()) names.push(m.id);
    assert.deepStrictEqual(names, ["med", "law"]);
    assert.strictEqual((await client.models.retrieve("med")).id, "med");
  },
  async "completes"() {
    const r = await client.chat.completions.create({
      model: "med", messages: [{ role: "user", content: "肺结核有什么症状？" }] });
    assert.match(r.choices[0].message.content, /咳嗽/);
    assert.strictEqual(r.choices[0].finish_reason, "stop");
    assert.ok(r.usage.total_tokens >= 0);
  },
  async "streams"() {
    let text = "";
    const stream = await client.chat.completions.create({
      model: "med", stream: true, messages: [{ role: "user", content: "What symptom does cholera have?" }] });
    for await (const part of stream) text += part.choices[0]?.delta?.content || "";
    assert.match(text, /watery diarrhea/);
  },
  async "streams what it says without streaming, and the usage when asked"() {
    const question = { model: "med", messages: [{ role: "user", content: "肺结核有什么症状？" }] };
    const whole = (await client.chat.completions.create(question)).choices[0].message.content;
    let text = "", usage = null, vouch = null;
    const stream = await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } });
    for await (const part of stream) {
      text += part.choices[0]?.delta?.content || "";
      usage = part.usage || usage;
      vouch = part.vouch || vouch;
    }
    assert.strictEqual(text, whole);
    assert.ok(usage.total_tokens >= 0);
    assert.deepStrictEqual(vouch.values, ["咳嗽", "盗汗"]);
  },
  async "collects a stream by its own helper"() {
    const chat = client.chat.completions.stream ? client.chat : client.beta.chat;
    const stream = chat.completions.stream({ model: "med", messages: [{ role: "user", content: "肺结核有什么症状？" }] });
    assert.match(await stream.finalContent(), /咳嗽/);
  },
  async "reports errors as the client expects them"() {
    await assert.rejects(client.chat.completions.create({
      model: "nosuch", messages: [{ role: "user", content: "x" }] }), (e) => e.status === 404);
  },
};

(async () => {
  let failed = 0;
  for (const [name, run] of Object.entries(tests)) {
    try { await run(); console.log("ok web: openai client " + name); } catch (failure) {
      failed++;
      console.log("not ok web: openai client " + name + "\n    " + String(failure.stack).replace(/\n/g, "\n    "));
    }
  }
  process.exit(failed ? 1 : 0);
})();
