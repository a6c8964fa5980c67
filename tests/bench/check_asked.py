#!/usr/bin/env python3
"""Check schemas/legal_asked.tsv against the statutes in $VOUCH_DATA.

Each article must exist in the latest text of its law, stand once, and have questions of 2 to 30 characters without
repetition. Exit 0, 1 or 77 as the other checks.
"""
import os
import sys

import check_questions as data

FILE = os.path.join(data.HERE, "..", "..", "..", "schemas", "legal_asked.tsv")


def articles_of(title):
    if title == "中华人民共和国民法典":
        return {a for w in data.laws() if w["file"].startswith("民法典/") for a in w["articles"]}
    return set(data.law(title)["articles"])


def problems(lines):
    known, seen = None, set()
    for at, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if line.startswith("="):
            try:
                known, seen = articles_of(line[1:]), set()
            except AssertionError as e:
                yield at, str(e)
                known = set()
            continue
        article, tab, questions = line.partition("\t")
        listed = questions.split("; ")
        if not tab or known is None:
            yield at, "not ARTICLE <tab> QUESTION; QUESTION under a title"
        elif article not in known or article in seen:
            yield at, f"{article}: no article of the law, or said before"
        elif len(set(listed)) < len(listed) or not all(2 <= len(q) <= 30 and q == q.strip() for q in listed):
            yield at, f"{article}: a question is repeated, empty, padded or too long"
        seen.add(article)


def main():
    if not os.path.isdir(data.path("laws_zh")):
        print(f"check_asked: no data in {data.DATA}: skipped; set VOUCH_DATA")
        return 77
    with open(FILE, encoding="utf-8") as f:
        lines = f.read().splitlines()
    found = list(problems(lines))
    for at, what in found[:50]:
        print(f"legal_asked.tsv:{at}: {what}")
    rows = sum("\t" in line and not line.startswith("#") for line in lines)
    print(f"legal_asked: {rows} articles, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
