"""A sorter that SpikeInterface runs, on a flat file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.benchmark.sorting.sorters.task import SorterTask


def sort(task: SorterTask) -> dict[str, np.ndarray]:
    """Samples of each unit by its name.

    A parameter of the task beyond those of the sorter: ``n_jobs`` (1).
    """
    from spikeinterface.core import set_global_job_kwargs
    from spikeinterface.sorters import get_default_sorter_params, run_sorter

    params = dict(task.params)
    set_global_job_kwargs(n_jobs=int(params.pop("n_jobs", 1)), progress_bar=False)
    known = get_default_sorter_params(task.sorter)
    if "seed" in known:
        params.setdefault("seed", task.seed)
    if task.is_filtered:
        # What is band-passed and referenced is not so again.
        for name in ("apply_preprocessing", "filter"):
            if name in known:
                params.setdefault(name, False)
    sorting = run_sorter(
        task.sorter,
        _recording(task),
        folder=str(Path(task.scratch) / "run"),
        verbose=False,
        raise_error=True,
        **params,
    )
    return {str(name): sorting.get_unit_spike_train(name) for name in sorting.unit_ids}


def _recording(task: SorterTask) -> Any:
    from probeinterface import Probe
    from spikeinterface.core import BinaryRecordingExtractor
    from spikeinterface.preprocessing import phase_shift

    bytes_per_sample = task.n_channels * np.dtype(task.dtype).itemsize
    recording = BinaryRecordingExtractor(
        file_paths=[task.traces],
        sampling_frequency=task.rate_hz,
        num_channels=task.n_channels,
        dtype=task.dtype,
        time_axis=0,
        file_offset=task.first_sample * bytes_per_sample,
        gain_to_uV=task.gain_uV,
        offset_to_uV=0.0,
        is_filtered=task.is_filtered,
    )
    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(task.positions_um, shapes="square", shape_params={"width": 12})
    probe.set_device_channel_indices(np.arange(task.n_channels))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*in_place", category=Warning)
        recording.set_probe(probe, in_place=True)
    recording = recording.frame_slice(0, task.n_samples)
    if task.shifts is None:
        return recording
    recording.set_property("inter_sample_shift", np.array(task.shifts))
    return phase_shift(recording)
