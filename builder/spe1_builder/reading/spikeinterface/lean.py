"""Extractors that serialise as what they were made from."""

from __future__ import annotations

from typing import Any

import numpy as np
from spikeinterface.core.base import BaseExtractor


class LeanExtractor(BaseExtractor):
    """What the constructor sets again is left out of dictionaries, JSON and pickles.

    SpikeInterface writes gains, offsets and the probe of each recording: 30 kB for 384
    channels, sent to every worker. What a user has changed since is kept.

    A subclass calls `_made` at the end of its constructor.
    """

    def _made(self, **kwargs: Any) -> None:
        """Take what there is now for what the constructor makes of ``kwargs``."""
        self._kwargs = kwargs
        # Shallow: values are replaced by SpikeInterface, not written into.
        self._own_annotations = dict(self._annotations)
        self._own_properties = dict(self._properties)
        self._own_extra = self._extra()

    def _extra(self) -> dict[str, Any]:
        """What SpikeInterface adds to a dictionary: the probe, as it is now."""
        added: dict[str, Any] = {}
        # 0.102 has the probe among the annotations and properties.
        if hasattr(self, "_extra_metadata_to_dict"):
            self._extra_metadata_to_dict(added)
        return added

    def to_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        dump: dict[str, Any] = super().to_dict(*args, **kwargs)
        for kind, own in (
            ("annotations", self._own_annotations),
            ("properties", self._own_properties),
        ):
            dump[kind] = {
                name: value
                for name, value in dump[kind].items()
                if not (_same(value, own.get(name)))
            }
        for name, value in self._own_extra.items():
            if _same(dump.get(name), value):
                del dump[name]
        return dump


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays and nested ones too."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)
