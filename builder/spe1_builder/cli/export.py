"""``spe1 export``: built cells in the formats of other programs."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spe1_builder.cells import expand_cells
from spe1_builder.cli.arguments import Cells, Root, as_local
from spe1_builder.cli.console import report, size_text
from spe1_builder.cli.roots import require_root
from spe1_builder.errors import OptionError
from spe1_builder.export.formats import FORMATS, SAMPLE_TYPES
from spe1_builder.progress import Bars

if TYPE_CHECKING:
    from spe1_builder.export.model import Exported

_Format = Enum("_Format", {name: name for name in FORMATS}, type=str)  # type: ignore[misc]
_SampleType = Enum("_SampleType", {name: name for name in SAMPLE_TYPES}, type=str)  # type: ignore[misc]
_INT16 = _SampleType("int16")
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")


def export(
    names: Cells,
    to: Annotated[_Format, typer.Option("--to", help="What to write.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", callback=as_local, help="Folder that gets c14_binary/, c14.nwb, ..."
        ),
    ] = Path("exported"),
    root: Root = Path("spe1"),
    dtype: Annotated[
        _SampleType, typer.Option("--dtype", help="int16: counts; float32: every bit.")
    ] = _INT16,
    channels: Annotated[
        str | None,
        typer.Option(
            "--channels", help="Channels and ranges: 140-203, or 3,5,8-11.", show_default="all"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace an export that is there.")
    ] = False,
) -> None:
    """Write built cells for Kilosort, Phy, SpikeSift, SpikeLab, SpikeInterface or NWB."""
    from spe1_builder.export.export import export, output_name

    require_root(root, "export")
    chosen = None if channels is None else read_channels(channels)
    output.mkdir(parents=True, exist_ok=True)
    for cell_id in expand_cells(names):
        exported = export(
            cell_id,
            to.value,
            output / output_name(cell_id, to.value),
            root,
            dtype=dtype.value,
            channels=chosen,
            overwrite=force,
            progress=Bars(cell_id),
        )
        _tell(exported)


def read_channels(text: str) -> list[int]:
    """Channels of a command line, in the order given.

    Raises
    ------
    OptionError
        Something in it is neither a channel nor a range of channels.

    Examples
    --------
    >>> read_channels("3, 8-11,5")
    [3, 8, 9, 10, 11, 5]
    """
    channels: list[int] = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            raise OptionError(
                "These are no channels.",
                where="--channels",
                expected="numbers and ranges, such as 140-203 or 3,5,8-11",
                got=repr(part),
                do="leave --channels out for all of them",
            )
        first = int(found[1])
        channels += range(first, int(found[2] or first) + 1)
    return channels


def _tell(exported: Exported) -> None:
    stored = f", {exported.dtype}" if exported.dtype else ""
    if exported.dtype == "int16":
        stored += f" of {exported.uV_per_bit:g} uV a bit"
    kind = "" if exported.origin == "recorded" else f" ({exported.origin})"
    report(
        f"{exported.cell_id}{kind}: {exported.path}: {size_text(exported.n_bytes)}{stored}",
        cell=exported.cell_id,
        simulated=exported.origin != "recorded",
        path=str(exported.path),
        bytes=exported.n_bytes,
        **exported.model_dump(mode="json", exclude={"cell_id"}),
    )
