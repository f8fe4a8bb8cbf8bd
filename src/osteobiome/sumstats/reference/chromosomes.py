"""Lengths of the chromosomes on both genome builds."""

from __future__ import annotations

from typing import Literal

from osteobiome.core.errors import Fault, GenomeBuildError

Build = Literal["GRCh37", "GRCh38"]
BUILDS: tuple[Build, ...] = ("GRCh37", "GRCh38")
ASSEMBLIES: dict[Build, str] = {"GRCh37": "GCA_000001405.1", "GRCh38": "GCA_000001405.15"}
"""Accessions of the assemblies of the Genome Reference Consortium; patches leave the lengths as they are."""

_GRCH37 = (
    249_250_621, 243_199_373, 198_022_430, 191_154_276, 180_915_260, 171_115_067, 159_138_663, 146_364_022,
    141_213_431, 135_534_747, 135_006_516, 133_851_895, 115_169_878, 107_349_540, 102_531_392, 90_354_753,
    81_195_210, 78_077_248, 59_128_983, 63_025_520, 48_129_895, 51_304_566, 155_270_560, 59_373_566, 16_569,
)  # fmt: skip
_GRCH38 = (
    248_956_422, 242_193_529, 198_295_559, 190_214_555, 181_538_259, 170_805_979, 159_345_973, 145_138_636,
    138_394_717, 133_797_422, 135_086_622, 133_275_309, 114_364_328, 107_043_718, 101_991_189, 90_338_345,
    83_257_441, 80_373_285, 58_617_616, 64_444_167, 46_709_983, 50_818_468, 156_040_895, 57_227_415, 16_569,
)  # fmt: skip
_LENGTHS: dict[str, tuple[int, ...]] = {"GRCh37": _GRCH37, "GRCh38": _GRCH38}


def chromosome_lengths(build: str) -> dict[int, int]:
    """Return the length of each chromosome in base pairs.

    Parameters
    ----------
    build : str
        ``GRCh37`` or ``GRCh38``.

    Returns
    -------
    dict of int to int
        Chromosomes 1 to 22, 23 = X, 24 = Y, 25 = MT. The mitochondrial sequence is the revised Cambridge reference
        sequence (NC_012920.1) on both builds; the "chrM" of UCSC's hg19 is another one (NC_001807, 16,571 bases).

    Raises
    ------
    GenomeBuildError
        If the build is neither of the two.

    Notes
    -----
    Source: assemblies GCA_000001405.1 (GRCh37) and GCA_000001405.15 (GRCh38) of the Genome Reference Consortium.

    Examples
    --------
    >>> chromosome_lengths("GRCh38")[1]
    248956422
    """
    if build not in _LENGTHS:
        raise GenomeBuildError(
            Fault("unknown_build", "genome build", f"'{build}'", " or ".join(BUILDS), "Name the build of the positions")
        )
    return dict(enumerate(_LENGTHS[build], start=1))
