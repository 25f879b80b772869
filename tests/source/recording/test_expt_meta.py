"""The description that Python 2 wrote."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spe1_builder.errors import RawDataError
from spe1_builder.source.recording.expt_meta import read_meta_shapes

SAMPLES = st.integers(1, 10**12)
#: The folder is the same for all examples; each writes its own file anew.
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_real_file_of_c45(tmp_path):
    path = tmp_path / "c45_expt_meta.csv"
    path.write_text("npx,patch\n\"[(384L, 24301033L), 'int16']\",\"[40521060, 'float64']\"\n")
    assert read_meta_shapes(path) == ((384, 24301033), (40521060,))


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
