# SPDX-License-Identifier: MIT
"""albef from outside: names and sentences of any bytes, the command that JSON tells, and what is said of an option that cannot
be used.

    test_albef_command.py ALBEF
"""

import json
import os
import pathlib
import resource
import shlex
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap  # noqa: E402
import tiny_scenes  # noqa: E402

program = str(pathlib.Path(sys.argv[1]).resolve())
ODD = b"od\xffd"  # a name that is no UTF-8
SEEN = "od\ufffdd"


def albef(*arguments, folder):
    """Exit status, standard output as bytes, standard error as text. Negative: ended by a signal."""
    run = subprocess.run([program, *arguments], cwd=folder, capture_output=True)
    return run.returncode, run.stdout, run.stderr.decode("utf-8", "replace")


def answer(output):
    try:
        return json.loads(output)
    except ValueError:
        return {}


def any_bytes(folder):
    picture = os.path.join(os.fsencode(folder), ODD + b".png")
    os.rename(os.path.join(folder, "picture.png"), picture)
    status, output, said = albef("score", "--json", ODD + b".png", b"a \xff dog", folder=folder)
    told = answer(output)
    tap.ok(status == 0 and told.get("image") == SEEN + ".png" and told.get("text") == "a \ufffd dog",
           "/any bytes/score tells a name and a sentence that are no UTF-8", (status, output, said))
    for out in ("maps.npy", "maps.safetensors", "maps.png", "maps"):
        status, output, said = albef("maps", "--json", ODD + b".png", b"\xff dog", "-o", out, folder=folder)
        tap.ok(status == 0 and answer(output).get("image") == SEEN + ".png" and pathlib.Path(folder, out).exists(),
               f"/any bytes/maps to {out}", (status, output, said))
    beside = json.loads(pathlib.Path(folder, "maps.json").read_text(encoding="utf-8"))
    data = pathlib.Path(folder, "maps.safetensors").read_bytes()
    header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
    inside = json.loads(header["__metadata__"]["description"])
    tap.ok(beside["text"] == inside["text"] == "\ufffd dog", "/any bytes/the description says so too")

    model = ODD + b".safetensors"
    os.link(os.path.join(folder, "model.safetensors"), os.path.join(os.fsencode(folder), model))
    status, output, said = albef("inspect", "--json", model, folder=folder)
    tap.ok(status == 0 and answer(output).get("file", {}).get("path") == SEEN + ".safetensors", "/any bytes/inspect",
           (status, output[:200], said))
    status, output, said = albef("convert", model, b"out\xfe.safetensors", folder=folder)
    status_again, output_again, said_again = albef("inspect", "--json", b"out\xfe.safetensors", folder=folder)
    made_from = answer(output_again).get("file", {}).get("made_from", "")
    tap.ok(status == 0 and made_from.startswith(SEEN), "/any bytes/convert", (status, said, made_from))
    status, output, said = albef("export", "--to", "pth", "--json", model, b"out\xfe.pth", folder=folder)
    tap.ok(status == 0 and answer(output).get("out") == "out\ufffd.pth", "/any bytes/export", (status, output, said))
    status, output, said = albef("bench", "--model", model, "--runs", "1", "--json", folder=folder)
    tap.ok(status == 0 and SEEN in answer(output).get("command", ""), "/any bytes/bench", (status, output[:200], said))
    os.rename(picture, os.path.join(folder, "picture.png"))


def command(folder):
    typed = ["score", "--json", "picture.png", "a dog's $HOME \"x\" \\ ", "--device", "cpu"]
    status, output, said = albef(*typed, folder=folder)
    tap.ok(status == 0 and shlex.split(answer(output).get("command", "")) == ["albef", *typed],
           "/command/a shell takes it back word for word", (output, said))
    status, output, said = albef("score", "--json", "picture.png", "", folder=folder)
    tap.ok(shlex.split(answer(output).get("command", "")) == ["albef", "score", "--json", "picture.png", ""],
           "/command/an empty sentence too", output)


