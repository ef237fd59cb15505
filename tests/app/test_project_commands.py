# SPDX-License-Identifier: MIT
"""The subcommands of alidade on a project, as the manual promises them: no display, no session bus, any locale.

    test_project_commands.py ALIDADE SAMPLES
"""

import fcntl
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade, samples = map(os.path.abspath, sys.argv[1:3])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-project-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C", "XDG_DATA_HOME": str(work / "data")}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]


def run(*arguments, status=0, name=None):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work)
    if done.returncode != status or name:
        tap.ok(done.returncode == status, name or f"/project/{arguments[0]} ends with {status}",
               f"{arguments}: {done.returncode}\n{done.stderr.decode()[:500]}")
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def rows(project, what, *options):
    return [json.loads(line) for line in run("list", project, what, "--json", *options)[0].splitlines()]


def state(project):
    return {what: rows(project, what) for what in ("images", "captions", "phrases", "regions", "verdicts")}


COCO = {
    "annotations": [
        {"id": 7, "image_id": 1, "category_id": 3, "bbox": [10.1, 20.3, 30.7, 40.9], "area": 1255.63, "iscrowd": 0, "mine": [1, {"a": None}]},
        {"id": 8, "image_id": 1, "category_id": 3, "bbox": [0.1, 0.2, 5, 5], "area": 25, "iscrowd": 0, "phrase": "red-kite x:y AND *"},
        {"id": 9, "image_id": 1, "category_id": 3, "bbox": [0.1, 0.2, 5, 5], "area": 25, "iscrowd": 0, "phrase": "red-kite x:y AND *"},
        {"id": 10, "image_id": 2, "category_id": 3, "bbox": [1, 2, 0, 5], "phrase": "左の犬"},
        {"id": 11, "image_id": 2, "category_id": 3, "bbox": [0, 0, 2, 2], "iscrowd": 1,
         "segmentation": {"size": [480, 640], "counts": [0, 2, 478, 2, 480 * 640 - 482]}},
        {"id": 12, "image_id": 2, "category_id": 3, "bbox": [630, 470, 50, 50]},
        {"id": 13, "image_id": 77, "category_id": 3, "bbox": [1, 1, 2, 2]}],
    "images": [{"id": 1, "file_name": "deep/scene-00.png", "width": 448, "height": 448, "license": 4},
               {"id": 2, "file_name": "nowhere é.jpg", "width": 640, "height": 480}],
    "categories": [{"id": 3, "name": "kite", "supercategory": "toy"}]}


def check_import():
    (work / "coco.json").write_text(json.dumps(COCO))
    run("new", "p", name="/project/new")
    run("new", "p", status=1, name="/project/new refuses an existing one")
    report = json.loads(run("import", "p", "coco.json", "--images", samples, "--json", name="/project/import")[0])
    tap.ok(report["format"] == "coco" and [report[k] for k in ("images", "phrases", "regions", "missing", "outside")] ==
           [2, 4, 5, 1, 1], "/project/import counts", str(report))
    tap.ok([s["where"] for s in report["skipped"]] == ["annotations[3]", "annotations[6]"], "/project/import lists what it skips")
    before = state("p")
    tap.ok([i["state"] for i in before["images"]] == ["ok", "missing"] and before["images"][0]["path"] == "scene-00.png",
           "/project/pictures by base name; a missing one is kept", str(before["images"]))
    tap.ok([p["regions"] for p in before["phrases"]] == [1, 2, 0, 2], "/project/equal texts of an image are one phrase")
    tap.ok(before["regions"][0]["box"] == [10.1, 20.3, 10.1 + 30.7, 20.3 + 40.9], "/project/fractions are kept")
    run("import", "p", "coco.json", "--images", samples, "--json")
    tap.ok(state("p") == before and len(rows("p", "journal")) == 1, "/project/the same source twice adds nothing")
    run("export", "p", "back.json", "--format", "coco")
    back = json.loads((work / "back.json").read_text())
    first = back["annotations"][0]
    tap.ok(first["bbox"] == [10.1, 20.3, 30.7, 40.9] and first["area"] == 1255.63 and first["mine"] == [1, {"a": None}] and
           [a["id"] for a in back["annotations"]] == [1, 2, 3, 4, 5] and back["images"][0]["license"] == 4,
           "/project/untouched numbers and unknown keys come back", json.dumps(back)[:600])
    run("export", "p", "back.json", "--format", "coco", status=1, name="/project/export overwrites nothing unasked")
    run("export", "p", "back.json", "--format", "coco", "--force", name="/project/export --force")
    tap.ok(not [n for n in os.listdir(work) if ".part-" in n], "/project/nothing is left beside an export")


