"""`datasets`' own methods on as many rows as a 300-s cell has, of full length."""

import pickle
import shutil

import numpy as np
import pyarrow as pa
import pytest

from spe1_builder.reading.segment_dataset import SegmentDataset, as_segments
from tests.support.long_rows import N_ROWS, N_SAMPLES, write_long_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long") / "train"
    write_long_rows(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def plain(folder, tmp_path):
    """As `load_from_disk` gives it; what is written beside it is removed."""
    from datasets import load_from_disk

    links = tmp_path / "train"
    links.mkdir()
    for path in folder.iterdir():
        (links / path.name).symlink_to(path)
    yield load_from_disk(str(links))
    shutil.rmtree(tmp_path)


@pytest.fixture
def long(plain):
    return as_segments(plain)


def first_samples(dataset) -> list[int]:
    return [int(i) for i in dataset.select_columns("sample_id")["sample_id"]]


def number(row) -> dict:
    return {"number": int(row["sample_id"]) // N_SAMPLES}


def is_even(sample_id) -> bool:
    return int(sample_id) // N_SAMPLES % 2 == 0


def test_what_it_is_for(plain):
    """Without it they fail: the default of 1,000 rows. A test that can fail."""
    for call in (plain.select(range(N_ROWS)[::-1]).flatten_indices, lambda: plain.map(number)):
        with pytest.raises(pa.ArrowInvalid, match="offset overflow"):
            call()


def test_map(long):
    mapped = long.map(number)
    assert isinstance(mapped, SegmentDataset)
    assert mapped["number"][:] == list(range(N_ROWS))
    assert mapped.features["cp"] == long.features["cp"]
    assert mapped.data.column("cp").chunk(0).type == pa.list_(pa.list_(pa.bool_()))
    again = mapped.remove_columns("number").map(number)  # the result is as long
    assert again["number"][:] == list(range(N_ROWS))


def test_map_in_two_processes_and_batched(long):
    assert long.map(number, num_proc=2)["number"][:] == list(range(N_ROWS))

    def count(batch):
        return {"n_in_batch": [len(batch["sample_id"])] * len(batch["sample_id"])}

    as_tables = long.with_format("arrow").map(_count_table, batched=True)
    assert set(as_tables["n_in_batch"][:].to_pylist()) == {2}
    assert set(long.map(count, batched=True)["n_in_batch"][:]) == {2}
    # A number that is given is taken as it is, the library's own too.
    ids = long.select_columns("sample_id")
    for size, expected in ((40, 40), (1_000, N_ROWS), (None, N_ROWS)):
        counted = ids.map(count, batched=True, batch_size=size)
        assert set(counted["n_in_batch"][:]) == {expected}
    assert len(ids.batch(1_000)) == 1


def _count_table(table):
    return table.append_column("n_in_batch", pa.array([len(table)] * len(table)))


def test_flatten_indices_keeps_the_times(long):
    for view in (long.shuffle(seed=1), long.with_format("numpy").select(range(N_ROWS)[::-1])):
        flat = view.flatten_indices()
        assert first_samples(flat) == first_samples(view)
        assert flat._indices is None and flat.format == view.format
        row = flat.with_format(None).select_columns("ctt")[3]["ctt"]
        assert row[0] == [1 / 3 + first_samples(view)[3] // N_SAMPLES]


# pyarrow's, on how `datasets` sorts.
@pytest.mark.filterwarnings("ignore:Specifying null_placement:FutureWarning")
def test_views_stay_what_they_are(long):
    for _ in range(2):  # the second time from the cache
        split = long.train_test_split(0.2, seed=0)
        views = [
            long.filter(is_even, input_columns="sample_id"),
            long.shuffle(seed=3),
            long.sort("sample_id", reverse=True),
            long.select([3, 70]),
            long.shard(4, 1),
            long.skip(10),
            long.take(70),
            long.repeat(2),
            long.with_format("numpy"),
            long.remove_columns("cit"),
            long.add_column("label", list(range(N_ROWS))),
            long.shuffle(seed=3).add_column("label", list(range(N_ROWS))),
            *split.values(),
        ]
        assert {type(view) for view in views} == {SegmentDataset}
    assert first_samples(views[0]) == list(range(0, N_ROWS * N_SAMPLES, 2 * N_SAMPLES))
    assert len(split["train"].map(number)) == 64  # still too many for 32 bits at once
    assert isinstance(pickle.loads(pickle.dumps(views[0])), SegmentDataset)
    assert len(pickle.dumps(long)) < 10_000


def test_all_splits_at_once(long):
    from datasets import DatasetDict

    both = DatasetDict({"train": long, "test": long.select(range(3))})
    evens = both.filter(is_even, input_columns="sample_id")
    assert [len(split) for split in evens.values()] == [40, 2]
    mapped = both.map(number)  # passes the library's defaults on
    assert mapped["train"]["number"][:] == list(range(N_ROWS))
    assert isinstance(mapped["test"], SegmentDataset)
    # What a function is given is not changed behind its back, so this is told instead.
    with pytest.raises(pa.ArrowInvalid, match="offset overflow"):
        both.map(lambda rows: {"n": rows["sample_id"]}, batched=True)


def test_cast_and_save(long, tmp_path):
    from datasets import Features, Value, load_from_disk

    features = Features({**long.features, "sample_id": Value("large_string")})
    assert first_samples(long.cast(features)) == first_samples(long)
    long.select(range(70)).save_to_disk(tmp_path / "saved", num_shards=2)
    assert first_samples(load_from_disk(str(tmp_path / "saved"))) == first_samples(long)[:70]


def test_joined_datasets_are_plain_ones(long, plain):
    """They fail as ever; `as_segments` (map_segments does it) or two rows at a time mend it."""
    from datasets import concatenate_datasets

    joined = concatenate_datasets([long, long.select(range(2))])
    with pytest.raises(pa.ArrowInvalid, match="offset overflow"):
        joined.map(number)
    expected = [*range(N_ROWS), 0, 1]
    assert joined.map(number, writer_batch_size=2)["number"][:] == expected
    assert as_segments(joined).map(number)["number"][:] == expected
    assert type(joined) is not SegmentDataset  # what was given is left alone
    np.testing.assert_equal(joined.map(number, remove_columns=["cp"])["number"][:], expected)


def test_filter_decodes_two_rows_at_a_time(long):
    """Unless `input_columns` says what is needed, all of 1,000 rows would be decoded at once."""
    sizes = []

    def look(rows):
        sizes.append(len(rows["sample_id"]))
        return rows

    ids = long.select_columns("sample_id").with_transform(look)
    assert len(ids.filter(lambda row: True)) == N_ROWS
    assert len(ids.filter(lambda rows: [True] * len(rows["sample_id"]), batched=True)) == N_ROWS
    assert set(sizes) == {2}
    sizes.clear()
    ids.filter(lambda rows: [True] * len(rows["sample_id"]), batched=True, batch_size=80)
    assert sizes == [80]
