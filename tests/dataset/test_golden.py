"""The bytes of a built cell do not change unnoticed: freshness rests on `DATA_VERSION`."""

import json

from spe1_builder.constants import DATA_VERSION
from tests.support.golden import GOLDEN, hashes, judge


def test_the_bytes_are_those_recorded(built):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    problem = judge(golden, hashes(built.folder), DATA_VERSION)
    assert problem is None, problem


def test_a_changed_byte_asks_for_a_new_version():
    golden = {"data_version": "1.0.0", "versions": {}, "files": {"a": "1", "b": "2"}}
    assert judge(golden, {"a": "1", "b": "2"}, "1.0.0") is None
    for found in ({"a": "1", "b": "3"}, {"a": "1"}, {"a": "1", "b": "2", "c": "4"}):
        assert "raise DATA_VERSION" in judge(golden, found, "1.0.0")


def test_a_new_version_asks_for_a_new_record():
    golden = {"data_version": "1.0.0", "versions": {}, "files": {"a": "1"}}
    assert "make golden" in judge(golden, {"a": "1"}, "1.1.0")
