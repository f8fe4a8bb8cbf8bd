"""What the page shows of instruments: how each exposure got them, what other thresholds would give, stand-ins, taxa."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, join, reason, significant, threshold_text
from osteobiome.core.thresholds import BASES_PER_KB

if TYPE_CHECKING:
    from osteobiome.report.content import Content

NONE = "–"
SHOWN = 8


def exposures_view(content: Content) -> list[dict[str, Any]]:
    """Return one entry per exposure: how its instruments were chosen, their strength, leads by chance, the sweep.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    names = content.primary()["exposure"].unique(maintain_order=True).to_list()
    return [_exposure(content, name) for name in names]


def _exposure(content: Content, name: str) -> dict[str, Any]:
    table = content.instruments.filter(exposure=name)
    sweep = content.thresholds.filter(exposure=name).to_dicts()
    declared = next((row for row in sweep if row["is_declared"]), None)
    strength = table["f_statistic"]
    selecting = content.study["selection"]["three_sample"].get(name)
    other = f" in {content.label(selecting['selected_in'])}" if selecting else ""
    # figures of a study that selects would mislead beside effects of one that estimates
    is_other = name in content.study["selection"]["three_sample"] and not _describes(declared, strength)
    own = None if is_other else declared
    return {
        "label": content.label(name),
        "how": how_chosen(content, name),
        "n": f"{table.height:,}",
        "mean_f": _number(None if strength.is_empty() else float(strength.to_numpy().mean())),
        "min_f": _number(None if strength.is_empty() else float(strength.to_numpy().min())),
        "i2_gx": _number(own["i2_gx"]) if own else NONE,
        "explained": _explained(own, is_clumped=name in content.study["clumping"]["ld"]),
        "expected": _expected(declared),
        "sweep": [
            {
                "threshold": threshold_text(row["p_threshold"]) + (" (declared)" if row["is_declared"] else other),
                "n": f"{row['n_variants']:,}",
                "mean_f": _number(row["mean_f"]),
                "min_f": _number(row["min_f"]),
                "i2_gx": _number(row["i2_gx"]),
                "explained": _explained(row),
                "expected": _expected(row),
            }
            for row in sweep
        ],
    }


def _describes(row: dict[str, Any] | None, strength: pl.Series) -> bool:
    """Tell whether a row of the sweep describes variants of this strength."""
    if row is None or row["mean_f"] is None or row["n_variants"] != len(strength):
        return False
    return math.isclose(row["mean_f"], float(strength.to_numpy().mean()), rel_tol=1e-6)


def how_chosen(content: Content, name: str) -> str:
    """Return how the instruments of an exposure were chosen, in few words.

    Parameters
    ----------
    content : Content
        Tables and facts of the study.
    name : str
        Trait id of the exposure.
    """
    study, chosen = content.study, content.study["selection"]
    if name in study["given"]:
        parts = ["given as a list"]
    else:
        threshold = chosen["relaxed"].get(name, study["p_threshold"])
        parts = [f"p ≤ {threshold_text(threshold)}{' (relaxed)' if name in chosen['relaxed'] else ''}"]
    if name in chosen["three_sample"]:
        parts[0] += f" in {content.label(chosen['three_sample'][name]['selected_in'])}"
    if name in chosen["cis"]:
        place = chosen["cis"][name]
        where = f"{place['chromosome']}:{place['start']:,}–{place['end']:,}"
        parts.append(f"near {place['name']} ({where})" if place["name"] else f"within {where}")
    return ", ".join(parts)


def _number(value: float | None) -> str:
    return NONE if value is None else significant(value)


def _explained(row: dict[str, Any] | None, *, is_clumped: bool = True) -> str:
    """Return the share of variance, with how many variants it rests on if not all have a sample size."""
    if row is None or row["variance_explained"] is None:
        return NONE
    share = row["variance_explained"]
    text = f"{significant(100 * share)} %" if share <= 1 else "over 100 %: sizes or effects cannot be right"
    part = row["n_with_size"]
    if part < row["n_variants"]:
        text += f" (of {part} with a sample size)"
    return text if is_clumped or part < 2 else f"{text}, if independent"


def _expected(row: dict[str, Any] | None) -> str:
    """Return the leads to expect by chance with what is to be known of the number, or why there is none."""
    if row is None:
        return NONE
    if row["expected_null_leads"] is None:
        return str(row["message"] or NONE)
    text = significant(row["expected_null_leads"], 2)
    error = row["expected_null_leads_se"]
    text = f"{text} ± {significant(error, 1)}" if error else text
    return f"{text}. {row['message']}" if row["message"] else text


