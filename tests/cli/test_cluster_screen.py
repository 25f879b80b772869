"""What a person sees of a run on a cluster: the table that lives, lines, objects."""

import io
import json

import pytest
from rich.console import Console

from spe1_builder.cli.cluster_screen import RunState, _drawn, table_of, watched
from spe1_builder.cli.console import Screen, on_screen, say
from spe1_builder.progress import Style, shown_as
from spe1_builder.runs.clusters.events import Event

WORKER, HOST = "tcp://10.0.0.7:4000", "node7"
WHERE = {"worker": WORKER, "host": HOST, "attempt": 1}


def at_work(**more):
    return [
        Event("cluster", "is slurm", cluster="slurm", dashboard="http://a:8787"),
        Event("worker joined", f"{WORKER} joined", worker=WORKER, host=HOST),
        *(Event("queued", "is queued", cell) for cell in ("c14", "c15", "c16")),
        Event("begun", "is begun", "c14", **WHERE),
        Event("done", "is done", "c14", **WHERE, seconds=20.0),
        Event("begun", "is begun", "c15", **WHERE),
        Event("stage", "write", "c15", **WHERE, stage="write segments", unit="B", total=10**9),
        *more.get("then", []),
    ]


def drawn(events):
    state = RunState(3)
    for event in events:
        state.hear(event)
    out = io.StringIO()
    Console(file=out, width=110).print(table_of(state, 0.0))
    return out.getvalue().splitlines()


def test_the_table_shows_who_is_at_what():
    half = Event(
        *("progress", "write segments: 50 %", "c15"),
        **WHERE,
        stage="write segments",
        unit="B",
        total=10**9,
        done=5 * 10**8,
        per_s=2.5e8,
    )
    summary, dashboard, head, row = drawn(at_work(then=[half]))
    assert head.split() == ["cell", "stage", "done", "rate", "time", "worker"]
    assert row.split()[:6] == ["c15", "write", "segments", "50", "%", "250.0"]
    assert row.rstrip().endswith(f"{WORKER} on {HOST}")
    assert summary.startswith(
        "cluster slurm; 1 worker; 1 of 3 done, 0 failed, 1 at work, 1 queued; about 30 s left"
    )
    assert dashboard.strip() == "dashboard: http://a:8787"


def test_a_cell_that_ends_or_fails_leaves_the_table():
    failed = Event("failed", "failed", "c15", **WHERE)
    summary, *_ = drawn(at_work(then=[failed]))
    assert "1 of 3 done, 1 failed, 0 at work, 1 queued" in summary


def test_a_table_in_a_terminal_leaves_standard_output_alone(capsys):
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=110)
    with _drawn(3, console) as hear:
        for event in at_work():
            hear(event)
        say("a result")
    assert capsys.readouterr().out == "a result\n"
    assert "c14: is done" in out.getvalue() and "write segments" in out.getvalue()


@pytest.mark.parametrize("style", [Style.BARS, Style.LINES])
def test_a_line_an_event_without_a_terminal(style, capsys):
    with on_screen(Screen("build")) as screen, shown_as(style), watched(3) as hear:
        for event in at_work():
            hear(event)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == len(at_work()) - 3  # what is queued is no line
    assert lines[0][8:].startswith(" cluster: is slurm")
    assert len(screen.events) == len(at_work())


def test_objects_for_programs(capsys):
    events = at_work(then=[Event("progress", "5 %", "c15", **WHERE)])
    with on_screen(Screen("build", is_json=True)) as screen, watched(3) as hear:
        for event in events:
            hear(event)
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in err.splitlines()]
    assert out == "" and told == [event.fields() for event in events[:-1]]
    assert screen.events == told


def test_nothing_if_quiet(capsys):
    with on_screen(Screen("build")) as screen, shown_as(Style.QUIET), watched(3) as hear:
        for event in at_work():
            hear(event)
    assert capsys.readouterr() == ("", "") and len(screen.events) == len(at_work())