def check_search():
    def found(text):
        return [p["text"] for p in rows("p", "phrases", "--filter", text)]

    tap.ok(found("red-kite") == ["red-kite x:y AND *"] and found("x:y") == found("AND") == found("red ki") == ["red-kite x:y AND *"],
           "/search/what is typed is text", str(found("red-kite")))
    tap.ok(len(found("*")) == 4 and len(found("'")) == 4, "/search/a term without letter restricts nothing")
    tap.ok(found("犬") == found("の犬") == ["左の犬"] and found("犬左") == [], "/search/Han characters stand apart")
    tap.ok(len(rows("p", "images", "--filter", "ene-0")) == 1 and len(rows("p", "phrases", "--limit", 2)) == 2, "/search/part of a file name")


def check_review():
    phrases = {p["text"]: p for p in rows("p", "phrases")}
    kite, two, none = phrases["kite"], phrases["red-kite x:y AND *"], phrases["左の犬"]
    kite = next(p for p in rows("p", "phrases") if p["text"] == "kite")
    start = state("p")
    run("review", "p", "--set", f"{two['id']}=accepted", "--by", "ann", name="/review/accepted")
    verdict = rows("p", "verdicts")[0]
    mine = [r for r in rows("p", "regions") if r["phrase_id"] == two["id"]]
    tap.ok(verdict["regions"] == [mine[0]["revision"]] and not verdict["stale"] and verdict["pass"] == 1 and verdict["by"] == "ann",
           "/review/a verdict names the revision it approves", str(verdict))
    run("export", "p", "a.json", "--format", "coco")
    tap.ok(sum(a.get("phrase") == two["text"] for a in json.loads((work / "a.json").read_text())["annotations"]) == 1,
           "/review/labels are exactly the regions that the verdict names")
    run("review", "p", "--set", f"{none['id']}=accepted", "--by", "ann", status=1, name="/review/nothing to accept")
    run("review", "p", "--set", f"{kite['id']}=corrected", "--by", "ann", status=2, name="/review/corrected needs a box")
    run("review", "p", "--set", f"{kite['id']}=corrected", "--box", "1,2,3.5,4", "--by", "ann", name="/review/corrected")
    changed = [r for r in rows("p", "regions") if r["phrase_id"] == kite["id"]]
    tap.ok([r["box"] for r in changed] == [[1, 2, 3.5, 4]] and changed[0]["origin"] == "person" and
           changed[0]["id"] == start["regions"][0]["id"], "/review/an imported region gets a new revision", str(changed))
    run("import", "p", "coco.json", "--images", samples)
    tap.ok([r["box"] for r in rows("p", "regions") if r["phrase_id"] == kite["id"]] == [[1, 2, 3.5, 4]],
           "/review/a corrected record does not come back with its file")
    run("review", "p", "--set", f"{two['id']}=absent", "--by", "bob")
    run("export", "p", "b.json", "--format", "coco")
    tap.ok(not any(a.get("phrase") == two["text"] for a in json.loads((work / "b.json").read_text())["annotations"]),
           "/review/the latest verdict decides; absent means none")
    run("undo", "p", "--by", "bob", name="/undo/one's own")
    run("undo", "p", "--by", "bob", status=1, name="/undo/nothing left")
    run("undo", "p", "--by", "ann")
    tap.ok([r["box"] for r in rows("p", "regions") if r["phrase_id"] == kite["id"]] == [start["regions"][0]["box"]],
           "/undo/a correction with its verdict")
    run("undo", "p", "--by", "ann")
    tap.ok(state("p") == start, "/undo/everything as it was")
    run("redo", "p", "--by", "ann")
    run("redo", "p", "--by", "ann", name="/redo/twice")
    run("redo", "p", "--by", "ann", status=1, name="/redo/nothing left")
    tap.ok([v["verdict"] for v in rows("p", "verdicts")] == ["accepted", "corrected"], "/redo/across processes")
    kinds = [j["kind"] for j in rows("p", "journal")]
    tap.ok(kinds == ["import", "verdict", "verdict", "verdict", "undo", "undo", "undo", "redo", "redo"], "/journal/appended", str(kinds))
    # Bob changes what ann approved: stale, and good again when he takes it back.
    run("review", "p", "--set", f"{two['id']}=corrected", "--box", "7,7,9,9", "--by", "bob")
    tap.ok([v["stale"] for v in rows("p", "verdicts") if v["by"] == "ann" and v["phrase_id"] == two["id"]] == [True], "/review/stale by another's edit")
    run("undo", "p", "--by", "bob")
    tap.ok(not any(v["stale"] for v in rows("p", "verdicts")), "/review/good again when the edit is undone")
    entry = rows("p", "journal")[0]["target"]
    run("undo", "p", "--entry", entry, status=1, name="/undo/an import with verdicts on it stays")
    run("undo", "p", "--by", "ann")
    run("undo", "p", "--by", "ann")
    run("undo", "p", "--entry", entry, name="/undo/a whole import")
    tap.ok(rows("p", "images") == [], "/undo/its rows are hidden")
    run("redo", "p", "--entry", entry)
    tap.ok(state("p") == start, "/redo/a whole import")


