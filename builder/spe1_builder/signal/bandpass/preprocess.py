"""Preprocessed microvolts of any range of a recording, by one of two engines.

``fast`` is the compiled path of `spe1_builder.signal.bandpass.kernels`; ``spikeinterface`` is
SpikeInterface in float64, which tests hold the fast path to. Both do: int16
counts x 2.34375 uV, Butterworth band-pass of order 5 from 300 to 3000 Hz run
forward and backward (zero phase), median of all channels subtracted per sample.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from spe1_builder.constants import (
    BAND_HZ,
    ENGINES,
    FAST_ENGINE,
    FILTER_ORDER,
    GAIN_UV_PER_BIT,
    MARGIN_SAMPLES,
    N_CHANNELS,
    NPX_RATE_HZ,
)
from spe1_builder.errors import OptionError, RawDataError
from spe1_builder.source.recording.raw import RawCell

#: Samples filtered at a time, a third of a default segment: their counts, with margins,
#: are 25 MB for each thread, and the margins a tenth more work.
_PIECE_SAMPLES = 30_000


class Counts(Protocol):
    """A recording as stored: `RawCell`, or what takes its place in a benchmark."""

    @property
    def n_npx(self) -> int:
        """Samples."""
        ...

    def read_counts(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """As `RawCell.read_counts`."""
        ...


class Preprocessor(Protocol):
    """Answers one question: the preprocessed traces of a range."""

    def read(
        self,
        start: int,
        stop: int,
        *,
        subtract_median: bool = True,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Preprocessed samples [start, stop) of the recording.

        Real samples beyond the range serve as margins; at the recording's own
        ends the odd padding of scipy's ``sosfiltfilt``.

        Parameters
        ----------
        start, stop : int
            NPX samples of the whole recording.
        subtract_median : bool
            False stops before the median reference.
        out : np.ndarray, optional
            float32 (N_CHANNELS, stop - start) to write into.

        Returns
        -------
        np.ndarray
            float32 (N_CHANNELS, stop - start), uV.
        """
        ...


@dataclass(frozen=True)
class BandPass:
    """The band-pass as the kernel takes it: sections with numerator 1 - z^-2, gain apart.

    Attributes
    ----------
    gain : float
        Of one direction.
    feedback : np.ndarray
        float64 (2 * n_sections,): ``-a1, -a2`` of each section.
    steady : np.ndarray
        float64 (2 * n_sections,): the delays for a constant input of 1.
    """

    gain: float
    feedback: np.ndarray
    steady: np.ndarray


@cache
def band_pass() -> BandPass:
    """The order-5 Butterworth band-pass of Zhao et al. 2026, zeros in pairs of +1 and -1."""
    import scipy.signal

    design = {"N": FILTER_ORDER, "Wn": BAND_HZ, "btype": "bandpass", "fs": NPX_RATE_HZ}
    sections = scipy.signal.butter(**design, output="sos")
    gain = scipy.signal.butter(**design, output="zpk")[2]
    sections[:, :3] = 1.0, 0.0, -1.0
    steady = scipy.signal.sosfilt_zi(sections)
    return BandPass(float(gain), -sections[:, 4:].ravel(), steady.ravel())


def make_preprocessor(raw: RawCell, engine: str = FAST_ENGINE) -> Preprocessor:
    """The preprocessor of a recording.

    Raises
    ------
    OptionError
        ``engine`` is none of `ENGINES`.
    RawDataError
        The recording is shorter than the filter's padding.
    """
    if engine not in ENGINES:
        raise OptionError(
            "There is no such engine.",
            where="engine",
            expected=" or ".join(ENGINES),
            got=repr(engine),
            do="leave it out for the default",
        )
    if raw.n_npx <= MARGIN_SAMPLES:
        raise RawDataError(
            f"The recording of {raw.cell_id} is too short to filter.",
            where=raw.npx_path,
            expected=f"more than {MARGIN_SAMPLES} samples",
            got=raw.n_npx,
            do="fetch the file again",
        )
    return FastPreprocessor(raw) if engine == FAST_ENGINE else ReferencePreprocessor(raw)


