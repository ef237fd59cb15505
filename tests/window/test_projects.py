# SPDX-License-Identifier: MIT
"""Projects in the window: made, opened, filled, handed out, undone, read-only, moved.
Usage: test_projects.py ALIDADE SOURCE_ROOT [PART...]"""
import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "house"))
from tap import done, ok  # noqa: E402

from driver import Atspi, Program, wait, xdotool  # noqa: E402

binary, root = sys.argv[1:3]
wanted = sys.argv[3:]
samples = os.path.join(root, "data", "samples")


def complaints(program):
    return re.search(r"CRITICAL|WARNING|AddressSanitizer|runtime error", program.log())


def alidade(*arguments):
    return subprocess.run([binary, *arguments], check=True, capture_output=True, text=True).stdout


def listed(project, kind="images"):
    return json.loads(alidade("check", project, "--json"))[kind]


def say(program, pattern):
    """A toast or a label that says it."""
    return program.find("label", pattern)


def unnamed(window):
    """Focusable things on screen that a screen reader would have no name for."""
    return ["%s at %s" % (node.role, node.box) for node in window.all()
            if node.has(Atspi.StateType.FOCUSABLE) and node.has_room and node.role not in ("filler", "list", "list item")
            and (not node.name or re.fullmatch(r"(Gtk|Adw|Alidade)[A-Za-z]+", node.name))]


