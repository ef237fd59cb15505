# SPDX-License-Identifier: MIT
"""Files of LabelMe and X-AnyLabeling: what comes in, what goes out, and what a write-back changes in them.

    test_label_files.py ALIDADE
"""

import base64
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-labels-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C"}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]


def run(*arguments, status=0):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work)
    if done.returncode != status:
        tap.ok(False, f"/files/{arguments[0]} ends with {status}", f"{arguments}: {done.returncode}\n{done.stderr.decode()[:500]}")
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def rows(project, what):
    return [json.loads(line) for line in run("list", project, what, "--json")[0].splitlines()]


def png(width, height, rows_of_pixels):
    """A greyscale PNG as base64."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    data = b"".join(b"\0" + bytes(row) for row in rows_of_pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")).decode()


def picture(path, width, height, orientation):
    """A JPEG up to the size of its frame, with an EXIF orientation."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1" + struct.pack(">HHI", orientation, 0, 0)
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    path.write_bytes(b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + b"\xff\xc0" +
                     struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0\0\xff\xd9")


def shape(label, points, kind="rectangle", **more):
    return {"label": label, "points": points, "group_id": None, "description": "", "shape_type": kind, "flags": {}, "mask": None, **more}


def document(name, width, height, shapes, **more):
    return {"version": "5.5.0", "flags": {"day": True}, "shapes": shapes, "imagePath": name, "imageData": None,
            "imageHeight": height, "imageWidth": width, **more}


def put(path, value, indent=2):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), encoding="utf-8")


def get(path):
    return json.loads(path.read_text(encoding="utf-8"))


def back(project, *options, status=0, format="labelme"):
    return run("export", project, "--format", format, "--write-back", *options, status=status)


def check_shapes():
    folder = work / "shapes"
    folder.mkdir()
    (folder / "deep").mkdir()
    picture(folder / "a.jpg", 60, 40, 1)
    picture(folder / "alone.jpg", 10, 10, 1)
    put(folder / "deep" / "a.json", document("..\\a.jpg", 60, 40, [
        shape("two corners", [[30, 20], [10.5, 5]]),
        shape("four corners", [[1, 2], [3, 2], [3, 9], [1, 9]]),
        shape("no area", [[4, 4], [4, 9]]),
        shape("said", [[0, 0], [5, 0], [0, 5]], "polygon", description="a triangle"),
        shape("round", [[20, 20], [25, 20]], "circle"),
        shape("leaning", [[10, 5], [15, 10], [10, 15], [5, 10]], "oriented_rectangle"),
        shape("spot", [[3, 3]], "point"),
        shape("soft", [[2, 3], [4, 4]], "mask", mask=png(3, 2, [[1, 0, 1], [0, 255, 0]])),
        shape("own size", [[58.5, 38.5], [58.5, 38.5]], "mask", mask=png(3, 3, [[1] * 3] * 3)),
        shape("no picture", [[2, 3], [4, 4]], "mask", mask="bm8="),
    ]))
    (folder / "other.json").write_text("[1, 2]")
    run("new", "s")
    report = json.loads(run("import", "s", folder, "--json")[0])
    regions = {r["phrase"]: r for r in rows("s", "regions")}
    tap.ok(report["format"] == "labelme" and [i["path"] for i in rows("s", "images")] == ["a.jpg", "alone.jpg"],
           "/labelme/a folder is guessed, its pictures are found by backslashes too, and those without a file", str(report))
    tap.ok(regions["two corners"]["box"] == [10.5, 5, 30, 20] and regions["four corners"]["box"] == [1, 2, 3, 9], "/labelme/rectangles of 2 and 4 points")
    tap.ok(regions["a triangle"]["polygon"] == [[[0, 0], [5, 0], [0, 5]]] and "said" not in regions, "/labelme/the description before the label")
    tap.ok(len(regions["round"]["polygon"][0]) == 64 and len(regions["leaning"]["polygon"][0]) == 4, "/labelme/circles and leaning rectangles")
    tap.ok(regions["soft"]["kind"] == "mask" and regions["soft"]["box"] == [2, 3, 5, 5], "/labelme/a mask between whole corners", str(regions.get("soft")))
    tap.ok(regions["own size"]["box"] == [58, 38, 60, 40], "/labelme/a mask of its own size, cut at the border", str(regions.get("own size")))
    tap.ok(len(report["skipped"]) == 4 and {"no area", "spot", "no picture"} <= {p["text"] for p in rows("s", "phrases")},
           "/labelme/what has no area is listed, its phrase stays", str(report["skipped"]))
    run("export", "s", "out", "--format", "labelme")
    again = get(work / "out" / "a.json")
    kinds = {s["label"]: s for s in again["shapes"]}
    tap.ok(kinds["round"]["shape_type"] == "circle" and kinds["leaning"]["shape_type"] == "oriented_rectangle" and
           kinds["said"]["description"] == "a triangle", "/labelme/untouched shapes are of their kind again", str(kinds)[:600])
    tap.ok((work / "out" / again["imagePath"]).resolve() == (folder / "a.jpg").resolve(), "/labelme/the picture is found from the file", again["imagePath"])
    run("export", "s", "copied", "--format", "labelme", "--copy-images")
    tap.ok((work / "copied" / "images" / get(work / "copied" / "images" / "a.json")["imagePath"]).is_file(), "/labelme/or lies beside it as a copy")
    run("export", "s", "any", "--format", "x-anylabeling")
    dialect = get(work / "any" / "a.json")["shapes"]
    tap.ok(all(len(s["points"]) == 4 for s in dialect if s["shape_type"] == "rectangle") and not any(s["shape_type"] == "mask" for s in dialect),
           "/x-anylabeling/four points, and no masks")
    run("new", "y")
    report = json.loads(run("import", "y", "any", "--images", folder, "--json")[0])
    tap.ok(report["format"] == "x-anylabeling" and {r["phrase"]: r["rle"] for r in rows("y", "regions") if r["kind"] == "mask"}["soft"] == regions["soft"]["rle"],
           "/x-anylabeling/is guessed, and outlines are the mask again", str(report))


