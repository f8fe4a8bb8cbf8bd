"""What a container of genotypes must offer to be part of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from osteobiome.ld.genotypes import Genotypes


class Source(Protocol):
    """One file of genotypes; it travels between processes, so it holds no open file."""

    @property
    def where(self) -> str:
        """File, for messages."""

    @property
    def variants(self) -> pl.DataFrame:
        """Columns rsid, chromosome, position, counted, other, in the order of rows."""

    @property
    def people(self) -> pl.DataFrame:
        """Columns family, person, is_founder, in the order of the file; with those who are left out."""

    @property
    def n_variants_left_out(self) -> int:
        """Variants of the file that are no row."""

    def read(self, rows: NDArray[np.int64]) -> Genotypes:
        """Return the genotypes of the founders for some rows, in the order asked for."""
