# SPDX-License-Identifier: MIT
"""Changes written back into the files that were imported, read by other means than ours: what was corrected is changed,
every other byte stays; a write-back that fails leaves all files as they were; what was written comes in as nothing new.

    test_write_back.py ALIDADE
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-back-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C"}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]


def run(*arguments, status=0, **more):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work, **more)
    if done.returncode != status:
        tap.ok(False, f"/back/{arguments[0]} ends with {status}", f"{arguments}: {done.returncode}\n{done.stderr.decode()[:500]}")
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def rows(project, what):
    return [json.loads(line) for line in run("list", project, what, "--json")[0].splitlines()]


def phrases(project):
    return {p["text"]: p["id"] for p in rows(project, "phrases")}


def correct(project, phrase, *box):
    run("review", project, "--set", f"{phrases(project)[phrase]}=corrected", "--box", ",".join(map(str, box)))


def picture(path, width, height, orientation=1):
    """A JPEG up to the size of its frame."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1" + struct.pack(">HHI", orientation, 0, 0)
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + b"\xff\xc0" +
                     struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0\0\xff\xd9")


def snapshot(folder):
    """Everything below a folder: bytes, and which file it is."""
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def literal(text):
    """JSON with numbers as they are written."""
    return json.loads(text, parse_float=str, parse_int=str)


# The bytes of four sources. Every number is written as no program of ours would.
LABELME_A = """{
  "version": "5.5.0", "flags": {"day": true},
  "shapes": [
    {"label": "kite", "points": [[10.10, 1.5e1], [3.0e1, 40.00]], "group_id": null, "description": "",
     "shape_type": "rectangle", "flags": {}, "mine": {"weight": 1.50, "big": 12345678901234567890}},
    {"label": "dog", "points": [[1.10, 1.00], [9.0, 1.0], [9.00, 8.0]], "shape_type": "polygon", "flags": { }},
    {"label": "way", "points": [[0.0, 0.0], [5.50, 5.0]], "shape_type": "line", "note": "caf\\u00e9"}
  ],
  "imagePath": "a.jpg", "imageData": null, "imageHeight": 80, "imageWidth": 100, "own": [1.0, 2.00, {"deep": null}]
}
"""
LABELME_B = LABELME_A.replace("a.jpg", "b.jpg").replace('"kite"', '"cat"').replace('"dog"', '"bird"')


def four_corners(text):
    return text.replace("[[10.10, 1.5e1], [3.0e1, 40.00]]", "[[10.10, 15.0], [30.0, 15.0], [30.0, 40.00], [10.10, 40.00]]").replace(
        '"flags": {"day": true},', '"flags": {"day": true}, "checked": false, "description": "",')


COCO = """{"info": {"year": 2020, "version": 1.0}, "licenses": [{"id": 4, "name": "x"}],
 "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80, "license": 4}, {"id": 2, "file_name": "b.jpg", "width": 100, "height": 80}],
 "annotations": [
  {"id": 7, "image_id": 1, "category_id": 3, "bbox": [10.10, 1.5e1, 19.90, 25.00], "area": 497.500, "iscrowd": 0, "mine": {"w": 1.50}},
  {"id": 8, "image_id": 1, "category_id": 5, "bbox": [1.00, 1, 8, 7.0], "area": 56, "iscrowd": 0, "note": "caf\\u00e9"},
  {"id": 9, "image_id": 2, "category_id": 5, "bbox": [2, 2, 4.0, 4], "area": 16.0, "iscrowd": 0},
  {"id": 10, "image_id": 99, "category_id": 3, "bbox": [2, 2, 4.0, 4]}],
 "categories": [{"id": 3, "name": "kite", "supercategory": "toy"}, {"id": 5, "name": "dog"}], "own": [1.0, 2.00]}
"""


def prepare(format, folder):
    picture(folder / "images" / "a.jpg", 100, 80)
    picture(folder / "images" / "b.jpg", 100, 80)
    if format == "coco":
        (folder / "instances.json").write_text(COCO)
        run("new", format)
        run("import", format, folder / "instances.json", "--images", folder / "images")
        return
    if format == "yolo":
        (folder / "labels").mkdir()
        (folder / "data.yaml").write_text("# mine\nnames: [kite, dog, 'cat']\nnc: 3\n")
        # 100 x 80: kite 10,15,30,40; dog 1,1,9,8.
        (folder / "labels" / "a.txt").write_text("0 0.2000 0.34375 0.20 0.3125\n1 0.0500 0.05625 0.08 0.0875\r\n1 0.1 0.1 0.3 0.1 0.3 0.30\n")
        (folder / "labels" / "b.txt").write_text("2 0.50 0.50 0.20 0.2\n1 0.9000 0.9 0.1 0.1\n")
    else:
        for name, text in (("a", LABELME_A), ("b", LABELME_B)):
            (folder / "images" / f"{name}.json").write_text(text if format == "labelme" else four_corners(text))
    run("new", format)
    run("import", format, folder, "--format", format)


