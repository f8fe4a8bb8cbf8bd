"""BOLT-LMM (Loh et al. 2015, doi:10.1038/ng.3190).

The effect belongs to ``ALLELE1``, whose frequency is ``A1FREQ``. p is taken row by row from ``P_BOLT_LMM``, else from
``P_BOLT_LMM_INF``, else from ``P_LINREG``. BETA and SE are those of the infinitesimal model. There is no sample size.
"""

from __future__ import annotations

import polars as pl

from osteobiome.sumstats.formats.cells import known, plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("SNP",),
        "chromosome": ("CHR",),
        "position": ("BP",),
        "effect_allele": ("ALLELE1",),
        "other_allele": ("ALLELE0",),
        "beta": ("BETA",),
        "se": ("SE",),
        "eaf": ("A1FREQ",),
        "p_value": ("P_BOLT_LMM", "P_BOLT_LMM_INF", "P_LINREG"),
        "n": ("N",),
        "info": ("INFO",),
        "_infinitesimal": ("P_BOLT_LMM_INF",),
        "_linear": ("P_LINREG",),
    }
)


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Name the chromosomes, and fill p from the simpler models where the first choice is missing."""
    frame = plink_chromosomes(frame)
    choices = [name for name in ("p_value", "_infinitesimal", "_linear") if name in frame.columns]
    if len(choices) < 2:
        return frame
    return frame.with_columns(pl.coalesce([known(name) for name in choices]).alias("p_value"))


FORMATS.add(
    "bolt_lmm",
    Format(
        "bolt_lmm",
        "BOLT-LMM",
        SPELLING.columns,
        SPELLING.expected,
        signature=(
            frozenset({"ALLELE1", "ALLELE0", "P_BOLT_LMM_INF"}),
            frozenset({"ALLELE1", "ALLELE0", "P_BOLT_LMM"}),
            frozenset({"ALLELE1", "ALLELE0", "P_LINREG"}),
        ),
        rank=80,
        prepare=prepare,
        effect="ALLELE1",
        source="BOLT-LMM v2.4 user manual, 'Output'; Loh et al. 2015, doi:10.1038/ng.3190",
    ),
)
