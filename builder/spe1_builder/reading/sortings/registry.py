"""The forms of sortings that can be read, each with how it is known and read."""

from __future__ import annotations

from spe1_builder.reading.sortings.formats import (
    dandi,
    hdf5,
    hdf5_raw,
    ibl,
    npz,
    nwb,
    objects,
    phy,
    pickled,
    saved_folder,
    saved_zarr,
    sorter_folder,
    spikeinterface,
    spikelab_npz,
    unit_arrays,
)
from spe1_builder.reading.sortings.formats.form import SortingForm

#: Asked in this order whether a path is theirs.
FORMS: tuple[SortingForm, ...] = (
    objects.FORM,
    dandi.FORM,
    ibl.FORM,
    pickled.FORM,
    saved_zarr.FORM,
    saved_folder.FORM,
    phy.FORM,
    sorter_folder.FORM,
    nwb.FORM,
    hdf5.FORM,
    hdf5_raw.FORM,
    npz.FORM,
    spikelab_npz.FORM,
    unit_arrays.FORM,
    spikeinterface.FORM,
)
