# SPDX-License-Identifier: MIT
"""The rules of a project from the command line: which verdict decides, what undo refuses, regions that phrases share,
folders that cannot be written to, pictures that change, go and come back, and an index that was cut off.

    test_project_rules.py ALIDADE
"""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-rules-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C"}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]


def run(*arguments, status=0, **more):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work, **more)
    if done.returncode != status:
        tap.ok(False, f"/rules/{arguments[0]} ends with {status}", f"{arguments}: {done.returncode}\n{done.stderr.decode()[:500]}")
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def rows(project, what, *options):
    return [json.loads(line) for line in run("list", project, what, "--json", *options)[0].splitlines()]


def check(project, *options):
    return json.loads(run("check", project, "--json", *options)[0])


def picture(path, width, height, more=b""):
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0" + more + b"\0\xff\xd9")


def manifest(name, *lines):
    path = work / name
    path.write_text("\n".join(json.dumps(line) for line in ({"alidade-manifest": 1}, *lines)), encoding="utf-8")
    return path


def record(image, text, *boxes, **more):
    return {"image": image, "width": 100, "height": 80, "text": text, "regions": [{"box": list(box), "origin": "import"} for box in boxes], **more}


def labels(project):
    """What an export gives each phrase."""
    run("export", project, "labels.jsonl", "--format", "manifest", "--force")
    lines = [json.loads(line) for line in (work / "labels.jsonl").read_text().splitlines()[1:]]
    return {line["text"]: [r["box"] for r in line["regions"]] for line in lines if line["text"] is not None}


def review(project, phrase, verdict, by, *options, status=0):
    return run("review", project, "--set", f"{phrase}={verdict}", "--by", by, *options, status=status)


def check_deciding():
    run("new", "d")
    run("import", "d", manifest("d.jsonl", record("a.jpg", "kite", (1, 1, 9, 9)), record("a.jpg", "dog", (5, 5, 8, 8))))
    kite = next(p["id"] for p in rows("d", "phrases") if p["text"] == "kite")
    review("d", kite, "accepted", "ann")
    review("d", kite, "rejected", "bob")
    tap.ok(labels("d")["kite"] == [], "/deciding/the latest verdict decides")
    review("d", kite, "accepted", "zoe", "--adjudicated")
    review("d", kite, "absent", "bob", "--pass", "2")
    tap.ok(labels("d")["kite"] == [[1, 1, 9, 9]], "/deciding/the adjudicated one does, also against later ones")
    review("d", kite, "corrected", "ann", "--box", "2,2,6,6")
    verdicts = {(v["by"], v["pass"]): v for v in rows("d", "verdicts")}
    tap.ok(verdicts["zoe", 1]["adjudicated"] and verdicts["zoe", 1]["stale"] and not verdicts["ann", 1]["stale"],
           "/deciding/it is stale once its region is another one", str(verdicts))
    tap.ok(labels("d")["kite"] == [[2, 2, 6, 6]], "/deciding/and then the phrase has what was imported and what people made", str(labels("d")))
    run("undo", "d", "--by", "ann")
    run("undo", "d", "--by", "zoe")
    tap.ok(labels("d")["kite"] == [], "/deciding/undone, the latest decides again")
    # The latest that is not stale.
    dog = next(p["id"] for p in rows("d", "phrases") if p["text"] == "dog")
    review("d", dog, "rejected", "ann")
    review("d", dog, "accepted", "bob")
    tap.ok(labels("d")["dog"] == [[5, 5, 8, 8]], "/deciding/the later one accepts")
    review("d", dog, "corrected", "cid", "--box", "1,1,3,3")
    review("d", dog, "unsure", "cid")
    tap.ok([v["stale"] for v in rows("d", "verdicts") if v["phrase_id"] == dog] == [False, True, False] and labels("d")["dog"] == [[1, 1, 3, 3]],
           "/deciding/unsure, being the latest, leaves what people made", str(labels("d")["dog"]))


