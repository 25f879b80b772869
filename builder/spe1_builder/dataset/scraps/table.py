"""The scraps as an Arrow table and its features in ``datasets``' words: one row a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from spe1_builder.source.scraps.model import CellScraps
from spe1_builder.source.scraps.packaged import scraps


@dataclass(frozen=True)
class ScrapsColumn:
    """A column of the table.

    Attributes
    ----------
    name : str
    dtype : str
        Of one value, in the words of both Arrow and ``datasets``.
    depth : int
        How many lists it stands in.
    unit : str
        Of one value; empty where it has none.
    meaning : str
    value : callable
        Of a cell.
    """

    name: str
    dtype: str
    depth: int
    unit: str
    meaning: str
    value: Callable[[CellScraps], Any]

    @property
    def kind(self) -> str:
        """Its type as the views write theirs, such as ``list<int64>``."""
        return "list<" * self.depth + self.dtype + ">" * self.depth

    @property
    def arrow_type(self) -> pa.DataType:
        kind = pa.type_for_alias(self.dtype)
        for _ in range(self.depth):
            kind = pa.list_(kind)
        return kind

    @property
    def feature(self) -> dict[str, Any]:
        """As ``dataset_info`` has it; ``Sequence`` is what every version of `datasets` reads."""
        feature: dict[str, Any] = {"dtype": self.dtype, "_type": "Value"}
        for _ in range(self.depth):
            feature = {"feature": feature, "_type": "Sequence"}
        return feature


def _of_label(
    name: str, dtype: str, unit: str, meaning: str, value: Callable[[Any], Any]
) -> ScrapsColumn:
    return ScrapsColumn(name, dtype, 0, unit, meaning, lambda cell: value(cell.label))


COLUMNS = (
    ScrapsColumn("cell_id", "string", 0, "", "the release's name", lambda c: c.cell_id),
    ScrapsColumn(
        "origin",
        "string",
        0,
        "",
        "`digitised`: real neurons, read from the authors' figures; no recording",
        lambda _: scraps().origin,
    ),
    ScrapsColumn(
        "template_uV",
        "float32",
        2,
        "uV",
        "[25][121], spike-triggered average, -2 to +2 ms at 30 kHz, patch spike at sample 60",
        lambda c: c.template_uV.tolist(),
    ),
    ScrapsColumn(
        "channels", "int64", 1, "", "[25], 0-based, of the template's rows", lambda c: c.channels
    ),
    ScrapsColumn(
        "positions_um",
        "float32",
        2,
        "um",
        "[25][2], x and y of these channels",
        lambda c: c.positions_um.tolist(),
    ),
    ScrapsColumn(
        "spike_samples",
        "int64",
        1,
        "samples at 30 kHz",
        "[n], of the whole recording, as the authors wrote them",
        lambda c: c.spike_samples,
    ),
    ScrapsColumn(
        "is_doubled", "bool", 1, "", "[n], spikes within 1 ms of another", lambda c: c.is_doubled
    ),
    ScrapsColumn(
        "has_bad_train",
        "bool",
        0,
        "",
        "the spike times drift from the recording",
        lambda c: c.has_bad_train,
    ),
    _of_label("gt_channel", "int64", "", "ground-truth electrode", lambda a: a.channel),
    _of_label("gt_x_um", "float64", "um", "its x, which was never measured", lambda a: a.x_um),
    _of_label("gt_y_um", "float64", "um", "its y, along the probe", lambda a: a.y_um),
    _of_label(
        "label_tip_distance_um",
        "float64",
        "um",
        "the labelled place by the coordinates, from the tip",
        lambda a: a.tip_distance_um,
    ),
    _of_label("label_rule", "string", "", "`tip` or `lower`", lambda a: a.rule),
    _of_label(
        "label_residual_um",
        "float64",
        "um",
        "the electrode less the rule tip / 10 - 2",
        lambda a: a.residual_um,
    ),
    _of_label(
        "soma_foot_offset_um",
        "float64",
        "um",
        "the recorded soma along the probe, less the label",
        lambda a: a.soma_foot_offset_um,
    ),
    _of_label("label_step_um", "float64", "um", "grid of the labelled places", lambda a: a.step_um),
    ScrapsColumn(
        "distance_um",
        "float64",
        0,
        "um",
        "soma to electrode, Data Summary",
        lambda c: c.cell.distance_um,
    ),
    ScrapsColumn(
        "published_methods",
        "string",
        1,
        "",
        "methods of the paper that have a position",
        lambda c: [place.method for place in c.published_positions],
    ),
    ScrapsColumn(
        "published_positions_um",
        "float64",
        2,
        "um",
        "x and y that each of these gave",
        lambda c: [[place.x_um, place.y_um] for place in c.published_positions],
    ),
    ScrapsColumn(
        "faults", "string", 1, "", "what is known to be wrong", lambda c: [f.text for f in c.faults]
    ),
    ScrapsColumn("license", "string", 0, "", "of the data", lambda _: scraps().license),
    ScrapsColumn(
        "source",
        "string",
        0,
        "",
        "whom to cite",
        lambda _: f"{scraps().citation}; {scraps().paper}",
    ),
)

SCHEMA = pa.schema([(column.name, column.arrow_type) for column in COLUMNS])
#: The schema in ``datasets``' words.
FEATURES = {column.name: column.feature for column in COLUMNS}


def scraps_table() -> pa.Table:
    """The scraps, one row a cell, in the release's order: `SCHEMA`.

    Examples
    --------
    >>> table = scraps_table()
    >>> table.num_rows, table.schema.equals(SCHEMA)
    (21, True)
    """
    cells = list(scraps())
    columns = [pa.array([c.value(cell) for cell in cells], c.arrow_type) for c in COLUMNS]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
