"""What a built cell says of its label: of a real one the audit, of a simulated one nothing."""

import os
import shutil

import pytest

from spe1_builder.cells import get_cell
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.layout import METADATA_NAME
from tests.support.older import make_older
from tests.support.recordings import SMALL
from tests.support.verify import edit_metadata, found


@pytest.fixture(scope="module")
def recorded(archive, tmp_path_factory):
    """c14 of an archive without its truth, which is taken for a real one."""
    folder = tmp_path_factory.mktemp("recorded")
    sources = shutil.copytree(archive.raw_dir, folder / "raw", copy_function=os.link)
    (sources / "truth/c14.json").unlink()
    moved = type(archive)(sources, archive.truth)
    yield build_cell("c14", moved.sources, folder / "spe1", SMALL).folder
    shutil.rmtree(folder)


@pytest.fixture
def real_cell(recorded, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(recorded.parent, root)
    return root / "c14"


def test_the_metadata_have_the_audit(recorded):
    metadata = read_model(recorded / METADATA_NAME, ConversionMetadata)
    label, audit = metadata.ground_truth_label, get_cell("c14").label
    assert metadata.provenance.simulated is False
    assert (label.place_um, label.rule, label.session) == (1600.0, "lower", 5)
    assert label.place_um == metadata.unit_locations_um["0"][1]
    assert label.soma_foot_um == label.place_um + audit.soma_foot_offset_um
    assert label.soma_foot_range_um == list(audit.soma_foot_range_um)
    assert (label.residual_um, label.step_um) == (audit.residual_um, audit.step_um)
    assert verify(recorded.parent).ok
    assert "ground_truth_label" in (recorded.parent / "README.md").read_text(encoding="utf-8")


def test_a_simulated_cell_has_none(built):
    metadata = read_model(built.folder / METADATA_NAME, ConversionMetadata)
    assert metadata.ground_truth_label is None
    assert "ground_truth_label" in metadata.model_fields_set


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        (lambda label: label.update(residual_um=0.0), "ground_truth_label"),
        (lambda label: label.update(rule="tip"), "ground_truth_label"),
        (lambda label: label.update(soma_foot_range_um=[0.0, 1.0]), "conversion_metadata.json is"),
        (lambda label: label.update(rule="upper"), "conversion_metadata.json is"),
    ],
)
def test_a_changed_label_is_found(real_cell, edit, fact):
    edit_metadata(real_cell, lambda document: edit(document["ground_truth_label"]))
    ((where, told),) = found(real_cell)
    assert where == METADATA_NAME and told.startswith(fact)


def test_a_real_cell_without_a_label_is_found(real_cell):
    edit_metadata(real_cell, lambda document: document.update(ground_truth_label=None))
    assert found(real_cell) == [(METADATA_NAME, "ground_truth_label")]


def test_a_cell_of_an_older_version_has_no_such_key(real_cell):
    make_older(real_cell, "1.2.0")
    metadata = read_model(real_cell / METADATA_NAME, ConversionMetadata)
    assert metadata.ground_truth_label is None
    text = (real_cell / METADATA_NAME).read_text(encoding="utf-8")
    assert "ground_truth_label" not in text and metadata.sealed_text() == text
    assert [fact for _, fact in found(real_cell) if "label" in fact or "seal" in fact] == []