def check_undo():
    run("new", "u")
    run("import", "u", manifest("u.jsonl", record("a.jpg", "kite", (1, 1, 9, 9))))
    kite = rows("u", "phrases")[0]["id"]
    review("u", kite, "corrected", "ann", "--box", "2,2,6,6")
    review("u", kite, "corrected", "bob", "--box", "3,3,7,7")
    said = run("undo", "u", "--by", "ann", status=1)[1]
    tap.ok("changed since" in said and "ann" in said and "bob" in said, "/undo/refused where somebody changed it since; the history is shown", said)
    tap.ok(labels("u")["kite"] == [[3, 3, 7, 7]] and len(rows("u", "journal")) == 3, "/undo/and nothing changed")
    run("undo", "u", "--by", "bob")
    run("undo", "u", "--by", "ann")
    tap.ok(labels("u")["kite"] == [[1, 1, 9, 9]], "/undo/in the other order both go back")
    # More regions of a model on the phrase are no change of it.
    review("u", kite, "corrected", "ann", "--box", "2,2,6,6")
    run("import", "u", manifest("u2.jsonl", record("a.jpg", "kite", (4, 4, 5, 5))), "--as", "proposals")
    run("undo", "u", "--by", "ann")
    tap.ok(labels("u")["kite"] == [[1, 1, 9, 9]], "/undo/a run that added regions is no change of what is undone")


def check_shared():
    shared = {"image": "a.jpg", "width": 100, "height": 80, "regions": [{"id": "1", "box": [1, 1, 9, 9], "origin": "import"}]}
    run("new", "s")
    run("import", "s", manifest("s.jsonl", shared | {"text": "kite"}, shared | {"text": "toy"}))
    before = rows("s", "regions")
    kite, toy = (next(p["id"] for p in rows("s", "phrases") if p["text"] == text) for text in ("kite", "toy"))
    tap.ok(before[0]["id"] == before[1]["id"], "/shared/one region of two phrases")
    review("s", toy, "accepted", "bob")
    review("s", kite, "corrected", "ann", "--box", "2,2,6,6")
    after = {r["phrase"]: r for r in rows("s", "regions")}
    tap.ok(labels("s") == {"kite": [[2, 2, 6, 6]], "toy": [[1, 1, 9, 9]]} and after["toy"]["id"] == before[0]["id"] != after["kite"]["id"],
           "/shared/corrected for one phrase only, it is copied for that one", str(after))
    tap.ok(not any(v["stale"] for v in rows("s", "verdicts")), "/shared/the other one's verdict holds")
    run("undo", "s", "--by", "ann")
    tap.ok(rows("s", "regions") == before, "/shared/undone, it is shared again")
    tap.ok(check("s")["sound"], "/shared/undone, the project is sound")


def check_half_purged():
    """What is left of an import that was cut off, and whose purging was cut off as well (the disk was full)."""
    run("new", "h")
    run("import", "h", manifest("h.jsonl", record("a.jpg", "kite", (1, 1, 9, 9)), record("a.jpg", "dog", (2, 2, 9, 9))))
    with contextlib.closing(sqlite3.connect(work / "h" / "project.alidade")) as database:
        database.execute("UPDATE entry SET state = 'pending'")
        database.execute("DELETE FROM link")
        database.commit()
    found = check("h")
    tap.ok(found["sound"] and found["images"] == found["regions"] == 0, "/purge/half of it is no damage", str(found))
    run("import", "h", work / "h.jsonl")
    tap.ok(check("h")["sound"] and len(rows("h", "regions")) == 2, "/purge/the next writer ends it")


def as_somebody(function):
    """Without the powers of root, who may write anywhere; None where the tests have them but cannot leave them."""
    if os.geteuid() != 0:
        return function({})
    somebody = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run([alidade, "--version"], capture_output=True, env=environment, check=True, **somebody)
    except (OSError, subprocess.CalledProcessError):
        return None
    os.chmod(work, 0o755)
    return function(somebody)


