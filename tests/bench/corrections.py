#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do corrected regions move the maps? A model that never saw a box is trained on 200 scenes whose phrases a person has
corrected in a project, half of them; a control sees the same pictures, captions and steps without the loss on regions.

    corrections.py ALBEF ALIDADE MODEL PICTOGRAMS HELDOUT FOLDER [--base-steps N] [--epochs N]

MODEL lends its image encoder, frozen, its sizes and its words; texts and fusion are new and learn from the three losses of
ALBEF alone. HELDOUT is a folder of scenes in two groups (trained styles, an unseen one), whose nouns are used throughout.
Each scene counts as one draw of the bootstrap (paired: the same scenes for both models). One thread at the lowest priority;
what is in FOLDER already is not made again."""

import argparse
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import time

DRAWS = 10_000
BASE = ["preset=mini-fusion", "attention=0", "name=without-boxes"]
TUNE = ["manifest=yes", "whole-caption=yes", "resolution=128", "queue=2048", "augment=no", "dropout=0", "freeze=visual_encoder.*", "batch=32",
        "by-step=yes", "warmup-steps=20", "lr=3e-4", "clip-norm=1", "max-tokens=32", "clamp-low=0.01", "checkpoint-steps=0", "log-steps=20",
        "alpha-warm-up=no", "seed=7"]


def run(*arguments, cwd=None):
    begin = time.monotonic()
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout, time.monotonic() - begin


def settings(list_):
    return [piece for setting in list_ for piece in ("--set", setting)]


def lend(model, folder):
    """The image encoder as a file of its own, the configuration and the words."""
    data = model.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, body, out, values = json.loads(data[8:8 + size]), data[8 + size:], {}, b""
    meta = header.pop("__metadata__")
    for name, entry in header.items():
        if name.startswith("visual_encoder."):
            piece = body[entry["data_offsets"][0]:entry["data_offsets"][1]]
            out[name.removeprefix("visual_encoder.")] = {**entry, "data_offsets": [len(values), len(values) + len(piece)]}
            values += piece
    text = json.dumps(out).encode()
    text += b" " * (-len(text) % 8)
    (folder / "encoder.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + values)
    (folder / "config.json").write_text(json.dumps({**json.loads(meta["config"]), "temp": 0.07}))
    (folder / "vocab.txt").write_text(meta["vocab"])


def make_base(o):
    nouns = {s["caption"][p["noun_start"]:p["noun_end"]] for s in json.loads((o.heldout / "scenes.json").read_text()) for p in s["phrases"]}
    (o.folder / "nouns.txt").write_text("\n".join(sorted(nouns)) + "\n")
    lend(o.model, o.folder)
    _, seconds = run(o.albef, "train", "--task", "pretrain", *settings(BASE), *settings([
        f"scenes={o.pictograms}", "scene-noun-list=nouns.txt", f"scene-nouns={len(nouns)}", "model=config.json", "vocab=vocab.txt",
        "init-image=encoder.safetensors", f"max-steps={o.base_steps}"]), "--threads", 1, "--out", "base", cwd=o.folder)
    print(f"base: {64 * o.base_steps} scenes in {seconds:.0f} s", flush=True)


def correct(o):
    """200 scenes in a project; half of their phrases get the verdict 'corrected' with the known box."""
    run(o.albef, "scenes", "--sprites", o.pictograms, "--out", "scenes", "-n", 200, "--seed", 4242, "--without", "twemoji", "--noun-list",
        "nouns.txt", "--nouns", (o.folder / "nouns.txt").read_text().count("\n"), "--objects", "0,0,1,1", cwd=o.folder)
    lines, boxes = ['{"alidade-manifest": 1}'], {}
    for scene in json.loads((o.folder / "scenes" / "scenes.json").read_text()):
        image = str((o.folder / "scenes" / scene["image"]).resolve())
        for phrase in scene["phrases"]:
            boxes[image, phrase["start"]] = phrase["boxes"]
            lines.append(json.dumps({"image": image, "text": phrase["text"], "caption": scene["caption"], "start": phrase["start"],
                                     "end": phrase["end"]}))
    (o.folder / "source.jsonl").write_text("\n".join(lines) + "\n")
    run(o.alidade, "new", "project", cwd=o.folder)
    run(o.alidade, "import", "project", "source.jsonl", "--format", "manifest", cwd=o.folder)

    def rows(what):
        return [json.loads(line) for line in run(o.alidade, "list", "project", what, "--json", cwd=o.folder)[0].splitlines()]

    images = {row["id"]: row["uri"].removeprefix("file://") for row in rows("images")}
    phrases = {row["id"]: boxes[images[row["image_id"]], row["start"]] for row in rows("phrases")}
    chosen = [phrase for phrase in phrases if len(phrases[phrase]) == 1]
    random.Random(3).shuffle(chosen)
    chosen = chosen[:len(phrases) // 2]
    for phrase in chosen:
        run(o.alidade, "review", "project", "--set", f"{phrase}=corrected", "--box", ",".join(map(str, phrases[phrase][0])), "--by", "person",
            cwd=o.folder)
    run(o.alidade, "export", "project", "corrected.jsonl", "--format", "manifest", cwd=o.folder)
    print(f"{len(phrases)} phrases on {len(images)} pictures, {len(chosen)} corrected", flush=True)


def tune(o, name, amc):
    newest = max((o.folder / "base").glob("checkpoint-*.safetensors"))
    _, seconds = run(o.albef, "train", "--task", "pretrain", *settings(TUNE), *settings([
        f"init={newest}", "data=corrected.jsonl", f"amc={amc}", f"epochs={o.epochs}"]), "--threads", 1, "--out", name, cwd=o.folder)
    print(f"{name}: {seconds:.0f} s", flush=True)


def play(o, name, model):
    answer, _ = run(o.albef, "eval", "pointing", o.heldout / "scenes.json", "--model", model, "--threads", 1, "--json", "--results",
                    o.folder / f"{name}.json", cwd=o.folder)
    for group in json.loads(answer)["groups"]:
        layers = " / ".join(f"{100 * share:.1f}" for share in group["pointing"])
        print(f"{name}, {group['group']}: {layers} % by fusion layer, match {100 * group['match_above_half']:.1f} %", flush=True)
    return json.loads((o.folder / f"{name}.json").read_text())


def compare(name, ours, theirs, layer):
    """Share of phrases hit, ours - theirs, with the middle 95 % of the paired bootstrap over scenes."""
    for group in sorted({scene["group"] for scene in ours}):
        pairs = [(a["hits"][layer], b["hits"][layer], a["phrases"]) for a, b in zip(ours, theirs) if a["group"] == group]
        draws, numbers = [], random.Random(11)
        for _ in range(DRAWS):
            some = numbers.choices(pairs, k=len(pairs))
            draws.append(sum(a - b for a, b, _ in some) / sum(n for _, _, n in some))
        draws.sort()
        whole = sum(a - b for a, b, _ in pairs) / sum(n for _, _, n in pairs)
        print(f"{name}, {group}, fusion layer {layer + 1}: {100 * whole:+.1f} points, 95 % of {DRAWS} draws of {len(pairs)} scenes: "
              f"{100 * draws[int(.025 * DRAWS)]:+.1f} to {100 * draws[int(.975 * DRAWS) - 1]:+.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("albef", "alidade", "model", "pictograms", "heldout", "folder"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--base-steps", type=int, default=700)
    parser.add_argument("--epochs", type=int, default=12)
    o = parser.parse_args()
    os.nice(19)
    o.folder.mkdir(parents=True, exist_ok=True)
    if not (o.folder / "base" / "model.safetensors").exists():
        make_base(o)
    if not (o.folder / "corrected.jsonl").exists():
        correct(o)
    for name, amc in (("control", "no"), ("amc", "yes")):
        if not (o.folder / name / "model.safetensors").exists():
            tune(o, name, amc)
    results = {name: play(o, name, o.folder / name / "model.safetensors") for name in ("base", "control", "amc")}
    layer = json.loads((o.folder / "config.json").read_text())
    layer = layer["grounding_layer"] - layer["bert_config"]["fusion_layer"]
    compare("amc - control", results["amc"], results["control"], layer)
    compare("control - base", results["control"], results["base"], layer)


main()
