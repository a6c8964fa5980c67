#!/usr/bin/env python3
"""Write and check the gold answers of our own question sets, straight from the data files.

usage: check_questions.py [--write] [--show] [NAME...]      (default: every *.spec beside it)

A line of questions/NAME.spec is    QUESTION [=> FOLLOW-UP...] :: EXPRESSION
and the expression computes the gold from the raw file in $VOUCH_DATA with the small readers below;
nothing of vouch is used. A line 'WHY :: QUESTION :: EXPRESSION' of an unanswerable set must come out
true: the guard proves that the data has no answer. '#' starts a comment; '@key value' sets the rest
of the file (@lang, @graph, @answerable). Two of five questions go to NAME.tune.jsonl, which may be looked
at while tuning, three to NAME.eval.jsonl, which may not; '@half H' puts all of them into NAME.H.jsonl. Without --write the files are compared with
what the data says. Exit 0 all agree, 1 a difference, 77 no data.
"""
import csv
import json
import os
import re
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "questions")
DATA = os.environ.get("VOUCH_DATA", os.path.join(HERE, "..", "..", "..", "..", "shared", "data"))


class Values(list):
    """A list of distinct values in the order of the source, with set operations."""

    def __init__(self, items=()):
        super().__init__(dict.fromkeys(items))

    def __and__(self, other):
        return Values(v for v in self if v in set(other))

    def __or__(self, other):
        return Values(list(self) + list(other))

    def __sub__(self, other):
        return Values(v for v in self if v not in set(other))


def cached(build):
    """Read a source once, when the first question needs it."""
    kept = []

    def get():
        if not kept:
            kept.append(build())
        return kept[0]

    return get


def path(*parts):
    return os.path.join(DATA, *parts)


def count(values):
    return Values([str(len(values))])


def yes(holds, lang="zh"):
    return Values([("是" if holds else "否") if lang == "zh" else ("yes" if holds else "no")])


# --- the table of Chinese diseases -------------------------------------------------------------

SPLIT = {"alias": r"[,，、;；/]", "treatment": r"[\s　、，,；;]", "age": None, "infection": None,
         "insurance": None, "period": None, "rate": None, "money": None}
FILLERS = {"暂无相关资料", "暂无", "无", "不详", "", ">>"}


def disease_cell(column, cell):
    cell = cell.replace("[详细]", " ").strip()
    pattern = SPLIT.get(column, r"[\s　]")
    parts = [cell] if pattern is None else re.split(pattern, cell)
    if column in ("age", "infection", "period", "rate", "money"):
        parts = [p.rstrip(";；，,。") for p in parts]
    keep = (p.strip() for p in parts)
    return [p for p in keep if p not in FILLERS and not p.endswith("...") and "应该如何用药" not in p
            and "用什么药" not in p]


@cached
def disease_table():
    table = {}
    with open(path("medical_zh", "disease.csv"), encoding="utf-8", newline="") as f:
        rows = csv.reader(f)
        header = next(rows)
        for cells in rows:
            name = cells[0].strip()
            if not name or any(c.strip() for c in cells[header.index(""):]):
                continue  # rows of shifted cells are rejected; names that the crawl cut stay names
            row = dict(zip(header[:header.index("")], cells))
            kept = table.setdefault(name, {})
            for column, cell in row.items():
                if column and column != "name":
                    kept[column] = Values(kept.get(column, []) + disease_cell(column, cell or ""))
    return table


def D(name, column):
    """What the table says of a disease, under its exact name."""
    found = disease_table()[name][column]
    assert found, f"{name} has no {column}"
    return found


def named(word):
    """The disease of that name; else those with that alias (a primary name beats an alias)."""
    table = disease_table()
    return Values([word] if word in table else (n for n, cells in table.items() if word in cells["alias"]))


def R(column, value):
    """Diseases whose column holds the value."""
    found = Values(n for n, cells in disease_table().items() if value in cells[column])
    assert found, f"no {column} is {value}"
    return found


