"""Programs of batch systems that are none: each job is a process of this machine, at once.

Called as ``python programs.py SYSTEM PROGRAM STATE ARGS...`` by what `FakeBatch` puts on a PATH. A
job is a folder of the state: its script, its process, its output. What the programs print, and
where, is what the real ones print, as their manuals and `dask_jobqueue` have it.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

#: How each system says that it took a job.
TAKEN = {
    "slurm": "Submitted batch job {}",
    "pbs": "{}.pbs-server",
    "lsf": "Job <{}> is submitted to queue <normal>.",
    "sge": 'Your job {} ("dask-worker") has been submitted',
}
#: Where a script says what becomes of its output; the job's number is in ``%J``.
_OUTPUT = re.compile(r"^#(?:SBATCH|BSUB) -e (\S+)$", re.MULTILINE)
#: Where it goes else, in the folder that the job was submitted from; LSF sends it by mail.
OUTPUT = {"slurm": "slurm-%J.out", "pbs": "dask-worker.e%J", "sge": "dask-worker.o%J"}
#: ``-W`` of LSF knows no seconds.
_LSF_TIME = re.compile(r"^#BSUB -W \d+(:\d\d)?$", re.MULTILINE)


def submit(system: str, state: Path, args: list[str]) -> int:
    refusal = state / "refusal"
    if refusal.exists():
        sys.stderr.write(refusal.read_text())
        return 1
    # LSF takes the script from its input, the others by its name.
    script = sys.stdin.read() if system == "lsf" else Path(args[-1]).read_text()
    if system == "lsf" and not _LSF_TIME.search(script):
        sys.stderr.write("Bad RUNLIMIT specification. Job not submitted.\n")
        return 255
    number = 4711 + len(list((state / "jobs").iterdir()))
    while True:
        job = state / "jobs" / str(number)
        try:
            job.mkdir()
            break
        except FileExistsError:
            number += 1
    (job / "script").write_text(script)
    if not (state / "held").exists():
        _start(system, job, script)
    sys.stdout.write(TAKEN[system].format(number) + "\n")
    return 0


def _start(system: str, job: Path, script: str) -> None:
    named = _OUTPUT.search(script)
    output = named[1] if named else OUTPUT.get(system, str(job / "mail"))
    with Path(output.replace("%J", job.name)).open("wb") as file:
        process = subprocess.Popen(
            ["bash", str(job / "script")],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    (job / "pid").write_text(str(process.pid))


def is_alive(job: Path) -> bool:
    """Whether it waits or runs; a process that nobody has waited for does not."""
    if (job / "cancelled").exists() and not (job / "pid").exists():
        return False
    try:
        pid = int((job / "pid").read_text())
    except FileNotFoundError:
        return True
    states = subprocess.run(
        ["ps", "-o", "stat=", "-s", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return any(not state.startswith("Z") for state in states)


def cancel(state: Path, args: list[str]) -> int:
    job = state / "jobs" / args[-1]
    if not job.exists():
        sys.stderr.write("Invalid job id specified\n")
        return 1
    (job / "cancelled").touch()
    if (job / "pid").exists():
        try:
            os.killpg(int((job / "pid").read_text()), signal.SIGTERM)
        except ProcessLookupError:
            return 1
    return 0


def show(system: str, state: Path) -> int:
    if (state / "deaf").exists():
        sys.stderr.write("Unable to contact controller\n")
        return 1
    jobs = [job.name for job in sorted((state / "jobs").iterdir()) if is_alive(job)]
    if system in ("pbs", "sge") and jobs:
        sys.stdout.write("job-ID  prior  name\n" + "-" * 30 + "\n")
    if system == "lsf" and not jobs:
        sys.stderr.write("No unfinished job found\n")
    for job in jobs:
        sys.stdout.write(f"{job}.pbs-server dask R\n" if system == "pbs" else f"  {job}\n")
    return 0


def main(system: str, program: str, state: Path, args: list[str]) -> int:
    if program in ("sbatch", "qsub", "bsub"):
        return submit(system, state, args)
    if program in ("scancel", "qdel", "bkill"):
        return cancel(state, args)
    return show(system, state)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]))
