/* The page: asks /v1/ask, streams the answer in, shows each clause with its mark and the facts behind
 * it. All text from the service is put in as text, never as markup. */
"use strict";
const $ = (id) => document.getElementById(id);
const session = "page-" + crypto.getRandomValues(new Uint32Array(4)).join("-");
let graph = "";
let asking = null; // the AbortController of the question that is being answered

function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, f] of Object.entries(value)) e.addEventListener(event, f);
    else if (value !== undefined && value !== null && value !== false) e.setAttribute(name, value);
  }
  for (const c of children.flat()) if (c !== null && c !== undefined) e.append(c);
  return e;
}

function headers(extra) {
  const key = sessionStorage.getItem("vouch-key");
  return { ...(key ? { Authorization: "Bearer " + key } : {}), ...(extra || {}) };
}

async function getJson(path) {
  const reply = await fetch(path, { headers: headers() });
  const body = await reply.json();
  if (!reply.ok) throw failureOf(reply, body);
  return body;
}

function notice(text) { $("notice").textContent = text || ""; }

function failureOf(reply, body) {
  return Object.assign(new Error(body.error.message),
    { status: reply.status, wait: reply.headers.get("Retry-After") });
}

function showFailure(failure) {
  const words = { 401: t("nokey"), 403: t("forbidden"), 404: t("nograph"), 413: t("large"),
    429: t("wait", { n: failure.wait || 1 }), 503: t("wait", { n: failure.wait || 1 }) };
  notice(failure.name === "AbortError" ? t("stopped")
    : words[failure.status] || t("failed") + ": " + failure.message);
}

async function loadGraphs() {
  try {
    const list = (await getJson("/v1/graphs")).data;
    $("graph").replaceChildren(...list.map((g) => el("option", { value: g.id }, g.id)));
    graph = $("graph").value;
    notice(list.length ? "" : t("nographs"));
    showAbout();
  } catch (failure) { showFailure(failure); }
}

/* What one may ask about: the relations that the graph holds most. */
async function showAbout() {
  const shown = graph;
  $("about").textContent = "";
  if (!shown) return;
  try {
    const g = await getJson("/v1/graphs/" + encodeURIComponent(shown) + "?lang=" + uiLang);
    const own = g.relations.filter((r) => !r.id.startsWith("http://www.w3.org/")); // type, label and the like
    const names = own.sort((a, b) => b.count - a.count).slice(0, 8).map((r) => r.label);
    if (shown === graph && names.length)
      $("about").textContent = t("about", { n: g.statements.toLocaleString(),
        relations: names.join(uiLang === "zh" ? "、" : ", ") });
  } catch { /* the page works without it */ }
}

/* --- streaming --------------------------------------------------------------------------------- */
async function* serverEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const event = { name: "message", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("event: ")) event.name = line.slice(7);
        else if (line.startsWith("data: ")) event.data += line.slice(6);
      }
      text = text.slice(end + 2);
      yield event;
    }
  }
}

async function ask(question) {
  const turn = newTurn(question);
  try { await answerInto(turn, question); } catch (failure) { turn.fail(); throw failure; }
}

async function answerInto(turn, question) {
  const request = { graph, question, session, stream: true };
  if ($("lang").value) request.lang = $("lang").value;
  if ($("asof").value) request.as_of = $("asof").value;
  if ($("strict").checked) request.strict = true;
  const reply = await fetch("/v1/ask", {
    method: "POST", headers: headers({ "Content-Type": "application/json" }),
    body: JSON.stringify(request), signal: asking.signal,
  });
  if (!reply.ok)
    throw failureOf(reply, await reply.json().catch(() => ({ error: { message: reply.statusText } })));
  let finished = false;
  for await (const event of serverEvents(reply.body)) {
    if (event.name === "clause") turn.addClause(JSON.parse(event.data));
    else if (event.name === "answer") { turn.finish(JSON.parse(event.data)); finished = true; }
    else if (event.name === "error") throw new Error(JSON.parse(event.data).error.message);
  }
  if (!finished) throw new Error(t("gone"));
}