def check_proposals():
    (work / "results.json").write_text(json.dumps([
        {"image_id": 1, "category_id": 3, "bbox": [5, 5, 10, 10], "score": 0.9}, {"image_id": 1, "category_id": 3, "bbox": [6, 6, 10, 10], "score": 0.4},
        {"image_id": 9, "category_id": 3, "bbox": [5, 5, 10, 10], "score": 0.9}]))
    report = json.loads(run("import", "p", "results.json", "--json")[0])
    tap.ok(report["format"] == "coco-results" and report["regions"] == 2 and len(report["skipped"]) == 1, "/project/results as proposals", str(report))
    kite = next(p for p in rows("p", "phrases") if p["text"] == "kite")
    tap.ok([r["origin"] for r in rows("p", "regions") if r["phrase_id"] == kite["id"]] == ["import", "detector", "detector"], "/project/their origin")
    run("export", "p", "c.json", "--format", "coco")
    run("export", "p", "d.json", "--format", "coco", "--proposals")
    tap.ok([len(json.loads((work / n).read_text())["annotations"]) for n in ("c.json", "d.json")] == [5, 7], "/project/proposals only when asked for")


LABELME = {"version": "5.4.1", "imagePath": "nowhere.jpg", "imageData": None, "imageHeight": 90, "imageWidth": 80, "mine": {"kept": [1.5]}, "shapes": [
    {"label": "kite", "description": "red kite", "points": [[40, 40], [10, 10]], "shape_type": "rectangle", "group_id": 7, "own": "x"},
    {"label": "pole", "points": [[1, 1], [4, 4]], "shape_type": "line"},
    {"label": "dog", "points": [[1, 1], [40, 1], [40, 40.5]], "shape_type": "polygon"}]}


