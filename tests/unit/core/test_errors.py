"""Faults, the exception tree, and hints for misspelt names."""

import pickle

import pytest

from osteobiome.core import errors
from osteobiome.core.errors import (
    ConfigError,
    EstimationError,
    Fault,
    GenomeBuildError,
    HarmonisationError,
    InputFileError,
    OsteobiomeError,
    RunStoppedError,
    SchemaError,
    StoreError,
    StoreLockedError,
    StoreVersionError,
    StoreWriteError,
    UnknownNameError,
    nearest,
)

ALL = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, OsteobiomeError)]


def test_fault_text__has_three_parts():
    fault = Fault("bad_value", "file.tsv, line 3", "beta is 'x'", "a number", "Repair it")
    assert fault.text() == "file.tsv, line 3: beta is 'x'. Expected a number. Repair it."


@pytest.mark.parametrize(
    ("expected", "hint", "text"),
    [("", "", "a: b."), ("c", "", "a: b. Expected c."), ("", "d", "a: b. d.")],
)
def test_fault_text__leaves_out_what_is_not_known(expected, hint, text):
    assert Fault("code", "a", "b", expected, hint).text() == text


def test_fault_as_dict__is_plain_data():
    assert Fault("code", "a", "b").as_dict() == {
        "code": "code",
        "where": "a",
        "found": "b",
        "expected": "",
        "hint": "",
        "severity": "fatal",
    }


def test_error__lists_every_fault():
    error = SchemaError(Fault("a", "x", "first"), Fault("b", "y", "second"))
    assert str(error) == "x: first.\ny: second."
    assert [fault.code for fault in error.faults] == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (SchemaError, ValueError),
        (InputFileError, ValueError),
        (GenomeBuildError, ValueError),
        (HarmonisationError, ValueError),
        (ConfigError, ValueError),
        (UnknownNameError, LookupError),
        (EstimationError, ArithmeticError),
        (RunStoppedError, ValueError),
        (StoreWriteError, StoreError),
        (StoreVersionError, StoreError),
        (StoreLockedError, StoreError),
    ],
)
def test_errors__can_be_caught_as_what_they_are(error, builtin):
    assert issubclass(error, builtin)
    assert issubclass(error, OsteobiomeError)


def test_errors__the_tree_in_the_module_docstring_is_complete():
    for cls in ALL:
        assert cls.__name__ in errors.__doc__


@pytest.mark.parametrize("cls", ALL)
def test_errors__survive_the_way_between_processes(cls):
    error = cls(Fault("singular", "a", "b", "c", "d", "estimate"))
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is cls
    assert back.faults == error.faults
    assert str(back) == str(error)


def test_estimation_error__carries_the_status():
    assert EstimationError(Fault("singular", "a", "b")).status == "singular"


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("eger", ["ivw", "egger"], "Did you mean 'egger'?"),
        ("IVW", ["ivw", "egger"], "Did you mean 'ivw'?"),
        ("snp", ["SNP", "beta"], "Did you mean 'SNP'?"),
        ("zzz", ["ivw", "egger"], "Choose from egger, ivw"),
        ("zzz", [], "Nothing is registered under this heading"),
    ],
)
def test_nearest__names_the_closest_or_lists_all(name, known, hint):
    assert nearest(name, known) == hint
