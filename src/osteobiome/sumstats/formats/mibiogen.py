"""MiBioGen, gut microbiome (Kurilshikov et al. 2021, doi:10.1038/s41588-020-00763-1).

The effect belongs to ``eff.allele``. p is that of the weighted sum of z scores, which beta / SE need not reproduce;
its z score is not read, since it is not on the scale of beta. There is no frequency. Tables of several taxa name them
in ``bac``.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("rsID",),
        "chromosome": ("chr",),
        "position": ("bp",),
        "effect_allele": ("eff.allele",),
        "other_allele": ("ref.allele",),
        "beta": ("beta",),
        "se": ("SE",),
        "eaf": ("eaf",),
        "p_value": ("P.weightedSumZ",),
        "n": ("N",),
        "_trait": ("bac",),
    }
)

FORMATS.add(
    "mibiogen",
    Format(
        "mibiogen",
        "MiBioGen",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"rsID", "eff.allele", "ref.allele"}),),
        rank=80,
        effect="eff.allele",
        source="Kurilshikov et al. 2021, doi:10.1038/s41588-020-00763-1, files of the MiBioGen web site",
    ),
)
