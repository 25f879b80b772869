"""Packages that pass for SpikeSift, and do what a test wants of a sorter."""

from pathlib import Path

_SPIKESIFT = '''
import os, sys, time
import numpy as np


class Recording:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)
        with open(self.binary_file, "rb") as file:
            bytes_per_sample = len(self.probe_geometry) * np.dtype(self.data_type).itemsize
            file.seek(self.sample_offset * bytes_per_sample)
            data = file.read(self.num_samples * bytes_per_sample)
        self.traces = np.frombuffer(data, self.data_type).reshape(self.num_samples, -1)


class Sorted:
    """One cluster: where the first channel is below a threshold for the first time."""

    def __init__(self, trains):
        self.trains = trains

    def cluster_ids(self):
        return set(range(len(self.trains)))

    def spikes(self, i):
        return self.trains[i]


def perform_spike_sorting(recording, verbose, threshold=-40.0, **params):
    BEHAVE
    below = recording.traces[:, 0] < threshold
    at = np.flatnonzero(below[1:] & ~below[:-1]) + 1 + recording.recording_offset
    return Sorted([at, np.array([recording.recording_offset])])


def merge_recordings(pieces):
    return Sorted([np.concatenate([piece.trains[i] for piece in pieces]) for i in range(2)])


def map_clusters(source, target):
    return {0: 0}
'''


def fake_python(folder: Path, python: str, behave: str = "pass") -> Path:
    """An interpreter whose ``spikesift`` does ``behave`` before it sorts.

    Parameters
    ----------
    folder : Path
        Empty; for the package and the script that runs the interpreter.
    python : str
        The real interpreter.
    behave : str
        A line of Python.
    """
    package = folder / "site" / "spikesift"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(_SPIKESIFT.replace("BEHAVE", behave))
    info = folder / "site" / "spikesift-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spikesift\nVersion: 9.9\n")
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{folder}/site" exec "{python}" "$@"\n')
    script.chmod(0o755)
    return script
