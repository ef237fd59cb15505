# SPDX-License-Identifier: MIT
"""`alidade` from a terminal: figures without a display, a session bus, a home or schemas; usage and its exit codes.

    test_figure_command.py PROGRAM SAMPLES_FOLDER
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap

program = sys.argv[1]
picture = str(pathlib.Path(sys.argv[2], "scene-06.png"))
TEXT = "the dog next to a sheep"
# What a bare server has: nothing of a desktop.
bare = {name: value for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME")}
bare["HOME"] = "/nonexistent"
bare["GSETTINGS_BACKEND"] = "memory"


def alidade(*arguments, **changes):
    return subprocess.run([program, *arguments], capture_output=True, text=True, errors="replace", timeout=240,
                          env=dict(bare, **changes))


def png_chunks(path):
    """Keyword to text of the PNG's text chunks."""
    data, at, texts = path.read_bytes(), 8, {}
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        body = data[at + 8:at + 8 + length]
        if kind == b"tEXt":
            keyword, text = body.split(b"\0", 1)
            texts[keyword.decode()] = text.decode("latin-1")
        elif kind == b"iTXt":
            keyword, rest = body.split(b"\0", 1)
            compressed, text = rest[0], rest[2:].split(b"\0", 2)[2]
            texts[keyword.decode()] = (zlib.decompress(text) if compressed else text).decode()
        at += length + 12
    return texts


def check_usage():
    for arguments in (["--no-such-option"], ["figure"], ["figure", picture], ["figure", picture, TEXT],
                      ["figure", picture, TEXT, "-o", "x.gif"], ["figure", picture, TEXT, "-o", "x"],
                      ["figure", picture, TEXT, "more", "-o", "x.png"],
                      ["figure", picture, TEXT, "-o", "x.png", "--heads", "0"],
                      ["figure", picture, TEXT, "-o", "x.png", "--heads", "3-1"],
                      ["figure", picture, TEXT, "-o", "x.png", "--colours", "pink"],
                      ["figure", picture, TEXT, "-o", "x.png", "--opacity", "7"],
                      ["figure", picture, TEXT, "-o", "x.png", "--opacity", "nan"],
                      ["figure", picture, TEXT, "-o", "x.png", "--layer", "-1"],
                      ["figure", picture, TEXT, "-o", "x.png", "--bogus"]):
        run = alidade(*arguments)
        tap.ok(run.returncode == 2 and "--help" in run.stderr, f"/alidade/usage/{' '.join(arguments[2:]) or arguments}",
               f"status {run.returncode}\n{run.stderr}")
    for arguments in (["--help"], ["figure", "--help"], ["--version"]):
        run = alidade(*arguments)
        tap.ok(run.returncode == 0 and run.stdout and not run.stderr, f"/alidade/{' '.join(arguments)}", run.stderr)
    run = alidade()
    tap.ok(run.returncode == 3 and "alidade figure" in run.stderr, "/alidade/without a display it says what works",
           f"status {run.returncode}\n{run.stderr}")


def check_figures(folder):
    png, svg, pdf = (folder / f"f.{ending}" for ending in ("png", "svg", "pdf"))
    run = alidade("figure", picture, TEXT, "-o", str(png))
    if not tap.ok(run.returncode == 0 and not run.stderr, "/alidade/figure/png without a desktop", run.stderr):
        return
    texts = png_chunks(png)
    tap.ok("alidade figure" in texts.get("Command", "") and f"'{TEXT}'" in texts.get("Command", ""),
           "/alidade/figure/png/the command", texts)
    tap.ok(len(texts.get("Model-SHA256", "")) == 64, "/alidade/figure/png/the model's hash", texts)
    tap.ok(png.read_bytes().startswith(b"\x89PNG") and png.stat().st_size > 20000, "/alidade/figure/png/whole")

    run = alidade("figure", picture, TEXT, "-o", str(svg), "--colours", "Turbo", "--heads", "1,3-4", "--layer", "1")
    tap.ok(run.returncode == 0, "/alidade/figure/svg", run.stderr)
    root = xml.etree.ElementTree.parse(svg).getroot()
    told = "".join(root.itertext())
    tap.ok(texts["Model-SHA256"] in told and "--colours" in told, "/alidade/figure/svg/command and hash")
    images = [e for e in root.iter() if e.tag.endswith("}image")]
    tap.ok(len(images) >= 7, "/alidade/figure/svg/the picture and six words", len(images))

    run = alidade("figure", picture, TEXT, "-o", str(pdf), "--layer", "3")
    tap.ok(run.returncode == 0 and "sentence" in run.stderr, "/alidade/figure/pdf/the last layer has no word maps, and says so",
           run.stderr)
    tap.ok(pdf.read_bytes().startswith(b"%PDF-") and texts["Model-SHA256"].encode() in pdf.read_bytes(),
           "/alidade/figure/pdf/the model's hash")

    run = alidade("figure", picture, TEXT, "-o", str(folder / "itc.png"), "--itc", "--bare")
    tap.ok(run.returncode == 0, "/alidade/figure/itc", run.stderr)
    run = alidade("figure", picture, "a zyzzyva", "-o", str(folder / "unknown.png"))
    tap.ok(run.returncode == 0 and "zyzzyva" in run.stderr, "/alidade/figure/an unknown word is told", run.stderr)
    run = alidade("figure", picture, "", "-o", str(folder / "empty.png"))
    tap.ok(run.returncode == 0, "/alidade/figure/an empty sentence", run.stderr)
    german = alidade("figure", picture, TEXT, "-o", str(folder / "locale.png"), LC_ALL="de_DE.UTF-8")
    tap.ok(german.returncode == 0 and (folder / "locale.png").stat().st_size > 20000, "/alidade/figure/any locale", german.stderr)


def check_failures(folder):
    good = folder / "good.png"
    good.write_bytes(b"good")
    truncated = folder / "cut.png"
    truncated.write_bytes(pathlib.Path(picture).read_bytes()[:3000])
    garbage = folder / "garbage.safetensors"
    garbage.write_bytes(b"\xff" * 100)
    for name, arguments in {
        "a missing picture": ["figure", str(folder / "no.png"), TEXT, "-o", str(good)],
        "a cut picture": ["figure", str(truncated), TEXT, "-o", str(good)],
        "a model that is none": ["figure", picture, TEXT, "-o", str(good), "--model", str(garbage)],
        "a layer that is not there": ["figure", picture, TEXT, "-o", str(good), "--layer", "99"],
        "a head that is not there": ["figure", picture, TEXT, "-o", str(good), "--heads", "60"],
        "a folder that is not there": ["figure", picture, TEXT, "-o", str(folder / "no" / "x.png")],
    }.items():
        run = alidade(*arguments)
        tap.ok(run.returncode == 1 and run.stderr.startswith("alidade figure: "), f"/alidade/failure/{name}",
               f"status {run.returncode}\n{run.stderr}")
    tap.ok(good.read_bytes() == b"good", "/alidade/failure/what was there is untouched")
    left = sorted(p.name for p in folder.iterdir() if p.name not in ("good.png", "cut.png", "garbage.safetensors"))
    tap.ok(not left, "/alidade/failure/nothing half-written stays", left)


def main():
    check_usage()
    with tempfile.TemporaryDirectory() as folder:
        check_figures(pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        check_failures(pathlib.Path(folder))
    return tap.done()


sys.exit(main())