class FastPreprocessor:
    """The compiled path; ``read`` may be called from several threads at once."""

    def __init__(self, raw: Counts):
        from spe1_builder.signal.bandpass import kernels

        self._raw = raw
        self._kernels = kernels
        self._local = threading.local()

    def read(
        self,
        start: int,
        stop: int,
        *,
        subtract_median: bool = True,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        _check_range(start, stop, self._raw.n_npx)
        if out is None:
            out = np.empty((N_CHANNELS, stop - start), dtype=np.float32)
        if not hasattr(self._local, "memory"):
            self._local.memory = self._kernels.Memory()
        filtering = band_pass()
        scale = GAIN_UV_PER_BIT * filtering.gain**2
        for begin in range(start, stop, _PIECE_SAMPLES):
            end = min(begin + _PIECE_SAMPLES, stop)
            first = max(begin - MARGIN_SAMPLES, 0)
            last = min(end + MARGIN_SAMPLES, self._raw.n_npx)
            counts = self._raw.read_counts(first, last, self._buffer(last - first))
            target = out[:, begin - start : end - start]
            self._kernels.bandpass_reference(
                counts,
                begin - first,
                scale,
                filtering.feedback,
                filtering.steady,
                subtract_median,
                target,
                self._local.memory,
            )
        return out

    def _buffer(self, n_samples: int) -> np.ndarray:
        """This thread's memory for counts: fresh pages for every piece cost as much as reading."""
        if len(getattr(self._local, "counts", ())) < n_samples:
            self._local.counts = np.empty((n_samples, N_CHANNELS), dtype="<i2")
        return self._local.counts


class ReferencePreprocessor:
    """SpikeInterface in float64, rounded to float32 at the very end."""

    def __init__(self, raw: RawCell):
        try:
            import spikeinterface.preprocessing as spre
            from spikeinterface.core import BinaryRecordingExtractor
        except ImportError as error:
            raise OptionError(
                "The reference engine needs SpikeInterface, which is not installed.",
                where="engine",
                got=error,
                do="pip install 'spe1[reference]', or use engine='fast'",
            ) from error

        recording = BinaryRecordingExtractor(
            file_paths=[raw.npx_path],
            sampling_frequency=NPX_RATE_HZ,
            num_channels=N_CHANNELS,
            dtype="int16",
            time_axis=0,
        )
        in_uV = spre.scale(recording, gain=GAIN_UV_PER_BIT, offset=0.0, dtype="float64")
        self._n_npx = raw.n_npx
        self._filtered = spre.bandpass_filter(
            in_uV,
            freq_min=BAND_HZ[0],
            freq_max=BAND_HZ[1],
            filter_order=FILTER_ORDER,
            ftype="butter",
            filter_mode="sos",
            direction="forward-backward",
            # A hair more than the margin, which SpikeInterface truncates to samples.
            margin_ms=(MARGIN_SAMPLES + 0.5) / NPX_RATE_HZ * 1000.0,
            dtype="float64",
        )
        self._referenced = spre.common_reference(
            self._filtered, operator="median", reference="global", dtype="float64"
        )

    def read(
        self,
        start: int,
        stop: int,
        *,
        subtract_median: bool = True,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        _check_range(start, stop, self._n_npx)
        recording = self._referenced if subtract_median else self._filtered
        traces = recording.get_traces(start_frame=start, end_frame=stop)
        if out is None:
            out = np.empty((N_CHANNELS, stop - start), dtype=np.float32)
        out[...] = traces.T
        return out


def _check_range(start: int, stop: int, n_samples: int) -> None:
    if not 0 <= start < stop <= n_samples:
        raise OptionError(
            "The range lies outside the recording.",
            expected=f"0 <= start < stop <= {n_samples}",
            got=f"[{start}, {stop})",
            do="ask for samples of the recording, stop excluded",
        )
