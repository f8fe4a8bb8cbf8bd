"""What the page shows of instruments: how each exposure got them, what other thresholds would give, stand-ins, taxa."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osteobiome.core.text import count, join, reason, significant, threshold_text

if TYPE_CHECKING:
    from osteobiome.report.content import Content

BASES_PER_KB = 1000.0
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
    return {
        "label": content.label(name),
        "how": how_chosen(content, name),
        "n": f"{table.height:,}",
        "mean_f": _number(None if strength.is_empty() else float(strength.to_numpy().mean())),
        "min_f": _number(None if strength.is_empty() else float(strength.to_numpy().min())),
        "i2_gx": _number(declared["i2_gx"]) if declared else NONE,
        "explained": _explained(declared),
        "expected": _expected(declared),
        "sweep": [
            {
                "threshold": threshold_text(row["p_threshold"]) + (" (declared)" if row["is_declared"] else ""),
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
        return "given as a list"
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


def _explained(row: dict[str, Any] | None) -> str:
    """Return the share of variance, with how many variants it rests on if not all have a sample size."""
    if row is None or row["variance_explained"] is None:
        return NONE
    share = row["variance_explained"]
    text = f"{significant(100 * share)} %" if share <= 1 else "over 100 %: sizes or effects cannot be right"
    part = row["n_with_size"]
    return text if part == row["n_variants"] else f"{text} (of {part} with a sample size)"


def _expected(row: dict[str, Any] | None) -> str:
    """Return the leads to expect by chance, or why there is no number."""
    if row is None:
        return NONE
    if row["expected_null_leads"] is None:
        return str(row["message"] or NONE)
    text = significant(row["expected_null_leads"], 2)
    error = row["expected_null_leads_se"]
    return f"{text} ± {significant(error, 1)}" if error else text


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
        for row in content.proxies.unique(maintain_order=True).to_dicts()
    ]


def shared_view(content: Content) -> list[dict[str, str]]:
    """Return the instruments that a taxon shares with taxa inside it.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in content.shared_instruments.filter(relation="child").to_dicts():
        same = row["shared_by"] == "variant"
        name = row["rsid"] or NONE
        text = name if same else f"{name} near {row['related_variant'] or NONE}"
        found.setdefault((row["trait_id"], row["related_trait"]), []).append(text)
    return [
        {"parent": content.label(parent), "child": content.label(child), "variants": _some(list(dict.fromkeys(names)))}
        for (parent, child), names in found.items()
    ]


def _some(names: list[str]) -> str:
    """Return some names and how many there are."""
    if len(names) <= SHOWN:
        return f"{join(names)}."
    return f"{count(len(names), 'instrument')}: {', '.join(names[:SHOWN])} …"
