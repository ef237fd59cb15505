# SPDX-License-Identifier: MIT
"""albef eval: every task on lists of composed scenes, its figures counted again here; the momentum model; what it refuses.

    test_eval_command.py ALBEF
"""

import json
import pathlib
import pickle
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap  # noqa: E402
import tiny_scenes  # noqa: E402

program = str(pathlib.Path(sys.argv[1]).resolve())
COMMON = ["resolution=32", "batch=4", "max-steps=2", "workers=1", "queue=20", "lr=2e-3", "images=lists"]


def evaluate(folder, *arguments):
    run = tiny_scenes.albef(program, "eval", *arguments, "--json", "--threads", 1, "--device", "cpu", cwd=folder)
    return (json.loads(run.stdout) if run.returncode == 0 else None), run.stderr


def start(folder):
    """A tiny pre-trained model, and one of each task from it; lists with 6 held-out scenes."""
    tiny_scenes.make(folder)
    run = tiny_scenes.albef(program, "scenes", "--sprites", "sprites", "--out", "lists", "-n", 16, "--heldout", 6, "--size", 32,
                            "--tasks", "vqa,ve,nlvr2", cwd=folder)
    tap.ok(run.returncode == 0, "/set-up/lists", run.stderr)
    tasks = [("pretrain", ["model=model.json", "scenes=sprites", "scenes-per-epoch=16"]),
             ("retrieval", ["init=pretrain/model.safetensors", "data=lists/retrieval_train.json"]),
             ("vqa", ["init=pretrain/model.safetensors", "data=lists/vqa_train.json"]),
             ("ve", ["init=pretrain/model.safetensors", "data=lists/ve_train.json"]),
             ("nlvr2", ["init=pretrain/model.safetensors", "data=lists/nlvr_train.json"])]
    for task, settings in tasks:
        _, status, said = tiny_scenes.train(program, folder, task, task, *COMMON, *settings)
        tap.ok(status == 0, f"/set-up/a {task} model", said)


def classes(folder):
    for task, file in (("ve", "ve_test.json"), ("nlvr2", "nlvr_test.json")):
        model = f"{task}/checkpoint-00000002.safetensors"
        items = json.loads(pathlib.Path(folder, "lists", file).read_text())
        answer, said = evaluate(folder, task, f"lists/{file}", "--images", "lists", "--model", model)
        if not tap.ok(answer is not None, f"/{task}/done", said):
            continue
        figures = answer["metrics"]
        labels = [item["label"] for item in items]
        names = ["contradiction", "neutral", "entailment"] if task == "ve" else ["False", "True"]
        weighed = sum(figures[f"accuracy_class_{i}"] * labels.count(name) for i, name in enumerate(names)) / len(items)
        tap.ok(answer["items"] == len(items) and abs(figures["accuracy"] - weighed) < 1e-6,
               f"/{task}/the accuracy is that of its classes together", answer)
        twin, said = evaluate(folder, task, f"lists/{file}", "--images", "lists", "--model", model, "--twin")
        tap.ok(twin is not None and twin["twin"] is True, f"/{task}/the momentum model", said)
        part, said = evaluate(folder, task, f"lists/{file}", "--images", "lists", "--model", model, "--limit", 3)
        tap.ok(part is not None and part["items"] == 3, f"/{task}/the first three alone", said)
        none, said = evaluate(folder, task, f"lists/{file}", "--images", "lists", "--model", f"{task}/model.safetensors", "--twin")
        tap.ok(none is None and "no momentum model" in said, f"/{task}/a model without its twin", said)