def check_twins():
    folder = work / "twins"
    folder.mkdir()
    for name in ("a.jpg", "a.jpeg"):
        picture(folder / name, 10, 10, 1)
    run("new", "t")
    run("import", "t", folder, "--format", "folder")
    run("export", "t", "twins-out", "--format", "labelme")
    tap.ok(len(list((work / "twins-out").iterdir())) == 2, "/labelme/pictures that differ in their ending get a file each")


def check_shared():
    line = {"image": str(work / "shapes" / "a.jpg"), "width": 60, "height": 40}
    region = {"id": "1", "kind": "polygon", "box": [1, 1, 20, 20], "polygon": [[[1, 1], [20, 1], [20, 20]], [[4, 2], [18, 2], [18, 16]]], "fill": "evenodd"}
    caption = "a red kite over a red kite"
    (work / "shared.jsonl").write_text("\n".join(json.dumps(x) for x in (
        {"alidade-manifest": 1},
        line | {"text": "red kite", "caption": caption, "start": 2, "end": 10, "chain": "5", "types": ["toys"], "regions": [region]},
        line | {"text": "a red kite", "caption": caption, "start": 16, "end": 26, "regions": [region]},
        line | {"text": "nothing", "caption": None, "start": None, "end": None, "regions": []},
        line | {"text": "maybe", "caption": None, "start": None, "end": None, "regions": [
            {"kind": "box", "box": [1, 1, 2, 2], "origin": "detector", "score": 0.5, "label": False}]})))
    run("new", "h")
    run("import", "h", "shared.jsonl")
    for format in ("labelme", "x-anylabeling"):
        run("export", "h", f"shared-{format}", "--format", format, "--proposals")
        run("new", f"h-{format}")
        run("import", f"h-{format}", f"shared-{format}", "--format", format)
        for what, keys in (("phrases", ("caption", "start", "end", "text", "chain", "types", "regions")), ("regions", ("phrase", "kind", "polygon", "box", "score"))):
            want, have = ([[x.get(k) for k in keys] for x in sorted(rows(p, what), key=str)] for p in ("h", f"h-{format}"))
            tap.ok(sorted(map(str, want)) == sorted(map(str, have)), f"/{format}/{what} with captions, chains and holes come back", f"{want}\n{have}")
        regions = rows(f"h-{format}", "regions")
        tap.ok(len({r["id"] for r in regions if r["kind"] == "polygon"}) == 1, f"/{format}/a shared region stays one")
        tap.ok([r["origin"] for r in regions if r["phrase"] == "maybe"] == ["detector"], f"/{format}/a proposal stays one")
    file = next((work / "shared-labelme").rglob("a.json"))
    value = get(file)
    rings = [s for s in value["shapes"] if s["shape_type"] == "polygon"]
    rings[0]["points"][0] = [0.5, 0.5]
    put(file, value)
    run("new", "edited")
    run("import", "edited", "shared-labelme")
    polygons = [r["polygon"] for r in rows("edited", "regions") if r["kind"] == "polygon"]
    tap.ok(len(rings) == 4 and [[0.5, 0.5], [20, 1], [20, 20]] in sum(polygons, []), "/labelme/a corner moved in the tool is moved", str(polygons))


