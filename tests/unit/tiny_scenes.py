# SPDX-License-Identifier: MIT
"""A few pictograms, a tiny model and runs of `albef`, for the tests of its training commands."""

import json
import pathlib
import struct
import subprocess
import zlib

NOUNS = ["kite", "ant", "box", "cheese", "owl", "drum", "pen", "hat", "tree", "boat"]

MODEL = {"image_res": 32, "patch_size": 8, "vision_width": 16, "vision_depth": 1, "vision_heads": 2, "embed_dim": 8,
         "queue_size": 20, "grounding_layer": 1,
         "bert_config": {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_hidden_layers": 3,
                         "fusion_layer": 1, "encoder_width": 16, "max_position_embeddings": 48, "vocab_size": 100}}


def png(path, width, height, rgba):
    rows = b"".join(b"\0" + bytes(rgba) * width for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make(folder):
    """DIR/sprites, DIR/model.json."""
    flat = pathlib.Path(folder, "sprites", "flat")
    flat.mkdir(parents=True)
    table = "noun\tplural\tcategory\tsubcategory\tcolour\tcodepoint\tstyles\n"
    for i, noun in enumerate(NOUNS):
        png(flat / f"{noun}.png", 24, 24, (25 * i, i % 2 * 200, 250 - 20 * i, 255))
        table += f"{noun}\t{noun}s\t\t\t\t\tflat\n"
    pathlib.Path(folder, "sprites", "nouns.tsv").write_text(table)
    pathlib.Path(folder, "model.json").write_text(json.dumps(MODEL))


def albef(program, *arguments, cwd=None):
    return subprocess.run([program, *(a if isinstance(a, bytes) else str(a) for a in arguments)], capture_output=True, text=True, cwd=cwd)


def train(program, folder, task, out, *settings, more=()):
    """The lines of a run as dicts, its exit status and what it said."""
    options = [piece for setting in settings for piece in ("--set", setting)]
    run = albef(program, "train", "--task", task, "--out", out, "--threads", 1, "--device", "cpu", *options, *more, cwd=folder)
    return [json.loads(line) for line in run.stdout.splitlines()], run.returncode, run.stderr
