"""What is said of the data on responsible AI and on their origin, by what cells there are.

The terms are those of http://mlcommons.org/croissant/RAI/1.0. Facts of the recordings are from
Marques-Smith et al. 2018 (doi:10.1101/370080) and the release's Data Summary; those of the label
are what a test finds in that (`tests/test_label.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from spe1_builder.constants import BAND_HZ, FILTER_ORDER, GAIN_UV_PER_BIT, N_CHANNELS
from spe1_builder.origins import ORIGINS, Origin

#: Of the paper, as in CITATION.cff.
AUTHORS = (
    "André Marques-Smith",
    "Joana P. Neto",
    "Gonçalo Lopes",
    "Joana Nogueira",
    "Lorenza Calcaterra",
    "João Frazão",
    "Danbee Kim",
    "Matthew G. Phillips",
    "George Dimitriadis",
    "Adam R. Kampff",
)
#: Of paper and data.
PUBLISHED = "2018"
CITE_AS = (
    "@article{marquessmith2018recording, title={Recording from the same neuron with high-density "
    "CMOS probes and patch-clamp: a ground-truth dataset and an experiment in collaboration}, "
    "author={Marques-Smith, Andr{\\'e} and Neto, Joana P. and Lopes, Gon{\\c{c}}alo and Nogueira, "
    "Joana and Calcaterra, Lorenza and Fraz{\\~a}o, Jo{\\~a}o and Kim, Danbee and Phillips, "
    "Matthew G. and Dimitriadis, George and Kampff, Adam R.}, journal={bioRxiv}, year={2018}, "
    "doi={10.1101/370080}, note={data: CRCNS.org, doi:10.6080/K0J67F4T}}"
)
LICENSE_URL = "https://creativecommons.org/licenses/by-sa/4.0/"


@dataclass(frozen=True)
class Source:
    """Something that the data were made from, and the origins of which that is true."""

    url: str
    label: str
    origins: Collection[Origin] = ORIGINS


_REAL: tuple[Origin, ...] = ("recorded",)
_SEMI_REAL: tuple[Origin, ...] = ("semi-real",)
_SIMULATED: tuple[Origin, ...] = ("simulated",)
#: Whose label is the release's.
_LABELLED = _REAL + _SEMI_REAL

#: Real parts of the neurons, `scraps`, are in every root.
SOURCES = (
    Source(
        "https://doi.org/10.6080/K0J67F4T",
        "CRCNS spe-1: the recordings and Data Summary",
        _REAL,
    ),
    Source("https://doi.org/10.1101/370080", "Marques-Smith et al. 2018, the paper"),
    Source(
        "https://github.com/kampff-lab/sc.io",
        "Figures and spike trains by the authors, which `scraps` and semi-real cells are made from",
    ),
    Source(
        "https://doi.org/10.1371/journal.pcbi.1014059",
        "Zhao et al. 2026, whose published places `scraps` has",
    ),
)


@dataclass(frozen=True)
class Statement:
    """A sentence under a term.

    Attributes
    ----------
    term : str
    text : str
    origins : collection of Origin
        It is said where there is a cell of one of them.
    """

    term: str
    text: str
    origins: Collection[Origin] = ORIGINS


#: Terms that take one text; their statements are joined.
_ONE_TEXT = (
    "rai:dataCollection",
    "rai:dataCollectionMissingData",
    "rai:dataCollectionRawData",
    "rai:dataReleaseMaintenancePlan",
)

STATEMENTS = (
    Statement(
        "rai:dataCollection",
        f"One cortical neuron of an anaesthetised rat at a time, with a patch-clamp pipette and a "
        f"Neuropixels probe ({N_CHANNELS} channels, 30 kHz) at once.",
        _REAL,
    ),
    Statement(
        "rai:dataCollection",
        "Cells of origin 'semi-real' have a real neuron's footprint, digitised from the authors' "
        "figures, and its spike train, put into generated noise.",
        _SEMI_REAL,
    ),
    Statement(
        "rai:dataCollection",
        "Cells of origin 'simulated' were made by a program; nothing in them was measured in an "
        "animal.",
        _SIMULATED,
    ),
    Statement(
        "rai:dataCollection",
        "The record set 'scraps' was digitised from the authors' figures, and is no recording.",
    ),
    Statement("rai:dataCollectionType", "Experiments", _REAL),
    Statement("rai:dataCollectionType", "Secondary Data Analysis"),
    Statement("rai:dataCollectionType", "Others: simulation", ("semi-real", "simulated")),
    Statement(
        "rai:dataCollectionRawData",
        "Of each cell the int16 counts of the probe, the trace of the pipette, the synchronisation "
        "of both and the indices of the spikes. Name, size and sha256 of each file stand in "
        "conversion_metadata.json.",
    ),
    Statement(
        "rai:dataCollectionMissingData",
        "The release has no c9, c11 and c30. Of a recording the analysis window is here, by "
        "default 300 s from 10 s on, or what there is of it.",
    ),
    Statement("rai:dataPreprocessingProtocol", f"Counts times {GAIN_UV_PER_BIT} µV per bit."),
    Statement(
        "rai:dataPreprocessingProtocol",
        f"Butterworth band-pass of order {FILTER_ORDER}, {BAND_HZ[0]:g} to {BAND_HZ[1]:g} Hz, "
        "forward and backward (zero phase), in floating point.",
    ),
    Statement(
        "rai:dataPreprocessingProtocol",
        f"Median of all {N_CHANNELS} channels subtracted at each sample.",
    ),
    Statement(
        "rai:dataPreprocessingProtocol",
        "Cut into segments that follow each other; the first are train, the rest test.",
    ),
    Statement(
        "rai:dataAnnotationProtocol",
        "Spikes: the file wc_spike_samples.npy of the archive, else found in the patch trace; "
        "spike_source of the metadata says which, and both are compared where there are both.",
    ),
    Statement(
        "rai:dataAnnotationProtocol",
        "Place: the electrode chan_predicted of Data Summary, which was computed from "
        "stereotactic coordinates, not measured on the probe.",
        _LABELLED,
    ),
    Statement(
        "rai:dataAnnotationProtocol",
        "Simulated cells have the place and the spikes that they were made with.",
        _SIMULATED,
    ),
    Statement(
        "rai:dataLimitations",
        "The labelled place is 25 to 38 µm coarse along the probe, follows one rule in 17 of 43 "
        "cells and lies 20 to 88 µm below it in 26, and its x was never measured. Score the "
        "distance along the probe first.",
        _LABELLED,
    ),
    Statement(
        "rai:dataLimitations",
        "One neuron of a recording is known; the other neurons that it has are not labelled.",
        _REAL,
    ),
    Statement(
        "rai:dataLimitations",
        "Ten channels are wired to the reference; they and the channels detected as bad "
        "(bad_channel_ids) have to be masked.",
    ),
    Statement(
        "rai:dataLimitations",
        "Scores on simulated cells say nothing of how well a method does in an animal.",
        _SIMULATED,
    ),
    Statement(
        "rai:dataLimitations",
        "The µV scale of a digitised footprint is good to 10 to 30 %, and it has 25 of 384 "
        "channels.",
    ),
    Statement(
        "rai:dataBiases",
        "Neurons that a pipette could reach near a probe, in the cortex of anaesthetised rats, "
        "with one type of probe: 43 in all, of which some share an insertion.",
    ),
    Statement(
        "rai:dataBiases",
        "The 11 cells of Zhao et al. (2026) are all juxtacellular in voltage clamp.",
    ),
    Statement(
        "rai:dataUseCases", "Validation of spike sorters, on one neuron whose spikes are known."
    ),
    Statement("rai:dataUseCases", "Validation and training of methods that locate a neuron."),
    Statement("rai:personalSensitiveInformation", "None: no data of persons."),
    Statement(
        "rai:dataReleaseMaintenancePlan",
        "Cells are built again by `spe1 build`; `version` is that of the data (patch: metadata, "
        "minor: something added, major: other values), and the fingerprint of each cell changes "
        "with its raw files, options and data version.",
    ),
)


def rai_terms(kinds: Collection[Origin]) -> dict[str, Any]:
    """The terms and what is said under each, where there are cells of these origins."""
    said: dict[str, list[str]] = {}
    for statement in STATEMENTS:
        if _is_true(statement.origins, kinds):
            said.setdefault(statement.term, []).append(statement.text)
    return {term: " ".join(texts) if term in _ONE_TEXT else texts for term, texts in said.items()}


def sources_of(kinds: Collection[Origin]) -> Sequence[Source]:
    """What cells of these origins were made from."""
    return [source for source in SOURCES if _is_true(source.origins, kinds)]


def _is_true(origins: Collection[Origin], kinds: Collection[Origin]) -> bool:
    """What is true of every origin is so without a cell, too."""
    return set(origins) == set(ORIGINS) or bool(set(origins) & set(kinds))
