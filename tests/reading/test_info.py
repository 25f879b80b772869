"""What is told of one cell, against what was planted and what lies on the disk."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from spe1_builder.cells import catalogue
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.errors import MissingFileError, OptionError, UnknownCellError
from spe1_builder.reading.built import read_built
from spe1_builder.reading.info import CellInfo, gather, info
from tests.support.recordings import SMALL


@pytest.fixture
def root(two_cells, tmp_path):
    """A root to damage: links, to be replaced rather than written into."""
    shutil.copytree(two_cells, tmp_path / "spe1", copy_function=os.link)
    yield tmp_path / "spe1"
    shutil.rmtree(tmp_path)


def _replace(path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def test_facts_of_a_built_cell(two_cells, archive):
    found = info("c14", two_cells)
    built, folder = found.built, two_cells / "c14"
    planted = np.rint(archive.truth.npx_samples) - 6_000
    planted = planted[(planted >= 0) & (planted < 48_017)]
    assert found.is_built and found.is_simulated is True and found.problems == []
    assert (built.gt_channel, built.x_um, built.y_um) == (159, 27.0, 1600.0)
    assert built.peak_channel == archive.truth.peak_channel
    assert built.n_spikes == len(planted)
    assert built.n_short_intervals == (np.diff(planted) < 300).sum() > 0
    assert built.patch.units == "pA" and built.patch.rate_hz == archive.truth.patch_rate_hz
    assert (built.start_s, built.duration_s) == (0.2, 48_017 / 30_000)
    assert {name: split.rows for name, split in built.splits.items()} == {"train": 4, "test": 2}
    rows = sum(path.stat().st_size for path in folder.rglob("data-*.arrow"))
    files = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    metadata = (folder / "conversion_metadata.json").stat().st_size
    assert (built.rows_bytes, built.other_bytes) == (rows, files - rows - metadata)
    defaults = type(SMALL)().as_dict()
    changed = {k: v for k, v in SMALL.as_dict().items() if v != defaults[k]}
    assert built.changed_options == changed and "duration_s" in changed
    assert {file.name for file in built.raw_files} >= {"c14_npx_raw.bin", "chanMap.mat"}
    assert set(found.next_steps) == {"load", "verify", "benchmark"}
    assert CellInfo.model_validate_json(found.model_dump_json()) == found
    assert info("c5", two_cells).built.patch.units == "mV"


def test_the_page(two_cells, monkeypatch):
    monkeypatch.chdir(two_cells.parent)
    found = info("c14", "spe1")
    text = str(found)
    assert repr(found) == text
    first, *rest = text.splitlines()
    assert first == "c14, simulated (nothing in it was measured in an animal), built in spe1/c14"
    subjects = [line.split()[0] for line in rest if not line.startswith(" ")]
    expected = "neuron release template spikes agreement patch warnings masked window rows "
    assert " ".join(subjects) == f"{expected}made made options fingerprint next"
    assert "of the real cell" in text  # the release's distance is not the simulated neuron's
    assert found.built.fingerprint[:16] in text and found.built.fingerprint not in text
    assert [line.split(": ")[0].split()[-1] for line in rest[-3:]] == list(found.next_steps)
    for width in (60, 80, 120):
        *lines, load, verify, benchmark = found.text(width).splitlines()
        assert max(map(len, lines)) <= width
        # What is typed is not broken.
        assert 'ds = spe1.load("c14", root="spe1")' in load and "spe1 verify c14 --root" in verify
        assert benchmark.endswith("spe1 benchmark localization --cells c14 --root spe1")


def test_the_page_of_a_real_cell(two_cells, monkeypatch):
    """No real cell is here: the same one, said to be recorded."""
    cell = read_model(two_cells / "c14/conversion_metadata.json", ConversionMetadata)
    real = cell.provenance.model_copy(update={"simulated": False, "origin": "recorded"})
    label = cell.source_metadata.model_copy(
        update={"spike_source": "wc_spike_samples.npy (authoritative GT)"}
    )
    bad = {"0": "dead", "7": "noise", "9": "dead"}
    update = {"provenance": real, "source_metadata": label, "detected_bad_channels": bad}
    changed = cell.model_copy(update=update | {"ground_truth_agreement": None})
    monkeypatch.setattr(
        gather, "read_built", lambda *args: replace(read_built(*args), metadata=changed)
    )
    text = " ".join(str(info("c14", two_cells)).split())
    assert text.startswith("c14, real recording of a pyramidal cell, built in")
    assert "um, 45 um from the soma, 817 um below the pia" in text and "real cell" not in text
    assert "detected: dead 0 9, noise 7; reference sites: 36 75" in text
    assert "there is only one source" in text and "(authoritative GT)" in text


def test_every_cell_that_is_not_built(tmp_path):
    for cell_id in catalogue():
        found = info(cell_id, tmp_path)
        assert (found.is_built, found.built, found.is_simulated) == (False, None, None)
        assert "not built here" in str(found).splitlines()[0]
        build = f"spe1 build {cell_id} --raw-dir .raw --root {tmp_path}"
        assert found.next_steps == {"build": build} and build in str(found)
    assert info("C14", None) == info("14", None)
    assert info("c14", None).next_steps["build"].endswith("--root spe1")


@pytest.mark.parametrize(
    ("damage", "words", "is_readable"),
    [
        (lambda c: _replace(c / "conversion_metadata.json", b"{"), "malformed", False),
        (lambda c: (c / "patch.npz").unlink(), "patch.npz is missing", True),
        (lambda c: _replace(c / "patch.npz", b"PK"), "patch.npz does not hold", True),
        (lambda c: (c / "templates.npz").unlink(), "templates.npz is missing", True),
        (lambda c: shutil.rmtree(c / "train"), "train/state.json is missing", True),
    ],
)
def test_a_damaged_cell(root, damage, words, is_readable):
    damage(root / "c14")
    found = info("c14", root)
    assert any(words in problem for problem in found.problems)
    assert (found.built is not None) is is_readable and found.is_built
    assert "\nDAMAGED " in str(found)
    assert list(found.next_steps) == ["verify", "build"] and "--force" in str(found)
    assert info("c5", root).problems == []


def test_impossible_values(root):
    path = root / "c14/conversion_metadata.json"
    document = json.loads(path.read_text())
    document["n_spikes_total"] = document["splits"]["train"]["spikes"] = 10**400
    document["splits"]["test"]["spikes"] = 0
    _replace(path, json.dumps(document).encode())
    found = info("c14", root)
    assert found.built is None and any("impossible values" in text for text in found.problems)


def test_text_from_outside_cannot_steer_a_terminal(root):
    path = root / "c14/conversion_metadata.json"
    document = json.loads(path.read_text())
    document["source_metadata"]["spike_source"] = "\x1b[2Jx\n\u202e"
    document["provenance"]["versions"]["\x07"] = "\r"
    _replace(path, json.dumps(document).encode())
    text = str(info("c14", root))
    assert "\\x1b[2Jx\\x0a\\u202e" in text and not {"\x1b", "\u202e", "\x07", "\r"} & set(text)


def test_what_is_refused(tmp_path):
    with pytest.raises(UnknownCellError):
        info("c9", tmp_path)
    with pytest.raises(MissingFileError):
        info("c14", tmp_path / "gone")
    for cell in (14, None, ["c14"], b"c14"):
        with pytest.raises(OptionError):
            info(cell, tmp_path)
    for cell in ("", " ", ",", "c14,c15", "zhao", "../c14"):
        with pytest.raises((UnknownCellError, OptionError)):
            info(cell, tmp_path)
    with pytest.raises(OptionError):
        info("c14", "s3://bucket/spe1")
