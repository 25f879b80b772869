"""Time of a checked extraction against `md5sum` and `tar -xzf` of the same file.

A file of random counts, packed by `gzip -1`, is read once by ours (MD5, gunzip, CRC,
members) and twice by the tools. The two take turns in the same run; of each the shortest
time counts.

    python speed/unpack.py --megabytes 300 --save
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from common import peak_memory_bytes, record

from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.transfer.unpack import unpack


def make_packed(folder: Path, n_bytes: int) -> tuple[Path, ListedFile]:
    """A ``c14.tar.gz`` that holds one recording of ``n_bytes``."""
    (folder / "c14").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "c14" / "c14_npx_raw.bin").open("wb") as out:
        for _ in range(0, n_bytes, 10_000_000):  # in pieces: the peak is to be the unpacking's
            out.write(rng.normal(0.0, 6.0, 5_000_000).astype("<i2").tobytes())
    packed = folder / "c14.tar.gz"
    subprocess.run(["tar", "-C", folder, "-I", "gzip -1", "-cf", packed, "c14"], check=True)
    with packed.open("rb") as file:
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    return packed, ListedFile(packed.name, packed.stat().st_size, md5)


def run_s(work: Callable[[Path], object], out: Path) -> float:
    """Seconds of one run into an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    begun = time.perf_counter()
    work(out)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packed, file = make_packed(folder, args.megabytes * 1_000_000)

        def tools(out: Path) -> None:
            subprocess.run(["md5sum", packed], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["tar", "-C", out, "-xzf", packed], check=True)

        ours_s, tools_s = [], []
        for _ in range(args.rounds):
            ours_s.append(run_s(lambda out: unpack(packed, file, out), folder / "out"))
            tools_s.append(run_s(tools, folder / "out"))
    result = {
        "megabytes": args.megabytes,
        "packed_megabytes": round(file.size / 1e6, 1),
        "ours_s": round(min(ours_s), 2),
        "md5sum_and_tar_s": round(min(tools_s), 2),
        "ratio": round(min(ours_s) / min(tools_s), 2),
        "peak_memory_megabytes": round(peak_memory_bytes() / 1e6),
    }
    record("unpack", result, save=args.save)


if __name__ == "__main__":
    main()
