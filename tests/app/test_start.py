# SPDX-License-Identifier: MIT
"""The program with a window, on a display of its own: it starts on the sample project, takes files, hands them over
to the one that runs, keeps its preferences, and runs where its schema is not installed.

    test_start.py PROGRAM SAMPLES_FOLDER
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "house"))
import tap

program, samples = sys.argv[1], pathlib.Path(sys.argv[2])
SECONDS = 40
INSIDE = "ALIDADE_TEST_DISPLAY"
environment = dict(os.environ, GDK_BACKEND="x11", GSK_RENDERER="cairo", ADW_DISABLE_PORTAL="1", LC_ALL="C.UTF-8",
                   GTK_A11Y="none")


def wait_for(what):
    """What `what` returns once that is true; None if it takes too long."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    return None


def windows():
    run = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "."], capture_output=True, text=True)
    return run.stdout.split()


class Running:
    """The program; leaves nothing behind."""

    def __init__(self, folder, *arguments, path=program, **changes):
        self.log = pathlib.Path(folder, "log")
        with self.log.open("wb") as log:
            self.begin = time.monotonic()
            self.process = subprocess.Popen([path, *arguments], stdout=log, stderr=log, env=dict(
                environment, HOME=folder, XDG_CONFIG_HOME=f"{folder}/config", XDG_CACHE_HOME=f"{folder}/cache",
                XDG_STATE_HOME=f"{folder}/state", XDG_DATA_HOME=f"{folder}/data", **changes))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def shown(self):
        self.window = (wait_for(windows) or [None])[0]
        self.seconds = time.monotonic() - self.begin
        return self.window is not None

    def title(self):
        run = subprocess.run(["xdotool", "getwindowname", self.window], capture_output=True, text=True)
        return run.stdout.strip()

    def quit(self):
        """Presses Ctrl+Q until it ends; its exit status."""
        def pressed():
            subprocess.run(["xdotool", "windowfocus", self.window, "key", "ctrl+q"], capture_output=True)
            time.sleep(0.3)
            return self.process.poll() is not None
        return self.process.returncode if wait_for(pressed) else None

    def complaints(self):
        text = self.log.read_text(errors="replace")
        return "\n".join(line for line in text.splitlines() if re.search(r"WARNING|CRITICAL|ERROR|Sanitizer", line))


def check_samples():
    with tempfile.TemporaryDirectory() as folder, Running(folder) as app:
        if not tap.ok(app.shown(), "/start/the window opens", app.log.read_text(errors="replace")):
            return False
        print(f"# start to window: {app.seconds:.2f} s")
        time.sleep(1)
        tap.ok(app.quit() == 0, "/start/Ctrl+Q ends it", app.process.returncode)
        tap.ok(not app.complaints(), "/start/it complains of nothing", app.complaints())
        return True


def check_preferences():
    with tempfile.TemporaryDirectory() as folder, Running(folder, GSETTINGS_BACKEND="keyfile") as app:
        kept = pathlib.Path(folder, "config", "glib-2.0", "settings", "keyfile")
        if not tap.ok(app.shown(), "/start/preferences/the window opens"):
            return
        time.sleep(1)
        subprocess.run(["xdotool", "windowfocus", app.window, "key", "F9"], capture_output=True)
        time.sleep(0.5)
        app.quit()
        text = kept.read_text() if kept.exists() else ""
        tap.ok("library-shown=false" in text, "/start/preferences/F9 folds the pictures, and that is kept", text)


def check_no_schema():
    with tempfile.TemporaryDirectory() as folder:
        alone = shutil.copy(program, pathlib.Path(folder, "alidade"))
        library = str(pathlib.Path(program).parent.parent / "engine")
        with Running(folder, path=alone, LD_LIBRARY_PATH=library, XDG_DATA_DIRS="/usr/share") as app:
            shown = app.shown()
            tap.ok(shown, "/start/it runs without its schema", app.log.read_text(errors="replace"))
            if shown:
                time.sleep(1)
                tap.ok(app.quit() == 0, "/start/without its schema it ends well", app.process.returncode)
                tap.ok(not app.complaints(), "/start/without its schema it complains of nothing", app.complaints())


def check_files():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
        with Running(folder, str(samples / "scene-03.png"), f"{folder}/broken.png", f"{folder}/missing.jpg") as app:
            if not tap.ok(app.shown(), "/start/pictures named, one broken and one missing"):
                return
            time.sleep(1)
            second = subprocess.run([program, str(samples)], capture_output=True, text=True, timeout=SECONDS,
                                    env=dict(environment, HOME=folder))
            tap.ok(second.returncode == 0 and app.process.poll() is None, "/start/a second one hands over and ends",
                   second.stderr)
            tap.ok(len(windows()) == 1, "/start/there is still one window", windows())
            time.sleep(1)
            tap.ok(app.quit() == 0, "/start/files/it ends well", app.process.returncode)
            tap.ok(not app.complaints(), "/start/files/it complains of nothing", app.complaints())


def check_checkpoint():
    """A checkpoint named becomes the model, although the embedded one is still being opened, and is remembered."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = pathlib.Path(folder, "kites.safetensors")
        shutil.copyfile(samples.parent / "models" / "alidade-mini.safetensors", checkpoint)
        with Running(folder, str(checkpoint), str(samples)) as app:
            if not tap.ok(app.shown(), "/start/a checkpoint named: the window opens"):
                return

            def remembered():
                return any("kites.safetensors" in file.read_text(errors="replace")
                           for file in pathlib.Path(folder, "state").rglob("*") if file.is_file())

            tap.ok(wait_for(remembered), "/start/it becomes the model and is remembered",
                   app.log.read_text(errors="replace"))
            tap.ok(app.quit() == 0, "/start/checkpoint/it ends well", app.process.returncode)
            tap.ok(not app.complaints(), "/start/checkpoint/it complains of nothing", app.complaints())


def main():
    missing = [tool for tool in ("xvfb-run", "dbus-run-session", "xdotool") if not shutil.which(tool)]
    if missing:
        tap.skip("/start", f"not installed: {', '.join(missing)}")
        return tap.done()
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("xvfb-run", ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24 -noreset", "dbus-run-session", "--",
                               sys.executable, *sys.argv])
    if check_samples():
        check_preferences()
        check_no_schema()
        check_files()
    check_checkpoint()
    return tap.done()


sys.exit(main())
