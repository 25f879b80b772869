"""Models do not change, and say in one line what they refuse."""

import pytest
from pydantic import ValidationError, model_validator

from spe1_builder.models import Model, first_problem


class _Inner(Model):
    values: list[float]


class _Outer(Model):
    inner: _Inner
    n: int

    @model_validator(mode="after")
    def _adds_up(self):
        if self.n != len(self.inner.values):
            raise ValueError("n is not the number of values")
        return self


def _problem(values, **how) -> str:
    with pytest.raises(ValidationError) as caught:
        _Outer.model_validate(values)
    return first_problem(caught.value, **how)


def test_the_place_and_how_many_more():
    assert _problem({"inner": {"values": [1.0, "x"]}, "n": 2}).startswith("inner.values.1: ")
    text = _problem({"inner": {"values": [float("nan")]}, "n": "x", "extra": 1})
    assert text.startswith("inner.values.0: ") and text.endswith("(and 2 more)")


def test_a_problem_of_the_whole():
    contradictory = {"inner": {"values": []}, "n": 1}
    assert _problem(contradictory).startswith("the file: ")
    assert "n is not the number" in _problem(contradictory, whole="the options")
    assert _problem(contradictory, whole="the options").startswith("the options: ")


def test_a_model_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        _Inner(values=[1.0]).values = []
