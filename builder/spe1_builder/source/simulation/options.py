"""What a simulated recording is made with, checked when it is stated."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from spe1_builder.cells import PATCH_TYPES, Cell, PatchType
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.declared import documented_fields, option
from spe1_builder.errors import OptionError

#: Beyond this the bursts and the refractory time leave no room for the rest.
MAX_FIRING_RATE_HZ = 100.0
#: The release's rates are 50,023.9 Hz; below 10 kHz a spike has too few samples.
PATCH_RATE_RANGE_HZ = (10_000.0, 200_000.0)

#: What the recording is buried in.
NOISES = ("easy", "measured")


@documented_fields
@dataclass(frozen=True)
class SimulationOptions:
    """Everything that decides the bytes of a simulated cell, together with its id.

    The defaults make an easy one, whose parts are as exact as their sizes say: for tests.
    ``spe1 simulate`` takes the catalogue's amplitudes and distances, and measured noise.
    A value that cannot work is an `OptionError`.
    """

    duration_s: float = option(60.0, "Length of both streams.")
    seed: int = option(0, "Each cell draws its own numbers from the seed and its id.")
    n_background: int = option(40, "Other neurons, at random places along the probe.")
    peak_to_peak_uV: float | None = option(
        150.0,
        "Of the patched neuron's template on its peak channel; None takes the catalogue's "
        "spike-triggered average.",
    )
    distance_um: float | None = option(
        25.0,
        "From the patched soma to the plane of the probe; None takes the catalogue's distance "
        "from soma to electrode.",
    )
    semi_real: bool = option(
        False,
        "Whether the patched neuron has the footprint and the spike train of the real one, and "
        "lies where that does; of 20 cells. Its amplitude, distance and rate are its own.",
    )
    firing_rate_hz: float = option(5.0, "Of the patched neuron, at most 100; 0 gives a silent one.")
    write_spike_file: bool = option(True, "Whether ``*_wc_spike_samples.npy`` is written.")
    write_extracellular_spikes: bool = option(
        True, "Whether ``*_extracellular_spikes.npy`` is written."
    )
    patch_type: str | None = option(
        None, '"Juxta, VC", "Juxta, IC" or "WC, IC"; None takes the catalogue\'s.'
    )
    patch_rate_hz: float | None = option(
        None, "Patch sampling rate on the NPX clock; None takes the catalogue's."
    )
    amplitude_sd: float = option(0.10, "S.d. of the logarithm of each spike's amplitude factor.")
    noise: str = option(
        "easy",
        '"easy": white, of the sizes below. "measured": as the public pieces of a real recording '
        "have it, in size, in spectrum, and between neighbours, with hundreds of small units.",
    )
    common_noise_uV: float = option(5.0, "Broadband s.d. of the noise that all channels share.")
    local_noise_uV: float = option(
        5.0, "The same of what neighbours in depth share; of the easy noise only."
    )
    independent_noise_uV: float = option(
        7.0, "The same of what is each channel's own; of the easy noise only."
    )
    slow_potential_uV: float = option(150.0, "S.d. of the slow (below 50 Hz) potential.")
    as_released: bool = option(
        False,
        "Whether the lists of spikes are as odd as the release's: written by Python 2, int32, "
        "some spikes twice. The recordings and what is planted stay the same.",
    )

    def __post_init__(self) -> None:
        for name in ("duration_s", "peak_to_peak_uV", "distance_um"):
            _check_number(name, getattr(self, name), low=0.0, above=True)
        for name in (
            "amplitude_sd",
            "common_noise_uV",
            "local_noise_uV",
            "independent_noise_uV",
            "slow_potential_uV",
        ):
            _check_number(name, getattr(self, name), low=0.0)
        _check_number("firing_rate_hz", self.firing_rate_hz, low=0.0, high=MAX_FIRING_RATE_HZ)
        low_hz, high_hz = PATCH_RATE_RANGE_HZ
        _check_number("patch_rate_hz", self.patch_rate_hz, low=low_hz, high=high_hz)
        if self.noise not in NOISES:
            raise _bad_option("noise", " or ".join(map(repr, NOISES)), self.noise)
        if self.noise == "measured":
            self._leave("local_noise_uV", "independent_noise_uV", why="measured noise has its own")
        for name in ("seed", "n_background"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise _bad_option(name, "a whole number, 0 or more", value)
        for name in ("semi_real", "write_spike_file", "write_extracellular_spikes", "as_released"):
            if not isinstance(getattr(self, name), bool):
                raise _bad_option(name, "True or False", getattr(self, name))
        if self.semi_real:
            names = ("peak_to_peak_uV", "distance_um", "firing_rate_hz")
            self._leave(*names, why="a semi-real neuron has its own")
        if self.patch_type is not None and self.patch_type not in list(PATCH_TYPES):
            raise _bad_option("patch_type", " or ".join(map(repr, PATCH_TYPES)), self.patch_type)
        if self.n_npx < 1:
            raise _bad_option(
                "duration_s", f"at least one sample, {1 / NPX_RATE_HZ:.1e} s", self.duration_s
            )

    def _leave(self, *names: str, why: str) -> None:
        """Refuse options that would have no effect, where they are not the defaults or None."""
        for one in fields(self):
            got = getattr(self, one.name)
            if one.name in names and got is not None and got != one.default:
                raise _bad_option(one.name, f"the default, {one.default}: {why}", got)

    @property
    def origin(self) -> Literal["semi-real", "simulated"]:
        """What a cell made with these is to be called."""
        return "semi-real" if self.semi_real else "simulated"

    @property
    def n_npx(self) -> int:
        """Samples of the Neuropixels stream."""
        return round(self.duration_s * NPX_RATE_HZ)

    def patch_type_of(self, cell: Cell) -> PatchType:
        """The Patch Type that ``cell`` is simulated with."""
        return cell.patch_type if self.patch_type is None else PATCH_TYPES[self.patch_type]

    def n_patch_of(self, cell: Cell) -> int:
        """Samples of the patch stream of ``cell``; both streams start and end together."""
        rate_hz = cell.patch_rate_hz if self.patch_rate_hz is None else self.patch_rate_hz
        return round(self.n_npx * rate_hz / NPX_RATE_HZ)

    def peak_to_peak_uV_of(self, cell: Cell) -> float:
        """Peak-to-peak of the patched neuron's template on its peak channel."""
        return cell.jta_peak_to_peak_uV if self.peak_to_peak_uV is None else self.peak_to_peak_uV

    def distance_um_of(self, cell: Cell) -> float:
        """Distance of the patched soma from the plane of the probe."""
        return cell.distance_um if self.distance_um is None else self.distance_um


def _check_number(
    name: str, value: Any, low: float, high: float = math.inf, *, above: bool = False
) -> None:
    """Hold a number to [low, high] (``above``: to more than ``low``); None stands for a default."""
    if value is None and name in ("peak_to_peak_uV", "distance_um", "patch_rate_hz"):
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and (low < value if above else low <= value <= high):
        return
    upper = "" if math.isinf(high) else f", at most {high:g}"
    raise _bad_option(name, f"a number {'above' if above else 'of at least'} {low:g}{upper}", value)


def _bad_option(name: str, expected: str, got: object) -> OptionError:
    return OptionError(
        "The recording cannot be simulated with this value.",
        where=name,
        expected=expected,
        got=repr(got),
        do=f"give another {name}, or leave it out for the default",
    )


#: As hard as the recordings: each cell with its amplitude and distance of the catalogue, in noise
#: as it was measured. What ``spe1 simulate`` takes.
AS_CATALOGUED = SimulationOptions(peak_to_peak_uV=None, distance_um=None, noise="measured")
#: The same with the real neuron's footprint and train.
SEMI_REAL = replace(AS_CATALOGUED, semi_real=True)
