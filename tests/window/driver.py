# SPDX-License-Identifier: MIT
"""Starts the real program and looks at it as a screen reader does (AT-SPI); keys and clicks come from xdotool.

Nothing here sleeps for a fixed time to be on the safe side: everything is polled until it is so, or until the time is
up. Meant to run inside xvfb-run and dbus-run-session."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE = float(os.environ.get("ALIDADE_WINDOW_PATIENCE", "20"))
STEP = 0.03


def wait(check, patience=None):
    """The first true value of check(), or its last value when the time is up. A vanished object counts as 'not yet'."""
    end = time.monotonic() + (PATIENCE if patience is None else patience)
    while True:
        try:
            value = check()
        except GLib.Error:
            value = None
        if value or time.monotonic() > end:
            return value
        time.sleep(STEP)


def xdotool(*arguments):
    return subprocess.run(["xdotool", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


class Node:
    """One accessible object. Nothing is cached: the other side changes while we look."""

    def __init__(self, accessible):
        self.accessible = accessible

    @property
    def name(self):
        self.accessible.clear_cache()
        return self.accessible.get_name() or ""

    @property
    def role(self):
        return self.accessible.get_role_name()

    @property
    def description(self):
        self.accessible.clear_cache()
        return self.accessible.get_description() or ""

    def has(self, state):
        self.accessible.clear_cache()
        return self.accessible.get_state_set().contains(state)

    @property
    def has_room(self):
        """GTK 4.8 sets no SHOWING on widgets: what is hidden by a stack has no size."""
        return self.box[2] > 0 and self.box[3] > 0

    @property
    def is_covered_page(self):
        """A stack's page that is not on top: whole views lie there. A GtkStackPage never has a size, what is on it has."""
        name = self.name if self.role == "panel" else ""
        if name.endswith("StackPage"):
            return not any(child.has_room for child in self.children())
        return name != "" and not self.has_room

    @property
    def checked(self):
        return self.has(Atspi.StateType.CHECKED) or self.has(Atspi.StateType.PRESSED)

    @property
    def text(self):
        return Atspi.Text.get_text(self.accessible, 0, Atspi.Text.get_character_count(self.accessible))

    @property
    def box(self):
        try:
            extents = self.accessible.get_extents(Atspi.CoordType.WINDOW)
        except GLib.Error:
            return 0, 0, 0, 0
        return extents.x, extents.y, extents.width, extents.height

    @property
    def parent(self):
        return Node(self.accessible.get_parent())

    def actions(self):
        return [self.accessible.get_action_name(i) for i in range(self.accessible.get_n_actions())]

    def do(self, action=None):
        index = self.actions().index(action) if action else 0
        return self.accessible.do_action(index)

    def children(self):
        self.accessible.clear_cache()
        for index in range(self.accessible.get_child_count()):
            child = self.accessible.get_child_at_index(index)
            if child is not None:
                yield Node(child)

    def all(self, showing_only=True):
        """This object and everything below it, from top to bottom."""
        yield self
        for child in self.children():
            try:
                if showing_only and not child.has(Atspi.StateType.VISIBLE):
                    continue
                if showing_only and child.is_covered_page:
                    continue
                yield from child.all(showing_only)
            except GLib.Error:
                continue

    def find(self, role=None, name=None, patience=None):
        """The first object of that role whose name matches the pattern wholly; waits for it. None: not there."""
        return wait(lambda: next(self.every(role, name), None), patience)

    def every(self, role=None, name=None):
        for node in self.all():
            if (role is None or node.role == role) and (name is None or re.fullmatch(name, node.name, re.S)):
                yield node