def check_read_only(somebody):
    run("new", "r")
    run("import", "r", manifest("r.jsonl", record("a.jpg", "kite", (1, 1, 9, 9))))
    phrase = rows("r", "phrases")[0]["id"]
    folder = work / "r"
    names = sorted(os.listdir(folder))
    os.chmod(folder, 0o555)
    out = run("list", "r", "phrases", "--json", **somebody)[0]
    tap.ok(json.loads(out)["text"] == "kite" and sorted(os.listdir(folder)) == names, "/read-only/without a log it is read as it is, and nothing is made")
    said = run("review", "r", "--set", f"{phrase}=rejected", "--by", "x", status=1, **somebody)[1]
    tap.ok("project.lock" in said and "only be read" in said, "/read-only/writing is refused with the reason", said)
    os.chmod(folder, 0o755)
    # A log beside it, as a writer leaves one that was killed.
    keep = sqlite3.connect(folder / "project.alidade")
    keep.execute("PRAGMA wal_autocheckpoint = 0")
    keep.execute("UPDATE image SET mtime = 5")
    keep.commit()
    copy = work / "r-killed"
    shutil.copytree(folder, copy)
    keep.close()
    tap.ok((copy / "project.alidade-wal").stat().st_size > 0, "/read-only/there is a log")
    os.chmod(copy, 0o555)
    said = run("list", "r-killed", "phrases", "--json", status=1, **somebody)[1]
    tap.ok("project.alidade-wal" in said and "Copy the whole folder" in said, "/read-only/with a log the message says what to do", said)
    os.chmod(copy, 0o755)
    tap.ok(len(rows("r-killed", "phrases")) == 1, "/read-only/where it can be written to it opens")
    return True


