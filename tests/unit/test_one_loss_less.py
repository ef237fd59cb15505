# SPDX-License-Identifier: MIT
"""albef train and the conformance runner call one step function: with a loss taken out of it, both fail.

    test_one_loss_less.py ALBEF CONFORMANCE ALBEF_LESS CONFORMANCE_LESS REFERENCE
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap  # noqa: E402
import tiny_scenes  # noqa: E402

albef, conformance, albef_less, conformance_less, reference = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:6])
CASES = ("pretrain", "retrieval", "amc")


def folder_of(case, folder):
    """A reference folder with the one case and what it needs."""
    place = pathlib.Path(folder, case)
    place.mkdir()
    for path in pathlib.Path(reference).iterdir():
        if path.suffix != ".safetensors" or path.name == case + ".safetensors" or path.name.startswith("weights_"):
            (place / path.name).symlink_to(path)
    return place


def passes(program, place):
    run = subprocess.run([program, str(place), "--check", "--backend", "cpu"], capture_output=True, text=True)
    return run.returncode == 0, run.stdout


def learns(program, folder, name):
    """A short run whose lines say three losses, each of some size, and their sum."""
    lines, status, said = tiny_scenes.train(program, folder, "pretrain", name, "model=model.json", "scenes=sprites", "resolution=32",
                                            "queue=20", "batch=4", "scenes-per-epoch=12", "epochs=1", "log-steps=1", "dropout=0")
    steps = [line for line in lines if "loss" in line]
    whole = bool(steps) and all(min(line["itc"], line["itm"], line["mlm"]) > 0.05
                                and abs(line["itc"] + line["itm"] + line["mlm"] - line["loss"]) < 1e-4 for line in steps)
    return status == 0 and whole, said


def main():
    with tempfile.TemporaryDirectory() as folder:
        tiny_scenes.make(folder)
        for case in CASES:
            if not pathlib.Path(reference, case + ".safetensors").exists():
                continue
            place = folder_of(case, folder)
            good, output = passes(conformance, place)
            bad, altered = passes(conformance_less, place)
            tap.ok(good and not bad and any("loss" in line and "OUT OF TOLERANCE" in line for line in altered.splitlines()),
                   f"/one loss less/conformance, {case}: passes with it, fails without", output[-2000:] + altered[-2000:])
        good, said = learns(albef, folder, "whole")
        tap.ok(good, "/one loss less/albef train has all three losses", said)
        bad, said = learns(albef_less, folder, "less")
        tap.ok(not bad, "/one loss less/albef train without one of them is seen")
        weights = [pathlib.Path(folder, name, "model.safetensors").read_bytes() for name in ("whole", "less")]
        tap.ok(weights[0] != weights[1], "/one loss less/and ends with other weights")
    return tap.done()


sys.exit(main())
