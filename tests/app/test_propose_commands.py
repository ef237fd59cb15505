# SPDX-License-Identifier: MIT
"""alidade propose and alidade stats, from a terminal: no display, progress on stderr, Ctrl+C and on again.

    test_propose_commands.py ALIDADE SAMPLES
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade, samples = map(os.path.abspath, sys.argv[1:3])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-propose-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C", "XDG_DATA_HOME": str(work / "data")}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "ALIDADE_DATA_DIR"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]


def run(*arguments, status=0, name=None):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work)
    if done.returncode != status or name:
        tap.ok(done.returncode == status, name or f"/propose/{arguments[0]} ends with {status}",
               f"{arguments}: {done.returncode}\n{done.stderr.decode()[:500]}")
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def rows(project, what):
    return [json.loads(line) for line in run("list", project, what, "--json")[0].splitlines()]


def make(name, copies=1):
    """A project of the sample scenes' captions; more pictures by copying them."""
    lines = ['{"alidade-manifest": 1}']
    for copy in range(copies):
        folder = work / f"{name}-{copy}"
        shutil.copytree(samples, folder)
        for scene in json.loads((folder / "scenes.json").read_text()):
            lines.append(json.dumps({"image": str(folder / scene["image"]), "text": scene["caption"], "caption": scene["caption"]}))
    (work / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    run("new", name)
    run("import", name, f"{name}.jsonl")


def check_run():
    make("p")
    out, err = run("propose", "p", "--phrases", "--json", name="/propose/finds phrases and proposes")
    report = json.loads(out)
    tap.ok(report["phrases"] == report["done_phrases"] == report["new_phrases"] == len(rows("p", "phrases")) > 50 and
           not report["resumed"], "/propose/its report", out)
    tap.ok("phrases" in err and "\r" not in err, "/propose/progress goes to standard error", err)
    regions = rows("p", "regions")
    tap.ok({r["phrase_id"] for r in regions if r["origin"] == "map"} == {p["id"] for p in rows("p", "phrases")} and
           all(0 <= r["score"] <= 1 and r["model"].startswith("alidade-mini ") for r in regions),
           "/propose/each phrase has a region of its map", str(regions[:2]))
    words = {p["text"] for p in rows("p", "phrases")}
    tap.ok({"a carrot", "a flower"} <= words, "/propose/noun phrases", str(sorted(words))[:300])
    out, _ = run("propose", "p", "--filter", "carrot", "--masks", "--quick", "--json")
    some = json.loads(out)
    tap.ok(0 < some["phrases"] < report["phrases"] and any(r["kind"] == "mask" for r in rows("p", "regions")),
           "/propose/a filter, and masks", out)
    run("undo", "p", "--entry", some["entry"], name="/propose/a run is undone as a whole")
    tap.ok(len(rows("p", "regions")) == len(regions), "/propose/and its regions are gone")
    run("propose", "p", "--threshold", "2", status=2, name="/propose/wrong usage ends with 2")
    run("propose", "nowhere", status=1, name="/propose/no project ends with 1")
    run("propose", "p", "--model", "nothing.pth", status=1, name="/propose/no model ends with 1")
    _, err = run("propose", "p", "--twin", status=1, name="/propose/a model without a twin says so")
    tap.ok("momentum" in err, "/propose/in words", err)


def check_stop():
    """Ctrl+C in the middle, more than once: what was done stays, the rest follows, nothing twice."""
    make("q", copies=6)
    command = [alidade, "propose", "q", "--phrases", "--json"]
    stopped = 0
    for _ in range(3):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=work, text=True)
        line = child.stderr.readline()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=120)
        stopped += child.returncode == 130
        if child.returncode not in (0, 130):
            tap.ok(False, "/propose/Ctrl+C", f"{child.returncode} {line} {err}")
        if child.returncode == 0:
            break
    tap.ok(stopped > 0, "/propose/Ctrl+C ends it", f"{child.returncode} {err}")
    out, _ = run("propose", "q", "--phrases", "--json")
    report = json.loads(out)
    tap.ok(report["resumed"] and report["done_phrases"] == report["phrases"], "/propose/a second call goes on", out)
    journal = [j for j in rows("q", "journal") if j["kind"] == "run"]
    regions = rows("q", "regions")
    keys = {(r["phrase_id"], tuple(r["box"])) for r in regions}
    tap.ok(len(journal) == 1 and len(keys) == len(regions), "/propose/one run, nothing twice", f"{len(journal)} {len(keys)} {len(regions)}")
    tap.ok({r["phrase_id"] for r in regions} == {p["id"] for p in rows("q", "phrases")}, "/propose/and nothing left out")
    child = subprocess.Popen([alidade, "propose", "q", "--alone", "--json"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                             env=environment, cwd=work)
    child.stderr.readline()
    child.kill()
    child.communicate()
    again = json.loads(run("propose", "q", "--alone", "--json")[0])
    sound = json.loads(run("check", "q", "--json")[0])
    tap.ok(again["done_phrases"] == again["phrases"] and sound["sound"], "/propose/killed, it goes on, too", f"{again} {sound}")


def check_stats():
    phrases = rows("p", "phrases")
    run("review", "p", "--set", f"{phrases[0]['id']}=accepted", "--by", "ann")
    run("review", "p", "--set", f"{phrases[1]['id']}=corrected", "--box", "1,1,9,9", "--by", "ann")
    out, _ = run("stats", "p", "--json", "--csv", "s.csv", "--html", "s.html", name="/stats/reports")
    figures = json.loads(out)
    tap.ok(figures["verdicts"]["map"]["accepted"] == 1 and figures["verdicts"]["map"]["corrected"] == 1 and
           figures["project"]["all"]["decided"] == 2 and figures["pointing"]["all"]["phrases"] == 2, "/stats/figures", out[:400])
    tap.ok("verdicts,map,accepted,1\n" in (work / "s.csv").read_text() and "</html>" in (work / "s.html").read_text(), "/stats/CSV and page")
    tap.ok("2 of " in run("stats", "p")[0], "/stats/for people")
    os.mkfifo(work / "pipe")
    _, err = run("stats", "p", "--csv", "pipe", status=1)
    tap.ok("pipe" in err and (work / "pipe").is_fifo(), "/stats/what is there and no file is not replaced", err)
    _, err = run("stats", "p", "--calibrate", "--json", name="/stats/learns")
    tap.ok("2 verdicts, too few" in err, "/stats/and says when there are too few", err)


try:
    check_run()
    check_stop()
    check_stats()
finally:
    shutil.rmtree(work, ignore_errors=True)
sys.exit(tap.done())
