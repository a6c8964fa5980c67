/* The page's own words, in both languages. */
"use strict";
const WORDS = {
  en: {
    skip: "Skip to the question", tagline: "Answers that name the facts behind them",
    dark: "Dark", light: "Light", graph: "Graph", lang: "Language", auto: "Automatic", asof: "As of",
    strict: "Strict", key: "Key", question: "Your question", send: "Ask",
    hint: "Enter asks, Shift+Enter starts a new line. A follow-up may say “it”.",
    statement: "Statement", close: "Close", save: "Save", cancel: "Cancel",
    keyhelp: "Kept in this tab only, until it is closed.",
    why: "What was wrong, or right?", reason: "Reason",
    correction: "The right answer, if you know it", sendfeedback: "Send",
    asking: "Asking…", abstained: "The graph cannot answer this", clarify: "Which one is meant?",
    refused: "Not answered", sources: "Facts behind this answer", picture: "Show as a graph",
    hidepicture: "Hide the graph", good: "Good answer", bad: "Wrong answer",
    thanks: "Thank you. It is kept with this answer.", confidence: "confidence",
    validity: "Valid", since: "from", until: "until",
    always: "no bounds stated", subject: "Subject", predicate: "Relation", object: "Object",
    supported: "supported by the graph", contradicted: "contradicted by the graph",
    notingraph: "not in the graph", unparsed: "not checked", conflict: "sources disagree",
    failed: "That did not work", nokey: "A key is needed: use the button “Key”.",
    gone: "The connection was lost.", all: "Show all {n} facts", form: "Logical form",
    expand: "Choose a node to see its neighbours. The same facts stand in the list above.",
    recorded: "recorded", stop: "Stop", stopped: "Stopped.", nomodel: "no model", at: "{source}, line {n}",
    stricthelp: "Leave out what the graph does not support, instead of falling back to a plain sentence",
    asofhelp: "What held on that day, for example the law then in force",
    about: "This graph holds {n} facts: {relations}.", markold: "no longer valid today",
    markconflict: "sources disagree", marklow_authority: "from a source of lesser authority",
    forbidden: "This key may not do that.", nograph: "There is no such graph, or this key may not see it.",
    wait: "The service is busy. Please ask again in {n} seconds.", large: "The question is too long.",
    nographs: "There is no graph that may be asked with this key.", facts: "facts {n}", fact: "fact {n}",
  },
  zh: {
    skip: "跳到提问处", tagline: "每个回答都写明依据", dark: "深色", light: "浅色", graph: "图谱",
    lang: "语言", auto: "自动", asof: "截至日期", strict: "严格", key: "密钥",
    question: "你的问题", send: "提问", hint: "回车提问，Shift+回车换行；追问时可以说“它”。",
    statement: "事实", close: "关闭", save: "保存", cancel: "取消",
    keyhelp: "只保存在本标签页，关闭即清除。", why: "哪里不对，或者好在哪里？",
    reason: "理由", correction: "如果你知道正确答案，请写下", sendfeedback: "提交",
    asking: "正在查询…", abstained: "图谱无法回答这个问题", clarify: "你指的是哪一个？",
    refused: "不予回答", sources: "回答的依据", picture: "用图显示", hidepicture: "收起图",
    good: "回答得好", bad: "回答有误", thanks: "谢谢，已与本回答一起记录。",
    confidence: "置信", validity: "有效期", since: "自",
    until: "至", always: "未注明期限", subject: "主体", predicate: "关系", object: "客体",
    supported: "图谱有据", contradicted: "与图谱矛盾", notingraph: "图谱未载",
    unparsed: "未能核对", conflict: "来源不一致", failed: "没有成功",
    nokey: "需要密钥：请按“密钥”按钮。", gone: "连接中断。", all: "显示全部 {n} 条",
    form: "逻辑形式", expand: "点选节点可看它的邻居；同样的事实见上面的列表。", 
    recorded: "记录于", stop: "停止", stopped: "已停止。", nomodel: "未用模型", at: "{source} 第 {n} 行",
    stricthelp: "图谱没有依据的话一律不说，也不改用固定句式", asofhelp: "按那一天的情况回答，例如当时有效的法律",
    about: "图谱里有 {n} 条事实：{relations}。", markold: "今天已失效", markconflict: "来源不一致",
    marklow_authority: "来源的权威性较低", forbidden: "这个密钥没有这项权限。",
    nograph: "没有这个图谱，或者这个密钥无权查看。", wait: "请求太多，请在 {n} 秒后再问。", large: "问题太长了。",
    nographs: "这个密钥没有可以提问的图谱。", facts: "依据 {n}", fact: "依据 {n}",
  },
};
let uiLang = (navigator.language || "en").startsWith("zh") ? "zh" : "en";
const t = (name, values) => Object.entries(values || {}).reduce(
  (text, [key, value]) => text.replace("{" + key + "}", value), WORDS[uiLang][name] || WORDS.en[name] || name);
function translatePage() {
  document.documentElement.lang = uiLang === "zh" ? "zh-CN" : "en";
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of document.querySelectorAll("[data-title]")) e.title = t(e.dataset.title);
}
