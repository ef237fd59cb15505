# SPDX-License-Identifier: MIT
"""Exports opened by the tools that they are for: whichever of pycocotools, labelme, label_studio_sdk, supervision,
datumaro, and the official readers of RefCOCO, Flickr30k Entities and ALBEF are there; the others are skipped. The
project never needs them.

    python3 tests/bench/tools.py ALIDADE SAMPLES [FOLDER]

FOLDER: where refer_python3.py, flickr30k_entities_utils.py and ALBEF's dataset/ lie, if anywhere.
"""

import contextlib
import importlib
import io
import json
import logging
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

alidade, samples = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
if len(sys.argv) > 3:
    sys.path.insert(0, os.path.abspath(sys.argv[3]))
logging.disable(logging.CRITICAL)
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-tools-"))
results = []
LABELS = ("kite", "dog", "red car", "tree")


def run(*arguments):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, text=True, cwd=work)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr}")
    return done.stdout


def regions_of(chance, width, height):
    """Boxes with and without fractions, a polygon, one with a hole, a mask."""
    def box(whole):
        x, y = chance.randrange(width - 20), chance.randrange(height - 20)
        w, h = chance.randrange(8, width - x), chance.randrange(8, height - y)
        return [x, y, x + w, y + h] if whole else [x + 0.25, y + 0.5, x + w, y + h]
    yield {"box": box(True)}
    yield {"box": box(False)}
    x1, y1, x2, y2 = box(False)
    yield {"kind": "polygon", "box": [x1, y1, x2, y2], "polygon": [[[x1, y1], [x2, y1], [(x1 + x2) / 2, y2]]]}
    x1, y1, x2, y2 = box(True)
    inner = [[x1 + 2, y1 + 2], [x1 + 5, y1 + 2], [x1 + 5, y1 + 5]]
    yield {"kind": "polygon", "box": [x1, y1, x2, y2], "polygon": [[[x1, y1], [x2, y1], [x2, y2], [x1, y2]], inner], "fill": "evenodd"}
    x1, y1, x2, y2 = box(True)
    counts, column = [x1 * height + y1], y2 - y1
    for x in range(x1, x2):
        counts += [column, height - column if x + 1 < x2 else width * height - (x2 - 1) * height - y2]
    yield {"kind": "mask", "box": [x1, y1, x2, y2], "rle": {"size": [height, width], "counts": counts}}


