"""PLINK 1.07 and 1.9: ``.assoc``, ``.assoc.linear``, ``.assoc.logistic``, ``.assoc.dosage``.

The effect belongs to ``A1`` (by default the minor allele). ``.assoc.linear`` and ``.assoc.logistic`` do not name the
other allele: it has to come from a map. ``NMISS`` is the number of people without missing values, in spite of its
name. SE and limits are there only with ``--ci``; otherwise the standard error follows from the effect and STAT.
``.assoc`` has no frequency in the whole sample: that in controls, ``F_U``, is taken. Rows of tests other than ADD
(covariates, dominance, joint tests) are left out by name. ``.assoc.dosage`` is read where it is
declared; its header is that of many other tables, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.cells import only_additive, plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

if TYPE_CHECKING:
    import polars as pl

SPELLING = Spelling(
    {
        "rsid": ("SNP",),
        "chromosome": ("CHR",),
        "position": ("BP",),
        "effect_allele": ("A1",),
        "other_allele": ("A2",),
        "beta": ("BETA",),
        "odds_ratio": ("OR",),
        "z": ("STAT",),
        "se": ("SE",),
        "ci_low": ("L95",),
        "ci_high": ("U95",),
        "eaf": ("FRQ", "F_U"),
        "p_value": ("P",),
        "n": ("NMISS",),
        "info": ("INFO",),
        "_test": ("TEST",),
    }
)


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Name the chromosomes and mark rows of other tests."""
    return only_additive(plink_chromosomes(frame))


FORMATS.add(
    "plink1",
    Format(
        "plink1",
        "PLINK 1",
        SPELLING.columns,
        SPELLING.expected,
        signature=(
            frozenset({"CHR", "SNP", "BP", "A1", "TEST", "NMISS"}),
            frozenset({"CHR", "SNP", "BP", "A1", "F_A", "F_U", "A2"}),
        ),
        rank=80,
        prepare=prepare,
        effect="A1",
        source="PLINK 1.9 file formats, assoc.linear and assoc.logistic; doi:10.1186/s13742-015-0047-8",
    ),
)
