# SPDX-License-Identifier: MIT
"""The real window, measured from outside: start, keystroke to the map on the screen, memory.

    ../window/on-display /usr/bin/python3 window.py ALIDADE [--starts N] [--rounds N] [--json]

Start: from the program's call to its window's appearance on the display (MapNotify), to the first frame with the
picture, and to the first word maps. Cold: a new home folder, and the files the program had mapped dropped from the
page cache where the system lets them go. Warm: the starts after it.

Keys: a sentence is typed letter by letter with the display's test extension. For each letter, two figures. *Logged* by
the program: from the change of the sentence to the frame of the canvas that has its answer. *Seen* on the screen: from
the key's sending to the last change of the picture's pixels that the key caused, which contains the toolkit's input,
its drawing and the display's work, and is what a person waits for. The screen is read about every two milliseconds,
which is the grain. Letters without an effect on the picture (a blank, an unknown word's) have no second figure.
"""
import argparse
import ctypes
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "window"))
from driver import Program, wait, xdotool  # noqa: E402

SENTENCE = "a duck below a yellow truck with a hat"
KEY_SECONDS = 0.16   # between keys: long enough to see where one answer ends
QUIET_SECONDS = 0.09  # no change for so long: the answer is complete
MAP_NOTIFY, SUBSTRUCTURE_NOTIFY, Z_PIXMAP, ALL_PLANES = 19, 1 << 19, 2, ctypes.c_ulong(~0 & (1 << 64) - 1)

pointer, number, unsigned = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint
x11, xtst = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
for name, result, arguments in (
        ("XOpenDisplay", pointer, [ctypes.c_char_p]), ("XDefaultRootWindow", ctypes.c_ulong, [pointer]),
        ("XSelectInput", number, [pointer, ctypes.c_ulong, ctypes.c_long]), ("XPending", number, [pointer]),
        ("XNextEvent", number, [pointer, pointer]), ("XSync", number, [pointer, number]), ("XFlush", number, [pointer]),
        ("XStringToKeysym", ctypes.c_ulong, [ctypes.c_char_p]),
        ("XKeysymToKeycode", ctypes.c_ubyte, [pointer, ctypes.c_ulong]),
        ("XGetImage", pointer, [pointer, ctypes.c_ulong, number, number, unsigned, unsigned, ctypes.c_ulong, number]),
        ("XFree", number, [pointer])):
    getattr(x11, name).restype, getattr(x11, name).argtypes = result, arguments
xtst.XTestFakeKeyEvent.argtypes = [pointer, unsigned, number, ctypes.c_ulong]


class Image(ctypes.Structure):
    """The head of Xlib's XImage."""
    _fields_ = [(n, number) for n in ("width", "height", "xoffset", "format")] + [("data", pointer)] + [
        (n, number) for n in ("byte_order", "bitmap_unit", "bitmap_bit_order", "bitmap_pad", "depth", "bytes_per_line")]


class Screen:
    """A connection of our own to the display."""

    def __init__(self):
        self.display = x11.XOpenDisplay(None)
        if not self.display:
            sys.exit("window.py: no display")
        self.root = x11.XDefaultRootWindow(self.display)

    def pixels(self, x, y, width, height):
        image = x11.XGetImage(self.display, self.root, x, y, width, height, ALL_PLANES, Z_PIXMAP)
        head = ctypes.cast(image, ctypes.POINTER(Image)).contents
        found = ctypes.string_at(head.data, head.bytes_per_line * head.height)
        x11.XFree(head.data)
        x11.XFree(image)
        return found

    def key(self, letter):
        symbol = x11.XStringToKeysym((b"space" if letter == " " else letter.encode()))
        code = x11.XKeysymToKeycode(self.display, symbol)
        sent = time.monotonic()
        for down in (1, 0):
            xtst.XTestFakeKeyEvent(self.display, code, down, 0)
        x11.XFlush(self.display)
        return sent


class WindowWatch(threading.Thread):
    """Notes when the first window larger than a few pixels appears on the display."""

    def __init__(self):
        super().__init__(daemon=True)
        self.screen, self.seen, self.stop = Screen(), None, False
        x11.XSelectInput(self.screen.display, self.screen.root, SUBSTRUCTURE_NOTIFY)
        x11.XSync(self.screen.display, 0)

    def run(self):
        event = ctypes.create_string_buffer(192)
        while not self.stop and self.seen is None:
            while x11.XPending(self.screen.display):
                x11.XNextEvent(self.screen.display, event)
                if ctypes.cast(event, ctypes.POINTER(number))[0] == MAP_NOTIFY:
                    self.seen = time.monotonic()
            time.sleep(0.001)


def mapped_files(process):
    """The files of a running program: itself, its libraries, fonts, icons, models."""
    with open("/proc/%d/maps" % process.pid) as maps:
        fields = [line.split(None, 5) for line in maps]
    return sorted({field[5].strip() for field in fields if len(field) == 6 and field[5].startswith("/")})


def cached_mb(files):
    """MB of the files that are in the page cache (fincore), or None."""
    try:
        listed = subprocess.run(["fincore", "-b", "-n", "-o", "RES", *files], capture_output=True, text=True)
        return sum(map(int, listed.stdout.split())) / 1e6
    except (OSError, ValueError):
        return None


