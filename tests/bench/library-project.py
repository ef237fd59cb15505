# SPDX-License-Identifier: MIT
"""Makes a project of very many pictures for the window's figures and photographs.

    library-project.py ALIDADE FOLDER [--images N] [--phrases N]

FOLDER/pictures gets 96 different JPEGs of 640 x 480 (ImageMagick's convert, from the sample scenes) under N names, as hard
links in folders of 1,000; FOLDER/project is made by `alidade import` of a manifest with a caption and some phrases a
picture, half of them with a detector's box and a score. Every 50th name is in the manifest without a file: missing."""
import argparse
import json
import os
import random
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("alidade")
parser.add_argument("folder")
parser.add_argument("--images", type=int, default=100000)
parser.add_argument("--phrases", type=int, default=3)
options = parser.parse_args()

samples = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "samples")
pictures = os.path.join(options.folder, "pictures")
originals = os.path.join(options.folder, "originals")
os.makedirs(originals)
for scene in range(24):
    for turn in range(4):
        subprocess.run(["convert", os.path.join(samples, "scene-%02d.png" % scene), "-rotate", str(90 * turn), "-resize",
                        "640x480!", "-quality", "85", os.path.join(originals, "%02d-%d.jpg" % (scene, turn))], check=True)
names = sorted(os.listdir(originals))

things = ("dog", "cat", "carrot", "flower", "truck", "rocket", "sun", "horse", "elephant", "gift", "rabbit", "pig", "sheep",
          "turtle", "house", "phone", "tree", "cow", "frog", "car", "ball", "guitar", "bread", "duck")
rare = ["zebra-%d" % i for i in range(400)]
dice = random.Random(6)
manifest = os.path.join(options.folder, "all.jsonl")
with open(manifest, "w") as out:
    out.write(json.dumps({"alidade-manifest": 1}) + "\n")
    for i in range(options.images):
        folder = "day %03d" % (i // 1000)
        name = "%s/IMG_%06d.jpg" % (folder, i)
        if i % 1000 == 0:
            os.makedirs(os.path.join(pictures, folder))
        if i % 50 != 49:
            os.link(os.path.join(originals, names[dice.randrange(len(names))]), os.path.join(pictures, name))
        words = dice.sample(things, options.phrases)
        if i % 97 == 0:
            words[-1] = dice.choice(rare)
        caption = " and ".join("a " + word for word in words)
        line = {"image": os.path.join(pictures, name), "width": 640, "height": 480, "caption": caption}
        place = 0
        for word in words:
            text = "a " + word
            x, y = dice.randrange(400), dice.randrange(300)
            regions = [{"box": [x, y, x + 160, y + 120], "origin": "detector", "score": round(dice.random(), 3),
                        "model": "boxes"}] if dice.random() < 0.5 else []
            out.write(json.dumps({**line, "text": text, "start": place, "end": place + len(text), "regions": regions}) + "\n")
            place += len(text) + len(" and ")
project = os.path.join(options.folder, "project")
subprocess.run([options.alidade, "new", project], check=True)
sys.exit(subprocess.run([options.alidade, "import", project, manifest, "--format", "manifest"]).returncode)
