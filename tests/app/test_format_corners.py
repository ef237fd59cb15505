# SPDX-License-Identifier: MIT
"""Corners of the formats that files met outside have: marks before the text, files of another kind, records that are
half there, what official readers want. Each is a small file written by hand.

    test_format_corners.py ALIDADE
"""

import json
import os
import pathlib
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-corners-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C"}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]
MARK = "\ufeff"


def run(*arguments):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def rows(project, what):
    return [json.loads(line) for line in run("list", project, what, "--json")[1].splitlines()]


def picture(path, width=100, height=80):
    """A JPEG up to the size of its frame."""
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0\0\xff\xd9")


def put(name, text):
    path = work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def taken(name, source, *options):
    """A new project with `source` in it: exit status, report, messages."""
    shutil.rmtree(work / name, ignore_errors=True)
    run("new", name)
    status, out, messages = run("import", name, source, "--json", *options)
    return status, json.loads(out) if out else {}, messages


def check_marks():
    """A byte order mark, and lines that end in CR LF, as Windows' programs write them."""
    lists = {
        "visual-genome": [{"id": 1, "regions": [{"region_id": 1, "phrase": "a", "x": 1, "y": 2, "width": 3, "height": 4}]}],
        "albef": [{"image": "1.jpg", "text": "a"}],
        "amc": [{"image": "1.jpg", "caption": "a", "bbox": [[1, 2, 4, 6]]}],
        "label-studio": [{"data": {"image": "/1.jpg"}, "annotations": []}],
    }
    for name, items in lists.items():
        source = put(f"{name}.json", MARK + "\r\n " + json.dumps(items, indent=1).replace("\n", "\r\n"))
        status, report, messages = taken("marked", source, "--images", "pictures")
        tap.ok(status == 0 and report["format"] == name and report["images"] == 1, f"/marks/{name} is guessed", messages + str(report))
    source = put("o.jsonl", MARK + json.dumps({"filename": "1.jpg", "detection": {"instances": []}}) + "\r\n\r\n")
    status, report, messages = taken("marked", source, "--images", "pictures")
    tap.ok(status == 0 and report["format"] == "odvg", "/marks/odvg is guessed", messages)

    put("yolo/1.txt", MARK + "0 0.5 0.5 0.2 0.4\r\n1 0.5 0.5 0.2 0.4\r\n")
    put("yolo/classes.txt", MARK + "dog\r\ncat\r\n")
    picture(work / "yolo/1.jpg")
    status, report, messages = taken("marked", "yolo")
    found = [(r["phrase"], r["box"]) for r in rows("marked", "regions")]
    tap.ok(found == [("dog", [40, 24, 60, 56]), ("cat", [40, 24, 60, 56])] and not report["skipped"], "/marks/yolo", str(found))

    put("flickr/Sentences/1.txt", MARK + "[/EN#7/animals Two dogs] run .\r\n")
    put("flickr/Annotations/1.xml", MARK + "<annotation><filename>1.jpg</filename><object><name>7</name><bndbox><xmin>5</xmin><ymin>1"
        "</ymin><xmax>5</xmax><ymax>9</ymax></bndbox></object><object><name>7</name><bndbox><xmin>2</xmin><ymin>3</ymin>"
        "<xmax>40</xmax><ymax>50</ymax></bndbox></object></annotation>")
    status, report, messages = taken("marked", "flickr", "--images", "pictures")
    found = [(r["phrase"], r["box"]) for r in rows("marked", "regions")]
    texts = [c["text"] for c in rows("marked", "captions")]
    tap.ok(found == [("Two dogs", [1, 2, 39, 49])] and texts == ["Two dogs run ."], "/marks/flickr30k-entities", f"{found} {texts}")
    where = report["skipped"][0]["where"] if report["skipped"] else ""
    tap.ok(where.endswith("Annotations/1.xml, object 1"), "/marks/the file with the boxes is the one named", where)


