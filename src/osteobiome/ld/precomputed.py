"""LD matrices that other software worked out: ``.npz`` files and PLINK ``.ld`` tables, signed, with alleles."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.ld.matrix import ALL_VARIANTS, SYMMETRY_TOLERANCE, LdMatrix, bad_value, check_correlation, not_square
from osteobiome.sumstats.reading import read_text, read_text_table
from osteobiome.sumstats.reading.containers import open_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MANY = 20
"""So many variants or more without one negative r are a table of r²: some pair is always negative by chance."""
HALF = 0.5
"""Diagonal of a triangle that is meant to be added to its transpose."""
BIM_COLUMNS = 6
COUNTED, OTHER = ("effect_allele", "allele1", "alt", "a1"), ("other_allele", "allele2", "ref", "a2")
FREQUENCY = ("eaf", "af")
SECOND_OF_PAIR = {"SNP_B", "ID_B"}
"""Columns of a table of pairs, of PLINK 1 and 2."""
AGAIN = "Download or write it again"
DAMAGED = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What numpy and zipfile raise for content that is cut, changed, pickled, packed in another way or encrypted."""
DAMAGED_SPARSE = (ValueError, KeyError, IndexError, TypeError, NotImplementedError)
"""What scipy raises for arrays that make no matrix."""


@dataclass(frozen=True, slots=True)
class Alleles:
    """Variants of a matrix, in its order.

    Parameters
    ----------
    rsid, counted, other : tuple of str
        Variant, the allele that r counts, the other one.
    frequency : tuple of (float or None)
        Frequency of the counted allele; empty if unknown.
    """

    rsid: tuple[str, ...]
    counted: tuple[str, ...]
    other: tuple[str, ...]
    frequency: tuple[float | None, ...] = ()


def read_npz(
    path: Path, variants: Path | None = None, *, array: str | None = None, trust_sign: bool = False
) -> LdMatrix:
    """Read a matrix from a ``.npz`` file.

    Parameters
    ----------
    path : pathlib.Path
        Either arrays of numpy: a square one of signed r, and, without ``variants``, ``rsid``, ``counted``, ``other``
        and perhaps ``frequency``; or a sparse matrix of scipy, as those of PolyFun for UK Biobank. One triangle is
        enough, with 1 or 0.5 on the diagonal.
    variants : pathlib.Path, optional
        Alleles in the order of the matrix: a ``.bim`` file, or a table with ``rsid`` and ``effect_allele`` and
        ``other_allele`` (or ``allele1`` and ``allele2``, ``alt`` and ``ref``, ``a1`` and ``a2``), counted one first.
    array : str, optional
        Which array, if there are several.
    trust_sign : bool
        Believe that values without one negative are signed r.

    Returns
    -------
    LdMatrix
        Symmetric, exactly 1 on the diagonal. An rsID that stands in several rows is written ``rsid:counted:other``
        there, since it names no row.

    Raises
    ------
    InputFileError, SchemaError
        Not a ``.npz`` file, not square, alleles missing, values that are no correlation, r² in place of r.
    """
    members = _members(path)
    is_sparse = {"format", "shape", "data"} <= members.keys()
    alleles = read_alleles(variants) if variants is not None else _alleles_within(members, path)
    r = _sparse(members, path, len(alleles.rsid)) if is_sparse else _dense(members, path, array)
    return _matrix(r, alleles, where=str(path), trust_sign=trust_sign)