def check_labelme(format, before, after):
    old, new = before["images/a.json"][0].decode(), after["images/a.json"][0].decode()
    points = "[[10.10, 1.5e1], [3.0e1, 40.00]]" if format == "labelme" else "[[10.10, 15.0], [30.0, 15.0], [30.0, 40.00], [10.10, 40.00]]"
    head, tail = old.split(points)
    dog = new.index('{"label": "dog"')
    tap.ok(new.startswith(head) and new[dog:new.index("  ],", dog)] == old[old.index('{"label": "dog"'):old.index("\n  ],") + 1],
           f"/{format}/every byte before the corners, and every other shape, stays", new)
    # The file's own key is ours; the rest of the end stays.
    rest = old[old.index('  "imagePath"'):].rstrip().removesuffix("}").rstrip()
    tap.ok(rest in new, f"/{format}/the end of the file stays", new)
    shape = literal(new)["shapes"][0]
    want = [["2", "3"], ["50.5", "60.25"]] if format == "labelme" else [["2", "3"], ["50.5", "3"], ["50.5", "60.25"], ["2", "60.25"]]
    # Numbers as Python reads them: 2.0 is 2.
    tap.ok([[float(n) for n in p] for p in shape["points"]] == [[float(n) for n in p] for p in want], f"/{format}/the corners are the new ones", str(shape))
    tap.ok(shape["mine"] == {"weight": "1.50", "big": "12345678901234567890"} and '"mine": {"weight": 1.50, "big": 12345678901234567890}' in new,
           f"/{format}/unknown fields of the changed shape keep their bytes", str(shape))


def check_coco(format, before, after):
    old, new = before["instances.json"][0].decode(), after["instances.json"][0].decode()
    head, tail = old.split('"bbox": [10.10, 1.5e1, 19.90, 25.00], "area": 497.500')
    tap.ok(new.startswith(head) and new.endswith(tail[tail.index('"mine"'):]), "/coco/every byte before and behind the numbers stays", new)
    note = literal(new)["annotations"][0]
    tap.ok([float(n) for n in note["bbox"]] == [2, 3, 48.5, 57.25] and float(note["area"]) == 48.5 * 57.25 and note["mine"] == {"w": "1.50"},
           "/coco/the box is the new one", str(note))


def check_yolo(format, before, after):
    old, new = before["labels/a.txt"][0].decode(), after["labels/a.txt"][0].decode()
    first, rest = new.split("\n", 1)
    name, *numbers = first.split(" ")
    x, y, w, h = map(float, numbers)
    box = [(x - w / 2) * 100, (y - h / 2) * 80, (x + w / 2) * 100, (y + h / 2) * 80]
    tap.ok(name == "0" and all(abs(a - b) < 1e-9 for a, b in zip(box, (2, 3, 50.5, 60.25))), "/yolo/the box is the new one", first)
    tap.ok(rest == old.split("\n", 1)[1], "/yolo/every other line keeps its bytes", repr(rest))


def check_format(format):
    folder = work / f"files-{format}"
    prepare(format, folder)
    before = snapshot(folder)
    run("export", format, "--format", format, "--write-back")
    tap.ok(snapshot(folder) == before, f"/{format}/without a change no file is touched")
    correct(format, "kite", 2, 3, 50.5, 60.25)
    run("export", format, "--format", format, "--write-back")
    after = snapshot(folder)
    changed = sorted(name for name in after if after[name] != before.get(name))
    tap.ok(set(after) == set(before) and len(changed) == 1, f"/{format}/one file changed, the others are untouched", str(changed))
    {"coco": check_coco, "yolo": check_yolo}.get(format, check_labelme)(format, before, after)
    count = [len(rows(format, what)) for what in ("images", "captions", "phrases", "regions", "verdicts", "journal")]
    source = [folder / "instances.json", "--images", folder / "images"] if format == "coco" else [folder]
    report = json.loads(run("import", format, *source, "--format", format, "--json")[0])
    tap.ok([report[k] for k in ("images", "captions", "phrases", "regions", "changed")] == [0] * 5 and
           [len(rows(format, what)) for what in ("images", "captions", "phrases", "regions", "verdicts", "journal")] == count,
           f"/{format}/imported again, it adds nothing", str(report))
    run("undo", format)
    run("export", format, "--format", format, "--write-back")
    value = {name: data[0] for name, data in snapshot(folder).items()}
    if format == "yolo":
        tap.ok(value["labels/a.txt"].decode().split("\n", 1)[1] == before["labels/a.txt"][0].decode().split("\n", 1)[1],
               "/yolo/undone, the other lines are still theirs")
    else:
        name = changed[0]
        old, new = json.loads(before[name][0]), json.loads(value[name])
        key = "annotations" if format == "coco" else "shapes"
        numbers = "bbox" if format == "coco" else "points"
        tap.ok(new[key][0][numbers] == old[key][0][numbers] and new[key][1:] == old[key][1:], f"/{format}/undone and written back, it is as it was", str(new[key]))


