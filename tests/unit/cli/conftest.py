"""Folders with a file of summary statistics and a panel, for the tests of `osteobiome ld`."""

from __future__ import annotations

import pytest

from tests.unit.cli.ld_world import World, write_panel, write_table


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture
def here(tmp_path, monkeypatch, world):
    """A folder with bmd.tsv and the panel panel/eur, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "bmd.tsv", world.rows())
    bim = [(c, name, p, *pair) for name, (c, p), pair in zip(world.names, world.places, world.alleles, strict=True)]
    write_panel(tmp_path / "panel" / "eur", world.dosages, bim)
    return tmp_path
