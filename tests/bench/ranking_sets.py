#!/usr/bin/env python3
"""Other people's questions as files for `vouch model train --rank FILE`: the topic entity is given
(gold linking), the candidates are all relation paths that leave it in the graph, cut to 32 by word
overlap with the right one kept, so that ranking alone is measured. Reads the shared data
(VOUCH_DATA), writes one file per set into the folder that is given.

  ranking_sets.py OUT [N questions a set, default 300]"""
import collections
import os
import random
import re
import sys

DATA = os.environ.get("VOUCH_DATA", "../shared/data")


def canonical(text):
    """modeltext's canonical text, near enough for these sets: words with a space before each, Han bare."""
    out = []
    for part in re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower()):
        out.append(part if ord(part[0]) > 127 else " " + part)
    return "".join(out)


def load_graph(path, separator):
    forward = collections.defaultdict(lambda: collections.defaultdict(set))
    with open(path, encoding="utf-8") as f:
        for line in f:
            parts = line.rstrip("\n").split(separator)
            if len(parts) == 3:
                s, r, o = parts
                forward[s]["+" + r].add(o)
                forward[o]["-" + r].add(s)
    return forward


def paths_from(graph, start, hops):
    level, found = {(): {start}}, []
    for _ in range(hops):
        after = {}
        for path, nodes in level.items():
            for node in list(nodes)[:50]:
                for step, ends in graph[node].items():
                    after.setdefault(path + (step,), set()).update(list(ends)[:50])
        found += after
        if len(after) > 3000:
            break
        level = after
    return found


def text_of(path):
    return "<E1>" + "".join(f"<{step[0]}>{canonical(step[1:].replace('_', ' '))}" for step in path)


def overlap(question, path):
    words = set(re.findall(r"[a-z0-9]{3,}|[\u4e00-\u9fff]", question))
    said = set(re.findall(r"[a-z0-9]{3,}|[\u4e00-\u9fff]", text_of(path)))
    hit = sum(any(a[:5] == b[:5] for b in words) for a in said)
    return 2 * hit / (len(words) + len(said) + 1) - 0.01 * len(path)


def write(out, kind, question, entity, gold, graph, hops):
    low, name = question.lower(), entity.lower()
    at = low.find(name)
    if at < 0:
        return False
    prefix = "<Q>" + canonical(question[:at]) + "<E1>" + canonical(question[at + len(entity):]) + "<A>"
    every = paths_from(graph, entity, hops)
    if gold not in every:
        return False
    every.remove(gold)
    random.shuffle(every)
    every.sort(key=lambda p: -overlap(prefix, p))
    chosen = every[:31] + [gold]
    random.shuffle(chosen)
    out.write(f"{kind}\t{prefix}\n")
    for p in chosen:
        out.write(f"\t{'right' if p == gold else 'wrong'}\t{text_of(p)}\n")
    return True


def hash_paths(folder, questions, graph, hops):
    """PathQuestion and WorldCup: question TAB answer TAB e1#r1#e2#r2#..."""
    with open(os.path.join(DATA, folder, questions), encoding="utf-8") as f:
        for line in f:
            parts = line.rstrip("\n").split("\t")
            path = parts[2].split("#<end>")[0].split("#")
            steps, node = [], path[0]
            for r, o in zip(path[1::2], path[2::2]):
                steps.append("+" + r if o in graph[node].get("+" + r, ()) else "-" + r)
                node = o
            yield parts[0], path[0], tuple(steps)


METAQA = {"director": "directed_by", "writer": "written_by", "actor": "starred_actors",
          "year": "release_year", "language": "in_language", "genre": "has_genre",
          "tags": "has_tags", "imdbrating": "has_imdb_rating", "imdbvotes": "has_imdb_votes"}


def metaqa(hop):
    """movie_to_director and the like: the type of the question names the steps."""
    base = os.path.join(DATA, "metaqa", f"{hop}hop_dev")
    with open(base + ".txt", encoding="utf-8") as q, open(base + "_qtype.txt", encoding="utf-8") as t:
        for line, kind in zip(q, t):
            question = line.split("\t")[0]
            entity = re.search(r"\[(.*?)\]", question).group(1)
            places, steps = kind.strip().split("_to_"), []
            for a, b in zip(places, places[1:]):
                a, b = (METAQA.get(x.replace("_", ""), x) for x in (a, b))
                steps.append("+" + b if a == "movie" else "-" + a)
            yield question.replace("[", "").replace("]", ""), entity, tuple(steps)


def nlpcc():
    question = None
    with open(os.path.join(DATA, "nlpcc2016", "train.txt"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("<question"):
                question = line.split("\t", 1)[1].strip()
            elif line.startswith("<triple") and question:
                s, r, _ = (x.strip() for x in line.split("\t", 1)[1].split("|||"))
                yield question, s, ("+" + r,)


def main():
    target, most = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300
    os.makedirs(target, exist_ok=True)
    pq2, pq3 = (load_graph(os.path.join(DATA, "pathquestion", f"{n}H-kb.txt"), "\t") for n in (2, 3))
    world = load_graph(os.path.join(DATA, "worldcup2014", "WC2014-kb.txt"), "\t")
    film = load_graph(os.path.join(DATA, "metaqa", "kb_rebuilt.txt"), "|")
    facts = load_graph(os.path.join(DATA, "nlpcc2016", "graph.tsv"), "\t")
    sets = {"pathquestion2": ("hop2", hash_paths("pathquestion", "PQ-2H.dev.txt", pq2, 2), pq2, 3),
            "pathquestion3": ("hop3", hash_paths("pathquestion", "PQ-3H.dev.txt", pq3, 3), pq3, 3),
            "worldcup": ("hop1", hash_paths("worldcup2014", "WC-P.dev.txt", world, 2), world, 2),
            "metaqa1": ("hop1", metaqa(1), film, 2), "metaqa2": ("hop2", metaqa(2), film, 2),
            "nlpcc": ("hop1", nlpcc(), facts, 1)}
    for name, (kind, questions, graph, hops) in sets.items():
        random.seed(7)
        questions = list(questions)
        random.shuffle(questions)
        kept = 0
        with open(os.path.join(target, name + ".tsv"), "w", encoding="utf-8") as out:
            for question, entity, gold in questions[:2 * most]:
                kept += kept < most and write(out, kind, question, entity, gold, graph, hops)
        print(f"{name}: {kept} questions")


if __name__ == "__main__":
    main()