/* --- one question and its answer ----------------------------------------------------------------- */
const MARKS = {
  SUPPORTED: ["✓", "supported"], CONTRADICTED: ["✗", "contradicted"],
  NOT_IN_GRAPH: ["?", "notingraph"], UNPARSED: ["?", "unparsed"],
};

/* [1, 2, 3, 7] as runs: [[1, 3], [7, 7]]. */
function runsOf(numbers) {
  const runs = [];
  for (const n of numbers)
    if (runs.length && runs[runs.length - 1][1] === n - 1) runs[runs.length - 1][1] = n;
    else runs.push([n, n]);
  return runs;
}

/* A clause, its mark, and links to the facts behind it once they are known. */
function clauseElement(clause, citations) {
  const [mark, word] = MARKS[clause.verdict] || MARKS.UNPARSED;
  const links = !citations ? [] : runsOf(clause.citations).map(([from, to]) => {
    const number = from === to ? String(from) : `${from}–${to}`;
    return el("button", { type: "button", class: "number", "aria-label": t(from === to ? "fact" : "facts", { n: number }),
      on: { click: () => openStatement(citations.find((c) => c.n === from)) } }, `[${number}]`);
  });
  return el("span", { class: "clause " + word }, clause.text,
    el("span", { class: "mark", role: "img", "aria-label": t(word), title: t(word) }, mark), links);
}

function newTurn(question) {
  const clauses = el("p", { class: "clauses" });
  const state = el("p", { class: "state" }, t("asking"));
  const rest = el("div", { class: "rest" });
  const box = el("article", { class: "turn" }, el("h2", {}, question), state, clauses, rest);
  $("turns").prepend(box);
  return {
    addClause(clause) { state.remove(); clauses.append(clauseElement(clause), " "); },
    finish(answer) {
      state.remove();
      clauses.replaceChildren();
      if (answer.lang) box.lang = answer.lang === "zh" ? "zh-CN" : answer.lang;
      showAnswer(answer, clauses, rest);
    },
    fail() { box.remove(); },
  };
}

function showAnswer(answer, clauses, rest) {
  if (answer.clauses && answer.clauses.length)
    for (const c of answer.clauses) clauses.append(clauseElement(c, answer.citations), " ");
  else if (answer.answer) clauses.append(answer.answer);
  if (answer.status !== "answered") {
    if (!clauses.hasChildNodes()) clauses.append(t(answer.status));
    clauses.classList.add("status", answer.status);
  }
  if (answer.reason) rest.append(el("p", { class: "reason" }, answer.reason));
  if (answer.status === "clarify") rest.append(choices(answer));
  for (const c of answer.conflicts || [])
    rest.append(el("p", { class: "conflict" }, t("conflict") + ": " + (c.relation || "") + " — " +
      (c.values || []).join(" / ")));
  if (answer.citations && answer.citations.length) rest.append(citationList(answer));
  if (answer.scope_notice) rest.append(el("p", { class: "scope" }, answer.scope_notice));
  rest.append(footer(answer));
}

function choices(answer) {
  return el("ul", { class: "choices" }, (answer.alternatives || []).map((a) =>
    el("li", {}, el("button", { type: "button", on: { click: () => choose(answer, a.label) } }, a.label))));
}

/* Asks again with the chosen name in the place of the one that may mean several things. */
async function choose(answer, label) {
  let question = label;
  try {
    const reply = await fetch("/v1/retrieve", {
      method: "POST", headers: headers({ "Content-Type": "application/json" }),
      body: JSON.stringify({ graph, question: answer.question, limit: 1 }),
    });
    const mentions = reply.ok ? (await reply.json()).mentions : [];
    const meant = mentions.find((m) => m.senses.some((s) => label.startsWith(s.label)) &&
      answer.question.includes(m.text));
    if (meant) question = answer.question.replace(meant.text, label);
  } catch { /* the name alone is a question too */ }
  submit(question);
}

