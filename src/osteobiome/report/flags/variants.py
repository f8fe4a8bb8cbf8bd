"""Flags about the instruments: strength, independence, lists that were given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.text import count, significant, threshold_text
from osteobiome.core.thresholds import WEAK_F
from osteobiome.report.content import uses_ld
from osteobiome.report.flags.flag import Flag, Level, matrix_names, pair_name, primary_values, some_names

if TYPE_CHECKING:
    from osteobiome.report.content import Content


NO_LD = {"not_in_ld_matrix": "LD matrix", "not_in_panel": "genotype panel"}
"""Why a variant was not clumped, and what lacks it."""


def variant_flags(content: Content) -> list[Flag]:
    """Return the flags of this theme.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    return [
        *_strength(content),
        *_crowded(content),
        *_shining_through(content),
        *_independence(content),
        *_without_ld(content),
        *_given(content),
        *_single_variants(content),
    ]


def _strength(content: Content) -> list[Flag]:
    values = primary_values(content, "mean_f")
    weak = [name for name, value in values if value < WEAK_F]
    if weak:
        text = (
            f"Mean F below {WEAK_F:g} for {some_names(weak)}: estimates lean towards the null, or with overlapping "
            "samples towards the confounded value."
        )
        return [Flag("caution", "Weak instruments", text, "results")]
    if not values:
        return []
    numbers = [value for _, value in values]
    if not all(math.isfinite(number) for number in numbers):
        return []
    low, high = significant(min(numbers)), significant(max(numbers))
    shown = low if low == high else f"between {low} and {high}"
    text = f"Mean F statistic {shown}; below {WEAK_F:g} would be weak."
    return [Flag("good", "Instrument strength", text, "results")]


def _independence(content: Content) -> list[Flag]:
    with_ld = {name for name in content.primary()["method"].unique() if uses_ld(str(name))}
    clumped = set(content.study["clumping"]["ld"])
    plain = content.primary().filter(
        ~pl.col("method").is_in(list(with_ld)) & (pl.col("n_variants") > 1) & ~pl.col("exposure").is_in(list(clumped))
    )
    found = []
    given = plain.filter(pl.col("exposure").is_in(list(content.study["given"])))
    if given.height and content.study["clumping"]["ld"]:
        names = [content.label(trait_id) for trait_id in given["exposure"].unique(maintain_order=True)]
        text = f"The lists given for {some_names(names)} were taken to be independent; given lists are never clumped."
        found.append(Flag("note", "Independence not checked", text, "flow"))
        plain = plain.filter(~pl.col("exposure").is_in(list(content.study["given"])))
    if plain.height:
        names = [content.label(trait_id) for trait_id in plain["exposure"].unique(maintain_order=True)]
        text = (
            f"No LD was given for {some_names(names)}: variants were taken to be independent as the files list them, "
            "and nothing was clumped."
        )
        found.append(Flag("note", "Independence not checked", text, "flow"))
    if with_ld:
        numbers = [content.diagnostic(row, "max_abs_ld_r") for row in content.primary().to_dicts()]
        largest = max((n["statistic"] for n in numbers if n and n["statistic"] is not None), default=None)
        if largest is not None:
            text = (
                f"Variants are correlated (largest |r| {significant(largest)}); the LD matrix "
                f"({matrix_names(content)}) enters the estimate."
            )
            found.append(Flag("note", "Correlated variants", text, "methods"))
    return found


def _without_ld(content: Content) -> list[Flag]:
    """Say which candidate instruments were lost for want of LD: the strongest may be among them."""
    found = []
    lost = pl.col("reason").is_in(list(NO_LD)) & (pl.col("step") == "instruments")
    for row in content.row_report.filter(lost).to_dicts():
        if not row["count"]:
            continue
        names = ", ".join(name for name in row["examples"][:3] if name) + (" …" if row["count"] > 3 else "")
        were = "was" if row["count"] == 1 else "were"
        text = (
            f"{count(row['count'], 'candidate instrument')} of {content.label(row['subject'])} {were} not in the "
            f"{NO_LD[row['reason']]} and {were} left out ({names}); {row['n_kept']} were kept. "
            "Look whether a strong one is among them."
        )
        level: Level = "caution" if row["count"] >= row["n_kept"] else "note"
        found.append(Flag(level, "Instruments without LD", text, "flow"))
    return found


def _given(content: Content) -> list[Flag]:
    found = []
    for trait_id, why in content.study["given"].items():
        rows = content.row_report.filter(
            (pl.col("subject") == trait_id)
            & (pl.col("step") == "instruments")
            & (pl.col("reason") == "given_above_p_threshold")
        )
        above = int(rows["count"].sum()) if rows.height else 0
        text = f"The instruments of {content.label(trait_id)} were given, not selected here: {why}."
        if above:
            text += (
                f" {count(above, 'variant')} of them {'has' if above == 1 else 'have'} p above "
                f"{threshold_text(content.study['p_threshold'])}, so its results are exploratory."
            )
        found.append(Flag("caution" if above else "note", "Instruments given", text, "flow"))
    return found


def _single_variants(content: Content) -> list[Flag]:
    rows = content.primary().filter((pl.col("n_variants") == 1) & (pl.col("status") == "ok")).to_dicts()
    if not rows:
        return []
    rest = "rests" if len(rows) == 1 else "rest"
    text = (
        f"{some_names([pair_name(content, row) for row in rows])} {rest} on one variant: "
        "a Wald ratio, for which neither pleiotropy nor disagreement between variants can be looked at."
    )
    return [Flag("caution", "One variant", text, "results")]


def _crowded(content: Content) -> list[Flag]:
    """Flag variants that lie close together and are treated as independent: they are probably correlated."""
    rows = content.primary().to_dicts()
    found = [(row, content.diagnostic(row, "variants_close_together", method="independence")) for row in rows]
    crowded = [(test["statistic"], row, test) for row, test in found if test]
    if not crowded:
        return []
    _, row, test = max(crowded, key=lambda item: item[0])
    text = (
        f"In {count(len(crowded), 'pair')} variants lie close together, most in {pair_name(content, row)}: "
        f"{test['message']}. Correlated variants repeat one piece of information, so standard errors are too small. "
        "Clump them, give an LD matrix and use ivw_ld, or look at ivw_lead, which takes the strongest variant of each "
        "locus."
    )
    return [Flag("caution", "Variants close together", text, "methods")]


def _shining_through(content: Content) -> list[Flag]:
    """Flag clumped instruments that lie close together: a strong signal shows through at variants in weak LD."""
    rows = content.primary().to_dicts()
    found = [(row, content.diagnostic(row, "neighbours_after_clumping", method="independence")) for row in rows]
    near = [(test["statistic"], row, test) for row, test in found if test]
    if not near:
        return []
    _, row, test = max(near, key=lambda item: item[0])
    text = (
        f"After clumping at r² {content.study['clumping']['r2']:g} instruments still lie close together in "
        f"{count(len(near), 'pair')}, most in {pair_name(content, row)}: {test['message']}. A strong signal shows "
        "through at neighbours in weak LD with it: a smaller r² tells, and ivw_lead, which takes the strongest variant "
        "of each locus."
    )
    return [Flag("caution", "Neighbours after clumping", text, "instruments")]