def check_back():
    folder = work / "back"
    folder.mkdir()
    picture(folder / "a.jpg", 60, 40, 6)
    picture(folder / "b.jpg", 60, 40, 1)
    picture(folder / "c.jpg", 60, 40, 1)
    # Upright, that is 40 x 60.
    first = document("a.jpg", 40, 60, [
        shape("kite", [[5.0, 6.0], [15.0, 26.0]], own={"x": 10.0}), shape("dog", [[1.0, 1.0], [9.0, 1.0], [9.0, 8.0]], "polygon"),
        shape("line", [[0.0, 0.0], [5.0, 5.0]], "line"), shape("soft", [[2.0, 3.0], [4.0, 4.0]], "mask", mask=png(3, 2, [[1] * 3] * 2)),
        shape("kite", [[5.0, 6.0], [15.0, 26.0]])], mine=["kept", 7])
    put(folder / "a.json", first)
    put(folder / "b.json", document("b.jpg", 60, 40, [shape("cat", [[1, 1], [2, 1], [2, 2], [1, 2]], difficult=False)]), None)
    os.chmod(folder / "a.json", 0o640)
    run("new", "b")
    run("import", "b", folder, "--format", "labelme")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.iterdir()}
    back("b")
    tap.ok({p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.iterdir()} == before, "/back/without changes no file is touched")
    phrases = {p["text"]: p["id"] for p in rows("b", "phrases")}
    # Stored 60 x 40 turned by 6: upright (x, y) = stored (y, 40 - x).
    run("review", "b", "--set", f"{phrases['dog']}=corrected", "--box", "10,12,20,32")
    run("review", "b", "--set", f"{phrases['soft']}=rejected")
    run("review", "b", "--set", f"{phrases['cat']}=corrected", "--box", "3,4,5,6")
    said = back("b")[0]
    now = get(folder / "a.json")
    tap.ok("2 files changed" in said, "/back/how many files", said)
    tap.ok([s["label"] for s in now["shapes"]] == ["kite", "dog", "line", "kite"] and now["shapes"][0] == first["shapes"][0] and
           now["shapes"][2] == first["shapes"][2] and now["mine"] == first["mine"] and now["flags"] == first["flags"],
           "/back/untouched shapes, lines, and keys stay", json.dumps(now)[:900])
    tap.ok(now["shapes"][1]["points"] == [[8, 10], [28, 20]] and now["shapes"][1]["shape_type"] == "rectangle",
           "/back/a corrected polygon is a rectangle of the upright picture", str(now["shapes"][1]))
    text = (folder / "a.json").read_text()
    tap.ok(text.startswith('{\n  "version": "5.5.0",\n  "flags": {\n    "day": true\n  },\n') and (folder / "a.json").stat().st_mode & 0o777 == 0o640,
           "/back/indent and permissions stay", text[:200])
    text = (folder / "b.json").read_text()
    tap.ok("\n" not in text and json.loads(text)["shapes"][0]["points"] == [[3, 4], [5, 4], [5, 6], [3, 6]], "/back/as does one line, and four points", text)
    # Twice: the same; and what was written is not imported as something new.
    stamp = (folder / "a.json").stat().st_mtime_ns
    back("b")
    tap.ok((folder / "a.json").stat().st_mtime_ns == stamp, "/back/twice changes nothing")
    count = len(rows("b", "regions"))
    report = json.loads(run("import", "b", folder, "--format", "labelme", "--json")[0])
    tap.ok(len(rows("b", "regions")) == count, "/back/what was written back comes in as what it is", str(report))
    # A later change, and one undone.
    run("review", "b", "--set", f"{phrases['dog']}=corrected", "--box", "10,12,20,30")
    run("review", "b", "--set", f"{phrases['cat']}=absent")
    back("b")
    tap.ok(get(folder / "a.json")["shapes"][1]["points"] == [[10, 10], [28, 20]] and get(folder / "b.json")["shapes"] == [], "/back/a later change")
    run("undo", "b")
    run("undo", "b")
    back("b")
    tap.ok(get(folder / "a.json")["shapes"][1]["points"] == [[8, 10], [28, 20]] and len(get(folder / "b.json")["shapes"]) == 1, "/back/and its undoing",
           str(get(folder / "b.json")["shapes"]))
    # Another program adds one shape, moves another, and drops a third.
    value = get(folder / "a.json")
    value["shapes"].append(shape("added", [[1, 1], [2, 2]]))
    value["shapes"][1]["points"] = [[8, 10], [29, 20]]
    del value["shapes"][0]
    put(folder / "a.json", value)
    run("review", "b", "--set", f"{phrases['dog']}=corrected", "--box", "1,1,2,2")
    said = back("b")[1]
    tap.ok(get(folder / "a.json") == value and "another program" in said, "/back/what another program did stays, and that is said", said)
    # Read-only: nothing is changed anywhere.
    run("review", "b", "--set", f"{phrases['cat']}=corrected", "--box", "1,1,7,7")
    if os.geteuid() != 0:
        os.chmod(folder, 0o500)
        said = back("b", status=1)[1]
        os.chmod(folder, 0o700)
        tap.ok("b.json" in said, "/back/a folder that takes no file is named", said)
    os.rename(folder / "b.json", folder / "b.gone")
    said = back("b", status=1)[1]
    tap.ok("b.json" in said and get(folder / "a.json") == value, "/back/a file that is gone is named, and none is changed", said)
    os.rename(folder / "b.gone", folder / "b.json")
    (folder / "b.json").write_text("{")
    said = back("b", status=1)[1]
    tap.ok("b.json" in said and get(folder / "a.json") == value and not list(folder.glob("*part*")), "/back/as is a damaged one", said)