def read_plink_square(path: Path, variants: Path, *, snplist: Path | None = None, trust_sign: bool = False) -> LdMatrix:
    """Read the matrix that ``plink --r square`` (or ``square0``) wrote.

    Parameters
    ----------
    path : pathlib.Path
        Numbers without header, separated by tabs or spaces.
    variants : pathlib.Path
        The ``.bim`` file (r counts its fifth column if PLINK ran with ``--keep-allele-order``; without, the rarer
        allele), or a table as for :func:`read_npz`.
    snplist : pathlib.Path, optional
        Names of the rows, from ``--write-snplist``; left out, rows are those of ``variants``.
    trust_sign : bool
        Believe that values without one negative are signed r.

    Raises
    ------
    InputFileError, SchemaError
        As for :func:`read_npz`; a name without alleles.
    """
    rows = [line.split() for line in read_text(path).splitlines() if line.strip()]
    if rows and SECOND_OF_PAIR & set(rows[0]):
        found = "a table of pairs, which leaves most of them out"
        hint = "Run PLINK with `--r square --keep-allele-order`"
        raise InputFileError(Fault("pairs_are_no_matrix", str(path), found, "a square matrix of signed r", hint))
    if any(len(row) != len(rows) for row in rows):
        worst = next(i for i, row in enumerate(rows) if len(row) != len(rows))
        raise not_square(str(path), f"{len(rows)} rows and {len(rows[worst])} values in row {worst + 1}")
    r = pl.Series([cell for row in rows for cell in row], dtype=pl.String).cast(pl.Float64, strict=False)
    alleles = read_alleles(variants)
    if snplist is not None:
        alleles = _in_order(alleles, read_text(snplist).split(), where=str(variants))
    square = r.fill_null(np.nan).to_numpy().reshape(len(rows), len(rows))
    return _matrix(square, alleles, where=str(path), trust_sign=trust_sign)


def read_plink_pairs(path: Path) -> pl.DataFrame:
    """Read the table of pairs that ``plink --r`` or ``--r2`` wrote.

    Parameters
    ----------
    path : pathlib.Path
        Columns ``SNP_A``, ``SNP_B`` and ``R`` or ``R2``, separated by spaces or tabs.

    Returns
    -------
    polars.DataFrame
        ``rsid_a``, ``rsid_b``, ``r`` (null where the file has r² only) and ``r2``.

    Raises
    ------
    InputFileError, SchemaError
        A column missing, rows of other length, values that are no correlation.
    """
    where = str(path)
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    header = lines[0] if lines else []
    value = next((name for name in ("R", "R2") if name in header), None)
    if value is None or not {"SNP_A", "SNP_B"} <= set(header):
        raise SchemaError(
            Fault("no_ld_column", where, "no columns SNP_A, SNP_B and R or R2", "a table of plink --r or --r2",
                  "Name them so, or read a square matrix with read_plink_square")
        )  # fmt: skip
    short = next((i for i, line in enumerate(lines) if len(line) != len(header)), None)
    if short is not None:
        found = f"{len(lines[short])} cells in row {short + 1}, {len(header)} columns"
        raise InputFileError(Fault("ragged_row", where, found, "rows as long as the header", AGAIN))
    a, b, at = header.index("SNP_A"), header.index("SNP_B"), header.index(value)
    numbers = pl.Series([line[at] for line in lines[1:]], dtype=pl.String).cast(pl.Float64, strict=False)
    values = numbers.fill_null(np.nan).to_numpy()
    if not ((np.abs(values) <= 1.0) & (values >= (-1.0 if value == "R" else 0.0))).all():
        raise bad_value(where, "a value that is no correlation")
    return pl.DataFrame(
        {
            "rsid_a": [line[a] for line in lines[1:]],
            "rsid_b": [line[b] for line in lines[1:]],
            "r": pl.Series(values if value == "R" else [None] * len(values), dtype=pl.Float64),
            "r2": np.square(values) if value == "R" else values,
        },
        schema_overrides={"rsid_a": pl.String, "rsid_b": pl.String},
    )


