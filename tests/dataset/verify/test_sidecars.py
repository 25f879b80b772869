"""``spe1 verify`` on the arrays, the picture and the JSON files beside the rows."""

import numpy as np
import pytest

from tests.support.older import make_older
from tests.support.verify import (
    MARK,
    TEMPLATE_IS_NOT_THE_MEAN,
    edit_arrays,
    edit_json,
    found,
    refresh,
    replace,
)


def test_changed_template_value(cell):
    def edit(arrays):
        arrays["templates"][0, 40, 7] += np.float32(0.002)

    edit_arrays(cell / "templates.npz", edit)
    assert found(cell) == [TEMPLATE_IS_NOT_THE_MEAN]


@pytest.mark.parametrize(
    ("name", "key", "value", "fact"),
    [
        ("templates.npz", "sampling_frequency", 25000.0, "sampling_frequency"),
        ("templates.npz", "nbefore", 31, "nbefore"),
        ("templates.npz", "nafter", np.float64(60), "dtype and shape of nafter"),
        (
            "templates.npz",
            "templates",
            np.zeros((2, 90, 384), "f4"),
            "dtype and shape of templates",
        ),
        ("templates.npz", "extra", 1, "keys"),
        ("templates.npz", "templates", None, "keys"),
        ("patch.npz", "patch_type", "wc-ic", "patch_type"),
        ("patch.npz", "patch_units", "mV", "patch_units"),
        ("patch.npz", "cell_id", "c15", "cell_id"),
        ("patch.npz", "patch_v", np.zeros(9, "f8"), "dtype and shape of patch_v"),
        ("patch.npz", "spike_times_s", np.array([0.50001]), "spike_times_s"),
        ("patch.npz", "spike_times_s", np.array([9.0]), "spike_times_s"),
        ("patch.npz", "spike_times_s", np.array([np.nan, np.inf]), "spike_times_s"),
        ("patch.npz", "spike_patch_indices", None, "keys"),
        ("patch.npz", "spike_patch_indices", np.array([5]), "length of spike_patch_indices"),
    ],
)
def test_array(cell, name, key, value, fact):
    def edit(arrays):
        if value is None:
            del arrays[key]
        else:
            arrays[key] = value

    edit_arrays(cell / name, edit)
    assert found(cell) == [(name, fact)]


def test_patch_clock(cell):
    def edit(arrays):
        arrays["t_patch_s"][1000:] += 2e-6
        arrays["patch_v"][5] = np.inf

    edit_arrays(cell / "patch.npz", edit)
    grid = "t_patch_s as an even, ascending grid"
    assert found(cell) == [("patch.npz", "values of patch_v"), ("patch.npz", grid)]


def test_spike_of_the_patch_file_moved(cell):
    edit_arrays(cell / "patch.npz", lambda arrays: arrays["spike_times_s"].__iadd__(1 / 30000))
    assert found(cell) == [("patch.npz", "spike_times_s against the spikes of the rows")]


def test_spike_twice_in_the_patch_file(cell):
    def edit(arrays):
        arrays["spike_times_s"] = np.insert(arrays["spike_times_s"], 1, arrays["spike_times_s"][0])

    edit_arrays(cell / "patch.npz", edit)
    assert found(cell) == [("patch.npz", "spike_times_s")]


@pytest.mark.parametrize(
    ("step", "fact"),
    [(10**9, "spike_patch_indices"), (2, "spike_patch_indices, by t_patch_s")],
)
def test_patch_samples_of_other_spikes(cell, step, fact):
    """Two patch samples are more than one sample of the probe."""
    edit_arrays(cell / "patch.npz", lambda arrays: arrays["spike_patch_indices"].__iadd__(step))
    assert found(cell) == [("patch.npz", fact)]


def test_cell_of_older_data(cell):
    """Before data 1.2.0 there were no patch samples; such a cell is as good as it was."""
    make_older(cell)
    assert found(cell) == []
    edit_arrays(cell / "patch.npz", lambda arrays: arrays.update(spike_patch_indices=np.arange(3)))
    assert found(cell) == [("patch.npz", "keys")]


def test_moved_electrodes(cell):
    def edit(arrays):
        arrays["probe_positions"][300] += 1

    edit_arrays(cell / "templates.npz", edit)
    assert found(cell) == [("templates.npz", "probe_positions are not chanMap.mat's")]


@pytest.mark.parametrize(
    "data", [b"", b"PK\3\4 no archive", b"\x93NUMPY", b"\x93NUMPY\1\0\3\0{(\n"]
)
def test_no_archive(cell, data):
    replace(cell / "templates.npz", data)
    refresh(cell)
    assert found(cell) == [("templates.npz", "not an .npz archive that loads without pickle")]


def test_pickled_array(cell):
    edit_arrays(cell / "patch.npz", lambda arrays: arrays.update(cell_id=np.array(["c14"], object)))
    facts = [("patch.npz", "not an .npz archive that loads without pickle")]
    assert [fact for fact in found(cell) if fact in facts] == facts


@pytest.mark.parametrize("data", [b"GIF89a", b"\x89PNG\r\n\x1a\n", None])
def test_picture(cell, data):
    look = cell / "patch_quicklook.png"
    replace(look, look.read_bytes()[:-50] if data is None else data)
    refresh(cell)
    assert found(cell) == [("patch_quicklook.png", "not a whole PNG")]


@pytest.mark.parametrize(
    ("name", "key", "value", "fact"),
    [
        ("dataset_dict.json", "splits", ["train"], "splits"),
        (
            "train/state.json",
            "_data_files",
            [{"filename": f"data-{MARK}-00000-of-00001.arrow"}],
            "_data_files",
        ),
        ("test/state.json", "_split", "train", "_split"),
        ("test/dataset_info.json", "features", {"_type": "List"}, "features"),
        ("train/dataset_info.json", "splits", None, "num_examples of the splits"),
    ],
)
def test_files_of_the_datasets_library(cell, name, key, value, fact):
    edit_json(cell / name, lambda document: document.update({key: value}))
    refresh(cell)
    assert found(cell) == [(name, fact)]


@pytest.mark.parametrize("text", ["{", "[]", '{"splits": NaN}', "[" * 100_000, "\xff"])
def test_invalid_json(cell, text):
    replace(cell / "dataset_dict.json", text.encode("latin-1"))
    refresh(cell)
    fact = "not a JSON object" if text == "[]" else "not a JSON file"
    assert found(cell) == [("dataset_dict.json", fact)]
