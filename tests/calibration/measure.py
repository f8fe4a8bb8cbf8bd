"""Measure the figures of ``docs/methods/calibration.md`` and write them into its tables; a quarter of an hour.

``.venv/bin/python -m tests.calibration.measure``, from the root of the repository. The tests draw other pairs, fewer of
them, and hold them to these figures. Names of tables, given as arguments, measure those only.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.calibration.detection import CHECKS
from tests.calibration.perturbed_fit import SETTINGS, rejected
from tests.calibration.scenarios import DESIGNS, PLEIOTROPY, SLOW, THETA, Sample, fits

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "calibration.md"
N, SEED, N_DRAWS = 2000, 1, 1000
N_CHECK = 4000
N_FIT = 300
SLOW_SHARE = 4


class Recorded(NamedTuple):
    """A row of a table of estimators: shares between 0 and 1, sizes of the estimates with an effect of THETA."""

    rejected: float
    covered: float
    mean: float
    sd: float
    typical_se: float
    """Mean; median in ``validity``, as a mixture that is nearly flat gives standard errors without bound."""


def n_of(method: str) -> int:
    """Return how many pairs stand behind a row."""
    return N // SLOW_SHARE if method in SLOW else N


def row(method: str, design: str, pleiotropy: str) -> str:
    """Return a row of the table of a design."""
    samples = (Sample(design, pleiotropy, theta, n_of(method), SEED) for theta in (0.0, THETA))
    null, true = (fits(method, sample, N_DRAWS) for sample in samples)
    shares = f"{100 * null.is_rejected.mean():.2f} % | {100 * true.is_covered.mean():.2f} %"
    typical_se = np.median(true.se) if design == "validity" else true.se.mean()
    sizes = f"{true.beta.mean():.3f} | {true.beta.std(ddof=1):.3f} | {typical_se:.3f}"
    return f"| `{method}` | {pleiotropy} | {shares} | {sizes} |"


def check_row(name: str) -> str:
    """Return a row of the table of checks."""
    found = CHECKS[name](SEED, N_CHECK)
    return f"| {name} | {100 * found.expected:.2f} % | {100 * found.count / found.n:.2f} % |"


def fit_row(label: str) -> str:
    """Return a row of the table of the goodness of fit of constrained likelihood on perturbed data."""
    *counts, n = rejected(SETTINGS[label], SEED, N_FIT)
    return f"| {label} | {' | '.join(f'{100 * found / n:.2f} %' for found in counts)} |"


def _cells(table: str) -> list[list[str]]:
    """Return the cells of the rows of a table of the page, without its two lines of header."""
    text = PAGE.read_text()
    body = text.split(f"<!-- {table}: start -->")[1].split(f"<!-- {table}: end -->")[0]
    return [[cell.strip(" %") for cell in line.strip("| ").split(" | ")] for line in body.split("\n")[4:] if line]


def recorded(design: str) -> dict[tuple[str, str], Recorded]:
    """Return the table of a design, by method and pleiotropy."""
    return {
        (method.strip("`"), pleiotropy): Recorded(float(rejected) / 100, float(covered) / 100, *map(float, sizes))
        for method, pleiotropy, rejected, covered, *sizes in _cells(design)
    }


def recorded_checks() -> dict[str, tuple[float, float]]:
    """Return the table of checks: expected and measured share by name."""
    return {name: (float(expected) / 100, float(found) / 100) for name, expected, found in _cells("checks")}


def recorded_fits() -> dict[str, tuple[float, ...]]:
    """Return the table of the goodness of fit: shares rejected by either test and shares warned of, by setting."""
    return {label: tuple(float(share) / 100 for share in shares) for label, *shares in _cells("goodness_of_fit")}


def write(table: str, rows: list[str]) -> None:
    """Replace the rows of a table of the page and leave its header."""
    head, rest = PAGE.read_text().split(f"<!-- {table}: start -->\n")
    body, tail = rest.split(f"<!-- {table}: end -->")
    header = "\n".join(body.strip("\n").split("\n")[:2])
    PAGE.write_text("\n".join([f"{head}<!-- {table}: start -->\n", header, *rows, f"\n<!-- {table}: end -->{tail}"]))


def main(tables: list[str]) -> None:
    """Measure tables, all if none is named."""
    for table in tables or ["checks", "goodness_of_fit", *DESIGNS]:
        if table == "checks":
            write(table, [check_row(name) for name in CHECKS])
        elif table == "goodness_of_fit":
            write(table, [fit_row(label) for label in SETTINGS])
        else:
            write(table, [row(method, table, p) for p, method in itertools.product(PLEIOTROPY, DESIGNS[table])])


if __name__ == "__main__":
    main(sys.argv[1:])
