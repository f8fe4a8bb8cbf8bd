"""Reading one trait: from a file in a declared format to a checked table in canonical orientation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.schema import validate
from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.store import file_sha256
from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.formats.registry import REQUIRED, Columns, Format, Side
from osteobiome.sumstats.identity import MAX_POSITION, add_keys, chromosome, orient
from osteobiome.sumstats.numbers import blank, neg_log10_from_text, number
from osteobiome.sumstats.qc import author_excluded, drop_duplicates, is_true, split, text_checks
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


P_GAP, P_GAP_SHARE = 1.0, 0.2
"""A printed p and that of beta / se may differ by one plus a fifth on the scale of minus log10: printed numbers are
rounded, and some programs print p of another test. Our choice: it only decides about a note, never about a row."""


@dataclass(frozen=True, slots=True)
class SumStats:
    """Summary statistics of one trait.

    Parameters
    ----------
    trait_id : str
        Name of the trait.
    frame : polars.DataFrame
        Schema ``VARIANTS``, sorted by key, effects turned to the first allele of each class.
    rows : RowReport
        What was dropped and why.
    genome_build : str
        ``GRCh37``, ``GRCh38`` or empty if the table has no positions.
    alignment : str
        Hash of a table that its authors harmonised; two traits with the same hash need no allele check.
    """

    trait_id: str
    frame: pl.DataFrame
    rows: RowReport
    genome_build: str = ""
    alignment: str = ""


def resolve_columns(header: Sequence[str], fmt: Format, *, side: Side, where: str) -> Columns:
    """Return our names for a header, or raise with every column that is missing.

    Parameters
    ----------
    header : sequence of str
        Column names of the file.
    fmt : Format
        Declared format.
    side : {"exposure", "outcome"}
        Role of the trait; decides which half of a two-trait table is read.
    where : str
        File, for messages.

    Raises
    ------
    SchemaError
        No effect allele, other allele, effect, standard error or identity.
    """
    found = fmt.columns(header, side)
    missing = [name for name in REQUIRED if name not in found and not (name == "beta" and "odds_ratio" in found)]
    if "rsid" not in found and not {"chromosome", "position"} <= found.keys():
        missing.append("rsid")
    if not missing:
        return found
    faults = []
    free = [column for column in header if column not in found.values()]
    for name in missing:
        wanted = fmt.expected(name, side)
        shown = ", ".join(header[:12]) + (" ..." if len(header) > 12 else "")
        faults.append(
            Fault(
                f"no_{name}_column",
                where,
                f"no column '{wanted}'",
                f"the columns of format '{fmt.name}'",
                f"The header has {shown}. {nearest(wanted, free)}",
            )
        )
    raise SchemaError(*faults)


def read_sumstats(
    path: Path, *, file_format: str, trait_id: str, side: Side = "outcome", genome_build: str = ""
) -> SumStats:
    """Read, check and orient the summary statistics of one trait.

    Parameters
    ----------
    path : pathlib.Path
        File, plain or gzip.
    file_format : str
        Name of a registered format.
    trait_id : str
        Name of the trait, for messages and the row report.
    side : {"exposure", "outcome"}
        Role of the trait; decides which half of a two-trait table is read.
    genome_build : str
        Build of the positions.

    Returns
    -------
    SumStats
        Table, row report, build.

    Raises
    ------
    InputFileError, SchemaError
        The file cannot be read as declared.
    UnknownNameError
        The format is not registered.
    """
    fmt = FORMATS[file_format]
    raw = read_text_table(path)
    header = [name for name in raw.columns if name != LINE]
    found = resolve_columns(header, fmt, side=side, where=str(path))
    ledger = RowLedger(trait_id, "ingest", raw.height)
    frame = raw.select([pl.col(theirs).alias(ours) for ours, theirs in found.items()] + [LINE])
    frame, found = _one_of_two(frame, found, ledger)
    frame = _place(frame, frozenset(found))
    frame = split(frame, text_checks(frozenset(found)), ledger)
    if "keep" in found:
        frame = split(frame, [("excluded_by_authors", author_excluded(), "rsid")], ledger, kind="policy")
    n_proxies = frame.filter(is_true("proxy")).height if "proxy" in found else 0
    frame = orient(_typed(frame, frozenset(found), ledger))
    frame = add_keys(frame, where=str(path))
    frame = drop_duplicates(frame, ledger).sort("variant_key", "line")
    _note_identity(frame, ledger)
    if "proxy" in found:
        ledger.note("proxy_in_place_of_variant", n_proxies)
    alignment = file_sha256(path) if fmt.is_prealigned else ""
    build = genome_build if frame["position"].is_not_null().any() else ""
    return SumStats(trait_id, validate(frame, "variants"), ledger.close(frame.height), build, alignment)


def _one_of_two(frame: pl.DataFrame, found: Columns, ledger: RowLedger) -> tuple[pl.DataFrame, Columns]:
    """Fill effects from odds ratios, and minus log10 p from p, row by row, where a file has both columns."""
    if {"beta", "odds_ratio"} <= found.keys():
        log_ratio = pl.when(number("odds_ratio") > 0).then(number("odds_ratio").log()).cast(pl.String)
        from_ratio = blank("beta").is_null() & log_ratio.is_not_null()
        ledger.note("beta_from_odds_ratio", frame.filter(from_ratio).height)
        frame = frame.with_columns(pl.coalesce(blank("beta"), log_ratio).alias("beta"))
        found = {name: column for name, column in found.items() if name != "odds_ratio"}
    if {"neg_log_10_p_value", "p_value"} <= found.keys():
        is_given = blank("neg_log_10_p_value").is_not_null()
        frame = frame.with_columns(pl.when(~is_given).then("p_value").alias("p_value"))
    return frame, found


def _place(frame: pl.DataFrame, columns: frozenset[str]) -> pl.DataFrame:
    """Add typed chromosome and position, null where the file has none or they make no sense."""
    if not {"chromosome", "position"} <= columns:
        return frame.with_columns(
            pl.lit(None, dtype=pl.Int8).alias("__chromosome__"), pl.lit(None, dtype=pl.Int64).alias("__position__")
        )
    where = number("position")
    usable = (where >= 1) & (where <= MAX_POSITION) & (where == where.floor())
    number_of = chromosome("chromosome")
    frame = frame.with_columns(
        number_of.alias("__chromosome__"),
        pl.when(usable).then(where).otherwise(None).cast(pl.Int64).alias("__position__"),
    )
    both = pl.col("__chromosome__").is_not_null() & pl.col("__position__").is_not_null()
    return frame.with_columns(
        pl.when(both).then("__chromosome__").alias("__chromosome__"),
        pl.when(both).then("__position__").alias("__position__"),
    )


def _typed(frame: pl.DataFrame, columns: frozenset[str], ledger: RowLedger) -> pl.DataFrame:
    """Turn checked text into numbers; p values that are missing or printed as 0 come from beta and se."""
    nothing = pl.lit(None, dtype=pl.Float64)
    beta = number("beta") if "beta" in columns else number("odds_ratio").log()
    p = neg_log10_from_text("p_value") if "p_value" in columns else nothing
    if "neg_log_10_p_value" in columns:
        p = pl.coalesce(number("neg_log_10_p_value"), p)
    typed = frame.select(
        (blank("rsid") if "rsid" in columns else pl.lit(None, dtype=pl.String)).alias("rsid"),
        pl.col("__chromosome__").alias("chromosome"),
        pl.col("__position__").alias("position"),
        blank("effect_allele").str.to_uppercase().alias("effect_allele"),
        blank("other_allele").str.to_uppercase().alias("other_allele"),
        beta.alias("beta"),
        number("se").alias("se"),
        (number("eaf") if "eaf" in columns else nothing).alias("eaf"),
        (number("n") if "n" in columns else nothing).alias("n"),
        p.alias("__p__"),
        pl.col(LINE).alias("line"),
    )
    with np.errstate(over="ignore"):  # an absurd effect ends as a status of the estimate
        z = typed["beta"].to_numpy() / typed["se"].to_numpy()
    from_z = pl.Series(neg_log10_p_normal(z), dtype=pl.Float64)
    derived = typed["__p__"].is_null() | typed["__p__"].is_infinite()
    ledger.note("p_value_printed_as_0", int(typed["__p__"].is_infinite().sum()))
    ledger.note("p_value_from_beta_and_se", int(derived.sum()))
    gap = (typed["__p__"] - from_z).abs()
    largest = pl.select(pl.max_horizontal(typed["__p__"], from_z)).to_series()
    contradicts = ~derived & (gap > P_GAP + P_GAP_SHARE * largest)
    ledger.note("p_value_contradicts_beta_and_se", int(contradicts.sum()))
    if "odds_ratio" in columns and "beta" not in columns:
        ledger.note("beta_from_odds_ratio", typed.height)
    p_final = np.where(derived.to_numpy(), from_z.to_numpy(), typed["__p__"].to_numpy())
    return typed.with_columns(
        pl.Series("neg_log_10_p_value", p_final, dtype=pl.Float64), derived.alias("is_p_derived")
    ).drop("__p__")


def _note_identity(frame: pl.DataFrame, ledger: RowLedger) -> None:
    """Count what a reader should know about the kept rows."""
    no_place = frame["position"].is_null()
    ledger.note("identified_by_rsid_only", int(no_place.sum()))
    ledger.note("palindromic", int(frame["is_palindromic"].sum()))
    ledger.note("eaf_missing", int(frame["eaf"].is_null().sum()))
    ledger.note("indel_matched_exactly", int((frame["allele_class"] == 4).sum()))
    placed = frame.filter(~no_place)
    sites = placed.group_by("chromosome", "position").len().filter(pl.col("len") > 1)
    ledger.note("multi_allelic_sites", sites.height)
