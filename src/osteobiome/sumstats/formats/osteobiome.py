"""Our own stored table: Parquet of the schema ``VARIANTS``.

The effect belongs to ``effect_allele``, the first allele of its class. A p value that was computed from beta and its
standard error is left empty here, so that it is computed again from the same numbers and marked the same way.
"""

from __future__ import annotations

import polars as pl

from osteobiome.sumstats.formats.cells import is_true
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        name: (name,)
        for name in (
            "rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf",
            "neg_log_10_p_value", "n",
        )
    }
    | {"_is_p_derived": ("is_p_derived",)}
)  # fmt: skip


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Empty p values that were computed."""
    if not {"_is_p_derived", "neg_log_10_p_value"} <= set(frame.columns):
        return frame
    given = pl.when(~is_true("_is_p_derived").fill_null(value=False)).then("neg_log_10_p_value")
    return frame.with_columns(given.alias("neg_log_10_p_value"))


FORMATS.add(
    "osteobiome",
    Format(
        "osteobiome",
        "osteobiome, stored table",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"variant_key", "allele_class", "effect_allele", "neg_log_10_p_value"}),),
        rank=100,
        prepare=prepare,
        effect="effect_allele",
        source="schema VARIANTS in osteobiome.core.columns",
    ),
)