def check_write_back():
    (work / "labelme").mkdir()
    file = work / "labelme" / "a.json"
    file.write_text(json.dumps(LABELME))
    run("new", "l")
    run("import", "l", "labelme", name="/labelme/import of a folder, guessed")
    phrases = {p["text"]: p["id"] for p in rows("l", "phrases")}
    tap.ok(set(phrases) == {"red kite", "pole", "dog"}, "/labelme/description before label", str(phrases))
    run("export", "l", "--format", "labelme", "--write-back", name="/labelme/write back without changes")
    back = json.loads(file.read_text())
    tap.ok(back["shapes"][0] | LABELME["shapes"][0] == back["shapes"][0] and back["mine"] == LABELME["mine"], "/labelme/untouched shapes and keys stay")
    run("review", "l", "--set", f"{phrases['red kite']}=corrected", "--box", "2,3,5.5,7")
    run("review", "l", "--set", f"{phrases['dog']}=absent")
    run("export", "l", "--format", "labelme", "--write-back", name="/labelme/write back changes")
    back = json.loads(file.read_text())
    tap.ok([s["label"] for s in back["shapes"]] == ["kite", "pole"] and back["shapes"][0]["points"] == [[2, 3], [5.5, 7]] and
           back["shapes"][0]["own"] == "x" and back["shapes"][0]["group_id"] == 7 and back["mine"] == LABELME["mine"],
           "/labelme/changes are in the file, unknown keys and lines stay", json.dumps(back)[:800])
    back["shapes"][0]["points"] = [[0, 0], [1, 1]]
    file.write_text(json.dumps(back))
    _, said = run("export", "l", "--format", "labelme", "--write-back", name="/labelme/a shape that another program changed is left alone")
    tap.ok(json.loads(file.read_text()) == back and "another program" in said, "/labelme/as it is, and that is said", said)


def check_samples():
    where = run("new", "--samples", name="/samples/made in the user's data folder")[0].strip()
    tap.ok(where == str(work / "data" / "alidade" / "samples"), "/samples/and told where", where)
    phrases = rows(where, "phrases")
    tap.ok(len(rows(where, "images")) == len(rows(where, "captions")) == 24 and phrases and rows(where, "regions") == [] and
           all(p["caption"][p["start"]:p["end"]] == p["text"] for p in phrases), "/samples/captions and spans, no regions", str(phrases[:2]))


def check_hostile():
    (work / "refs").mkdir()
    (work / "refs" / "instances.json").write_text('{"images":[],"annotations":[]}')
    (work / "refs" / "refs(x).p").write_bytes(b"cposix\nsystem\n(S'touch pwned'\ntR.")
    run("import", "p", "refs", "--format", "refcoco", status=1, name="/hostile/a pickle that names a function is refused")
    tap.ok(not (work / "pwned").exists(), "/hostile/and nothing was run")


def check_safety():
    with open(work / "p" / "project.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _, said = run("undo", "p", status=3, name="/safety/a second writer is refused")
        tap.ok("process" in said or "another program" in said, "/safety/and told by whom", said)
        tap.ok(len(rows("p", "images")) == 2, "/safety/readers work meanwhile")
        run("backup", "p", "copy", name="/safety/backup of a project in use")
    tap.ok(state("copy") == state("p") and rows("copy", "journal") == rows("p", "journal"), "/safety/the backup is the same")
    run("backup", "p", "copy", status=1, name="/safety/backup overwrites nothing")
    run("check", "p", "--json", name="/safety/check")
    newer = sqlite3.connect(work / "copy" / "project.alidade")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    for command in (["list", "copy", "images", "--json"], ["undo", "copy"], ["check", "copy"], ["import", "copy", "coco.json"]):
        run(*command, status=4, name=f"/safety/{command[0]} refuses a newer file")
    (work / "broken.json").write_text(json.dumps(COCO)[:-30])
    before = state("p")
    run("import", "p", "broken.json", "--images", samples, "--format", "coco", status=1, name="/safety/a broken file is refused")
    tap.ok(state("p") == before, "/safety/and nothing changed")
    (work / "p2").mkdir()
    (work / "p2" / "project.alidade").write_bytes(b"no database at all" * 100)
    run("check", "p2", "--json", status=1, name="/safety/what is no project is told")
    run("list", "nowhere", "images", "--json", status=1, name="/safety/no project at all")
    run("list", "p", "sprites", "--json", status=2, name="/safety/no such list")
    run("export", "p", "x", "--format", "sprites", status=2, name="/safety/no such format")


def main():
    try:
        check_import()
        check_search()
        check_review()
        check_proposals()
        check_write_back()
        check_samples()
        check_hostile()
        check_safety()
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
