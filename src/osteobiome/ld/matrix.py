"""A signed LD matrix with the alleles it was counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.sumstats.identity import trim
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

VALUE_TOLERANCE = 1e-6
"""A correlation may exceed 1 by this much, from rounding in other software."""
SYMMETRY_TOLERANCE = 1e-4
"""r of a pair may differ by direction by this much: tables are often printed with four decimals."""
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_PALINDROMES = {("A", "T"), ("T", "A"), ("C", "G"), ("G", "C")}


@dataclass(frozen=True, slots=True)
class LdMatrix:
    """Correlation of variants, in declared alleles.

    Parameters
    ----------
    r : numpy.ndarray, shape (n_variants, n_variants)
        Signed correlation (not squared) of the counts of ``counted`` alleles.
    rsid, counted, other : tuple of str
        Variant, the allele that r counts, the other allele.
    """

    r: NDArray[np.float64]
    rsid: tuple[str, ...]
    counted: tuple[str, ...]
    other: tuple[str, ...]

    def oriented(
        self, rsid: Sequence[str], effect_allele: Sequence[str], other_allele: Sequence[str]
    ) -> tuple[NDArray[np.float64] | None, dict[str, list[str]]]:
        """Return the matrix of some variants, counted in their effect alleles.

        Parameters
        ----------
        rsid, effect_allele, other_allele : sequence of str
            Variants of a harmonised pair.

        Returns
        -------
        ld_r : numpy.ndarray, shape (n, n), or None
            None if a variant is missing or has other alleles: a matrix with holes is no matrix.
        problems : dict of list of str
            ``not_in_ld_matrix`` and ``allele_mismatch`` with the variants concerned; empty if all is well.
        """
        place = {name: index for index, name in enumerate(self.rsid)}
        problems: dict[str, list[str]] = {}
        rows, signs = [], []
        for name, effect, other in zip(rsid, effect_allele, other_allele, strict=True):
            if name not in place:
                problems.setdefault("not_in_ld_matrix", []).append(name)
                continue
            sign = _sign((effect, other), (self.counted[place[name]], self.other[place[name]]))
            if sign == 0:
                problems.setdefault("allele_mismatch", []).append(name)
                continue
            rows.append(place[name])
            signs.append(float(sign))
        if problems:
            return None, problems
        direction = np.array(signs)
        return self.r[np.ix_(rows, rows)] * np.outer(direction, direction), {}


def _sign(pair: tuple[str, str], counted: tuple[str, str]) -> int:
    """Return +1 for the same alleles, -1 for swapped ones, 0 for others; strand is tried for non-palindromes."""
    pair, counted = trim(*pair)[:2], trim(*counted)[:2]
    swapped = counted[::-1]
    if pair == counted:
        return 1
    if pair == swapped:
        return -1
    if pair in _PALINDROMES or any(len(allele) > 1 for allele in pair):
        return 0
    turned = (pair[0].translate(_COMPLEMENT), pair[1].translate(_COMPLEMENT))
    return 1 if turned == counted else -1 if turned == swapped else 0


def read_ld_matrix(matrix: Path, variants: Path) -> LdMatrix:
    """Read a square table of r and the table of its alleles.

    Parameters
    ----------
    matrix : pathlib.Path
        First column ``rsid``, then one column per variant in the same order; signed r.
    variants : pathlib.Path
        Columns ``rsid``, ``effect_allele`` (the allele that r counts; ``alt`` is accepted), ``other_allele`` (``ref``).

    Raises
    ------
    InputFileError, SchemaError
        Not square, not numeric, not symmetric, or variants without alleles.
    """
    names, r = _read_square(matrix)
    alleles = _read_alleles(variants)
    without = [name for name in names if not all(alleles.get(name, ("", "")))]
    if without:
        raise SchemaError(
            Fault(
                "ld_without_alleles",
                str(variants),
                f"no alleles for {len(without)} variants, such as {without[0]}",
                "alleles for every row of the matrix",
            )
        )
    counted, other = zip(*(alleles[name] for name in names), strict=True)
    return LdMatrix((r + r.T) / 2.0, tuple(names), tuple(counted), tuple(other))


def _read_square(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names and values of a square table of r."""
    table = read_text_table(path)
    names = [name for name in table.columns if name != LINE][1:]
    rsid = table[table.columns[0]].to_list()
    if rsid != names:
        raise SchemaError(
            Fault(
                "ld_not_square",
                str(path),
                f"{len(rsid)} rows and {len(names)} columns, or another order",
                "the same variants in rows and columns",
            )
        )
    numbers = table.select(pl.col(names).cast(pl.Float64, strict=False))
    r = np.ascontiguousarray(numbers.to_numpy(), dtype=np.float64)
    if not np.isfinite(r).all() or np.abs(r).max(initial=0.0) > 1.0 + VALUE_TOLERANCE:
        raise InputFileError(
            Fault("ld_bad_value", str(path), "a value that is no correlation", "numbers between -1 and 1, none missing")
        )
    if not np.allclose(r, r.T, atol=SYMMETRY_TOLERANCE):
        raise InputFileError(
            Fault("ld_not_symmetric", str(path), "r of a pair differs by direction", "a symmetric table")
        )
    if not np.allclose(np.diag(r), 1.0, atol=SYMMETRY_TOLERANCE):
        raise InputFileError(
            Fault(
                "ld_diagonal", str(path), "a variant whose correlation with itself is not 1", "signed r, not covariance"
            )
        )
    return names, r


def _read_alleles(path: Path) -> dict[str, tuple[str, str]]:
    """Return counted and other allele of each variant."""
    alleles = read_text_table(path)
    columns = []
    for ours, theirs in (("effect_allele", "alt"), ("other_allele", "ref")):
        use = next((name for name in (ours, theirs) if name in alleles.columns), None)
        if use is None or "rsid" not in alleles.columns:
            raise SchemaError(
                Fault(
                    "no_allele_column",
                    str(path),
                    f"no column '{ours}' or '{theirs}', or no 'rsid'",
                    "the alleles that r was counted in",
                    "Without alleles the sign of r means nothing",
                )
            )
        columns.append(alleles[use].fill_null("").str.to_uppercase())
    repeated = alleles["rsid"].filter(alleles["rsid"].is_duplicated())
    if len(repeated):
        raise SchemaError(
            Fault(
                "ld_duplicate_variant",
                str(path),
                f"variant {repeated[0]} in several rows",
                "one row per variant",
                "Keep the row with the alleles that r was counted in",
            )
        )
    return {name: (a, b) for name, a, b in zip(alleles["rsid"], *columns, strict=True)}
