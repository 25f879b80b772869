"""The views in the Hub's viewer, at the size that they have for all 43 real cells."""

from dataclasses import dataclass

import pyarrow as pa
import pytest
from datasets import Features, load_dataset_builder

from spe1_builder.cells import catalogue
from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.card.card import card_text
from spe1_builder.dataset.rows.batches import FEATURES
from spe1_builder.dataset.views import VIEWS
from spe1_builder.dataset.views.cells import _MOST_PICTURE_BYTES
from tests.support.viewer import (
    FEWEST_ROWS,
    MOST_ROWS,
    ROW_BYTES,
    SCAN_BYTES,
    first_rows,
    row_group_rows,
    scanned_bytes,
)

#: More than any window can have: all spikes of all recordings.
N_SPIKES = sum(cell.n_patch_spikes for cell in catalogue().values())
N_CELLS = len(catalogue())
#: The longest that they get: the last spike of 300 s.
LONGEST = {
    "spike_index": 99_999,
    "time_s": 299.99996666666664,
    "sample": 8_999_999,
    "patch_time_s": 299.99998437123456,
    "isi_s": 12.345678901234567,
    "burst_index": 99,
}


@dataclass(frozen=True)
class Split:
    """A split of a view: the batches of two cells, and its features."""

    batches: list[pa.RecordBatch]
    features: Features

    @property
    def row_bytes(self) -> float:
        return max(batch.nbytes / batch.num_rows for batch in self.batches)


@pytest.fixture(scope="module")
def splits(two_cells, tmp_path_factory) -> dict[tuple[str, str], Split]:
    cache = str(tmp_path_factory.mktemp("cache"))
    found = {}
    for view in VIEWS:
        features = load_dataset_builder(str(two_cells), view.name, cache_dir=cache).info.features
        for split in view.splits:
            batches = []
            for path in sorted(two_cells.glob(f"views/{view.name}/{split}/*.arrow")):
                with pa.memory_map(str(path)) as source:
                    batches += list(pa.ipc.open_stream(source))
            found[view.name, split] = Split(batches, features)
    return found


@pytest.mark.parametrize("split", ["train", "test"])
def test_spikes(splits, split):
    shown = splits["spikes", split]
    # All train, all test: no split has more.
    n_bytes = round(N_SPIKES * shown.row_bytes)
    assert 100_000 < N_SPIKES < 5_000_000_000 / shown.row_bytes  # the Hub converts up to 5 GB
    in_group = row_group_rows(N_SPIKES, n_bytes, shown.features)
    assert in_group * shown.row_bytes < SCAN_BYTES / 2
    assert scanned_bytes(N_SPIKES, n_bytes, shown.features) < SCAN_BYTES / 2
    assert shown.row_bytes < 20_000 < ROW_BYTES
    for batch in shown.batches:
        rows = [{**row, **LONGEST} for row in batch.to_pylist()]
        # The first rows of any cell: none of their cells is cut.
        assert not first_rows(rows[:FEWEST_ROWS], shown.features).is_cut


def test_cells(splits):
    shown = splits["cells", "train"]
    rows = [row for batch in shown.batches for row in batch.to_pylist()]
    several = [rows[i % len(rows)] for i in range(N_CELLS)]
    told = first_rows(several, shown.features)
    assert told.n_rows == N_CELLS and not told.is_cut
    assert max(batch.nbytes for batch in shown.batches) < ROW_BYTES
    # With the largest picture that is taken.
    n_bytes = N_CELLS * (_MOST_PICTURE_BYTES + 10_000)
    assert n_bytes / N_CELLS < ROW_BYTES
    assert scanned_bytes(N_CELLS, n_bytes, shown.features) < SCAN_BYTES


def test_mini_is_for_loading(splits):
    """What the card says: cells that are cut, or an error where there are many cells."""
    shown = splits["mini", "train"]
    row_bytes = 64 * 30_000 * 2
    assert row_bytes > ROW_BYTES
    rows = [row for batch in shown.batches for row in batch.to_pylist()]
    assert first_rows(rows, shown.features).is_cut
    few, all_cells = (10 * n_cells for n_cells in (2, N_CELLS))
    assert scanned_bytes(few, few * row_bytes, shown.features) < SCAN_BYTES
    assert scanned_bytes(all_cells, all_cells * row_bytes, shown.features) > SCAN_BYTES


def test_cells_themselves_are_too_much_and_the_card_says_so():
    n_rows, row_bytes = 80, N_CHANNELS * 90_000 * 4
    features = Features.from_dict(FEATURES)
    assert scanned_bytes(n_rows, n_rows * row_bytes, features) > SCAN_BYTES
    said = " ".join(card_text([]).split())
    assert "shows `cells`, with a picture of every cell, and `spikes`" in said
    for words in (f"{SCAN_BYTES / 1e6:g} MB", f"up to {row_bytes / 1e6:.0f} MB", "3.8 MB a row"):
        assert words in said
    assert "`TooBigContentError`" in said and "subset menu" in said


def test_batches_are_small(splits):
    for split in splits.values():
        assert max(batch.nbytes for batch in split.batches) < 5_000_000


def test_the_rules_cut_what_is_too_long():
    """On rows whose size is known."""
    features = Features.from_dict({"text": {"dtype": "string", "_type": "Value"}})
    assert first_rows([{"text": 1_000 * "x"}] * 300, features).n_rows == MOST_ROWS
    told = first_rows([{"text": 10_000 * "x"}] * 300, features)
    assert told.n_rows == 19 and not told.is_cut
    told = first_rows([{"text": 30_000 * "x"}] * 300, features)
    assert told.n_rows == FEWEST_ROWS and told.is_cut
    assert row_group_rows(1_000, 10**9, features) == 100
    assert scanned_bytes(1_000, 10**10, features) == 10**9
