"""A download that is stopped right before one of its calls of the file system, in a fork.

``python -m tests.support.download_steps URL FOLDER HOW KEEP WHERE ...``: for every WHERE,
the number of a call or the name of a stage, a fork runs until it is stopped there, and
another one runs the same command again. Forks, because a kill must leave no time for
anything, and a start of Python takes longer than a download.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from pathlib import Path

from spe1_builder.patience import Patience
from spe1_builder.progress import Silent
from spe1_builder.source.archive.transfer.download import Download
from spe1_builder.source.archive.transfer.origin import OriginOptions, open_origin
from tests.support.project import PROJECT
from tests.support.release import tiny_cell, tiny_release

#: As Python's audit names them: whatever changes a folder, or opens a file in it.
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")
#: Calls by the stage that they begin: event, end of the path, end of the new path.
STAGES = {
    "identity": ("open", ".part.json.incomplete", ""),
    "first byte": ("open", "c14.tar.gz.part", ""),
    "unpack": ("os.mkdir", ".c14.extracting", ""),
    "first file": ("open", "c14_npx_raw.bin", ""),
    "cell's name": ("os.rename", "", "Recordings/c14"),
    "staging goes": ("shutil.rmtree", ".c14.extracting", ""),
    "archive's name": ("os.rename", "c14.tar.gz.part", "c14.tar.gz"),
    "identity goes": ("os.remove", "c14.tar.gz.part.json", ""),
}
#: What a run ends with that met no stop: it has fewer steps.
UNMET = 17


def download(url: str, raw_dir: Path, *, keep: bool, cells: tuple[str, ...] = ("c14",)) -> None:
    options = OriginOptions(None, url, Patience(attempts=3, sleep=lambda _: None))
    with open_origin(options) as origin:
        run = Download(raw_dir, origin, keep_archive=keep)
        run.shared_files(Silent())
        for cell_id in cells:
            run.cell(cell_id, Silent())


def stop_at(where: str, folder: Path, how: str) -> None:
    """Be killed, or get Ctrl-C, right before a call that concerns the folder."""
    n_calls = 0
    is_done = False

    def is_meant(event: str, args: tuple) -> bool:
        if where.isdecimal():
            return n_calls == int(where)
        wanted, end, new_end = STAGES[where]
        new = str(args[1]) if event == "os.rename" else ""
        return event == wanted and str(args[0]).endswith(end) and new.endswith(new_end)

    def hear(event: str, args: tuple) -> None:
        nonlocal n_calls, is_done
        if is_done or event not in EVENTS or not str(args[0]).startswith(f"{folder}/"):
            return
        n_calls += 1
        if is_meant(event, args):
            is_done = True
            if how == "interrupt":
                raise KeyboardInterrupt
            os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGTERM)

    sys.addaudithook(hear)


def forked(work) -> int:
    """Run it in a fork; its exit status, negative after a signal."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = UNMET
        except KeyboardInterrupt:
            status = 130
        except Exception:  # noqa: BLE001 - the fork ends here, whatever befalls it
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(url: str, folder: str, how: str, keep: str, *places: str) -> None:
    top, keeps = Path(folder), keep == "keep"
    shared = top / "shared"
    # Here and not in a fork: what it imports, every fork has.
    download(url, shared, keep=False)
    shutil.rmtree(shared / "Recordings/c14")
    for where in places:
        raw_dir = top / f"{how} {where}"
        shutil.copytree(shared, raw_dir)

        def stopped(raw_dir: Path = raw_dir, where: str = where) -> None:
            stop_at(where, raw_dir, how)
            download(url, raw_dir, keep=keeps)

        first = forked(stopped)
        again = forked(lambda raw_dir=raw_dir: download(url, raw_dir, keep=keeps))
        report = {"folder": raw_dir.name, "first": first, "again": again}
        sys.stdout.write(json.dumps(report) + "\n")
        if first == UNMET and where.isdecimal():
            return


def run_stops(url: str, folder: Path, how: str, keep: str, places: list[str]) -> list[dict]:
    """What the runs reported that were stopped at these places."""
    arguments = ["-m", "tests.support.download_steps", url, str(folder), how, keep, *places]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT}/builder"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_stops(top: Path, reports: list[dict], *, keeps: bool) -> None:
    """After the second run the cell is whole, the archive kept if it was to be, and no more."""
    shared = {"chanMap.mat", "Data Summary.xlsx", ".spe1", "Recordings"}
    release = tiny_release("c14")["data/c14.tar.gz"]
    wanted = shared | ({"c14.tar.gz"} if keeps else set())
    for report in reports:
        raw_dir = top / report["folder"]
        assert report["again"] == UNMET, report
        assert {path.name for path in raw_dir.iterdir()} == wanted, report
        assert [path.name for path in (raw_dir / "Recordings").iterdir()] == ["c14"], report
        cell = raw_dir / "Recordings/c14"
        assert {path.name: path.read_bytes() for path in cell.iterdir()} == tiny_cell("c14")
        assert not keeps or (raw_dir / "c14.tar.gz").read_bytes() == release, report


if __name__ == "__main__":
    main(*sys.argv[1:])
