# SPDX-License-Identifier: MIT
"""The library in the real window on a very large project: opening, searching, scrolling from end to end, memory.

    ../window/on-display /usr/bin/python3 library-window.py ALIDADE LOOP_PROBE PROJECT [--steps N]

PROJECT is one of library-project.py; LOOP_PROBE the module built from loop-probe.c. *Opened*: from the program's start to
the first named row of the side pane, as a screen reader sees it (which takes its own time), the first time without the
project's thumbnails, and again. *Searched*: as the program logs it, from the question (120 ms after the last key) to
the whole list with its count, and to the rows of the first page. *Scrolled*: the grid's slider drawn from the top to the
bottom, then the wheel, with the main thread's work between two waits as the probe notes it: 99th percentile and worst, by
the clock and by the thread's processor time."""
import argparse
import os
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "window"))
from driver import Program, wait, xdotool  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("alidade")
parser.add_argument("probe")
parser.add_argument("project")
parser.add_argument("--steps", type=int, default=300)
options = parser.parse_args()
notes = os.path.join(tempfile.mkdtemp(prefix="alidade-probe-"), "work")
os.environ["ALIDADE_PROBE"] = notes
os.environ["G_MESSAGES_DEBUG"] = "alidade"
SHADOW = 5


def memory(process, what):
    with open("/proc/%d/status" % process.pid) as status:
        return int(re.search(what + r":\s+(\d+)", status.read())[1]) / 1024


def work():
    with open(notes) as lines:
        return [tuple(map(int, line.split())) for line in lines if line.count(" ") == 1 and line.endswith("\n")]


def say(name, value):
    print("%-44s %s" % (name, value), flush=True)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] / 1000 if values else 0


def say_work(name, pieces):
    wall, cpu = [piece[0] for piece in pieces], [piece[1] for piece in pieces]
    say(name, "%d pieces; clock p50 %.1f, p99 %.1f, worst %.1f ms; processor p50 %.1f, p99 %.1f, worst %.1f ms; %.1f %% over 16 ms of processor"
        % (len(pieces), percentile(wall, 0.5), percentile(wall, 0.99), percentile(wall, 1), percentile(cpu, 0.5), percentile(cpu, 0.99),
           percentile(cpu, 1), 100 * sum(c > 16000 for c in cpu) / max(len(cpu), 1)))


def open_once(what):
    started = time.monotonic()
    with Program(options.alidade, options.project, preload=options.probe, size=(1280, 800)) as program:
        shown = wait(lambda: next(program.window.every("label", "[\\d,.]+ pictures.*"), None), 60)
        cell = wait(lambda: next(program.window.every("table cell", "day .*|.*IMG.*"), None), 60)
        say("opened (%s): first rows" % what, "%.2f s from the program's start, window at %.2f s" % (time.monotonic() - started, program.seconds_to_window))
        wait(lambda: next(program.window.every("label", "[\\d,.]+ pictures"), None), 120)
        say("opened (%s): everything read" % what, "%.2f s; %s" % (time.monotonic() - started, shown.name if shown else cell))
        say("opened (%s): main thread" % what, "worst piece of work %.1f ms by the clock, %.1f ms of processor"
            % (percentile([w[0] for w in work()], 1), percentile([w[1] for w in work()], 1)))


shutil.rmtree(os.path.join(options.project, "cache"), ignore_errors=True)
open_once("first time")
open_once("again")
with Program(options.alidade, options.project, preload=options.probe, size=(1280, 800)) as program:
    wait(lambda: next(program.window.every("label", "[\\d,.]+ pictures"), None), 120)
    say("resident, project open", "%.0f MB" % memory(program.process, "VmRSS"))
    program.key("ctrl+l")
    time.sleep(1)
    for text in ("zebra-7", "dog", "a", "IMG_0999", "carrot flower"):
        program.key("ctrl+f", "ctrl+a", "BackSpace")
        time.sleep(1.5)
        begin = len(program.log())
        program.type(text)
        found = wait(lambda: re.search(r"library: (\d+) pictures after ([\d.]+) ms", program.log()[begin:]), 20)
        rows = wait(lambda: re.search(r"library: first rows after ([\d.]+) ms", program.log()[begin:]), 2)
        say("searched '%s'" % text, "%s pictures known after %s ms, %s" % (*found.groups(), "their first rows after %s ms" % rows[1]
            if rows else "their rows were there already") if found else "no answer")
    program.key("ctrl+f", "ctrl+a", "BackSpace")
    time.sleep(2)
    # The slider: a thin one at the grid's right edge.
    grid = next(node for node in program.window.every("table", "Pictures") if node.box[2] > 500)
    x, y, width, height = grid.box
    right, top = SHADOW + x + width + 10, SHADOW + y + 6
    xdotool("mousemove", right - 3, top + 40)
    time.sleep(0.5)
    begin = len(work())
    xdotool("mousemove", right - 3, top, "mousedown", 1)
    for step in range(options.steps):
        xdotool("mousemove", right - 3, top + (height - 20) * (step + 1) // options.steps)
        time.sleep(0.016)
    xdotool("mouseup", 1)
    time.sleep(0.5)
    say_work("scrolled by the slider, grid", work()[begin:])
    say("", "ends at %s" % [node.name for node in program.window.every("table cell", ".*IMG.*")][-1:])
    xdotool("mousemove", SHADOW + x + width // 2, SHADOW + y + height // 2)
    begin = len(work())
    for step in range(options.steps):
        xdotool("click", 4)
        time.sleep(0.016)
    say_work("scrolled by the wheel, grid", work()[begin:])
    program.key("ctrl+g")
    time.sleep(1)
    begin = len(work())
    for step in range(options.steps):
        xdotool("click", 5)
        time.sleep(0.016)
    say_work("scrolled by the wheel, list", work()[begin:])
    say("resident, peak", "%.0f MB, %.0f MB" % (memory(program.process, "VmRSS"), memory(program.process, "VmHWM")))
shutil.rmtree(os.path.dirname(notes))
