// The page as a person uses it. Screenshots go to $SHOTS.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core"), "utf8");
const url = process.env.VOUCH_URL;
const shot = (page, name) => page.screenshot({ path: path.join(process.env.SHOTS || ".", name + ".png"), fullPage: true });

async function ask(page, question) {
  const before = await page.locator(".turn").count();
  await page.fill("#question", question);
  await page.keyboard.press("Enter");
  await page.waitForFunction((n) => document.querySelectorAll(".turn").length > n &&
    document.querySelector(".turn footer"), before);
  await page.waitForFunction(() => document.querySelector("#send").dataset.t === "send");
  return page.locator(".turn").first();
}

async function seriousProblems(page) {
  // The page's policy forbids foreign scripts; the checker is put in by the browser's own channel.
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ").slice(0, 300));
}

const tests = {
  async "asks in Chinese, opens a citation"(page) {
    const turn = await ask(page, "肺结核有什么症状？");
    await turn.locator(".clause.supported").first().waitFor();
    assert.match(await turn.innerText(), /咳嗽/);
    assert.strictEqual(await turn.locator(".citation").count(), 2);
    await turn.locator(".citation").first().click();
    await page.locator("#statement .origins li").first().waitFor();
    assert.match(await page.locator("#statement").innerText(), /small\.tsv/);
    await shot(page, "citation");
    await page.keyboard.press("Escape");
  },
  async "asks in English"(page) {
    const turn = await ask(page, "What symptom does cholera have?");
    assert.match(await turn.innerText(), /watery diarrhea/);
  },
  async "follows up"(page) {
    await ask(page, "肺结核有什么症状？");
    const turn = await ask(page, "那它挂什么科？");
    assert.match(await turn.innerText(), /呼吸内科/);
  },
  async "explores the graph"(page) {
    const turn = await ask(page, "肺结核有什么症状？");
    await turn.locator(".picture-button").click();
    await turn.locator(".picture canvas").first().waitFor();
    await page.waitForTimeout(500);
    await shot(page, "graph");
    const count = () => page.evaluate(() => document.querySelector(".picture")._cyreg.cy.nodes().length);
    const before = await count();
    await page.evaluate(() => document.querySelector(".picture")._cyreg.cy.nodes("[label = '肺结核']").emit("tap"));
    await page.waitForFunction((n) => document.querySelector(".picture")._cyreg.cy.nodes().length > n, before);
    await page.waitForTimeout(300);
    await shot(page, "explored");
    await turn.locator(".picture-button").click();
    assert.strictEqual(await turn.locator(".picture").count(), 0);
  },
  async "says why it abstains"(page) {
    const turn = await ask(page, "肺结核的票价是多少？");
    await turn.locator(".status").waitFor();
    assert.ok((await turn.locator(".reason").innerText()).length > 0);
    await shot(page, "abstained");
  },
  async "names its facts by numbers"(page) {
    const turn = await ask(page, "肺结核有什么症状？");
    await turn.locator(".number").first().click();
    assert.match(await page.locator("#statement").innerText(), /咳嗽/);
    await page.keyboard.press("Escape");
    await page.locator("#about", { hasText: /10.*症状/ }).waitFor();
  },
  async "offers what a name may mean, and asks again with the choice"(page) {
    const mean = { id: "0", question: "肺结合有什么症状？", lang: "zh", status: "clarify", answer: "你指的是哪一个？", values: [],
      clauses: [], citations: [], alternatives: [{ label: "肺结核", logical_form: null, score: 1 }], confidence: 0,
      reason: "没有“肺结合”。", scope_notice: null, conflicts: [], model: "none", timings_ms: { total: 1 } };
    await page.route("**/v1/ask", (route) => route.fulfill({ contentType: "text/event-stream",
      body: `event: answer\ndata: ${JSON.stringify(mean)}\n\nevent: done\ndata: [DONE]\n\n` }), { times: 1 });
    await page.route("**/v1/retrieve", (route) => route.fulfill({ json: {
      mentions: [{ text: "肺结合", senses: [{ label: "肺结核" }] }] } }), { times: 1 });
    const turn = await ask(page, mean.question);
    await shot(page, "clarify");
    await turn.locator(".choices button").click();
    await page.waitForFunction(() => document.querySelectorAll(".turn footer").length === 2);
    assert.match(await page.locator(".turn").first().innerText(), /肺结核有什么症状？[^]*咳嗽/);
  },
  async "answers as of a date, strictly, and says what has ended"(page) {
    await page.selectOption("#graph", "law");
    await page.fill("#asof", "2020-01-01");
    await page.check("#strict");
    let sent = null;
    page.on("request", (r) => { if (r.url().endsWith("/v1/ask")) sent = r.postDataJSON(); });
    const turn = await ask(page, "公司法对有限责任公司注册资本的缴足期限怎么规定？");
    assert.ok(sent.as_of === "2020-01-01" && sent.strict === true && sent.graph === "law", JSON.stringify(sent));
    assert.match(await turn.innerText(), /2018-10-26/);
    assert.match(await turn.locator(".badge").innerText(), /今天已失效/);
    await shot(page, "asof");
    await page.fill("#asof", "");
    const now = await ask(page, "公司法对有限责任公司注册资本的缴足期限怎么规定？");
    assert.match(await now.innerText(), /五年/);
  },
  async "stops when asked to"(page) {
    await page.route("**/v1/ask", () => {}, { times: 1 }); // never answers
    await page.fill("#question", "肺结核有什么症状？");
    await page.keyboard.press("Enter");
    await page.locator("#send[data-t=stop]").waitFor();
    await page.click("#send");
    await page.locator("#send[data-t=send]").waitFor();
    assert.match(await page.locator("#notice").innerText(), /已停止/);
    assert.strictEqual(await page.locator(".turn").count(), 0);
    assert.strictEqual(await page.inputValue("#question"), "肺结核有什么症状？");
  },
  async "tells in the reader's language when it is busy or may not"(page) {
    for (const [status, words] of [[429, /7 秒/], [503, /7 秒/], [401, /密钥/], [404, /图谱/], [403, /权限/]]) {
      await page.route("**/v1/ask", (route) => route.fulfill({ status, headers: { "Retry-After": "7" },
        json: { error: { code: "x", message: "english", request_id: "1" } } }), { times: 1 });
      await page.fill("#question", "x");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.querySelector("#notice").textContent &&
        document.querySelector("#send").dataset.t === "send");
      assert.match(await page.locator("#notice").innerText(), words);
    }
  },
  async "speaks English when asked to"(page) {
    await page.selectOption("#lang", "en");
    assert.strictEqual(await page.locator("#send").innerText(), "Ask");
    await page.locator("#about", { hasText: "This graph holds 10 facts" }).waitFor(); // it comes after the words
    assert.doesNotMatch(await page.locator("header, form#ask .hint").first().innerText(), /[\u4e00-\u9fff]/);
    const turn = await ask(page, "What symptom does cholera have?");
    assert.strictEqual(await turn.getAttribute("lang"), "en");
    await shot(page, "english");
  },
  async "takes feedback"(page) {
    const turn = await ask(page, "肺结核有什么症状？");
    await turn.locator(".thumb").nth(1).click();
    await page.fill("#reason", "test");
    await page.locator("#feedback button[value=send]").click();
    await turn.locator("footer [role=status]:not(:empty)").waitFor();
    assert.strictEqual(await turn.locator(".thumb").nth(1).getAttribute("aria-pressed"), "true");
  },
  async "puts text in as text"(page) {
    await ask(page, "<img src=x onerror=window.hacked=1>肺结核");
    assert.strictEqual(await page.evaluate(() => window.hacked), undefined);
  },
  async "has no serious accessibility problem, light and dark"(page) {
    await ask(page, "肺结核有什么症状？");
    assert.deepStrictEqual(await seriousProblems(page), []);
    await shot(page, "light");
    await page.click("#theme");
    assert.deepStrictEqual(await seriousProblems(page), []);
    await shot(page, "dark");
  },
  async "fits a telephone"(page) {
    await page.setViewportSize({ width: 360, height: 740 });
    await ask(page, "肺结核有什么症状？");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, "wider than the screen by " + overflow);
    await shot(page, "narrow");
  },
  async "works by keyboard alone"(page) {
    await page.locator("#question").focus();
    await page.keyboard.type("肺结核有什么症状？");
    await page.keyboard.press("Enter");
    await page.locator(".turn .citation").first().waitFor();
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.classList.contains("citation"))) break;
    }
    await page.keyboard.press("Enter");
    await page.locator("#statement[open]").waitFor();
  },
};

(async () => {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((p) => fs.existsSync(p));
  if (!executablePath) { console.log("skip web: there is no Chromium"); process.exit(0); }
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "vouch-chromium-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath, headless: true, locale: "zh-CN",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  let failed = 0;
  for (const [name, run] of Object.entries(tests)) {
    const page = await browser.newPage();
    const complaints = [];
    const foreign = [];
    page.on("pageerror", (e) => complaints.push(String(e)));
    page.on("request", (r) => { if (!r.url().startsWith(url) && !r.url().startsWith("data:")) foreign.push(r.url()); });
    try {
      await page.goto(url + "/");
      await page.locator("#graph option").first().waitFor({ state: "attached" });
      await run(page);
      assert.deepStrictEqual(complaints, []);
      assert.deepStrictEqual(foreign, []);
      console.log("ok web: " + name);
    } catch (failure) {
      failed++;
      console.log("not ok web: " + name + "\n    " + String(failure.stack).replace(/\n/g, "\n    "));
    }
    await page.close();
  }
  await browser.close();
  fs.rmSync(profile, { recursive: true, force: true });
  process.exit(failed ? 1 : 0);
})();
