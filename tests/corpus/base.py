"""What every file of the corpus is made from: a clean table of known variants, and how a case is declared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from osteobiome.sumstats.reference import markers

SEED = 20260101
N_ROWS, N_MANY = 400, 1500
N_PEOPLE = 40_000
"""People per variant of the clean table."""
COLUMNS = (
    "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value", "rsid", "n",
)  # fmt: skip
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}
Row = dict[str, str]


def p_text(beta: float, se: float) -> str:
    """Return a two-sided p value as text; those of a plausible effect do not underflow."""
    return f"{math.erfc(abs(beta / se) / math.sqrt(2)):.4g}"


@lru_cache(maxsize=8)
def clean_rows(seed: int, n_rows: int, build: str) -> tuple[tuple[str, ...], ...]:
    rng = np.random.default_rng(seed)
    table = markers()
    chosen = table[np.linspace(0, table.height - 1, n_rows).astype(int)]
    rows = []
    for marker in chosen.iter_rows(named=True):
        is_first = rng.random() < 0.5
        known = marker["frequency"] if is_first else 1 - marker["frequency"]
        eaf = min(0.999, max(0.001, known + rng.normal(0, 0.01)))
        se = float(f"{1 / math.sqrt(2 * eaf * (1 - eaf) * N_PEOPLE):.5f}")
        beta = float(f"{rng.normal(0, se):.6f}")
        alleles = (marker["allele_1"], marker["allele_2"])
        effect, other = alleles if is_first else alleles[::-1]
        rows.append(
            (
                str(marker["chromosome"]), str(marker[f"position_{build.lower()}"]), effect, other, f"{beta:.6f}",
                f"{se:.5f}", f"{eaf:.4f}", p_text(beta, se), marker["rsid"], str(N_PEOPLE),
            )
        )  # fmt: skip
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Base:
    """The clean table; row ``i`` stands in line ``i + 2``."""

    seed: int = SEED

    def rows(self, n: int = N_ROWS, *, build: str = "GRCh37") -> list[Row]:
        """Return fresh rows that a case may change."""
        return [dict(zip(COLUMNS, row, strict=True)) for row in clean_rows(self.seed, n, build)]

    def changed(self, *changes: tuple[int, Mapping[str, str]], n: int = N_ROWS) -> bytes:
        """Return the table with cells of some rows changed; a change is (line, cells)."""
        rows = self.rows(n)
        for line, cells in changes:
            rows[line - 2] |= cells
        return written(rows)

    def each(self, change: Callable[[Row], Mapping[str, str]], *, n: int = N_ROWS) -> bytes:
        """Return the table with cells of every row changed."""
        return written([row | change(row) for row in self.rows(n)])

    def lines(self, n: int = N_ROWS) -> list[str]:
        """Return the clean table as lines without their ends, the header first."""
        return written(self.rows(n)).decode().splitlines()

    def clean(self, n: int = N_ROWS) -> bytes:
        """Return the clean table as a file."""
        return written(self.rows(n))


def written(rows: Iterable[Mapping[str, str]], *, separator: str = "\t", end: str = "\n") -> bytes:
    """Return rows as text; the columns are those of the first row."""
    rows = list(rows)
    lines = [separator.join(rows[0]), *(separator.join(row.values()) for row in rows)]
    return (end.join(lines) + end).encode()


def joined(lines: Iterable[str]) -> bytes:
    """Return lines as a file."""
    return ("\n".join(lines) + "\n").encode()


def renamed(row: Row, names: Mapping[str, str]) -> Row:
    """Return a row with other column names, in the same order."""
    return {names.get(name, name): value for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that has to be there.

    Parameters
    ----------
    id, severity : str
        Check and how grave it must be found.
    line : int or None
        Line of the first example; None where the finding is about no line.
    """

    id: str
    severity: str = "fatal"
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One malformed file.

    Parameters
    ----------
    name : str
        Short and unique.
    make : callable
        From the clean table to the bytes of the file.
    expect : tuple of Expected
        What has to be found.
    file : str
        Name of the file.
    build, file_format, trait, columns
        What is declared about it.
    dropped : mapping of str to int
        Rows dropped by reason, where rows are dropped; None where nothing is said about it.
    also : frozenset of str
        Fatal faults, dropped rows and doubts that follow from the same fault; any other is a false alarm.
    kind : str
        ``file``, ``folder``, ``missing``, ``dangling_link``, ``link_loop`` or ``pipe``.
    beside : mapping of str to bytes
        Further files in the same folder.
    """

    name: str
    make: Callable[[Base], bytes]
    expect: tuple[Expected, ...]
    file: str = "table.tsv"
    build: str = "GRCh37"
    file_format: str | None = None
    trait: str | None = None
    columns: Mapping[str, str] | None = None
    dropped: Mapping[str, int] | None = None
    also: frozenset[str] = frozenset()
    kind: str = "file"
    beside: Mapping[str, bytes] = field(default_factory=dict)


def fatal(
    name: str, make: Callable[[Base], bytes], check: str, *, line: int | None = None, also: Iterable[str] = (), **more
) -> Case:
    """Return a case with one fatal finding."""
    return Case(name=name, make=make, expect=(Expected(check, "fatal", line),), also=frozenset(also), **more)


def note(
    name: str, make: Callable[[Base], bytes], check: str, *, line: int | None = None, also: Iterable[str] = (), **more
) -> Case:
    """Return a case with a note or doubt, from which no row suffers unless ``dropped`` says so."""
    more.setdefault("dropped", {})
    return Case(name=name, make=make, expect=(Expected(check, "note", line),), also=frozenset(also), **more)


def row(name: str, check: str, cells: Mapping[str, str], *, line: int = 9, also: Iterable[str] = (), **more) -> Case:
    """Return a case with one bad row, which is dropped."""
    return Case(
        name=name,
        make=lambda base: base.changed((line, cells)),
        expect=(Expected(check, "row", line),),
        dropped={check: 1},
        also=frozenset(also),
        **more,
    )
