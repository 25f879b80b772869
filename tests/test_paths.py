"""Places as people write them: one helper, and every function and option goes through it."""

from pathlib import Path

import pytest

import spe1
from spe1_builder.errors import OptionError
from spe1_builder.paths import local_path


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("spe1", "spe1"),
        (".", "."),
        ("./spe1/", "spe1"),
        ("/data/spe 1", "/data/spe 1"),
        ("données/µ", "données/µ"),
        ("a::b", "a::b"),
        ("a[1]", "a[1]"),
        ("c:/x", "c:/x"),
        ("not~home", "not~home"),
        ("$HOME", "$HOME"),
        (Path("a/../b"), "a/../b"),
    ],
)
def test_characters_mean_themselves(value, expected):
    assert local_path(value, "root") == Path(expected)


def test_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_path("~/ds", "root") == tmp_path / "ds" == local_path(Path("~/ds"), "root")
    assert local_path("~", "root") == tmp_path


def test_links_stay(tmp_path):
    (tmp_path / "link").symlink_to("elsewhere")
    assert local_path(tmp_path / "link", "root") == tmp_path / "link"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("s3://bucket/spe1", "upload it"),
        (Path("s3://bucket/spe1"), "s3://bucket/spe1"),
        ("hf://datasets/me/spe1", "elsewhere"),
        ("https://example.org/x", "elsewhere"),
        ("file:///data/spe1", "leave file:// out"),
        ("", "empty"),
        ("  ", "empty"),
        ("a\0b", "no path can have"),
        ("~nobody-of-that-name/x", "home folder"),
    ],
)
def test_what_is_refused(value, words):
    with pytest.raises(OptionError) as caught:
        local_path(value, "root")
    assert words in str(caught.value) and "do:" in str(caught.value)


def test_python_entries(tmp_path, monkeypatch):
    """Nothing is made in a folder that is named like a remote place."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match="root is a place elsewhere"):
        spe1.build("c14", raw_dir=".raw", root="s3://bucket/spe1")
    with pytest.raises(OptionError, match="raw_dir is a place elsewhere"):
        spe1.build("c14", raw_dir="gs://bucket/raw", root="spe1")
    with pytest.raises(OptionError, match="root is a place elsewhere"):
        spe1.Spe1(config_name="c14", raw_dir=".raw", root="s3://bucket/spe1")
    assert list(tmp_path.iterdir()) == []


def test_a_build_in_the_home_folder(archive, tmp_path, monkeypatch):
    from tests.support.recordings import SMALL

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "raw é").symlink_to(archive.raw_dir)
    folder = spe1.build("c14", raw_dir="~/raw é", root="~/my data/spe1", **SMALL.as_dict())
    assert folder == tmp_path / "my data/spe1/c14"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my data", "raw é"]
