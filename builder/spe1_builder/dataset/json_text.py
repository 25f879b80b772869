"""Valid JSON, in one form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def json_text(value: Any) -> str:
    """A value as JSON: NaN and infinity are an error, not a file nobody can read."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON."""
    path.write_text(json_text(value), encoding="utf-8")