def as_somebody(function):
    """Without the powers of root, who may write anywhere; None where the tests have them but cannot leave them."""
    if os.geteuid() != 0:
        return function({})
    try:
        subprocess.run([alidade, "--version"], capture_output=True, user=65534, group=65534, env=environment, check=True)
    except (OSError, PermissionError, subprocess.CalledProcessError):
        return None
    for path in (work, *work.rglob("*")):
        os.chown(path, 65534, 65534)
    os.chmod(work, 0o755)
    return function({"user": 65534, "group": 65534, "extra_groups": []})


def check_failures():
    """Two files are to change, and the second one cannot."""
    folder = work / "files-two"
    for name in ("one", "two"):
        picture(folder / name / f"{name}.jpg", 100, 80)
        (folder / name / f"{name}.json").write_text(LABELME_A.replace("a.jpg", f"{name}.jpg").replace('"kite"', f'"kite {name}"'))
    run("new", "two")
    run("import", "two", folder, "--format", "labelme")
    correct("two", "kite one", 2, 3, 50, 60)
    correct("two", "kite two", 2, 3, 50, 60)
    before = snapshot(folder)

    def unchanged():
        return snapshot(folder) == before

    def read_only(somebody):
        os.chmod(folder / "two", 0o555)
        said = run("export", "two", "--format", "labelme", "--write-back", status=1, **somebody)[1]
        os.chmod(folder / "two", 0o755)
        tap.ok(unchanged() and "two.json" in said, "/fail/a folder that cannot be written to: both files are as they were, and it is named", said)
        return True

    def in_the_middle(somebody):
        """In a folder with the sticky bit one may make files, but not replace another's."""
        if not somebody:
            return None
        os.chown(folder / "two", 0, 0)
        os.chown(folder / "two" / "two.json", 0, 0)
        os.chmod(folder / "two", 0o1777)
        os.chmod(folder / "two" / "two.json", 0o666)
        said = run("export", "two", "--format", "labelme", "--write-back", status=1, **somebody)[1]
        os.chmod(folder / "two", 0o755)
        tap.ok({n: d[:1] for n, d in snapshot(folder).items()} == {n: d[:1] for n, d in before.items()} and "two.json" in said and "as they were" in said,
               "/fail/the second file cannot take its place: the first is put back", said)
        return True

    for name, test in (("a read-only folder", read_only), ("a failure in the middle", in_the_middle)):
        if as_somebody(test) is None:
            tap.skip(f"/fail/{name}", "needs another user than this one")
    second = folder / "two" / "two.json"
    text = second.read_text()
    second.write_text(text[:-30])
    broken = snapshot(folder)
    said = run("export", "two", "--format", "labelme", "--write-back", status=1)[1]
    tap.ok(snapshot(folder) == broken and "two.json" in said, "/fail/a file that another program cut off: all stay, and it is named", said)
    # Changed by another program: its record stays, and that is said; the other file gets its change.
    second.write_text(text.replace("[[10.10, 1.5e1], [3.0e1, 40.00]]", "[[11.25, 1.5e1], [3.0e1, 40.00]]"))
    theirs = second.read_bytes()
    said = run("export", "two", "--format", "labelme", "--write-back")[1]
    tap.ok(second.read_bytes() == theirs and "another program" in said and
           json.loads((folder / "one" / "one.json").read_text())["shapes"][0]["points"] == [[2, 3], [50, 60]],
           "/fail/a record that another program changed stays, and that is said", said)


