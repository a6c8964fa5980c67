/* The page's own words, in both languages. */
"use strict";
const WORDS = {
  en: {
    skip: "Skip to the question", tagline: "Answers that name the facts behind them",
    theme: "Dark", graph: "Graph", lang: "Language", auto: "Automatic", asof: "As of",
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
    source: "Source", position: "line", validity: "Valid", since: "from", until: "until",
    always: "no bounds stated", subject: "Subject", predicate: "Relation", object: "Object",
    supported: "supported by the graph", contradicted: "contradicted by the graph",
    notingraph: "not in the graph", unparsed: "not checked", conflict: "sources disagree",
    failed: "That did not work", nokey: "A key is needed: use the button “Key”.",
    gone: "The connection was lost.", all: "Show all {n} facts", form: "Logical form",
    expand: "Choose a node to see its neighbours. The same facts stand in the list above.",
    more: "more", recorded: "recorded",
  },
  zh: {
    skip: "跳到提问处", tagline: "每个回答都写明依据", theme: "深色", graph: "图谱",
    lang: "语言", auto: "自动", asof: "截至日期", strict: "严格", key: "密钥",
    question: "你的问题", send: "提问", hint: "回车提问，Shift+回车换行；追问时可以说“它”。",
    statement: "事实", close: "关闭", save: "保存", cancel: "取消",
    keyhelp: "只保存在本标签页，关闭即清除。", why: "哪里不对，或者好在哪里？",
    reason: "理由", correction: "如果你知道正确答案，请写下", sendfeedback: "提交",
    asking: "正在查询…", abstained: "图谱无法回答这个问题", clarify: "你指的是哪一个？",
    refused: "不予回答", sources: "回答的依据", picture: "用图显示", hidepicture: "收起图",
    good: "回答得好", bad: "回答有误", thanks: "谢谢，已与本回答一起记录。",
    confidence: "置信", source: "来源", position: "行", validity: "有效期", since: "自",
    until: "至", always: "未注明期限", subject: "主体", predicate: "关系", object: "客体",
    supported: "图谱有据", contradicted: "与图谱矛盾", notingraph: "图谱未载",
    unparsed: "未能核对", conflict: "来源不一致", failed: "没有成功",
    nokey: "需要密钥：请按“密钥”按钮。", gone: "连接中断。", all: "显示全部 {n} 条",
    form: "逻辑形式", expand: "点选节点可看它的邻居；同样的事实见上面的列表。", more: "更多",
    recorded: "记录于",
  },
};
let uiLang = (navigator.language || "en").startsWith("zh") ? "zh" : "en";
const t = (name) => WORDS[uiLang][name] || WORDS.en[name] || name;
function translatePage() {
  document.documentElement.lang = uiLang === "zh" ? "zh-CN" : "en";
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
}