def corrected_view(content: Content) -> list[dict[str, str]]:
    """Return the instruments with raw and corrected effects, strongest of each exposure first.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    names = content.primary()["exposure"].unique(maintain_order=True).to_list()
    parts = [content.instruments.filter(exposure=name).sort("f_statistic", descending=True) for name in names]
    rows = [row for part in parts for row in part.to_dicts()]
    return [
        {
            "label": content.label(row["exposure"]),
            "rsid": row["rsid"] or NONE,
            "alleles": f"{row['effect_allele']}/{row['other_allele']}",
            "f": significant(row["f_statistic"]),
            "raw": f"{significant(row['beta'])} ({significant(row['se'], 2)})",
            "conditional": _conditional(row),
            "fiqt": _number(row["beta_fiqt"]),
            "empirical_bayes": _number(row["beta_empirical_bayes"]),
            "locus": row["known_locus"] or "",
        }
        for row in rows
    ]


_WHY = {
    "given": "list was given",
    "three_sample": "another study chose it",
    "not_selected": "effect and p disagree",
    "not_finite": NONE,
}


def _conditional(row: dict[str, Any]) -> str:
    """Return the corrected effect with its interval, or why there is none."""
    if row["beta_conditional"] is None:
        return _WHY.get(row["correction_status"], NONE)
    low, high = significant(row["ci_low_conditional"]), significant(row["ci_high_conditional"])
    return f"{significant(row['beta_conditional'])} ({low} to {high})"


def proxies_view(content: Content) -> list[dict[str, str]]:
    """Return the variants that an outcome lacks with their stand-ins, or why there is none.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    return [
        {
            "pair": f"{content.label(row['exposure'])} → {content.label(row['outcome'])}",
            "rsid": row["rsid"] or NONE,
            "proxy": row["proxy"] or f"none: {reason(row['reason'])}",
            "alleles": (
                f"{row['effect_allele']} with {row['proxy_effect_allele']}, "
                f"{row['other_allele']} with {row['proxy_other_allele']}"
                if row["proxy"]
                else NONE
            ),
            "r2": _number(row["r2"]),
            "distance": NONE if row["distance"] is None else f"{significant(row['distance'] / BASES_PER_KB)} kb",
        }
        for row in content.stand_ins.to_dicts()
    ]


def proxies_sentence(content: Content) -> str:
    """Return how many variants got a stand-in, and how many did not for which reason.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    table = content.stand_ins
    without = table.filter(pl.col("proxy").is_null())
    n_found = table.height - without.height
    text = f"Of {count(table.height, 'case')}, {n_found:,} {'has' if n_found == 1 else 'have'} a stand-in"
    if without.is_empty():
        return f"{text}."
    reasons = without.group_by("reason").len().sort("len", "reason", descending=[True, False]).rows()
    words = join([f"{n:,} {reason(name)}" for name, n in reasons])
    return f"{text}; {without.height:,} {'has' if without.height == 1 else 'have'} none: {words}."


def shared_view(content: Content) -> list[dict[str, str]]:
    """Return the instruments that a trait shares with those of its own taxon or of taxa inside, a row for two traits.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    found: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for row in content.shared.to_dicts():
        name = row["rsid"] or NONE
        same, near = found.setdefault(
            (row["trait_id"], row["related_trait"], row["relation"]), {"same": [], "near": []}
        ).values()
        if row["shared_by"] == "variant":
            same.append(name)
        else:
            near.append(f"{name} near {row['related_variant'] or NONE}")
    return [
        {
            "parent": content.label(parent),
            "child": content.label(child) + (" (the same taxon)" if relation == "same" else ""),
            "same": _some(names["same"]),
            "near": _some(names["near"]),
        }
        for (parent, child, relation), names in found.items()
    ]


def shared_sentence(content: Content) -> str:
    """Return how many instruments traits share with those of taxa inside their own, and of the same taxon.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    sentences = []
    for relation, nouns, other in (
        ("child", ("taxon", "taxa"), "with a taxon inside"),
        ("same", ("trait", "traits"), "with another trait of the same taxon"),
    ):
        rows = content.shared.filter(relation=relation)
        if rows.is_empty():
            continue
        cases = rows.group_by("trait_id", "variant_key", "rsid").agg(
            (pl.col("shared_by") == "variant").any().alias("same")
        )
        same, traits = int(cases["same"].sum()), count(rows["trait_id"].n_unique(), *nouns)
        share = "is shared" if cases.height == 1 else "are shared"
        sentences.append(
            f"{count(cases.height, 'instrument')} of {traits} {share} {other}: {same:,} as the same variant, "
            f"{cases.height - same:,} as one near it."
        )
    return " ".join([*sentences, "Tests of such taxa look at one signal again; they are not several findings."])


def _some(names: list[str]) -> str:
    """Return how many names there are, and some of them."""
    names = list(dict.fromkeys(names))
    if not names:
        return NONE
    return f"{len(names):,}: {', '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''}"