def read_plink_table(path: Path, variants: Path, *, absent_r: float | None = None) -> LdMatrix:
    """Read signed r of pairs into a matrix.

    Parameters
    ----------
    path : pathlib.Path
        As for :func:`read_plink_pairs`; ``R`` is needed, as r² has no sign.
    variants : pathlib.Path
        As for :func:`read_plink_square`. Its variants make the matrix, whether or not pairs of them are in the table.
    absent_r : float, optional
        r of pairs that are not in the table; 0 makes them unlinked. Left out, a table with holes is refused. PLINK 1.9
        leaves out pairs of r² below 0.2 (with ``--r`` as well), more than ten variants apart or beyond 1 Mb, unless
        told otherwise: ``--ld-window-r2 0 --ld-window 99999 --ld-window-kb 99999``.

    Raises
    ------
    InputFileError, SchemaError
        As for :func:`read_plink_pairs`; r² in place of r, a variant without alleles or in two rows, absent pairs, or
        a pair with two values.
    """
    pairs, alleles, where = read_plink_pairs(path), read_alleles(variants), str(path)
    if pairs["r"].null_count():
        raise _without_sign(where, "R2, which has no sign")
    _refuse_repeated(alleles, str(variants))
    place = {name: i for i, name in enumerate(alleles.rsid)}
    rows, columns = (_places(pairs[name].to_list(), place, str(variants)) for name in ("rsid_a", "rsid_b"))
    n = len(place)
    r = np.full((n, n), np.nan)
    np.fill_diagonal(r, 1.0)
    values = pairs["r"].to_numpy()
    r[rows, columns] = values
    r[columns, rows] = values
    if (np.abs(r[rows, columns] - values) > SYMMETRY_TOLERANCE).any():
        hint = "Keep the row of the table that belongs to these alleles"
        raise InputFileError(Fault("ld_two_values", where, "a pair with two values", "one row per pair", hint))
    absent = np.isnan(r)
    if absent.any():
        if absent_r is None:
            i, j = (int(k) for k in np.argwhere(absent)[0])
            raise InputFileError(
                Fault(
                    "ld_pairs_absent",
                    where,
                    f"no r for {int(absent.sum()) // 2} pairs, such as {alleles.rsid[i]} and {alleles.rsid[j]}",
                    f"all pairs of {n} variants",
                    "Run PLINK with --ld-window-r2 0 and wide windows, or say what absent pairs have",
                )
            )
        r[absent] = absent_r
    return _matrix(r, alleles, where=where, trust_sign=True)


def read_alleles(path: Path) -> Alleles:
    """Read variants and alleles, in the order of a matrix.

    Parameters
    ----------
    path : pathlib.Path
        A ``.bim`` file, or a table as for :func:`read_npz`; packed or not.

    Raises
    ------
    InputFileError, SchemaError
        No variants, or no columns of alleles.
    """
    where = str(path)
    if ".bim" in path.suffixes:
        cells = [line.split() for line in read_text(path).splitlines() if line.strip()]
        if not cells or any(len(row) != BIM_COLUMNS for row in cells):
            hint = "Take the .bim file of the panel; a table of variants must not be called .bim"
            raise SchemaError(Fault("bad_bim", where, "rows without six columns", "a .bim file of PLINK 1", hint))
        return _complete(
            Alleles(*zip(*((row[1], row[4].upper(), row[5].upper()) for row in cells), strict=True)), where
        )
    table = read_text_table(path)
    names = {name.lower(): name for name in table.columns}
    counted, other = (next((names[n] for n in of if n in names), None) for of in (COUNTED, OTHER))
    if counted is None or other is None or "rsid" not in names:
        found, hint = "no rsid or no two columns of alleles", "Without alleles the sign of r means nothing"
        raise SchemaError(Fault("no_allele_column", where, found, "rsid, effect_allele, other_allele", hint))
    known = next((names[n] for n in FREQUENCY if n in names), None)
    frequency = table[known].cast(pl.Float64, strict=False).fill_nan(None).to_list() if known else []
    rsid, one, two = (tuple(table[name].fill_null("").to_list()) for name in (names["rsid"], counted, other))
    return _complete(Alleles(rsid, _upper(one), _upper(two), tuple(frequency)), where)


