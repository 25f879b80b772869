"""The names of formats and sample types; the command line knows them without loading a writer."""

from __future__ import annotations

from typing import Literal, get_args

#: What a cell can be exported to.
Format = Literal["binary", "phy", "nwb", "zarr", "spikelab"]
FORMATS: tuple[Format, ...] = get_args(Format)
#: What traces can be stored as.
SampleType = Literal["int16", "float32"]
SAMPLE_TYPES: tuple[SampleType, ...] = get_args(SampleType)
