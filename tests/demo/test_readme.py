#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The story of README.md, run as it stands against a demo network, and its output compared.

    tests/demo/test_readme.py            run and compare
    tests/demo/test_readme.py --write    run and put the real output into README.md

What differs from run to run (ids, keys, hashes, entry numbers, days) is compared as a kind of thing.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SEMD = pathlib.Path(os.environ.get("SEMD", ROOT / "build/semd")).resolve()
BLOCK = re.compile(r"(?<=```console\n).*?(?=```\n)", re.S)
READY_S, END = 240, "--- end of command ---"


def commands(text):
    """The `$ ` lines of every console block, in order, each with the output printed below it."""
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def kinds_of_things(text):
    """What cannot be the same twice, named."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "<key>", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "<id>", text)
    text = re.sub(r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|"
                  r"November|December) \d{4}(?:, \d\d:\d\d UTC)?", "<day>", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d\b", "<day>", text)
    text = re.sub(r"\b\d+ entries\b", "<n> entries", text)
    return re.sub(r"\b(entry|entries|size|index)( +)\d+", r"\1 <n>", text)


class Demo:
    """`deploy/run` in a folder of its own, as `make run` calls it."""

    def __init__(self, folder):
        self.log = open(folder / "run.log", "w+b")
        environment = dict(os.environ, DEMO=str(folder / "demo"), PORT="0", BUILD=str(SEMD.parent))
        self.process = subprocess.Popen([ROOT / "deploy/run"], cwd=ROOT, env=environment,
                                        stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        self.url = self.wait()

    def said(self):
        return pathlib.Path(self.log.name).read_text(encoding="utf-8")

    def wait(self):
        end = time.monotonic() + READY_S
        while time.monotonic() < end and self.process.poll() is None:
            if "ready after" in self.said():
                return re.search(r"http://127\.0\.0\.1:\d+", self.said()).group(0)
            time.sleep(0.2)
        self.stop()
        raise AssertionError("make run did not get ready:\n" + self.said())

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.log.close()


def run_story(text, folder):
    """Runs the commands in one shell and gives [(command, output)]."""
    demo = Demo(folder)
    try:
        here = {"build/semctl": str(SEMD.parent / "semctl"), "var/demo": str(folder / "demo")}
        script, wanted = "exec 2>&1\n", [command for command, _ in commands(text)]
        for command in wanted:
            for name, place in here.items():
                command = command.replace(name, place)
            script += f"{command}\necho '{END}'\n"
        done = subprocess.run(["bash", "-s"], input=script, cwd=folder, timeout=READY_S,
                              capture_output=True, encoding="utf-8",
                              env=dict(os.environ, SEM_URL=demo.url, LC_ALL="C.UTF-8"))
    finally:
        demo.stop()
    outputs = done.stdout.split(END + "\n")[:-1]
    assert len(outputs) == len(wanted), done.stdout
    for name, place in here.items():
        outputs = [output.replace(place, name) for output in outputs]
    return list(zip(wanted, outputs))


class Readme(unittest.TestCase):
    def test_the_story_is_what_happens(self):
        text = README.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            found = run_story(text, pathlib.Path(folder))
        expected = list(commands(text))
        self.assertGreater(len(expected), 15)
        for (command, printed), (_, output) in zip(expected, found):
            with self.subTest(command=command):
                self.assertEqual(kinds_of_things(printed), kinds_of_things(output))


def write():
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        found = iter(run_story(text, pathlib.Path(folder)))

    def fill(block):
        count = len(re.findall(r"^\$ ", block.group(0), flags=re.M))
        return "".join(f"$ {command}\n{output}" for command, output in
                       (next(found) for _ in range(count)))

    README.write_text(BLOCK.sub(fill, text), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main()
