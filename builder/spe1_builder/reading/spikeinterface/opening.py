"""A cell for SpikeInterface: recording, raw recording, ground truth and patch trace.

SpikeInterface is imported when one of them is called, not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spe1_builder.cells import get_cell
from spe1_builder.paths import local_path
from spe1_builder.reading.afar.address import Address, is_far, parse_address
from spe1_builder.reading.spikeinterface.place import Segments, find_cell, require_split

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording, BaseSorting

    from spe1_builder.reading.spikeinterface.patch import PatchTrace


def open_recording(
    cell: str | Path,
    root: str | Path = "spe1",
    *,
    split: str | None = None,
    segments: Segments = "one",
) -> BaseRecording:
    """The preprocessed traces of a built cell as a SpikeInterface recording.

    Straight over the mapped files: nothing is copied before it is asked for. Serialises as the
    cell's path; a cell that was built anew in between with another result is an error.

    Parameters
    ----------
    cell : str or Path
        Id of a cell in ``root``; or the cell's folder, or that of one of its splits. As a
        string also its address elsewhere (``hf://datasets/user/spe1/c14``, ``https://...``,
        ``s3://...``): then only what is read is fetched, and it serialises as the address of
        the commit that the Hub had when it was opened.
    root : str or Path
        Dataset root; or, as a string, the address of one.
    split : {"train", "test"}, optional
        Default: both, which follow each other without a gap.
    segments : {"one", "rows", "train_test"}
        Segments of the recording: one of all samples, one of each row, or one of each split.

    Returns
    -------
    spikeinterface.core.BaseRecording
        float32 uV (gains 1, offsets 0), band-passed and referenced (``is_filtered``); channel
        ids 0 to 383, with the probe. Times are those of the raw recording: the first is
        the start of the analysis window, 10 s. Channel properties: ``is_bad``, ``quality``
        ("good", "dead", "noise", "out", "reference"), ``is_reference``. Annotations tell what
        the metadata do: ``cell_id``, ``simulated``, ``peak_channel``, ``warnings``, ...

    Raises
    ------
    UnknownCellError, OptionError
        There can be no such cell, split or segments.
    MissingFileError
        The cell has not been built.
    OutputError
        A file of the cell is damaged.
    LoginError, ServerError, MissingPackageError
        The cell is elsewhere, and cannot be read.

    Examples
    --------
    >>> import spe1
    >>> recording = spe1.open_recording("c14", root="spe1")
    >>> recording.get_traces(start_frame=0, end_frame=300).shape     # (n_samples, n_channels)
    (300, 384)
    >>> good = recording.remove_channels(recording.channel_ids[recording.get_property("is_bad")])
    >>> good.get_num_channels() <= 374
    True

    Train and test as two segments; the test split alone:

    >>> spe1.open_recording("spe1/c14", segments="train_test").get_num_segments()
    2
    >>> test = spe1.open_recording("spe1/c14", split="test")
    >>> test.get_num_samples() < recording.get_num_samples()
    True
    """
    from spe1_builder.reading.spikeinterface.cell_recording import Spe1Recording

    far = _far_place(cell, root, split)
    if far is not None:
        from spe1_builder.reading.spikeinterface.far import Spe1FarRecording

        return Spe1FarRecording(far.url, far.split, segments)
    place = find_cell(cell, root, split)
    return Spe1Recording(str(place.folder), place.split, segments)


def _far_place(cell: Any, root: Any, split: str | None) -> Address | None:
    """The address that is meant, if it is one."""
    if is_far(cell):
        require_split(split)
        return parse_address(cell, split)
    if is_far(root):
        require_split(split)
        return parse_address(f"{root.rstrip('/')}/{get_cell(cell).cell_id}", split)
    return None


def open_ground_truth(
    cell: str | Path,
    root: str | Path = "spe1",
    *,
    split: str | None = None,
    segments: Segments = "one",
    raw_dir: str | Path | None = None,
) -> BaseSorting:
    """The patched neuron as a SpikeInterface sorting of one unit, with its recording.

    Parameters
    ----------
    cell, root, split, segments
        As `open_recording`, whose recording is registered with the sorting.
    raw_dir : str or Path, optional
        All spikes of the whole raw recording instead, registered with `open_raw`'s; ``cell`` is
        an id then, and what is built does not matter.

    Returns
    -------
    spikeinterface.core.BaseSorting
        Unit 0; its spikes exact to the sample, as in the rows. Properties of the unit:
        ``gt_location`` (x, y, z) um of the electrode nearest to the soma, ``gt_channel``,
        ``peak_channel``, ``patch_type``, ``clamp``, ``cell_type``, ``distance_um``,
        ``depth_um``.

    Raises
    ------
    UnknownCellError, OptionError, MissingFileError, OutputError
        As `open_recording`.
    RawDataError, PatchTraceError, SpikeIndexError
        The raw files, if asked for, are not what they should be.

    Examples
    --------
    >>> import spe1
    >>> truth = spe1.open_ground_truth("c14", root="spe1")
    >>> samples = spe1.spikes("spe1", "c14")["sample"].to_pylist()
    >>> truth.get_unit_spike_train(0).tolist() == samples
    True
    >>> truth.get_property("gt_location").tolist()
    [[..., ..., 0.0]]

    Any sorter's output on the same recording:

    >>> from spikeinterface.comparison import compare_sorter_to_ground_truth
    >>> comparison = compare_sorter_to_ground_truth(truth, truth, match_mode="best")
    >>> float(comparison.get_performance()["accuracy"].iloc[0])
    1.0
    """
    if raw_dir is not None:
        from spe1_builder.reading.spikeinterface.raw import raw_ground_truth

        return raw_ground_truth(*_raw_place(cell, raw_dir, split, segments))
    from spe1_builder.reading.spikeinterface.ground_truth import Spe1GroundTruth

    far = _far_place(cell, root, split)
    if far is not None:
        from spe1_builder.reading.spikeinterface.far import Spe1FarGroundTruth

        return Spe1FarGroundTruth(far.url, far.split, segments)
    place = find_cell(cell, root, split)
    return Spe1GroundTruth(str(place.folder), place.split, segments)


def open_raw(cell: str, raw_dir: str | Path) -> BaseRecording:
    """The raw recording of a cell for SpikeInterface, for those who preprocess themselves.

    Parameters
    ----------
    cell : str
    raw_dir : str or Path
        Holds ``Recordings/cXX/``, as for `build`.

    Returns
    -------
    spikeinterface.core.BaseRecording
        int16 counts, 2.34375 uV a bit; the probe of `open_recording`. Of a real recording the
        property ``inter_sample_shift`` is set, for ``spikeinterface.preprocessing.phase_shift``;
        a simulated one has no such delays, and the annotation of that name says so.
        ``quality`` is "reference" at the reference sites, else "unknown".

    Raises
    ------
    UnknownCellError
        SPE-1 has no such cell.
    MissingFileError, RawDataError, ProbeError
        The files are not there, or not what they should be.

    Examples
    --------
    >>> import spe1
    >>> raw = spe1.open_raw("c14", raw_dir=".raw")
    >>> raw.get_dtype(), raw.get_channel_gains()[0].item()
    (dtype('int16'), 2.34375)

    The built cell begins 0.2 s later here (10 s by default), and its times say so:

    >>> built = spe1.open_recording("c14", root="spe1")
    >>> built.get_times()[0].item(), raw.get_times()[6_000].item()
    (0.2, 0.2)
    """
    from spe1_builder.reading.spikeinterface.raw import raw_recording

    return raw_recording(*_raw_place(cell, raw_dir, None, "one"))


def _raw_place(cell: Any, raw_dir: Any, split: Any, segments: Any) -> tuple[str, Path]:
    from spe1_builder.errors import OptionError

    get_cell(cell)
    if split is not None or segments != "one":
        raise OptionError(
            "The raw recording has no splits and no rows.",
            where="raw_dir",
            got=f"split={split!r}, segments={segments!r}",
            do="leave split and segments out, or raw_dir",
        )
    return cell, local_path(raw_dir, "raw_dir")


def open_patch(cell: str | Path, root: str | Path = "spe1") -> PatchTrace:
    """The patch trace of a built cell, its times and its spikes.

    Parameters
    ----------
    cell, root
        As `open_recording`.

    Returns
    -------
    PatchTrace
        ``trace`` in ``units`` (pA or mV), ``times_s`` and ``spike_times_s`` from the start of the
        analysis window on the Neuropixels clock; ``.recording`` is the trace for
        SpikeInterface, one channel at its own rate.

    Raises
    ------
    UnknownCellError, OptionError, MissingFileError, OutputError
        As `open_recording`.

    Examples
    --------
    >>> import spe1
    >>> patch = spe1.open_patch("c14", root="spe1")
    >>> patch.units, round(patch.rate_hz), patch.trace.shape == patch.times_s.shape
    ('pA', 50024, True)
    >>> patch.recording.get_num_channels()
    1
    """
    from spe1_builder.reading.spikeinterface.patch import patch_trace

    return patch_trace(find_cell(cell, root, None).folder)
