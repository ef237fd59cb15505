# SPDX-License-Identifier: MIT
"""What may lie in the repository: small files, no path of the machine that made them, no key.

    test_files.py SOURCE_ROOT
"""

import os
import pathlib
import re
import subprocess
import sys

import tap

source = pathlib.Path(sys.argv[1]).resolve()
MIB = 1024 * 1024
LIMIT = 2 * MIB
LARGER = {"data/models/alidade-mini.safetensors": 12 * MIB, "tests/reference/public/weights_pretrain.safetensors": 3 * MIB}
REFERENCE_LIMIT = 8 * MIB
TOP = {"app", "engine", "ui", "data", "tests", "icons", "meson.build", "meson_options.txt", "README.md", "LICENSE", ".ci"}
# Folders that many machines have: naming one of them gives no machine away.
COMMON = {"/", "/home", "/tmp", "/var", "/var/tmp", "/opt", "/srv", "/mnt", "/media", "/usr", "/usr/src", "/usr/local", "/root"}


def tracked():
    # The checkout may belong to another user than the one who tests (a build as root): ask all the same.
    run = subprocess.run(["git", "-c", f"safe.directory={source}", "-C", str(source), "ls-files", "-z"],
                         capture_output=True, text=True)
    return [name for name in run.stdout.split("\0") if name and (source / name).is_file()] if run.returncode == 0 else None


def machine_paths():
    """The checkout's folder, those above it, and the home folder, unless every machine has them. A folder right under
    the root is left out: its name may be any word, and tests' names begin with a slash too."""
    folders = {str(p) for p in [source, *source.parents]} | {os.path.expanduser("~")}
    return sorted(folder for folder in folders if folder not in COMMON and folder.count("/") > 1)


def main():
    try:
        names = tracked()
    except FileNotFoundError:
        names = None
    if names is None:
        tap.skip("/files", "this is no git checkout, or git is not installed")
        return tap.done()

    large = [f"{n}: {(source / n).stat().st_size / MIB:.1f} MiB" for n in names
             if (source / n).stat().st_size > LARGER.get(n, LIMIT)]
    tap.ok(not large, "/files/none is larger than 2 MiB but models", "\n".join(large))
    reference = sum((source / n).stat().st_size for n in names if n.startswith("tests/reference/"))
    tap.ok(reference <= REFERENCE_LIMIT, "/files/reference values fit in 8 MiB", f"{reference / MIB:.2f} MiB")

    unknown = sorted({n.split("/")[0] for n in names} - TOP - {n for n in names if n.startswith(".") and "/" not in n})
    tap.ok(not unknown, "/files/the top level holds the rooms and nothing else", " ".join(unknown))

    paths = re.compile(b"(" + b"|".join(re.escape(p.encode()) for p in machine_paths()) + rb")(/|\b)|/home/[a-z][a-z0-9_-]*/")
    key = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
    told, keys, bare = [], [], []
    for name in names:
        content = (source / name).read_bytes()
        if match := paths.search(content):
            told.append(f"{name}: {match[0].decode(errors='replace')}")
        if key.search(content):
            keys.append(name)
        if name.endswith((".c", ".h", ".py", ".sh")) and b"SPDX-License-Identifier: MIT" not in content[:400]:
            bare.append(name)
    tap.ok(not told, "/files/no path of a machine", "\n".join(told))
    tap.ok(not keys, "/files/no private key", " ".join(keys))
    tap.ok(not bare, "/files/every source names its licence", " ".join(bare))
    return tap.done()


sys.exit(main())
