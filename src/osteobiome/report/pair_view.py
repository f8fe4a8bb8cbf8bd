"""What the page shows of one pair: cells of its row, sentences, all methods, tests, variants, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, decimals_for, fixed, interval, p_value, reason, significant
from osteobiome.core.thresholds import ALPHA, passes
from osteobiome.report.cells import estimate_cells, test_cells
from osteobiome.report.sentences import pair_sentence, q_text

if TYPE_CHECKING:
    from osteobiome.report.content import Content


def pair_view(content: Content, row: dict[str, Any], index: int) -> dict[str, Any]:
    """Return what the page shows of one pair.

    Parameters
    ----------
    content : Content
        Tables of the study.
    row : dict
        Primary estimate of the pair.
    index : int
        Place among the pairs; names the pair's part of the page.
    """
    estimates = content.of_pair("estimates", row).to_dicts()
    heterogeneity = content.heterogeneity(row)
    mean_f = content.diagnostic(row, "mean_f")
    return {
        "id": f"pair-{index}",
        "exposure": content.label(row["exposure"]),
        "outcome": content.label(row["outcome"]),
        "family": row["family"],
        "sentence": pair_sentence(content, row),
        "checks": check_sentences(content, row),
        "method": content.method_label(row["method"]),
        **estimate_cells(row),
        "sort": _sort_values(row, mean_f, heterogeneity),
        "q": q_text(row),
        "remark": "ok, but in doubt"
        if content.doubt(row) and row["status"] == "ok"
        else row["status"].replace("_", " "),
        "stated": f"lower {content.label(row['exposure'])}"
        if content.exposure_direction(row["family"]) == "lower"
        else content.label(row["exposure"]),
        "is_finding": content.is_finding(row),
        "mean_f": significant(mean_f["statistic"]) if mean_f else "–",
        "het": p_value(heterogeneity["neg_log_10_p_value"]) if heterogeneity else "–",
        "estimates": [
            {"method": content.method_label(e["method"]), "primary": e["is_primary"], **estimate_cells(e)}
            for e in estimates
        ],
        "tests": test_cells(content, _diagnostics(content, row)),
        "n_variants": content.of_pair("harmonised", row).height,
        "lost": losses(content, f"{row['exposure']} -> {row['outcome']}"),
        "sensitivity": sensitivity_cells(content, row, estimates),
    }


def _diagnostics(content: Content, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the diagnostics of a pair, messages with labels in place of ids."""
    tests = content.of_pair("diagnostics", row).to_dicts()
    return [test | {"message": _named(content, row, test["message"] or "")} for test in tests]


def _sort_values(
    row: dict[str, Any], mean_f: dict[str, Any] | None, heterogeneity: dict[str, Any] | None
) -> list[float | None]:
    """Return the numbers behind the sortable cells, in the order of the columns."""
    score = row["neg_log_10_p_value"]
    return [
        row["beta"],
        row["se"],
        None if score is None else -score,
        None if row["neg_log_10_q_value"] is None else -row["neg_log_10_q_value"],
        float(row["n_variants"]),
        mean_f["statistic"] if mean_f else None,
        -heterogeneity["neg_log_10_p_value"]
        if heterogeneity and heterogeneity["neg_log_10_p_value"] is not None
        else None,
    ]


def check_sentences(content: Content, row: dict[str, Any]) -> list[str]:
    """Return direction, Steiger filter, power, leave-one-out and outliers of a pair as sentences.

    Parameters
    ----------
    content : Content
        Tables of the study.
    row : dict
        Primary estimate of the pair.
    """
    looks = (_direction, _steiger_filter, _known_loci, _power, _without_one, _outliers)
    made = [look(content, row) for look in looks]
    return [sentence for sentence in made if sentence]


def _stated(content: Content, row: dict[str, Any]) -> str:
    """Return the exposure as the family states it."""
    lower = content.exposure_direction(row["family"]) == "lower"
    return f"{'lower ' if lower else ''}{content.label(row['exposure'])}"


def _named(content: Content, row: dict[str, Any], message: str) -> str:
    """Put the labels of a pair's traits in place of their ids."""
    for side in ("exposure", "outcome"):
        message = message.replace(f"'{row[side]}'", content.label(row[side]))
    return message


