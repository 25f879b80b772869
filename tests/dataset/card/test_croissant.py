"""``croissant.json`` by the reader that its authors wrote, and as ``spe1 verify`` holds it."""

import csv
import hashlib
import json
import os
import shutil
from pathlib import Path

import mlcroissant
import pyarrow as pa
import pyarrow.parquet
import pytest
from datasets import load_dataset

from spe1_builder.constants import DATA_VERSION
from spe1_builder.dataset.card.card import TAGS, read_built_cells
from spe1_builder.dataset.card.configs import card_configs
from spe1_builder.dataset.card.croissant.document import croissant_text
from spe1_builder.dataset.card.croissant.statements import AUTHORS, rai_terms, sources_of
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.views import VIEWS
from spe1_builder.layout import RootLayout
from tests.support.project import PROJECT
from tests.support.verify import edit_json, found, replace

pytestmark = [
    # Third parties' own, under the reader.
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib.*"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index"),
]


@pytest.fixture
def root(two_cells, tmp_path) -> Path:
    root = tmp_path / "spe1"
    shutil.copytree(two_cells, root, copy_function=os.link)
    yield root
    shutil.rmtree(tmp_path)


def read(root: Path, **options) -> mlcroissant.Dataset:
    """Validated, and without one word against it."""
    dataset = mlcroissant.Dataset(str(root / "croissant.json"), **options)
    issues = dataset.metadata.ctx.issues
    assert not issues.errors and not issues.warnings
    return dataset


@pytest.mark.parametrize("repo_id", [None, "user/spe1"])
def test_it_is_valid(root, repo_id, caplog):
    write_card(root, repo_id=repo_id)
    metadata = read(root).metadata
    assert not caplog.records  # a context that is not the standard's is only logged
    assert metadata.ctx.is_v1_1() and metadata.ctx.is_live_dataset is False
    assert metadata.version == DATA_VERSION
    assert metadata.license == ["https://creativecommons.org/licenses/by-sa/4.0/"]
    assert "10.1101/370080" in metadata.cite_as and "10.6080/K0J67F4T" in metadata.cite_as
    assert [creator.name for creator in metadata.creators] == list(AUTHORS)
    names = ["cells", "spikes", "mini", "scraps", "c5", "c14"]
    assert [record_set.id for record_set in metadata.record_sets] == names
    wanted = "https://crcns.org/data-sets/methods/spe-1"
    assert metadata.url == (f"https://huggingface.co/datasets/{repo_id}" if repo_id else wanted)
    for term in ("data_collection", "data_limitations", "data_biases", "data_use_cases"):
        assert getattr(metadata, term)


def test_every_column_is_told_with_its_unit(two_cells):
    record_sets = {one.id: one for one in read(two_cells).metadata.record_sets}
    for view in VIEWS:
        fields = {field.name: field for field in record_sets[view.name].fields}
        assert list(fields) == [column.name for column in view.columns]
        for column in view.columns:
            said = fields[column.name].description
            assert column.meaning in said and (not column.unit or f"Unit: {column.unit}." in said)
            depth = column.kind.count("list<")
            assert fields[column.name].array_shape == (",".join(["-1"] * depth) or None)
    assert [field.name for field in record_sets["c14"].fields] == ["sample_id", "cp", "cit", "ctt"]


def test_files_are_those_that_are_there(two_cells):
    metadata = read(two_cells).metadata
    for file in metadata.file_objects:
        content = (two_cells / file.content_url).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
    assert {file.name for file in metadata.file_objects} == {
        "Data Summary.csv",
        "Data Summary.xlsx",
        "chanMap.mat",
    }
    matched = set()
    for files in metadata.file_sets:
        of_set = {path for pattern in files.includes for path in two_cells.glob(pattern)}
        assert of_set and not of_set & matched
        matched |= of_set
    assert matched == set(two_cells.rglob("data-*.arrow"))


