"""Every frozen data set says where it comes from and how closely it is compared."""

import tomllib
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
FOLDERS = sorted(path.name for path in DATA.iterdir() if path.is_dir())


def test_data__twelve_sets_are_there():
    assert len(FOLDERS) == 12


@pytest.mark.parametrize("name", FOLDERS)
def test_origin__is_complete(name):
    origin = tomllib.loads((DATA / name / "ORIGIN.toml").read_text(encoding="utf-8"))
    assert {"origin", "licence", "use", "computed_by", "tolerance", "why", "columns"} <= origin.keys()
    assert all(origin[key] for key in ("origin", "licence", "use", "why", "columns"))
    assert 0.0 <= origin["tolerance"] <= 1e-8


@pytest.mark.parametrize("name", FOLDERS)
def test_origin__is_marked_as_test_only(name):
    origin = tomllib.loads((DATA / name / "ORIGIN.toml").read_text(encoding="utf-8"))
    assert origin["use"] == "used in tests only, not in the wheel"
