"""The LD matrix beside a table of one pair: a square table of r, with or without the names of its variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.ld import check_correlation
from osteobiome.sumstats.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

WITH_ALLELES = 3
"""Parts of a name such as rs1_A_G, as `ld_matrix` of TwoSampleMR has them: r counts the first allele."""


def read_matrix(
    path: Path, *, size: int, rsid: Sequence[str | None] = (), effect_allele: Sequence[str | None] = ()
) -> NDArray[np.float64]:
    """Read a square table of r.

    Parameters
    ----------
    path : pathlib.Path
        Text with commas or tabs; names may stand in a first row, a first column or both.
    size : int
        Rows of the table of the pair.
    rsid, effect_allele : sequence of str
        Of these rows, as far as the table has them: names of the matrix must be the same, in the same order.

    Returns
    -------
    numpy.ndarray, shape (size, size)
        Signed r.

    Raises
    ------
    InputFileError, SchemaError
        No square table of correlations, or one of other variants.
    """
    where = str(path)
    rows = [_cells(line) for line in read_text(path).splitlines() if line.strip()]
    header = rows[0] if rows and _are_names(rows[0]) else []
    body = rows[1:] if header else rows
    beside = [row[0] for row in body] if body and _are_names([row[0] for row in body]) else []
    numbers = [row[1:] for row in body] if beside else body
    if len({len(cells) for cells in numbers}) > 1:
        raise InputFileError(Fault("ld_ragged", where, "rows of different length", "a square table"))
    try:
        matrix = np.array([[float(cell) for cell in cells] for cells in numbers], dtype=np.float64)
    except ValueError as error:
        wanted = "numbers only, below and beside the names if there are any"
        raise InputFileError(Fault("ld_bad_value", where, f"a cell that is no number ({error})", wanted)) from None
    if matrix.shape != (size, size):
        shape = f"({size}, {size}): one row and column per row of the table"
        raise SchemaError(Fault("ld_shape", where, f"shape {matrix.shape}", shape))
    for what, names in (("row", beside), ("column", header[-size:])):
        if names:
            _check_names(names, rsid, effect_allele, what=what, where=where)
    check_correlation(matrix, where=where)
    return matrix


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.replace("\t", ",").split(",")]


def _are_names(cells: Sequence[str]) -> bool:
    """Return whether cells are names: none is a number; the corner above a first column may be empty."""
    return all(not _is_number(cell) for cell in cells) and any(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.upper() == "NA"
    return True


def _check_names(
    names: Sequence[str], rsid: Sequence[str | None], alleles: Sequence[str | None], *, what: str, where: str
) -> None:
    """Raise unless the names of a matrix are those of the table, row by row."""
    if not rsid:
        hint = "Add the column rsid to the table, or take the names out of the matrix"
        found = "names of variants, while the table has none"
        raise SchemaError(Fault("ld_names", where, found, "a table with rsid, to compare the order", hint))
    for i, (name, mine) in enumerate(zip(names, rsid, strict=True), start=1):
        parts = name.rsplit("_", WITH_ALLELES - 1)
        if name != mine and not (len(parts) == WITH_ALLELES and parts[0] == mine):
            same = {n.rsplit("_", 2)[0] if n.count("_") > 1 else n for n in names} == set(rsid)
            hint = "Bring the matrix into the order of the table" if same else "Make the matrix of the table's variants"
            found = f"{what} {i} is {name!r}, where the table has {mine!r}"
            raise SchemaError(Fault("ld_order", where, found, "the variants of the table, in its order", hint))
        allele = alleles[i - 1] if alleles else None
        if name != mine and allele and parts[1].upper() != allele.upper():
            found = f"{what} {i} ({name!r}) counts {parts[1]}, while the effect allele of the table is {allele}"
            hint = f"Change the sign of r in row and column {i}, all but the diagonal, and the name to match"
            raise SchemaError(Fault("ld_alleles", where, found, "r in the effect alleles of the table", hint))
