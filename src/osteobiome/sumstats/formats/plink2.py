"""PLINK 2: ``.glm.linear``, ``.glm.logistic``, ``.glm.logistic.hybrid``, ``.glm.firth``.

The effect belongs to ``A1``. The other allele is ``OMITTED`` or ``AX``; older files have neither, and it is the one of
REF and ALT that is not A1, row by row. ``LOG(OR)_SE`` is the standard error of the log odds ratio. ``LOG10_P``, in
newer versions ``NEG_LOG10_P``, is minus log10 of p in spite of its name. Rows of tests other than ADD and rows with an
error code are left out by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import known, mark, only_additive, plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling, bare
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

SPELLING = Spelling(
    {
        "rsid": ("ID",),
        "chromosome": ("CHROM",),
        "position": ("POS",),
        "effect_allele": ("A1",),
        "other_allele": ("OMITTED", "AX"),
        "beta": ("BETA",),
        "odds_ratio": ("OR",),
        "z": ("Z_STAT", "T_STAT", "Z_OR_F_STAT", "T_OR_F_STAT"),
        "se": ("SE", "LOG(OR)_SE"),
        "ci_low": ("L95",),
        "ci_high": ("U95",),
        "eaf": ("A1_FREQ",),
        "p_value": ("P",),
        "neg_log_10_p_value": ("NEG_LOG10_P", "LOG10_P"),
        "n": ("OBS_CT",),
        "info": ("MACH_R2",),
        "_test": ("TEST",),
        "_error": ("ERRCODE",),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a PLINK 2 header; without OMITTED and AX the other allele stands for REF and ALT."""
    found = SPELLING.columns(header, side)
    names = bare(header)
    if "other_allele" not in found and {"REF", "ALT"} <= names.keys():
        found |= {"other_allele": names["REF"], "_ref": names["REF"], "_alt": names["ALT"]}
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Find the other allele, name the chromosomes, and mark rows of other tests and those that PLINK could not fit."""
    if "_ref" in frame.columns and "effect_allele" in frame.columns:
        tested, ref, alt = pl.col("effect_allele"), pl.col("_ref"), pl.col("_alt")
        # of three alleles or more, which one is left out cannot be known: all of them are passed on, to be named
        others = pl.when(alt.str.contains(",", literal=True)).then(pl.concat_str(ref, alt, separator=","))
        other = pl.when(tested == ref).then(alt).when(tested == alt).then(ref).otherwise(others)
        frame = frame.with_columns(other.alias("other_allele"))
    frame = only_additive(plink_chromosomes(frame))
    return mark(frame, known("_error").is_not_null(), "plink_error_code") if "_error" in frame.columns else frame


FORMATS.add(
    "plink2",
    Format(
        "plink2",
        "PLINK 2",
        columns,
        SPELLING.expected,
        signature=(frozenset({"ID", "A1", "TEST", "OBS_CT"}), frozenset({"POS", "ID", "A1", "OBS_CT"})),
        rank=80,
        prepare=prepare,
        effect="A1",
        source="PLINK 2.0 file formats, .glm.linear and .glm.logistic; doi:10.1186/s13742-015-0047-8",
    ),
)
