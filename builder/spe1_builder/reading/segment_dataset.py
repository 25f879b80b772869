"""`datasets.Dataset` with batch sizes that fit rows of 138 MB."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

import datasets

from spe1_builder.dataset.rows.batches import BATCH_ROWS
from spe1_builder.errors import OptionError


def _staying(name: str) -> Callable[..., SegmentDataset]:
    """The library's method, whose result is a `SegmentDataset` too."""
    method = getattr(datasets.Dataset, name)

    @functools.wraps(method)
    def call(self: SegmentDataset, *args: Any, **kwargs: Any) -> SegmentDataset:
        return as_segments(method(self, *args, **kwargs))

    return call


class SegmentDataset(datasets.Dataset):
    """One split, for which the methods that copy rows do so by twos.

    ``datasets`` copies 1,000 rows at a time unless told otherwise, and an inner list of Arrow
    counts its values in 32 bits, so that more than 62 rows of 3 s end in "offset overflow".
    Here that default is two, as in the shards; another number is taken as it is given.

    Everything else is `datasets.Dataset`. What is selected, shuffled, split or mapped is a
    `SegmentDataset` again; what `datasets.concatenate_datasets` makes is not.
    """

    def map(self, *args: Any, **kwargs: Any) -> SegmentDataset:
        """`datasets.Dataset.map`; by default two rows are written, or batched, at a time."""
        arguments = self._bind("map", args, kwargs)
        arguments.setdefault("batch_size", BATCH_ROWS)  # what the function is given
        return as_segments(super().map(**_by_twos("map", arguments, "writer_batch_size")))

    def filter(self, *args: Any, **kwargs: Any) -> SegmentDataset:
        """`datasets.Dataset.filter`; by default two rows are decoded at a time."""
        arguments = self._bind("filter", args, kwargs)
        if arguments.get("batched"):
            arguments.setdefault("batch_size", BATCH_ROWS)
        else:
            arguments = _by_twos("filter", arguments, "batch_size")
        return as_segments(super().filter(**arguments))

    def cast(self, *args: Any, **kwargs: Any) -> SegmentDataset:
        """`datasets.Dataset.cast`; by default two rows at a time."""
        arguments = self._bind("cast", args, kwargs)
        return as_segments(
            super().cast(**_by_twos("cast", arguments, "batch_size", "writer_batch_size"))
        )

    def flatten_indices(self, *args: Any, **kwargs: Any) -> SegmentDataset:
        """`datasets.Dataset.flatten_indices`, two rows at a time, and as Arrow.

        In numpy's or torch's format ``datasets`` decodes the rows on the way, which leaves
        float32 of the spike times.
        """
        arguments = self._bind("flatten_indices", args, kwargs)
        flat = self.with_format("arrow").map(
            batched=True, desc="Flattening the indices", **arguments
        )
        form = self.format
        return as_segments(
            flat.with_format(
                form["type"], form["columns"], form["output_all_columns"], **form["format_kwargs"]
            )
        )

    # `shard`, `skip`, `take` and others are made of these.
    select = _staying("select")
    shuffle = _staying("shuffle")
    sort = _staying("sort")
    repeat = _staying("repeat")
    add_column = _staying("add_column")
    add_item = _staying("add_item")

    def train_test_split(self, *args: Any, **kwargs: Any) -> datasets.DatasetDict:
        """`datasets.Dataset.train_test_split`."""
        both = super().train_test_split(*args, **kwargs)
        return datasets.DatasetDict({name: as_segments(split) for name, split in both.items()})

    def _bind(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call by their names."""
        signature = inspect.signature(getattr(datasets.Dataset, method))
        arguments = signature.bind(self, *args, **kwargs).arguments
        return {name: value for name, value in arguments.items() if name != "self"}


def _by_twos(method: str, arguments: dict[str, Any], *sizes: str) -> dict[str, Any]:
    """Two rows in the place of the library's own batch sizes, which change no value.

    Also where those are given: `datasets.DatasetDict` passes all of its defaults on.
    """
    parameters = inspect.signature(getattr(datasets.Dataset, method)).parameters
    defaults = {size: parameters[size].default for size in sizes}
    chosen = {
        size: BATCH_ROWS
        for size, default in defaults.items()
        if arguments.get(size, default) == default
    }
    return arguments | chosen


def as_segments(dataset: datasets.Dataset) -> SegmentDataset:
    """The same rows, as a `SegmentDataset`; nothing is copied.

    Raises
    ------
    OptionError
        Not a `datasets.Dataset`.
    """
    if isinstance(dataset, SegmentDataset):
        return dataset
    require_split(dataset, "dataset")
    # `datasets` names its own class in what its methods return, and a dataset has no other
    # state that could carry a batch size along.
    changed: Any = copy.copy(dataset)
    changed.__class__ = SegmentDataset
    segments: SegmentDataset = changed
    return segments


def require_split(value: Any, what: str) -> None:
    """Refuse what is not one split on the disk or in memory.

    Raises
    ------
    OptionError
        As a `DatasetDict` or a stream is not.
    """
    if not isinstance(value, datasets.Dataset):
        raise OptionError(
            f"{what} takes one split, such as ds['train']; not a DatasetDict or a stream.",
            where="dataset",
            expected="datasets.Dataset",
            got=type(value).__name__,
            do="pick a split, and load it without streaming=True",
        )
