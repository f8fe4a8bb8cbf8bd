"""A signed LD matrix, whatever kind of file it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.matrix import read_ld_matrix
from osteobiome.ld.precomputed import read_npz, read_plink_square
from osteobiome.sumstats.reading import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.ld.matrix import LdMatrix

PLINK_ENDINGS = (".ld", ".ld.gz")


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
    if matrix.suffix == ".npz":
        return read_npz(matrix, variants)
    if variants is None:
        wanted = "`variants`: a table with rsid, effect_allele (the one that r counts) and other_allele"
        raise InputFileError(Fault("no_alleles", str(matrix), "a matrix without alleles", wanted))
    if not matrix.name.endswith(PLINK_ENDINGS):
        return read_ld_matrix(matrix, variants)
    if "SNP_A" in read_text(matrix)[:200]:
        hint = "Run PLINK with `--r square --keep-allele-order`"
        found = "a table of pairs, which leaves most of them out"
        raise InputFileError(Fault("pairs_are_no_matrix", str(matrix), found, "a square matrix of signed r", hint))
    return read_plink_square(matrix, variants)
