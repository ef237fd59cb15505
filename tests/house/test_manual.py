# SPDX-License-Identifier: MIT
"""The manual page: no warning from man, and the same commands and options as the program's own --help.

    test_manual.py SOURCE_ROOT BUILD_ROOT
"""

import pathlib
import re
import subprocess
import sys

import tap

page = pathlib.Path(sys.argv[1], "engine", "cli", "albef.1")
program = pathlib.Path(sys.argv[2], "engine", "cli", "albef")
COMMANDS = ["score", "maps", "inspect", "convert", "export", "eval", "bench", "scenes", "train"]


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def main():
    name = "/manual/man has no complaint"
    try:
        run = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", str(page)], capture_output=True, text=True)
        tap.ok(run.returncode == 0 and not run.stderr and "EXIT STATUS" in run.stdout, name, run.stderr)
    except FileNotFoundError:
        tap.skip(name, "man is not installed")

    told = page.read_text().replace("\\-", "-")
    absent = [command for command in COMMANDS if not re.search(rf'^\.(BI? ?)"?{command}\b', told, re.MULTILINE)]
    tap.ok(not absent, "/manual/every command has its paragraph", " ".join(absent))

    offered = set()
    for arguments in [[]] + [[command] for command in COMMANDS]:
        run = subprocess.run([str(program), *arguments, "--help"], capture_output=True, text=True)
        tap.ok(run.returncode == 0 and run.stdout, f"/manual/albef {' '.join(arguments)} --help explains", run.stderr)
        offered |= options_in(run.stdout)
    only_help, only_page = offered - options_in(told), options_in(told) - offered - {"--warnings"}
    tap.ok(not only_help, "/manual/every option of --help is in the page", " ".join(sorted(only_help)))
    tap.ok(not only_page, "/manual/every option of the page is in --help", " ".join(sorted(only_page)))
    return tap.done()


sys.exit(main())
