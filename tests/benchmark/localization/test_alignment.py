"""``--align trough``: a template whose trough leads the patch spike, and its spikes."""

import os
import shutil

import numpy as np
import pytest

from spe1_builder.benchmark.common.inputs import read_cell
from spe1_builder.benchmark.localization.label_tables import label_tables
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.benchmark.localization.schema import read_benchmark, write_benchmark
from spe1_builder.benchmark.localization.unit import Unit
from spe1_builder.errors import OptionError
from spe1_builder.layout import PATCH_NAME, TEMPLATES_NAME

#: 0.5 ms: as in c27 and c42, whose grid convolution has no place around the patch spike.
LEAD = 15


def rewrite(path, **changed):
    with np.load(path) as file:
        arrays = dict(file) | changed
    path.unlink()  # it is a link
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def leading(built, tmp_path_factory):
    """The root of a cell whose patch spikes are written 0.5 ms late."""
    root = tmp_path_factory.mktemp("leading")
    shutil.copytree(built.folder, root / "c14", copy_function=os.link)
    with np.load(built.folder / TEMPLATES_NAME) as file:
        template_uV = file["templates"]
    rewrite(root / "c14" / TEMPLATES_NAME, templates=np.roll(template_uV, -LEAD, axis=1))
    with np.load(built.folder / PATCH_NAME) as file:
        times_s = file["spike_times_s"]
    rewrite(root / "c14" / PATCH_NAME, spike_times_s=times_s + LEAD / 30_000)
    return root


@pytest.fixture(scope="module")
def runs(built, leading):
    """By root and alignment."""
    return {
        (name, align): run_benchmark(
            root, ["c14"], BenchmarkOptions(align=align, with_spikes=True, methods=("GC", "PS"))
        )
        for name, root in (("plain", built.folder.parent), ("leading", leading))
        for align in ("patch", "trough")
    }


def estimates(result):
    return {(part.level, part.method): part.estimate_um for part in result.cells[0].scores}


def test_around_the_trough_the_late_spikes_do_not_matter(runs):
    plain, leading = (estimates(runs[name, "trough"]) for name in ("plain", "leading"))
    for key, place_um in plain.items():
        assert leading[key] == pytest.approx(place_um, abs=0.3), key
    late = estimates(runs["leading", "patch"])
    assert late["templates", "grid_convolution"] is None
    whole, spikes = (plain[level, "point_source"] for level in ("templates", "spikes"))
    assert late["templates", "point_source"] == pytest.approx(whole, abs=1e-6)  # the whole window
    assert late["spikes", "point_source"] != pytest.approx(spikes, abs=0.01)


def test_both_ways_are_in_every_result(runs, tmp_path):
    for name, lead in (("plain", 0), ("leading", LEAD)):
        for align in ("patch", "trough"):
            result = runs[name, align]
            assert result.parameters.align == align
            (cell,) = result.alignment
            assert cell.trough_ms == pytest.approx(-lead / 30, abs=0.05)
            of = {one.method: one for one in cell.methods}
            chosen = {method: getattr(one, f"{align}_um") for method, one in of.items()}
            for method, place_um in chosen.items():
                assert place_um == estimates(result)["templates", method]
    leading = runs["leading", "patch"]
    (table,) = [t for t in label_tables(leading, "") if "around their trough" in t.title]
    ((cell_id, trough_ms, method, at_spike, at_trough),) = table.rows
    assert (cell_id, method, at_spike) == ("c14", "GC", "-")
    assert float(trough_ms) == pytest.approx(-LEAD / 30, abs=0.05)
    assert at_trough.count(",") == 1 and "around the patch spike (--align)" in table.note
    write_benchmark(tmp_path / "b.json", leading)
    assert read_benchmark(tmp_path / "b.json") == leading


def test_the_trough_is_the_peak_channel_s(built, leading):
    for root, lead in ((built.folder.parent, 0), (leading, LEAD)):
        cell = read_cell(root, "c14")
        around = {align: Unit(cell, "corrected", root, 1, align) for align in ("patch", "trough")}
        channel = int(np.abs(cell.template_uV[:, around["patch"].channels]).max(axis=0).argmax())
        course_uV = cell.template_uV[:, around["patch"].channels[channel]]
        assert course_uV[around["trough"].spike_index] == course_uV.min()
        assert around["patch"].spike_index == cell.n_before
        assert abs(around["trough"].spike_index - (cell.n_before - lead)) <= 1


def test_another_alignment_is_an_error():
    with pytest.raises(OptionError, match="patch or trough"):
        BenchmarkOptions(align="peak")