def _direction(content: Content, row: dict[str, Any]) -> str:
    test = content.diagnostic(row, "steiger_direction", method="steiger")
    if test is None:
        return ""
    if test["statistic"] is None:
        return f"Direction: {_named(content, row, test['message'])}"
    x = content.diagnostic(row, "r2_exposure", method="steiger")
    y = content.diagnostic(row, "r2_outcome", method="steiger")
    shares = ""
    if x and y and x["statistic"] is not None and y["statistic"] is not None:
        shares = (
            f" ({significant(100 * x['statistic'])} % of the exposure's variance, "
            f"{significant(100 * y['statistic'])} % of the outcome's)"
        )
    way = "the exposure more than the outcome" if test["estimate"] > 0 else "the outcome more than the exposure"
    clear = "" if passes(test["neg_log_10_p_value"], ALPHA) else ", but not clearly so"
    return (
        f"Direction: the variants explain {way}{shares}{clear}; Steiger test p = {p_value(test['neg_log_10_p_value'])}."
    )


def _steiger_filter(content: Content, row: dict[str, Any]) -> str:
    """Put the estimate without the filter beside the one with it, which was moved in a known direction."""
    silent = content.diagnostic(row, "steiger_filter", method="steiger_filter")
    if silent is not None:
        return f"Steiger filter: {_named(content, row, silent['message'])}"
    test = content.diagnostic(row, "estimate_without_steiger_filter", method="steiger_filter")
    heads = "Steiger filter, the estimate without it:", "Steiger filter: without it the estimate is"
    return _other_estimate(content, row, test, heads)


def _known_loci(content: Content, row: dict[str, Any]) -> str:
    """Put the estimate without variants in known pleiotropic loci beside the one with them."""
    test = content.diagnostic(row, "estimate_without_known_loci", method="known_loci")
    without = "Without variants in known pleiotropic loci"
    return _other_estimate(content, row, test, (f"{without}:", f"{without} the estimate is"))


def _other_estimate(content: Content, row: dict[str, Any], test: dict[str, Any] | None, heads: tuple[str, str]) -> str:
    """Return the sentence of an estimate from other variants: why there is none, or its number."""
    if test is None:
        return ""
    missing, found = heads
    if test["estimate"] is None:
        return f"{missing} {_named(content, row, test['message'])}"
    number = fixed(test["estimate"], decimals_for(test["se"]))
    return f"{found} {number} {row['unit']} (standard error {significant(test['se'])})."


def _power(content: Content, row: dict[str, Any]) -> str:
    test = content.diagnostic(row, "minimum_detectable_effect", method="power")
    if test is None:
        return ""
    if test["statistic"] is None:
        return f"Power: {_named(content, row, test['message'])}"
    seen = content.diagnostic(row, "minimum_detectable_effect_with_scatter", method="power")
    scatter = f", and {significant(seen['statistic'])} with the scatter that was seen" if seen else ""
    return (
        f"Power: effects from {significant(test['statistic'])} {row['unit']} on would be found with 80 % power at the "
        f"5 % level if the variants scattered by sampling error alone{scatter}."
    )


def _without_one(content: Content, row: dict[str, Any]) -> str:
    refits = content.of_pair("leave_one_out", row).filter(pl.col("status") == "ok")
    parts = []
    for kind, word in (("variant", "variant"), ("locus", "locus")):
        some = refits.filter(pl.col("kind") == kind).sort("beta")
        if some.is_empty():
            continue
        low, high = some.row(0, named=True), some.row(some.height - 1, named=True)
        decimals = decimals_for(high["se"])
        parts.append(
            f"without one {word} at a time the estimate lies between {fixed(low['beta'], decimals)} (without "
            f"{low['left_out'] or 'an unnamed variant'}) and {fixed(high['beta'], decimals)} (without "
            f"{high['left_out'] or 'an unnamed variant'})"
        )
    return f"Leave one out: {'; '.join(parts)}." if parts else ""


def _outliers(content: Content, row: dict[str, Any]) -> str:
    flagged = content.of_pair("influence", row).filter(pl.col("is_outlier"))
    if flagged.is_empty():
        return ""
    names = flagged.sort("q_contribution", descending=True)["rsid"].unique(maintain_order=True).to_list()
    shown = ", ".join(name or "unnamed" for name in names[:5]) + (" …" if len(names) > 5 else "")
    verb = "contributes" if len(names) == 1 else "contribute"
    return f"Outliers: {count(len(names), 'variant')} {verb} more to Q than chance allows ({shown})."


