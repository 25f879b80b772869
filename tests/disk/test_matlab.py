"""Numeric arrays of MATLAB files: as scipy reads them, and nothing else is followed."""

import contextlib
import io
import struct

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from spe1_builder.disk.matlab import OtherArray, read_numeric_arrays
from tests.support.matlab import nested_cells


def _saved(fields, compress=False) -> bytes:
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, fields, do_compression=compress)
    return buffer.getvalue()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "bool"]
)
def test_every_numeric_class_reads_as_scipy_does(dtype, compress):
    values = np.arange(6).reshape(3, 2).astype(dtype)
    content = _saved({"a": values, "name": "text", "b": np.array([2.5])}, compress)
    arrays, found = read_numeric_arrays(content, ("a", "b"))
    expected = scipy.io.loadmat(io.BytesIO(content))
    assert found == ["a", "name", "b"]
    for name in ("a", "b"):
        np.testing.assert_array_equal(arrays[name], expected[name].ravel(order="F"))
        assert arrays[name].dtype == expected[name].dtype


def test_what_is_no_number_is_named_and_not_followed():
    cells = np.empty(2, dtype=object)
    cells[:] = [np.arange(3), "x"]
    content = _saved({"a": cells, "b": {"c": 1}, "d": "text", "e": np.array([1j]), "f": 3.0})
    arrays, _ = read_numeric_arrays(content, "abcdef")
    kinds = {name: array.kind for name, array in arrays.items() if isinstance(array, OtherArray)}
    assert kinds == {"a": "cell", "b": "struct", "d": "text", "e": "complex"}
    np.testing.assert_array_equal(arrays["f"], [3.0])


def test_nested_cells_do_not_end_the_process():
    """scipy's reader does, on the second of these."""
    arrays, found = read_numeric_arrays(nested_cells("xcoords", 15_000), ("xcoords",))
    assert found == ["xcoords"]
    assert arrays["xcoords"] == OtherArray("cell")
    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        read_numeric_arrays(nested_cells("xcoords", 200_000, compress=True), ("xcoords",))


def test_a_bomb_is_not_unpacked():
    content = _saved({"a": np.zeros(20_000_000)}, compress=True)
    assert len(content) < 200_000
    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        read_numeric_arrays(content, ("a",))


def test_the_newer_form_says_what_to_do():
    with pytest.raises(ValueError, match=r"7\.3 .*-v7"):
        read_numeric_arrays(b" " * 512 + b"\x89HDF\r\n\x1a\n", ())


def test_a_size_that_lies_is_refused():
    content = bytearray(_saved({"a": np.zeros(384)}))
    struct.pack_into("<I", content, 128 + 4, 2**31)  # the tag of the array
    with pytest.raises(ValueError, match="ends within"):
        read_numeric_arrays(bytes(content), ("a",))


PLAIN = _saved({"a": np.arange(5.0), "b": "text"})
PACKED = _saved({"a": np.arange(5.0), "b": "text"}, compress=True)


@given(
    st.sampled_from([PLAIN, PACKED]),
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=6)), max_size=4),
    st.integers(0, 500),
)
def test_mangled_files_raise_value_errors_only(content, edits, length):
    mangled = bytearray(content)
    for at, data in edits:
        mangled[at : at + len(data)] = data
    with contextlib.suppress(ValueError):  # the one error that it may raise
        read_numeric_arrays(bytes(mangled[:length]), ("a", "b"))
