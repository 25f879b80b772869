"""The sorters that are known here: what each needs, what it is given, and what cannot run.

Sources: [SS] SpikeSift 0.1.1, its README and ``core.py``; [SI] SpikeInterface 0.105.3,
``sorters/internal`` and ``sorters/external``; [M] measured for this project on two processors:
96 channels, 60 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spe1_builder.errors import OptionError

#: Which library runs it.
Engine = Literal["spikesift", "spikeinterface"]


@dataclass(frozen=True)
class KnownSorter:
    """A sorter, and what is known of it.

    Attributes
    ----------
    name : str
        As it is asked for; SpikeInterface's name where that runs it.
    engine : {"spikesift", "spikeinterface"}
    package : str
        The one whose version is recorded.
    needs : tuple of str
        Modules that it imports beyond that package.
    install : str
        The line that installs all of them.
    filters_itself : bool
        Whether it takes raw counts and preprocesses them; it may be told not to.
    needs_gpu : bool
    is_repeatable : bool
        Whether two runs give the same spikes.
    cost : str
        Processor-seconds and memory, with their conditions.
    fails : str, optional
        Why it cannot run at all.
    source : str
        Of these facts.
    clusterer_needs : tuple of str
        Modules of the clusterer that it takes if none is named.
    """

    name: str
    engine: Engine
    package: str
    needs: tuple[str, ...]
    install: str
    filters_itself: bool
    needs_gpu: bool
    is_repeatable: bool
    cost: str
    source: str
    fails: str | None = None
    clusterer_needs: tuple[str, ...] = ()

    def modules(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """What it imports with these parameters."""
        return self.needs if "clusterer" in params else (*self.needs, *self.clusterer_needs)


def _spikeinterface(
    name: str,
    needs: tuple[str, ...],
    install: str,
    cost: str,
    *,
    package: str = "spikeinterface",
    clusterer_needs: tuple[str, ...] = (),
) -> KnownSorter:
    return KnownSorter(
        name=name,
        engine="spikeinterface",
        package=package,
        needs=needs,
        install=f"pip install {install}",
        filters_itself=True,
        needs_gpu=False,
        is_repeatable=False,
        cost=f"96 channels, 60 s: {cost} processor-seconds",
        source="[SI], [M]",
        clusterer_needs=clusterer_needs,
    )


def _gpu(name: str, needs: tuple[str, ...], install: str) -> KnownSorter:
    return KnownSorter(
        name=name,
        engine="spikeinterface",
        package=name,
        needs=needs,
        install=f"pip install {install}",
        filters_itself=True,
        needs_gpu=True,
        is_repeatable=False,
        cost="did not end on two processors; it is made for a GPU",
        source="[SI], [M]",
    )


_ALL = (
    KnownSorter(
        name="spikesift",
        engine="spikesift",
        package="spikesift",
        needs=("scipy", "tqdm"),
        install="pip install 'spe1[spikesift]'  (an sdist: it needs a C compiler)",
        filters_itself=True,
        needs_gpu=False,
        is_repeatable=True,
        cost="384 channels, 60 s: 15 to 18 processor-seconds, 0.3 GB in pieces of 3 s",
        source="[SS], [M]",
    ),
    _spikeinterface(
        "simple", ("sklearn",), "scikit-learn hdbscan", "50", clusterer_needs=("hdbscan",)
    ),
    _spikeinterface(
        "spykingcircus2", ("sklearn", "numba", "hdbscan"), "scikit-learn numba hdbscan", "135"
    ),
    _spikeinterface(
        "tridesclous2", ("sklearn", "numba", "hdbscan"), "scikit-learn numba hdbscan", "230"
    ),
    _spikeinterface("lupin", ("sklearn", "numba", "torch"), "scikit-learn numba torch", "230"),
    _spikeinterface(
        "mountainsort5",
        ("sklearn", "isosplit6"),
        "mountainsort5",
        "290",
        package="mountainsort5",
    ),
    _gpu("kilosort4", ("kilosort", "torch"), "kilosort"),
    _gpu("dartsort", ("dartsort", "torch"), "dartsort"),
    KnownSorter(
        name="herdingspikes",
        engine="spikeinterface",
        package="herdingspikes",
        needs=("herdingspikes",),
        install="pip install herdingspikes",
        filters_itself=True,
        needs_gpu=False,
        is_repeatable=False,
        cost="not known",
        source="[M]",
        fails="it fails on SpikeInterface 0.105; run it elsewhere, and score what it writes",
    ),
)

#: By name, in the order of the table.
KNOWN_SORTERS: dict[str, KnownSorter] = {sorter.name: sorter for sorter in _ALL}


def known_sorter(name: str) -> KnownSorter:
    """A sorter by name.

    Raises
    ------
    OptionError
        There is none of that name, or it cannot run.
    """
    sorter = KNOWN_SORTERS.get(name)
    if sorter is None:
        raise OptionError(
            "No such sorter is known here.",
            where="sorter",
            expected=", ".join(KNOWN_SORTERS),
            got=f"{name!r:.200}",
            do="name one of them; the output of any other is read by read_sorting",
        )
    if sorter.fails is not None:
        raise OptionError(
            f"{name} cannot be run.", where="sorter", got=sorter.fails, do="see there"
        )
    return sorter
