# SPDX-License-Identifier: MIT
"""What libalbef shows and what the engine leans on.

    test_symbols.py SOURCE_ROOT BUILD_ROOT

Every exported symbol is one that albef.h declares, every declared function is there, and neither the library nor
the programs made of it are linked with GLib, GTK or SQLite.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import tap

source = pathlib.Path(sys.argv[1]).resolve()
build = pathlib.Path(sys.argv[2]).resolve()
header = source / "engine" / "api" / "albef.h"
library = build / "engine" / "libalbef.so"
FOREIGN = re.compile(r"lib(glib|gobject|gio|gmodule|gtk|gdk|adwaita|cairo|pango|sqlite|yajl)")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed_by(binary):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", str(binary)))


def check_exports():
    exported = {line.split()[-1].split("@")[0] for line in output_of("nm", "-D", "--defined-only", str(library)).splitlines()}
    declared = set(re.findall(r"^ALBEF_API [^;(]*?\b(albef_\w+) \(", header.read_text(), re.MULTILINE))
    tap.ok(len(declared) > 50, "/symbols/albef.h declares functions", f"{len(declared)} found")
    foreign = sorted(name for name in exported if not name.startswith("albef_"))
    tap.ok(exported and not foreign, "/symbols/every exported name begins with albef_", " ".join(foreign))
    extra = sorted(exported - declared - set(foreign))
    tap.ok(not extra, "/symbols/nothing is exported that albef.h does not declare", " ".join(extra))
    missing = sorted(declared - exported)
    tap.ok(not missing, "/symbols/every declared function is exported", " ".join(missing))


def check_needed():
    for name in ("engine/libalbef.so", "engine/cli/albef", "tests/conformance"):
        foreign = [lib for lib in needed_by(build / name) if FOREIGN.match(lib)]
        tap.ok(not foreign, f"/symbols/{name} leans on no desktop library", " ".join(foreign))


def check_header():
    """The public header stands alone, in strict C11 and in C++."""
    with tempfile.TemporaryDirectory() as folder:
        probe = pathlib.Path(folder, "probe.c")
        probe.write_text('#include <albef.h>\n#include <albef.h>\nint albef_probe (void);\n'
                         'int albef_probe (void) { return (int) ALBEF_OK; }\n')
        for language, command in (("C11", ["cc", "-std=c11", "-pedantic"]), ("C++", ["clang++", "-x", "c++", "-nostdinc++"])):
            name = f"/symbols/albef.h alone compiles as {language}"
            try:
                run = subprocess.run([*command, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", str(header.parent), str(probe)],
                                     capture_output=True, text=True)
            except FileNotFoundError:
                tap.skip(name, f"{command[0]} is not installed")
                continue
            tap.ok(run.returncode == 0, name, run.stderr)


check_exports()
check_needed()
check_header()
sys.exit(tap.done())
