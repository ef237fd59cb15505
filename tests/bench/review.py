# SPDX-License-Identifier: MIT
"""Key press to the next phrase on the screen with its map, in the real window on the sample project.

    ../window/on-display /usr/bin/python3 review.py ALIDADE [--rounds N] [--json]

Each round gives a verdict on all 72 phrases of a new project, a key every 0.3 s. The program logs for each key the time
until the frame that shows the next phrase, regions and map is painted, and how much of it the main thread worked: the
second figure does not depend on what else the machine does. Phrases whose map had not come with the first frame have no
figure; they are counted."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "window"))
from driver import Program, wait, xdotool  # noqa: E402

LINE = re.compile(r"review: on screen ([\d.]+) ms after the key, ([\d.]+) ms of it work")


def one_round(binary, folder):
    project = os.path.join(folder, "samples")
    shutil.rmtree(project, ignore_errors=True)
    subprocess.run([binary, "new", "--samples", project], check=True, capture_output=True)
    subprocess.run([binary, "propose", project], check=True, capture_output=True)
    with Program(binary, project) as program:
        tab = program.find("page tab", "Review")
        x, y, width, height = tab.box
        xdotool("mousemove", x + 5 + width // 2, y + 5 + height // 2, "click", 1)
        label = program.find("label", r"\d+ left")
        count = int(label.name.split()[0])
        time.sleep(1)
        for _ in range(count - 1):
            program.key("r")
            time.sleep(0.3)
        wait(lambda: len(LINE.findall(program.log())) >= count - 1, 2)
        return count - 1, [(float(clock), float(work)) for clock, work in LINE.findall(program.log())]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("alidade")
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--json", action="store_true")
options = parser.parse_args()
os.environ["G_MESSAGES_DEBUG"] = "alidade"
keys, figures = 0, []
with tempfile.TemporaryDirectory(prefix="alidade-bench-") as place:
    for _ in range(options.rounds):
        pressed, got = one_round(os.path.abspath(options.alidade), place)
        keys += pressed
        figures += got
result = {"keys": keys, "measured": len(figures)}
for index, name in enumerate(("clock_ms", "work_ms")):
    values = [figure[index] for figure in figures]
    result[name] = {"median": percentile(values, 0.5), "p95": percentile(values, 0.95), "worst": max(values, default=float("nan"))}
if options.json:
    print(json.dumps(result))
else:
    print("%d keys, %d with figures" % (keys, len(figures)))
    for name in ("clock_ms", "work_ms"):
        print("%-9s median %.1f, 95 %% %.1f, worst %.1f" % (name, *(result[name][key] for key in ("median", "p95", "worst"))))