def drop_from_cache(files):
    """Asks the system to forget the pages of files (what another program has mapped stays). MB before and after."""
    files = [f for f in files if os.path.isfile(f)]
    before = cached_mb(files)
    for path in files:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
        except OSError:
            continue
    return before, cached_mb(files)


def logged_second(log, pattern):
    """Seconds since midnight of the first log line that has the pattern."""
    match = re.search(r"(\d\d):(\d\d):(\d\d\.\d+): [^\n]*" + pattern, log)
    if not match:
        return None
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def start_once(binary, size, files):
    """One start: seconds to the window, to the picture, to the maps; files that were mapped."""
    cached = drop_from_cache(files) if files is not None else None
    watch = WindowWatch()
    watch.start()
    clock = time.time() - time.monotonic()
    with Program(binary, size=size) as program:
        wait(lambda: re.search(r"canvas: drawn", program.log()))
        watch.stop = True
        watch.join()
        begin = time.localtime(program.started + clock)
        at = begin.tm_hour * 3600 + begin.tm_min * 60 + begin.tm_sec + (program.started + clock) % 1
        moments = [logged_second(program.log(), pattern) for pattern in ("canvas: frame", "canvas: drawn")]
        result = {"window_s": watch.seen - program.started if watch.seen else None,
                  "picture_s": (moments[0] - at) % 86400 if moments[0] else None,
                  "maps_s": (moments[1] - at) % 86400 if moments[1] else None, "cached_mb": cached}
        return result, mapped_files(program.process)


def picture_place(program):
    """The middle of the canvas on the screen: x, y, width, height."""
    x, y, width, height = program.find("image", "Picture .*").box
    return x + width // 4, y + height // 4, width // 2, height // 2


def type_sentence(program, screen, place):
    """Milliseconds seen for each letter that changed the picture."""
    seen = []
    program.key("ctrl+k", "ctrl+a", "BackSpace")
    time.sleep(0.3)
    for letter in SENTENCE:
        before, changed = screen.pixels(*place), None
        sent = screen.key(letter)
        while (now := time.monotonic()) < (changed or sent) + QUIET_SECONDS:
            pixels = screen.pixels(*place)
            if pixels != before:
                changed, before = time.monotonic(), pixels
            time.sleep(0.001)
        if changed:
            seen.append(1e3 * (changed - sent))
        time.sleep(max(0, sent + KEY_SECONDS - now))
    return seen


def numbers(log, pattern):
    return [float(value) for value in re.findall(pattern, log)]


def summary(values):
    values = sorted(values)
    if not values:
        return None
    return {"median": statistics.median(values), "p95": values[min(len(values) - 1, int(0.95 * len(values)))],
            "highest": values[-1], "of": len(values)}


def high_water(process):
    with open("/proc/%d/status" % process.pid) as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) * 1024 / 1e6


def measure_keys(binary, size, rounds):
    screen = Screen()
    with Program(binary, size=size) as program:
        wait(lambda: re.search(r"canvas: drawn", program.log()))
        place, begin, seen = picture_place(program), len(program.log()), []
        for _ in range(rounds):
            seen += type_sentence(program, screen, place)
        log = program.log()[begin:]
        return {"screen": "%d x %d" % size, "seen_ms": summary(seen),
                "logged_ms": summary(numbers(log, r"drawn ([\d.]+) ms")),
                "answer_ms": summary(numbers(log, r"answer after ([\d.]+) ms")),
                "frame_ms": summary(numbers(log, r"frame of ([\d.]+) ms")),
                "peak_memory_mb": high_water(program.process)}


def row(name, value, wanted=""):
    print("%-34s %s%s" % (name, value, "   (wanted: %s)" % wanted if wanted else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("alidade")
    parser.add_argument("--starts", type=int, default=5, help="warm starts")
    parser.add_argument("--rounds", type=int, default=3, help="times the sentence is typed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    size = tuple(int(n) for n in os.environ.get("ALIDADE_SCREEN", "1280x800").split("x"))
    os.environ["G_MESSAGES_DEBUG"] = "alidade"
    first, files = start_once(arguments.alidade, size, None)  # finds the files
    files += [os.path.realpath(arguments.alidade)]
    cold, _ = start_once(arguments.alidade, size, files)
    starts = [start_once(arguments.alidade, size, None)[0] for _ in range(arguments.starts)]
    result = {"start_cold": cold, "start_warm": {key: summary([s[key] for s in starts if s[key] is not None])
                                                 for key in ("window_s", "picture_s", "maps_s")},
              "keys": measure_keys(arguments.alidade, size, arguments.rounds)}
    if arguments.json:
        print(json.dumps(result))
        return 0
    for key, what in (("window_s", "window"), ("picture_s", "picture"), ("maps_s", "word maps")):
        warm = result["start_warm"][key]
        row("start to " + what, "cold %.2f s, warm %.2f s (median of %d)" % (cold[key], warm["median"], warm["of"]),
            "under 0.7 s")
    keys = result["keys"]
    for key, what in (("seen_ms", "key to map on the screen"), ("logged_ms", "change to map drawn (logged)"),
                      ("answer_ms", "change to answer"), ("frame_ms", "frame of the canvas")):
        row(what, "median %.1f ms, p95 %.1f ms, highest %.1f ms, of %d" % tuple(keys[key].values()))
    row("peak memory", "%.0f MB" % keys["peak_memory_mb"], "below 250 MB")
    return 0


sys.exit(main())