def choose_row(program, window, row, entry):
    """Another entry of a row that unfolds a list."""
    combo = window.find("combo box", row)
    x, y, width, height = combo.box
    xdotool("mousemove", x + 5 + width // 2, y + 5 + height // 2, "click", 1)
    popover = combo.find("filler", "GtkPopover")
    names = wait(lambda: [node.name for node in popover.every("label", None)])
    program.key("Home", *["Down"] * names.index(entry), "Return")
    wait(lambda: not popover.has_room)


def manifest(folder):
    """Twenty phrases on four pictures, one picture that is gone, and two records that are none."""
    with open(os.path.join(samples, "scenes.json")) as file:
        scenes = json.load(file)[:4]
    path = os.path.join(folder, "list.jsonl")
    n = 0
    with open(path, "w") as out:
        out.write('{"alidade-manifest": 1}\n')
        for scene in scenes:
            shutil.copy(os.path.join(samples, scene["image"]), folder)
            for phrase in scene["phrases"]:
                out.write(json.dumps({"image": scene["image"], "caption": scene["caption"], "text": phrase["text"],
                                      "start": phrase["start"], "end": phrase["end"],
                                      "regions": [{"box": [10, 10, 50, 50]}]}) + "\n")
                n += 1
        out.write(json.dumps({"image": "gone.png", "text": "a ghost"}) + "\n")
        out.write("[1, 2]\n")
        out.write(json.dumps({"image": scenes[0]["image"], "text": "none", "regions": [{"box": [5, 5, 1, 1]}]}) + "\n")
    return path, n


def create(folder):
    """A new project, its first pictures, and the way back."""
    project = os.path.join(folder, "mine")
    source, n = manifest(folder)
    with Program(binary) as program:
        program.find("push button", r"carrot, strength.*")
        program.key("ctrl+n")
        ok(program.choose("New Project", project), "/create/a chooser asks where")
        ok(program.find("push button", "Project mine") is not None, "/create/the project is open")
        ok(os.path.exists(os.path.join(project, "project.alidade")), "/create/and made")
        ok(say(program, "No Pictures Yet") is not None, "/create/it is empty and says what to do")
        ok(wait(lambda: program.window.name.startswith("mine")), "/create/the window has its name", program.window.name)

        program.key("ctrl+shift+i")
        program.choose("Import", source)
        preview = program.dialog("Import list.jsonl")
        ok(preview is not None, "/import/a preview opens")
        ok(preview.find("label", "5 pictures, .*") is not None, "/import/counts are told before")
        ok(preview.find(None, "2 records will be skipped") is not None, "/import/and what will be skipped")
        ok(preview.find("label", "One picture was not found") is not None, "/import/and what is missing")
        ok(preview.find("label", "a carrot") is not None, "/import/the first records are shown")
        ok(not unnamed(preview), "/import/everything that takes the focus has a name", unnamed(preview))
        ok(listed(project) == 0, "/import/nothing is in the project yet")
        preview.find("push button", "Import").do()
        toast = say(program, r"Imported 5 pictures, .*; 2 skipped")
        ok(toast is not None, "/import/the result is told")
        ok(say(program, "5 pictures(, 1 unreadable)?") is not None, "/import/and its pictures are shown")
        ok(listed(project) == 5 and listed(project, "phrases") == n + 2, "/import/and they are in the project")
        list(program.window.every("push button", "Project mine"))[-1].do()
        program.find("menu item", "Last Import Report").do()
        report = program.dialog("Import Report")
        ok(report is not None and report.find(None, "2 records skipped") is not None, "/import/the report lists what was skipped")
        program.key("Escape")

        xdotool("windowfocus", program.window_id)
        program.key("ctrl+h")
        history = program.dialog("History")
        undo = history.find("push button", "Undo: Import of list.jsonl, .*")
        ok(undo is not None, "/history/the import stands there")
        ok(not unnamed(history), "/history/everything that takes the focus has a name", unnamed(history))
        undo.do()
        ok(wait(lambda: listed(project) == 0), "/history/it is undone as a whole")
        ok(say(program, "0 pictures") is not None, "/history/its pictures are gone from the window")
        redo = history.find("push button", "Redo: Import of list.jsonl, .*")
        ok(redo is not None, "/history/and can be done again")
        redo.do()
        ok(wait(lambda: listed(project) == 5), "/history/it is there again")
        program.key("Escape")
        ok(not complaints(program), "/create/no warnings", program.log())
    with Program(binary, project) as program:
        ok(program.find("push button", "Project mine") is not None, "/open/a folder with a project on the command line")
        ok(say(program, "5 pictures(, 1 unreadable)?") is not None, "/open/with its pictures")


def hand_out(folder):
    """Export says what is lost, and writes; a folder of pictures comes in by a job."""
    project = os.path.join(folder, "mine")
    source, _ = manifest(folder)
    alidade("new", project)
    alidade("import", project, source)
    with Program(binary, project) as program:
        say(program, "5 pictures(, 1 unreadable)?")
        program.key("ctrl+shift+s")
        window = program.dialog("Export Labels")
        ok(window is not None, "/export/its window opens")
        ok(window.find("label", "verdicts' history and the journal") is not None, "/export/what the format cannot keep is told before")
        ok(not unnamed(window), "/export/everything that takes the focus has a name", unnamed(window))
        window.find("push button", "Export…").do()
        target = os.path.join(folder, "out.jsonl")
        program.choose("Export", target)
        ok(say(program, "Exported 5 pictures, .* to out.jsonl") is not None, "/export/the result is told")
        ok(os.path.exists(target) and len(open(target).readlines()) > 5, "/export/and written")
        ok(not [name for name in os.listdir(folder) if ".part" in name], "/export/nothing half-done lies beside")

        program.key("ctrl+shift+i")
        program.choose("Import", os.path.join(samples, "scene-09.png"))
        ok(say(program, "Imported 1 picture") is not None, "/pictures/one alone comes in at once")
        ok(listed(project) == 6, "/pictures/and is in the project")
        ok(not complaints(program), "/export/no warnings", program.log())


def write_back(folder):
    """Changes go into the files that were imported, when a person asks for it."""
    project, pictures = os.path.join(folder, "mine"), os.path.join(folder, "labels")
    os.makedirs(pictures)
    shutil.copy(os.path.join(samples, "scene-00.png"), pictures)
    labels = os.path.join(pictures, "scene-00.json")
    with open(labels, "w") as out:
        json.dump({"version": "5.0.0", "flags": {}, "imagePath": "scene-00.png", "imageData": None, "imageWidth": 256,
                   "imageHeight": 256, "shapes": [{"label": "carrot", "points": [[10, 20], [60, 80]], "group_id": None,
                                                   "shape_type": "rectangle", "flags": {}}]}, out)
    alidade("new", project)
    alidade("import", project, pictures)
    phrase = re.search(r'"id": ?"?(\d+)', alidade("list", project, "phrases", "--json"))
    alidade("review", project, "--set", phrase[1] + "=rejected")
    with Program(binary, project) as program:
        say(program, "1 picture")
        program.key("ctrl+shift+s")
        window = program.dialog("Export Labels")
        choose_row(program, window, "Format", "labelme")
        choose_row(program, window, "Into", "The files that were imported")
        ok(window.find("label", re.escape(pictures)) is not None, "/write-back/the files that change are named before")
        button = window.find("push button", "Write Back")
        ok(button is not None, "/write-back/the button says what it does")
        button.do()
        ok(say(program, "1 file written.*") is not None, "/write-back/the result is told")
        with open(labels) as file:
            ok(json.load(file)["shapes"] == [], "/write-back/and the file has it")
        ok(not complaints(program), "/write-back/no warnings", program.log())


def index(folder):
    """A folder of pictures comes in by a job that can wait."""
    project, pictures = os.path.join(folder, "mine"), os.path.join(folder, "many")
    os.makedirs(pictures)
    shutil.copy(os.path.join(samples, "scene-00.png"), os.path.join(pictures, "p0000.png"))
    for n in range(1, 4000):
        os.link(os.path.join(pictures, "p0000.png"), os.path.join(pictures, "p%04d.png" % n))
    alidade("new", project)
    with Program(binary, project) as program:
        say(program, "No Pictures Yet")
        program.find("push button", "Add Folder…").do()
        program.choose("Add Folder", pictures)
        pause = program.find("push button", "Pause: Indexing many")
        ok(pause is not None and program.find("push button", "Cancel: Indexing many") is not None,
           "/index/a row with its buttons appears")
        pause.do()
        ok(say(program, "Paused") is not None, "/index/it pauses")
        before = listed(project)
        ok(program.find("push button", "Project mine") is not None and listed(project) == before, "/index/and stands still")
        pause.do()
        ok(say(program, "Pictures: .* new") is not None, "/index/and goes on to the end")
        ok(wait(lambda: listed(project) == 4000), "/index/all are in the project", listed(project))
        ok(say(program, "4000 pictures|4,000 pictures") is not None, "/index/and in the window")
        ok(next(program.window.every("push button", "Pause: .*"), None) is None, "/index/the row is gone")
        ok(not complaints(program), "/index/no warnings", program.log())


def states(folder):
    """What cannot be written, and why."""
    project = os.path.join(folder, "mine")
    source, _ = manifest(folder)
    alidade("new", project)
    alidade("import", project, source)
    with open(os.path.join(project, "project.lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Program(binary, project) as program:
            ok(say(program, "Open for reading only. .* is being changed by .*") is not None, "/busy/a second writer is named")
            ok(program.find("push button", "Project mine, read-only") is not None, "/busy/the header says so")
            ok(say(program, "5 pictures(, 1 unreadable)?") is not None, "/busy/and the pictures can be looked at")
            program.key("ctrl+shift+i")
            ok(program.dialog("Import", 0.5) is None, "/busy/nothing can be imported")
            fcntl.flock(lock, fcntl.LOCK_UN)
            program.find("push button", "Try Again").do()
            ok(program.find("push button", "Project mine") is not None, "/busy/once it is free it can be written")
            ok(not complaints(program), "/busy/no warnings", program.log())
    newer = os.path.join(folder, "newer")
    shutil.copytree(project, newer)
    with sqlite3.connect(os.path.join(newer, "project.alidade")) as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    with Program(binary, newer) as program:
        ok(say(program, ".*newer.*") is not None, "/newer/a newer project is refused with the reason")
        program.find("push button", "Close").do()
    if os.geteuid() != 0:
        os.chmod(project, 0o555)
        for name in os.listdir(project):
            os.chmod(os.path.join(project, name), 0o444)
        with Program(binary, project) as program:
            ok(say(program, "Open for reading only. .*") is not None, "/read-only/a read-only folder says so")
        os.chmod(project, 0o755)


def moved(folder):
    """Pictures that moved are found again by their folder."""
    project, here, there = (os.path.join(folder, name) for name in ("mine", "here", "there"))
    os.makedirs(here)
    for name in ("scene-00.png", "scene-01.png"):
        shutil.copy(os.path.join(samples, name), here)
    alidade("new", project)
    alidade("import", project, here)
    os.rename(here, there)
    with Program(binary, project) as program:
        ok(say(program, "2 pictures are not where they were, .*") is not None, "/moved/they are missed")
        program.find("push button", "Find Folder…").do()
        program.choose("Where the Pictures Are Now", there)
        ok(say(program, "All 2 pictures were found") is not None, "/moved/and found")
        ok(program.find("image", "Picture scene-00.png") is not None, "/moved/and shown")
        ok(not complaints(program), "/moved/no warnings", program.log())
    ok(json.loads(alidade("check", project, "--json"))["missing"] == 0, "/moved/the project knows")


for part in (create, hand_out, write_back, index, states, moved):
    if wanted and part.__name__ not in wanted:
        continue
    place = tempfile.mkdtemp(prefix="alidade-projects-")
    try:
        part(place)
    except Exception as error:  # a lost object is a failed point, not the end of the others
        ok(False, "/%s/ran to its end" % part.__name__, "%s: %s" % (type(error).__name__, error))
    finally:
        shutil.rmtree(place, ignore_errors=True)
sys.exit(done())
