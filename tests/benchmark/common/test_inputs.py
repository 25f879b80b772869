"""Cells that cannot be scored say why, each in its own way; sidecars alone are enough."""

import numpy as np
import pytest

from spe1_builder.benchmark.common.inputs import kept_channels, mask, read_cell
from spe1_builder.benchmark.localization.contestants import contestants
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.run import choose_cells, run_benchmark
from spe1_builder.cells import ZHAO_CELLS
from spe1_builder.errors import MissingFileError, OptionError, OutputError
from spe1_builder.layout import METADATA_NAME, PATCH_NAME, TEMPLATES_NAME

PLAIN = BenchmarkOptions()


def _set(**values):
    return lambda metadata: metadata.update(values)


def _zero(arrays):
    arrays["templates"][:] = 0.0


def _nan(arrays):
    arrays["templates"][0, 3, 5] = np.nan


def _short(arrays):
    arrays["templates"] = arrays["templates"][:, :, :100]


def _no_positions(arrays):
    del arrays["probe_positions"]


def _late(arrays):
    arrays["nbefore"] = np.array(90)


DAMAGE = {
    "metadata of another version": ({"change": _set(format_version=2)}, "another version"),
    "metadata with a stranger's key": ({"change": _set(colour="blue")}, "malformed"),
    "a field of another type": ({"change": _set(num_channels="many")}, "malformed"),
    "no metadata": ({"without": [METADATA_NAME]}, "conversion_metadata.json is missing"),
    "no template": ({"without": [TEMPLATES_NAME]}, "templates.npz is missing"),
    "template of zeros": ({"template": _zero}, "all zeros"),
    "template with NaN": ({"template": _nan}, "NaN"),
    "template of another probe": ({"template": _short}, "not one template"),
    "template without positions": ({"template": _no_positions}, "cannot be read"),
    "spike outside the template": ({"template": _late}, "outside the template"),
    "public metadata, no electrode": (
        {"public": True, "change": _set(unit_locations_um={})},
        "no ground-truth electrode",
    ),
    "public metadata, electrode beyond the probe": (
        {"public": True, "change": _set(gt_electrode_chan_idx=384)},
        "gt_electrode_chan_idx",
    ),
    "public metadata, all channels bad": (
        {"public": True, "change": _set(bad_channel_ids=list(range(384)))},
        "Every channel",
    ),
    "neither form": ({"public": True, "change": lambda m: m.clear()}, "neither"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_cell_that_cannot_be_scored(sidecars, name):
    """A clear line, and the healthy cell beside it has its numbers."""
    how, words = DAMAGE[name]
    root = sidecars("c14", **how)
    sidecars("c26")
    result = run_benchmark(root, ["c14", "c26"], PLAIN)
    bad, good = result.cells
    assert words in bad.problem and "\n" not in bad.problem and not bad.scores
    assert good.problem is None and len(good.scores) == len(contestants())
    assert {row.n_cells for row in result.summary} == {1}
    with pytest.raises(OutputError, match="Not one cell") as caught:
        run_benchmark(root, ["c14"], PLAIN)
    assert "c14" in str(caught.value) and words in str(caught.value)


def test_not_json(sidecars):
    root = sidecars()
    (root / "c14" / METADATA_NAME).write_text("{ no")
    with pytest.raises(OutputError, match="no JSON"):
        read_cell(root, "c14")


def test_cells_outside_the_summary_are_lines(sidecars):
    """c9, c11 and c30 have no electrode in the summary; c15 is only not here."""
    result = run_benchmark(sidecars(), ["c9", "c14", "../c14", "c15"], PLAIN)
    problems = {cell.cell_id: cell.problem for cell in result.cells}
    assert "no cell 'c9'" in problems["c9"] and "no cell '../c14'" in problems["../c14"]
    assert "not been built" in problems["c15"] and problems["c14"] is None


def test_sidecars_alone_are_enough(sidecars, built):
    """No Arrow file, no patch trace: templates are scored as from the whole cell."""
    root = sidecars(without=[PATCH_NAME])
    found = run_benchmark(root, ["c14"], PLAIN).without_timings()
    assert found == run_benchmark(built.folder.parent, ["c14"], PLAIN).without_timings()


def test_public_metadata_gives_the_same_estimates(sidecars):
    """The public conversion's files, counts instead of uV: methods mind no scale."""

    def in_counts(arrays):
        arrays["templates"] = arrays["templates"] / np.float32(2.34375)

    root = sidecars("c14")
    sidecars("c26", public=True, template=in_counts)
    ours, theirs = run_benchmark(root, ["c14", "c26"], PLAIN).cells
    assert (ours.metadata_form, theirs.metadata_form) == ("spe1", "public")
    assert theirs.simulated is None and theirs.fingerprint is None
    for one, other in zip(ours.scores, theirs.scores, strict=True):
        assert other.estimate_um == pytest.approx(one.estimate_um, abs=1e-3), one.method


def test_spikes_that_are_not_there_are_a_note(sidecars, archive):
    """Rows missing, or the spike times: templates stay."""
    with_spikes = BenchmarkOptions(with_spikes=True, raw_dir=archive.raw_dir / "nowhere")
    root = sidecars("c14")
    sidecars("c26", without=[PATCH_NAME])
    cells = run_benchmark(root, ["c14", "c26"], with_spikes).cells
    for cell in cells:
        assert {part.level for part in cell.scores} == {"templates"}
        assert len(cell.notes) == 1 and "corrected, spikes" in cell.notes[0]
    assert "patch.npz" in cells[1].notes[0]


def test_zero_spikes_are_a_note(sidecars, built, archive):
    root = sidecars("c14")
    patch = dict(np.load(root / "c14" / PATCH_NAME))
    patch["spike_times_s"] = np.empty(0)
    np.savez(root / "c14" / PATCH_NAME, **patch)
    options = BenchmarkOptions(with_spikes=True, raw_dir=archive.raw_dir, degradation=True)
    (cell,) = run_benchmark(root, ["c14"], options).cells
    assert cell.problem is None and {part.level for part in cell.scores} == {"templates"}
    assert any("none lies whole" in note for note in cell.notes)
    assert any("degradation" in note for note in cell.notes)


def test_the_peak_is_found_among_kept_channels(sidecars):
    cell = read_cell(sidecars(), "c14")
    whole = mask(cell.template_uV, cell.positions_um, kept_channels(()))
    without = mask(cell.template_uV, cell.positions_um, kept_channels([whole.peak_channel]))
    assert whole.peak_channel == cell.metadata.peak_channel
    assert without.peak_channel != whole.peak_channel
    assert without.positions_um.shape == (383, 2)


def test_default_cells_are_the_papers_that_are_here(sidecars):
    root = sidecars("c14")
    sidecars("c5")
    assert choose_cells([], root) == ["c14"]
    assert choose_cells(["zhao", "c14", "c9"], root) == [*ZHAO_CELLS, "c9"]


def test_no_cell_of_the_paper(sidecars):
    with pytest.raises(MissingFileError) as caught:
        choose_cells([], sidecars("c5"))
    assert "--cells c5" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"methods": ("PCA",)},
        {"masking": "none"},
        {"engine": "gpu"},
        {"tolerance_um": 0.0},
        {"tolerance_um": float("nan")},
        {"n_jobs": 0},
        {"seeds": ()},
        {"days": (16,)},
    ],
)
def test_options_that_cannot_work(values):
    with pytest.raises(OptionError) as caught:
        BenchmarkOptions(**values)
    assert "do:" in str(caught.value)


def test_methods_by_abbreviation():
    assert BenchmarkOptions(methods=("gc", "COM")).methods == (
        "center_of_mass",
        "grid_convolution",
    )


def test_a_raw_file_cut_short_is_a_note(sidecars, archive, tmp_path):
    """The archive no longer is what the cell was built from; templates and spikes stay."""
    import shutil

    raw_dir = tmp_path / "raw"
    shutil.copytree(archive.raw_dir, raw_dir, ignore=shutil.ignore_patterns("c5*"))
    path = raw_dir / "Recordings/c14/c14_npx_raw.bin"
    path.write_bytes(path.read_bytes()[: -384 * 2 * 100])
    options = BenchmarkOptions(degradation=True, days=(0,), seeds=(0,), raw_dir=raw_dir)
    result = run_benchmark(sidecars(), ["c14"], options)
    assert any("degradation" in note for note in result.cells[0].notes)
    assert result.degradation is None and result.cells[0].problem is None
