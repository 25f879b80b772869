"""Builds that are killed, one after the other, without a new start of Python for each."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.project import PROJECT

#: Imports once, which starts no thread; for each line, a fork of it builds over and over, until
#: killed.
BUILDER = """
import os, sys
from pathlib import Path
import spe1_builder.signal.bad_channels.detect
import spe1_builder.signal.bandpass.kernels
import spe1_builder.signal.quartiles.kernel
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.dataset.plan.inputs import Sources
from tests.support.recordings import SMALL

raw_dir, root = map(Path, sys.argv[1:3])
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        while True:
            build_cell("c14", Sources(raw_dir), root, SMALL, force=True)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


class Builder:
    """The process that builds, and its killing."""

    def __init__(self, raw_dir: Path, root: Path):
        self._process = subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(raw_dir), str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            text=True,
        )

    def build_and_die(self, after_s: float) -> None:
        self._process.stdin.write("build\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        try:
            time.sleep(after_s)
        finally:
            os.kill(pid, signal.SIGKILL)
        assert self._process.stdout.readline() == "ended\n"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.communicate()
