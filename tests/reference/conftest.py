"""Frozen numbers of other packages: loading them, and comparing with a count of what was compared."""

from __future__ import annotations

import csv
import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osteobiome.instruments import Instruments

DATA = Path(__file__).parent / "data"


@dataclass
class Dataset:
    """Inputs and frozen results of one data set."""

    folder: Path
    origin: dict[str, Any]
    methods: dict[str, Any]

    def rows(self, name: str = "inputs.csv") -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def column(self, column: str, name: str = "inputs.csv") -> np.ndarray:
        return np.array([float(row[column]) for row in self.rows(name)])

    def pair(self, *, suffix: str = "") -> Instruments:
        """Return the pair; variants are named snp1, snp2 ... as in the frozen tables."""
        names = (f"beta_exposure{suffix}", f"se_exposure{suffix}", "beta_outcome", "se_outcome")
        return Instruments.from_arrays(
            *map(self.column, names), rsid=[f"snp{i}" for i in range(1, len(self.rows()) + 1)]
        )


@dataclass
class Comparison:
    """Collects differences; ``finish`` fails if there is one, or if too little was compared."""

    rtol: float
    count: int = 0
    wrong: list[str] = field(default_factory=list)

    def number(self, what: str, got: float | None, want: float, *, atol: float = 0.0) -> None:
        self.count += 1
        if got is None or not math.isclose(got, want, rel_tol=self.rtol, abs_tol=atol):
            self.wrong.append(f"{what}: {got!r}, frozen {want!r}")

    def p_value(self, what: str, got_neg_log10: float | None, want_p: float) -> None:
        """Compare p itself and its minus log10; p = 1 leaves no digits on the second scale."""
        got = None if got_neg_log10 is None else 10.0**-got_neg_log10
        self.number(f"{what} p", got, want_p)
        self.number(f"{what} -log10 p", got_neg_log10, -math.log10(want_p), atol=1e-12)

    def same(self, what: str, got: object, want: object) -> None:
        self.count += 1
        if got != want:
            self.wrong.append(f"{what}: {got!r}, frozen {want!r}")

    def finish(self, *, at_least: int) -> None:
        assert not self.wrong, "\n".join(self.wrong)
        assert self.count >= at_least, f"only {self.count} numbers were compared"


def _load(name: str) -> Dataset:
    folder = DATA / name
    origin = tomllib.loads((folder / "ORIGIN.toml").read_text(encoding="utf-8"))
    results = folder / "results.json"
    methods = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    return Dataset(folder, origin, methods)


@pytest.fixture
def load():
    """Return the loader of data sets."""
    return _load


@pytest.fixture
def comparison():
    """Return a comparison at the tolerance that a data set declares, or at one that a test argues for."""

    def start(data: Dataset, *, rtol: float | None = None) -> Comparison:
        return Comparison(data.origin["tolerance"] if rtol is None else rtol)

    return start
