#!/usr/bin/env python3
"""Check schemas/legal_terms.tsv against the statutes in $VOUCH_DATA.

Each article that a popular term points to must exist in the latest text of its law and hold at least one of
the words beside it, so that a term never points to an article about something else. Exit 0, 1 or 77 as the
other checks.
"""
import os
import re
import sys

import check_questions as data

FILE = os.path.join(data.HERE, "..", "..", "..", "schemas", "legal_terms.tsv")
NAME = re.compile(r"第([零一二三四五六七八九十百千]+)条(?:之([一二三四五六七八九十]+))?$")


def number(name):
    """第二百九十一条之二 -> '291.2'; the Civil Code's plain numbers are ints."""
    found = NAME.match(name)
    assert found, f"{name} is no article"
    main = data.han_number(found[1])
    return f"{main}.{data.han_number(found[2])}" if found[2] else main


def check_line(line, seen):
    columns = line.split("\t")
    assert len(columns) == 4, f"{len(columns)} columns, not 4"
    terms, title, articles, words = columns
    for term in terms.split("; "):
        assert term and term == term.strip(), "an empty or padded term"
        assert term not in seen, f"{term}: said before"
        seen.add(term)
    short = "民法典" if title == "中华人民共和国民法典" else title
    for name in articles.split("; "):
        full, lines, key = data.article(short, number(name))
        assert full == title and key == name, f"{title}#{name}: the law is {full}#{key}"
        assert any(w in "".join(lines) for w in words.split("; ")), f"{title}#{name} does not hold {words}"


def main():
    if not os.path.isdir(data.path("laws_zh")):
        print(f"check_terms: no data in {data.DATA}: skipped; set VOUCH_DATA")
        return 77
    seen, count, problems = set(), 0, 0
    with open(FILE, encoding="utf-8") as f:
        for at, line in enumerate(f, 1):
            if line.startswith("#"):
                continue
            count += 1
            try:
                check_line(line.rstrip("\n"), seen)
            except AssertionError as e:
                print(f"legal_terms.tsv:{at}: {e}")
                problems += 1
    print(f"legal_terms: {count} entries, {len(seen)} terms, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
