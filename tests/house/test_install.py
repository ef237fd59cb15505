# SPDX-License-Identifier: MIT
"""`meson install` into an empty folder, then a program of somebody else built against what lies there.

    test_install.py BUILD_ROOT VERSION PREFIX [--ui]

The program is the sample on top of albef.h, completed to a main; it is compiled with the flags that pkg-config
gives and run with the installed model.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tap

build, version, prefix = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3].lstrip("/")
with_ui = "--ui" in sys.argv

PROGRAM = """
#include <albef.h>
#include <stdio.h>
int
main (int argc, char **argv)
{
%s
  return error.status;
}
"""

# What must be installed.
WANTED = [
    r"include/albef\.h",
    r"lib(/[^/]+)?/libalbef\.so\.0",
    r"lib(/[^/]+)?/pkgconfig/libalbef\.pc",
    r"bin/albef",
    r"share/man/man1/albef\.1",
    r"share/alidade/models/alidade-mini\.safetensors",
    r"share/alidade/models/README\.md",
    r"share/alidade/samples/scenes\.json",
    r"share/alidade/samples/NOTICE",
    r"share/alidade/samples/scene-23\.png",
]
WANTED_UI = [
    r"bin/alidade",
    r"share/applications/[^/]+\.desktop",
    r"share/metainfo/[^/]+\.metainfo\.xml",
    r"share/glib-2\.0/schemas/[^/]+\.gschema\.xml",
    r"share/icons/hicolor/scalable/apps/[^/]+\.svg",
]


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **options)


def sample_of(header):
    """The code in the header's opening comment."""
    comment = header.split("*/")[0]
    return "\n".join(line[7:] for line in comment.splitlines() if line.startswith(" *     "))


def check_program(root, pc, share):
    environment = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(root), PKG_CONFIG_PATH=str(pc.parent))
    flags = run(["pkg-config", "--cflags", "--libs", "libalbef"], env=environment)
    if not tap.ok(flags.returncode == 0, "/install/pkg-config knows libalbef", flags.stderr):
        return
    told = run(["pkg-config", "--modversion", "libalbef"], env=environment).stdout.strip()
    tap.ok(told == version, "/install/pkg-config tells the version", told)
    header = next(root.rglob("albef.h")).read_text()
    code = sample_of(header).replace('"model.safetensors"', "argv[1]").replace('"dog.jpg"', "argv[2]")
    tap.ok("albef_maps_compute" in code, "/install/albef.h begins with a sample")
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder, "sample.c"), pathlib.Path(folder, "sample")
        source.write_text(PROGRAM % code)
        made = run(["cc", "-std=c11", "-Wall", "-Werror", str(source), "-o", str(program), *flags.stdout.split()])
        if not tap.ok(made.returncode == 0, "/install/the sample compiles against the installed library", made.stderr):
            return
        model, picture = share / "models" / "alidade-mini.safetensors", share / "samples" / "scene-06.png"
        library = next(root.rglob("libalbef.so")).parent
        ran = run([str(program), str(model), str(picture)], env=dict(os.environ, LD_LIBRARY_PATH=str(library)))
        tap.ok(ran.returncode == 0 and re.match(r"match 0?[.\d]+, 7 words", ran.stdout), "/install/the sample runs",
               f"status {ran.returncode}\n{ran.stdout}{ran.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        installed = run(["meson", "install", "-C", str(build), "--destdir", folder])
        if not tap.ok(installed.returncode == 0, "/install/meson install", installed.stdout[-2000:] + installed.stderr):
            return tap.done()
        files = {str(p.relative_to(root / prefix)) for p in root.rglob("*") if p.is_file() or p.is_symlink()}
        for pattern in WANTED + (WANTED_UI if with_ui else []):
            tap.ok(any(re.fullmatch(pattern, file) for file in files), f"/install/{pattern.replace(chr(92), '')}")
        internal = sorted(name for name in files if name.startswith("include/") and name != "include/albef.h")
        tap.ok(not internal, "/install/no internal header", " ".join(internal))
        pc = next(root.rglob("libalbef.pc"), None)
        if pc:
            check_program(root, pc, root / prefix / "share" / "alidade")
    return tap.done()


sys.exit(main())
