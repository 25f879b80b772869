"""Jobs of a batch system: whether it took them, and whether they are still there."""

from __future__ import annotations

import getpass
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spe1_builder.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

#: What lists a user's jobs that wait or run, a line each that begins with the job's number.
_LISTS = {
    "slurm": ("squeue", "--noheader", "--format=%i", "--user"),
    "pbs": ("qstat", "-u"),
    "lsf": ("bjobs", "-noheader", "-o", "jobid", "-u"),
    "sge": ("qstat", "-u"),
}
#: How often they are listed while no worker is there; a batch system has other users too.
_ASK_EVERY_S = 15.0
#: How long no job and no worker is there, before it is said. A job that ended with its time is
#: followed by another one sooner: Dask waits 15 s for its worker.
_GONE_S = 45.0
_YAML = "~/.config/dask/jobqueue.yaml"


def import_jobqueue() -> Any:
    """The package ``dask_jobqueue``, without what it does to Ctrl-C.

    Raises
    ------
    ImportError
    ClusterError
        It is imported for the first time, and not in the main thread.
    """
    ours = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue
    except ValueError as error:
        raise ClusterError(
            "dask-jobqueue has to be imported in the main thread.",
            got=str(error),
            do="import dask_jobqueue before the thread starts",
        ) from error
    # 0.9 makes Ctrl-C a silent exit with status 0, as soon as it is imported.
    if ours is not None and signal.getsignal(signal.SIGINT) is not ours:
        signal.signal(signal.SIGINT, ours)
    return dask_jobqueue


class Jobs:
    """What a batch system has said of the jobs that a cluster submitted.

    Dask submits them in a thread of its own, where a refusal would be a traceback on the screen
    and a job that is waited for without end.

    Parameters
    ----------
    system : str
        As `BATCH_SYSTEMS` has it.
    """

    def __init__(self, system: str):
        self._system = system
        self._answered = threading.Condition()
        self._ids: list[str] = []
        self._refusals: list[str] = []
        self._output = Path.cwd()
        self._problem: ClusterError | None = None

    def reported_by(self, job_class: Any) -> Any:
        """A job class of ``dask_jobqueue`` whose jobs tell what became of their submission.

        Raises
        ------
        ClusterError
            The system's programs are not on the PATH.
        """
        for command in (job_class.submit_command, job_class.cancel_command):
            program = shlex.split(command)[0]
            if shutil.which(program) is None:
                raise ClusterError(
                    f"The program {program} of {self._system} is not on the PATH.",
                    do="run it where jobs may be submitted (a login node), or load the module "
                    "that has it",
                )
        jobs = self

        class ReportingJob(job_class):
            async def start(self) -> None:
                from distributed.core import Status

                try:
                    await super().start()
                except (OSError, RuntimeError, ValueError) as error:
                    # It has no number, so that nothing is cancelled for it.
                    self.status = Status.running
                    jobs._hear(None, error)
                else:
                    jobs._hear(self.job_id, None)
                if self.log_directory is not None:
                    jobs._output = Path(self.log_directory).absolute()

            async def _submit_job(self, script_filename: str) -> Any:
                if not getattr(self, "use_stdin", False):
                    return await super()._submit_job(script_filename)
                # As LSF's has it, but what it says of a refusal is kept.
                command = f"{self.submit_command} < {shlex.quote(script_filename)}"
                return await self._call([command], shell=True)

        return ReportingJob

    def _hear(self, job_id: str | None, error: Exception | None) -> None:
        with self._answered:
            if job_id is not None:
                self._ids.append(job_id)
            if error is not None:
                self._refusals.append(_words(error))
            self._answered.notify_all()

    def require_taken(self, n_jobs: int) -> None:
        """Wait for the answer to so many jobs.

        Raises
        ------
        ClusterError
            One was refused.
        """
        with self._answered:
            self._answered.wait_for(lambda: len(self._ids) + len(self._refusals) >= n_jobs)
        if self._refusals:
            raise ClusterError(
                f"{self._system} refused {len(self._refusals)} of {n_jobs} jobs.",
                got=self._refusals[0],
                do="change --workers, --cores, --memory or --walltime; queue, account and other "
                f"options of a job are set in {_YAML}",
            )

    @contextmanager
    def watched(self, cluster: Any, client: Client) -> Iterator[None]:
        """A block that ends where neither a worker nor a job is left that could become one.

        Raises
        ------
        ClusterError
        """
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(cluster, client, ended), daemon=True)
        watch.start()
        try:
            yield
        except Exception:
            if self._problem is not None:
                # What came of the client's end says nothing of its cause.
                raise self._problem from None
            raise
        finally:
            ended.set()
            watch.join(timeout=2)

    def _watch(self, cluster: Any, client: Client, ended: threading.Event) -> None:
        there_at = time.monotonic()
        while not ended.wait(_ASK_EVERY_S):
            if cluster.scheduler.workers or self._may_be_there():
                there_at = time.monotonic()
            elif time.monotonic() - there_at > _GONE_S:
                self._problem = self._nothing_left()
                with suppress(OSError):
                    client.close(timeout=2)  # whoever waits for it goes on, with an error
                return

    def _may_be_there(self) -> bool:
        """Whether a job waits or runs, as far as the system answers."""
        command = [*_LISTS[self._system], getpass.getuser()]
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return True
        # LSF calls it an error that there is none.
        if answer.returncode != 0 and "No unfinished job" not in answer.stderr:
            return True
        listed = set(re.findall(r"^\s*(\d+)", answer.stdout, re.MULTILINE))
        return not listed.isdisjoint(self._ids)

    def _nothing_left(self) -> ClusterError:
        refusal = self._refusals[-1] if self._refusals else None
        return ClusterError(
            f"All jobs of {self._system} have ended, and no worker is there.",
            where=f"jobs {', '.join(self._ids[-10:])}",
            got=_last_words(self._output, self._ids[-1]) or refusal,
            do=f"see what they wrote: files with the job's number in {self._output} (log-directory "
            f"in {_YAML}), or the system's mail. Often a node lacks this Python, or a worker "
            "does not reach this machine",
        )


def _words(error: Exception) -> str:
    """What the system's program said, of an error that quotes all of it."""
    _, _, said = str(error).partition("stderr:\n")
    return said.strip() or f"{type(error).__name__}: {error}"


def _last_words(folder: Path, job_id: str) -> str | None:
    """The last line of what a job wrote, if it is found."""
    # slurm-7.out, dask-worker-7.err, dask-worker.o7, 7.server.OU
    name = re.compile(rf"(.*[^\d])?{job_id}(\.(out|err|[\w.-]*(OU|ER)))?")
    for path in sorted(path for path in folder.glob(f"*{job_id}*") if name.fullmatch(path.name)):
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 4096))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            continue
        said = [line.strip() for line in lines if line.strip()]
        if said:
            return f"{path.name}: {said[-1]}"
    return None
