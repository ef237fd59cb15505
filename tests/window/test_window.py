# SPDX-License-Identifier: MIT
"""The window as a person and a screen reader meet it: typing, chips, layers, zoom, search, unreadable pictures,
checkpoints, and the keyboard alone. Usage: test_window.py ALIDADE SOURCE_ROOT SLOW_ENGINE [PART...]"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "house"))
from tap import done, ok  # noqa: E402

from driver import Atspi, Program, wait, xdotool  # noqa: E402

binary, root, slow_engine = sys.argv[1:4]
wanted = sys.argv[4:]
scenes = os.path.join(root, "data", "samples")
CHIP = r"%s, strength [01]\.\d\d(, pinned)?"


def unnamed(program):
    """Focusable things on screen that a screen reader would have no name for."""
    return ["%s at %s" % (node.role, node.box) for node in program.window.all()
            if node.has(Atspi.StateType.FOCUSABLE) and node.has_room
            and (not node.name or re.fullmatch(r"(Gtk|Adw|Alidade)[A-Za-z]+", node.name))
            and node.role != "filler"  # the shown row of a drop-down: it belongs to its button
            and node.parent.name != "AdwToastWidget"]  # its closing button is libadwaita's own


def complaints(program):
    return re.search(r"CRITICAL|WARNING|AddressSanitizer|runtime error", program.log())


def canvas(program):
    return program.find("image", "Picture .*")


def strongest(program):
    chips = [re.fullmatch(r"(\w+), strength ([\d.]+)", node.name) for node in program.window.every("push button", CHIP % r"\w+")]
    return max((float(chip[2]), chip[1]) for chip in chips if chip and chip[1] not in ("a", "of", "with"))[1]


def pane_is_open(program, name):
    return program.find("push button", name).checked


def first_look():
    """What a newcomer sees, and everything done with the pointer."""
    with Program(binary) as program:
        ok(program.window is not None, "/start/a window appears", program.log())
        print("# %.2f s from start to window" % program.seconds_to_window)
        ok(program.find("push button", CHIP % "carrot") is not None, "/start/the first scene's words have strengths")
        ok(canvas(program) is not None, "/start/the canvas is an image with the picture's name")
        ok(wait(lambda: canvas(program).description.startswith("Map of carrot")),
           "/start/the strongest word is selected and described", canvas(program).description)
        ok(wait(lambda: not unnamed(program)), "/names/everything that takes the focus has a name", "\n".join(unnamed(program)))

        program.key("ctrl+k", "ctrl+a")
        program.type("a flower right of a zebrafish")
        flower = program.find("push button", CHIP % "flower")
        ok(flower is not None, "/typing/the words follow")
        ok(program.find("push button", "zebrafish, not in vocabulary") is not None,
           "/typing/a word outside the vocabulary says so")
        ok(wait(lambda: canvas(program).description.startswith("Map of %s," % strongest(program))),
           "/typing/the strongest content word is shown", canvas(program).description)
        ok(program.find("push button", r"Match 0\.\d\d: The sentence .*") is not None, "/typing/match in plain words")

        program.find("push button", CHIP % "right").do()
        ok(wait(lambda: canvas(program).description.startswith("Map of right")), "/chips/a click shows the word's map")
        ok(wait(lambda: program.find("push button", CHIP % "right").checked), "/chips/the clicked one is selected")
        program.find("push button", "Map of flower, .*").do()
        ok(wait(lambda: canvas(program).description.startswith("Map of flower")), "/strip/a click shows the word's map")

        fitted = program.find("label", r"\d+ %").name
        program.find("push button", "Zoom in").do()
        ok(wait(lambda: program.find("label", r"\d+ %").name != fitted), "/zoom/the button zooms")
        program.find("push button", "Actual size").do()
        ok(program.find("label", "100 %") is not None, "/zoom/actual size")
        ok({"canvas.zoom-in", "canvas.zoom-out", "canvas.fit", "canvas.next-word"} <= set(canvas(program).actions()),
           "/zoom/the canvas offers its actions", canvas(program).actions())
        canvas(program).do("canvas.fit")
        ok(wait(lambda: next(program.window.every("label", re.escape(fitted)), None)), "/zoom/fitted again by the canvas's action")
        x, y, width, height = canvas(program).box
        xdotool("mousemove", x + 5 + width // 2, y + 5 + height // 2, "click", 4)
        ok(wait(lambda: not next(program.window.every("label", re.escape(fitted)), None)), "/zoom/the wheel zooms")
        program.key("ctrl+0")
        ok(program.find("label", re.escape(fitted)) is not None, "/zoom/Ctrl+0 fits")

        xdotool("mousemove", x + 5 + width // 2, y + 5 + height // 2, "click", 1)
        ok(program.find("label", "Words that look here") is not None, "/point/a click ranks the words there")
        program.key("Escape")
        ok(wait(lambda: not next(program.window.every("label", "Words that look here"), None)), "/point/Esc closes it")

        program.find("push button", "Fusion layer 3").do()
        ok(program.find("label", ".*words have no map.*") is not None, "/layers/the last one says that it has no word maps")
        ok(wait(lambda: not any(program.window.every("push button", CHIP % "flower"))), "/layers/and shows no strengths")
        ok(wait(lambda: canvas(program).description.startswith("Map of whole sentence")), "/layers/the sentence's map stands in")
        program.find("push button", "Fusion layer 1").do()
        ok(program.find("push button", CHIP % "flower") is not None, "/layers/back, words have maps again")
        program.find("push button", "Head 2").do()
        ok(program.find("label", "mean of 3 of 4") is not None, "/heads/one less in the mean")

        program.key("ctrl+f")
        program.type("scene-1")
        ok(program.find("label", "10 pictures") is not None, "/search/finds by name")
        program.key("ctrl+a")
        program.type("nothing like it")
        ok(program.find("label", "No picture is like this") is not None, "/search/says when nothing is found")
        program.key("Escape")
        ok(program.find("label", "24 pictures") is not None, "/search/Esc shows all again")

        program.key("ctrl+Next")
        ok(program.find("image", "Picture scene-01.png") is not None, "/library/Ctrl+Page Down is the next picture")
        program.key("ctrl+k", "ctrl+a", "Delete")
        ok(program.find("label", "No map yet") is not None, "/typing/no sentence, no map")
        ok(not complaints(program), "/log/no warnings", program.log())


def keyboard():
    """Everything without a pointer."""
    with Program(binary) as program:
        program.find("push button", CHIP % "carrot")
        program.key("ctrl+k", "Down")
        ok(wait(lambda: program.focused().name.startswith("carrot")), "/keys/Down goes to the selected word",
           program.focused().name)
        program.key("Right")
        ok(wait(lambda: program.focused().name.startswith("with")), "/keys/Right is the next word")
        program.key("shift+Left")
        ok(program.find("push button", CHIP % "carrot with") is not None, "/keys/Shift+Left makes a phrase")
        ok(wait(lambda: canvas(program).description.startswith("Map of carrot with")), "/keys/and shows its map")
        program.key("Right")
        ok(wait(lambda: program.focused().name.startswith("a,")), "/keys/Right leaves the phrase", program.focused().name)
        program.key("Right", "space")
        ok(program.find("push button", "flower, strength .*, pinned") is not None, "/keys/Space pins")
        program.key("Left", "Left", "Left")
        ok(wait(lambda: canvas(program).description.startswith("Map of carrot + flower")), "/keys/a pinned word stays on the canvas",
           canvas(program).description)

        program.key("ctrl+k", "Home")
        program.type("big ")
        program.find("push button", "big, .*")
        ok(wait(lambda: canvas(program).description.startswith("Map of carrot + flower")),
           "/keys/typing before them keeps the chosen and the pinned word", canvas(program).description)

        program.key("ctrl+k", "Escape")
        ok(wait(lambda: program.focused().role == "image"), "/keys/Esc leaves the sentence for the canvas")
        fitted = program.find("label", r"\d+ %").name
        program.key("plus")
        ok(wait(lambda: not next(program.window.every("label", re.escape(fitted)), None)), "/keys/plus zooms")
        program.key("1")
        ok(program.find("label", "100 %") is not None, "/keys/1 is actual size")
        program.key("0")
        ok(program.find("label", re.escape(fitted)) is not None, "/keys/0 fits")
        program.key("m")
        ok(program.find("label", "Image layer") is not None, "/keys/M is the next method")
        program.key("m")
        ok(program.find("label", "Fusion layer") is not None, "/keys/M comes round")

        program.key("F9")
        ok(wait(lambda: not pane_is_open(program, "Show pictures")), "/keys/F9 folds the pictures")
        program.key("F9", "shift+F9")
        ok(wait(lambda: pane_is_open(program, "Show pictures")), "/keys/F9 shows them")
        ok(wait(lambda: not pane_is_open(program, "Show map controls")), "/keys/Shift+F9 folds the controls")
        program.key("shift+F9")

        program.key("ctrl+k")
        walked = []
        for _ in range(80):
            program.key("Tab")
            node = program.focused()
            walked.append((node.role, node.name) if node else ("nothing", ""))
            if len(walked) > 5 and walked[-1] == walked[0]:
                break
        ok(len(walked) > 15 and walked[-1] == walked[0], "/keys/Tab walks round the window",
           "\n".join("%s %s" % step for step in walked))
        ok(not complaints(program), "/keys/no warnings", program.log())
        bad = [step for step in walked if not step[1] or re.fullmatch(r"(Gtk|Adw|Alidade)[A-Za-z]+", step[1])]
        ok(not bad, "/keys/every stop has a name", bad)


def unreadable():
    """Bad pictures are said and passed over; the good ones stay usable."""
    folder = tempfile.mkdtemp(prefix="alidade-pictures-")
    try:
        for name in ("scene-05.png", "scene-06.png"):
            shutil.copy(os.path.join(scenes, name), folder)
        with open(os.path.join(scenes, "scene-07.png"), "rb") as whole, open(os.path.join(folder, "a-cut.png"), "wb") as cut:
            cut.write(whole.read(20000))
        with open(os.path.join(folder, "scene-05b.jpg"), "wb") as garbage:
            garbage.write(b"no picture at all")
        with Program(binary, folder) as program:
            ok(program.find("label", "Cannot Show a-cut.png") is not None, "/unreadable/the picture and the reason are named")
            ok(program.find("label", "4 pictures, 2 unreadable") is not None, "/unreadable/and counted")
            ok(program.find("label", "The embedded model knows drawn scenes.*") is not None,
               "/notice/outside the samples the embedded model's limits are told")
            ok(not unnamed(program), "/unreadable/everything that takes the focus has a name", "\n".join(unnamed(program)))
            program.key("ctrl+f")
            program.type("scene")
            ok(program.find("label", "3 of 4 pictures") is not None, "/search/in a folder by name")
            program.key("ctrl+a")
            program.type("nothing like it")
            ok(program.find("label", "No picture has a name like this") is not None, "/search/and says when there is none")
            program.key("Escape")
            program.find("push button", "Next Picture").do()
            ok(program.find("image", "Picture scene-05.png") is not None, "/unreadable/the next picture is one click away")
            program.key("ctrl+k")
            program.type("a dog and a tree")
            ok(program.find("push button", CHIP % "dog") is not None, "/unreadable/and has maps")
            program.key("ctrl+Next")
            ok(program.find("label", "Cannot Show scene-05b.jpg") is not None, "/unreadable/another bad one")
            ok(program.find("push button", "dog") is not None, "/unreadable/the sentence stays, without strengths")
            program.key("ctrl+Prior")
            ok(program.find("push button", CHIP % "dog") is not None, "/unreadable/back on the good one, maps again")
            ok(not complaints(program), "/unreadable/no warnings", program.log())
    finally:
        shutil.rmtree(folder)
    folder = tempfile.mkdtemp(prefix="alidade-pictures-")
    try:
        with Program(binary, folder) as program:
            ok(program.find("label", "No Pictures Yet") is not None, "/empty/says what to do")
            ok(program.find("push button", "Add Folder…") is not None, "/empty/and has the button for it")
            program.find("push button", "Sample Scenes").do()
            ok(program.find("image", "Picture scene-00.png") is not None, "/empty/the samples are one click away")
        with Program(binary, os.path.join(scenes, "scene-06.png")) as program:
            ok(program.find("image", "Picture scene-06.png") is not None, "/open/a picture named on the command line")
    finally:
        shutil.rmtree(folder)


def checkpoints():
    """Another model is opened from the menu; a bad one is refused and the old one works on."""
    folder = tempfile.mkdtemp(prefix="alidade-models-")
    try:
        reference = os.path.join(root, "tests", "reference", "public")
        good, bad = os.path.join(folder, "good.pth"), os.path.join(folder, "bad.pth")
        shutil.copy(os.path.join(reference, "checkpoints", "retrieval.pth"), good)
        with open(os.path.join(folder, "vocab.txt"), "w") as vocab:
            vocab.write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "flower"]
                                  + ["word%d" % i for i in range(33)]) + "\n")
        with open(good, "rb") as whole, open(bad, "wb") as cut:
            cut.write(whole.read(3000))
        with Program(binary, recent_models=[good, bad]) as program:
            program.find("push button", CHIP % "carrot")
            program.find("push button", "Model alidade-mini, .*")
            open_model_menu(program, "bad.pth")
            ok(wait(lambda: any(node.find(None, "Cannot Open This Checkpoint|Not loaded.*", 0) for node in program.windows())),
               "/checkpoint/a cut one is refused with a reason")
            program.key("Escape")
            ok(program.find("push button", "Model alidade-mini, .*") is not None, "/checkpoint/the old model stays")
            program.key("ctrl+k", "ctrl+a")
            program.type("a flower")
            ok(program.find("push button", CHIP % "flower") is not None, "/checkpoint/and answers")
            open_model_menu(program, "good.pth")
            ok(program.find("push button", "Model good, .*") is not None, "/checkpoint/a good one is converted and used",
               [node.name for node in program.window.every("push button", "Model.*")])
            ok(program.find("push button", "flower(, .*)?") is not None, "/checkpoint/and answers in its turn")
            program.key("ctrl+i")
            ok(wait(lambda: any(node.find("label", "matched", 0) for node in program.windows())), "/checkpoint/its report is a key away")
            program.key("Escape")
            ok(not complaints(program), "/checkpoint/no warnings", program.log())
    finally:
        shutil.rmtree(folder)


def open_model_menu(program, entry):
    button = [node for node in program.window.every("push button", "Model .*")][-1]
    button.do()
    item = program.find("menu item", re.escape(entry)) or program.find(None, re.escape(entry))
    x, y, width, height = item.box
    item.do()


def narrow():
    """Below 900 px the panes lie over the canvas and start closed."""
    with Program(binary, size=(600, 600)) as program:
        program.find("push button", "carrot, .*")
        ok(wait(lambda: not pane_is_open(program, "Show pictures")), "/narrow/panes start closed")
        ok(program.find("push button", "Show word maps") is not None, "/narrow/the strip is folded")
        program.key("F9")
        ok(wait(lambda: pane_is_open(program, "Show pictures")), "/narrow/F9 lays the pictures over it")
        edges = [node.box[0] + node.box[2] for name in ("Close", "Match .*", "Show word maps", "Zoom in", "Actual size")
                 for node in program.window.every("push button", name)]
        right = max(edges)
        ok(right <= 600, "/narrow/nothing lies beyond the window's edge", right)
        ok(program.window.box[2] <= 600, "/narrow/the window really is", program.window.box)
    with Program(binary, size=(1024, 700)) as program:
        program.find("push button", "carrot, .*")
        ok(wait(lambda: pane_is_open(program, "Show map controls")), "/small/1024 x 700 keeps both panes")
        ok(wait(lambda: program.window.box[2] <= 1024 and program.window.box[3] <= 700), "/small/and fits", program.window.box)


def export():
    """Figures by the file chooser."""
    folder = tempfile.mkdtemp(prefix="alidade-figures-")
    try:
        with Program(binary) as program:
            program.find("push button", CHIP % "carrot")
            for key, name, start in (("ctrl+e", "strip.svg", b"<?xml"), ("ctrl+e", "strip.pdf", b"%PDF"),
                                     ("ctrl+shift+e", "view.png", b"\x89PNG")):
                path = os.path.join(folder, name)
                windows = len(program.windows())
                xdotool("windowfocus", program.window_id)
                program.key(key)
                wait(lambda: len(program.windows()) > windows)
                chooser = wait(lambda: [window for window in program.windows() if window.name.startswith("Export")])
                wait(lambda: any(node.has(Atspi.StateType.FOCUSED) for node in chooser[-1].all()))
                program.key("ctrl+a")
                program.type(path)
                program.key("Return")
                ok(wait(lambda: os.path.exists(path) and open(path, "rb").read(5).startswith(start[:5])), "/export/%s is written" % name)
                ok(program.find("label", "Wrote " + name) is not None, "/export/and told")
    finally:
        shutil.rmtree(folder)


def waiting():
    """A slow model: what is late is said, the newest sentence wins, and the words do not wait for their maps."""
    with Program(binary, preload=slow_engine, slow_ms=4000) as program:
        ok(program.find("push button", CHIP % "carrot") is not None, "/waiting/a slow answer comes")
        ok(wait(lambda: not any(program.window.every("progress bar", "Computing maps"))), "/waiting/and takes its line with it")
        program.key("ctrl+k", "End")
        program.type(" and a hat")
        ok(program.find("progress bar", "Computing maps") is not None, "/waiting/a late answer shows a line")
        ok(program.find("push button", "hat") is not None, "/waiting/the words come before their maps")
        ok(canvas(program).description.startswith("Map of carrot"), "/waiting/the old map stays meanwhile", canvas(program).description)
        ok(program.find("push button", CHIP % "hat") is not None, "/waiting/the newest sentence is answered")
        ok(not complaints(program), "/waiting/no complaints", program.log())


for part in (first_look, keyboard, unreadable, checkpoints, export, narrow, waiting):
    if wanted and part.__name__ not in wanted:
        continue
    try:
        part()
    except Exception as error:  # a lost object is a failed point, not the end of the others
        ok(False, "/%s/ran to its end" % part.__name__, "%s: %s" % (type(error).__name__, error))
sys.exit(done())