def check_other_kinds():
    """A file of another kind is refused, not read as nothing."""
    nothing = put("nothing.json", '{"images": 5, "annotations": {"a": []}}')
    number = put("number.json", "12")
    for name in ("coco", "coco-captions", "coco-results", "visual-genome", "label-studio", "albef", "amc"):
        for source in (nothing, number):
            status, report, messages = taken("other", source, "--format", name)
            tap.ok(status == 1 and source.name in messages, f"/kinds/{source.name} is no {name}", f"{status} {messages}")
    for name in ("voc", "yolo"):
        status, report, messages = taken("other", nothing, "--format", name)
        tap.ok(status == 2 and "no folder" in messages, f"/kinds/a file is no {name}", f"{status} {messages}")
    task = "<annotations><version>1.1</version><meta><task><size>0</size></task></meta>%s</annotations>"
    for name, text, good in (("empty", task % "", True), ("video", task % '<track id="0"></track>', False), ("other", "<a></a>", False)):
        status, report, messages = taken("other", put(f"{name}.xml", text), "--format", "cvat")
        tap.ok((status == 0) == good and status < 2, f"/kinds/cvat: {name}", f"{status} {messages}")
    status, report, messages = taken("other", put("none.json", '{"images": [], "annotations": []}'))
    tap.ok(status == 0 and report["format"] == "coco" and report["images"] == 0, "/kinds/an empty list is a list", messages)
    status, report, messages = taken("other", put("pictures-only.json", '{"images": [{"id": 1, "file_name": "1.jpg"}]}'),
                                     "--format", "coco", "--images", "pictures")
    tap.ok(status == 0 and report["images"] == 1, "/kinds/pictures without annotations are a COCO file", messages)
    status, report, messages = taken("other", put("plain.jsonl", '{"image": "1.jpg"}\n'), "--format", "manifest")
    tap.ok(status == 1 and "plain.jsonl" in messages, "/kinds/a manifest without its first line is named", messages)


def check_halves():
    """Records that are half there are listed by a name that leads to them."""
    source = put("questions.json", json.dumps([{"image": "1.jpg", "text": "t"}, {"image": "1.jpg", "question": "q", "answer": "a"}]))
    status, report, messages = taken("half", source, "--images", "pictures")
    tap.ok([s["where"] for s in report["skipped"]] == ["[1]"], "/halves/albef without text or caption is listed", str(report))

    put("voc/1.xml", "<annotation><folder>x</folder><filename>1.jpg</filename><object><name>a</name></object><object><name>b</name>"
        "<bndbox><xmin>9</xmin><ymin>1</ymin><xmax>4</xmax><ymax>8</ymax></bndbox></object></annotation>")
    status, report, messages = taken("half", "voc", "--images", "pictures")
    tap.ok([s["where"][-8:] for s in report["skipped"]] == ["object 1", "object 2"], "/halves/objects of VOC count from 1", str(report))

    put("m.jsonl", '{"alidade-manifest": 1}\n{"image": "pictures/1.jpg", "caption": "a whole one"}\n')
    taken("half", "m.jsonl")
    tap.ok([c["text"] for c in rows("half", "captions")] == ["a whole one"], "/halves/a manifest's caption without text stays")

    put("ref/instances.json", json.dumps({"images": [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 80}], "annotations": [],
                                          "categories": []}))
    refs = [{"ref_id": 1, "ann_id": 9, "image_id": 1, "sent_ids": [1], "split": "val",
             "sentences": [{"sent_id": 1, "sent": "x", "raw": "x", "tokens": ["x"]}]}]
    (work / "ref/refs(unc).p").write_bytes(pickle.dumps(refs, 2))
    status, report, messages = taken("half", "ref", "--images", "pictures")
    tap.ok([s["where"] for s in report["skipped"]] == ["ann_id 9"], "/halves/a ref without annotation is named by its ann_id", str(report))


