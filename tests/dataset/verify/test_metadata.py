"""``spe1 verify`` on metadata that is of another form, or contradicts itself."""

import pytest

from tests.support.verify import FIRST, SECOND, TEST, edit_metadata, found, peak_of


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document.update(format_version=2),
        lambda document: document.update(surprise=1),
        lambda document: document.pop("splits"),
        lambda document: document.update(sampling_frequency=float("nan")),
    ],
)
def test_metadata_of_another_form(cell, edit):
    edit_metadata(cell, edit)
    name = "conversion_metadata.json"
    assert found(cell) == [(name, f"{name} is malformed, or was written by another version")]


def test_metadata_missing(cell):
    (cell / "conversion_metadata.json").unlink()
    # The card still lists the cell; it would load.
    assert found(cell) == [("conversion_metadata.json", "conversion_metadata.json is missing")]


def test_metadata_with_nan_in_the_options(cell):
    edit_metadata(cell, lambda d: d["provenance"]["options"].update(engine=float("nan")))
    assert found(cell) == [("conversion_metadata.json", "not a JSON file")]


def test_wrong_peak_channel(cell):
    peak = peak_of(cell)
    edit_metadata(cell, lambda document: document["unit_peak_channel"].update({"0": peak + 1}))
    fact = "spikes on the peak channel"
    rows = [(name, fact) for name in (FIRST, SECOND, TEST)]
    assert found(cell) == [("templates.npz", "unit_peak_channel"), *rows]


@pytest.mark.parametrize(
    ("edit", "facts"),
    [
        (lambda d: d["source_metadata"].update(cell_id="c15"), None),
        (lambda d: d.update(segment_duration_s=0.0), ["options that no build takes"]),
        (
            lambda d: d["source_metadata"].update(skip_seconds=1e305),
            ["options that no build takes"],
        ),
        (lambda d: d.update(segment_duration_s=1e-9), ["options that no build takes"]),
        (lambda d: d["patch"].update(rate_hz=0.0), ["patch_sample_rate_hz", "patch.rate_hz"]),
        (lambda d: d["patch"].update(release_type="Sharp"), None),
        (lambda d: d["template_metadata"].update(nbefore=10**15), None),
        (lambda d: d["files"].append({"path": "../x", "size": 1, "xxh3_128": "0" * 32}), None),
        (lambda d: d["files"].append({"path": "x" * 5000, "size": 1, "xxh3_128": "0" * 32}), None),
        (lambda d: d["files"].append(dict(d["files"][0])), ["files listed, each once"]),
        (lambda d: d["files"].pop(0), None),
        (lambda d: d.update(files=[]), None),
        (lambda d: d.update(gt_electrode_chan_idx=0), None),
        (lambda d: d["analysis_window"].update(start_sample=-(10**30)), None),
    ],
)
def test_metadata_that_contradicts_itself(cell, edit, facts):
    edit_metadata(cell, edit)
    got = found(cell)
    assert got
    if facts is not None:
        assert [fact for where, fact in got if where == "conversion_metadata.json"] == facts
