import inspect

import pytest

from logjedi_contracts import errors
from logjedi_contracts.errors import ConfigurationError, DependencyDown, PermanentError, Refused, TemporaryError

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_is_temporary_or_permanent_and_not_both(kind: type[Exception]) -> None:
    if kind is not errors.LogJediError:
        assert issubclass(kind, errors.LogJediError)
        assert issubclass(kind, TemporaryError) != issubclass(kind, PermanentError)


def test_the_tree_in_the_docstring_names_every_error() -> None:
    assert errors.__doc__ is not None
    assert [kind.__name__ for kind in TREE if kind.__name__ not in errors.__doc__] == []


def test_a_temporary_error_says_how_long_to_wait() -> None:
    assert TemporaryError("later").delay_s > 0
    assert TemporaryError("later", delay_s=0.25).delay_s == 0.25


def test_a_dependency_is_named_as_in_readiness() -> None:
    error = DependencyDown("redis", "connection refused")
    assert (error.dependency, error.cause, str(error)) == (
        "redis",
        "connection refused",
        "redis: connection refused",
    )
    assert error.delay_s > 0


def test_a_configuration_error_keeps_a_line_for_each_setting() -> None:
    error = ConfigurationError(["A: is not set; give it a value", "B: is no number; write 1"])
    assert len(error.problems) == 2
    assert str(error) == "A: is not set; give it a value; B: is no number; write 1"


def test_a_refusal_names_its_rule() -> None:
    error = Refused("stale", "the object changed meanwhile")
    assert (error.rule, str(error)) == ("stale", "the object changed meanwhile")