def hop(diseases, column):
    """The union of a column over those diseases that the table describes."""
    table = disease_table()
    return Values(v for d in diseases if d in table for v in table[d][column])


def only(values):
    assert len(values) == 1, f"not one value: {values}"
    return values


def number(name, column):
    """The one plain number that all rows agree on."""
    found = [re.fullmatch(r"(\d+(?:\.\d+)?)%?", v) for v in D(name, column)]
    assert found and all(found) and len({m[1] for m in found}) == 1, f"{name}: {column} is no plain number"
    return float(found[0][1])


def higher(column, *names):
    best = sorted(names, key=lambda n: number(n, column))
    assert number(best[-1], column) > number(best[-2], column)
    return Values([best[-1]])


def lower(column, *names):
    best = sorted(names, key=lambda n: number(n, column))
    assert number(best[0], column) < number(best[1], column)
    return Values([best[0]])


def more(column, *names):
    best = sorted(names, key=lambda n: len(D(n, column)))
    assert len(D(best[-1], column)) > len(D(best[-2], column))
    return Values([best[-1]])


def catching(name):
    """Whether the table calls a disease infectious; rows must agree."""
    says = {not re.search("无传染性|非传染", v) for v in D(name, "infection")}
    assert len(says) == 1, f"{name}: rows disagree on infection"
    return says.pop()


def insured(name):
    return only(D(name, "insurance"))[0] == "医保疾病"


def absent(word):
    """No disease, alias or value of the table contains the word: a guard of the unanswerable."""
    return not any(word in n or any(word in v for vs in cells.values() for v in vs)
                   for n, cells in disease_table().items())


def lacks(name, column):
    """The disease is there, the column is not: a guard of the unanswerable."""
    return not disease_table()[name][column]


def not_said(name, column, value):
    """The disease has that column and the value is not in it: the premise is false."""
    return value not in D(name, column)


def columns_lack(*words):
    """No column of the table is about that: a guard of the unanswerable."""
    header = {"别名", "部位", "人群", "传染", "医保", "科室", "检查", "症状", "并发", "治疗", "药", "周期", "治愈", "费用"}
    return not any(w in h or h in w for w in words for h in header)


# --- the ontologies ----------------------------------------------------------------------------

def unescape(text):
    return re.sub(r"\\(.)", r"\1", text)