def vqa(folder):
    items = json.loads(pathlib.Path(folder, "lists", "vqa_test.json").read_text())
    base = ["vqa", "lists/vqa_test.json", "--images", "lists", "--model", "vqa/model.safetensors", "--answers", "lists/answer_list.json"]
    answer, said = evaluate(folder, *base, "--results", "results.json")
    if not tap.ok(answer is not None, "/vqa/done", said):
        return
    results = {entry["question_id"]: entry["answer"] for entry in json.loads(pathlib.Path(folder, "results.json").read_text())}
    tap.ok(sorted(results) == sorted(item["question_id"] for item in items), "/vqa/an answer for every question")
    # Ten people: the first said what the model says, some others too, the rest something else.
    people, wanted = [], 0
    for number, item in enumerate(items):
        same = number % 6
        people.append({"question_id": item["question_id"],
                       "answers": [{"answer": ("The " if k % 2 else "") + results[item["question_id"]] if k < same else f"x{k}"}
                                   for k in range(10)]})
        wanted += sum(min(1, (same - (k < same)) / 3) for k in range(10)) / 10
    pathlib.Path(folder, "people.json").write_text(json.dumps({"annotations": people}))
    answer, said = evaluate(folder, *base, "--annotations", "people.json")
    tap.ok(answer is not None and abs(answer["metrics"]["accuracy"] - wanted / len(items)) < 1e-6,
           "/vqa/the standard accuracy, an article and capitals apart", (answer, wanted / len(items), said))
    answer, said = evaluate(folder, *base[:-2])
    tap.ok(answer is None and "--answers" in said, "/vqa/asks for the list of answers", said)


def retrieval(folder):
    items = json.loads(pathlib.Path(folder, "lists", "retrieval_test.json").read_text())
    arguments = ["retrieval", "lists/retrieval_test.json", "--images", "lists", "--model", "retrieval/checkpoint-00000002.safetensors"]
    answer, said = evaluate(folder, *arguments)
    if not tap.ok(answer is not None and answer["items"] == len(items), "/retrieval/done", said):
        return
    m = answer["metrics"]
    both = [m[f"{way}_r{k}"] for way in ("image_to_text", "text_to_image") for k in (1, 5, 10)]
    tap.ok(all(abs(value * 6 - round(value * 6)) < 1e-6 for value in both[:3]) and abs(m["r_mean"] - sum(both) / 6) < 1e-6
           and both[0] <= both[1] <= both[2] == 1 and both[3] <= both[4] <= both[5] == 1,
           "/retrieval/shares of six pictures, growing with k, all found among ten", m)
    one, said = evaluate(folder, *arguments, "--k", 1)
    tap.ok(one is not None and one["metrics"]["image_to_text_r1"] == one["metrics"]["itc_image_to_text_r1"],
           "/retrieval/with one candidate the first is that of ITC", (one, said))
    tap.ok(one["metrics"]["image_to_text_r5"] == one["metrics"]["image_to_text_r1"],
           "/retrieval/what was no candidate ties and counts as not found")
    twin, said = evaluate(folder, *arguments, "--twin")
    tap.ok(twin is not None and twin["metrics"].keys() == m.keys(), "/retrieval/the momentum model", said)
    # Four times the same picture and text: no item can be told from the others.
    pathlib.Path(folder, "ties.json").write_text(json.dumps(4 * items[:1]))
    ties, said = evaluate(folder, "retrieval", "ties.json", *arguments[2:])
    tap.ok(ties is not None and ties["metrics"]["image_to_text_r1"] == 0 and ties["metrics"]["image_to_text_r5"] == 1,
           "/retrieval/a tie counts against the item", (ties, said))
    missing = [dict(item) for item in items]
    missing[2]["image"] = "images/none.jpg"
    pathlib.Path(folder, "missing.json").write_text(json.dumps(missing))
    part, said = evaluate(folder, "retrieval", "missing.json", *arguments[2:])
    tap.ok(part is not None and part["items"] == len(items) - 1 and part["unreadable"] == 1 and "none.jpg" in said,
           "/retrieval/a picture that cannot be read is left out and named", (part, said))


