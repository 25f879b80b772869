"""What kind of recording a cell is of, and how that is said."""

from __future__ import annotations

from typing import Literal, get_args

#: "recorded" in an animal; "semi-real": a real footprint and spike train in generated noise;
#: "simulated": nothing of it was measured.
Origin = Literal["recorded", "semi-real", "simulated"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

#: In a sentence after the cell's name.
MEANINGS: dict[Origin, str] = {
    "recorded": "recorded",
    "semi-real": (
        "semi-real: real footprint and spike train, put into generated noise; neither simulated "
        "nor recorded"
    ),
    "simulated": "simulated (nothing in it was measured in an animal)",
}


def origin_mark(origin: Origin | None) -> str:
    """What stands behind a cell's name; nothing where it was recorded, or is not known.

    >>> "c14" + origin_mark("semi-real"), "c14" + origin_mark("recorded")
    ('c14 (semi-real)', 'c14')
    """
    return "" if origin in ("recorded", None) else f" ({origin})"