def sensitivity_cells(content: Content, row: dict[str, Any], estimates: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the cells of a pair in the table of sensitivity and pleiotropy, and the numbers that sort them.

    Parameters
    ----------
    content : Content
        Tables of the study.
    row : dict
        Primary estimate of the pair.
    estimates : list of dict
        All estimates of the pair.
    """
    heterogeneity = content.heterogeneity(row)
    others = [e for e in estimates if e["status"] == "ok" and not e["is_primary"]]
    agree = "–"
    if row["status"] == "ok" and others:
        same = sum((e["beta"] > 0) == (row["beta"] > 0) for e in others)
        agree = f"{same} of {len(others)}"
    intercept = content.intercept(row)
    refits = content.of_pair("leave_one_out", row).filter((pl.col("kind") == "variant") & (pl.col("status") == "ok"))
    spread = "–"
    if refits.height:
        decimals = decimals_for(float(refits["se"].median() or 0.0))  # type: ignore[arg-type]
        spread = interval(refits["beta"].min(), refits["beta"].max(), decimals)  # type: ignore[arg-type]
    influence = content.of_pair("influence", row)
    steiger = content.diagnostic(row, "steiger_direction", method="steiger")
    power = content.diagnostic(row, "minimum_detectable_effect_with_scatter", method="power")
    return {
        "agree": agree,
        "intercept": p_value(intercept["neg_log_10_p_value"]) if intercept else "–",
        "spread": spread,
        "outliers": str(influence["is_outlier"].sum()) if influence.height else "–",
        "direction": _direction_word(steiger),
        "detectable": significant(power["statistic"]) if power and power["statistic"] is not None else "–",
        "sort": [
            row["beta"],
            None if heterogeneity is None else _negative(heterogeneity["neg_log_10_p_value"]),
            None if intercept is None else _negative(intercept["neg_log_10_p_value"]),
            float(influence["is_outlier"].sum()) if influence.height else None,
            power["statistic"] if power else None,
        ],
    }


def _negative(score: float | None) -> float | None:
    return None if score is None else -score


def _direction_word(test: dict[str, Any] | None) -> str:
    if test is None or test["statistic"] is None:
        return "not estimable" if test else "–"
    way = "as assumed" if test["estimate"] > 0 else "reversed"
    return way if passes(test["neg_log_10_p_value"], ALPHA) else "unclear"


def variant_rows(content: Content, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the variants of a pair as numbers, turned as in the scatter plot; the browser formats them.

    Parameters
    ----------
    content : Content
        Tables of the study.
    row : dict
        Primary estimate of the pair.

    Returns
    -------
    list of dict
        ``rsid``, ``raises`` and ``other`` allele, effects ``x``, ``y`` with errors ``sx``, ``sy``, ``ratio`` and its
        ``se``, contribution to Q and Cook's distance.
    """
    variants = content.of_pair("harmonised", row)
    influence = content.of_pair("influence", row)
    influence = influence.filter(pl.col("method") == influence["method"][0]) if influence.height else influence
    lower = content.exposure_direction(row["family"]) == "lower"
    x = -pl.col("beta_exposure") if lower else pl.col("beta_exposure")
    turned = x < 0
    turn = pl.when(turned).then(-1.0).otherwise(1.0)
    frame = variants.select(
        "rsid",
        raises=pl.when(turned).then("other_allele").otherwise("effect_allele"),
        other=pl.when(turned).then("effect_allele").otherwise("other_allele"),
        x=x * turn,
        sx="se_exposure",
        y=pl.col("beta_outcome") * turn,
        sy="se_outcome",
        ratio="wald_ratio",
        se="wald_ratio_se",
    )
    if influence.height == variants.height:  # in the order of the variants
        frame = frame.with_columns(influence["q_contribution"].alias("q"), influence["cooks_distance"].alias("cook"))
    return frame.to_dicts()


def losses(content: Content, subject: str) -> list[str]:
    """Return what was dropped or is worth knowing about a subject of the row report, as phrases.

    Parameters
    ----------
    content : Content
        Tables of the study.
    subject : str
        Trait, or ``exposure -> outcome``.
    """
    return [loss(row) for row in content.row_reports(subject) if row["count"] > 0]


def loss(row: dict[str, Any]) -> str:
    """Return a line of the row report as a phrase."""
    if row["kind"] == "note":
        words = "A/T or C/G" if row["reason"] == "palindromic" else reason(row["reason"])
        return f"{row['count']:,} {words}"
    text = f"{row['count']:,} {reason(row['reason'])}"
    lines = f"line {', '.join(map(str, row['lines'][:5]))}{' …' if row['count'] > 5 else ''}" if row["lines"] else ""
    names = ", ".join(name for name in row["examples"][:5] if name)
    detail = "; ".join(part for part in (names, lines) if part)
    return f"{text} ({detail})" if detail else text
