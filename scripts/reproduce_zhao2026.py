"""Zhao et al. 2026 on built cells, with the flags of the public dataset's script and more.

The same as ``spe1 benchmark localization``, for those who look for the script.
"""

from __future__ import annotations

import sys
from pathlib import Path

# In a checkout that is not installed, the package is beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.cli.app import main

if __name__ == "__main__":
    sys.argv[1:1] = ["benchmark", "localization"]
    main()
