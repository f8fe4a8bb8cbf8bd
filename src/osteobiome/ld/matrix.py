"""A signed LD matrix with the alleles it was counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.sumstats.identity import trim
from osteobiome.sumstats.numbers import number
from osteobiome.sumstats.palindromes import ROUNDING, PalindromeOptions
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

VALUE_TOLERANCE = 1e-6
"""A correlation may exceed 1 by this much, from rounding in other software."""
SYMMETRY_TOLERANCE = 1e-4
"""r of a pair may differ by direction by this much: tables are often printed with four decimals."""
PALINDROMES = PalindromeOptions()
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
    frequency : tuple of (float or None)
        Frequency of the counted allele; empty if unknown.
    """

    r: NDArray[np.float64]
    rsid: tuple[str, ...]
    counted: tuple[str, ...]
    other: tuple[str, ...]
    frequency: tuple[float | None, ...] = ()

    def oriented(
        self,
        rsid: Sequence[str],
        effect_allele: Sequence[str],
        other_allele: Sequence[str],
        *,
        eaf: Sequence[float | None] = (),
        trust_strand: bool = False,
    ) -> tuple[NDArray[np.float64] | None, dict[str, list[str]]]:
        """Return the matrix of some variants, counted in their effect alleles.

        Parameters
        ----------
        rsid, effect_allele, other_allele : sequence of str
            Variants of a harmonised pair.
        eaf : sequence of (float or None)
            Frequency of each effect allele: A/T and C/G variants are oriented by it, as letters say nothing of strand.
        trust_strand : bool
            Believe that pair and matrix are on the forward strand.

        Returns
        -------
        ld_r : numpy.ndarray, shape (n, n), or None
            None if a variant is missing or has other alleles: a matrix with holes is no matrix.
        problems : dict of list of str
            ``not_in_ld_matrix``, ``allele_mismatch`` and ``palindromic_strand_unknown`` with the variants concerned;
            empty if all is well.
        """
        found = self.find(rsid, effect_allele, other_allele, eaf=eaf, trust_strand=trust_strand)
        problems: dict[str, list[str]] = {}
        for name, (_, _, problem) in zip(rsid, found, strict=True):
            if problem:
                problems.setdefault(problem, []).append(name)
        if problems:
            return None, problems
        rows = [row for row, _, _ in found]
        direction = np.array([float(sign) for _, sign, _ in found])
        return self.r[np.ix_(rows, rows)] * np.outer(direction, direction), {}

    def find(
        self,
        rsid: Sequence[str],
        effect_allele: Sequence[str],
        other_allele: Sequence[str],
        *,
        eaf: Sequence[float | None] = (),
        trust_strand: bool = False,
    ) -> list[tuple[int, int, str]]:
        """Return where each variant stands in the matrix and which way round it was counted.

        Parameters
        ----------
        rsid, effect_allele, other_allele, eaf, trust_strand
            As in :meth:`oriented`.

        Returns
        -------
        list of (int, int, str)
            Row, +1 or -1, and an empty text; or -1, 0, and what is wrong: ``not_in_ld_matrix``, ``allele_mismatch``
            or ``palindromic_strand_unknown``.
        """
        place = {name: index for index, name in enumerate(self.rsid)}
        found: list[tuple[int, int, str]] = []
        for i, (name, effect, other) in enumerate(zip(rsid, effect_allele, other_allele, strict=True)):
            row = place.get(name, -1)
            sign, problem = 0, "not_in_ld_matrix"
            if row >= 0:
                sign, problem = _sign((effect, other), (self.counted[row], self.other[row])), "allele_mismatch"
                if sign and (effect, other) in _PALINDROMES and not trust_strand:
                    frequency = self.frequency[row] if self.frequency else None
                    sign, problem = _sign_by_frequency(eaf[i] if eaf else None, frequency), "palindromic_strand_unknown"
            found.append((row, sign, "") if sign else (-1, 0, problem))
        return found


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


def _sign_by_frequency(eaf: float | None, counted: float | None) -> int:
    """Return +1 if the effect allele is the counted one by frequency, -1 if not, 0 if frequencies cannot tell."""
    low, high = PALINDROMES.drop_between
    if eaf is None or counted is None or any(low + ROUNDING < f < high - ROUNDING for f in (eaf, counted)):
        return 0
    return 1 if (eaf < 0.5) == (counted < 0.5) else -1


def read_ld_matrix(matrix: Path, variants: Path) -> LdMatrix:
    """Read a square table of r and the table of its alleles.

    Parameters
    ----------
    matrix : pathlib.Path
        First column ``rsid``, then one column per variant in the same order; signed r.
    variants : pathlib.Path
        Columns ``rsid``, ``effect_allele`` (the allele that r counts; ``alt`` is accepted), ``other_allele`` (``ref``),
        and, for palindromic variants, its frequency ``eaf`` (``af``).

    Raises
    ------
    InputFileError, SchemaError
        Not square, not numeric, not symmetric, or variants without alleles.
    """
    names, r = _read_square(matrix)
    alleles = _read_alleles(variants)
    without = [name for name in names if not all(alleles.get(name, ("", "", None))[:2])]
    if without:
        raise SchemaError(
            Fault(
                "ld_without_alleles",
                str(variants),
                f"no alleles for {len(without)} variants, such as {without[0]}",
                "alleles for every row of the matrix",
            )
        )
    counted, other, frequency = zip(*(alleles[name] for name in names), strict=True)
    r = (r + r.T) / 2.0
    np.fill_diagonal(r, 1.0)  # printed with four decimals it may be off by as much as any other value
    return LdMatrix(r, tuple(names), tuple(counted), tuple(other), tuple(frequency))


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
    check_correlation(r, where=str(path))
    return names, r


def check_correlation(r: NDArray[np.float64], *, where: str) -> None:
    """Raise unless a square matrix holds correlations.

    Whether it can be inverted is for the estimator to say: a singular matrix is a correlation matrix, too.

    Parameters
    ----------
    r : numpy.ndarray, shape (n_variants, n_variants)
        Matrix.
    where : str
        File, for messages.

    Raises
    ------
    InputFileError
        A value missing or beyond 1, not symmetric, or a diagonal other than 1.
    """
    if not np.isfinite(r).all() or np.abs(r).max(initial=0.0) > 1.0 + VALUE_TOLERANCE:
        raise InputFileError(
            Fault("ld_bad_value", where, "a value that is no correlation", "numbers between -1 and 1, none missing")
        )
    if not np.allclose(r, r.T, atol=SYMMETRY_TOLERANCE):
        raise InputFileError(Fault("ld_not_symmetric", where, "r of a pair differs by direction", "a symmetric table"))
    if not np.allclose(np.diag(r), 1.0, atol=SYMMETRY_TOLERANCE):
        raise InputFileError(
            Fault("ld_diagonal", where, "a variant whose correlation with itself is not 1", "signed r, not covariance")
        )


def _read_alleles(path: Path) -> dict[str, tuple[str, str, float | None]]:
    """Return counted allele, other allele and frequency of the counted one, per variant."""
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
    named = next((name for name in ("eaf", "af") if name in alleles.columns), None)
    frequencies = alleles.select(number(named)).to_series().to_list() if named else [None] * alleles.height
    rows = zip(alleles["rsid"], *columns, frequencies, strict=True)
    return {name: (counted, other, frequency) for name, counted, other, frequency in rows}