def grounding(folder):
    scenes = json.loads(pathlib.Path(folder, "lists", "scenes_heldout.json").read_text())[:4]
    items, refs, boxes, right, wrong = [], [], [], {}, {}
    for i, scene in enumerate(scenes):
        x1, y1, x2, y2 = scene["phrases"][0]["boxes"][0]
        items.append({"image": scene["image"], "text": scene["phrases"][0]["text"], "ref_id": 100 + i})
        refs.append({"ref_id": 100 + i, "ann_id": 200 + i, "image_id": 300 + i, "split": "val" if i < 2 else "testA", "sent_ids": [i],
                     "sentences": [{"raw": "x", "sent_id": i, "sent": "x", "tokens": ["x"]}], "category_id": 1, "file_name": "x"})
        boxes.append({"id": 200 + i, "image_id": 300 + i, "bbox": [x1, y1, x2 - x1, y2 - y1]})
        # The whole picture always has something of the map in it; it is the true box or far from it.
        right[str(300 + i)] = [[x1, y1, x2 - x1, y2 - y1, 0.9]]
        wrong[str(300 + i)] = [[0, 0, 32, 32]]
    for name, value in (("test", items), ("instances", {"annotations": boxes}), ("right", right), ("wrong", wrong)):
        pathlib.Path(folder, f"{name}.json").write_text(json.dumps(value))
    pathlib.Path(folder, "refs(unc).p").write_bytes(pickle.dumps(refs, protocol=2))
    base = ["grounding", "test.json", "--images", "lists", "--refs", "refs(unc).p", "--instances", "instances.json", "--model",
            "retrieval/model.safetensors"]
    answer, said = evaluate(folder, *base, "--dets", "wrong.json")
    tap.ok(answer is not None and answer["items"] == 4
           and sorted(answer["metrics"]) == ["testA", "testA_pointing", "val", "val_pointing"], "/grounding/done, by split", said)
    overlap = [min(1, box["bbox"][2] * box["bbox"][3] / 1024) >= 0.5 for box in boxes]
    tap.ok(answer is not None and answer["metrics"]["val"] == sum(overlap[:2]) / 2 and answer["metrics"]["testA"] == sum(overlap[2:]) / 2,
           "/grounding/a box as large as the picture is right where it overlaps enough", (answer, overlap))
    answer, said = evaluate(folder, *base, "--dets", "right.json")
    tap.ok(answer is not None and all(answer["metrics"][split] >= answer["metrics"][split + "_pointing"] for split in ("val", "testA")),
           "/grounding/the true box alone is right wherever the map's highest point lies in it", (answer, said))
    answer, said = evaluate(folder, *base)
    tap.ok(answer is not None and "val" not in answer["metrics"] and "val_pointing" in answer["metrics"],
           "/grounding/without a detector the pointing game alone", said)
    answer, said = evaluate(folder, *base[:4])
    tap.ok(answer is None and "--refs" in said, "/grounding/asks for the refs", said)


def pointing(folder):
    answer, said = evaluate(folder, "pointing", "lists/scenes_heldout.json", "--model", "pretrain/checkpoint-00000002.safetensors", "--twin")
    tap.ok(answer is not None and answer["groups"][0]["scenes"] == 6 and 0 <= answer["groups"][0]["foils_refused"] <= 1,
           "/pointing/foils and the momentum model", (answer, said))
    model = ["--model", "pretrain/model.safetensors"]
    here, said = evaluate(folder, "pointing", "lists/scenes_heldout.json", *model, "--results", "each.json")
    each = json.loads(pathlib.Path(folder, "each.json").read_text())
    group = here["groups"][0]
    tap.ok(len(each) == 6 and sum(scene["phrases"] for scene in each) == group["phrases"]
           and all(abs(sum(scene["hits"][k] for scene in each) / group["phrases"] - share) < 1e-9 for k, share in enumerate(group["pointing"]))
           and sum(scene["match"] for scene in each) == round(6 * group["match_above_half"]), "/pointing/--results tells what came of each scene", each)
    pathlib.Path(folder, "elsewhere.json").write_text(pathlib.Path(folder, "lists", "scenes_heldout.json").read_text())
    there, said = evaluate(folder, "pointing", "elsewhere.json", "--images", "lists", *model)
    tap.ok(there is not None and there["groups"] == here["groups"], "/pointing/--images is the folder before relative names", said)
    none, said = evaluate(folder, "pointing", "elsewhere.json", *model)
    tap.ok(none is None and "no picture of 'elsewhere.json'" in said, "/pointing/no picture that can be read is no figure of 0 %", said)
    pathlib.Path(folder, "empty.json").write_text("[]")
    none, said = evaluate(folder, "pointing", "empty.json", *model)
    tap.ok(none is None and "holds no scene" in said, "/pointing/an empty list is none either", said)
    none, said = evaluate(folder, "retrieval", "empty.json", *model)
    tap.ok(none is None and "the set is empty" in said and "train" not in said, "/retrieval/an empty list", said)


