"""A cell of hostile files is a line that says so; the healthy one beside it is scored."""

import json

import pytest

from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.errors import OutputError
from spe1_builder.layout import METADATA_NAME, PATCH_NAME, TEMPLATES_NAME
from tests.support.hostile import METADATA, NPZ, PATCH

#: The quickest method: what is tested is the reading.
QUICK = BenchmarkOptions(methods=("COM",))


def damaged_beside_good(sidecars, name, damage, options=QUICK):
    root = sidecars("c14")
    sidecars("c26")
    damage(root / "c14" / name)
    bad, good = run_benchmark(root, ["c14", "c26"], options).cells
    assert good.problem is None and len(good.scores) >= 3
    return bad


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("how", NPZ)
def test_templates(sidecars, how, capsys):
    bad = damaged_beside_good(sidecars, TEMPLATES_NAME, NPZ[how])
    assert bad.problem is not None and not bad.scores
    # Foreseen, with the file's name; not merely caught.
    assert "cannot be used" not in bad.problem and "\n" not in bad.problem
    assert len(bad.problem) < 400 and "unpickled" not in capsys.readouterr().out


@pytest.mark.parametrize("how", METADATA)
def test_metadata(sidecars, how):
    bad = damaged_beside_good(sidecars, METADATA_NAME, METADATA[how])
    assert bad.problem is not None and not bad.scores
    assert METADATA_NAME in bad.problem or "electrode" in bad.problem
    assert len(bad.problem) < 700


@pytest.mark.parametrize("how", PATCH)
def test_spikes(sidecars, archive, how, capsys):
    """The templates are whole and stay; the spikes are a note."""
    options = BenchmarkOptions(methods=("COM",), with_spikes=True, raw_dir=archive.raw_dir)
    bad = damaged_beside_good(sidecars, PATCH_NAME, PATCH[how], options)
    assert bad.problem is None and {part.level for part in bad.scores} == {"templates"}
    (note,) = bad.notes
    assert note.startswith("corrected, spikes: ") and PATCH_NAME in note
    assert "unpickled" not in capsys.readouterr().out


def test_an_error_that_nobody_foresaw(sidecars, monkeypatch):
    from spe1_builder.benchmark.localization import evaluate

    real = evaluate.read_cell

    def read_cell(root, cell_id):
        if cell_id == "c14":
            raise ZeroDivisionError("a bug")
        return real(root, cell_id)

    monkeypatch.setattr(evaluate, "read_cell", read_cell)
    bad = damaged_beside_good(sidecars, PATCH_NAME, lambda path: None)
    assert bad.problem == ("The files of c14 cannot be used. Got ZeroDivisionError: a bug.")


@pytest.mark.parametrize(("n_rebuilds", "n_tries"), [(0, 1), (1, 2), (5, 2)])
def test_a_cell_that_is_rebuilt_meanwhile(sidecars, monkeypatch, n_rebuilds, n_tries):
    """Scored once more from what is there then; if that goes too, it has no number."""
    from spe1_builder.benchmark.localization import evaluate

    root, tries = sidecars("c14"), []
    path = root / "c14" / METADATA_NAME
    real = evaluate.read_cell

    def read_cell(*args):
        found = real(*args)
        tries.append(found)
        if len(tries) <= n_rebuilds:  # another build's metadata, right after ours were read
            values = json.loads(path.read_text())
            values["provenance"]["fingerprint"] = f"{len(tries):064x}"
            path.write_text(json.dumps(values))
        return found

    monkeypatch.setattr(evaluate, "read_cell", read_cell)
    if n_rebuilds < 2:
        (cell,) = run_benchmark(root, ["c14"], QUICK).cells
        assert cell.problem is None
        assert cell.fingerprint == json.loads(path.read_text())["provenance"]["fingerprint"]
    else:
        with pytest.raises(OutputError, match="Not one cell") as caught:
            run_benchmark(root, ["c14"], QUICK)
        assert "c14 was rebuilt while it was scored, 2 times" in str(caught.value)
    assert len(tries) == n_tries
