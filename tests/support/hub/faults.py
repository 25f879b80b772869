"""Troubles on demand, one stage of the Hub's work at a time."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: What a fault may be of; a stage is one kind of request, as in `routes.RULES`.
STAGES = frozenset(
    (
        *("create", "delete", "whoami", "validate", "info", "refs", "tree", "paths", "commits"),
        *(
            "preupload",
            "batch",
            "put",
            "verify",
            "commit",
            "tag",
            "resolve",
            "xet_token",
            "settings",
        ),
    )
)


@dataclass
class Fault:
    """What goes wrong with a request; `Faults.add` has the words."""

    stage: str
    status: int | Literal["drop", "lost"] | None
    slow_s: float
    times: int
    after: int
    headers: Mapping[str, str]
    message: str
    call: Callable[[], object] | None
    n_seen: int = 0
    n_done: int = 0

    def _takes(self) -> bool:
        self.n_seen += 1
        if self.n_seen <= self.after or self.n_done >= self.times:
            return False
        self.n_done += 1
        return True


@dataclass
class Faults:
    """Faults to come; several threads may ask."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        stage: str,
        status: int | Literal["drop", "lost"] | None = None,
        *,
        slow_s: float = 0.0,
        times: int = 1,
        after: int = 0,
        headers: Mapping[str, str] | None = None,
        message: str = "A fault of the test",
        call: Callable[[], object] | None = None,
    ) -> Fault:
        """Let the next requests of a stage go wrong.

        Parameters
        ----------
        stage : str
            One of `STAGES`.
        status : int, "drop", "lost" or None
            The answer, without effect; "drop" takes the request and closes the connection, without
            effect; "lost" does what is asked and closes the connection, without an answer. None
            is no trouble but what ``slow_s`` and ``call`` are.
        slow_s : float
            Waits that long first; less if the Hub is closed meanwhile.
        times : int
            For so many requests.
        after : int
            So many requests of the stage go well first.
        headers : mapping, optional
            Of the answer, with ``status`` a number: ``{"Retry-After": "3"}``.
        message : str
            What the answer says.
        call : callable, optional
            Called first: what someone else does meanwhile.

        Returns
        -------
        Fault
            Its ``n_done`` says how often it came.
        """
        if stage not in STAGES:
            raise ValueError(f"no stage {stage!r}; there are {sorted(STAGES)}")
        fault = Fault(stage, status, slow_s, times, after, dict(headers or {}), message, call)
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, stage: str) -> Fault | None:
        """The fault for a request that comes in now, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.stage == stage and fault._takes():
                    return fault
        return None

    def clear(self) -> None:
        """No fault any more."""
        with self._lock:
            self._faults.clear()
