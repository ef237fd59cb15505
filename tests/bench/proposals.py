#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How good proposals are on scenes with known boxes, and how much of a person's work they save.

    tests/bench/proposals.py ALIDADE SCENES [--group NAME] [--limit N] [--work N] [ALIDADE PROPOSE OPTION ...]

SCENES is a folder with scenes.json (data/samples, or what `albef scenes` wrote). The person of the second part accepts a
top proposal with IoU >= 0.7 and else moves its corners to the known box, or draws it anew where that is shorter; without
proposals every box is drawn. Keys and pixels are counted from the journal's verdicts and their regions."""

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("alidade")
parser.add_argument("scenes")
parser.add_argument("--group")
parser.add_argument("--limit", type=int, default=10**9, help="scenes")
parser.add_argument("--work", type=int, default=200, help="phrases that the person reviews, with and without proposals")
options, rest = parser.parse_known_args()
alidade, folder = os.path.abspath(options.alidade), pathlib.Path(options.scenes).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-bench-"))


def run(*arguments):
    return subprocess.run([alidade, *map(str, arguments)], capture_output=True, text=True, check=True, cwd=work).stdout


def rows(project, what):
    return [json.loads(line) for line in run("list", project, what, "--json").splitlines()]


def iou(a, b):
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return shared / (area(a) + area(b) - shared)


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def make(name, scenes):
    lines = ['{"alidade-manifest": 1}']
    for scene in scenes:
        for phrase in scene["phrases"]:
            lines.append(json.dumps({"image": str(folder / scene["image"]), "text": phrase["text"], "caption": scene["caption"],
                                     "start": phrase["start"], "end": phrase["end"]}))
    (work / "source.jsonl").write_text("\n".join(lines) + "\n")
    run("new", name)
    run("import", name, "source.jsonl", "--format", "manifest")
    known = {(str(folder / s["image"]), p["start"], p["end"]): p["boxes"] for s in scenes for p in s["phrases"]}
    uris = {i["id"]: i["uri"] for i in rows(name, "images")}
    return {p["id"]: known[(str(pathlib.Path(uris[p["image_id"]].removeprefix("file://"))), p["start"], p["end"])]
            for p in rows(name, "phrases")}


def share(hits):
    return f"{100 * sum(hits) / len(hits):.1f} % of {len(hits)}" if hits else "none"


def database(name):
    return sqlite3.connect(f"file:{work / name / 'project.alidade'}?mode=ro", uri=True)


