# SPDX-License-Identifier: MIT
"""Review in the window, by keys alone: verdicts, correcting, taking back, beside the journal; a left hand on a Greek
layout; proposals from nothing; a blind second pass. Usage: test_review.py ALIDADE SOURCE_ROOT [PART...]"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "house"))
from tap import done, ok  # noqa: E402

from driver import Atspi, Program, wait, xdotool  # noqa: E402

binary, root = sys.argv[1:3]
wanted = sys.argv[3:]
# What the physical keys of a US keyboard have for codes under X.
CODES = {"a": 38, "s": 39, "d": 40, "f": 41, "q": 24, "r": 27, "z": 52, "b": 56, "e": 26}
PAUSE = 0.15  # a verdict within 120 ms of another phrase on screen is meant for the one before


def alidade(*arguments):
    return subprocess.run([binary, *arguments], check=True, capture_output=True, text=True).stdout


def listed(project, kind):
    return [json.loads(line) for line in alidade("list", project, kind, "--json").splitlines()]


def sample_project(folder, propose=True):
    project = os.path.join(folder, "samples")
    alidade("new", "--samples", project)
    if propose:
        alidade("propose", project)
    return project


def complaints(program):
    return re.search(r"CRITICAL|WARNING|AddressSanitizer|runtime error", program.log())


class Review:
    """The page, whose objects are looked up once: walking through the whole tree takes long."""

    def __init__(self, program):
        self.program = program
        tab = program.find("page tab", "Review")
        x, y, width, height = tab.box
        xdotool("mousemove", x + 5 + width // 2, y + 5 + height // 2, "click", 1)
        self.page = program.find("panel", "Review of phrases")
        self.count = self.caption = self.hint = None

    def left(self):
        if self.count is None:
            self.count = self.page.find("label", r"\d+ left", 5)
        match = re.match(r"\d+", self.count.name) if self.count else None
        return int(match[0]) if match else None

    def shown(self):
        """The phrase on screen, once its caption is there."""
        if self.caption is None:
            self.caption = self.page.find("panel", r".+, in: .+", 5)
        name = wait(lambda: self.caption.name if ", in: " in self.caption.name else None)
        return name.split(", in: ")[0] if name else None

    def says(self, pattern):
        """The hint at the lower left."""
        if self.hint is None:
            self.hint = next((node for node in self.page.all(False) if node.role in ("status bar", "statusbar")), None)
        return self.hint is not None and wait(lambda: re.fullmatch(pattern, self.hint.name))


def press(page, name):
    """A button with a menu is two objects of one name, of which the inner one can be pressed."""
    node = wait(lambda: next((node for node in page.every(None, name) if node.actions()), None))
    node.do()


def give(review, press_key, expect):
    """One verdict, once the phrase is on screen. Returns the phrase."""
    before, count = review.shown(), review.left()
    time.sleep(PAUSE)
    press_key()
    ok(wait(lambda: review.left() == count + expect, 10), "/give/%+d left" % expect, "%s: %s left" % (before, review.left()))
    return before


def keys(folder):
    """Every verdict by its letter, a corrected box without a mouse, undo and redo; then the journal says the same."""
    project = sample_project(folder)
    done_here = []
    with Program(binary, project) as program:
        review = Review(program)
        ok(wait(lambda: review.left() == 72), "/keys/all phrases wait", str(review.left()))
        first = review.shown()
        for letter, verdict in (("a", "accepted"), ("r", "rejected"), ("n", "absent"), ("a", "accepted")):
            done_here.append((give(review, lambda key=letter: program.key(key), -1), verdict))
        done_here.append((give(review, lambda: program.key("u"), 0 - 1 + 1), "unsure"))
        # Held down: one verdict.
        count = review.left()
        time.sleep(PAUSE)
        phrase = review.shown()
        xdotool("keydown", "r")
        time.sleep(1.2)  # longer than the delay of auto-repeat
        xdotool("keyup", "r")
        ok(wait(lambda: review.left() == count - 1) and review.left() == count - 1, "/keys/a key that is held gives one verdict",
           str(review.left()))
        done_here.append((phrase, "rejected"))
        # A box at the map's peak, moved and made larger.
        count, phrase = review.left(), review.shown()
        time.sleep(PAUSE)
        program.key("c")
        ok(review.page.find("label", "Opened for correction") is not None, "/keys/C opens the region for correction")
        program.key("b", "b")
        ok(wait(lambda: next(review.page.every("list item", r"\d Box, you · being drawn"), None)) is not None,
           "/keys/B twice drops a box at the map's peak")
        program.key("Right", "Right", "Down", "shift+Right")
        program.key("r")
        ok(review.says("Enter keeps what you drew.*"), "/keys/a verdict does not lose what was drawn")
        program.key("Return")
        ok(wait(lambda: review.left() == count - 1), "/keys/Enter keeps it and goes on")
        done_here.append((phrase, "corrected"))
        # Taken back, and done again.
        program.key("z")
        ok(review.says("Taken back: .*") and wait(lambda: review.left() == count), "/keys/Z takes it back")
        ok(wait(lambda: review.shown() == phrase), "/keys/and shows its phrase")
        program.key("shift+z")
        ok(wait(lambda: review.left() == count - 1), "/keys/Shift+Z does it again")
        # Typing is typing, in a search and in a box over the pane.
        count = review.left()
        press(review.page, "Make the queue anew")
        ok(review.page.find("spin button", "Share .*") is not None, "/keys/what a queue is made of")
        program.key("a", "r", "n", "Escape")
        program.key("ctrl+1", "ctrl+k", "ctrl+a")
        program.type("arena")
        ok(wait(lambda: program.find("text", "Sentence").text.endswith("arena")), "/keys/'arena' stands in the sentence")
        program.key("ctrl+2")
        ok(wait(lambda: review.left() == count) and review.left() == count, "/keys/and gives no verdict", str(review.left()))
        ok(not complaints(program), "/keys/no warnings", program.log())
    verdicts = listed(project, "verdicts")
    texts = {phrase["id"]: phrase["text"] for phrase in listed(project, "phrases")}
    got = sorted((texts[verdict["phrase_id"]], verdict["verdict"]) for verdict in verdicts)
    ok(got == sorted(done_here), "/journal/verdicts are those that were given", "%s\n%s" % (got, sorted(done_here)))
    kinds = [record["kind"] for record in listed(project, "journal")]
    ok(kinds == ["import", "run"] + ["verdict"] * 7 + ["undo", "redo"], "/journal/one record for each key", str(kinds))
    people = [region for region in listed(project, "regions") if region["origin"] == "person"]
    ok(len(people) == 1, "/journal/one region of a person", str(people))
    target = os.path.join(folder, "out.jsonl")
    alidade("export", project, target, "--format", "manifest")
    with open(target) as lines:
        labels = [region for line in lines for region in json.loads(line).get("regions") or [] if region.get("label") is not False]
    ok(len(labels) == 3, "/journal/exported: two accepted and the corrected one", "%d" % len(labels))
    with Program(binary, project) as program:
        review = Review(program)
        ok(wait(lambda: review.left() == 72 + 1 - 7), "/restart/the queue is where it was", str(review.left()))
        ok(first is not None and review.shown() is not None, "/restart/and shows a phrase")


def choose_row(program, window, row, entry):
    combo = window.find("combo box", row)
    x, y, width, height = combo.box
    xdotool("mousemove", x + 5 + width // 2, y + 5 + height // 2, "click", 1)
    popover = combo.find("filler", "GtkPopover")
    names = wait(lambda: [node.name for node in popover.every("label", None)])
    program.key("Home", *["Down"] * names.index(entry), "Return")
    wait(lambda: not popover.has_room)


def greek(folder):
    """The left hand's keys by their places, on a layout without Latin letters."""
    project = sample_project(folder)
    with Program(binary, project) as program:
        review = Review(program)
        ok(wait(lambda: review.left() == 72), "/greek/all phrases wait")
        program.key("ctrl+k")
        window = program.dialog("Review")
        ok(window is not None, "/greek/Ctrl+K opens the keys")
        choose_row(program, window, "Preset", "Left Hand")
        program.key("Escape")
        # Without a window manager the focus that the closing window had goes nowhere: it is set when that one is gone.
        wait(lambda: not subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^Review$"], capture_output=True).stdout)
        ok(review.page.find("label", "F") is not None, "/greek/the buttons show the left hand's keys")
        subprocess.run(["setxkbmap", "gr"], check=True)
        try:
            xdotool("windowfocus", "--sync", program.window_id)
            given = []
            for letter, verdict in (("f", "accepted"), ("s", "rejected"), ("a", "absent"), ("f", "accepted")):
                given.append((give(review, lambda code=CODES[letter]: xdotool("key", code), -1), verdict))
            count = review.left()
            time.sleep(PAUSE)
            xdotool("key", CODES["z"])
            ok(wait(lambda: review.left() == count + 1), "/greek/zeta takes back")
            given.pop()
        finally:
            subprocess.run(["setxkbmap", "us"], check=True)
        ok(not complaints(program), "/greek/no warnings", program.log())
    texts = {phrase["id"]: phrase["text"] for phrase in listed(project, "phrases")}
    got = sorted((texts[verdict["phrase_id"]], verdict["verdict"]) for verdict in listed(project, "verdicts"))
    ok(got == sorted(given), "/greek/the journal says the same", "%s\n%s" % (got, sorted(given)))


def walk(folder):
    """Ten phrases as somebody who only hears the window: what is said, and actions that assistive technology can do."""
    project = sample_project(folder)
    with Program(binary, project) as program:
        review = Review(program)
        ok(wait(lambda: review.left() == 72), "/walk/all phrases wait")
        unnamed = ["%s at %s" % (node.role, node.box) for node in program.window.all()
                   if node.has(Atspi.StateType.FOCUSABLE) and node.has_room
                   and (not node.name or re.fullmatch(r"(Gtk|Adw|Alidade)[A-Za-z]+", node.name)) and node.role != "filler"]
        ok(not unnamed, "/walk/everything that takes the focus has a name", "\n".join(unnamed))
        for i in range(10):
            count = review.left()
            review.shown()
            ok(wait(lambda: next(review.page.every("list item", r"1 Proposal, .*"), None)) is not None if i == 0 else True,
               "/walk/the list of regions tells of the proposal")
            time.sleep(PAUSE)
            if i == 4:
                canvas = review.page.find(None, r"Picture with \d regions?")
                ok("region.nudge-right" in canvas.actions() and "region.accept" in canvas.actions(), "/walk/the canvas has its actions",
                   str(canvas.actions()))
                canvas.do("region.nudge-right")
                ok(wait(lambda: next(review.page.every("list item", r"1 \w+, you · being changed"), None)) is not None,
                   "/walk/a nudge from there")
                canvas.do("region.accept")
            else:
                review.page.find("push button", "Accept" if i % 3 else "Reject").do()
            ok(wait(lambda: review.left() == count - 1), "/walk/phrase %d" % (i + 1), str(review.left()))
        ok(not complaints(program), "/walk/no warnings", program.log())
    verdicts = listed(project, "verdicts")
    ok(len(verdicts) == 10 and sum(verdict["verdict"] == "corrected" for verdict in verdicts) == 1, "/walk/ten verdicts are written",
       str(len(verdicts)))


def propose(folder):
    """From a project without regions to the first phrase; statistics; a second reviewer who sees nothing."""
    project = sample_project(folder, propose=False)
    with Program(binary, project) as program:
        review = Review(program)
        ok(program.find("label", "No Regions Yet") is not None, "/propose/an empty state says what to do")
        program.find("push button", "Propose Regions").do()
        ok(wait(lambda: review.left() == 72, 60), "/propose/the queue follows", str(review.left()))
        give(review, lambda: program.key("a"), -1)
        program.key("ctrl+g")
        window = program.dialog("Statistics")
        ok(window is not None and window.find("label", r"1 \(1 %\)") is not None, "/statistics/one phrase is decided")
        program.key("Escape")
        ok(not complaints(program), "/propose/no warnings", program.log())
    ok(len(listed(project, "regions")) >= 72, "/propose/regions are in the project")
    alidade("review", project, "--set", "%s=rejected" % listed(project, "phrases")[5]["id"], "--by", "somebody else")
    with Program(binary, project) as program:
        review = Review(program)
        wait(lambda: review.left())
        press(review.page, "Make the queue anew")
        spin = review.page.find("spin button", "Pass .*")
        Atspi.Value.set_current_value(spin.accessible, 2)
        press(review.page, "Make the Queue Anew")
        ok(wait(lambda: review.left() == 1), "/blind/what somebody else reviewed", str(review.left()))
        names = [node.name for node in program.window.all() if node.name]
        ok(not [name for name in names if re.search("somebody|Rejected", name)], "/blind/no trace of them in the tree",
           str([name for name in names if re.search("somebody|Rejected", name)]))
        give(review, lambda: program.key("a"), -1)
        ok(program.find("label", "All Reviewed") is not None, "/blind/the end of the queue says so")


for part in (keys, greek, walk, propose):
    if wanted and part.__name__ not in wanted:
        continue
    place = tempfile.mkdtemp(prefix="alidade-review-")
    try:
        part(place)
    except Exception as error:  # a lost object is a failed point, not the end of the others
        ok(False, "/%s/ran to its end" % part.__name__, "%s: %s" % (type(error).__name__, error))
    finally:
        shutil.rmtree(place, ignore_errors=True)
sys.exit(done())
