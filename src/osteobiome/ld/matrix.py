"""A signed LD matrix with the alleles it was counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.ld.matching import sign_by_frequency
from osteobiome.sumstats.identity import trim
from osteobiome.sumstats.numbers import number
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

VALUE_TOLERANCE = 1e-6
"""A correlation may exceed 1 by this much, from rounding in other software."""
SYMMETRY_TOLERANCE = 1e-4
"""r of a pair may differ by direction by this much: tables are often printed with four decimals."""
ALL_VARIANTS = "Add them to the table of variants, with the allele that r counts first"
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
        rows = [place.get(name, -1) for name in rsid]
        by_frequency = self._signs_by_frequency(rows, eaf)
        found: list[tuple[int, int, str]] = []
        for row, effect, other, settled in zip(rows, effect_allele, other_allele, by_frequency, strict=True):
            sign, problem = 0, "not_in_ld_matrix"
            if row >= 0:
                sign, problem = _sign((effect, other), (self.counted[row], self.other[row])), "allele_mismatch"
                if sign and (effect, other) in _PALINDROMES and not trust_strand:
                    sign, problem = settled, "palindromic_strand_unknown"
            found.append((row, sign, "") if sign else (-1, 0, problem))
        return found

    def _signs_by_frequency(self, rows: list[int], eaf: Sequence[float | None]) -> list[int]:
        """Return which way round each row would be counted if frequencies alone decided; 0 where they cannot."""
        theirs = self.frequency or (None,) * len(self.rsid)
        known = [theirs[row] if row >= 0 else None for row in rows]
        ours = eaf if len(eaf) else [None] * len(rows)
        assert len(ours) == len(rows)
        pair = (np.array(values, dtype=np.float64) for values in (ours, known))  # None becomes NaN
        signs: list[int] = sign_by_frequency(*pair).tolist()
        return signs


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
                ALL_VARIANTS,
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
        raise not_square(str(path), f"{len(rsid)} rows and {len(names)} columns, or another order")
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
        raise bad_value(where, "a value that is no correlation")
    if not np.allclose(r, r.T, atol=SYMMETRY_TOLERANCE):
        hint = "Write both triangles alike, or only one of them as .npz"
        found = "r of a pair differs by direction"
        raise InputFileError(Fault("ld_not_symmetric", where, found, "a symmetric table", hint))
    if not np.allclose(np.diag(r), 1.0, atol=SYMMETRY_TOLERANCE):
        found = "a variant whose correlation with itself is not 1"
        hint = "Divide covariances by both standard deviations"
        raise InputFileError(Fault("ld_diagonal", where, found, "signed r, not covariance", hint))


def not_square(where: str, found: str) -> SchemaError:
    """Return the error of a matrix whose rows are not its columns."""
    expected, hint = "the same variants in rows and columns", "Write the whole square, in one order"
    return SchemaError(Fault("ld_not_square", where, found, expected, hint))


def bad_value(where: str, found: str) -> InputFileError:
    """Return the error of a matrix that holds something other than correlations."""
    expected, hint = "numbers between -1 and 1, none missing", "Leave out variants that do not vary, which have no r"
    return InputFileError(Fault("ld_bad_value", where, found, expected, hint))


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
