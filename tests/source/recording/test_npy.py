"""Lists of spikes as Python 2 wrote them, and everything that is none."""

import contextlib
import io
import os
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spe1_builder.errors import RawDataError, SpikeIndexError
from spe1_builder.source.recording.npy import parse_npy, read_npy
from spe1_builder.source.simulation.released import python2_npy


def _saved(values, **kwargs) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(values), **kwargs)
    return buffer.getvalue()


#: Head of the release's c14_extracellular_spikes.npy.
C14_HEAD = (
    b"\x93NUMPY\x01\x00F\x00{'descr': '<i4', 'fortran_order': False, 'shape': (5428L,), }        \n"
)


def test_the_header_of_a_real_file():
    samples = np.arange(5428, dtype="<i4")
    content = C14_HEAD + samples.tobytes()
    assert python2_npy(samples) == content  # what the simulator writes is the same
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(parse_npy(content), samples)
        with pytest.raises(UserWarning, match="Python 2"):
            np.load(io.BytesIO(content))  # which is why it is read in another way


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize(
    "values",
    [
        np.arange(5),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype="u1").reshape(3, 2)),
        np.arange(3.0),
        np.array(7),
        np.array([], dtype="i8"),
        np.array(["a", "bc"]),
    ],
    ids=lambda values: f"{values.dtype}{values.shape}",
)
def test_every_array_reads_as_numpy_does(values, version):
    read = parse_npy(_saved(values, version=version))
    np.testing.assert_array_equal(read, values)
    assert read.dtype == values.dtype and read.shape == values.shape


def _with_header(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"\0" * 64


HOSTILE = {
    "deep": _with_header("{'descr': " + "[" * 20_000),
    "long": _with_header("{'descr': '<i4', 'fortran_order': False, 'shape': (" + "1," * 20_000),
    "many sizes": _with_header(
        "{'descr': '<i4', 'fortran_order': False, 'shape': (" + "1," * 100 + "), }"
    ),
    "digits": _with_header(
        "{'descr': '<i4', 'fortran_order': False, 'shape': (" + "9" * 500 + ",), }"
    ),
    "larger than it is": _with_header(
        "{'descr': '<i8', 'fortran_order': False, 'shape': (999999999999,), }"
    ),
    "no size": _with_header("{'descr': '<U0', 'fortran_order': False, 'shape': (16,), }"),
    "call": _with_header("{'descr': __import__('os'), 'fortran_order': False, 'shape': (), }"),
    "objects": _with_header("{'descr': '|O', 'fortran_order': False, 'shape': (8,), }"),
    "no type": _with_header("{'descr': '<q9', 'fortran_order': False, 'shape': (8,), }"),
    "newer": b"\x93NUMPY\x09\x00" + b"\0" * 64,
    "cut": _saved(np.arange(9))[:-1],
    "page": b"<html>please log in</html>",
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name):
    with pytest.raises(ValueError, match=r".+"):
        parse_npy(HOSTILE[name])


def test_the_file_is_looked_at_before_it_is_read(tmp_path):
    path = tmp_path / "spikes.npy"
    path.touch()
    os.truncate(path, 6_000_000_000)
    with pytest.raises(SpikeIndexError, match="far larger"):
        read_npy(path, 1000, "The list", SpikeIndexError)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RawDataError, match="no regular file"):
        read_npy(path, 1000, "The list")


@given(
    st.sampled_from([_saved(np.arange(5)), C14_HEAD + bytes(4 * 5428)]),
    st.lists(st.tuples(st.integers(0, 150), st.binary(min_size=1, max_size=9)), max_size=4),
    st.integers(0, 300),
)
def test_mangled_files_raise_value_errors_only(content, edits, length):
    mangled = bytearray(content)
    for at, data in edits:
        mangled[at : at + len(data)] = data
    with contextlib.suppress(ValueError):  # the one error that it may raise
        assert isinstance(parse_npy(bytes(mangled[:length])), np.ndarray)