function validity(c) {
  const parts = [];
  if (c.valid_from) parts.push(t("since") + " " + c.valid_from);
  if (c.valid_to) parts.push(t("until") + " " + c.valid_to);
  return parts.join(" ");
}

const placeOf = (o) => (o.position ? t("at", { source: o.source, n: o.position }) : o.source);

function citationItem(c) {
  const text = `[${c.n}] ${c.subject} → ${c.predicate} → ${c.object}`;
  const shown = text.length > 160 ? text.slice(0, 159) + "…" : text;
  return el("li", {},
    el("button", { type: "button", class: "citation", on: { click: () => openStatement(c) } }, shown),
    el("span", { class: "where" }, [placeOf(c), validity(c)].filter(Boolean).join(" · "),
      (c.marks || []).map((m) => el("span", { class: "badge" }, t("mark" + m)))));
}

function citationList(answer) {
  const shown = 6;
  const list = el("ol", { class: "citations" }, answer.citations.slice(0, shown).map(citationItem));
  const box = el("section", { class: "evidence", "aria-label": t("sources") },
    el("h3", {}, t("sources")), list);
  if (answer.citations.length > shown) {
    const more = el("button", { type: "button", on: { click: () => {
      list.append(...answer.citations.slice(shown).map(citationItem));
      more.remove();
    } } }, t("all", { n: answer.citations.length }));
    box.append(more);
  }
  box.append(pictureButton(answer));
  return box;
}

/* --- the statement behind a citation --------------------------------------------------------------- */
const graphPath = (rest) => "/v1/graphs/" + encodeURIComponent(graph) + rest;

async function openStatement(c) {
  const body = $("statement-body");
  body.replaceChildren(statementTable(c));
  $("statement").showModal();
  try {
    const s = await getJson(graphPath("/statements/" + c.statement_id + "?lang=" + uiLang));
    body.append(el("ul", { class: "origins" }, s.sources.map((o) => el("li", {},
      `${placeOf(o)} · ${t("recorded")} ${new Date(o.recorded_at * 1000).toISOString().slice(0, 10)}`))),
      el("p", { class: "id" }, s.id));
  } catch (failure) { body.append(el("p", {}, failure.message)); }
}