def check_pictures():
    folder = work / "pictures"
    picture(folder / "a.jpg", 100, 80)
    picture(folder / "b.jpg", 60, 40, b"b")
    picture(folder / "deep" / "c.jpg", 60, 40, b"b")
    run("new", "x")
    run("import", "x", manifest("x.jsonl", record("pictures/a.jpg", "kite", (1, 1, 99, 79)), record("pictures/b.jpg", "dog", (1, 1, 9, 9)),
                               record("pictures/deep/c.jpg", "cat")))
    found = check("x")
    tap.ok(found["duplicates"] == 1 and any("b.jpg" in note and "c.jpg" in note for note in found["notes"]), "/pictures/equal ones are named", str(found))
    tap.ok(all(i["full_hash"] is None for i in rows("x", "images")), "/pictures/whole files are not read at once")
    check("x", "--hashes")
    images = {i["path"].split("/")[-1]: i for i in rows("x", "images")}
    sums = {name: subprocess.run(["sha256sum", folder / ("deep/" if name == "c.jpg" else "") / name], capture_output=True, text=True).stdout[:64] for name in images}
    tap.ok({n: i["full_hash"] for n, i in images.items()} == sums, "/pictures/their full hashes are filled in on request", str(images))
    # New content at a path.
    regions = rows("x", "regions")
    picture(folder / "a.jpg", 50, 40, b"new")
    found = check("x")
    tap.ok(found["changed"] == 1 and found["sound"] and rows("x", "images")[0]["state"] == "ok", "/changed/new content is seen; a reader writes nothing", str(found))
    check("x", "--repair")
    tap.ok([i["state"] for i in rows("x", "images")] == ["changed", "ok", "ok"] and rows("x", "regions") == regions, "/changed/and noted; the regions stay")
    tap.ok(check("x", "--repair")["changed"] == 1, "/changed/it is asked about until it is answered")
    found = check("x", "--accept-changed")
    image = rows("x", "images")[0]
    tap.ok(image["state"] == "ok" and [image["width"], image["height"]] == [50, 40] and image["full_hash"] is None and rows("x", "regions") == regions,
           "/changed/taken as it is now, with its new size", str(image))
    tap.ok(found["changed"] == 0 and found["outside"] == 1 and check("x")["changed"] == 0, "/changed/once", str(found))
    # In the middle of a file, where only the full hash sees it.
    big = folder / "b.jpg"
    picture(big, 60, 40, b"x" * 300000)
    check("x", "--accept-changed")
    check("x", "--hashes")
    data = bytearray(big.read_bytes())
    data[150000] = ord("y")
    big.write_bytes(data)
    tap.ok(check("x")["changed"] == 1, "/changed/in the middle of a large file")
    check("x", "--accept-changed")
    # An import sees it, too.
    picture(folder / "deep" / "c.jpg", 60, 40, b"an import meets this")
    notes = json.loads(run("import", "x", "x.jsonl", "--json")[0])["notes"]
    tap.ok([i["state"] for i in rows("x", "images")] == ["ok", "ok", "changed"] and any("new content" in note for note in notes), "/changed/an import notes it", str(notes))
    check("x", "--accept-changed")
    # A disk that is away.
    os.rename(folder, work / "away")
    found = check("x", "--repair")
    tap.ok(found["missing"] == 3 and found["sound"] and {i["state"] for i in rows("x", "images")} == {"missing"}, "/missing/pictures of a disk that is away show as such", str(found))
    tap.ok(rows("x", "regions") == regions, "/missing/their regions stay")
    os.rename(work / "away", folder)
    found = check("x", "--repair")
    tap.ok(found["missing"] == 0 and found["found_again"] == 3 and {i["state"] for i in rows("x", "images")} == {"ok"}, "/missing/and come back", str(found))
    os.rename(folder, work / "away")
    check("x", "--repair")
    os.rename(work / "away", folder)
    picture(folder / "b.jpg", 60, 40, b"another one")
    run("import", "x", "x.jsonl")
    tap.ok([i["state"] for i in rows("x", "images")] == ["ok", "changed", "ok"], "/missing/what comes back as something else is asked about",
           str(rows("x", "images")))


def check_index():
    """An import that was killed after it showed its rows and before they were indexed."""
    run("new", "i")
    run("import", "i", manifest("i.jsonl", record("a.jpg", "kite", (1, 1, 9, 9)), record("b.jpg", "dog", (5, 5, 8, 8))))
    tap.ok([p["text"] for p in rows("i", "phrases", "--filter", "kite")] == ["kite"], "/index/a phrase is found")
    database = sqlite3.connect(work / "i" / "project.alidade")
    left = database.execute("SELECT count(*) FROM search_progress").fetchone()[0]
    (entry,) = database.execute("SELECT id FROM entry").fetchone()
    # As the one transaction leaves it that shows an import: nothing is indexed, and that is marked.
    database.execute("INSERT INTO search_text (search_text) VALUES ('delete-all')")
    database.execute("INSERT INTO search_name (search_name) VALUES ('delete-all')")
    database.executemany("INSERT INTO search_progress VALUES (?, ?, 0)", [(entry, kind) for kind in ("image", "caption", "phrase")])
    database.commit()
    database.close()
    tap.ok(left == 0 and rows("i", "phrases", "--filter", "kite") == [], "/index/it is gone")
    review("i", rows("i", "phrases")[0]["id"], "rejected", "ann")
    tap.ok([p["text"] for p in rows("i", "phrases", "--filter", "kite")] == ["kite"] and len(rows("i", "images", "--filter", "b.jpg")) == 1,
           "/index/the next writer completes it, whatever it came for")


def main():
    try:
        check_deciding()
        check_undo()
        check_shared()
        check_half_purged()
        if as_somebody(check_read_only) is None:
            tap.skip("/read-only", "needs another user than this one")
        check_pictures()
        check_index()
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