def check_told():
    """What a format cannot keep, and what is no picture, is said."""
    ring = [[2, 2], [30, 2], [30, 30], [2, 30]]
    hole = [[10, 10], [20, 10], [20, 20], [10, 20]]
    far = [[50, 20], [60, 20], [60, 30], [50, 30]]
    lines = [{"alidade-manifest": 1}]
    for text, rings, fill in (("hole", [ring, hole], "evenodd"), ("parts", [ring, far], "union"), ("apart", [ring, far], "evenodd")):
        lines.append({"image": "pictures/1.jpg", "text": text, "regions": [{"kind": "polygon", "polygon": rings, "fill": fill}]})
    put("rings.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    taken("told", "rings.jsonl")
    report = json.loads(run("export", "told", "rings.json", "--format", "coco", "--json")[1])
    areas = [a["area"] for a in json.loads((work / "rings.json").read_text())["annotations"]]
    tap.ok(areas == [784, 884, 884], "/told/the area is that of the parts as COCO fills them", str(areas))
    tap.ok(report["left_out"] == {"polygons' holes (filled)": 1}, "/told/a hole that COCO fills is counted", str(report))

    put("mask.json", json.dumps({"images": [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 80}], "categories": [
        {"id": 1, "name": "k"}], "annotations": [{"id": n, "image_id": 1, "category_id": 1, "segmentation": {"size": size, "counts": [0, 9, 7991]}}
                                                 for n, size in enumerate(([80, 100], [100, 80]))]}))
    status, report, messages = taken("told", "mask.json", "--images", "pictures")
    tap.ok(report["regions"] == 2 and [n[:14] for n in report["notes"]] == ["annotations[1]"], "/told/a mask of another size", str(report))

    labels = ["a\tb", "c\nd", " e "]
    put("space.jsonl", '{"alidade-manifest": 1}\n' + "".join(json.dumps({"image": "pictures/1.jpg", "text": text, "regions": [
        {"kind": "box", "box": [1, 2, 3, 4]}]}) + "\n" for text in labels))
    taken("told", "space.jsonl")
    run("export", "told", "space.xml", "--format", "cvat")
    status, report, messages = taken("told", "space.xml", "--images", work)
    tap.ok([p["text"] for p in rows("told", "phrases")] == labels, "/told/tabs and line ends in CVAT's attributes stay")

    picture(work / "folder/1.jpg")
    put("folder/2.jpg", "hello")
    status, report, messages = taken("told", "folder")
    tap.ok(report["images"] == 2 and len(report["notes"]) == 1 and "2.jpg" in report["notes"][0], "/told/a file that is no picture", str(report))


def check_force():
    """--force replaces an earlier export, and nothing else."""
    taken("force", put("force.json", '{"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": []}'), "--images", "pictures")
    kept = work / "kept"
    picture(kept / "deep/1.jpg")
    put("kept/notes", "mine")

    def refused(name, target, format, *options):
        before = sorted(str(p) for p in work.rglob("*"))
        status, out, messages = run("export", "force", target, "--format", format, *options)
        tap.ok(status == 1 and str(target) in messages and sorted(str(p) for p in work.rglob("*")) == before, f"/force/{name}", messages)

    refused("no folder for the file", work / "none/x.json", "coco")
    refused("a folder where a file would stand", kept, "coco", "--force")
    refused("a file where a folder would stand", work / "force.json", "voc", "--force")
    refused("a folder of other things", kept, "voc", "--force")
    refused("the project itself", work / "force", "voc", "--force")
    refused("the folder that all lies in", work, "yolo", "--force")
    refused("no file of its own", pathlib.Path("/dev/null"), "coco", "--force")
    for again in ((), ("--force",)):
        status, out, messages = run("export", "force", "out", "--format", "labelme", "--copy-images", *again)
        tap.ok(status == 0 and (work / "out/images/1.jpg").exists(), f"/force/an export {' '.join(again)}", messages)
    refused("pictures that were copied, by an export without", work / "out", "labelme", "--force")


def official_boxes(path):
    """Boxes, scene and nobox of Flickr30k Entities as its official parser reads them: whole numbers alone."""
    found = {"boxes": {}, "scene": [], "nobox": []}
    for item in ElementTree.parse(path).getroot().findall("object"):
        for name in item.findall("name"):
            if item.find("bndbox") is not None:
                box = [int(item.find("bndbox").find(edge).text) - 1 for edge in ("xmin", "ymin", "xmax", "ymax")]
                found["boxes"].setdefault(name.text, []).append(box)
            else:
                found["scene"] += [name.text] * int(item.find("scene").text)
                found["nobox"] += [name.text] * int(item.find("nobndbox").text)
    return found


