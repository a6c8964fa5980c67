#!/usr/bin/env python3
"""Draws a run's curve.csv as an SVG: curve.py curve.csv > curve.svg. Standard library only."""
import csv
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 300, 50, 20, 190, 40
LINES = [("train_accuracy", "right on training data", "#888"),
         ("held_out_fit", "held-out relations: model", "#06c"),
         ("held_out_lexical", "held-out relations: lexical", "#c60"),
         ("auroc_fit", "unanswerable: AUROC", "#393")]


def main():
    rows = {}
    with open(sys.argv[1], encoding="utf-8") as f:
        for row in csv.DictReader(f):
            if float(row["train_accuracy"]) > 0:
                rows[int(row["tokens"])] = row
    tokens = sorted(rows)
    most = max(tokens)

    def at(t, v):
        x = LEFT + (WIDTH - LEFT - RIGHT) * t / most
        return f"{x:.1f},{TOP + (HEIGHT - TOP - BOTTOM) * (1 - v):.1f}"

    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
          'font-family="sans-serif" font-size="12">')
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    for v in (0, 0.25, 0.5, 0.75, 1):
        x0, y = at(0, v).split(",")
        x1 = at(most, v).split(",")[0]
        print(f'<path d="M{x0},{y}H{x1}" stroke="#ddd"/>'
              f'<text x="{LEFT - 8}" y="{float(y) + 4}" text-anchor="end">{100 * v:.0f} %</text>')
    print(f'<text x="{LEFT}" y="{HEIGHT - 10}">0</text>'
          f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">{most / 1e6:.1f} million tokens</text>')
    for i, (name, label, colour) in enumerate(LINES):
        points = " ".join(at(t, float(rows[t][name])) for t in tokens)
        print(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = TOP + 20 + 20 * i
        print(f'<path d="M{WIDTH - RIGHT + 10},{y}h14" stroke="{colour}" stroke-width="2"/>'
              f'<text x="{WIDTH - RIGHT + 28}" y="{y + 4}">{label}</text>')
    print("</svg>")


if __name__ == "__main__":
    main()
