#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A large project: import rate, size on disk, opening, first pages, and a person's commit beside a running import.
#
#   tests/bench/project.sh ALIDADE [PHRASES [IMAGES]]     (1000000 phrases with a region each, on 100000 images)
set -eu
program=$(realpath "$1")
phrases=${2:-1000000}
images=${3:-100000}
work=$(mktemp -d "${TMPDIR:-/tmp}/alidade-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 - "$phrases" "$images" > source.json <<'PYTHON'
import sys
phrases, images = map(int, sys.argv[1:])
words = "red blue small large old young wooden striped kite dog man woman table tree car house boat bird lamp chair".split()
print('{"images":[', ",\n".join(f'{{"id":{i+1},"file_name":"folder {i//1000}/im {i}.jpg","width":640,"height":480}}' for i in range(images)), '],"annotations":[', sep="\n")
for n in range(phrases):
    text = " ".join(words[(n * k + n // 7) % len(words)] for k in (1, 3, 7)) + f" {n}"
    print(f'{"," if n else ""}{{"id":{n+1},"image_id":{n % images + 1},"category_id":1,"phrase":"{text}","bbox":[{n % 500}.25,{n % 300}.5,{30 + n % 90},{20 + n % 70}],"area":900,"iscrowd":0}}')
print('],"categories":[{"id":1,"name":"thing"}]}')
PYTHON

seconds () { python3 -c 'import subprocess, sys, time
begin = time.monotonic(); subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); print(f"{time.monotonic() - begin:.3f}")' "$@"; }

"$program" new p
taken=$( { /usr/bin/time -f '%e s, %M kB at most' "$program" import p source.json --format coco > /dev/null; } 2>&1 | tail -n 1)
printf 'source            %d MB, %d phrases with a region on %d images\n' $(( $(stat -c %s source.json) >> 20 )) "$phrases" "$images"
printf 'import            %s\n' "$taken"
printf 'size on disk      %d MB\n' $(( $(du -k p | cut -f1) >> 10 ))
printf 'open, one row     %s s\n' "$(seconds "$program" list p images --json --limit 1)"
printf 'first 100 phrases %s s\n' "$(seconds "$program" list p phrases --json --limit 100)"
printf 'first 100 of "red kite" %s s\n' "$(seconds "$program" list p phrases --json --limit 100 --filter 'red kite')"
printf 'first 100 of the rarest %s s\n' "$(seconds "$program" list p phrases --json --limit 100 --filter "$(( phrases - 1 ))")"
printf 'first 100 names with "im 99" %s s\n' "$(seconds "$program" list p images --json --limit 100 --filter 'im 99')"
