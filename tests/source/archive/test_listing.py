"""The archive's two lists, as they may be written."""

import hashlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spe1_builder.errors import ListingError
from spe1_builder.source.archive.server.limits import decode_list, parse_size, read_list, token
from spe1_builder.source.archive.server.listing import (
    ListedFile,
    parse_checksums,
    parse_filelist,
)
from tests.support.release import make_listing

FILELIST = """\
# mode='default'
# Files of spe-1

./data/chanMap.mat 1834 (1.8 KB)
+./data/Data Summary.xlsx 51981 (50.8 KB)
./data/c1.tar.gz 10
data/c14.tar.gz\t20 (20 B)\r
./docs/Data Summary 2 30 (30 B)
"""
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/\\"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", "..") and name[0] not in "#+*")
paths = st.lists(st.lists(names, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4)


def test_as_crcns_writes_it():
    assert parse_filelist(FILELIST, "x") == {
        "data/chanMap.mat": 1834,
        "data/Data Summary.xlsx": 51981,
        "data/c1.tar.gz": 10,
        "data/c14.tar.gz": 20,
        "docs/Data Summary 2": 30,
    }


@given(st.dictionaries(paths.map("/".join), st.integers(0, 10**12), min_size=1))
def test_lists_survive_the_round_trip(sizes):
    """What md5sum and CRCNS's list write of any files is read back."""
    filelist = "".join(f"./{path} {size} ({size / 1e3:.1f} KB)\n" for path, size in sizes.items())
    md5 = {path: hashlib.md5(path.encode()).hexdigest() for path in sizes}
    sums = "".join(f"{value} *./{path}\n" for path, value in md5.items())
    listing = make_listing(filelist, sums)
    assert listing.files == tuple(ListedFile(path, sizes[path], md5[path]) for path in sizes)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    for parse in (parse_filelist, parse_checksums):
        try:
            found = parse(text, "here")
        except ListingError as error:
            assert error.do and error.where and error.where.startswith("here")
        else:
            assert all(".." not in path.split("/") for path in found)


@pytest.mark.parametrize(
    "line",
    ["<html><body>", "c1.tar.gz", "../c1.tar.gz 3", "/etc/passwd 3", "a/../../b 3", "+", "+ (3 B)"],
)
def test_lines_that_are_refused(line):
    with pytest.raises(ListingError, match="cannot be read") as caught:
        parse_filelist(f"# ok\na 1\n{line}\n", "filelist.txt")
    assert caught.value.where == "filelist.txt, line 3"


SECONDS = 0.5


@pytest.mark.parametrize(
    "line",
    [
        "c1" + " " * 20_000 + "x",
        " " * 200_000 + "x 1",
        "(" * 20_000,
        "a 1 " + "(" * 20_000 + ")",
        "c1.tar.gz " + "9" * 5000,
        "c1.tar.gz 9999999999999999",
        "c1.tar.gz -5",
        "c1.tar.gz ٣",
        "a/" * 20_000 + "b 1",
        "c1.tar.gz 5 (5 B) 6 (",
    ],
    ids=lambda line: line[:8],
)
def test_lines_beyond_belief(line):
    """Refused as they stand, at once, and shown in short."""
    begun_s = time.process_time()
    for parse in (parse_filelist, parse_checksums):
        with pytest.raises(ListingError, match="cannot be read") as caught:
            parse(f"# ok\n{line}\n", "a list")
        assert caught.value.where == "a list, line 2" and len(str(caught.value)) < 800
    assert time.process_time() - begun_s < SECONDS


def test_a_long_list_is_read_in_time():
    text = "".join(f"./data/{i:05}.bin {i} ({i} B)\n" for i in range(20_000))
    begun_s = time.process_time()
    assert len(parse_filelist(text, "x")) == 20_000
    assert time.process_time() - begun_s < 4 * SECONDS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(encoding, tmp_path):
    text = "c14.tar.gz 20\nµ.bin 3\n"
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    data = mark + text.encode(encoding)
    (tmp_path / "filelist.txt").write_bytes(data)
    for read in (decode_list(data), read_list(tmp_path / "filelist.txt")):
        assert parse_filelist(read, "x") == {"c14.tar.gz": 20, "µ.bin": 3}


def test_lists_that_are_none(tmp_path):
    path = tmp_path / "filelist.txt"
    with path.open("wb") as file:
        file.truncate(10**10)
    with pytest.raises(ListingError, match="too long"):
        read_list(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ListingError, match="too long"):
        read_list(path)


def test_numbers_and_tokens():
    assert [parse_size(text) for text in ("0", " 12 ", "0" * 99 + "7")] == [0, 12, 7]
    for text in (None, "", "-1", "1.5", "9" * 16, "9" * 5000, "²", "٣", "1e3", "0x1"):
        assert parse_size(text) is None
    assert token('W/"a b"') == 'W/"a b"' and token("Tue, 06 Nov 2018 10:00:00 GMT")
    for text in (None, "", "a\r\n b", "x" * 301, "é", " a", "\x1b"):
        assert token(text) is None


def test_checksums_of_a_mac_and_with_another_prefix():
    text = f"MD5 (spe-1/data/c14.tar.gz) = {'A' * 32}\n{'b' * 32}  spe-1/data/chanMap.mat\n"
    listing = make_listing(FILELIST, text)
    assert listing.cell("c14").packed == ListedFile("data/c14.tar.gz", 20, "a" * 32)
    assert listing.shared_file("chanMap.mat").md5 == "b" * 32
    assert listing.cell("c1").packed.md5 is None


def test_finding():
    listing = make_listing(FILELIST)
    assert listing.shared_file("Data Summary.xlsx").path == "data/Data Summary.xlsx"
    assert make_listing("d/Data_Summary.xlsx 5").shared_file("Data Summary.xlsx").size == 5
    # A name in the top folder goes before a copy of it deeper down.
    twice = make_listing("chanMap.mat 1\nold/chanMap.mat 2")
    assert twice.shared_file("chanMap.mat").size == 1
    loose = make_listing("R/c14/c14_npx_raw.bin 1\nR/c14/patch_ch1.bin 2\nR/c1/n.bin 3")
    assert [file.size for file in loose.cell("c14").loose] == [1, 2]
    assert loose.cell("c14").n_bytes == 3
    copies = "".join(f"{top}/c14/c14_npx_raw.bin 1\n" for top in ("a", "b/old"))
    assert len(make_listing(copies).cell("c14").loose) == 1
    with pytest.raises(ListingError, match="lists several c14"):
        make_listing(copies.replace("b/old", "b")).cell("c14")


@pytest.mark.parametrize(
    ("text", "match"),
    [("a/c14.tar.gz 1\nb/c14.tar.gz 1", "lists several"), ("c140.tar.gz 1", "lists no 'c14.tar")],
)
def test_not_exactly_one(text, match):
    with pytest.raises(ListingError, match=match) as caught:
        make_listing(text).cell("c14")
    assert "tar.gz" in caught.value.got and caught.value.do


def test_an_empty_list():
    with pytest.raises(ListingError, match="lists no file"):
        parse_filelist("# nothing\n", "x")
