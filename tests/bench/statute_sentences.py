"""Sentences of the statutes as they stand, and with one number or one modal verb changed.

Drawn anew with a seed, so that the verifier is measured on texts that nobody looked at while it was written:
what a statute says must be SUPPORTED though no article is named, and a changed one CONTRADICTED (at least not
SUPPORTED)."""
import random
import re

import check_questions as data

NUMBER = re.compile(r"[一二三四五六七八九](?=十|百|千|万|日|年|个月|元|倍|人|周岁|小时)")
MODALS = [("不得", "可以"), ("应当", "不应当"), ("可以", "不得")]
SHORTEST, LONGEST = 15, 90


def newest():
    """The latest text of each law, the Civil Code's books one by one."""
    titles = {w["title"] for w in data.laws() if not w["file"].startswith("民法典/")}
    books = [w for w in data.laws() if w["file"].startswith("民法典/")]
    return [data.law(t) for t in sorted(titles)] + books


def sentences():
    for law in newest():
        for lines in law["articles"].values():
            for line in lines:
                for s in re.findall(r"[^。]+。", line):
                    if SHORTEST <= len(s) <= LONGEST and "本法" not in s and not s.startswith("（"):
                        yield s


def other_number(s, chance):
    found = list(NUMBER.finditer(s))
    if not found:
        return None
    m = chance.choice(found)
    return s[:m.start()] + chance.choice([d for d in "二三四五六七八九" if d != m[0]]) + s[m.end():]


def other_modal(s, chance):
    found = [(m.start(), old, new) for old, new in MODALS for m in re.finditer(f"(?<!不){old}(?!不)", s)]
    if not found:
        return None
    at, old, new = chance.choice(found)
    return s[:at] + new + s[at + len(old):]


def cases(count, seed, graph="legal"):
    """`count` true sentences and as many changed ones, as bench_verify.py reads them."""
    chance = random.Random(seed)
    pool = sorted(set(sentences()))
    true = set(pool)
    made = []
    for s in chance.sample(pool, len(pool)):
        change = chance.choice((other_number, other_modal))
        changed = change(s, chance)
        if changed is None or changed in true:
            continue
        made.append({"graph": graph, "text": s, "verdict": "SUPPORTED"})
        made.append({"graph": graph, "text": changed, "verdict": "CONTRADICTED", "corruption": change.__name__})
        if len(made) >= 2 * count:
            break
    return made