def check_changed():
    """A record that changed in its file is listed, never applied over what a person said."""
    folder = work / "files-changed"
    picture(folder / "a.jpg", 100, 80)
    source = folder / "c.json"
    source.write_text(COCO)
    run("new", "changed")
    run("import", "changed", source)
    correct("changed", "kite", 2, 3, 50, 60)
    regions = rows("changed", "regions")
    source.write_text(COCO.replace("[10.10, 1.5e1, 19.90, 25.00]", "[11, 15, 19, 25]"))
    report = json.loads(run("import", "changed", source, "--json")[0])
    tap.ok(report["changed"] == 1 and report["regions"] == 0 and rows("changed", "regions") == regions and
           any("changed in the file" in s["why"] and "a.jpg" in s["where"] for s in report["skipped"]),
           "/changed/a person's correction stays, the file's change is listed", str(report))
    source.write_text(COCO.replace("[1.00, 1, 8, 7.0]", "[1.00, 1, 9, 7.0]"))
    report = json.loads(run("import", "changed", source, "--json")[0])
    tap.ok(report["changed"] == 1 and report["regions"] == 1 and any("changed in the file" in n for n in report["notes"]),
           "/changed/where no person said anything it comes in beside, and is listed", str(report))
    report = json.loads(run("import", "changed", source, "--json")[0])
    tap.ok(report["changed"] == 0 and report["regions"] == 0, "/changed/once", str(report))
    run("export", "changed", "out.json", "--format", "coco")
    out = json.loads((work / "out.json").read_text())
    tap.ok(out["info"] == {"year": 2020, "version": 1.0} and out["licenses"] == [{"id": 4, "name": "x"}], "/coco/info and licenses come back")
    captions = {"info": {"contributor": "me"}, "licenses": [{"id": 1}], "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}],
                "annotations": [{"id": 5, "image_id": 1, "caption": "a kite"}]}
    (work / "captions.json").write_text(json.dumps(captions))
    run("new", "captions")
    run("import", "captions", "captions.json")
    run("export", "captions", "captions-out.json", "--format", "coco-captions")
    out = json.loads((work / "captions-out.json").read_text())
    tap.ok(out["info"] == captions["info"] and out["licenses"] == captions["licenses"], "/coco-captions/too")


def check_put_back():
    """A record that a verdict took out of its file comes back with the verdict undone; one that another program took out
    stays out."""
    folder = work / "put-back"
    picture(folder / "coco/a.jpg", 100, 80)
    note = {"image_id": 5, "iscrowd": 0, "segmentation": []}
    notes = [{"id": 9, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "mine": {"w": 1.5}, **note},
             {"id": 11, "category_id": 1, "bbox": [10, 20, 30, 40], "area": 1200, **note},
             {"id": 12, "category_id": 2, "bbox": [5, 5, 10, 10], "area": 100, **note}]
    document = {"images": [{"id": 5, "file_name": "a.jpg", "width": 100, "height": 80}], "annotations": notes,
                "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]}
    file = folder / "coco/c.json"
    file.write_text(json.dumps(document))
    run("new", "put-coco")
    run("import", "put-coco", file)
    run("review", "put-coco", "--set", f"{phrases('put-coco')['dog']}=rejected")
    run("export", "put-coco", "--format", "coco", "--write-back")
    tap.ok([a["id"] for a in json.loads(file.read_text())["annotations"]] == [12], "/put back/coco: taken out")
    run("undo", "put-coco")
    run("export", "put-coco", "--format", "coco", "--write-back")
    bare = [{k: v for k, v in a.items() if k != "id"} for a in json.loads(file.read_text())["annotations"]]
    want = [{k: v for k, v in a.items() if k != "id"} for a in (notes[2], notes[0], notes[1])]
    tap.ok(bare == want, "/put back/coco: there again, with what is not ours", str(bare))
    document["annotations"] = notes[:2]
    file.write_text(json.dumps(document))
    run("export", "put-coco", "--format", "coco", "--write-back")
    tap.ok(json.loads(file.read_text()) == document, "/put back/coco: what nobody denied here and is not there stays out")

    picture(folder / "yolo/a.jpg", 100, 80)
    labels = "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.5 0.1 0.5 0.5\n1 0.5 0.5 0.1 0.1\n"
    (folder / "yolo/a.txt").write_text(labels)
    (folder / "yolo/classes.txt").write_text("dog\ncat\n")
    run("new", "put-yolo")
    run("import", "put-yolo", folder / "yolo")
    run("review", "put-yolo", "--set", f"{phrases('put-yolo')['cat']}=rejected")
    run("export", "put-yolo", "--format", "yolo", "--write-back")
    tap.ok((folder / "yolo/a.txt").read_text() == labels.splitlines()[0] + "\n", "/put back/yolo: taken out")
    correct("put-yolo", "cat", 40, 30, 50, 50)
    run("export", "put-yolo", "--format", "yolo", "--write-back")
    lines = (folder / "yolo/a.txt").read_text().splitlines()
    tap.ok(len(lines) == 2 and [float(n) for n in lines[1].split()] == [1, .45, .5, .1, .25], "/put back/yolo: corrected after all", str(lines))
    run("undo", "put-yolo")
    run("undo", "put-yolo")
    run("export", "put-yolo", "--format", "yolo", "--write-back")
    tap.ok((folder / "yolo/a.txt").read_text() == labels, "/put back/yolo: both undone", (folder / "yolo/a.txt").read_text())


def main():
    try:
        for format in ("labelme", "x-anylabeling", "coco", "yolo"):
            check_format(format)
        check_failures()
        check_changed()
        check_put_back()
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
