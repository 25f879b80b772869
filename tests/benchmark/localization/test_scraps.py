"""The methods on the digitised templates of real neurons: against the paper's own positions."""

import json

import numpy as np
import pytest

import spe1
from spe1_builder.benchmark.localization.figures.published import draw_published
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_made import Provenance
from spe1_builder.benchmark.localization.tables import markdown
from tests.support.command import run_spe1
from tests.support.project import PROJECT

OTHER = Provenance(spe1_version="0", versions={}, simulated=False, label="", simulation=None)
SHORTS = {"COM": "center_of_mass", "MT": "monopolar_triangulation", "GC": "grid_convolution"}


@pytest.fixture(scope="module")
def result():
    return spe1.benchmark("localization", on="scraps", methods=tuple(SHORTS))


def estimate_um(result, cell_id, method):
    (cell,) = (cell for cell in result.cells if cell.cell_id == cell_id)
    (score,) = (score for score in cell.scores if score.method == method)
    return score.estimate_um


@pytest.mark.parametrize(("short", "median_um"), [("COM", 2.5), ("MT", 2.5), ("GC", 5.0)])
def test_depths_are_the_papers(result, short, median_um):
    """c16's dot may be another cell's, as the scraps say."""
    apart_um = [
        abs(estimate_um(result, cell.cell_id, SHORTS[short])[1] - place.y_um)
        for cell in spe1.scraps()
        for place in cell.published_positions
        if place.method == short and cell.cell_id != "c16"
    ]
    assert len(apart_um) >= 8 and np.median(apart_um) < median_um


def test_where_the_trough_leads_there_is_no_grid_convolution(result):
    gone = {
        cell.cell_id
        for cell in result.cells
        if estimate_um(result, cell.cell_id, "grid_convolution") is None
    }
    assert gone == {"c24", "c27", "c42"}
    assert all(spe1.scraps()[cell_id].trough_ms <= -0.4 for cell_id in gone)


def test_a_place_along_the_probe_is_found_on_few_channels(result):
    """A monopole on the same 25 channels is found where it was put: what is left is the label."""
    for cell in list(spe1.scraps())[::5]:
        at_um = np.array([30.0, cell.positions_um[cell.peak_index, 1] + 7.0])
        distance_um = np.hypot(np.linalg.norm(cell.positions_um - at_um, axis=1), 20.0)
        size_uV = 2_000.0 / distance_um
        shape = -np.exp(-0.5 * ((np.arange(121) - 60) / 6.0) ** 2)
        waveform_uV = (shape[:, None] * size_uV)[None].astype(np.float32)
        found = spe1.localize("MT", waveform_uV, cell.positions_um, n_before=60)
        assert abs(found.xy_um[0, 1] - at_um[1]) < 1.0


def test_it_says_what_it_is(result):
    assert result.provenance.origin == "digitised" and not result.provenance.simulated
    assert "21 cells (digitised)" in str(result)
    text = markdown(result)
    assert "real neurons" in text.splitlines()[0] and "digitised templates" in text
    assert "Beside the paper" not in text  # its numbers are of whole recordings
    assert {cell.metadata_form for cell in result.cells} == {"scraps"}
    assert [cell.cell_id for cell in result.cells if any("blip" in w for w in cell.warnings)]
    assert result.undone == []
    again = LocalizationBenchmark.model_validate_json(result.model_dump_json())
    assert again == result


def test_the_figure_has_both_positions_of_each_cell(result):
    """Ours and the published ones, of the ten cells that the paper's notebook shows."""
    figure = draw_published(result)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        cell.cell_id for cell in spe1.scraps() if cell.published_positions
    ]
    depths_um = [line.get_ydata()[0] for line in axes.lines if len(line.get_ydata()) == 1]
    published = [
        place.y_um - cell.label.y_um
        for cell in spe1.scraps()
        for place in cell.published_positions
        if abs(place.y_um - cell.label.y_um) < 160
    ]
    assert all(np.isclose(depths_um, value).any() for value in published)
    assert draw_published(result.model_copy(update={"provenance": OTHER})) is None


def test_both_parts_stay_apart(result):
    inner = result.model_copy(update={"digitised": result})
    assert LocalizationBenchmark.model_validate_json(inner.model_dump_json()).digitised == result
    wrong = inner.model_dump(mode="json")
    wrong["digitised"]["provenance"]["origin"] = None
    with pytest.raises(ValueError, match="holds something else"):
        LocalizationBenchmark.model_validate(wrong)


@pytest.mark.parametrize(
    "options",
    [
        {"with_spikes": True},
        {"degradation": True},
        {"grid_search": True},
        {"masking": "as-published"},
    ],
)
def test_what_needs_recordings_is_refused(options):
    with pytest.raises(spe1.OptionError, match="needs recordings"):
        spe1.benchmark("localization", on="scraps", **options)


def test_cells():
    one = spe1.benchmark("localization", on="scraps", cells="C14", methods=("COM",))
    assert [cell.cell_id for cell in one.cells] == ["c14"]
    with pytest.raises(spe1.UnknownCellError, match="no extracellular waveform"):
        spe1.benchmark("localization", on="scraps", cells="c5")
    with pytest.raises(spe1.OptionError, match="no such 'on'"):
        spe1.benchmark("localization", on="moon")


def test_the_command(tmp_path):
    done = run_spe1(
        *("benchmark", "localization", "--on", "scraps", "--json", "--cells", "zhao"),
        *("--methods", "COM", "--output", tmp_path / "real.json"),
    )
    assert done.returncode == 0, done.stderr
    (document,) = json.loads(done.stdout)["results"]
    assert document["provenance"]["origin"] == "digitised" and len(document["cells"]) == 11
    written = LocalizationBenchmark.model_validate_json((tmp_path / "real.json").read_bytes())
    assert written.model_dump(mode="json") == document
    assert not (PROJECT / "spe1").exists()
