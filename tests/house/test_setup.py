# SPDX-License-Identifier: MIT
"""app/setup.sh on machines that lack something, played by stand-ins for apt-get, dpkg-query, sudo, meson and ninja:
what is called, and whether the message says what to do.

    test_setup.py SOURCE_ROOT
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import tap

source = pathlib.Path(sys.argv[1]).resolve()
TOOLS = "awk basename bash cat chmod cut df env find grep head id ls mkdir mktemp printf rm sed stat tail touch tr xargs".split()
# Knows the packages in $INSTALLED, offers those in $OFFERED (after an update also $FRESH), and writes down its calls.
STAND_INS = {
    "dpkg-query": 'for p in $INSTALLED; do echo "installed $p "; done; echo "not-installed gone "',
    "apt-cache": 'shift; [ -e "$HERE/updated" ] && OFFERED="$OFFERED $FRESH"\n'
                 'for p in "$@"; do case " $OFFERED " in *" $p "*) printf "%s:\\n  Installed: (none)\\n  Candidate: 1\\n" $p;; esac; done',
    "apt-get": 'echo "apt-get $*" >> "$HERE/calls"\ncase " $* " in\n'
               '*" update "*) touch "$HERE/updated"; [ -z "$UPDATE_SAYS" ] || { echo "$UPDATE_SAYS"; exit ${UPDATE_STATUS:-100}; } ;;\n'
               '*" install "*) [ -z "$INSTALL_SAYS" ] || { [ -n "$UNTIL_UPDATED" ] && [ -e "$HERE/updated" ]; } '
               '|| { echo "$INSTALL_SAYS"; exit 100; } ;;\nesac',
    "id": 'case "$1" in -u) echo ${USER_ID:-0};; *) echo somebody;; esac',
    "meson": 'mkdir -p "$2/meson-private"; echo "meson $*" >> "$HERE/calls"; echo "meson: looking"; echo "ERROR: no compiler"\n'
             'exit ${MESON_STATUS:-0}',
    "ninja": 'echo "ninja $*" >> "$HERE/calls"; echo "ninja says $NINJA_SAYS"; touch "$2/build.ninja"; exit ${NINJA_STATUS:-0}',
}
SUDO = {
    "open": '[ "$1" = -n ] && shift; [ "$1" = true ] && exit 0; echo "sudo $*" >> "$HERE/calls"; exec "$@"',
    "locked": 'echo "sudo: a password is required" >&2; exit 1',
}


def play(script, sudo=None, tree=None, without=(), **variables):
    """Runs a piece of shell with setup.sh on the stand-in machine; gives status, everything printed, calls made."""
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        tools = here / "bin"
        tools.mkdir()
        for name in TOOLS:
            real = shutil.which(name)
            if real and name not in STAND_INS:
                (tools / name).symlink_to(real)
        stand_ins = dict(STAND_INS, **({"sudo": SUDO[sudo]} if sudo else {}))
        for name, body in stand_ins.items():
            if name not in without:
                (tools / name).write_text("#!/bin/bash\n" + body + "\n")
                (tools / name).chmod(0o755)
        root = here / "tree"
        root.mkdir()
        for name, content in (tree or {}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        environment = {"PATH": str(tools), "HERE": folder, "TMPDIR": folder, "LC_ALL": "C", "INSTALLED": "", "OFFERED": "",
                       "FRESH": "", "UPDATE_SAYS": "", "INSTALL_SAYS": "", "UNTIL_UPDATED": "", "NINJA_SAYS": "", **variables}
        run = subprocess.run([str(tools / "bash"), "-uc", f'program=app/run; root={root}; . {source}/app/setup.sh; cd "$root"; {script}'],
                             env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        calls = (here / "calls").read_text() if (here / "calls").exists() else ""
        left = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    return run.returncode, run.stdout + run.stderr, calls, left


def check(name, result, status, said=(), called=(), not_called=()):
    code, output, calls, _ = result
    wrong = [f"does not say: {w}" for w in said if w not in output] + [f"did not call: {c}" for c in called if c not in calls] \
        + [f"called: {c}" for c in not_called if c in calls] + ([] if code == status else [f"status {code}"])
    tap.ok(not wrong, f"/setup/{name}", "\n".join(wrong) + f"\nprinted: {output}\ncalls: {calls}")


def check_packages():
    check("nothing missing, nothing called", play("packages_need a b", INSTALLED="a b"), 0, not_called=["apt-get"])
    check("missing ones alone are installed", play("packages_need a b; echo $packages_changed", INSTALLED="a", OFFERED="a b"), 0,
          said=["Installing 1 Debian packages: b", "yes"], called=["install --no-install-recommends b"], not_called=["update"])
    check("an unknown package is looked for in a fresh list", play("packages_need a", FRESH="a"), 0,
          said=["Fetching"], called=["update", "install --no-install-recommends a"])
    check("an old list is renewed once", play("packages_need a", OFFERED="a", INSTALL_SAYS="404 Not Found", UNTIL_UPDATED="1"), 0,
          called=["update"])
    check("sudo only for what is missing", play("packages_need a", sudo="open", USER_ID="1000", OFFERED="a"), 0,
          called=["sudo env", "install --no-install-recommends a"])
    check("no sudo", play("packages_need a", USER_ID="1000", OFFERED="a"), 1,
          said=["no sudo", "apt-get install --no-install-recommends a", "again"], not_called=["apt-get"])
    check("sudo wants a password and there is no terminal", play("packages_need a", sudo="locked", USER_ID="1000", OFFERED="a"), 1,
          said=["no terminal", "apt-get install --no-install-recommends a"], not_called=["apt-get"])
    check("no network", play("packages_need a", UPDATE_SAYS="Temporary failure resolving 'mirror'"), 1,
          said=["could not be fetched", "online", "whole log"])
    check("no network, and apt-get calls that a success",
          play("packages_need a", UPDATE_SAYS="W: Failed to fetch the list", UPDATE_STATUS="0"), 1, said=["could not be fetched", "online"])
    check("the disk is full", play("packages_need a", OFFERED="a", INSTALL_SAYS="E: You don't have enough free space in /var/cache/apt/archives/."), 1,
          said=["disk is full", "Free about"])
    check("an archive without a needed package", play("packages_need a"), 1, said=["has no a", "-Dui=disabled"], not_called=["install"])
    check("an archive without an optional package", play("packages_need a libdnnl-dev", INSTALLED="a"), 0,
          said=["building without it"], not_called=["apt-get"])
    check("no apt-get at all", play("packages_need a; is_debian_like || other_distributions", without=["apt-get"]), 0,
          said=["jansson", "Fedora", "Arch", "openSUSE"])


def check_builds():
    check("configure, then build", play("build_make build -Dx=y && cat build/.alidade-setup"), 0, said=["Configuring", "-Dx=y"],
          called=["meson setup build -Dx=y", "ninja -C build"])
    again = play("build_make build && build_make build")
    tap.ok(again[0] == 0 and again[2].count("meson setup") == 1, "/setup/a second time only ninja runs", again[2])
    other = play("build_make build && build_make build -Dx=y")
    tap.ok(other[0] == 0 and other[2].count("meson setup") == 2, "/setup/other options configure anew", other[2])
    changed = play("build_make build && packages_changed=yes && build_make build")
    tap.ok(changed[0] == 0 and changed[2].count("meson setup") == 2, "/setup/new packages configure anew", changed[2])
    check("meson fails", play("build_make build", MESON_STATUS="1"), 1, said=["could not configure", "no compiler", "setup.log", "meson-log.txt"])
    check("a failed configuration is tried again", play("(build_make build) 2> /dev/null; MESON_STATUS=0 build_make build", MESON_STATUS="1"), 0)
    check("the build fails", play("build_make build", NINJA_STATUS="1", NINJA_SAYS="error: x.c"), 1, said=["x.c", "build in build failed"])
    check("no room while building", play("build_make build", NINJA_STATUS="1", NINJA_SAYS="fatal error: No space left on device"), 1,
          said=["disk is full"])
    mine = play("build_make build", tree={"build/thesis.txt": "mine"})
    tap.ok(mine[0] == 1 and "build/thesis.txt" in mine[3] and "Move it away" in mine[1], "/setup/a folder of somebody's own is left alone", mine[1])
    check("no meson", play("build_make build", without=["meson"]), 1, said=["meson is not installed"])


check_packages()
check_builds()
sys.exit(tap.done())
