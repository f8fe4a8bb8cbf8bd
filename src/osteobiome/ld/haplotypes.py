"""r² of the haplotypes of two variants, as PLINK 1.9 counts it: from most likely frequencies, not from copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.haplotypes import signed_r2_of_pairs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from osteobiome.ld.genotypes import Genotypes


def haplotype_r2(genotypes: Genotypes, *, first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    r"""Return haplotype r² of pairs of variants, with the sign of the disequilibrium.

    Parameters
    ----------
    genotypes : Genotypes
        Of a panel.
    first, second : array_like of int, shape (n_pairs,)
        Rows of the two variants of each pair.

    Returns
    -------
    numpy.ndarray of float64, shape (n_pairs,)
        r², negative where the counted allele of the first goes with the other allele of the second; NaN where a variant
        does not vary among the people called at both, 0 where D is below 2^-44.

    Notes
    -----
    With haplotype frequencies :math:`f_{ij}` of highest likelihood given the 3 × 3 table of genotypes (Hardy–Weinberg
    proportions of haplotypes are assumed), :math:`D = f_{11} - p_1 q_1` and :math:`r^2 = D^2 / (p_1 p_2 q_1 q_2)`; see
    :mod:`osteobiome.stats.haplotypes` for the equation and its roots. This is what PLINK 1.9 uses for ``--clump``
    and ``--ld``; its ``--r2`` is the squared correlation of copies, another number (the two agree in large samples
    under Hardy–Weinberg proportions).

    People not called at one of the two variants are left out. Every person counts as diploid: for chromosome X PLINK
    gives men one haplotype, which is not done here, so r² there differs wherever there are men.

    References
    ----------
    Hill 1974, doi:10.1038/hdy.1974.89
    Chang et al. 2015, doi:10.1186/s13742-015-0047-8 (PLINK 1.9)

    Examples
    --------
    >>> from osteobiome.ld.genotypes import Genotypes
    >>> people = Genotypes.from_dosages(np.array([[0, 0, 1, 2], [2, 2, 1, 0], [0, 1, 1, 2]], dtype=np.int8))
    >>> haplotype_r2(people, first=[0, 0], second=[1, 2]).round(3).tolist()
    [-1.0, 0.6]
    """
    rows = [np.ascontiguousarray(values, dtype=np.int64) for values in (first, second)]
    assert rows[0].shape == rows[1].shape == (rows[0].size,)
    return signed_r2_of_pairs(genotypes.one, genotypes.two, genotypes.called, genotypes.n_people, rows[0], rows[1])