def check_new_files():
    folder = work / "fresh"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        picture(folder / name, 60, 40, 1)
    put(folder / "a.json", document("a.jpg", 60, 40, [shape("kite", [[1, 1], [2, 2]])]))
    (work / "more.jsonl").write_text("\n".join(json.dumps(x) for x in (
        {"alidade-manifest": 1}, {"image": str(folder / "b.jpg"), "width": 60, "height": 40, "text": "boat", "regions": []},
        {"image": str(folder / "a.jpg"), "width": 60, "height": 40, "text": "other", "regions": [{"kind": "box", "box": [3, 3, 9, 9]}]},
        {"image": str(folder / "a.jpg"), "width": 60, "height": 40, "text": "found", "regions": [{"kind": "box", "box": [5, 5, 9, 9], "origin": "detector"}]})))
    run("new", "f")
    run("import", "f", folder)
    run("import", "f", "more.jsonl")
    phrases = {p["text"]: p["id"] for p in rows("f", "phrases")}
    run("review", "f", "--set", f"{phrases['boat']}=corrected", "--box", "2,3,5,6")
    run("review", "f", "--set", f"{phrases['found']}=accepted")
    back("f")
    tap.ok([s["label"] for s in get(folder / "b.json")["shapes"]] == ["boat"] and get(folder / "b.json")["imagePath"] == "b.jpg",
           "/back/a picture without file gets one, if it lies there")
    tap.ok([s["label"] for s in get(folder / "a.json")["shapes"]] == ["kite", "found"], "/back/what a person accepted is added, other imports are not",
           str([s["label"] for s in get(folder / "a.json")["shapes"]]))
    back("f", status=1, format="x-anylabeling")


def main():
    try:
        check_shapes()
        check_twins()
        check_shared()
        check_back()
        check_new_files()
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
