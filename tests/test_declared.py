"""Options declared once: the function, its docstring and the command have the same ones."""

import inspect
from dataclasses import dataclass, field, fields

import pytest
from typer.main import get_command

import spe1
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.cli.app import app
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.declared import documented_fields, takes_options_of
from spe1_builder.source.simulation.options import SimulationOptions


@documented_fields
@dataclass(frozen=True)
class Toy:
    """A toy."""

    size_um: float = field(default=2.0, metadata={"doc": "How large, um."})


@pytest.mark.parametrize(
    ("function", "declared"),
    [
        (spe1.build, BuildOptions),
        (spe1.simulate, SimulationOptions),
        (spe1.benchmark, BenchmarkOptions),
    ],
)
def test_the_function_has_every_option(function, declared):
    parameters = inspect.signature(function).parameters
    for option in fields(declared):
        assert parameters[option.name].default == option.default
        assert option.metadata["doc"] in inspect.getdoc(function).replace("\n    ", " ")
        assert option.metadata["doc"] in inspect.getdoc(declared)
    assert not any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def test_the_command_has_every_option():
    flags = {parameter.name: parameter for parameter in get_command(app).commands["build"].params}
    for option in fields(BuildOptions):
        assert flags[option.name].opts == [f"--{option.name.replace('_', '-')}"]
        assert flags[option.name].default == option.default
        assert flags[option.name].help == option.metadata["doc"]


def test_a_new_option_is_in_signature_docstring_and_call():
    @takes_options_of(Toy)
    def draw(name: str, **options: object) -> dict:
        """Draw it.

        Parameters
        ----------
        name : str
        {options}
        """
        return {"name": name, **options}

    assert str(inspect.signature(draw)) == "(name: str, *, size_um: float = 2.0) -> dict"
    assert "size_um : float\n    How large, um." in draw.__doc__
    assert "size_um : float\n    How large, um." in Toy.__doc__
    assert draw("c14", size_um=3.0) == {"name": "c14", "size_um": 3.0}
    assert draw("c14") == {"name": "c14"}
    with pytest.raises(TypeError, match=r"draw\(\) has no option 'size_nm'"):
        draw("c14", size_nm=3.0)


def test_the_former_name_of_the_reference_engine_is_taken():
    assert BuildOptions(engine="reference") == BuildOptions(engine="spikeinterface")
