# SPDX-License-Identifier: MIT
"""The whole library without a mouse: a picture found by a word in its caption, tagged, found by the tag, removed and back;
captions and phrases made; a file renamed; filters kept; empty, filtered to nothing, missing files.
Usage: test_library.py ALIDADE SOURCE_ROOT [PART...]"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "house"))
from tap import done, ok  # noqa: E402

from driver import Atspi, Program, wait  # noqa: E402

binary, root = sys.argv[1:3]
wanted = sys.argv[3:]
CAPTIONS = ("a carrot with a flower", "an elephant, the horse and a sun", "a truck and a carrot", "the gift above a rabbit",
            "a turtle", "a pig left of the dog")


def make_project(folder):
    pictures = os.path.join(folder, "pictures")
    os.mkdir(pictures)
    lines = [{"alidade-manifest": 1}]
    for number, caption in enumerate(CAPTIONS):
        name = "scene-%02d.png" % number
        shutil.copy(os.path.join(root, "data", "samples", name), pictures)
        words = " ".join(caption.split()[:2]).rstrip(",")
        lines.append({"image": name, "width": 448, "height": 448, "text": words, "caption": caption, "start": 0,
                      "end": len(words), "regions": [{"box": [40, 60, 240, 300]}]})
    manifest = os.path.join(pictures, "all.jsonl")
    with open(manifest, "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    project = os.path.join(folder, "project")
    subprocess.run([binary, "new", project], check=True, capture_output=True)
    subprocess.run([binary, "import", project, manifest, "--format", "manifest"], check=True, capture_output=True)
    return project, pictures


def unnamed(program):
    return ["%s at %s" % (node.role, node.box) for node in program.window.all()
            if node.has(Atspi.StateType.FOCUSABLE) and node.has_room
            and (not node.name or re.fullmatch(r"(Gtk|Adw|Alidade)[A-Za-z]+", node.name))
            and node.role != "filler" and node.parent.name != "AdwToastWidget"]


def complaints(program):
    return re.search(r"CRITICAL|WARNING|AddressSanitizer|runtime error", program.log())


def focused_name(program):
    node = program.focused()
    return node.name if node else ""


def tab_to(program, pattern, key="Tab", most=60):
    """Presses a key until something of this name has the focus; where it got otherwise."""
    seen = []
    for _ in range(most):
        name = focused_name(program)
        seen.append(name)
        if re.fullmatch(pattern, name):
            return None
        program.key(key)
        wait(lambda: focused_name(program) != name, 1)
    return seen


def reach(program, what, pattern, key="Tab"):
    seen = tab_to(program, pattern, key)
    ok(seen is None, what, seen)


def open_library(program, count):
    ok(program.find("push button", "carrot, strength .*") is not None, "/project/the first picture's caption is explored")
    program.key("ctrl+l")
    ok(wait(lambda: focused_name(program) == "Search names, captions and phrases"), "/library/Ctrl+L opens it, with the search focused")
    ok(program.find("label", count) is not None, "/library/it counts the pictures")


def keyboard(project, pictures):
    with Program(binary, project) as program:
        open_library(program, "6 pictures")
        ok(wait(lambda: not unnamed(program)), "/names/everything that takes the focus has a name", "\n".join(unnamed(program)))
        program.type("rabbit")
        ok(program.find("label", "1 picture") is not None, "/find/by a word in its caption")
        program.key("Down")
        ok(program.find("label", "1 of 1 selected") is not None, "/find/Down goes to it")
        program.key("t")
        ok(wait(lambda: focused_name(program) == "Add a tag"), "/tag/T asks for one", focused_name(program))
        program.type("fluffy")
        program.key("Return")
        ok(program.find("push button", "Tag fluffy: take away") is not None, "/tag/it has it")
        program.key("ctrl+f", "ctrl+a", "BackSpace")
        ok(program.find("label", "1 of 6 selected") is not None, "/tag/all pictures again, and it is still selected")

        reach(program, "/filter/the tag's chip is reached by Tab", "Tag: any")
        program.key("space")
        ok(program.find(None, "fluffy") is not None, "/filter/the tag is offered")
        reach(program, "/filter/and reached", "fluffy", "Down")
        program.key("space")
        ok(program.find("label", "1 of 1 selected") is not None, "/filter/one picture has the tag")
        program.key("Escape")
        ok(program.find("push button", "Tag: fluffy") is not None, "/filter/the chip says so")
        program.key("ctrl+f", "Down", "Delete")
        ok(program.find("label", "No Picture Is Like This") is not None, "/remove/none is left")
        ok(os.path.exists(os.path.join(pictures, "scene-03.png")), "/remove/the file stays")
        program.key("ctrl+z")
        ok(program.find("label", "1 picture") is not None, "/undo/it is back")
        ok(wait(lambda: focused_name(program).startswith("scene-03.png")), "/undo/and has the focus", focused_name(program))
        program.key("ctrl+f", "ctrl+a", "Delete", "t", "BackSpace")
        ok(program.find("label", "1 (picture|of 1 selected)") is not None, "/entry/keys of the list do nothing in the search")
        program.key("Down")
        wait(lambda: focused_name(program).startswith("scene-03.png"))
        program.key("Escape")
        ok(wait(lambda: next(program.window.every("push button", "Leave the library"), None) is None), "/leave/Esc leaves",
           focused_name(program))
        ok(not complaints(program), "/log/no warnings", program.log())


def texts(project, pictures):
    with Program(binary, project) as program:
        open_library(program, "6 pictures")
        program.key("Down")
        ok(program.find("push button", "Phrase a carrot, 1 region, no verdict") is not None, "/details/its phrase, with its region")
        ok(program.find("image", "Picture scene-00.png with its regions") is not None, "/details/its picture")
        reach(program, "/phrase/a word is reached by Tab", "with")
        program.key("space", "Tab", "space", "Tab", "space", "Tab")
        reach(program, "/phrase/and the button", "Make Phrase")
        program.key("space")
        ok(program.find("push button", "Phrase with a flower, 0 regions, no verdict") is not None, "/phrase/it is made of the selected words")
        ok(program.find("push button", "flower, in a phrase") is not None, "/phrase/its words say so")
        program.key("ctrl+z")
        ok(wait(lambda: next(program.window.every("push button", "Phrase with a flower, .*"), None) is None), "/phrase/undone")
        reach(program, "/caption/the entry is reached by Tab", "Add a caption")
        program.type("something orange")
        program.key("Return")
        ok(program.find("push button", "orange") is not None, "/caption/a second one")
        program.key("Tab")
        program.key("ctrl+f", "Down", "F2")
        ok(wait(lambda: focused_name(program) == "File name"), "/rename/F2 asks for the name", focused_name(program))
        program.type("vegetable")
        program.key("Return")
        ok(wait(lambda: os.path.exists(os.path.join(pictures, "vegetable.png"))), "/rename/the file has another name")
        ok(wait(lambda: program.find("label", "vegetable.png")) is not None, "/rename/the library follows")
        program.key("ctrl+z")
        ok(wait(lambda: os.path.exists(os.path.join(pictures, "scene-00.png"))), "/rename/undone, the file too")

        program.key("ctrl+f")
        program.type("orange")
        ok(program.find("label", "1 (picture|of 1 selected)") is not None, "/caption/found by the new one's word")
        reach(program, "/saved/the kept filters are reached", "Kept filters")
        program.key("space")
        reach(program, "/saved/the name's entry", "Name of this filter")
        program.type("fruit")
        program.key("Return")
        ok(program.find("list item", "fruit") is not None, "/saved/kept")
        program.key("Escape", "ctrl+f", "ctrl+a", "BackSpace")
        program.find("label", ".*6 (pictures|selected)")
        reach(program, "/saved/again", "Kept filters")
        program.key("space")
        program.find("list item", "fruit")
        reach(program, "/saved/the kept one", "fruit")
        program.key("Return")
        ok(program.find("label", "1 (picture|of 1 selected)") is not None, "/saved/it filters")
        program.key("ctrl+g")
        ok(wait(lambda: program.find("push button", "List").checked), "/list/Ctrl+G shows a list")
        program.key("Return")
        ok(program.find("image", "Picture scene-00.png") is not None, "/open/Enter shows the picture in Explore")
        ok(not complaints(program), "/log/no warnings", program.log())


def states(project, pictures):
    empty = os.path.join(os.path.dirname(project), "empty")
    subprocess.run([binary, "new", empty], check=True, capture_output=True)
    with Program(binary, empty) as program:
        program.key("ctrl+l")
        ok(wait(lambda: len(list(program.window.every("label", "No Pictures Yet"))) > 0), "/empty/says what to do")
        ok(not complaints(program), "/log/no warnings", program.log())
    os.rename(os.path.join(pictures, "scene-02.png"), os.path.join(pictures, "away"))
    subprocess.run([binary, "check", project], capture_output=True)
    with Program(binary, project) as program:
        open_library(program, "6 pictures")
        program.type("nothing like it")
        ok(program.find("label", "No Picture Is Like This") is not None, "/nothing/says so")
        reach(program, "/nothing/the way back is reached", "Show All Pictures")
        program.key("space")
        ok(program.find("label", "6 pictures") is not None, "/nothing/all again")
        ok(not complaints(program), "/log/no warnings", program.log())


for part in (keyboard, texts, states):
    if not wanted or part.__name__ in wanted:
        folder = tempfile.mkdtemp(prefix="alidade-library-")
        try:
            part(*make_project(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
sys.exit(done())
