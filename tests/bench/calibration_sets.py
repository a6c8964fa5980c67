#!/usr/bin/env python3
"""Question sets for `vouch eval --calibrate`, made from the train files of the shared data
(VOUCH_DATA). From each graph the relation of a fifth of the topic entities and a tenth of the
entities themselves are taken out, so that the questions about them have no answer left.

  calibration_sets.py OUT [N questions a set, default 300]

writes OUT/NAME.tsv (the graph that is left) and OUT/NAME.jsonl for pathquestion2, pathquestion3,
worldcup and nlpcc. The same every time: what is taken is chosen by a hash of its name."""
import hashlib
import io
import json
import os
import random
import sys
from contextlib import redirect_stdout

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import adapt

DATA = os.environ.get("VOUCH_DATA", "../shared/data")
SETS = {
    "pathquestion2": ("pathquestion/2H-kb.txt", "\t", adapt.pathquestion, "pathquestion/PQ-2H.train.txt"),
    "pathquestion3": ("pathquestion/3H-kb.txt", "\t", adapt.pathquestion, "pathquestion/PQ-3H.train.txt"),
    "worldcup": ("worldcup2014/WC2014-kb.txt", "\t", adapt.worldcup, "worldcup2014/WC-P.train.txt"),
    "nlpcc": ("nlpcc2016/graph.tsv", "\t", adapt.nlpcc, "nlpcc2016/train.txt"),
}


def share(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def questions(reader, path):
    text = io.StringIO()
    with redirect_stdout(text):
        reader(os.path.join(DATA, path))
    return [json.loads(line) for line in text.getvalue().splitlines()]


def make(name, out, most):
    graph, separator, reader, path = SETS[name]
    asked = questions(reader, path)
    random.Random(7).shuffle(asked)
    asked = asked[:most]
    entities = {q["entity"] for q in asked}
    gone = {e for e in entities if share("entity " + e) < 0.1}
    cut = {(q["entity"], q["gold_path"][0]) for q in asked
           if q["entity"] not in gone and share("relation " + q["entity"]) < 0.2}
    with open(os.path.join(DATA, graph), encoding="utf-8") as f, \
            open(os.path.join(out, name + ".tsv"), "w", encoding="utf-8") as g:
        for line in f:
            parts = line.rstrip("\n").split(separator)
            if len(parts) < 3 or parts[0] in gone or parts[-1] in gone or (parts[0], parts[1]) in cut:
                continue
            g.write("\t".join((parts[0], parts[1], separator.join(parts[2:]))) + "\n")
    with open(os.path.join(out, name + ".jsonl"), "w", encoding="utf-8") as f:
        for q in asked:
            if q["entity"] in gone or (q["entity"], q["gold_path"][0]) in cut:
                q = dict(q, answerable=False, gold=[],
                         why="entity" if q["entity"] in gone else "relation")
            f.write(json.dumps(q, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for set_name in SETS:
        n = int(sys.argv[2]) if len(sys.argv) > 2 else 300
        make(set_name, sys.argv[1], 2 * n if set_name == "nlpcc" else n)
