# SPDX-License-Identifier: MIT
"""The rooms of the house: app -> ui -> data -> engine, each seeing only what is to its right, and of the engine
only albef.h. The rule is kept by include folders; here the compile commands really used are taken from the
build folder, and a file that includes what it must not is preprocessed with each of them.

    test_fence.py SOURCE_ROOT BUILD_ROOT [--no-ui]

A name that a system header has too (error.h) may be found there, but never in the forbidden room.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import tap

source = pathlib.Path(sys.argv[1]).resolve()
build = pathlib.Path(sys.argv[2]).resolve()
rooms = ["engine"] if "--no-ui" in sys.argv else ["engine", "data", "ui", "app"]
ORDER = ["engine", "data", "ui", "app"]  # a room sees those before it, and itself
FOREIGN = {
    "engine": ["glib.h", "gio/gio.h", "gtk/gtk.h", "adwaita.h", "cairo.h"],
    "data": ["gtk/gtk.h", "adwaita.h"],
}
FOREIGN_TEXT = {"engine": r"glib|gio/|gtk/|sqlite3|yajl/", "data": r"gtk/|adwaita", "ui": r"sqlite3|yajl/"}


def headers_of(room):
    return sorted(p for p in (source / room).rglob("*.h"))


def commands_of(room):
    """The distinct sets of flags with which the room's sources are compiled, each as (argv, directory)."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if file.suffix != ".c" or (source / room) not in file.parents:
            continue
        argv = shlex.split(entry["command"])
        flags, i = [], 0
        while i < len(argv):
            if argv[i] in ("-o", "-MF", "-MQ", "-MT"):
                i += 2
            elif argv[i] in ("-c", "-MD", entry["file"]):
                i += 1
            else:
                flags.append(argv[i])
                i += 1
        found.setdefault(tuple(flags), entry["directory"])
    return list(found.items())


def reached(flags, directory, include):
    """The files that `#include "include"` pulls in with these flags; None when it is not found."""
    with tempfile.TemporaryDirectory() as folder:
        probe = pathlib.Path(folder, "probe.c")
        probe.write_text(f'#include "{include}"\n')
        run = subprocess.run([*flags, "-E", "-w", str(probe)], cwd=directory, capture_output=True, text=True, errors="replace")
    if run.returncode:
        return None
    names = set(re.findall(r'^# \d+ "([^"]+)"', run.stdout, re.MULTILINE))
    return {str(pathlib.Path(directory, name).resolve()) for name in names if not name.startswith("<")}


def check_room(room, commands):
    public = source / "engine" / "api" / "albef.h"
    forbidden = [h for r in ORDER[ORDER.index(room) + 1:] for h in headers_of(r)]
    if room != "engine":
        forbidden += [h for h in headers_of("engine") if h != public]
    for number, (flags, directory) in enumerate(commands, 1):
        where = f"/fence/{room}" + (f" flags {number}" if len(commands) > 1 else "")
        got = reached(flags, directory, "albef.h")
        tap.ok(got is not None and str(public) in got, f"{where}/albef.h is seen")
        seen = []
        for header in forbidden:
            files = reached(flags, directory, header.name)
            if files is not None and str(header) in files:
                seen.append(str(header.relative_to(source)))
        tap.ok(not seen, f"{where}/{len(forbidden)} forbidden headers do not compile", "seen: " + " ".join(seen))
        foreign = [h for h in FOREIGN.get(room, []) if reached(flags, directory, h) is not None]
        if room in FOREIGN:
            tap.ok(not foreign, f"{where}/no foreign library is seen", "seen: " + " ".join(foreign))
    if room in FOREIGN_TEXT:
        pattern = re.compile(r'^\s*#\s*include\s*[<"](' + FOREIGN_TEXT[room] + ")", re.MULTILINE)
        guilty = [str(p.relative_to(source)) for p in (source / room).rglob("*.[ch]") if pattern.search(p.read_text())]
        tap.ok(not guilty, f"/fence/{room}/no file names a library it must not use", " ".join(guilty))


def main():
    commands = {room: commands_of(room) for room in rooms}
    # The cheater: with the engine's own flags an internal header is found, so the search does find what is there.
    flags, directory = commands["engine"][0]
    internal = source / "engine" / "base" / "error.h"
    got = reached(flags, directory, "error.h")
    tap.ok(got is not None and str(internal) in got, "/fence/a header within reach is recognised")
    tap.ok(reached(flags, directory, "no-such-header.h") is None, "/fence/a header out of reach fails to compile")
    for room in rooms:
        if tap.ok(commands[room], f"/fence/{room}/is compiled"):
            check_room(room, commands[room])
    names = {}
    for header in [h for r in ORDER for h in headers_of(r)]:
        names.setdefault(header.name, []).append(str(header.relative_to(source)))
    twice = [" and ".join(paths) for paths in names.values() if len(paths) > 1]
    tap.ok(not twice, "/fence/header names are unique over the tree", "\n".join(twice))
    return tap.done()


os.environ["LC_ALL"] = "C"
sys.exit(main())