def project(name, kinds, whole=False):
    """The sample pictures with captions and generated shapes."""
    chance = random.Random(5)
    lines = [{"alidade-manifest": 1}]
    for path in sorted(samples.glob("scene-*.png")):
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        about = {"image": str(path), "width": width, "height": height}
        for i, region in enumerate(regions_of(chance, width, height)):
            if region.get("kind", "box") not in kinds or (whole and any(v % 1 for v in region["box"])):
                continue
            label = LABELS[i % len(LABELS)]
            caption = f"a {label} in {path.stem}"
            line = about | {"text": label, "regions": [region | {"origin": "import"}]}
            lines.append(line | {"caption": caption, "start": 2, "end": 2 + len(label), "chain": str(i + 1), "types": ["other"]})
    (work / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    run("new", name)
    run("import", name, f"{name}.jsonl")
    return [json.loads(line) for line in run("list", name, "regions", "--json").splitlines()]


def export(name, format, *options):
    target = work / f"{name}-{format}"
    run("export", name, target, "--format", format, *options)
    return target


def tool(module):
    """The module, or a line that it is not there."""
    def wrap(function):
        try:
            found = importlib.import_module(module)
        except ImportError as why:
            results.append((module, function.__name__, "skipped", str(why)))
            return
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                said = function(found)
            results.append((f"{module} {getattr(found, '__version__', '')}".strip(), function.__name__, "opens", said))
        except Exception as why:  # what a tool says of a file is the result
            results.append((module, function.__name__, "FAILS", f"{type(why).__name__}: {why}"))
    return wrap


def near(a, b, within=1e-6):
    return all(abs(x - y) <= within for x, y in zip(a, b))


def main():
    everything = project("all", ("box", "polygon", "mask"))
    boxes = project("boxes", ("box",))
    whole = project("whole", ("box",), True)

    @tool("pycocotools.coco")
    def coco(module):
        file = module.COCO(str(export("all", "coco")))
        notes = file.loadAnns(file.getAnnIds())
        assert len(notes) == len(everything)
        assert sorted(tuple(n["bbox"][:2]) for n in notes) == sorted(tuple(r["box"][:2]) for r in everything)
        masks = sum(int(file.annToMask(n).sum()) for n in notes if n["segmentation"])
        return f"{len(notes)} annotations, {masks} pixels of masks"

    @tool("pycocotools.cocoeval")
    def coco_results(module):
        truth = importlib.import_module("pycocotools.coco").COCO(str(work / "all-coco"))
        found = truth.loadRes(str(export("all", "coco-results")))
        judge = module.COCOeval(truth, found, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
        assert judge.stats[0] > 0.99, judge.stats[0]
        return f"average precision of the labels against themselves {judge.stats[0]:.3f}"

    @tool("pycocotools.coco")
    def coco_captions(module):
        file = module.COCO(str(export("all", "coco-captions")))
        return f"{sum(len(n['caption']) > 0 for n in file.loadAnns(file.getAnnIds()))} captions"

    @tool("labelme")
    def labelme(module):
        with contextlib.suppress(ImportError):
            importlib.import_module("loguru").logger.disable("labelme")
        reader = importlib.import_module("labelme._label_file").LabelFile
        shapes = 0
        for path in export("all", "labelme", "--copy-images").rglob("*.json"):
            file = reader(str(path))
            shapes += len(file.shapes)
            assert file.image_data
            for shape in file.shapes:
                if shape["shape_type"] == "mask":
                    (x1, y1), (x2, y2) = shape["points"]
                    assert shape["mask"].shape == (y2 - y1 + 1, x2 - x1 + 1), (shape["mask"].shape, shape["points"])
        assert shapes >= len(everything)
        return f"{shapes} shapes"

    @tool("label_studio_sdk")
    def label_studio(module):
        path = export("all", "label-studio")
        tasks = json.loads(path.read_text())
        kinds = {}
        for task in tasks:
            for annotation in task["annotations"]:
                for result in annotation["result"]:
                    kinds.setdefault(result["type"], []).append(result)
        tags = {"rectanglelabels": "RectangleLabels", "polygonlabels": "PolygonLabels", "brushlabels": "BrushLabels", "labels": "Labels"}
        config = ["<View>"]
        names = {(r["from_name"], r["to_name"], kind) for kind, found in kinds.items() for r in found if "from_name" in r}
        for to, kind in sorted({(to, kind == "labels") for _, to, kind in names}):
            config.append(f'<Text name="{to}" value="${to}"/>' if kind else f'<Image name="{to}" value="${to}"/>')
        for name, to, kind in sorted(names):
            if kind in tags:
                values = sorted({v for r in kinds[kind] for v in r["value"].get(kind, [])})
                config.append(f'<{tags[kind]} name="{name}" toName="{to}">' + "".join(f'<Label value="{v}"/>' for v in values) + f"</{tags[kind]}>")
        config.append("</View>")
        interface = importlib.import_module("label_studio_sdk.label_interface").LabelInterface("".join(config))
        for result in (r for kind in kinds if kind in tags for r in kinds[kind]):
            assert interface.get_control(result["from_name"]).tag.lower() == result["type"], result["type"]
        converter = importlib.import_module("label_studio_sdk.converter").Converter("".join(config), str(work), download_resources=False)
        converter.convert_to_coco(str(path), str(work / "ls-coco"), is_dir=False)
        found = json.loads((work / "ls-coco" / "result.json").read_text())
        decode = importlib.import_module("label_studio_sdk.converter.brush").decode_rle
        pixels = sum(int((decode(r["value"]["rle"]).reshape(-1, 4)[:, 3] > 0).sum()) for r in kinds.get("brushlabels", []))
        want = sum(sum(r["rle"]["counts"][1::2]) if isinstance(r["rle"]["counts"], list) else 0 for r in everything if r["kind"] == "mask")
        assert want in (0, pixels), (want, pixels)
        return f"{len(tasks)} tasks, {len(found['annotations'])} of their shapes as COCO by its converter, {pixels} pixels of brushes"

    @tool("supervision")
    def yolo(module):
        folder = export("boxes", "yolo", "--copy-images")
        config = next(folder.rglob("data.yaml"))
        data = module.DetectionDataset.from_yolo(str(folder / "images"), str(folder / "labels"), str(config))
        found = sum(len(data.annotations[name]) for name in data.annotations)
        assert found == len(boxes), (found, len(boxes))
        return f"{len(data)} pictures, {found} boxes, classes {data.classes}"

    @tool("supervision")
    def voc(module):
        folder = export("boxes", "voc", "--copy-images")
        images = next(p for p in folder.rglob("*.png")).parent
        notes = next(p for p in folder.rglob("*.xml")).parent
        data = module.DetectionDataset.from_pascal_voc(str(images), str(notes))
        found = sum(len(data.annotations[name]) for name in data.annotations)
        assert found == len(boxes), (found, len(boxes))
        return f"{len(data)} pictures, {found} boxes"

    def by_datumaro(module, name, source):
        data = module.Dataset.import_from(str(source), name)
        found = sum(len(item.annotations) for item in data)
        assert found == len(boxes), (found, len(boxes))
        return f"{len(data)} pictures, {found} boxes"

    @tool("datumaro")
    def coco_again(module):
        folder = work / "datumaro"
        (folder / "annotations").mkdir(parents=True)
        os.symlink(samples, folder / "images")
        os.rename(export("boxes", "coco"), folder / "annotations" / "instances_default.json")
        return by_datumaro(module, "coco_instances", folder / "annotations" / "instances_default.json")

    @tool("datumaro")
    def cvat(module):
        folder = work / "datumaro-cvat"
        folder.mkdir()
        os.symlink(samples, folder / "images")
        os.rename(export("boxes", "cvat"), folder / "default.xml")
        return by_datumaro(module, "cvat", folder)

    @tool("flickr30k_entities_utils")
    def flickr30k_entities(module):
        folder = export("whole", "flickr30k-entities")
        phrases = found = 0
        for path in sorted((folder / "Sentences").glob("*.txt")):
            phrases += sum(len(s["phrases"]) for s in module.get_sentence_data(str(path)))
            about = module.get_annotations(str(folder / "Annotations" / f"{path.stem}.xml"))
            found += sum(map(len, about["boxes"].values()))
        assert found == len(whole), (found, len(whole))
        return f"{phrases} phrases, {found} boxes of whole pixels (its reader takes no others)"

    @tool("refer_python3")
    def refcoco(module):
        folder = export("all", "refcoco")
        (work / "data").mkdir()
        os.symlink(folder, work / "data" / "refcoco")
        split = next(folder.glob("refs(*).p")).name[5:-3]
        refer = module.REFER(str(work / "data"), "refcoco", split)
        refs = refer.getRefIds()
        have = sorted(tuple(refer.getRefBox(i)[:2]) for i in refs)
        assert have == sorted(tuple(r["box"][:2]) for r in everything)
        return f"{len(refs)} refs by {split}, {len(refer.Sents)} sentences"

    # Each of ALBEF's readers takes one kind of record: files of captions alone, or of phrases alone.
    @tool("dataset.caption_dataset")
    def albef_captions(module):
        run("new", "captions")
        run("import", "captions", work / "all-coco-captions", "--format", "coco-captions", "--images", samples)
        file = export("captions", "albef")
        os.chdir(samples)  # it takes the names as paths
        data = module.pretrain_dataset([str(file)], lambda image: image.size)
        pairs = [data[i] for i in range(len(data))]
        assert all(caption for _, caption in pairs)
        return f"{len(pairs)} pairs"

    @tool("dataset.grounding_dataset")
    def albef_phrases(module):
        lines = [json.loads(line) for line in (work / "all.jsonl").read_text().splitlines()[1:]]
        keep = [{k: line[k] for k in ("image", "width", "height", "text")} for line in lines]
        (work / "phrases.jsonl").write_text("\n".join(map(json.dumps, [{"alidade-manifest": 1}, *keep])))
        run("new", "phrases")
        run("import", "phrases", "phrases.jsonl")
        data = module.grounding_dataset([str(export("phrases", "albef"))], lambda image: image.size, str(samples))
        return f"{len([data[i] for i in range(len(data))])} phrases"

    width = max(len(r[0]) for r in results)
    for name, what, how, said in results:
        print(f"{name:{width}}  {what:20}  {how:7}  {said}")
    subprocess.run(["rm", "-r", str(work)], check=True)
    return any(how == "FAILS" for _, _, how, _ in results)


sys.exit(main())