function statementTable(c) {
  const rows = [["subject", c.subject], ["predicate", c.predicate], ["object", c.object],
    ["validity", validity(c) || t("always")], ["confidence", c.confidence]];
  return el("table", {}, el("tbody", {}, rows.map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row" }, t(name)), el("td", {}, String(value))))));
}

/* --- the picture ------------------------------------------------------------------------------------ */
async function neighbours(iri) {
  try {
    return (await getJson(graphPath("/entities/" + encodeURIComponent(iri) +
      "/neighbors?limit=25&lang=" + uiLang))).items;
  } catch (failure) { showFailure(failure); return []; }
}

function pictureButton(answer) {
  let box = null;
  const button = el("button", { type: "button", "aria-expanded": "false", class: "picture-button",
    on: { click: async () => {
      if (box) { box.remove(); box = null; } else {
        box = el("div", { class: "picture-box" }, el("p", { class: "hint" }, t("expand")));
        const canvas = el("div", { class: "picture", role: "img", "aria-label": t("picture") });
        box.append(canvas);
        button.after(box);
        const some = answer.citations.slice(0, 40);
        const statements = await Promise.all(some.map((c) =>
          getJson(graphPath("/statements/" + c.statement_id + "?lang=" + uiLang)).catch(() => null)));
        if (box) drawPicture(canvas, statements.filter(Boolean), neighbours);
      }
      button.setAttribute("aria-expanded", String(box !== null));
      button.textContent = t(box ? "hidepicture" : "picture");
    } } }, t("picture"));
  return button;
}

/* --- feedback ----------------------------------------------------------------------------------------- */
function footer(answer) {
  const thanks = el("span", { role: "status" });
  const judge = (rating, word, sign) => el("button", { type: "button", class: "thumb", "aria-pressed": "false",
    "aria-label": t(word), title: t(word),
    on: { click: (event) => giveFeedback(answer, rating, event.currentTarget, thanks) } }, sign);
  const facts = [answer.status === "answered" ? `${t("confidence")} ${Number(answer.confidence).toFixed(2)}` : null,
    answer.timings_ms ? `${Math.max(1, Math.round(answer.timings_ms.total))} ms` : null,
    answer.model === "none" ? t("nomodel") : answer.model];
  const box = el("footer", {}, judge(1, "good", thumb(true)), judge(-1, "bad", thumb(false)), thanks,
    el("span", { class: "facts" }, facts.filter(Boolean).join(" · ")));
  if (answer.logical_form)
    box.append(el("details", {}, el("summary", {}, t("form")), el("code", {}, answer.logical_form)));
  return box;
}

function thumb(up) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  for (const [n, v] of [["viewBox", "0 0 24 24"], ["width", "20"], ["height", "20"],
    ["aria-hidden", "true"], ["class", up ? "up" : "down"]]) svg.setAttribute(n, v);
  const shape = document.createElementNS(ns, "path");
  shape.setAttribute("d", "M2 10h4v11H2zM8 21h9.2c1 0 1.9-.7 2.1-1.7l1.6-7c.3-1.3-.7-2.3-2-2.3H14l1-5c.2-1-.6-2-1.7-2L8 9.6z");
  svg.append(shape);
  return svg;
}

function giveFeedback(answer, rating, button, thanks) {
  const dialog = $("feedback");
  $("reason").value = $("correction").value = "";
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "send") return;
    const body = { answer_id: answer.id, rating, logical_form: answer.logical_form || "" };
    if ($("reason").value) body.reason = $("reason").value;
    if ($("correction").value) body.correction = $("correction").value;
    const reply = await fetch("/v1/feedback", { method: "POST",
      headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body) });
    thanks.textContent = reply.ok ? t("thanks") : t("failed");
    if (reply.ok)
      for (const b of button.parentElement.querySelectorAll(".thumb")) b.setAttribute("aria-pressed", String(b === button));
  }, { once: true });
  dialog.returnValue = "";
  dialog.showModal();
}

/* --- the form ------------------------------------------------------------------------------------------- */
function showAsking(on) {
  asking = on ? new AbortController() : null;
  $("send").textContent = t(on ? "stop" : "send");
  $("send").dataset.t = on ? "stop" : "send";
  $("turns").setAttribute("aria-busy", String(on));
}

async function submit(question) {
  if (asking || !question.trim()) return;
  notice("");
  showAsking(true);
  try { await ask(question.trim()); $("question").value = ""; } catch (failure) { showFailure(failure); }
  showAsking(false);
  $("question").focus();
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (asking) asking.abort(); // the button says so; the service stops when its client has gone
  else submit($("question").value);
});
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit($("question").value);
  }
});
$("graph").addEventListener("change", () => { graph = $("graph").value; showAbout(); });
$("lang").addEventListener("change", () => { if ($("lang").value) { uiLang = $("lang").value; translatePage(); showAbout(); } });
$("key-open").addEventListener("click", () => { $("key").value = ""; $("key-dialog").showModal(); });
$("key-dialog").addEventListener("close", () => {
  if ($("key-dialog").returnValue === "save") {
    sessionStorage.setItem("vouch-key", $("key").value.trim());
    loadGraphs();
  }
});
function setTheme(dark) { // the button names what it changes to
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").dataset.t = dark ? "light" : "dark";
  $("theme").textContent = t($("theme").dataset.t);
}
$("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));
setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
translatePage();
loadGraphs();
$("question").focus();
