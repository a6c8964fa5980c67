#!/usr/bin/env python3
"""Turns the question sets of the shared data into the JSON Lines that `vouch eval` reads.

usage: adapt.py pathquestion|worldcup|metaqa|nlpcc INPUT... > OUT.jsonl

Each line: id, question, gold (all answers), answerable, lang, entity, gold_path (relations from the
entity; a leading '-' walks against the relation).
"""
import json
import sys

META = {  # (from, to) kinds of a MetaQA question type -> step
    ("movie", "director"): "directed_by", ("movie", "actor"): "starred_actors",
    ("movie", "writer"): "written_by", ("movie", "year"): "release_year",
    ("movie", "language"): "in_language", ("movie", "genre"): "has_genre",
    ("movie", "tags"): "has_tags", ("movie", "tag"): "has_tags", ("movie", "imdbrating"): "has_imdb_rating",
    ("movie", "imdbvotes"): "has_imdb_votes",
}


def out(**fields):
    print(json.dumps(fields, ensure_ascii=False))


def path_of(text):
    parts = text.split("#")
    end = parts.index("<end>") if "<end>" in parts else len(parts)
    return parts[0], parts[1:end:2]


def pathquestion(path):
    for n, line in enumerate(open(path, encoding="utf-8"), 1):
        question, answers, walk = line.rstrip("\n").split("\t")[:3]
        entity, steps = path_of(walk)
        gold = [a for a in answers[answers.index("(") + 1:].rstrip(")").split("/") if a]
        out(id=f"pq-{n}", question=question, gold=gold, answerable=True, lang="en",
            entity=entity, gold_path=steps)


def worldcup(path):
    for n, line in enumerate(open(path, encoding="utf-8"), 1):
        cells = line.rstrip("\n").split("\t")
        entity, steps = path_of(cells[2])
        gold = [a for a in cells[3].split("/") if a] or [cells[1]]
        out(id=f"wc-{n}", question=cells[0], gold=gold, answerable=True, lang="en",
            entity=entity, gold_path=steps)


def meta_steps(kind):
    names = kind.split("_to_")
    steps = []
    for a, b in zip(names, names[1:]):
        steps.append(META[(a, b)] if a == "movie" else "-" + META[(b, a)])
    return steps


def metaqa(path):
    kinds = [k.strip() for k in open(path.replace(".txt", "_qtype.txt"), encoding="utf-8")]
    for n, line in enumerate(open(path, encoding="utf-8"), 1):
        question, answers = line.rstrip("\n").split("\t")
        entity = question[question.index("[") + 1:question.index("]")]
        out(id=f"mq-{n}", question=question, gold=answers.split("|"), answerable=True, lang="en",
            entity=entity, gold_path=meta_steps(kinds[n - 1]))


def nlpcc(path):
    question = triple = None
    for line in open(path, encoding="utf-8"):
        if line.startswith("<question"):
            question = line.split("\t", 1)[1].strip()
            number = line[len("<question id="):line.index(">")]
        elif line.startswith("<triple"):
            triple = [x.strip() for x in line.split("\t", 1)[1].split("|||")]
        elif line.startswith("<answer") and triple and len(triple) == 3:
            answer = line.split("\t", 1)[1].strip()
            out(id=f"nl-{number}", question=question, gold=[triple[2] or answer], answerable=True,
                lang="zh", entity=triple[0], gold_path=[triple[1]])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for name in sys.argv[2:]:
        {"pathquestion": pathquestion, "worldcup": worldcup, "metaqa": metaqa,
         "nlpcc": nlpcc}[sys.argv[1]](name)