def options(folder):
    wrong = [("score", "--threads", "0"), ("score", "--resolution", "x"), ("maps", "--layer", "0"), ("maps", "--heads", "3-1"),
             ("maps", "--colours", "pink"), ("maps", "--opacity", "2"), ("bench", "--runs", "0"), ("eval", "--k", "0"),
             ("scenes", "--size", "1"), ("train", "--threads", "0")]
    for name, option, value in wrong:
        status, output, said = albef(name, option, value, folder=folder)
        tap.ok(status == 2 and f"'{option} {value}'" in said and f"albef {name} --help" in said and output == b"",
               f"/options/{name} names {option}, which cannot be used so", (status, said))
    status, output, said = albef("scenes", "--sprites", "sprites", "--out", "unnamed", "-n", "1", "--group", b"\xff", folder=folder)
    tap.ok(status == 2 and "--group" in said and not pathlib.Path(folder, "unnamed").exists(),
           "/options/a group of scenes that is no UTF-8", (status, said))
    status, output, said = albef("scenes", "-n", "x", folder=folder)
    tap.ok(status == 2 and "'-n x'" in said, "/options/a short one too", said)
    status, output, said = albef("score", "--nope", folder=folder)
    tap.ok(status == 2 and said.startswith("albef score: ") and "--nope" in said, "/options/one that there is not", said)
    before = sorted(os.listdir(folder))
    for out in ("strip.jpg", "maps.npz", "maps.pdf"):
        status, output, said = albef("maps", "picture.png", "a dog", "-o", out, folder=folder)
        tap.ok(status == 2 and ".safetensors" in said and sorted(os.listdir(folder)) == before,
               f"/options/{out} is no form of maps, and no folder is made of that name", (status, said))
    status, output, said = albef("maps", "picture.png", "a dog", "-o", "run.first/", folder=folder)
    tap.ok(status == 0 and pathlib.Path(folder, "run.first", "strip.png").exists(), "/options/a folder with a dot and a stroke", said)


def full_disk(folder):
    """A limit on the size of files stands for a full disk."""
    kept = pathlib.Path(folder, "kept.png")
    kept.write_bytes(b"an older picture")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))

    run = subprocess.run([program, "maps", "picture.png", "a dog", "-o", "kept.png"], cwd=folder, capture_output=True, text=True,
                         preexec_fn=limit, restore_signals=False)
    left = [name for name in os.listdir(folder) if name.startswith("kept.png")]
    with open("/dev/full", "wb") as full:
        for arguments in (["--help"], ["--version"], ["score", "--json", "picture.png", "a dog"]):
            told = subprocess.run([program, *arguments], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True)
            tap.ok(told.returncode == 1 and "standard output" in told.stderr, f"/full disk/what {arguments[0]} prints", told.stderr)
    tap.ok(run.returncode == 1 and "File too large" in run.stderr and left == ["kept.png"] and kept.read_bytes() == b"an older picture",
           "/full disk/a picture that cannot be written: why, and the older one stays", (run.stderr, left))


def no_file(folder):
    """What is there and no file: a folder, and a pipe in place of a device (a rename would put a file over it)."""
    os.mkfifo(os.path.join(folder, "pipe"))
    os.mkdir(os.path.join(folder, "a.folder"))
    for ending, arguments in ((".png", ["maps", "picture.png", "a dog", "-o"]), (".npy", ["maps", "picture.png", "a dog", "-o"]),
                              (".safetensors", ["convert", "model.safetensors"]), (".pth", ["export", "--to", "pth", "model.safetensors"])):
        for kind, word in (("pipe", "pipe"), ("a.folder", "folder")):
            out = pathlib.Path(folder, kind + ending)
            out.symlink_to(kind)
            status, output, said = albef(*arguments, out.name, folder=folder)
            left = [name for name in os.listdir(folder) if ".new-" in name]
            tap.ok(status == 1 and word in said and out.name in said and not left and out.is_symlink()
                   and (pathlib.Path(folder, "pipe").is_fifo() and pathlib.Path(folder, "a.folder").is_dir()),
                   f"/no file/{arguments[0]} to a {word} as {ending}", (status, said, left))


def main():
    with tempfile.TemporaryDirectory() as folder:
        tiny_scenes.make(folder)
        tiny_scenes.png(pathlib.Path(folder, "picture.png"), 32, 32, (200, 30, 40, 255))
        lines, status, said = tiny_scenes.train(program, folder, "pretrain", "run", "model=model.json", "scenes=sprites",
                                                "resolution=32", "queue=20", "batch=4", "scenes-per-epoch=4", "epochs=1")
        if not tap.ok(status == 0, "/set-up", said):
            return tap.done()
        os.link(os.path.join(folder, "run", "model.safetensors"), os.path.join(folder, "model.safetensors"))
        any_bytes(folder)
        command(folder)
        options(folder)
        full_disk(folder)
        no_file(folder)
    return tap.done()


sys.exit(main())
