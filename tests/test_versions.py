"""Versions of what is installed, and nothing of what is not."""

import numpy as np

from spe1_builder.versions import installed_versions


def test_only_what_is_installed():
    assert installed_versions(["numpy", "no-such-package-at-all"]) == {"numpy": np.__version__}
