"""The files of a benchmark's result: where they may go, and what stays that is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.cli.console import say
from spe1_builder.cli.roots import alone_in
from spe1_builder.errors import MissingFileError, OptionError, StaleOutputError
from spe1_builder.layout import BENCHMARK_NAME, RootLayout

if TYPE_CHECKING:
    from spe1_builder.benchmark.localization.kept import Parts
    from spe1_builder.benchmark.localization.schema import LocalizationBenchmark


@dataclass(frozen=True)
class Places:
    """Where the result goes: the JSON, and if asked for the figures and the Markdown."""

    target: Path
    plots: Path | None
    markdown: Path | None


def keep_fuller(target: Path, to_come: Parts) -> None:
    """Refuse to overwrite a result that has what the new one has not.

    Raises
    ------
    StaleOutputError
    """
    from spe1_builder.benchmark.localization.kept import lost_parts
    from spe1_builder.benchmark.localization.schema import read_benchmark
    from spe1_builder.errors import OutputError

    if not target.exists():
        return
    do = "name another file (--output), or overwrite it (--force)"
    try:
        lost = lost_parts(read_benchmark(target), to_come)
    except OutputError as error:
        raise StaleOutputError(
            "There is a file in the result's place that is no result that can be read.",
            where=target,
            got=error.got,
            do=do,
        ) from error
    if lost:
        raise StaleOutputError(
            f"The result that is there has more in it, which would be lost: {'; '.join(lost)}.",
            where=target,
            do=f"ask for these too, {do}",
        )


def write_result(root: Path, target: Path, result: LocalizationBenchmark, places: Places) -> None:
    """The JSON, the card that lists it, the Markdown and the figures."""
    from spe1_builder.benchmark.localization.schema import write_benchmark
    from spe1_builder.dataset.card.root_files import has_our_card, write_card
    from spe1_builder.disk.os_errors import translated_os_errors

    with translated_os_errors(
        target.parent,
        full="The disk is full; the result was not written.",
        do_full="free some room or name another place (--output), then run again",
        do_access="make that folder writable, or name another place (--output)",
    ):
        layout = RootLayout(root)
        if target.parent.resolve() == root.resolve():
            with alone_in(root, "benchmark"):
                write_benchmark(target, result)
        else:
            write_benchmark(target, result)
        if target.resolve() == layout.benchmark.resolve() and has_our_card(layout):
            write_card(root)
    say(f"result: {target}")
    _write_shown(result, places)


def write_named(result: LocalizationBenchmark, places: Places, output: Path | None) -> None:
    """A result that belongs to no root: into the files that were named."""
    from spe1_builder.benchmark.localization.schema import write_benchmark
    from spe1_builder.disk.os_errors import translated_os_errors

    if output is not None:
        with translated_os_errors(
            output.parent,
            full="The disk is full; the result was not written.",
            do_full="free some room or name another place (--output), then run again",
            do_access="make that folder writable, or name another place (--output)",
        ):
            write_benchmark(output, result)
        say(f"result: {output}")
    _write_shown(result, places)


def _write_shown(result: LocalizationBenchmark, places: Places) -> None:
    """The Markdown and the figures, if asked for."""
    from spe1_builder.benchmark.localization.report import write_report
    from spe1_builder.benchmark.localization.tables import markdown
    from spe1_builder.disk.atomic import write_text
    from spe1_builder.disk.os_errors import translated_os_errors

    if places.markdown is not None:
        with translated_os_errors(
            places.markdown.parent,
            full="The disk is full; the tables were not written.",
            do_full="free some room or name another place (--markdown), then run again",
            do_access="make that folder writable, or name another place (--markdown)",
        ):
            write_text(places.markdown, markdown(result))
        say(f"tables: {places.markdown}")
    if places.plots is not None:
        with translated_os_errors(
            places.plots,
            full="The disk is full; the figures are incomplete.",
            do_full="free some room or name another folder (--plots), then run again",
            do_access="make that folder writable, or name another (--plots)",
        ):
            for path in write_report(places.plots, result):
                say(f"report: {path}")


def check_places(
    root: Path, output: Path | None, plots: Path | None, markdown: Path | None
) -> Places:
    """Refuse, before the work, what cannot be read or written.

    Raises
    ------
    MissingFileError
        The root, or the folder of the output, is not there.
    OptionError
        The place for the figures is a file.
    """
    if not root.is_dir():
        raise MissingFileError(
            "The dataset root is not there.",
            where=root.absolute(),
            do="name it with --root, or build one: spe1 build zhao --raw-dir .raw --root spe1",
        )
    if plots is not None and plots.exists() and not plots.is_dir():
        raise OptionError(
            "The place for the figures is not a folder.",
            where=plots.absolute(),
            do="name a folder with --plots; it is made if it is not there",
        )
    target = output if output is not None else root / BENCHMARK_NAME
    for option, path in (("--output", target), ("--markdown", markdown)):
        if path is not None and (not path.parent.is_dir() or path.is_dir()):
            raise MissingFileError(
                "The result cannot be written there.",
                where=path.absolute(),
                expected="a file in a folder that exists",
                do=f"make the folder, or name another file with {option}",
            )
    return Places(target, plots, markdown)
