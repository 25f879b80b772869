"""The small cell in every format, for tests that only read; and what it holds."""

import shutil

import numpy as np
import pytest

import spe1


@pytest.fixture(scope="session")
def exported(built, tmp_path_factory):
    """An export of c14 by format and data type, made when it is first asked for."""
    place, made = tmp_path_factory.mktemp("exported"), {}

    def get(to, dtype="int16"):
        if (to, dtype) not in made:
            name = f"{to}-{dtype}" + {"nwb": ".nwb", "spikelab": ".h5"}.get(to, "")
            made[to, dtype] = spe1.export(built.folder, to, place / name, dtype=dtype)
        return made[to, dtype]

    yield get
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def traces_uV(built) -> np.ndarray:
    """float32 (n_samples, n_channels), by the rows themselves."""
    ds = spe1.load("c14", built.folder.parent)
    rows = [spe1.segment_uV(split, i) for split in ds.values() for i in range(len(split))]
    return np.concatenate(rows, axis=1).T


@pytest.fixture(scope="session")
def samples(built) -> np.ndarray:
    """int64 (n_spikes,): by the table of spikes."""
    return spe1.spikes(built.folder.parent, "c14")["sample"].to_numpy()


@pytest.fixture(scope="session")
def peak_um(built) -> list:
    """Where the neuron is largest, by the stored template and the stored positions."""
    with np.load(built.folder / "templates.npz") as archive:
        peak = built.metadata.peak_channel
        return archive["probe_positions"][peak].tolist()
