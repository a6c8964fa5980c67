#!/usr/bin/env python3
"""Write and check the sentences of verify/*.spec, which a verifier must support or stop.

usage: check_verify.py [--write]

'+ SENTENCE :: EXPRESSION' says what the data says; '- KIND VERDICT :: SENTENCE :: EXPRESSION' is the
sentence above with one thing corrupted (entity, number, negation, relation, extra), and the expression
proves that the data does not say so. The expressions see check_questions.py and the words below.
Exit 0 all agree, 1 a difference, 77 no data.
"""
import json
import os
import re
import sys

import check_questions as data
from check_questions import *  # noqa: F401,F403  the words of the expressions

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "verify")
KINDS = {"entity", "number", "negation", "relation", "extra"}
VERDICTS = {"SUPPORTED", "CONTRADICTED", "NOT_IN_GRAPH"}


def has(name, column, *values):
    return all(v in data.disease_table()[name][column] for v in values)


def isa(name, other):
    return data.is_a(data.EN, name, other)


def syn(name, word):
    return word in data.ontologies()[data.EN][data.term(data.EN, name)].get("synonym", [])


def xr(name, ref):
    return ref in data.ontologies()[data.EN][data.term(data.EN, name)].get("xref", [])


def says(title, n, pattern, version=None):
    return re.search(pattern, "".join(data.article(title, n, version)[1])) is not None


def record(line, setting):
    """One line of a spec as a record, or an exception that says what is wrong with it."""
    sign, rest = line[0], line[2:]
    parts = [p.strip() for p in rest.split(" :: ")]
    kind, verdict = None, "SUPPORTED"
    if sign == "-":
        kind, verdict = parts.pop(0).split()
    text, expression = parts
    assert sign in "+-" and (kind is None or kind in KINDS) and verdict in VERDICTS, "unknown sign, kind or verdict"
    assert eval(expression, globals()) is True, "the data does not bear the line out"  # our own file
    return {"text": text, "verdict": verdict, "graph": setting["graph"], "lang": setting["lang"], "corruption": kind}


def check(name, write):
    setting, made, problems = {}, [], 0
    with open(os.path.join(HERE, name + ".spec"), encoding="utf-8") as f:
        for at, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("@"):
                key, _, setting[key] = line[1:].partition(" ")
                continue
            try:
                made.append(record(line, setting))
            except Exception as e:  # a wrong line is reported with its place, then the next is read
                print(f"verify/{name}.spec:{at}: {type(e).__name__}: {e}: {line[:60]}")
                problems += 1
    if len({r["text"] for r in made}) != len(made) or sum(r["corruption"] is None for r in made) * 2 != len(made):
        print(f"verify/{name}: a sentence stands twice, or not half are corrupted")
        problems += 1
    body = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in made)
    file = os.path.join(HERE, name + ".jsonl")
    if write and not problems:
        with open(file, "w", encoding="utf-8") as f:
            f.write(body)
    elif not os.path.exists(file) or open(file, encoding="utf-8").read() != body:
        print(f"verify/{name}.jsonl: differs from what the data says; run with --write and look")
        problems += 1
    print(f"verify/{name}: {len(made)} sentences, {problems} problems")
    return problems


def main():
    if not os.path.isdir(data.path("medical_zh")):
        print(f"check_verify: no data in {data.DATA}: skipped; set VOUCH_DATA")
        return 77
    names = sorted(f[:-5] for f in os.listdir(HERE) if f.endswith(".spec"))
    return 1 if sum(check(n, "--write" in sys.argv) for n in names) else 0


if __name__ == "__main__":
    sys.exit(main())
