# SPDX-License-Identifier: MIT
"""Programs killed (SIGKILL) at random moments: imports, a background writer with a person beside it, reviews. Afterwards
the database opens, is sound and its text index whole, everything acknowledged is there, and each import is absent or
complete.

    test_project_kill.py ALIDADE KILL_WRITER

ALIDADE_KILLS=500 asks for so many; ALIDADE_SEED repeats a run's moments.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade, writer = map(os.path.abspath, sys.argv[1:3])
kills = int(os.environ.get("ALIDADE_KILLS", 30))
seed = int(os.environ.get("ALIDADE_SEED", random.randrange(2**32)))
chance = random.Random(seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-kill-"))
FIRST = 60  # phrases before the first kill
PER_IMPORT = 600  # phrases
FRESH = 30  # kills of one project: checking a large one takes its time


def run(*arguments):
    return subprocess.run([alidade, *map(str, arguments)], capture_output=True, text=True, cwd=work)


def coco(path, n, prefix):
    images = [{"id": i + 1, "file_name": f"{prefix}-{i}.jpg", "width": 100, "height": 80} for i in range(n // 10)]
    notes = [{"id": i, "image_id": i // 10 + 1, "category_id": 1, "phrase": f"{prefix} thing {i}", "bbox": [1, 2, 3 + i % 7, 4]} for i in range(n)]
    (work / path).write_text(json.dumps({"images": images, "annotations": notes, "categories": [{"id": 1, "name": "thing"}]}))


def ask(sql):
    """By another program than the one tested."""
    database = sqlite3.connect(f"file:{work}/p/project.alidade?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def run_and_kill(arguments, typical, lines_first=0):
    """Starts a program and kills it somewhere in its life, or lets it end; not before it has told so many lines. What it
    printed is what it acknowledged."""
    with open(work / "said", "w+") as said:
        program = subprocess.Popen(list(map(str, arguments)), stdout=said, stderr=subprocess.DEVNULL, cwd=work)
        while lines_first > 0 and program.poll() is None and (work / "said").read_bytes().count(b"\n") < lines_first:
            time.sleep(0.002)
        time.sleep(chance.random() * typical)
        program.send_signal(signal.SIGKILL)
        program.wait()
        said.seek(0)
        lines = said.read().splitlines(keepends=True)
    return [line.rstrip("\n") for line in lines if line.endswith("\n")], program.returncode == -signal.SIGKILL


class Told:
    """What programs acknowledged in the project at hand."""

    def __init__(self):
        self.verdicts = {}  # (phrase, reviewer, pass) -> verdict, or None after undo
        self.open = {}      # (phrase, reviewer, pass) -> other values it may have: what was under way
        self.imports, self.regions, self.complete = 0, {}, 0

    def take(self, name, lines, phrases):
        """Of the background writer; the next thing in its order may be done without having been told."""
        done, batches = 0, 0
        key = None
        for line in lines:
            first, second = line.split(" ")
            if first == "batch":
                batches += 1
            elif first == "undo":
                self.verdicts[key] = None
            else:
                key = (int(first), name, 1 + done // len(phrases))
                self.verdicts[key] = second
                done += 1
        following = (phrases[done % len(phrases)], name, 1 + done // len(phrases))
        self.open[following] = ("rejected", "absent", "unsure")[done % 3]
        if done % 7 == 0 and done > 0 and key is not None:
            self.open[key] = None
        self.regions[name] = batches * 20
        return done, batches

    def differences(self):
        there = {(p, r, n): v for p, r, n, v in ask(
            "SELECT s.phrase, s.reviewer, s.pass, v.verdict FROM verdict_slot s JOIN verdict v ON v.id = s.current")}
        wrong = [f"{key}: {want} was acknowledged, {there.get(key)} is there" for key, want in self.verdicts.items()
                 if there.get(key) != want and not (key in self.open and there.get(key) == self.open[key])]
        wrong += [f"{key}: nobody said {value}" for key, value in there.items() if key not in self.verdicts and self.open.get(key) != value]
        of_runs = dict(ask("SELECT e.by, count(*) FROM link l JOIN entry e ON e.id = l.entry WHERE e.kind = 'run' GROUP BY e.by"))
        wrong += [f"{name}: {n} regions were acknowledged, {of_runs.get(name, 0)} are there" for name, n in self.regions.items()
                  if of_runs.get(name, 0) not in (n, n + 20)]
        return wrong


def begin():
    shutil.rmtree(work / "p", ignore_errors=True)
    run("new", "p")
    run("import", "p", "first.json")
    return [p for (p,) in ask("SELECT id FROM phrase ORDER BY id")], Told()


def main():
    try:
        coco("first.json", FIRST, "first")
        phrases, told = begin()
        coco("try.json", PER_IMPORT, "try")
        shutil.copytree(work / "p", work / "timing")
        began = time.monotonic()
        run("import", "timing", "try.json")
        import_time = time.monotonic() - began
        began = time.monotonic()
        run("review", "timing", "--set", f"{phrases[0]}=rejected")
        review_time = time.monotonic() - began
        tap.ok(len(phrases) == FIRST, f"/kill/prepared: an import takes {import_time:.2f} s, a review {review_time:.2f} s; ALIDADE_SEED={seed}")

        acknowledged, batches, complete, killed, unsound, lost, halves, unindexed = 0, 0, 0, 0, [], [], [], []
        for n in range(kills):
            if n > 0 and n % FRESH == 0:
                phrases, told = begin()
            name = f"r{n}"
            if n % 3 == 0:
                coco("next.json", PER_IMPORT, f"import {n}")
                lines, dead = run_and_kill([alidade, "import", "p", "next.json"], import_time * 1.2)
                told.imports += any("regions are new" in line for line in lines)
            elif n % 3 == 1:
                # The writer takes the project's first phrases in their order.
                lines, dead = run_and_kill([writer, "p", name], 0.2, 0 if n % 12 == 1 else 20)
                ids = [p for (p,) in ask("SELECT p.id FROM phrase p JOIN entry e ON e.id = p.entry WHERE e.state = 'shown' ORDER BY p.id LIMIT 400")]
                reviews, more = told.take(name, lines, ids)
                acknowledged += reviews
                batches += more
            else:
                phrase = chance.choice(phrases)
                lines, dead = run_and_kill([alidade, "review", "p", "--set", f"{phrase}=rejected", "--by", name], review_time * 1.2)
                told.open[phrase, name, 1] = "rejected"
                if lines == [f"{phrase} rejected"]:
                    told.verdicts[phrase, name, 1] = "rejected"
                    acknowledged += 1
            killed += dead
            # The next writer opens it, purges what was half done, completes the index; then it is checked.
            check = run("check", "p", "--json", "--repair")
            if check.returncode != 0:
                unsound.append(f"{n}: {check.stdout}{check.stderr}")
                break
            there = json.loads(check.stdout)
            if (there["phrases"] - FIRST) % PER_IMPORT != 0:
                halves.append(f"{n}: {there['phrases']} phrases")
            now = (there["phrases"] - FIRST) // PER_IMPORT
            if now < told.imports:
                lost.append(f"{n}: {told.imports} imports were acknowledged, {now} are there")
            complete += now - told.complete
            told.complete = now
            lost += [f"{n}: {wrong}" for wrong in told.differences()]
            if ask("SELECT count(*) FROM entry WHERE state = 'pending'") != [(0,)]:
                halves.append(f"{n}: a pending import was not purged")
            indexed = ask("SELECT (SELECT count(*) FROM search_text WHERE search_text MATCH 'thing'), (SELECT count(*) FROM search_progress)")
            if indexed != [(there["phrases"], 0)]:
                unindexed.append(f"{n}: {indexed} of {there['phrases']} phrases are indexed")
        tap.ok(killed > kills // 4, f"/kill/{killed} of {kills} programs were killed in their life", str(killed))
        tap.ok(not unsound, "/kill/the database opens and is sound after each", "\n".join(unsound))
        tap.ok(not lost, f"/kill/everything acknowledged is there ({acknowledged} reviews, {batches} batches of a run)", "\n".join(lost[:5]))
        tap.ok(acknowledged >= 2 * kills, f"/kill/{acknowledged} reviews were acknowledged")
        tap.ok(not halves, f"/kill/half-done imports are absent or complete ({complete} are complete)", "\n".join(halves[:5]))
        tap.ok(not unindexed, "/kill/the text index is whole after the next writer", "\n".join(unindexed[:5]))
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
