# SPDX-License-Identifier: MIT
"""Counts TAP points for tests/run and prints what a reader wants to know.

    report.py NAME=testlog.json ... NAME=stream.tap ...

A .json file is meson's log of a test run (one JSON object a line; tests that meson's own list beside it names
and the log does not are failures), any other file one TAP stream whose last
line may be `# exit STATUS`. The rules: every TAP point counts by itself; a program that crashes, runs out of
time, exits with an error although its points passed, or prints fewer points than its plan (or no plan)
counts as one failure more; a program without TAP is one point. Skipped points say why or count as failed.
Prints failures with the end of their output, skipped points grouped by reason, a line per group, and at
last `N passed, N failed, N skipped`. The exit status is 1 if anything failed or nothing ran at all.
"""

import collections
import json
import os
import re
import sys

POINT = re.compile(r"^(not )?ok\b(?:\s+\d+)?(?:\s*-)?\s*(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?\s*$", re.IGNORECASE)
SKIP = re.compile(r"#\s*skip\S*\s*(.*)$", re.IGNORECASE)
ENDED_BADLY = {"TIMEOUT": "ran out of time", "INTERRUPT": "was interrupted"}


class Group:
    """Totals of one build folder or of the fuzzers."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.seconds = 0.0
        self.failures = []  # (program, what, output)
        self.skips = []  # (program, what, reason)


def count_tap(group, program, text, returncode, trouble):
    """Adds the points of one TAP stream."""
    points, bad, plan = 0, 0, None
    for line in text.splitlines():
        if match := PLAN.match(line):
            plan = int(match[1])
            if plan == 0:
                group.skips.append((program, "all of it", match[2] or ""))
            continue
        if not (match := POINT.match(line)):
            continue
        points += 1
        if skip := SKIP.search(match[2]):
            if skip[1].strip():
                group.skips.append((program, match[2][: skip.start()].strip(), skip[1].strip()))
            else:
                group.failures.append((program, match[2] + ": skipped without a reason", ""))
        elif match[1]:
            bad += 1
            group.failures.append((program, match[2], excerpt(text, line)))
        else:
            group.passed += 1
    if trouble is None and plan is None:
        trouble = "printed no plan"
    elif trouble is None and plan != points:
        trouble = f"planned {plan} points and printed {points}"
    elif trouble is None and returncode and not bad:
        trouble = "exited with status %d although its points passed" % returncode
    if trouble is not None:
        group.failures.append((program, trouble, tail(text)))


def excerpt(text, line):
    """The notes that follow a failed point."""
    lines = text.splitlines()
    start = lines.index(line) + 1
    notes = []
    for note in lines[start : start + 12]:
        if not note.startswith(("#", " ")):
            break
        notes.append(note)
    return "\n".join(notes)


def tail(text, lines=30):
    """The end of an output; where a sanitizer spoke, from its first line on."""
    all_lines = text.rstrip().splitlines()
    spoke = [i for i, line in enumerate(all_lines) if re.search(r"ERROR: \w+Sanitizer|runtime error:", line)]
    return "\n".join(all_lines[spoke[0]: spoke[0] + lines] if spoke else all_lines[-lines:])


def trouble_of(result, returncode):
    """Why a program did not end by itself, or None."""
    if result in ENDED_BADLY:
        return ENDED_BADLY[result]
    if returncode is not None and (returncode < 0 or returncode > 128):
        number = -returncode if returncode < 0 else returncode - 128
        return f"was killed by signal {number}"
    return None


def read_meson(group, path):
    known = os.path.join(os.path.dirname(path), "..", "meson-info", "intro-tests.json")
    protocols = {}
    if os.path.exists(known):
        with open(known, encoding="utf-8") as tests:
            protocols = {test["name"]: test.get("protocol", "tap") for test in json.load(tests)}
    ran = set()
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            name, result, code = test["name"], test["result"], test.get("returncode")
            name = name.split(" / ")[-1]
            ran.add(name)
            out = test.get("stdout") or ""
            everything = out + ("\n" + test["stderr"] if test.get("stderr") else "")
            group.seconds += test.get("duration") or 0.0
            trouble = trouble_of(result, code)
            if PLAN.search(out) or any(PLAN.match(l) or POINT.match(l) for l in out.splitlines()):
                before = len(group.failures)
                count_tap(group, name, out, code, trouble)
                if result not in ("OK", "SKIP") and len(group.failures) == before:
                    group.failures.append((name, f"meson says {result}", tail(everything)))
                elif trouble and test.get("stderr"):
                    program, what, _ = group.failures[-1]
                    group.failures[-1] = (program, what, tail(everything))
            elif result == "OK" and protocols.get(name) == "exitcode":
                group.passed += 1
            elif result == "OK":
                group.failures.append((name, "printed no plan", tail(everything)))
            elif result == "SKIP":
                group.skips.append((name, "all of it", tail(everything, 1) or "it says so (status 77)"))
            else:
                group.failures.append((name, trouble or f"failed before its first point ({result})", tail(everything)))
    for name in sorted(set(protocols) - ran):
        group.failures.append((name, "did not run", ""))


def read_stream(group, path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    match = re.search(r"^# exit (-?\d+)\s*$", text, re.MULTILINE)
    code = int(match[1]) if match else 0
    count_tap(group, group.name, text, code, trouble_of("", code))


def main(arguments):
    groups = []
    for argument in arguments:
        name, _, path = argument.partition("=")
        group = Group(name)
        groups.append(group)
        try:
            (read_meson if path.endswith(".json") else read_stream)(group, path)
        except (OSError, ValueError, KeyError) as error:
            group.failures.append((name, f"its log cannot be read: {error}", ""))

    for group in groups:
        for program, what, output in group.failures:
            print(f"\nFAILED  {group.name}: {program}: {what}")
            for line in output.splitlines():
                print(f"    {line}")
    reasons = collections.OrderedDict()
    for group in groups:
        for program, what, reason in group.skips:
            reasons.setdefault(reason, []).append(f"{group.name}: {program}: {what}")
    for reason, names in reasons.items():
        print(f"\nskipped: {reason}")
        for name in names[:6]:
            print(f"    {name}")
        if len(names) > 6:
            print(f"    and {len(names) - 6} more")

    print()
    for group in groups:
        print(f"{group.name:<12} {group.passed:>6} passed {len(group.failures):>4} failed {len(group.skips):>4} skipped"
              + (f"   {group.seconds:6.1f} s of tests" if group.seconds else ""))
    passed = sum(group.passed for group in groups)
    failed = sum(len(group.failures) for group in groups)
    skipped = sum(len(group.skips) for group in groups)
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
