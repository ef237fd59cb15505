# SPDX-License-Identifier: MIT
"""From a keystroke to its map: types a sentence into the real window and reads the times it logs.
Usage: on-display /usr/bin/python3 latency.py ALIDADE

Prints medians and largest values of: change to answer, panes brought up to date, a frame of the canvas, change to the
map drawn (that contains the wait for the display's next frame); then zoom and pan frames, start to window, peak
memory. The screen is ALIDADE_SCREEN (1280x800)."""
import os
import re
import sys
import time

from driver import Program, wait, xdotool

SENTENCE = "a duck below a yellow truck with a hat"
KEY_MS = 70  # between keystrokes: a fast typist

os.environ["G_MESSAGES_DEBUG"] = "alidade"
size = tuple(int(n) for n in os.environ.get("ALIDADE_SCREEN", "1280x800").split("x"))


def row(name, values):
    values = sorted(values)
    if values:
        print("%-26s median %6.1f ms, largest %6.1f ms, of %d" % (name, values[len(values) // 2], values[-1], len(values)))


def times(log, pattern):
    return [float(value) for value in re.findall(pattern, log)]


with Program(sys.argv[1], size=size) as program:
    program.find("push button", "carrot, strength .*")
    program.key("ctrl+k", "ctrl+a")
    begin = len(program.log())
    xdotool("type", "--delay", KEY_MS, SENTENCE)
    program.find("push button", "hat, .*")
    time.sleep(0.2)  # the last frame is drawn
    log = program.log()[begin:]
    print("%d x %d, %d keys" % (*size, len(SENTENCE)))
    row("change to answer", times(log, r"answer after ([\d.]+) ms"))
    row("panes up to date", times(log, r"shown in ([\d.]+) ms"))
    row("frame of the canvas", times(log, r"frame of ([\d.]+) ms"))
    row("change to map drawn", times(log, r"drawn ([\d.]+) ms"))
    begin = len(program.log())
    program.key("Escape")
    for key in ["plus"] * 8 + ["Left"] * 12:
        frames = len(times(program.log()[begin:], r"frame of ([\d.]+) ms"))
        program.key(key)
        wait(lambda: len(times(program.log()[begin:], r"frame of ([\d.]+) ms")) > frames, 0.3)
    row("zoom and pan frame", times(program.log()[begin:], r"frame of ([\d.]+) ms"))
    print("start to window            %.2f s" % program.seconds_to_window)
    with open("/proc/%d/status" % program.process.pid) as status:
        print("peak memory                %d MB" % (int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) // 1024))