def manifest(folder):
    """The held-out scenes as a manifest: the same figures; a proposal that nobody looked at is no label."""
    scenes = json.loads(pathlib.Path(folder, "lists", "scenes_heldout.json").read_text())
    lines = ['{"alidade-manifest": 1, "set": null, "hash": null}']
    for i, scene in enumerate(scenes):
        for phrase in scene["phrases"]:
            record = {"image": "lists/" + scene["image"], "text": phrase["text"], "caption": scene["caption"], "start": phrase["start"],
                      "end": phrase["end"], "split": "heldout", "verdict": "accepted",
                      "regions": [{"kind": "box", "box": box} for box in phrase["boxes"]]}
            lines.append(json.dumps(record))
            lines.append(json.dumps({**record, "split": "train"}))
            lines.append(json.dumps({**record, "verdict": None, "regions": [{"kind": "box", "box": [0, 0, 32, 32], "label": False}]}))
            lines.append(json.dumps({**record, "verdict": "rejected"}))
        lines.append(json.dumps({"image": "lists/" + scene["image"], "text": scene["foil"], "verdict": "absent", "split": "heldout"}))
    pathlib.Path(folder, "people.jsonl").write_text("\n".join(lines) + "\n")
    model = ["--model", "pretrain/model.safetensors"]
    one, said = evaluate(folder, "pointing", "lists/scenes_heldout.json", *model)
    two, also_said = evaluate(folder, "pointing", "people.jsonl", *model)
    tap.ok(one is not None and two is not None and {**one["groups"][0], "group": ""} == two["groups"][0],
           "/manifest/the figures of the scenes it was made from",
           (one, two, said, also_said))
    pathlib.Path(folder, "people.jsonl").write_text("\n".join(lines[:1] + ["nonsense"]))
    two, said = evaluate(folder, "pointing", "people.jsonl", *model)
    tap.ok(two is None and "people.jsonl" in said and "line 2" in said, "/manifest/a bad line is named", said)


def main():
    with tempfile.TemporaryDirectory() as folder:
        start(folder)
        pointing(folder)
        manifest(folder)
        classes(folder)
        vqa(folder)
        retrieval(folder)
        grounding(folder)
        answer, said = evaluate(folder, "ve", "lists/ve_test.json", "--model", "vqa/model.safetensors")
        tap.ok(answer is None and "this is a vqa model" in said, "/bad/a model of another kind", said)
        run = tiny_scenes.albef(program, "eval", "guess", "x.json")
        tap.ok(run.returncode == 2 and "there is no task 'guess'" in run.stderr, "/bad/an unknown task", run.stderr)
        pathlib.Path(folder, "bad.json").write_text('[{"image": "a", "sentence": "b", "label": "perhaps"}]')
        answer, said = evaluate(folder, "ve", "bad.json", "--model", "ve/model.safetensors")
        tap.ok(answer is None and "bad.json" in said and "record 1" in said, "/bad/a label that is none", said)
    return tap.done()


sys.exit(main())
