"""What the cells of a root are, in a sentence: real, semi-real or simulated."""

from __future__ import annotations

from collections.abc import Sequence

from spe1_builder.origins import ORIGINS, Origin

_LABELS: dict[Origin, str] = {
    "recorded": "Real recordings",
    "semi-real": "Semi-real data, neither simulated nor recorded",
    "simulated": "Simulated data, not recordings",
}
_WORDS: dict[Origin, str] = {
    "recorded": "real",
    "semi-real": "semi-real",
    "simulated": "simulated",
}
_SUBJECT = (
    "a patch-clamp pipette and a 384-channel Neuropixels probe on the same cortical neuron of an "
    "anaesthetised rat"
)


def what_cells_are(kinds: Sequence[Origin]) -> tuple[str, str]:
    """What kind of data these are, and the rest of the sentence.

    Parameters
    ----------
    kinds : sequence of Origin
        That of each cell.

    Examples
    --------
    >>> what_cells_are(["recorded", "simulated", "recorded"])[0]
    '2 real cells, 1 simulated cell'
    """
    there = [kind for kind in ORIGINS if kind in kinds]
    if there == ["recorded"]:
        return _LABELS["recorded"], f": {_SUBJECT} (Marques-Smith et al. 2018)."
    form = f" in the form of the recordings of Marques-Smith et al. (2018), {_SUBJECT}."
    if not there:
        return "No cell yet", form
    if len(there) == 1:
        return _LABELS[there[0]], f",{form}"
    counts = [(kinds.count(kind), _WORDS[kind]) for kind in there]
    label = ", ".join(f"{n} {word} cell{'s' if n > 1 else ''}" for n, word in counts)
    return label, f",{form}"
