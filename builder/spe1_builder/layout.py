"""Where every file lies, in the raw archive and in the dataset root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Ends of the raw file names of a cell; the release puts ``cXX_`` before them.
RAW_SUFFIXES = {
    "npx_raw": "npx_raw.bin",
    "npx_sync": "npx_sync.bin",
    "patch": "patch_ch1.bin",
    "patch_sync": "patch_sync.bin",
    "spikes": "wc_spike_samples.npy",
    "extracellular_spikes": "extracellular_spikes.npy",
    "meta": "expt_meta.csv",
}
CHAN_MAP_NAME = "chanMap.mat"
SUMMARY_NAME = "Data Summary.xlsx"
SUMMARY_CSV_NAME = "Data Summary.csv"

SPLITS = ("train", "test")
METADATA_NAME = "conversion_metadata.json"
STATS_NAME = "dataset_stats.json"
TEMPLATES_NAME = "templates.npz"
PATCH_NAME = "patch.npz"
QUICKLOOK_NAME = "patch_quicklook.png"
DATASET_DICT_NAME = "dataset_dict.json"
DATASET_INFO_NAME = "dataset_info.json"
STATE_NAME = "state.json"
#: What makes the shards of a cell load with ``load_from_disk``.
LOADER_FILES = (
    DATASET_DICT_NAME,
    *(f"{split}/{name}" for split in SPLITS for name in (STATE_NAME, DATASET_INFO_NAME)),
)
CARD_NAME = "README.md"
#: In the form of ``sha256sum``, which checks it too.
INDEX_NAME = "checksums.sha256"
#: Small tables beside the cells, made from them.
VIEWS_NAME = "views"
#: The localization benchmark's result, once it has run.
BENCHMARK_NAME = "localization_benchmark.json"
#: The sorting benchmark's, likewise.
SORTING_BENCHMARK_NAME = "sorting_benchmark.json"
#: Stands in every card that we write; a README.md without it is somebody else's.
CARD_MARKER = "<!-- made by spe1, again at every build: changes here are lost -->"
#: Ends what is made again; what stands below it is the author's, and stays.
CARD_END_MARKER = "<!-- end of what spe1 made: what you write below stays -->"
#: What the card says, for programs: https://docs.mlcommons.org/croissant.
CROISSANT_NAME = "croissant.json"
#: ``datasets`` writes ``cache-*.arrow`` beside the shards; only these are data.
SHARD_GLOB = "data-*.arrow"


@dataclass(frozen=True)
class RawLayout:
    """The folder that holds the archive: ``Recordings/cXX/`` and the shared files."""

    raw_dir: Path

    @property
    def chan_map(self) -> Path:
        return self.raw_dir / CHAN_MAP_NAME

    @property
    def summary(self) -> Path:
        return self.raw_dir / SUMMARY_NAME

    @property
    def truth(self) -> Path:
        """What a simulated archive knows of itself; the real one has no such folder."""
        return self.raw_dir / "truth"

    @property
    def recordings(self) -> Path:
        return self.raw_dir / "Recordings"

    def cell_dir(self, cell_id: str) -> Path:
        return self.recordings / cell_id

    def cell_file(self, cell_id: str, kind: str) -> Path:
        """The release's name of one file of a cell; ``kind`` is a key of `RAW_SUFFIXES`."""
        return self.cell_dir(cell_id) / f"{cell_id}_{RAW_SUFFIXES[kind]}"


@dataclass(frozen=True)
class RootLayout:
    """The dataset root: one folder per built cell, the card and the shared files."""

    root: Path

    @property
    def card(self) -> Path:
        return self.root / CARD_NAME

    @property
    def croissant(self) -> Path:
        return self.root / CROISSANT_NAME

    @property
    def benchmark(self) -> Path:
        return self.root / BENCHMARK_NAME

    @property
    def private(self) -> Path:
        """Locks, and cells that come or go; hidden so that no loader and no glob meets it."""
        return self.root / ".spe1"

    def cell(self, cell_id: str) -> Path:
        return self.root / cell_id

    @property
    def index(self) -> Path:
        """Hashes of everything in the root that no cell's metadata lists."""
        return self.root / INDEX_NAME

    @property
    def views(self) -> Path:
        return self.root / VIEWS_NAME

    def view_shard(self, view: str, split: str, cell_id: str, mark: str) -> Path:
        """The one file of a cell in a view's split; ``mark`` tells what it was made from."""
        return self.views / view / split / shard_name(0, 1, f"{cell_id}-{mark}")

    def view_shards(self) -> list[Path]:
        """Every file that lies where those of views do, whatever made it."""
        return sorted(path for path in self.views.glob(f"*/*/{SHARD_GLOB}") if path.is_file())

    def staging(self, cell_id: str) -> Path:
        """Where a cell grows until one rename makes it real; no loader and no glob looks there."""
        return self.private / "staging" / cell_id

    def all_retired(self, cell_id: str) -> list[Path]:
        """Old cells that wait for their deletion, the latest first."""
        found = {
            int(path.name): path
            for path in (self.private / "retired" / cell_id).glob("*")
            if path.name.isdecimal()
        }
        return [found[number] for number in sorted(found, reverse=True)]

    def free_retired(self, cell_id: str) -> Path:
        """A free name for an old cell that is being replaced."""
        taken = self.all_retired(cell_id)
        number = int(taken[0].name) + 1 if taken else 0
        return self.private / "retired" / cell_id / str(number)

    @property
    def runs(self) -> Path:
        """What ran on clusters, a file a run."""
        return self.private / "runs"

    def lock(self, name: str) -> Path:
        return self.private / f"{name}.lock"

    def built_cells(self) -> list[str]:
        """Ids of the cells that are present, in the catalogue's order."""
        from spe1_builder.cells import catalogue

        return [
            cell_id for cell_id in catalogue() if (self.cell(cell_id) / METADATA_NAME).is_file()
        ]


def shard_name(index: int, n_shards: int, mark: str | None = None) -> str:
    """File name of a shard, as ``Dataset.save_to_disk`` names them, with its cell's mark.

    Parameters
    ----------
    index, n_shards : int
    mark : str, optional
        `shard_mark` of the cell's fingerprint; left out while that is not known.
    """
    of_cell = "" if mark is None else f"{mark}-"
    return f"data-{of_cell}{index:05d}-of-{n_shards:05d}.arrow"


def shard_mark(fingerprint: str) -> str:
    """What of a fingerprint stands in the names of a cell's shards.

    Files of two builds so never have one name: whoever has looked up the names of one, and
    opens them after it was replaced, finds none, instead of the rows of the other.
    """
    return fingerprint[:16]
