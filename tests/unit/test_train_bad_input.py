# SPDX-License-Identifier: MIT
"""What albef train says and does when what it is given is bad: one test for each sentence that is promised.

    test_train_bad_input.py ALBEF
"""

import json
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap  # noqa: E402
import tiny_scenes  # noqa: E402

program = str(pathlib.Path(sys.argv[1]).resolve())
BASE = ["init=start/model.safetensors", "resolution=32", "batch=4", "epochs=1", "queue=20", "images=lists", "log-steps=1"]


def train(folder, out, *settings, task="retrieval", more=()):
    return tiny_scenes.train(program, folder, task, out, *BASE, *settings, more=more)


def write_list(folder, name, items):
    pathlib.Path(folder, name).write_text(json.dumps(items))
    return f"data={name}"


def unreadable(folder, items):
    some = [dict(item) for item in items]
    some[1]["image"] = "images/none.jpg"
    some[2]["image"] = "broken.jpg"
    pathlib.Path(folder, "lists", "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    lines, status, said = train(folder, "unreadable", write_list(folder, "unreadable.json", some))
    tap.ok(status == 0 and lines[-1]["unreadable"] == 2 and "none.jpg" in said and "broken.jpg" in said,
           "/bad input/unreadable or missing images are skipped, counted and listed", said)
    none = [dict(item, image=f"images/none{i}.jpg") for i, item in enumerate(items)]
    lines, status, said = train(folder, "all-unreadable", write_list(folder, "none.json", none))
    tap.ok(status == 1 and lines[-1]["end"] == "failed", "/bad input/up to a limit: with none to be read the run ends", said)


def missing_fields(folder, items):
    some = [dict(item) for item in items]
    del some[4]["caption"]
    lines, status, said = train(folder, "fields", write_list(folder, "fields.json", some))
    tap.ok(status == 1 and "fields.json" in said and "record 5" in said and "caption" in said,
           "/bad input/a JSON record with missing fields names file and record", said)


def overflow(path, name):
    """The largest number in every place of one weight: all is finite still, but the next loss will not be."""
    data = bytearray(path.read_bytes())
    size = struct.unpack("<Q", data[:8])[0]
    first, end = json.loads(data[8:8 + size])[name]["data_offsets"]
    data[8 + size + first:8 + size + end] = struct.pack("<f", 3e38) * ((end - first) // 4)
    path.write_bytes(data)


def not_a_number(folder):
    """By the loss, with a checkpoint from which the next one overflows; and runs that diverge by themselves. Which step ends
    those, and whether the loss or AdamW's second moment leaves the numbers first, rests on the last digits."""
    train(folder, "nan", "data=lists/retrieval_train.json", "checkpoint-steps=1", "keep=100")
    first = pathlib.Path(folder, "nan", "checkpoint-00000001.safetensors")
    for step in (2, 3):
        pathlib.Path(folder, "nan", f"checkpoint-{step:08}.safetensors").unlink()
    overflow(first, "itm_head.weight")
    before = first.read_bytes()
    run = tiny_scenes.albef(program, "train", "--resume", "--out", "nan", "--threads", 1, "--device", "cpu", cwd=folder)
    kept = sorted(path.name for path in pathlib.Path(folder, "nan").glob("checkpoint-*"))
    tap.ok(run.returncode == 1 and "the loss of step 2 " in run.stderr and "not finite" in run.stderr and kept == [first.name]
           and first.read_bytes() == before, "/bad input/NaN loss stops with the step and the last good checkpoint kept", (run.stderr, kept))
    kept_all, told = 0, []
    for rate in (5, 10, 20, 40):
        out = f"nan{rate}"
        lines, status, said = train(folder, out, "data=lists/retrieval_train.json", f"lr={rate}", f"warmup-lr={rate}", "weight-decay=10",
                                    "checkpoint-steps=1", "keep=1", "distill=no", "epochs=20")
        kept = sorted(path.name for path in pathlib.Path(folder, out).glob("checkpoint-*"))
        last = max([line["step"] for line in lines if "loss" in line], default=0)
        loss = status == 1 and "the loss of step" in said and "not finite" in said and f"step {last + 1} " in said
        moment = status == 1 and f"no checkpoint of step {last} " in said and "not numbers" in said
        kept_all += (loss and kept == [f"checkpoint-{last:08}.safetensors"]) or (moment and kept == [f"checkpoint-{last - 1:08}.safetensors"])
        told.append((rate, said[-200:], kept, last))
    tap.ok(kept_all == 4, "/bad input/a run that diverges keeps its last good checkpoint", told)


def disk_full(folder):
    lines, status, said = train(folder, "full", "data=lists/retrieval_train.json", "checkpoint-steps=1", "keep=100")
    first = pathlib.Path(folder, "full", "checkpoint-00000001.safetensors")
    for step in (2, 3):
        pathlib.Path(folder, "full", f"checkpoint-{step:08}.safetensors").unlink()
    before = first.read_bytes()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, len(before) // 2))

    run = subprocess.run([program, "train", "--resume", "--out", "full", "--threads", "1", "--device", "cpu"], cwd=folder,
                         capture_output=True, text=True, preexec_fn=limit, restore_signals=False)
    left = sorted(path.name for path in pathlib.Path(folder, "full").iterdir() if path.name.startswith("checkpoint"))
    tap.ok(run.returncode == 1 and "cannot write" in run.stderr and "checkpoint-00000001" in run.stderr and left == [first.name]
           and first.read_bytes() == before, "/bad input/disk full keeps the previous checkpoint and says so", (run.stderr, left))


def cut(folder, items):
    some = [dict(item) for item in items]
    some[3]["caption"] = " ".join(["kite"] * 40)
    lines, status, said = train(folder, "cut", write_list(folder, "cut.json", some))
    tap.ok(status == 0 and lines[-1]["cut"] == 1 and "record 4" in said,
           "/bad input/a phrase cut by the length limit is reported", (said, lines[-1:]))


def single(folder, items):
    """Rows of one picture have no negatives among themselves."""
    one = [dict(items[0], caption=caption) for caption in ("a kite", "an ant", "a drum", "an owl")]
    lines, status, said = train(folder, "single", write_list(folder, "single.json", one))
    losses = [line["loss"] for line in lines if "loss" in line]
    tap.ok(status == 0 and losses and all(loss == loss and loss < 100 for loss in losses),
           "/bad input/a batch with a single image works", (said, losses))
    lines, status, said = train(folder, "lonely", "batch=1", write_list(folder, "lonely.json", items[:2]))
    tap.ok(status == 0 and lines[-1]["end"] == "finished", "/bad input/a batch of one row works", said)


def settings(folder, items):
    """Mistakes in the settings are told before anything is trained."""
    data = write_list(folder, "lists/#1.json", items).replace("data=", "")

    def refused(name, said_words, *more, task="retrieval", out="refused"):
        lines, status, said = train(folder, out, *more, task=task)
        tap.ok(status == 1 and not lines and all(word in said for word in said_words), f"/settings/{name}", (status, said))

    lines, status, said = train(folder, "sharp", f"data={data}")
    again = tiny_scenes.albef(program, "train", "--resume", "--out", "sharp", "--threads", 1, "--device", "cpu", cwd=folder)
    tap.ok(status == 0 and again.returncode == 0, "/settings/a path with a # is whole, and is when the run goes on", said + again.stderr)
    refused("a # after a space, where a file's comments begin", ["'data'", "#"], "data=a #b.json")
    refused("a path that is no UTF-8, before the first checkpoint", ["'data'", "UTF-8"], b"data=l\xff.json")
    refused("a setting that there is not", ["'colour'", "--show-config"], "colour=red")
    refused("a slip of the pen", ["'lrr'", "did you mean 'lr'"], "lrr=1")
    refused("a preset after other settings", ["before every other"], f"data={data}", "preset=retrieval-coco")
    run = tiny_scenes.albef(program, "train", "--resume", "--task", "vqa", "--out", "sharp", cwd=folder)
    tap.ok(run.returncode == 1 and "'retrieval'" in run.stderr and "'vqa'" in run.stderr, "/settings/another task to go on with",
           run.stderr)
    run = tiny_scenes.albef(program, "train", "--task", "retrieval", "--show-config", "--set", "lr=3e-4")
    shown = run.stdout.splitlines()
    tap.ok(run.returncode == 0 and "# data =" in shown and "# init =" in shown and "lr = 0.0003" in shown and "temperature = 0.07" in shown,
           "/settings/--show-config lists keys without a value too, and numbers as they were written", run.stdout)
    for layer, words in ((9, "from 1 to 1"), (2, "from 1 to 1"), (0, "from 1 to 1")):
        refused(f"amc-layer {layer} of a model with 1 + 2 layers", ["'amc-layer'", words], "data=lists/manifest.jsonl", "manifest=yes",
                "amc=yes", f"amc-layer={layer}", task="pretrain")
    for layer in (2, 3, 9):
        refused(f"attention-layer {layer} of a model with two fusion layers", ["'attention-layer'", "from 1 to 1"], "scenes=sprites",
                "attention=1", f"attention-layer={layer}", task="pretrain")
    odd = dict(tiny_scenes.MODEL, bert_config=dict(tiny_scenes.MODEL["bert_config"], encoder_width=3))
    pathlib.Path(folder, "odd.json").write_text(json.dumps(odd))
    refused("cross-attention as wide as the image encoder is not", ["encoder_width 3", "vision_width 16"], "init=", "model=odd.json",
            "scenes=sprites", task="pretrain")


def main():
    with tempfile.TemporaryDirectory() as folder:
        tiny_scenes.make(folder)
        made = tiny_scenes.albef(program, "scenes", "--sprites", "sprites", "--out", "lists", "-n", 12, "--size", 32, cwd=folder)
        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "start", "model=model.json", "scenes=sprites",
                                                "resolution=32", "queue=20", "batch=4", "scenes-per-epoch=4", "epochs=1")
        if not tap.ok(made.returncode == 0 and status == 0, "/bad input/set-up", made.stderr + said):
            return tap.done()
        items = json.loads(pathlib.Path(folder, "lists", "retrieval_train.json").read_text())
        unreadable(folder, items)
        missing_fields(folder, items)
        not_a_number(folder)
        disk_full(folder)
        cut(folder, items)
        single(folder, items)
        settings(folder, items)
    return tap.done()


sys.exit(main())
