#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One short run of each fine-tuning task on composed scenes, against the same head trained and tested with the pictures
shuffled: what is then left is what texts alone give away.

    tasks.py ALBEF MODEL PICTOGRAMS FOLDER [--scenes N] [--heldout N] [--task NAME]... [--epochs X]

MODEL is a pre-trained model that knows scenes (the embedded one). Words of the lists that it has not are added with random
vectors. One thread at the lowest priority; the figures go to standard output as they come.
"""

import argparse
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import time

COMMON = ["resolution=128", "augment=no", "by-step=yes", "warmup-steps=50", "batch=32", "dropout=0.1", "max-tokens=32",
          "truncate=yes", "freeze=visual_encoder.*", "checkpoint-steps=0", "workers=1", "log-steps=50", "clip-norm=1"]
# task: (list, test list, settings, epochs, figure, what reads the pictures of a record)
TASKS = {
    "retrieval": ("retrieval_train.json", "retrieval_test.json", ["lr=3e-4", "queue=2048", "alpha=0.4"], 4, "r_mean", "image"),
    "ve": ("ve_train.json", "ve_test.json", ["lr=5e-4"], 3, "accuracy", "image"),
    "vqa": ("vqa_train.json", "vqa_test.json", ["lr=5e-4"], 8, "accuracy", "image"),
    "nlvr2": ("nlvr_train.json", "nlvr_test.json", ["lr=3e-4", "distill=no", "dropout=0"], 6, "accuracy", "images"),
}


def read_model(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def with_words(model, words, out):
    """The model with rows of random numbers for the words that its vocabulary has not."""
    header, data = read_model(model)
    meta = header.pop("__metadata__")
    vocab = meta["vocab"].split("\n")
    vocab = vocab[:-1] if vocab[-1] == "" else vocab
    new = [word for word in sorted(words) if word not in vocab]
    config = json.loads(meta["config"])
    place = config.get("bert_config", config.get("bert", config))
    place["vocab_size"] = len(vocab) + len(new)
    meta["config"] = json.dumps(config)
    meta["vocab"] = "\n".join(vocab + new) + "\n"
    numbers, body, at = random.Random(1), [], 0
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        values = data[first:end]
        if entry["shape"] and entry["shape"][0] == len(vocab):
            width = entry["shape"][1] if len(entry["shape"]) == 2 else 0
            more = [numbers.gauss(0, 0.02) for _ in range(len(new) * width)] if width else [0.0] * len(new)
            values += struct.pack(f"<{len(more)}f", *more)
            entry["shape"][0] += len(new)
        entry["data_offsets"] = [at, at + len(values)]
        at += len(values)
        body.append(values)
    text = json.dumps({"__metadata__": meta, **header}).encode()
    text += b" " * (-len(text) % 8)
    out.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))
    return len(new)


def words_of(folder):
    words = set()
    for name in folder.glob("*.json"):
        if name.name.startswith("scenes"):
            continue
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', name.read_text()):
            words |= set(re.findall(r"[a-z]+", text.lower()))
    return {word for word in words if not re.fullmatch(r"images|pairs|jpg|img|png", word)}


def shuffled(path, key, out):
    """The same records, each with another one's pictures."""
    items = json.loads(path.read_text())
    pictures = [item[key] for item in items]
    random.Random(7).shuffle(pictures)
    out.write_text(json.dumps([{**item, key: picture} for item, picture in zip(items, pictures)]))


def run(*arguments):
    start = time.monotonic()
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout, time.monotonic() - start


def train_and_test(albef, folder, task, init, suffix, epochs):
    name, test, settings, usual, figure, _ = TASKS[task]
    lists = folder / "lists"
    out = folder / f"{task}{suffix}"
    steps = [setting for piece in COMMON + settings for setting in ("--set", piece)]
    data = name if not suffix else "shuffled_" + name
    _, seconds = run(albef, "train", "--task", task, *steps, "--set", f"init={init}", "--set", f"data={lists / data}", "--set",
                     f"images={lists}", "--set", f"epochs={max(1, round(usual * epochs))}", "--threads", 1, "--out", out)
    more = ["--answers", lists / "answer_list.json"] if task == "vqa" else []
    answer, _ = run(albef, "eval", task, lists / (test if not suffix else "shuffled_" + test), "--images", lists, "--model",
                    out / "model.safetensors", "--json", "--threads", 1, *more)
    return json.loads(answer)["metrics"][figure], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("albef")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("pictograms")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--scenes", type=int, default=4000)
    parser.add_argument("--heldout", type=int, default=400)
    parser.add_argument("--epochs", type=float, default=1, help="times the usual number")
    parser.add_argument("--task", action="append", choices=list(TASKS))
    o = parser.parse_args()
    os.nice(19)
    lists = o.folder / "lists"
    if not (lists / "scenes.json").exists():
        o.folder.mkdir(parents=True, exist_ok=True)
        run(o.albef, "scenes", "--sprites", o.pictograms, "--out", lists, "-n", o.scenes, "--heldout", o.heldout, "--seed", 3,
            "--without", "twemoji", "--nouns", 60, "--tasks", "vqa,ve,nlvr2")
    start = o.folder / "start.safetensors"
    added = with_words(o.model, words_of(lists), start)
    print(f"{o.scenes} scenes, {o.heldout} held out; {added} words added to {o.model.name}", flush=True)
    for task in o.task or list(TASKS):
        init = start
        name, test, _, _, figure, key = TASKS[task]
        for file in (name, test):
            shuffled(lists / file, key, lists / ("shuffled_" + file))
        if task == "nlvr2":
            init = o.folder / "assignment" / "model.safetensors"
            if not init.exists():
                steps = [setting for piece in COMMON + ["lr=5e-4"] for setting in ("--set", piece)]
                _, seconds = run(o.albef, "train", "--task", "nlvr2-pretrain", *steps, "--set", f"init={start}", "--set",
                                 f"data={lists / 'pretrain.json'}", "--set", f"images={lists}", "--set",
                                 f"epochs={max(1, round(2 * o.epochs))}", "--threads", 1, "--out", o.folder / "assignment")
                print(f"nlvr2-pretrain: {seconds:.0f} s", flush=True)
        seen, seconds = train_and_test(o.albef, o.folder, task, init, "", o.epochs)
        blind, _ = train_and_test(o.albef, o.folder, task, init, "-shuffled", o.epochs)
        print(f"{task}: {figure} {100 * seen:.1f} %, with shuffled pictures {100 * blind:.1f} %, difference "
              f"{100 * (seen - blind):+.1f} ({seconds:.0f} s)", flush=True)


main()
