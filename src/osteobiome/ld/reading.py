"""A signed LD matrix, whatever kind of file it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.matrix import read_ld_matrix
from osteobiome.ld.precomputed import read_npz, read_plink_square

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.ld.matrix import LdMatrix

PLINK_ENDINGS = (".ld", ".ld.gz", ".ld.bgz", ".ld.xz", ".ld.zip", ".ld.zst")
BINARY = (".ld.bin", ".bin")


def read_ld(matrix: Path, variants: Path | None = None) -> LdMatrix:
    """Read a matrix and the alleles that it was counted in.

    Parameters
    ----------
    matrix : pathlib.Path
        ``.npz`` (:func:`~osteobiome.ld.precomputed.read_npz`), ``.ld`` of ``plink --r square``
        (:func:`~osteobiome.ld.precomputed.read_plink_square`), or a table whose first column is rsid
        (:func:`~osteobiome.ld.matrix.read_ld_matrix`).
    variants : pathlib.Path, optional
        Alleles: a table, or for the first two also a ``.bim`` file. Only a ``.npz`` may do without.

    Raises
    ------
    InputFileError, SchemaError
        A file cannot be read, the alleles are missing, or the numbers are no signed r.
    """
    name = matrix.name.lower()
    if name.endswith(".npz"):
        return read_npz(matrix, variants)
    if name.endswith(BINARY):
        found, hint = "r in bytes, without names or number of rows", "Run PLINK with `--r square`, without `bin`"
        raise InputFileError(Fault("ld_binary", str(matrix), found, "a matrix as text, or .npz", hint))
    if variants is None:
        wanted = "`variants`: a table with rsid, effect_allele (the one that r counts) and other_allele"
        hint = "Name the table beside `matrix`; without alleles the sign of r means nothing"
        raise InputFileError(Fault("no_alleles", str(matrix), "a matrix without alleles", wanted, hint))
    return read_plink_square(matrix, variants) if name.endswith(PLINK_ENDINGS) else read_ld_matrix(matrix, variants)
