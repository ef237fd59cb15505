# SPDX-License-Identifier: MIT
"""The few lines a Python test needs to speak TAP; the same conventions as tests/unit/tap.h."""

count = 0
failures = 0


def ok(passed, name, note=""):
    """One point. `note` is printed beneath a failed one."""
    global count, failures
    count += 1
    print(f"{'ok' if passed else 'not ok'} {count} - {name}", flush=True)
    if not passed:
        failures += 1
        for line in str(note).splitlines():
            print(f"# {line}", flush=True)
    return passed


def skip(name, reason):
    """A point that cannot be tried here says why."""
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {reason}", flush=True)


def done():
    """The plan, and the exit status to end with."""
    print(f"1..{count}", flush=True)
    return 1 if failures else 0
