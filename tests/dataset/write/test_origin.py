"""What a cell was made from is said wherever it is shown: recorded, semi-real or simulated."""

import json
import shutil

import pytest

import spe1
from spe1_builder.dataset.metadata import ConversionMetadata, Provenance, read_model
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import RawDataError
from spe1_builder.layout import METADATA_NAME
from spe1_builder.source.simulation.archive import simulate
from spe1_builder.source.simulation.options import SEMI_REAL
from spe1_builder.source.simulation.truth import origin_of
from tests.support.command import run_spe1
from tests.support.recordings import SMALL, Archive


@pytest.fixture(scope="module")
def semi_real(tmp_path_factory):
    """A root with c26, semi-real, and its archive."""
    folder = tmp_path_factory.mktemp("origin")
    [truth] = simulate(folder / "raw", "c26", SEMI_REAL, duration_s=2.2).truths
    archive = Archive(folder / "raw", truth)
    yield archive, build_cell("c26", archive.sources, folder / "spe1", SMALL).folder
    shutil.rmtree(folder)


def test_metadata_card_and_view_say_it(semi_real):
    _, folder = semi_real
    metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    assert (metadata.provenance.origin, metadata.provenance.simulated) == ("semi-real", True)
    assert "semi-real" in metadata.source_metadata.spike_source
    # Its label is the release's, and worth as much; its peak is where the real one is.
    assert metadata.ground_truth_label is not None
    assert metadata.ground_truth_label.place_um == 2620.0
    card = (folder.parent / "README.md").read_text(encoding="utf-8")
    assert "c26 (semi-real)" in card and "neither simulated nor recorded" in card
    assert "Simulated data" not in card
    [row] = [row for row in spe1.cells(folder.parent).to_pylist() if row["cell_id"] == "c26"]
    assert (row["origin"], row["is_simulated"]) == ("semi-real", True)
    assert verify(folder.parent).ok


def test_pages_and_tables_say_it(semi_real):
    archive, folder = semi_real
    text = " ".join(str(spe1.info("c26", folder.parent)).split())
    said = (
        "real footprint and spike train, put into generated noise; neither simulated nor recorded"
    )
    assert f"c26, semi-real: {said}" in text
    places = ("--root", str(folder.parent), "--raw-dir", str(archive.raw_dir))
    done = run_spe1("cells", *places)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("c26 ")]
    assert line.endswith("raw built (semi-real)") and "1 of them semi-real" in done.stdout
    for opened in (
        spe1.open_recording("c26", root=folder.parent),
        spe1.open_ground_truth("c26", root=folder.parent),
        spe1.open_patch("c26", root=folder.parent).recording,
        spe1.open_raw("c26", raw_dir=archive.raw_dir),
    ):
        assert opened.get_annotation("origin") == "semi-real"
        assert opened.get_annotation("simulated") is True


def test_the_benchmark_says_it(semi_real):
    _, folder = semi_real
    result = spe1.benchmark("localization", root=folder.parent, cells="c26")
    assert result.cells[0].origin == "semi-real" and result.provenance.simulated
    assert "neither simulated nor recorded" in result.provenance.label
    assert "1 cell (semi-real)" in repr(result)


@pytest.mark.parametrize("name", ["c14_npx_raw.bin", "c14_patch_ch1.bin"])
def test_another_stream_in_a_simulated_archive_is_not_taken_for_a_recording(
    copied_archive, tmp_path, name
):
    """Of the same size, so that nothing else would tell."""
    path = copied_archive.raw_dir / "Recordings/c14" / name
    data = bytearray(path.read_bytes())
    data[:8] = data[8:16]
    path.unlink()
    path.write_bytes(data)
    with pytest.raises(RawDataError, match="not the one whose truth lies beside it") as caught:
        build_cell("c14", copied_archive.sources, tmp_path / "spe1", SMALL)
    assert (
        str(caught.value.where).endswith("truth/c14.json")
        and "move its truth away" in caught.value.do
    )
    copied_archive.forget_truth()
    assert origin_of(copied_archive.raw_dir, "c14") == "recorded"
    assert origin_of(copied_archive.raw_dir, "c5") == "simulated"


def test_an_older_truth_and_older_metadata_are_of_simulated_cells(copied_archive, built):
    path = copied_archive.raw_dir / "truth/c14.json"
    facts = json.loads(path.read_text())
    for name in ("noise", "semi_real"):
        del facts["options"][name]
    path.unlink()
    path.write_text(json.dumps(facts))
    assert origin_of(copied_archive.raw_dir, "c14") == "simulated"
    assert spe1.simulate(copied_archive.raw_dir, "c14", copied_archive.truth.options).up_to_date
    values = read_model(built.folder / METADATA_NAME, ConversionMetadata).provenance.model_dump()
    assert values.pop("origin") == "simulated"
    assert Provenance.model_validate(values).kind == "simulated"
    with pytest.raises(ValueError, match="simulated is not what origin says"):
        Provenance.model_validate(values | {"origin": "recorded"})
