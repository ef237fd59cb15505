# SPDX-License-Identifier: MIT
"""The counter itself: report.py must not let a crash, a missing plan or an unexplained skip pass.

    test_report.py SOURCE_ROOT
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import tap

report = pathlib.Path(sys.argv[1], "tests", "report.py")
GOOD = "ok 1 - /a\nok 2 - /b\n1..2\n"


def meson(out, result="OK", code=0, err=""):
    return json.dumps({"name": "t", "stdout": out, "stderr": err, "result": result, "returncode": code, "duration": 0.1}) + "\n"


# name, content of the log, (passed, failed, skipped); a name that ends in .tap is a bare stream
CASES = [
    ("two points", meson(GOOD), (2, 0, 0)),
    ("a failed point", meson("ok 1 - /a\nnot ok 2 - /b\n# got 1\n1..2\n", "FAIL", 1), (1, 1, 0)),
    ("a skipped point", meson("ok 1 - /a\nok 2 - /b # SKIP no card\n1..2\n"), (1, 0, 1)),
    ("a skip without a reason", meson("ok 1 - /a\nok 2 - /b # SKIP\n1..2\n"), (1, 1, 0)),
    ("a program skipped whole", meson("1..0 # SKIP no display\n", "SKIP", 0) + meson(GOOD), (2, 0, 1)),
    ("a crash after two points", meson("ok 1 - /a\nok 2 - /b\n", "FAIL", -11), (2, 1, 0)),
    ("a crash before the first point", meson("", "FAIL", -6, "abort\n"), (0, 1, 0)),
    ("no time left", meson("ok 1 - /a\n", "TIMEOUT", -15), (1, 1, 0)),
    ("no plan", meson("ok 1 - /a\n"), (1, 1, 0)),
    ("fewer points than planned", meson("1..3\nok 1 - /a\nok 2 - /b\n", "ERROR", 0), (2, 1, 0)),
    ("an error after its points", meson(GOOD, "FAIL", 23), (2, 1, 0)),
    ("silence", meson(""), (0, 1, 0)),
    ("what only meson noticed", meson(GOOD, "ERROR", 0), (2, 1, 0)),
    ("several programs", meson(GOOD) + meson(GOOD), (4, 0, 0)),
    ("a stream.tap", GOOD + "# exit 0\n", (2, 0, 0)),
    ("a stream that ended badly.tap", GOOD + "# exit 77\n", (2, 1, 0)),
    ("a broken log", "{", (0, 1, 0)),
]

with tempfile.TemporaryDirectory() as folder:
    for name, content, wanted in CASES:
        log = pathlib.Path(folder, "log.tap" if name.endswith(".tap") else "log.json")
        log.write_text(content)
        run = subprocess.run([sys.executable, str(report), f"x={log}"], capture_output=True, text=True)
        last = run.stdout.splitlines()[-1] if run.stdout else run.stderr
        right = last == "%d passed, %d failed, %d skipped" % wanted and (run.returncode == 0) == (wanted[1] == 0)
        tap.ok(right, f"/report/{name}", f"{last!r}, status {run.returncode}\n{run.stderr}")
    logs, info = pathlib.Path(folder, "build", "meson-logs"), pathlib.Path(folder, "build", "meson-info")
    logs.mkdir(parents=True)
    info.mkdir()
    (logs / "testlog.json").write_text(meson(GOOD))
    (info / "intro-tests.json").write_text(json.dumps([{"name": "t", "protocol": "tap"}, {"name": "u", "protocol": "tap"}]))
    run = subprocess.run([sys.executable, str(report), f"x={logs}/testlog.json"], capture_output=True, text=True)
    tap.ok(run.returncode == 1 and "u: did not run" in run.stdout, "/report/a test that meson never came to", run.stdout)
    (logs / "testlog.json").write_text(meson("valid\n"))
    (info / "intro-tests.json").write_text(json.dumps([{"name": "t", "protocol": "exitcode"}]))
    run = subprocess.run([sys.executable, str(report), f"x={logs}/testlog.json"], capture_output=True, text=True)
    tap.ok(run.returncode == 0 and run.stdout.endswith("1 passed, 0 failed, 0 skipped\n"), "/report/a test without points", run.stdout)
    run = subprocess.run([sys.executable, str(report), f"x={folder}/none.json"], capture_output=True, text=True)
    tap.ok(run.returncode == 1, "/report/a log that is not there", run.stdout)
    run = subprocess.run([sys.executable, str(report)], capture_output=True, text=True)
    tap.ok(run.returncode == 1, "/report/nothing at all", run.stdout)
sys.exit(tap.done())