def check_official():
    """What the official readers of two data sets want."""
    put("fl/Sentences/1.txt", "[/EN#7/animals Two dogs] on [/EN#8/scene a beach] with [/EN#9/other nobody] .\n")
    put("fl/Annotations/1.xml", "<annotation><filename>1.jpg</filename><object><name>7</name><bndbox><xmin>2.25</xmin><ymin>3</ymin>"
        "<xmax>2.5</xmax><ymax>50</ymax></bndbox></object><object><name>8</name><scene>1</scene><nobndbox>1</nobndbox></object>"
        "<object><name>9</name><scene>0</scene><nobndbox>1</nobndbox></object></annotation>")
    taken("official", "fl", "--images", "pictures")
    first = [r["box"] for r in rows("official", "regions")]
    run("export", "official", "fl-out", "--format", "flickr30k-entities")
    taken("official", "fl-out", "--images", "pictures")
    tap.ok(first == [[1.25, 2, 1.5, 49]] == [r["box"] for r in rows("official", "regions")], "/official/fractions come back", str(first))
    run("export", "official", "fl-again", "--format", "flickr30k-entities")
    want = {"boxes": {"7": [[1, 2, 2, 49]]}, "scene": ["8"], "nobox": ["8", "9"]}
    for folder in ("fl-out", "fl-again"):
        found = official_boxes(work / folder / "Annotations/1.xml")
        tap.ok(found == want, f"/official/{folder}: whole boxes, scene and nobox", str(found))
    moved = (work / "fl-out/Annotations/1.xml").read_text().replace("<xmax>3<", "<xmax>9<")
    (work / "fl-out/Annotations/1.xml").write_text(moved)
    taken("official", "fl-out", "--images", "pictures")
    found = [r["box"] for r in rows("official", "regions")]
    tap.ok(found == [[1, 2, 8, 49]], "/official/a box that another program moved is where it says", str(found))

    put("refs.jsonl", '{"alidade-manifest": 1}\n{"image": "pictures/1.jpg", "text": "a", "regions": [{"kind": "mask", "rle": '
        '{"size": [80, 100], "counts": [5, 10, 7985]}}]}\n')
    taken("official", "refs.jsonl")
    run("export", "official", "refs-out", "--format", "refcoco")
    mask = json.loads((work / "refs-out/instances.json").read_text())["annotations"][0]["segmentation"]
    tap.ok(type(mask) is list and len(mask) == 1 and mask[0]["size"] == [80, 100], "/official/a mask is a list of one", str(mask))
    taken("official", "refs-out", "--images", work)
    tap.ok([r["kind"] for r in rows("official", "regions")] == ["mask"], "/official/and comes back")


def check_names():
    """File names by any part of them, however short."""
    for name in ("a b.jpg", "zz_top.jpg", "\u5de6\u306e\u72ac.jpg", "x%y.jpg"):
        picture(work / "names" / name)
    taken("names-project", "names")
    for typed, want in (("zz", ["zz_top.jpg"]), ("\u72ac", ["\u5de6\u306e\u72ac.jpg"]), ("Q", []), ("jpg y", ["x%y.jpg"]), ("a jpg", ["a b.jpg"]),
                        ("%", 4), ("_ --", 4)):
        found = [json.loads(line)["path"] for line in run("list", "names-project", "images", "--json", "--filter", typed)[1].splitlines()]
        tap.ok(found == want or len(found) == want, f"/names/{typed}", str(found))
    first = run("list", "names-project", "images", "--json", "--filter", "p", "--limit", "1")
    tap.ok(first[0] == 0 and len(first[1].splitlines()) == 1, "/names/and no more than asked for")


def main():
    try:
        picture(work / "pictures/1.jpg")
        check_marks()
        check_other_kinds()
        check_halves()
        check_told()
        check_force()
        check_official()
        check_names()
    finally:
        shutil.rmtree(work)
    return tap.done()


sys.exit(main())