def read_obo(name, terms):
    """Add one file's terms to terms: id -> key -> values; several files make one graph."""
    term = {}
    with open(path("medical_en", name), encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line.startswith("["):
                term = {} if line == "[Term]" else None
                continue
            key, colon, value = line.partition(": ")
            if term is None or not colon:
                continue
            if key == "id":
                term = terms.setdefault(value, {})
            if key in ("def", "synonym"):
                quoted = re.match(r'"((?:[^"\\]|\\.)*)"\s*(\w*)', value)
                if key == "synonym" and quoted[2] != "EXACT":
                    term.setdefault("inexact", []).append(unescape(quoted[1]))
                value = unescape(quoted[1])
            elif key == "is_a":
                value = value.split(" ! ")[0].split(" {")[0]
            elif key == "xref":
                value = unescape(re.split(r' "| \{| ! ', value)[0])
            if value not in term.setdefault(key, []):
                term[key].append(value)


GRAPHS = {"medical_en": ("HumanDO-2017-01-09.obo", "symp.obo"),
          "medical_slims": ("DO_cancer_slim.obo", "DO_infectious_disease_slim.obo", "symp.obo")}
EN, SLIM = GRAPHS


@cached
def ontologies():
    made = {}
    for graph, files in GRAPHS.items():
        terms = {}
        for file in files:
            read_obo(file, terms)
        made[graph] = {i: t for i, t in terms.items() if "name" in t and "is_obsolete" not in t}
    return made


def term(onto, name):
    found = [i for i, t in ontologies()[onto].items() if t["name"][0] == name]
    assert len(found) == 1, f"{onto}: {len(found)} terms are named {name}"
    return found[0]


def names(onto, ids):
    return Values(ontologies()[onto][i]["name"][0] for i in ids if i in ontologies()[onto])


def T(onto, name, key):
    """def, synonym or xref of the term of that name."""
    found = ontologies()[onto][term(onto, name)].get(key, [])
    assert found, f"{name} has no {key}"
    assert key != "synonym" or not ontologies()[onto][term(onto, name)].get("inexact"), f"{name}: inexact synonyms"
    return Values(found)


def parents(onto, name):
    return names(onto, T(onto, name, "is_a"))


def children(onto, name):
    me = term(onto, name)
    return Values(t["name"][0] for t in ontologies()[onto].values() if me in t.get("is_a", []))


def ancestors(onto, name):
    seen, todo = Values(), [term(onto, name)]
    while todo:
        for up in ontologies()[onto].get(todo.pop(), {}).get("is_a", []):
            if up not in seen:
                seen.append(up)
                todo.append(up)
    return names(onto, seen)


def descendants(onto, name):
    seen, todo = Values(), [name]
    while todo:
        for down in children(onto, todo.pop()):
            if down not in seen:
                seen.append(down)
                todo.append(down)
    return seen


def is_a(onto, name, other):
    assert term(onto, other)
    return other in ancestors(onto, name)


def hop_up(onto, name, steps):
    here = Values([name])
    for _ in range(steps):
        here = Values(p for n in here for p in parents(onto, n))
    return here


def more_children(onto, *which):
    best = sorted(which, key=lambda n: len(children(onto, n)))
    assert len(children(onto, best[-1])) > len(children(onto, best[-2]))
    return Values([best[-1]])


def xrefs(onto, name, prefix):
    found = Values(x for x in T(onto, name, "xref") if x.startswith(prefix + ":"))
    assert found, f"{name} has no {prefix} reference"
    return found


def with_xref(onto, ref):
    return Values(t["name"][0] for t in ontologies()[onto].values() if ref in t.get("xref", []))


def with_synonym(onto, word):
    found = Values(t["name"][0] for t in ontologies()[onto].values()
                   if word.lower() in [s.lower() for s in t.get("synonym", [])])
    assert found, f"nothing is also called {word}"
    return found


def onto_id(onto, name):
    return Values([term(onto, name)])


def onto_absent(*words):
    """No term, synonym or definition of any ontology holds the word."""
    for terms in ontologies().values():
        for t in terms.values():
            for text in t["name"] + t.get("synonym", []):
                if any(w.lower() in text.lower() for w in words):
                    return False
    return True


def onto_lacks(onto, name, key):
    return not ontologies()[onto][term(onto, name)].get(key)


ONTO_KEYS = {"definition", "synonym", "parent", "child", "xref", "subset", "id", "comment"}


def no_such_relation(*words):
    return not any(w in ONTO_KEYS for w in words)


# --- the statutes ------------------------------------------------------------------------------

DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")}
DIGIT["〇"] = 0
DIGIT["两"] = 2
ARTICLE = re.compile(r"^\**(第[零〇一二三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?)\**(?:[\s　]+|$)(.*)")
DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")


def han_number(text):
    total = unit = 0
    for c in text:
        if c in DIGIT:
            unit = DIGIT[c]
        else:
            total += (unit or 1) * {"十": 10, "百": 100, "千": 1000}[c]
            unit = 0
    return total + unit


def number_han(n):
    out, zero = "", False
    for base, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        d, n = divmod(n, base)
        if d:
            out += ("零" if zero else "") + ("" if d == 1 and base == 10 and not out else "零一二三四五六七八九"[d]) + name
            zero = False
        else:
            zero = bool(out) and n > 0
    return out


def read_law(folder, file):
    law = {"title": "", "articles": {}, "head": [], "file": f"{folder}/{file}"}
    article = None
    with open(path("laws_zh", folder, file), encoding="utf-8") as f:
        for line in f:
            line = line.replace("\u200b", "").strip()
            if line.startswith("# ") and not law["title"]:
                law["title"] = line[2:].strip()
            found = ARTICLE.match(line)
            if found:
                article = law["articles"].setdefault(found[1], [])
                if found[2]:
                    article.append(found[2].strip())
            elif line.startswith("#") or line.startswith("<!--"):
                article = None
            elif line and article is not None:
                article.append(line)
            elif line:
                law["head"].append(line)
    return law


@cached
def laws():
    found = []
    for folder in sorted(os.listdir(path("laws_zh"))):
        for file in sorted(os.listdir(path("laws_zh", folder))):
            if file.endswith(".md") and file != "_index.md":
                found.append(read_law(folder, file))
    return found


def law(title, version=None):
    """The law of that title (its latest version, or the one whose file names the date)."""
    full = title if title.startswith("中华人民共和国") else "中华人民共和国" + title
    found = [w for w in laws() if w["title"] in (title, full) and (version is None or version in w["file"])]
    assert found, f"no law {title} {version or ''}"
    return max(found, key=lambda w: (re.findall(r"\d{4}-\d\d-\d\d", w["file"]) or [""])[-1])


EVIDENCE = []  # the articles that the expression at hand looked at


def article(title, n, version=None):
    """The law and the name of its article number n ('16.1' is 第十六条之一)."""
    found = find_article(title, n, version)
    EVIDENCE.append(f"{found[0]}#{found[2]}")
    return found


def find_article(title, n, version):
    if title == "民法典":
        whole = [w for w in laws() if w["file"].startswith("民法典/")]
        key = f"第{number_han(n)}条"
        found = [w for w in whole if key in w["articles"]]
        assert len(found) == 1
        return "中华人民共和国民法典", found[0]["articles"][key], key
    main, _, sub = str(n).partition(".")
    key = f"第{number_han(int(main))}条" + (f"之{number_han(int(sub))}" if sub else "")
    w = law(title, version)
    assert key in w["articles"], f"{title} has no {key}"
    return w["title"], w["articles"][key], key


def text(title, n, version=None):
    """The article's full text, paragraphs joined by a line feed."""
    return Values(["\n".join(article(title, n, version)[1])])


def art(title, n, says, version=None):
    """The article as a value, after checking that it says what the question is about."""
    name, lines, key = article(title, n, version)
    assert re.search(says, "".join(lines)), f"{name}#{key} does not say {says}"
    return Values([f"{name}#{key}"])


def measure(title, n, value, version=None):
    """A measure as the article words it."""
    name, lines, key = article(title, n, version)
    assert value in "".join(lines), f"{name}#{key} does not say {value}"
    return Values([value])


def said(title, n, *values, **version):
    """Several values that the article holds word for word."""
    return Values(v for value in values for v in measure(title, n, value, **version))


def dates(title, version=None):
    return Values("{}-{:02}-{:02}".format(y, int(m), int(d))
                  for line in law(title, version)["head"] for y, m, d in DATE.findall(line))


def date(title, value, says, version=None):
    """A date that the law's own words give: its head, or the article that says when it takes effect."""
    w = law(title, version)
    wanted = "{}年{}月{}日".format(*(str(int(p)) for p in value.split("-")))
    lines = w["head"] + ["".join(a) for a in w["articles"].values()]
    assert any(wanted in re.sub(r"\s", "", line) and re.search(says, line) for line in lines), \
        f"{title}: no line with {wanted} and {says}"
    return Values([value])


def date_code(value, says):
    """A date of the Civil Code, whose parts lie in several files."""
    wanted = "{}年{}月{}日".format(*(str(int(p)) for p in value.split("-")))
    heads = [line for w in laws() if w["file"].startswith("民法典/") for line in w["head"]]
    assert any(wanted in line and says in line for line in heads), f"no line with {wanted} and {says}"
    return Values([value])


def code_articles():
    return Values([str(sum(len(w["articles"]) for w in laws() if w["file"].startswith("民法典/")))])


def articles_of(title, version=None):
    return Values([str(len(law(title, version)["articles"]))])


def laws_lack(*words):
    """No statute holds any of the words."""
    return not any(w in "".join(a) or w in x["title"] for w in words for x in laws() for a in x["articles"].values())


def no_article(title, n, version=None):
    w = law(title, version) if title != "民法典" else None
    key = f"第{number_han(n)}条"
    return key not in w["articles"] if w else not any(
        key in x["articles"] for x in laws() if x["file"].startswith("民法典/"))


def no_law(title):
    return not any(w["title"].endswith(title) for w in laws())


def silent(title, n, word, version=None):
    """The article does not say the word."""
    return word not in "".join(article(title, n, version)[1])


def out_of_scope():
    """Neither table, ontology nor statutes are about this at all; a person judged it."""
    return True


# --- specs to records --------------------------------------------------------------------------

def records(name):
    setting = {"lang": "zh", "graph": "medical_zh", "answerable": "true"}
    made, problems = [], []
    with open(os.path.join(HERE, name + ".spec"), encoding="utf-8") as f:
        for at, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("@"):
                key, _, value = line[1:].partition(" ")
                setting[key] = value
                continue
            try:
                parts = [p.strip() for p in line.split(" :: ")]
                answerable = setting["answerable"] == "true"
                why = None if answerable else parts.pop(0)
                question, expression = parts
                EVIDENCE.clear()
                value = eval(expression, globals())  # our own file, never a user's
                assert answerable or value is True, "the guard does not hold"
                turns = [t.strip() for t in question.split(" => ")]
                record = {"id": f"{name}-{len(made) + 1:03}"}
                record.update({"question": turns[0]} if len(turns) == 1 else {"turns": turns})
                record["gold"] = list(value) if answerable else []
                record["answerable"] = answerable
                record["lang"] = setting["lang"]
                if answerable and EVIDENCE:
                    record["articles"] = list(dict.fromkeys(EVIDENCE))
                if why:
                    record["why"] = why
                assert not answerable or (value and all(isinstance(v, str) and v for v in value)), "no gold"
                made.append(record)
            except Exception as e:  # a wrong line is reported with its place, then the next is read
                problems.append(f"{name}.spec:{at}: {type(e).__name__}: {e}: {line[:60]}")
    asked = [json.dumps(r.get("question", r.get("turns")), ensure_ascii=False) for r in made]
    problems += [f"{name}: asked twice: {q}" for q in sorted(set(asked)) if asked.count(q) > 1]
    return made, problems


def halves(name, made):
    with open(os.path.join(HERE, name + ".spec"), encoding="utf-8") as f:
        whole = re.search(r"^@half (\w+)$", f.read(), re.M)
    if whole:
        return {whole[1]: made}
    tune = [r for i, r in enumerate(made) if i % 5 in (1, 3)]
    return {"tune": tune, "eval": [r for i, r in enumerate(made) if i % 5 not in (1, 3)]}


def check(name, write, show):
    made, problems = records(name)
    for half, part in halves(name, made).items():
        file = os.path.join(HERE, f"{name}.{half}.jsonl")
        body = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in part)
        if write and not problems:
            with open(file, "w", encoding="utf-8") as f:
                f.write(body)
        elif not os.path.exists(file) or open(file, encoding="utf-8").read() != body:
            problems.append(f"{name}.{half}.jsonl: differs from what the data says; run with --write and look")
    if show:
        for r in made:
            print(r["id"], r.get("question", " => ".join(r.get("turns", []))), "|", "; ".join(r["gold"])[:300])
    for p in problems:
        print(p)
    print(f"{name}: {len(made)} questions, {len(problems)} problems")
    return len(problems)


def main():
    flags = {a for a in sys.argv[1:] if a.startswith("--")}
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    if flags - {"--write", "--show"}:
        print(__doc__)
        return 2
    if not os.path.isdir(path("medical_zh")):
        print(f"check_questions: no data in {DATA}: skipped; set VOUCH_DATA")
        return 77
    wanted = wanted or sorted(f[:-5] for f in os.listdir(HERE) if f.endswith(".spec"))
    return 1 if sum(check(n, "--write" in flags, "--show" in flags) for n in wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
