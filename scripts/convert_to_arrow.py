"""Raw SPE-1 to Arrow, with the flags of the public dataset's converter.

A thin wrapper over ``spe1 build``, for those who have scripts that call it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# In a checkout that is not installed, the package is beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.cells import ZHAO_CELLS
from spe1_builder.cli.build import build_cells
from spe1_builder.cli.console import STOPPED, print_error, print_stopped
from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import CHAN_MAP_NAME, SUMMARY_NAME


def make_parser() -> argparse.ArgumentParser:
    """The flags of the public converter, with its defaults."""
    defaults = BuildOptions()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the Recordings/ folder")
    parser.add_argument("--chan-map", type=Path, help="default: DATA_DIR/../chanMap.mat")
    parser.add_argument("--summary", type=Path, help="default: DATA_DIR/../Data Summary.xlsx")
    parser.add_argument("--output", type=Path, required=True, help="dataset root")
    parser.add_argument("--cells", nargs="+", default=list(ZHAO_CELLS), help="default: all 11")
    parser.add_argument("--duration", type=float, default=defaults.duration_s, help="seconds")
    parser.add_argument("--segment-duration", type=float, default=defaults.segment_duration_s)
    parser.add_argument("--train-fraction", type=float, default=defaults.train_fraction)
    parser.add_argument("--ms-before", type=float, default=defaults.ms_before)
    parser.add_argument("--ms-after", type=float, default=defaults.ms_after)
    parser.add_argument(
        "--no-skip-existing",
        action="store_true",
        help="build every cell anew; without it, a cell that is up to date is skipped and "
        "one that differs is an error",
    )
    return parser


def main() -> int:
    args = make_parser().parse_args()
    # The parent by name: --data-dir may be a link to where the recordings lie.
    archive = Path(os.path.abspath(args.data_dir)).parent  # noqa: PTH100
    summaries = [archive / SUMMARY_NAME, archive / "Data_Summary.xlsx"]
    summary = args.summary or next((path for path in summaries if path.is_file()), summaries[0])
    try:
        options = BuildOptions(
            duration_s=args.duration,
            segment_duration_s=args.segment_duration,
            train_fraction=args.train_fraction,
            ms_before=args.ms_before,
            ms_after=args.ms_after,
        )
        sources = Sources(
            raw_dir=archive,
            chan_map=args.chan_map or archive / CHAN_MAP_NAME,
            summary=summary,
            recordings=args.data_dir,
        )
        return build_cells(
            args.cells,
            sources,
            args.output,
            options,
            n_threads=None,
            force=args.no_skip_existing,
        )
    except Spe1Error as error:
        print_error("convert_to_arrow", error)
        return 1
    except KeyboardInterrupt:
        print_stopped("convert_to_arrow")
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())
