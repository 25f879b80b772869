"""Make ``builder/spe1_builder/cells.csv`` from the release's ``Data Summary.xlsx``.

Usage: python scripts/make_cells_csv.py "Data Summary.xlsx" builder/spe1_builder/cells.csv

Run again only if the release changes its summary; the CSV is what the package
reads. Column names gain their unit, values stay as the release has them.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

# In a checkout that is not installed, the package is beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.source.recording.summary import SUMMARY_COLUMNS, read_summary


def main(source: Path, target: Path) -> None:
    rows = read_summary(source).table
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SUMMARY_COLUMNS.values())
        for row in rows:
            writer.writerow([_text(row[name]) for name in SUMMARY_COLUMNS])
    print(f"{target}: {len(rows)} cells")


def _text(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "date"):
        return value.date().isoformat()
    return str(value)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
