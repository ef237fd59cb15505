# SPDX-License-Identifier: MIT
"""albef train beside its standard output: the table, TensorBoard's curves, evaluation while it goes, and both again when a
run goes on. The event files are read here by a few lines of their own, checksums included.

    test_train_command.py ALBEF
"""

import csv
import json
import math
import pathlib
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap  # noqa: E402
import tiny_scenes  # noqa: E402

program = str(pathlib.Path(sys.argv[1]).resolve())
TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


def masked(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, check = struct.unpack("<QI", data[at:at + 12])
        assert check == masked(data[at:at + 8]), "checksum of a length"
        body = data[at + 12:at + 12 + length]
        assert struct.unpack("<I", data[at + 12 + length:at + 16 + length])[0] == masked(body), "checksum of a record"
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size = 8 if key & 7 == 1 else 4
            if key & 7 == 2:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def curves(folder):
    """{tag: {step: value}}, with the rule that a start of session drops what lies at its step and beyond."""
    all_curves, repeated = {}, 0
    for path in sorted(pathlib.Path(folder).iterdir()):
        first = True
        for record in records(path.read_bytes()):
            event = dict(fields(record))
            if first:
                assert event.get(3) == b"brain.Event:2" and path.name.startswith("events.out.tfevents."), "the first record"
            first = False
            if 7 in event:
                assert dict(fields(event[7])) == {1: 1}
                for curve in all_curves.values():
                    for step in [step for step in curve if step >= event[2]]:
                        del curve[step]
            if 5 in event:
                assert struct.unpack("<d", event[1])[0] > 1.7e9
                for number, value in fields(event[5]):
                    point = dict(fields(value))
                    curve = all_curves.setdefault(point[1].decode(), {})
                    repeated += event.get(2, 0) in curve
                    curve[event.get(2, 0)] = struct.unpack("<f", point[2])[0]
    return all_curves, repeated


def near(a, b):
    return math.isclose(a, b, rel_tol=2e-6, abs_tol=1e-30)


def bert(path, words):
    """A safetensors file with two tables of a BERT."""
    shapes = {"bert.embeddings.word_embeddings.weight": (words, 16), "bert.embeddings.position_embeddings.weight": (48, 16)}
    header, data = {}, b""
    for name, (rows, columns) in shapes.items():
        values = struct.pack(f"<{rows * columns}f", *[0.01 * (i % 7) for i in range(rows * columns)])
        header[name] = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


SETTINGS = ["model=model.json", "scenes=sprites", "resolution=32", "queue=20", "batch=4", "scenes-per-epoch=32", "epochs=1",
            "workers=1", "by-step=yes", "lr=2e-3", "clip-norm=1", "log-steps=1", "checkpoint-steps=2", "keep=100",
            "eval=held-out/scenes.json", "eval-steps=3", "eval-limit=4"]


def check_logs(folder, lines, name):
    progress = [line for line in lines if "loss" in line]
    evaluations = [line for line in lines if "evaluation" in line]
    rows = list(csv.DictReader(open(pathlib.Path(folder, "log.csv"))))
    steps = [row for row in rows if row["loss"]]
    tap.ok([int(row["step"]) for row in steps] == list(range(1, 9)), f"/{name}/a row for each of the eight steps, once")
    by_step = {int(row["step"]): row for row in steps}
    tap.ok(progress and all(near(float(by_step[line["step"]][key]), line[key]) for line in progress
                            for key in ("loss", "itc", "itm", "mlm", "lr", "alpha", "temperature", "norm")),
           f"/{name}/the table says what the lines say")
    figures = {(int(row["step"]), row["metric"]): float(row["value"]) for row in rows if row["metric"]}
    tap.ok(evaluations and all(near(figures[line["step"], metric], value) for line in evaluations
                               for metric, value in line["evaluation"].items()), f"/{name}/and the figures of evaluations")
    tap.ok(sorted({step for step, _ in figures}) == [3, 6, 8], f"/{name}/evaluated at steps 3, 6 and at the end")
    found, repeated = curves(pathlib.Path(folder, "curves"))
    tap.ok(repeated == 0 and sorted(found["loss/total"]) == list(range(1, 9)), f"/{name}/curves: each step once")
    tap.ok(all(near(found["loss/total"][int(row["step"])], float(row["loss"]))
               and near(found["train/lr"][int(row["step"])], float(row["lr"])) for row in steps)
           and all(near(found["eval/" + metric][step], value) for (step, metric), value in figures.items()),
           f"/{name}/curves: the values of the table")
    return by_step


def main():
    with tempfile.TemporaryDirectory() as folder:
        tiny_scenes.make(folder)
        made = tiny_scenes.albef(program, "scenes", "--sprites", "sprites", "--out", "held-out", "-n", 8, "--size", 32, cwd=folder)
        tap.ok(made.returncode == 0, "/set-up/held-out scenes", made.stderr)
        logs = ["--csv", "log.csv", "--tensorboard", "curves"]
        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "run", *SETTINGS, more=logs)
        tap.ok(status == 0 and lines and lines[-1].get("end") == "finished", "/run/finished", said)
        first = check_logs(folder, lines, "run")
        best = json.loads(pathlib.Path(folder, "run", "best.json").read_text())
        values = {line["step"]: line["evaluation"][line["metric"]] for line in lines if "evaluation" in line}
        tap.ok(near(values[best["step"]], max(values.values())), "/run/best.json names the best evaluation")
        weights = pathlib.Path(folder, "run", "checkpoint-00000008.safetensors").read_bytes()

        # As if it had been killed after step 7: the table and the curves are further than the last checkpoint.
        for step in (6, 8):
            pathlib.Path(folder, "run", f"checkpoint-{step:08}.safetensors").unlink()
        with open(pathlib.Path(folder, "log.csv"), "a") as table:
            table.write("9,0,1.")
        run = tiny_scenes.albef(program, "train", "--resume", "--out", "run", "--threads", 1, "--device", "cpu", *logs, cwd=folder)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        tap.ok(run.returncode == 0 and [line["step"] for line in lines if "loss" in line] == [5, 6, 7, 8], "/resume/goes on at step 5",
               run.stderr)
        second = check_logs(folder, lines, "resume")
        tap.ok(all(first[step][key] == second[step][key] for step in first for key in ("loss", "itc", "mlm", "norm")),
               "/resume/the same numbers")
        tap.ok(pathlib.Path(folder, "run", "checkpoint-00000008.safetensors").read_bytes() == weights, "/resume/the same weights")

        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "other", *SETTINGS, "eval-limit=0", "max-steps=1",
                                                more=["--csv", "nowhere/log.csv"])
        tap.ok(status == 1 and "nowhere/log.csv" in said, "/bad/a table that cannot be written is said before the first step", said)
        words = pathlib.Path(folder, "held-out", "vocab.txt").read_text().count("\n")
        bert(pathlib.Path(folder, "bert.safetensors"), words)
        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "from-bert", *SETTINGS, "max-steps=1", "lr=0",
                                                "init-text=bert.safetensors", "eval=")
        told = pathlib.Path(folder, "from-bert", "init.txt").read_text() if status == 0 else ""
        tap.ok("text_encoder.bert.embeddings.position_embeddings.weight <- bert.safetensors: bert.embeddings.position_embeddings.weight\n"
               in told and "text_encoder.bert.embeddings.token_type_embeddings.weight new\n" in told, "/init/a BERT's file, each mapping told",
               said)
        # A fine-tuned model in the official form: its text encoder's keys lack `bert.`, the head for masked words is not there.
        pathlib.Path(folder, "exported").mkdir()
        shutil.copy(pathlib.Path(folder, "held-out", "vocab.txt"), pathlib.Path(folder, "exported"))
        scenes = ["scenes=sprites", "resolution=32", "batch=4", "scenes-per-epoch=32", "max-steps=1", "queue=20"]
        lines, status, said = tiny_scenes.train(program, folder, "retrieval", "tuned", "init=run/model.safetensors", *scenes)
        made = tiny_scenes.albef(program, "export", "--to", "pth", "tuned/model.safetensors", "exported/tuned.pth", cwd=folder)
        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "from-tuned", "init=exported/tuned.pth", *scenes)
        told = pathlib.Path(folder, "from-tuned", "init.txt").read_text().splitlines() if status == 0 else []
        tap.ok("text_encoder.bert.encoder.layer.2.output.dense.weight <- text_encoder.encoder.layer.2.output.dense.weight" in told
               and "visual_encoder.norm.bias" in told and all("<- text_encoder." in line for line in told
                                                              if line.startswith("text_encoder.bert."))
               and sorted(line for line in told if line.endswith(" new")) == [f"text_encoder.cls.predictions.{part} new" for part in (
                   "bias", "transform.LayerNorm.bias", "transform.LayerNorm.weight", "transform.dense.bias", "transform.dense.weight")],
               "/init/a fine-tuned file's missing prefix is put back and told, the head for masked words alone is new", made.stderr + said)
        bert(pathlib.Path(folder, "other.safetensors"), words + 1)
        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "from-other", *SETTINGS, "init-text=other.safetensors")
        tap.ok(status == 1 and f"{words + 1} x 16" in said and f"{words} x 16" in said, "/bad/a BERT of other words", said)

        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "third", "learningrate=2")
        tap.ok(status == 1 and "no setting 'learningrate'" in said and "--show-config" in said, "/bad/an unknown setting", said)
    return tap.done()


sys.exit(main())
