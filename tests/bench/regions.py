# SPDX-License-Identifier: MIT
"""Dragging with many regions on the picture: what the main thread works for each frame, in the real window under Xvfb.

    ALIDADE_SCREEN=1280x800 ../window/on-display /usr/bin/python3 regions.py REGION_EDITOR [--regions N] [--steps N]

Pointer events come from xdotool, one every eight milliseconds. A frame's work is the processor time of the program's
main thread since the frame before: events, editing, figures, snapshot and GSK's drawing (GSK_RENDERER=cairo)."""
import argparse
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "window"))
from driver import Program, wait, xdotool  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("binary")
parser.add_argument("--regions", type=int, default=1000)
parser.add_argument("--steps", type=int, default=300)
options = parser.parse_args()


def share(values, part):
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


class Measured(Program):
    def frames(self, since):
        return [tuple(map(float, match)) for match in re.findall(r"^frame (\S+) (\S+)$", self.log()[since:], re.M)]

    def measure(self, name, start, places, prepare=()):
        if prepare:
            self.key(*prepare)
        xdotool("mousemove", *start)
        wait(lambda: False, 0.3)
        since = len(self.log())
        steps = ["mousedown", 1]
        for place in places:
            steps += ["mousemove", *map(round, place), "sleep", 0.008]
        subprocess.run(["xdotool", *map(str, steps)], check=True)
        wait(lambda: False, 0.2)
        frames = self.frames(since)
        xdotool("mouseup", 1)
        wait(lambda: False, 0.2)
        busy, paint = zip(*frames)
        print("| %s | %d | %.1f | %.1f | %.1f | %.1f |"
              % (name, len(frames), share(busy, 0.5), share(busy, 0.95), max(busy), share(paint, 0.95)), flush=True)


def zigzag(x, y, dx, dy, n):
    """Back and forth between two places, quickly."""
    for i in range(n):
        at = abs((i * 7 % 100) - 50) / 50
        yield x + dx * at, y + dy * (1 - at)


def main():
    print("Load %.1f; %d regions, %d pointer events each\n" % (os.getloadavg()[0], options.regions, options.steps))
    print("| drag | frames | median ms | 95 % ms | worst ms | 95 % of painting, clock ms |\n|---|---|---|---|---|---|")
    size = (1280, 800)
    with Measured(options.binary, "--measure", "--regions", str(options.regions), size=size) as program:
        wait(lambda: program.log().count("frame") > 1)
        # The proposal is selected: its box lies from 0.5, 0.3 to 0.75, 0.6 of a picture of 1024 x 768 at 128, 16.
        corner, middle = (128 + 768, 16 + 461), (128 + 640, 16 + 346)
        program.measure("a corner of a box", corner, zigzag(*corner, 150, 150, options.steps))
        program.key("z")
        program.measure("a box", middle, zigzag(*middle, -300, 250, options.steps), ("v",))
        program.key("z")
        program.measure("a new box", (200, 100), zigzag(300, 200, 600, 450, options.steps), ("b",))
        program.measure("a stroke of the brush", (300, 300), zigzag(300, 300, 500, 300, options.steps), ("d",))
        program.key("p")
        for place in ((300, 100), (700, 120), (800, 500), (400, 600)):
            xdotool("mousemove", *place, "click", 1)
            wait(lambda: False, 0.1)
        program.key("Return")
        program.measure("a point of a polygon", (800, 500), zigzag(700, 400, 300, 300, options.steps))
    with Measured(options.binary, "--measure", "--regions", str(options.regions), "--size", "6000x4000",
                  size=size) as program:
        wait(lambda: program.log().count("frame") > 1)
        program.measure("a stroke on 24 megapixels", (300, 300), zigzag(300, 300, 500, 300, options.steps), ("d",))
        program.key("v")
        program.measure("that mask, moved", (550, 450), zigzag(500, 400, 100, 100, options.steps))


main()
