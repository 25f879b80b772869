"""An archive to damage, and what an error owes to its reader."""

import numpy as np
import openpyxl
import pytest
import scipy.io

from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL


class Bench:
    """An archive to damage, and a root that must stay empty."""

    def __init__(self, archive, root):
        self.archive, self.root = archive, root
        self.cell = archive.raw_dir / "Recordings/c14"

    def replace(self, name: str, data: bytes) -> None:
        """Put other bytes in a file's place (the files are links to shared ones).

        With another stream the cell passes for a recorded one: its truth goes.
        """
        path = self.cell / name
        if name in ("c14_npx_raw.bin", "c14_patch_ch1.bin"):
            self.archive.forget_truth()
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def save(self, values) -> None:
        path = self.cell / "c14_wc_spike_samples.npy"
        path.unlink()
        np.save(path, values)

    def read(self, name: str) -> bytes:
        return (self.cell / name).read_bytes()

    def spikes(self) -> np.ndarray:
        return np.load(self.cell / "c14_wc_spike_samples.npy")

    def edit_summary(self, edit) -> None:
        path = self.archive.raw_dir / "Data Summary.xlsx"
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        header = [cell.value for cell in sheet[1]]
        edit(sheet, header)
        path.unlink()
        book.save(path)

    def save_map(self, **fields) -> None:
        path = self.archive.raw_dir / "chanMap.mat"
        path.unlink()
        scipy.io.savemat(path, fields)

    def fails(self, kind, match, options=SMALL, cell_id="c14"):
        """The build raises ``kind``, with everything that an error owes, and leaves nothing."""
        with pytest.raises(kind, match=match) as caught:
            build_cell(cell_id, self.archive.sources, self.root, options)
        error = caught.value
        assert type(error) is kind
        assert error.do, "the error does not say what to do"
        assert error.got is not None or error.where is not None
        left = [p.name for p in self.root.iterdir()] if self.root.exists() else []
        assert set(left) <= {".spe1"}, f"left {left}"
        return error