class Program:
    """alidade with a home of its own, gone when the `with` block ends."""

    def __init__(self, binary, *arguments, size=(1280, 800), recent_models=(), dark=False, preload="", slow_ms=0):
        self.home = tempfile.mkdtemp(prefix="alidade-window-")
        environment = dict(os.environ)
        for variable, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"),
                                 ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")):
            environment[variable] = os.path.join(self.home, folder)
            os.makedirs(environment[variable], exist_ok=True)
        environment.update(GDK_BACKEND="x11", GSK_RENDERER="cairo", GTK_A11Y="atspi", ADW_DISABLE_PORTAL="1",
                           GSETTINGS_BACKEND="memory", LC_ALL="C.UTF-8", G_ENABLE_DIAGNOSTIC="1")
        if preload:
            environment.update(LD_PRELOAD=os.path.abspath(preload), ALIDADE_SLOW_MS=str(slow_ms))
        environment.pop("ADW_DEBUG_COLOR_SCHEME", None)
        if dark:
            environment["ADW_DEBUG_COLOR_SCHEME"] = "prefer-dark"
        os.makedirs(os.path.join(self.home, "config", "gtk-4.0"))
        with open(os.path.join(self.home, "config", "gtk-4.0", "settings.ini"), "w") as ini:
            ini.write("[Settings]\ngtk-font-name=Cantarell 11\ngtk-decoration-layout=:close\n"
                      "gtk-enable-animations=false\n")
        if recent_models:
            os.makedirs(os.path.join(self.home, "state", "alidade"))
            with open(os.path.join(self.home, "state", "alidade", "recent.ini"), "w") as ini:
                ini.write("[recent]\nmodels=%s\n" % "".join("file://%s;" % path for path in recent_models))
        self.log_path = os.path.join(self.home, "log")
        self.started = time.monotonic()
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([binary, *arguments], env=environment, stdout=log, stderr=log)
        self.application = None
        self.window_id = wait(self._find_window)
        self.seconds_to_window = time.monotonic() - self.started
        if self.window_id:
            xdotool("windowmove", self.window_id, 0, 0)
            xdotool("windowsize", "--sync", self.window_id, *size)
            xdotool("windowfocus", self.window_id)
        self.window = wait(self._find_accessible)

    def _find_window(self):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)],
                               capture_output=True, text=True).stdout.split()
        return found[-1] if found else None

    def _application(self):
        if self.application is None:
            self.application = self._find_application()
        return self.application

    def _find_application(self):
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for index in range(desktop.get_child_count()):
            application = desktop.get_child_at_index(index)
            if application is not None and application.get_process_id() == self.process.pid:
                return Node(application)
        return None

    def _find_accessible(self):
        application = self._application()
        return next(application.children(), None) if application else None

    def windows(self):
        application = self._application()
        return list(application.children()) if application else []

    def find(self, role=None, name=None, patience=None):
        return self.window.find(role, name, patience)

    def dialog(self, title, patience=None):
        """Another window of the program, once the display shows it, with the focus. By its title (a pattern)."""
        def search():
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^%s$" % title],
                                   capture_output=True, text=True).stdout.split()
            return found[-1] if found else None
        window_id = wait(search, patience)
        if window_id is None:
            return None
        xdotool("windowfocus", window_id)
        time.sleep(0.2)  # a tree that is still being made is not safe to walk through
        return wait(lambda: next((node for node in self.windows() if re.fullmatch(title, node.name)), None))

    def choose(self, title, path):
        """Types a path into a file chooser."""
        dialog = self.dialog(title)
        if dialog is None:
            return False
        self.type("/")
        time.sleep(0.2)
        self.key("ctrl+a")
        self.type(path)
        time.sleep(0.2)  # the list below follows what is typed
        self.key("Return")
        return True

    def key(self, *keys):
        xdotool("key", "--clearmodifiers", *keys)

    def type(self, text):
        xdotool("type", "--delay", 8, text)

    def focused(self):
        return next((node for node in self.window.all() if node.has(Atspi.StateType.FOCUSED)), None)

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if exception and exception[0] is not None:
            sys.stderr.write(self.log())
        shutil.rmtree(self.home, ignore_errors=True)
        return False
