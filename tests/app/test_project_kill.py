# SPDX-License-Identifier: MIT
"""Programs killed (SIGKILL) at random moments: imports, a background writer, reviews. Afterwards the database opens, is
sound, every acknowledged review is there, and each import is absent or complete.

    test_project_kill.py ALIDADE [KILLS]

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

alidade = os.path.abspath(sys.argv[1])
kills = int(os.environ.get("ALIDADE_KILLS", sys.argv[2] if len(sys.argv) > 2 else 40))
seed = int(os.environ.get("ALIDADE_SEED", random.randrange(2**32)))
chance = random.Random(seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-kill-"))
PER_IMPORT = 600  # phrases


def run(*arguments):
    return subprocess.run([alidade, *map(str, arguments)], capture_output=True, text=True, cwd=work)


def coco(path, n, prefix):
    images = [{"id": i + 1, "file_name": f"{prefix}-{i}.jpg", "width": 100, "height": 80} for i in range(n // 10)]
    notes = [{"id": i, "image_id": i // 10 + 1, "category_id": 1, "phrase": f"{prefix} thing {i}", "bbox": [1, 2, 3 + i % 7, 4]} for i in range(n)]
    (work / path).write_text(json.dumps({"images": images, "annotations": notes, "categories": [{"id": 1, "name": "thing"}]}))


def count(what):
    """By another program than the one tested."""
    database = sqlite3.connect(f"file:{work}/p/project.alidade?mode=ro", uri=True)
    try:
        return database.execute(f"SELECT count(*) FROM {what}").fetchone()[0]
    finally:
        database.close()


def run_and_kill(arguments, typical):
    """Starts a program and kills it somewhere in its life, or lets it end. What it printed is what it acknowledged."""
    began = time.monotonic()
    program = subprocess.Popen([alidade, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work, text=True)
    time.sleep(chance.random() * typical)
    program.send_signal(signal.SIGKILL)
    out, _ = program.communicate()
    return out, program.returncode, time.monotonic() - began


def main():
    try:
        run("new", "p")
        coco("first.json", 60, "first")
        run("import", "p", "first.json")
        phrases = [json.loads(line)["id"] for line in run("list", "p", "phrases", "--json").stdout.splitlines()]
        coco("try.json", PER_IMPORT, "try")
        shutil.copytree(work / "p", work / "timing")
        began = time.monotonic()
        run("import", "timing", "try.json")
        import_time = time.monotonic() - began
        began = time.monotonic()
        run("review", "timing", "--set", f"{phrases[0]}=rejected")
        review_time = time.monotonic() - began
        tap.ok(len(phrases) == 60, f"/kill/prepared: an import takes {import_time:.2f} s, a review {review_time:.2f} s; ALIDADE_SEED={seed}")

        acknowledged, reviews, complete, killed, unsound, lost, halves = 0, 0, 0, 0, [], [], []
        batch = 0
        for n in range(kills):
            if n % 2 == 0:
                coco("next.json", PER_IMPORT, f"import {n}")
                out, status, _ = run_and_kill(["import", "p", "next.json"], import_time * 1.2)
                killed += status == -signal.SIGKILL
                told = "regions are new" in out
            else:
                # A reviewer of her own each time, so that every acknowledged review is a row of its own.
                phrase = chance.choice(phrases)
                out, status, _ = run_and_kill(["review", "p", "--set", f"{phrase}=rejected", "--by", f"r{n}"], review_time * 1.2)
                killed += status == -signal.SIGKILL
                reviews += 1
                acknowledged += out.strip() == f"{phrase} rejected"
                told = False
            # The next writer opens it, purges what was half done, and checks it.
            check = run("check", "p", "--json", "--repair")
            if check.returncode != 0:
                unsound.append(f"{n}: {check.stdout}{check.stderr}")
                break
            there = json.loads(check.stdout)
            if (there["phrases"] - 60) % PER_IMPORT != 0:
                halves.append(f"{n}: {there['phrases']} phrases")
            if told and (there["phrases"] - 60) // PER_IMPORT <= complete:
                lost.append(f"{n}: an import that was acknowledged is not there")
            complete = (there["phrases"] - 60) // PER_IMPORT
            if not acknowledged <= there["verdicts"] <= reviews:
                lost.append(f"{n}: {acknowledged} reviews acknowledged of {reviews}, {there['verdicts']} there")
            if count("entry WHERE state = 'pending'") != 0:
                halves.append(f"{n}: a pending import was not purged")
            batch += 1
        tap.ok(killed > kills // 4, f"/kill/{killed} of {kills} programs were killed in their life", str(killed))
        tap.ok(not unsound, "/kill/the database opens and is sound after each", "\n".join(unsound))
        tap.ok(not lost, f"/kill/every acknowledged change is there ({acknowledged} reviews)", "\n".join(lost[:5]))
        tap.ok(not halves, f"/kill/half-done imports are absent or complete ({complete} are complete)", "\n".join(halves[:5]))
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
