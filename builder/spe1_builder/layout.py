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
#: The localization benchmark's result, once it has run.
BENCHMARK_NAME = "localization_benchmark.json"
#: Stands in every card that we write; a README.md without it is somebody else's.
CARD_MARKER = "<!-- made by spe1, again at every build: changes here are lost -->"
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
    def benchmark(self) -> Path:
        return self.root / BENCHMARK_NAME

    @property
    def private(self) -> Path:
        """Locks, no data; hidden so that no loader and no glob meets it."""
        return self.root / ".spe1"

    def cell(self, cell_id: str) -> Path:
        return self.root / cell_id

    def incomplete(self, cell_id: str) -> Path:
        """Where a cell grows until one rename makes it real."""
        return self.root / f"{cell_id}.incomplete"

    def all_replaced(self, cell_id: str) -> list[Path]:
        """Old cells that wait for their deletion, the latest first."""
        found = self.root.glob(f"{cell_id}.[0-9]*.replaced")
        return sorted(found, key=lambda path: int(path.name.split(".")[1]), reverse=True)

    def free_replaced(self, cell_id: str) -> Path:
        """A free name for an old cell that is being replaced."""
        taken = self.all_replaced(cell_id)
        number = int(taken[0].name.split(".")[1]) + 1 if taken else 0
        return self.root / f"{cell_id}.{number}.replaced"

    def lock(self, name: str) -> Path:
        return self.private / f"{name}.lock"

    def built_cells(self) -> list[str]:
        """Ids of the cells that are present, in the catalogue's order."""
        from spe1_builder.cells import catalogue

        return [
            cell_id for cell_id in catalogue() if (self.cell(cell_id) / METADATA_NAME).is_file()
        ]


def shard_name(index: int, n_shards: int) -> str:
    """File name of a shard, as ``Dataset.save_to_disk`` names them."""
    return f"data-{index:05d}-of-{n_shards:05d}.arrow"