def test_rows_are_read_from_what_the_hub_converts(root, tmp_path):
    """The reader, the Parquet files that datasets writes, and the rows of the view."""
    write_card(root, repo_id="user/spe1")
    converted = tmp_path / "converted"
    for name in ("cells", "spikes", "scraps"):
        loaded = load_dataset(str(root), name=name, cache_dir=str(tmp_path / "cache"))
        for split, rows in loaded.items():
            (converted / name / split).mkdir(parents=True)
            rows.to_parquet(converted / name / split / "0000.parquet")
    dataset = read(root, mapping={"repo-parquet": str(converted), "repo": str(root)})
    for name, n_rows, columns in (
        ("cells", 2, ("cell_id", "gt_y_um", "n_spikes")),
        ("scraps", 21, ("cell_id", "gt_channel")),
    ):
        records = list(dataset.records(name))
        assert len(records) == n_rows
        there = pa.concat_tables(
            pyarrow.parquet.read_table(path) for path in converted.glob(f"{name}/*/*.parquet")
        )
        for column in columns:
            got = [record[f"{name}/{column}"] for record in records]
            got = [value.decode() if isinstance(value, bytes) else value for value in got]
            assert got == there[column].to_pylist()


def test_nothing_is_said_that_the_cells_do_not_have(built):
    [cell] = read_built_cells(RootLayout(built.folder.parent))
    document = json.loads((built.folder.parent / "croissant.json").read_text(encoding="utf-8"))
    assert document["description"].startswith("Simulated data, not recordings,")
    assert "Experiments" not in document["rai:dataCollectionType"]
    assert "https://doi.org/10.6080/K0J67F4T" not in document["isBasedOn"]
    of_real = rai_terms(["recorded"])
    assert of_real["rai:dataCollectionType"] == ["Experiments", "Secondary Data Analysis"]
    assert "simulated" not in json.dumps(of_real)
    assert [source.url for source in sources_of(["recorded"])][:2] == [
        "https://doi.org/10.6080/K0J67F4T",
        "https://doi.org/10.1101/370080",
    ]
    # No day of its making, and the same again.
    configs = card_configs([cell.metadata], {})
    text = croissant_text([cell.metadata], configs, {}, TAGS)
    assert croissant_text([cell.metadata], configs, {}, TAGS) == text
    assert json.loads(text)["datePublished"] == "2018" and "dateModified" not in text


def test_authors_are_those_of_the_citation():
    text = (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
    for name in AUTHORS:
        assert name.split()[-1] in text


def test_the_cells_of_the_paper_are_as_said():
    from spe1_builder.cells import CELL_SETS, catalogue

    kinds = {catalogue()[cell_id].patch_type.release_name for cell_id in CELL_SETS["zhao"]}
    assert kinds == {"Juxta, VC"}
    sessions = [cell.session for cell in catalogue().values()]
    assert len(sessions) == 43 and len(set(sessions)) < 43


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        (lambda document: document.update(license="mine"), "not what these cells have"),
        (lambda document: document["distribution"].pop(), "not what these cells have"),
    ],
)
def test_verify_holds_it_to_the_cells(root, edit, fact):
    edit_json(root / "croissant.json", edit)
    [(where, what)] = found(root / "c14")
    assert where == "/croissant.json" and what.startswith(fact)
    write_card(root)
    assert verify(root).ok


def test_verify_of_a_root_without_it_and_of_nonsense(root):
    path = root / "croissant.json"
    path.unlink()
    assert [where for where, _ in found(root / "c14")] == ["/croissant.json"]
    replace(path, b"\xff\xfe")
    assert [where for where, _ in found(root / "c14")] == ["/croissant.json"]
    path.unlink()
    os.mkfifo(path)
    assert [where for where, _ in found(root / "c14")] == ["/croissant.json"]


def test_one_damage_is_one_finding(root):
    """It has the hash of the summary, whose damage is not told twice."""
    with (root / "Data Summary.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) > 1
    replace(root / "Data Summary.csv", b"cell\n")
    assert [where for where, _ in found(root / "c14")] == ["/Data Summary.csv"]