def _upper(alleles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(allele.upper() for allele in alleles)


def _complete(alleles: Alleles, where: str) -> Alleles:
    """Return alleles, or raise where one is missing."""
    empty = {"", "0", ".", "NA"}
    without = [n for n, *two in zip(alleles.rsid, alleles.counted, alleles.other, strict=True) if empty & set(two)]
    if without:
        found = f"no alleles for {len(without)} variants, such as {without[0]}"
        raise SchemaError(Fault("ld_without_alleles", where, found, "two alleles for every variant", ALL_VARIANTS))
    return alleles


def _matrix(r: NDArray[np.float64], alleles: Alleles, *, where: str, trust_sign: bool) -> LdMatrix:
    """Return a checked matrix; a triangle is completed."""
    _check_shape(r.shape, len(alleles.rsid), where)
    missing = np.isnan(r)
    if missing.any():
        name = alleles.rsid[int(np.argmax(missing.sum(axis=1)))]
        raise bad_value(where, f"{int(missing.sum())} missing values, most for {name}, which may not vary")
    r = _whole(r)
    check_correlation(r, where=where)
    r = np.clip((r + r.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(r, 1.0)
    if not trust_sign and len(r) >= MANY and r.min() >= 0.0:
        raise _without_sign(where, f"{len(r)} variants and not one negative value, as in r²")
    often = _repeated(alleles)
    names = tuple(
        f"{n}:{a}:{b}" if n in often else n
        for n, a, b in zip(alleles.rsid, alleles.counted, alleles.other, strict=True)
    )
    return LdMatrix(r, names, alleles.counted, alleles.other, alleles.frequency)


def _check_shape(shape: tuple[int, ...], n_alleles: int, where: str) -> None:
    """Raise unless a matrix is square and has a row for each variant."""
    if len(shape) != 2 or shape[0] != shape[1]:
        raise not_square(where, f"an array of shape {shape}")
    if n_alleles != shape[0]:
        found = f"{shape[0]} rows and alleles for {n_alleles} variants"
        hint = "Give the list of variants that the matrix was made from"
        raise SchemaError(Fault("ld_without_alleles", where, found, "the variants of the matrix, in its order", hint))


def _whole(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix of which only one triangle was written, completed."""
    lower, upper = np.tril(r, -1), np.triu(r, 1)
    diagonal = np.diag(r)
    if lower.any() and upper.any():
        return r
    halved = np.allclose(diagonal, HALF, atol=SYMMETRY_TOLERANCE)
    one = lower + upper
    return np.asarray(one + one.T + np.diag(2.0 * diagonal if halved else diagonal))


def _repeated(alleles: Alleles) -> set[str]:
    """Return the names that stand for several variants."""
    return {name for name, count in Counter(alleles.rsid).items() if count > 1}


def _refuse_repeated(alleles: Alleles, where: str) -> None:
    """Raise where a name stands for several variants."""
    often = _repeated(alleles)
    if often:
        found = f"variant {min(often)} in several rows"
        hint = "Keep the row with the alleles that r was counted in"
        raise SchemaError(Fault("ld_duplicate_variant", where, found, "one row per variant", hint))


def _places(names: list[str], place: dict[str, int], where: str) -> NDArray[np.int64]:
    """Return rows of names; raise for one without alleles."""
    without = next((name for name in names if name not in place), None)
    if without is not None:
        found, expected = f"no alleles for {without}", "alleles for every variant of the table"
        raise SchemaError(Fault("ld_without_alleles", where, found, expected, ALL_VARIANTS))
    return np.array([place[name] for name in names], dtype=np.int64)


def _in_order(alleles: Alleles, names: list[str], *, where: str) -> Alleles:
    """Return the alleles of named variants."""
    _refuse_repeated(alleles, where)
    rows = _places(names, {name: i for i, name in enumerate(alleles.rsid)}, where).tolist()
    counted, other = (tuple(column[i] for i in rows) for column in (alleles.counted, alleles.other))
    return Alleles(tuple(names), counted, other, tuple(alleles.frequency[i] for i in rows if alleles.frequency))


def _members(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a ``.npz`` file."""
    members: dict[str, NDArray[np.generic]] | None = None
    with open_file(path) as handle:
        try:
            file = np.load(handle, allow_pickle=False)
            if isinstance(file, np.lib.npyio.NpzFile):
                with file:
                    members = {name: file[name] for name in file.files}
        except DAMAGED as error:
            found = f"cannot be read as .npz ({error})"
            raise InputFileError(Fault("not_npz", str(path), found, "arrays of numbers and text", AGAIN)) from None
    if members is None:
        hint = "Write it with numpy.savez, with the alleles beside r"
        raise InputFileError(Fault("not_npz", str(path), "one array, no archive", "a .npz file", hint))
    return members


def _sparse(members: dict[str, NDArray[np.generic]], path: Path, n_alleles: int) -> NDArray[np.float64]:
    """Return a sparse matrix of scipy as a dense one."""
    from scipy import sparse  # heavy, and only this format needs it

    where, shape = str(path), members["shape"]
    if shape.ndim != 1 or shape.dtype.kind not in "iu":
        raise _damaged_sparse(where, "no shape")
    if members["data"].dtype.kind not in "fiu":
        raise bad_value(where, f"values of type {members['data'].dtype}")
    _check_shape(tuple(int(n) for n in shape), n_alleles, where)  # before room is made for all of it
    try:
        with path.open("rb") as handle:
            matrix = sparse.load_npz(handle)
        if hasattr(matrix, "check_format"):  # scipy trusts the places in a file, and would write beyond the array
            matrix.check_format(full_check=True)
        return np.asarray(matrix.toarray(), dtype=np.float64)
    except DAMAGED_SPARSE as error:
        raise _damaged_sparse(where, str(error)) from None


def _damaged_sparse(where: str, why: str) -> InputFileError:
    return InputFileError(Fault("not_npz", where, f"a damaged sparse matrix ({why})", "as scipy writes it", AGAIN))


def _dense(members: dict[str, NDArray[np.generic]], path: Path, array: str | None) -> NDArray[np.float64]:
    """Return the array that holds r."""
    tables = [name for name, values in members.items() if values.ndim > 1]
    name = array or ("r" if "r" in members else tables[0] if len(tables) == 1 else "")
    if name not in members:
        found = f"no array '{name}'" if name else f"{len(tables)} tables"
        hint = "Name the array; there are " + ", ".join(sorted(members)) if members else "Write r with numpy.savez"
        raise SchemaError(Fault("ld_no_array", str(path), found, "one table of r, or 'r'", hint))
    if members[name].dtype.kind not in "fiu":
        raise bad_value(str(path), f"array '{name}' of type {members[name].dtype}")
    return members[name].astype(np.float64)


def _alleles_within(members: dict[str, NDArray[np.generic]], path: Path) -> Alleles:
    """Return the variants that a ``.npz`` file names itself."""
    if not {"rsid", "counted", "other"} <= members.keys():
        raise SchemaError(
            Fault("ld_without_alleles", str(path), "no arrays rsid, counted and other", "variants and alleles",
                  "Give the table of variants; without alleles the sign of r means nothing")
        )  # fmt: skip
    rsid, one, two = (tuple(str(v) for v in members[name].ravel()) for name in ("rsid", "counted", "other"))
    frequency = tuple(float(v) for v in np.asarray(members.get("frequency", np.zeros(0)), dtype=np.float64).ravel())
    if len({len(rsid), len(one), len(two), len(frequency or rsid)}) != 1:
        found, expected = "lists of different length", "one entry a variant"
        raise SchemaError(Fault("ld_without_alleles", str(path), found, expected, ALL_VARIANTS))
    known = tuple(None if np.isnan(f) else f for f in frequency)
    return _complete(Alleles(rsid, _upper(one), _upper(two), known), str(path))


def _without_sign(where: str, found: str) -> InputFileError:
    hint = "Use plink --r, not --r2; or say that the sign can be trusted, if it is r after all"
    return InputFileError(Fault("ld_without_sign", where, found, "signed r", hint))
