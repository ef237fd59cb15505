# SPDX-License-Identifier: MIT
"""alidade list with the library's filters, tag and relink: without display, session bus or installation.

    test_library_commands.py ALIDADE SAMPLES
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
import tap

alidade, samples = map(os.path.abspath, sys.argv[1:3])
work = pathlib.Path(tempfile.mkdtemp(prefix="alidade-library-"))
environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C", "XDG_DATA_HOME": str(work / "data")}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if kept in os.environ:
        environment[kept] = os.environ[kept]


def run(*arguments, status=0):
    done = subprocess.run([alidade, *map(str, arguments)], capture_output=True, env=environment, cwd=work)
    if done.returncode != status:
        tap.ok(False, f"/library/{arguments[0]} ends with {status}", f"{arguments}: {done.returncode}\n{done.stderr.decode()[:500]}")
    return done.stdout.decode()


def texts(*options):
    return [json.loads(line)["text"] for line in run("list", "p", "phrases", "--json", *options).splitlines()]


def paths(*options):
    return [json.loads(line)["path"] for line in run("list", "p", "images", "--json", *options).splitlines()]


def fill():
    pictures = work / "pictures"
    pictures.mkdir()
    for i in range(3):
        shutil.copy(pathlib.Path(samples) / f"scene-0{i}.png", pictures)
    lines = [{"alidade-manifest": 1},
             {"image": "scene-00.png", "text": "red kite", "regions": [
                 {"box": [1, 2, 11, 12]}, {"box": [1, 2, 11, 22], "origin": "map", "score": 0.9, "model": "m"}]},
             {"image": "scene-00.png", "text": "the dog", "regions": [
                 {"box": [1, 2, 11, 12]}, {"box": [100, 2, 111, 22], "origin": "map", "score": 0.4, "model": "n"}]},
             {"image": "scene-01.png", "text": "a cat", "regions": []},
             {"image": "scene-02.png", "text": "a blue kite", "regions": [{"box": [5, 5, 9, 9], "origin": "detector", "score": 0.6}]},
             {"image": "nowhere.png", "width": 9, "height": 9, "text": "a gift"}]
    (pictures / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("new", "p")
    run("import", "p", pictures / "m.jsonl", "--format", "manifest")
    phrases = {json.loads(line)["text"]: json.loads(line) for line in run("list", "p", "phrases", "--json").splitlines()}
    run("review", "p", "--set", f"{phrases['red kite']['id']}=accepted", "--by", "ann")
    run("review", "p", "--set", f"{phrases['the dog']['id']}=rejected", "--by", "ann")
    return phrases


def check_list(phrases):
    tap.ok(texts("--verdict", "accepted,rejected") == ["red kite", "the dog"], "/library/by verdict")
    tap.ok(texts("--verdict", "none", "--origin", "detector") == ["a blue kite"], "/library/by verdict and origin")
    tap.ok(texts("--regions", "without") == ["a cat", "a gift"], "/library/without regions")
    tap.ok(texts("--disagrees", "0.4") == ["the dog"], "/library/where the model disagrees")
    tap.ok(texts("--score", "0.5,1", "--order", "score", "--descending") == ["red kite", "a blue kite"], "/library/by score, in its order")
    tap.ok(texts("--filter", "kite", "--model", "m") == ["red kite"], "/library/by words and model")
    tap.ok(paths("--state", "missing") == ["nowhere.png"], "/library/missing pictures")
    tap.ok(paths("--filter", "kite", "--order", "name", "--descending") == ["scene-02.png", "scene-00.png"], "/library/images by words of phrases")
    tap.ok(texts("--order", "score", "--limit", 1) == ["the dog"], "/library/the first of an order")
    tap.ok(texts("--changed-since", "2999-01-01") == [], "/library/nothing changed since the future")
    first = json.loads(run("list", "p", "phrases", "--json").splitlines()[0])
    again = json.loads(run("list", "p", "phrases", "--json", "--order", "added").splitlines()[0])
    tap.ok(first == again, "/library/the lines are the same", f"{first}\n{again}")
    for wrong in (["--verdict", "maybe"], ["--score", "1"], ["--order", "colour"], ["--changed-since", "soon"], ["--regions", "some"]):
        run("list", "p", "phrases", "--json", *wrong, status=2)
    run("list", "p", "regions", "--json", "--tag", "x", status=2)
    tap.ok(True, "/library/what makes no sense is refused")


def check_tag():
    tap.ok(run("tag", "p", "sky", "scene-00.png", "scene-01.png", "--by", "ann") == "2\n" and paths("--tag", "sky") == ["scene-00.png", "scene-01.png"],
           "/tag/by path")
    tap.ok(run("tag", "p", "sky", "--verdict", "none", "--by", "ann") == "2\n" and
           sorted(paths("--tag", "sky")) == ["nowhere.png", "scene-00.png", "scene-01.png", "scene-02.png"],
           "/tag/by filter")
    run("undo", "p", "--by", "ann")
    tap.ok(paths("--tag", "sky") == ["scene-00.png", "scene-01.png"], "/tag/undone as one")
    tap.ok(run("tag", "p", "sky", "scene-00.png", "--remove") == "1\n" and texts("--tag", "sky") == ["a cat"], "/tag/taken away; a phrase has its image's")
    run("tag", "p", "sky", "never.png", status=1)
    run("tag", "p", "sky", status=2)
    run("tag", "p", "sky", "scene-00.png", "--regions", "with", status=2)
    tap.ok(paths("--tag", "sky") == ["scene-01.png"], "/tag/what is refused changes nothing")


def check_relink():
    (work / "pictures").rename(work / "moved")
    (work / "moved" / "scene-02.png").unlink()
    report = json.loads(run("relink", "p", work / "pictures", work / "moved", "--dry-run", "--json"))
    tap.ok(report == {"images": 4, "same": 2, "unchecked": 0, "changed": 0, "missing": 2, "names": ["nowhere.png", "scene-02.png"]},
           "/relink/only told", str(report))
    run("relink", "p", work / "nothing", work / "moved", status=1)
    (work / "empty").mkdir()
    run("relink", "p", work / "pictures", work / "empty", status=1)
    run("relink", "p", work / "pictures", work / "moved", "--by", "ann")
    uris = [json.loads(line)["uri"] for line in run("list", "p", "images", "--json").splitlines()]
    tap.ok(all("/moved/" in uri for uri in uris) and paths("--state", "ok") == ["scene-00.png", "scene-01.png"], "/relink/moved", str(uris))
    run("undo", "p", "--by", "ann")
    uris = [json.loads(line)["uri"] for line in run("list", "p", "images", "--json").splitlines()]
    tap.ok(all("/pictures/" in uri for uri in uris), "/relink/undone")


try:
    check_list(fill())
    check_tag()
    check_relink()
finally:
    shutil.rmtree(work)
sys.exit(tap.done())
