# SPDX-License-Identifier: MIT
"""The region canvas by real keys and pointer: what is drawn lies where the hand went, in pixels of the stored picture.
Usage: test_region_editor.py REGION_EDITOR"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "house"))
from tap import done, ok  # noqa: E402

from driver import Program, wait, xdotool  # noqa: E402

binary = sys.argv[1]
SHADOW = 5  # of the window, without a compositor
WIDTH, HEIGHT = 640, 480
PEAK = (0.6 * WIDTH, 0.4 * HEIGHT)


class Editor(Program):
    def __init__(self, *arguments, **options):
        super().__init__(binary, "--size", "%dx%d" % (WIDTH, HEIGHT), *arguments, **options)
        self.mark = 0

    def said(self, pattern, patience=None):
        """Waits for a line that matches wholly, after those that were waited for before."""
        def look():
            match = re.compile("^(?:%s)$" % pattern, re.M).search(self.log(), self.mark)
            if match:
                self.mark = match.end()
            return match
        return wait(look, patience)

    @property
    def picture(self):
        """Where the picture lies on the screen."""
        lines = re.findall(r"^picture (\S+) (\S+) (\S+) (\S+)$", self.log(), re.M)
        x, y, width, height = map(float, lines[-1])
        return x + SHADOW, y + SHADOW, width, height

    @property
    def regions(self):
        """As last printed: kind, box, changed, area, points."""
        last = self.log().rfind("region 0 ")
        found = []
        for line in self.log()[last:].splitlines():
            if not line.startswith("region "):
                break
            _, _, kind, *numbers = line.split()
            found.append((kind, tuple(map(float, numbers[:4])), numbers[4] == "1", float(numbers[5]), int(numbers[6])))
        return found

    def place(self, x, y):
        """Screen pixels of a place given in upright picture pixels."""
        left, top, width, height = self.picture
        return round(left + x * self.scale), round(top + y * self.scale)

    @property
    def scale(self):
        return self.picture[2] / self.upright[0]

    upright = (WIDTH, HEIGHT)

    def at(self, point):
        """The picture pixel under a place of the screen, as the canvas rounds it."""
        left, top, _, _ = self.picture
        return tuple(round((point[i] - (left, top)[i]) / self.scale) for i in (0, 1))

    def drag(self, start, *points, button=1):
        steps = ["mousemove", *start, "mousedown", button]
        for point in points:
            steps += ["mousemove", *point]
        xdotool(*steps)
        xdotool("mouseup", button)

    def click(self, point, button=1):
        xdotool("mousemove", *point, "click", button)


def complaints(program):
    return re.search(r"CRITICAL|WARNING|AddressSanitizer|runtime error", program.log())


def boxes():
    with Editor() as editor:
        ok(editor.said("ready") and editor.said("picture .*"), "/start/a picture is there", editor.log())
        editor.key("b")
        ok(editor.said("tool box"), "/box/B takes the tool")
        start, end = editor.place(100, 60), editor.place(220, 160)
        editor.drag(start, editor.place(150, 90), end)
        ok(editor.said("edited Box drawn"), "/box/is drawn")
        box = (*editor.at(start), *editor.at(end))
        ok(editor.regions[-1][:2] == ("box", box), "/box/lies where the hand went", (editor.regions, box))
        editor.drag(editor.place(*box[2:]), editor.place(260, 180), editor.place(270, 200))
        ok(editor.said("edited Box resized"), "/box/its corner is caught")
        corner = editor.at(editor.place(270, 200))
        caught = editor.at(editor.place(*box[2:]))
        moved = (*box[:2], *(box[2 + i] + corner[i] - caught[i] for i in (0, 1)))
        ok(editor.regions[-1][1] == moved, "/box/and goes along", (editor.regions, moved))

        editor.key("Right", "Right", "Down")
        ok(editor.said("edited Region moved"), "/nudge/arrows move")
        x1, y1, x2, y2 = moved
        ok(editor.regions[-1][1] == (x1 + 2, y1 + 1, x2 + 2, y2 + 1),
           "/nudge/by a pixel each, as one step", editor.regions)
        editor.key("alt+Left")
        ok(editor.said("edited Region moved") and editor.regions[-1][1][0] == x1 - 8,
           "/nudge/Alt by ten", editor.regions)
        editor.key("shift+Right", "shift+Right", "shift+Up")
        ok(editor.said("edited Box resized") and editor.regions[-1][1] == (x1 - 8, y1 + 1, x2 - 6, y2),
           "/nudge/Shift resizes", editor.regions)
        for _ in range(3):
            editor.key("z")
            editor.said("edited Undone")
        ok(editor.regions[-1][1] == moved, "/undo/Z takes steps back", editor.regions)
        editor.key("shift+z")
        ok(editor.said("edited Done again") and editor.regions[-1][1][0] == x1 + 2,
           "/undo/Shift+Z does them again", editor.regions)

        editor.key("b")
        ok(editor.said("edited Box drawn"), "/box/B again drops one")
        x1, y1, x2, y2 = editor.regions[-1][1]
        ok(x1 < PEAK[0] < x2 and y1 < PEAK[1] < y2, "/box/at the map's peak", editor.regions)

        editor.key("v")
        before = editor.regions[-1][1]
        middle = editor.place((x1 + x2) / 2, (y1 + y2) / 2)
        editor.drag(middle, (middle[0] + 40, middle[1] - 20), (5 + SHADOW, middle[1]))
        ok(editor.said("edited Region moved"), "/select/a drag inside moves it")
        ok(editor.regions[-1][1] == (0, before[1], before[2] - before[0], before[3]),
           "/select/to the picture's edge, whole",
           (editor.regions, before))

        before = editor.regions
        zoomed = editor.picture
        editor.key("plus")
        ok(wait(lambda: editor.picture[2] > zoomed[2]), "/zoom/plus enlarges")
        left = editor.picture[0]
        editor.key("ctrl+Right")
        ok(wait(lambda: editor.picture[0] < left), "/zoom/Ctrl and arrows pan")
        at = editor.place(300, 240)
        left = editor.picture[0]
        editor.drag(at, (at[0] + 60, at[1]), button=2)
        ok(wait(lambda: editor.picture[0] > left), "/zoom/so does the middle button")
        editor.key("minus")
        ok(editor.said("picture .*") and editor.regions == before, "/zoom/and no region moved")
        editor.key("Escape")
        ok(editor.said("cancelled 1"), "/keep/Esc drops what was changed")
        ok(len(editor.regions) == 1 and not editor.regions[0][2], "/keep/back to the proposal", editor.regions)
        editor.key("Escape")
        ok(editor.said("cancelled 0"), "/keep/once more there is nothing to drop")
        editor.key("Return")
        ok(editor.said("accepted 0"), "/keep/Enter keeps")
        editor.key("shift+Return")
        ok(editor.said("accepted 1"), "/keep/Shift+Enter for the chain")
        ok(not complaints(editor), "/no complaint", editor.log())


def shapes():
    with Editor() as editor:
        editor.said("picture .*")
        editor.key("p")
        ok(editor.said("tool polygon"), "/polygon/P takes the tool")
        corners = [editor.place(*point) for point in ((60, 60), (200, 50), (220, 180), (80, 200))]
        for corner in corners:
            editor.click(corner)
        editor.key("Return")
        ok(editor.said("edited Polygon drawn"), "/polygon/Enter closes it")
        xs, ys = zip(*[editor.at(corner) for corner in corners])
        ok(editor.regions[-1][:2] == ("polygon", (min(xs), min(ys), max(xs), max(ys))) and editor.regions[-1][4] == 4,
           "/polygon/lies where the clicks were", editor.regions)
        editor.drag(corners[2], editor.place(260, 200), editor.place(280, 230))
        shift = [editor.at(editor.place(280, 230))[i] - editor.at(corners[2])[i] for i in (0, 1)]
        ok(editor.said("edited Point moved") and editor.regions[-1][1][2:] == (max(xs) + shift[0], ys[2] + shift[1]),
           "/polygon/a point is dragged", (editor.regions, shift))
        editor.key("Right")
        ok(editor.said("edited Point moved") and editor.regions[-1][1][2] == max(xs) + shift[0] + 1,
           "/polygon/and nudged")
        middle = [(corners[0][i] + corners[1][i]) // 2 for i in (0, 1)]
        editor.drag(middle, (middle[0], middle[1] - 20), (middle[0], middle[1] - 40))
        ok(editor.said("edited Point added") and editor.regions[-1][4] == 5,
           "/polygon/the middle of an edge becomes one")
        editor.key("Delete")
        ok(editor.said("edited Point removed") and editor.regions[-1][4] == 4, "/polygon/Delete takes it away")
        editor.key("Page_Down", "Insert")
        ok(editor.said("edited Point added") and editor.regions[-1][4] == 5, "/polygon/points by keys alone")
        for corner in ((100, 80), (150, 80), (120, 120)):
            editor.click(editor.place(*corner))
        area = editor.regions[-1][3]
        editor.key("shift+Return")
        ok(editor.said("edited Hole cut") and editor.regions[-1][3] < area - 500,
           "/polygon/Shift+Enter cuts a hole", editor.regions)

        editor.key("d")
        editor.said("tool brush")
        editor.drag(editor.place(340, 300), editor.place(400, 360), editor.place(460, 300))
        ok(editor.said("edited Painted"), "/brush/D paints")
        kind, (x1, y1, x2, y2), _, area, _ = editor.regions[-1]
        wide = 24 / editor.scale  # of the brush
        long = 2 * (60 ** 2 + 60 ** 2) ** 0.5  # merged motion is followed round the bend
        ok(kind == "mask" and abs(x1 - 340 + wide / 2) <= 1.5 and abs(x2 - 460 - wide / 2) <= 1.5,
           "/brush/a mask there",
           editor.regions)
        ok(abs(area - (long * wide + 3.1416 * wide * wide / 4)) < 0.08 * area,
           "/brush/as wide as the brush", (area, long * wide))
        editor.key("bracketright", "bracketright")
        editor.drag(editor.place(340, 400), editor.place(480, 400))
        ok(editor.said("edited Painted") and editor.regions[-1][3] > 2 * area and len(editor.regions) == 3,
           "/brush/] paints wider, on the same mask", editor.regions)
        area = editor.regions[-1][3]
        editor.key("x")
        editor.said("tool erase")
        editor.drag(editor.place(400, 320), editor.place(400, 430))
        ok(editor.said("edited Erased") and editor.regions[-1][3] < area, "/eraser/X takes away", editor.regions)
        area = editor.regions[-1][3]
        editor.key("s")
        ok(editor.said("edited Smoothed") and editor.regions[-1][3] != area, "/brush/S smooths")

        editor.key("t")
        editor.key("period", "period", "period")
        editor.key("Return")
        ok(editor.said("edited Mask from the map") and editor.said("accepted 0"), "/map/T makes a mask, Enter keeps it")
        kind, (x1, y1, x2, y2), _, small, _ = editor.regions[-1]
        ok(kind == "mask" and x1 < PEAK[0] < x2 and y1 < PEAK[1] < y2, "/map/around the peak", editor.regions)
        editor.key("t")
        xdotool("mousemove", *editor.place(500, 100), *["click", 5] * 6)
        editor.key("v")
        ok(editor.said("edited Mask from the map"), "/map/another tool keeps it too")
        large = editor.regions[-1][3]
        ok(large > 1.2 * small, "/map/the wheel lowers the threshold", (small, large))
        editor.key("Delete")
        ok(editor.said("edited Region removed"), "/map/Delete removes it")
        n = len(editor.regions)
        editor.key("ctrl+d")
        editor.click(editor.place(150, 190))
        ok(editor.said("selected 1"), "/select/a click chooses", editor.log()[-300:])
        editor.key("ctrl+d")
        ok(editor.said("edited Region doubled") and len(editor.regions) == n + 1,
           "/select/Ctrl+D doubles it", editor.regions)
        ok(not complaints(editor), "/no complaint", editor.log())


def keys_alone():
    """A polygon without the pointer."""
    with Editor() as editor:
        editor.said("picture .*")
        editor.key("b", "b")
        ok(editor.said("edited Box drawn"), "/keys/a box")
        x1, y1, x2, y2 = editor.regions[-1][1]
        editor.key("p", "p")
        ok(editor.said("edited Box made a polygon") and editor.regions[-1][4] == 4,
           "/keys/P again makes a polygon of it")
        editor.key("alt+Left", "Up")
        ok(editor.said("edited Point moved") and editor.regions[-1][1] == (x1 - 10, y1 - 1, x2, y2),
           "/keys/its first point is held",
           editor.regions)
        editor.key("Page_Up", "Insert", "Down")
        ok(editor.said("edited Point added") and editor.said("edited Point moved") and editor.regions[-1][4] == 5,
           "/keys/points are walked and added", editor.regions)
        editor.key("Return")
        ok(editor.said("accepted 0"), "/keys/kept")
        ok(not complaints(editor), "/no complaint", editor.log())


def turned():
    """Lying on its side: the right of the screen is the top of the stored picture."""
    with Editor("--orientation", "6") as editor:
        editor.upright = (HEIGHT, WIDTH)
        editor.said("picture .*")
        editor.key("b")
        start, end = editor.place(100, 60), editor.place(220, 160)
        editor.drag(start, editor.place(150, 90), end)
        ok(editor.said("edited Box drawn"), "/turned/a box")
        (u1, v1), (u2, v2) = editor.at(start), editor.at(end)
        box = (v1, HEIGHT - u2, v2, HEIGHT - u1)
        ok(editor.regions[-1][1] == box, "/turned/in stored pixels", (editor.regions, box))
        editor.key("Right")
        ok(editor.said("edited Region moved") and editor.regions[-1][1] == (box[0], box[1] - 1, box[2], box[3] - 1),
           "/turned/right is up", editor.regions)
        editor.key("shift+Right")
        ok(editor.said("edited Box resized") and editor.regions[-1][1] == (box[0], box[1] - 2, box[2], box[3] - 1),
           "/turned/wider is taller", editor.regions)
        editor.key("b")
        ok(editor.said("edited Box drawn"), "/turned/at the peak")
        x1, y1, x2, y2 = editor.regions[-1][1]
        ok(x1 < 0.4 * WIDTH < x2 and y1 < 0.4 * HEIGHT < y2, "/turned/of the map, turned with it", editor.regions)
        ok(not complaints(editor), "/no complaint", editor.log())


def assistive():
    with Editor(dark=True) as editor:
        editor.said("picture .*")
        canvas = editor.find("image", "Picture with 1 region")
        ok(canvas is not None and canvas.description == "Region 1 selected, box from 320, 144 to 480, 288",
           "/names/the canvas says what is selected", canvas and canvas.description)
        actions = canvas.actions()
        wanted = {"region.nudge-right", "region.wider", "region.accept", "region.mask-from-map", "canvas.zoom-in"}
        ok(wanted <= set(actions),
           "/names/and offers its actions", actions)
        canvas.do("region.nudge-right")
        ok(editor.said("edited Region moved") and editor.regions[0][1] == (321, 144, 481, 288),
           "/names/which work", editor.regions)
        ok(wait(lambda: canvas.description.endswith("321, 144 to 481, 288")), "/names/and are told", canvas.description)
        for name, key in (("Select", "v"), ("Box", "b"), ("Polygon", "p"), ("Brush", "d"), ("Eraser", "x")):
            button = editor.find("push button", name)
            ok(button is not None, "/tools/%s has a name" % name)
        x, y, width, height = button.box
        ok((width, height) == (38, 44), "/tools/38 by 44", button.box)
        editor.click((x + SHADOW + width // 2, y + SHADOW + height // 2))
        ok(editor.said("tool erase") and button.checked, "/tools/a click takes it")
        editor.key("p")
        ok(editor.said("tool polygon"), "/tools/and leaves the keys to the canvas")
        ok(wait(lambda: not button.checked), "/tools/buttons follow the keys")
        canvas.do("region.accept")
        ok(editor.said("accepted 0"), "/names/accept by action")
        ok(not complaints(editor), "/no complaint", editor.log())


for part in (boxes, shapes, keys_alone, turned, assistive):
    if not sys.argv[2:] or part.__name__ in sys.argv[2:]:
        part()
sys.exit(done())
