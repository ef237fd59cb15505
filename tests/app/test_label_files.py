# SPDX-License-Identifier: MIT
"""Files of LabelMe, X-AnyLabeling and Label Studio: what comes in, what goes out, and what a write-back changes in them.

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
    tap.ok("written back: 2 files" in said, "/back/how many files", said)
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


def bits(numbers):
    """(value, bits) pairs as bytes."""
    text = "".join(format(value, f"0{n}b") for value, n in numbers)
    text += "0" * (-len(text) % 8)
    return [int(text[i:i + 8], 2) for i in range(0, len(text), 8)]


def brush(pixels):
    """Four channels a pixel: equal numbers as a run of the second length, others one by one."""
    head = [(4 * len(pixels), 32), (7, 5), (2, 4), (7, 4), (3, 4), (15, 4)]
    for i, pixel in enumerate(pixels):
        head += [(1, 1), (1, 2), (3, 8), (255, 8)] if pixel else [(0, 1), (0, 2), (3, 3), (9, 8), (8, 8), (7, 8), (0, 8)]
    return bits(head)


def result(id, kind, value, **more):
    return {"id": id, "type": kind, "from_name": "label", "to_name": "image", "original_width": 200, "original_height": 100,
            "image_rotation": 0, "value": value, **more}


def words(id, text, start, end, name="caption"):
    return {"id": id, "type": "labels", "from_name": "phrase", "to_name": name, "value": {"start": start, "end": end, "text": text, "labels": ["x"]}}


def tie(a, b):
    return {"type": "relation", "from_id": a, "to_id": b, "direction": "right", "labels": []}


def check_studio():
    pixels = [int(5 <= i % 200 < 9 and 3 <= i // 200 < 5) for i in range(200 * 100)]
    caption = "\U0001f415 a dog by a \u5de6 tree"
    box = {"x": 10, "y": 20, "width": 5, "height": 10, "rotation": 0}
    tasks = [
        {"id": 1, "data": {"image": "/data/upload/7/0123abcd-a%20b.jpg", "caption": caption}, "annotations": [
            {"id": 1, "was_cancelled": False, "result": [
                result("a", "rectanglelabels", {**box, "rectanglelabels": ["cat", "pet"]}),
                result("b", "rectanglelabels", {"x": 50, "y": 50, "width": 20, "height": 20, "rotation": 90, "rectanglelabels": ["turned"]}),
                result("c", "polygonlabels", {"points": [[1, 2], [50, 2], [1, 40.5]], "polygonlabels": ["roof"]}),
                result("d", "brushlabels", {"format": "rle", "rle": brush(pixels), "brushlabels": ["soft"]}),
                result("e", "ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 10, "rotation": 90, "ellipselabels": ["wheel"]}),
                result("f", "keypointlabels", {"x": 5, "y": 5, "width": 1, "keypointlabels": ["spot"]}),
                result("g", "rectangle", box), {"id": "g", "type": "textarea", "from_name": "t", "to_name": "image", "value": {"text": ["typed text"]}},
                result("h", "rectangle", box), result("h", "labels", {**box, "labels": ["twice"]}),
                result("i", "rectangle", box),
                result("j", "rectanglelabels", {**box, "rectanglelabels": ["animal"]}), words("k", "a dog", 3, 8), words("l", "a \u5de6 tree", 12, 20),
                tie("j", "k"), tie("l", "j"),
                result("m", "brushlabels", {"format": "rle", "rle": brush(pixels)[:9], "brushlabels": ["cut off"]})]},
            {"id": 2, "was_cancelled": True, "result": [result("z", "rectanglelabels", {**box, "rectanglelabels": ["cancelled"]})]}],
         "predictions": [{"model_version": "m1", "score": 0.25, "result": [
             result("p", "rectanglelabels", {**box, "rectanglelabels": ["guess"]}, score=0.75), result("q", "rectanglelabels", {**box, "rectanglelabels": ["guess"]})]}]},
        {"id": 2, "data": {"photo": "https://host.example/pics/x%20y.jpg?sig=1#z"}, "annotations": []},
        {"id": 3, "data": {"image": "/data/local-files/?d=deep/%C3%B6.jpg"}, "annotations": []},
        {"id": 4, "data": {"image": "s3://bucket/deep/q?.jpg"}, "annotations": []}]
    (work / "tasks.json").write_text(json.dumps(tasks))
    run("new", "ls")
    report = json.loads(run("import", "ls", "tasks.json", "--json")[0])
    regions, images = {r["phrase"]: r for r in rows("ls", "regions")}, [i["path"] for i in rows("ls", "images")]
    tap.ok(report["format"] == "label-studio" and images == ["a b.jpg", "pics/x y.jpg", "deep/\u00f6.jpg", "deep/q?.jpg"],
           "/studio/names out of addresses", str(images))
    tap.ok(regions["cat"]["box"] == [20, 20, 30, 30] and regions["cat"]["id"] == regions["pet"]["id"], "/studio/two labels share a region of percents")
    near = [[round(v, 9) for v in point] for point in regions["turned"]["polygon"][0]]
    tap.ok(near == [[100, 50], [100, 90], [80, 90], [80, 50]], "/studio/a rectangle turns about its corner, in pixels", str(near))
    tap.ok(regions["roof"]["polygon"] == [[[2, 2], [100, 2], [2, 40.5]]], "/studio/polygons")
    tap.ok(regions["soft"]["kind"] == "mask" and regions["soft"]["box"] == [5, 3, 9, 5], "/studio/the brush's bits", str(regions.get("soft")))
    tap.ok([round(v) for v in regions["wheel"]["box"]] == [90, 30, 110, 70], "/studio/an ellipse turned about its centre", str(regions["wheel"]["box"]))
    tap.ok(regions["typed text"]["box"] == regions["twice"]["box"] == [20, 20, 30, 30] and "cancelled" not in regions, "/studio/labels of results beside")
    spans = {p["text"]: (p["start"], p["end"], p["caption"]) for p in rows("ls", "phrases") if p["caption"]}
    tap.ok(spans == {"a dog": (2, 7, caption), "a \u5de6 tree": (11, 19, caption)} and "animal" not in regions and
           regions["a dog"]["id"] == regions["a \u5de6 tree"]["id"], "/studio/relations to words, counted in UTF-16", str(spans))
    guess = [(r["origin"], r["score"], r["model"]) for r in rows("ls", "regions") if r["phrase"] == "guess"]
    tap.ok(sorted(guess) == [("detector", 0.25, "m1"), ("detector", 0.75, "m1")] and regions["cat"]["origin"] == "import", "/studio/predictions are proposals", str(guess))
    tap.ok(sorted(s["where"].split(".")[-1] for s in report["skipped"]) == ["result[10]", "result[16]", "result[5]"], "/studio/what is left out is listed",
           str(report["skipped"]))
    run("export", "ls", "again.json", "--format", "label-studio", "--proposals")
    run("new", "ls2")
    run("import", "ls2", "again.json")
    for what, keys in (("phrases", ("image", "caption", "start", "end", "text", "regions")), ("regions", ("image", "phrase", "kind", "origin", "score", "model", "rle"))):
        want, have = (sorted(str([x.get(k) for k in keys]) for x in rows(p, what)) for p in ("ls", "ls2"))
        tap.ok(want == have, f"/studio/{what} come back", f"{want}\n{have}")
    run("new", "hs")
    run("export", "h", "shared.json", "--format", "label-studio", "--proposals")
    run("import", "hs", "shared.json")
    for what, keys in (("phrases", ("caption", "start", "end", "text", "chain", "types", "regions")), ("regions", ("phrase", "kind", "origin", "score"))):
        want, have = (sorted(str([x.get(k) for k in keys]) for x in rows(p, what)) for p in ("h", "hs"))
        tap.ok(want == have, f"/studio/{what} with chains, types and holes come back", f"{want}\n{have}")
    polygons = [r for r in rows("hs", "regions") if r["kind"] == "polygon"]
    tap.ok(len({r["id"] for r in polygons}) == 1 and len(polygons[0]["polygon"]) == 2 and polygons[0]["fill"] == "evenodd", "/studio/a shared region stays one, with its hole")


def main():
    try:
        check_shapes()
        check_twins()
        check_shared()
        check_back()
        check_new_files()
        check_studio()
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
