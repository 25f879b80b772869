"""The description that Python 2 wrote."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spe1_builder.errors import RawDataError
from spe1_builder.source.recording.expt_meta import read_meta_shapes

SAMPLES = st.integers(1, 10**12)
#: The folder is the same for all examples; each writes its own file anew.
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
PLAIN = "npx,patch\n\"[(384L, 24301033L), 'int16']\",\"[40521060, 'float64']\"\n"
#: The file of c45, as editors, spreadsheets and scripts leave it.
FORMS = {
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "semicolons": PLAIN.replace("npx,patch", "npx;patch").replace('","', '";"').encode(),
    "semicolons, no quotes": b"npx;patch\n[(384L, 24301033L), 'int16'];[40521060, 'float64']\n",
    "commas, no quotes": b"npx,patch\n[(384L, 24301033L), 'int16'],[40521060, 'float64']\n",
    "tabs": b"npx\tpatch\n[(384, 24301033), 'int16']\t[40521060, 'float64']\n",
    "numpy 2": b"npx,patch\n\"[(np.int64(384), np.int64(24301033)), 'int16']\","
    b"\"[np.int64(40521060), 'float64']\"\n",
    "numpy, L": b"npx,patch\n\"[(numpy.int64(384L), 24301033L), 'int16']\",\"[40521060L, 'f8']\"",
    "index column": b",npx,patch\n0,\"[(384L, 24301033L), 'int16']\",\"[40521060, 'float64']\"\n",
    "spaces, empty lines": b"\nnpx, patch\r\n\r\n\"[(384L, 24301033L), 'int16']\", "
    b"\"[40521060, 'float64']\"\r\n\r\n",
    "columns exchanged": b"patch,npx\n\"[40521060, 'float64']\",\"[(384, 24301033), 'int16']\"\n",
}
HOSTILE = {
    "deep": b"npx,patch\n" + b"[" * 5000 + b",1\n",
    "digits": b"npx,patch\n" + b"9" * 5000 + b",1\n",
    "wide": b'npx,patch\n"' + b"1," * 3000 + b'",1\n',
    "nothing": b"",
    "nul": b"npx,patch\n\0,\0\n",
    "call": b"npx,patch\n__import__('os').getpid(),1\n",
    "quote": b'npx,patch\n"[(384, 1',
}


def test_the_real_file_of_c45(tmp_path):
    path = tmp_path / "c45_expt_meta.csv"
    path.write_text(PLAIN)
    assert read_meta_shapes(path) == ((384, 24301033), (40521060,))


@pytest.mark.parametrize("form", FORMS)
def test_what_becomes_of_it_reads_the_same(tmp_path, form):
    path = tmp_path / "expt_meta.csv"
    path.write_bytes(FORMS[form])
    assert read_meta_shapes(path) == ((384, 24301033), (40521060,))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_one_clear_error(tmp_path, name):
    path = tmp_path / "expt_meta.csv"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(RawDataError, match="description of the recording cannot be read") as caught:
        read_meta_shapes(path)
    assert len(str(caught.value)) < 1000


def test_it_is_looked_at_before_it_is_read(tmp_path):
    path = tmp_path / "expt_meta.csv"
    path.touch()
    os.truncate(path, 6_000_000_000)
    with pytest.raises(RawDataError, match="far larger"):
        read_meta_shapes(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RawDataError, match="no regular file"):
        read_meta_shapes(path)


@SAME_FOLDER
@given(SAMPLES, SAMPLES, st.sampled_from(["", "L"]), st.sampled_from(["\n", "\r\n"]))
def test_every_form_of_the_numbers(tmp_path, n_npx, n_patch, suffix, end):
    path = tmp_path / "expt_meta.csv"
    row = f"\"[(384{suffix}, {n_npx}{suffix}), 'int16']\",\"[({n_patch}{suffix},), 'float64']\""
    path.write_bytes(f"npx,patch{end}{row}{end}".encode())
    assert read_meta_shapes(path) == ((384, n_npx), (n_patch,))


@SAME_FOLDER
@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda t: f"npx,patch\n{t}".encode()))
def test_anything_else_is_one_clear_error(tmp_path, data):
    path = tmp_path / "expt_meta.csv"
    path.write_bytes(data)
    with pytest.raises(RawDataError, match="description of the recording cannot be read"):
        read_meta_shapes(path)


@SAME_FOLDER
@given(
    st.sampled_from(list(FORMS.values())),
    st.lists(st.tuples(st.integers(0, 100), st.binary(min_size=1, max_size=9)), max_size=3),
)
def test_mangled_files_raise_our_error_only(tmp_path, content, edits):
    path, mangled = tmp_path / "expt_meta.csv", bytearray(content)
    for at, data in edits:
        mangled[at : at + len(data)] = data
    path.write_bytes(mangled)
    try:
        for shape in read_meta_shapes(path):
            assert all(size > 0 for size in shape)
    except RawDataError as error:
        assert error.do