def measure(truth, sides):
    begin = time.monotonic()
    report = json.loads(run("propose", "with", "--json", *rest))
    seconds = time.monotonic() - begin
    regions = {}
    for region in rows("with", "regions"):
        regions.setdefault(region["phrase_id"], []).append(region)
    for found in regions.values():
        found.sort(key=lambda r: -r["score"])
    with database("with") as base:
        seen = {str(r[0]): r[1:] for r in base.execute(
            "SELECT phrase, peak_x, peak_y, match, spread, peaks, energy, outside, methods FROM measure_now")}
    single = [p for p in truth if len(truth[p]) == 1]
    top = {p: max((iou(regions[p][0]["box"], b) for b in truth[p]), default=0) if p in regions else 0 for p in truth}
    point = {p: p in seen and seen[p][0] is not None and any(b[0] < seen[p][0] < b[2] and b[1] < seen[p][1] < b[3] for b in truth[p])
             for p in truth}
    print(f"{report['phrases']} phrases on {report['images']} pictures, {report['regions']} regions, {report['phrases'] / seconds:.0f} phrases/s")
    print(f"IoU >= 0.5 of the top proposal: {share([top[p] >= .5 for p in truth])}; one object: {share([top[p] >= .5 for p in single])}")
    print(f"pointing game (taught with boxes): {share([point[p] for p in truth])}")
    for name, low, high in (("small, under 5 %", 0, .05), ("middle, 5 to 15 %", .05, .15), ("large, over 15 %", .15, 2)):
        some = [p for p in single if low <= area(truth[p][0]) / sides[p] < high]
        print(f"  objects {name} of the picture: IoU >= 0.5 {share([top[p] >= .5 for p in some])}, pointing {share([point[p] for p in some])}")
    two = [p for p in truth if len(truth[p]) == 2]
    print(f"phrases with two objects: recall {share([any(iou(r['box'], b) >= .5 for r in regions.get(p, [])) for p in two for b in truth[p]])} objects")
    wrong = {p for p in truth if top[p] < .5}
    tenth = max(len(truth) // 10, 1)
    nan = -math.inf
    orders = {"match": lambda v: 1 - v[2], "spread": lambda v: v[3], "peaks": lambda v: v[4] + .5 * v[3],
              "outside": lambda v: (v[6] or 0) + 1 - (v[5] or 0), "methods": lambda v: v[7] if v[7] is not None else nan}
    print(f"wrong proposals (IoU < 0.5): {share([p in wrong for p in truth])} in random order; in the first tenth by "
          + ", ".join(f"{name} {share([p in wrong for p in sorted(seen, key=lambda p: -value(seen[p]))[:tenth]])}"
                      for name, value in orders.items()))
    return regions, top


def person(name, truth, chosen, regions, top):
    """Gives the verdicts; then counts keys and pixels from what the journal holds."""
    for p in chosen:
        if regions.get(p) and top[p] >= .7:
            run("review", name, "--set", f"{p}=accepted", "--by", "person")
        else:
            run("review", name, "--set", f"{p}=corrected", "--box", ",".join(map(str, truth[p][0])), "--by", "person")
    keys = pixels = accepted = 0
    with database(name) as base:
        records = base.execute("""SELECT v.verdict, r.x1, r.y1, r.x2, r.y2, w.x1, w.y1, w.x2, w.y2 FROM journal j
            JOIN journal_step s ON s.seq = j.seq AND s.what = 'verdict' JOIN verdict v ON v.id = s.after
            LEFT JOIN verdict_region n ON n.verdict = v.id LEFT JOIN region_revision r ON r.id = n.revision
            LEFT JOIN region_revision w ON w.id = r.parent WHERE j.kind = 'verdict' AND j.by = 'person'""").fetchall()
    for verdict, x1, y1, x2, y2, a1, b1, a2, b2 in records:
        accepted += verdict == "accepted"
        keys += 1 if verdict == "accepted" else 2  # A; C or B, and Enter
        if verdict == "corrected":
            drawn = math.hypot(x2 - x1, y2 - y1)
            pixels += drawn if a1 is None else min(drawn, math.hypot(x1 - a1, y1 - b1) + math.hypot(x2 - a2, y2 - b2))
    print(f"  {name + ' proposals:':20} {len(records)} verdicts, {accepted} accepted, {keys} keys, {pixels:.0f} pixels moved")
    return keys, pixels


def main():
    scenes = [s for s in json.loads((folder / "scenes.json").read_text()) if options.group in (None, s.get("group"))][:options.limit]
    truth = make("with", scenes)
    sizes = {i["id"]: i["width"] * i["height"] for i in rows("with", "images")}
    sides = {p["id"]: sizes[p["image_id"]] for p in rows("with", "phrases")}
    regions, top = measure(truth, sides)
    chosen = [p for p in truth if len(truth[p]) == 1]
    random.Random(1).shuffle(chosen)
    chosen = chosen[:options.work]
    bare = make("without", scenes)
    # The same phrases, in the order they came.
    twin = dict(zip(truth, bare))
    print(f"a person's work on {len(chosen)} phrases:")
    with_keys, with_pixels = person("with", truth, chosen, regions, top)
    keys, pixels = person("without", bare, [twin[p] for p in chosen], {}, {})
    print(f"  saved: {100 * (1 - with_keys / keys):.0f} % of the keys, {100 * (1 - with_pixels / pixels):.0f} % of the pixels")
    figures = json.loads(run("stats", "with", "--json", "--calibrate"))["reliability"]["all"]
    print(f"reliability of the scores against these verdicts: error {figures['raw_error']:.3f} raw, "
          + (f"{figures['trust_error']:.3f} calibrated (on what it learned from)" if figures["trust_error"] is not None else "too few to calibrate"))


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
