"""Can this run be trusted? Each point as a plain sentence, with how serious it is and where the detail stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from osteobiome.core.text import count, join, p_value, reason, significant, threshold_text

if TYPE_CHECKING:
    from osteobiome.report.content import Content

Level = Literal["caution", "note", "good"]
_BODY_SIZE = ("fat", "adipos", "bmi", "body mass", "weight", "obes", "waist")


@dataclass(frozen=True, slots=True)
class Flag:
    """One sentence about the run.

    Parameters
    ----------
    level : {"caution", "note", "good"}
        Caution: may change the conclusion.
    title : str
        Few words.
    text : str
        Plain sentence.
    anchor : str
        Section of the page with the detail.
    """

    level: Level
    title: str
    text: str
    anchor: str = ""


def flags(content: Content) -> list[Flag]:
    """Return all flags, cautions first."""
    found = [
        *_simulated(content),
        *_controls(),
        *_adjustment(content),
        *_failed(content),
        *_rows(content),
        *_strength(content),
        *_independence(content),
        *_given(content),
        *_heterogeneity(content),
        *_intercept(content),
        *_ancestry(content),
        *_overlap(content),
    ]
    order: dict[str, int] = {"caution": 0, "note": 1, "good": 2}
    return sorted(found, key=lambda flag: order[flag.level])


def _simulated(content: Content) -> list[Flag]:
    if not content.study["simulated"]:
        return []
    return [Flag("caution", "Simulated data", "The inputs are simulated. Nothing on this page is about real people.")]


def _controls() -> list[Flag]:
    return [
        Flag(
            "note",
            "Controls",
            "This study declares no positive control, no negative-control outcome and no null "
            "exposures, so the run itself has not been put to the test.",
        )
    ]


def _adjustment(content: Content) -> list[Flag]:
    """Flag outcomes adjusted for a heritable covariate, and those of which nothing is known."""
    outcomes = content.primary()["outcome"].unique(maintain_order=True).to_list()
    exposures = [content.label(t) for t in content.primary()["exposure"].unique(maintain_order=True)]
    about_size = any(word in label.lower() for label in exposures for word in _BODY_SIZE)
    adjusted: dict[str, list[str]] = {}
    unknown = []
    for trait_id in outcomes:
        trait = content.trait(trait_id)
        if trait["body_size_covariates"]:
            adjusted.setdefault(join(trait["body_size_covariates"]), []).append(trait["label"])
        elif trait["adjusted_for"] in {None, "", "unknown"}:
            unknown.append(trait["label"])
    found = [
        Flag(
            "caution",
            "Collider bias by adjustment",
            f"{_names(labels)} {'was' if len(labels) == 1 else 'were'} adjusted for {covariates}. "
            + (
                "The exposure is itself about body size, so part of its effect was adjusted away and a path through "
                "other causes of both was opened: read the estimate with great care."
                if about_size
                else "If the exposure affects it, a path through other causes of both is opened."
            ),
            "data",
        )
        for covariates, labels in adjusted.items()
    ]
    if unknown:
        found.append(
            Flag(
                "note",
                "Adjustment unknown",
                f"What {_names(unknown)} {'was' if len(unknown) == 1 else 'were'} adjusted for is not stated in the "
                "trait table. If it was body weight, the caution about collider bias applies here too.",
                "data",
            )
        )
    return found


def _failed(content: Content) -> list[Flag]:
    rows = [row for row in content.primary().to_dicts() if row["status"] != "ok"]
    if not rows:
        return []
    shown = "; ".join(
        f"{content.label(r['exposure'])} → {content.label(r['outcome'])} ({r['status'].replace('_', ' ')})"
        for r in rows[:5]
    )
    return [Flag("caution", "Not estimable", f"{count(len(rows), 'pair')} could not be estimated: {shown}.", "results")]


def _rows(content: Content) -> list[Flag]:
    """Report rows that were broken, by trait and reason."""
    bad = content.row_report.filter((pl.col("kind") == "fault") & (pl.col("step") == "ingest")).to_dicts()
    if not bad:
        return [Flag("good", "Clean files", "No row of any input file was broken.", "flow")]
    parts = []
    for row in bad[:6]:
        lines = ", ".join(map(str, row["lines"][:3]))
        parts.append(
            f"{content.label(row['subject'])}: {row['count']} of {row['n_in']:,} rows with {reason(row['reason'])} "
            f"(line {lines})"
        )
    return [Flag("note", "Broken rows dropped", "; ".join(parts) + ".", "flow")]


def _strength(content: Content) -> list[Flag]:
    weak, values = [], []
    for row in content.primary().to_dicts():
        test = content.diagnostic(row, "mean_f")
        if test is None or test["statistic"] is None:
            continue
        values.append(test["statistic"])
        if test["statistic"] < 10:
            weak.append(f"{content.label(row['exposure'])} → {content.label(row['outcome'])}")
    if weak:
        return [
            Flag(
                "caution",
                "Weak instruments",
                f"Mean F below 10 for {join(weak[:5])}: estimates lean towards the "
                "null, or with overlapping samples towards the confounded value.",
                "results",
            )
        ]
    if values:
        low, high = significant(min(values)), significant(max(values))
        text = f"Mean F statistic between {low} and {high}; below 10 would be weak."
        return [Flag("good", "Instrument strength", text, "results")]
    return []


def _independence(content: Content) -> list[Flag]:
    with_ld = {name for name in content.primary()["method"].unique() if str(name).startswith("ivw_ld")}
    plain = content.primary().filter(~pl.col("method").is_in(list(with_ld)) & (pl.col("n_variants") > 1))
    found = []
    if plain.height:
        found.append(
            Flag(
                "note",
                "Independence not checked",
                "No LD panel was given: variants were taken to be independent as "
                "the files list them, and nothing was clumped.",
                "flow",
            )
        )
    if with_ld:
        numbers = [content.diagnostic(row, "max_abs_ld_r") for row in content.primary().to_dicts()]
        largest = max((n["statistic"] for n in numbers if n and n["statistic"] is not None), default=None)
        if largest is not None:
            found.append(
                Flag(
                    "note",
                    "Correlated variants",
                    f"Variants are correlated (largest |r| {significant(largest)}); the "
                    f"LD matrix ({join(list(content.study['ld'].values()))}) enters the estimate.",
                    "methods",
                )
            )
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
                f"{threshold_text(content.study['p_threshold'])}, so its results count as exploratory."
            )
        found.append(Flag("caution" if above else "note", "Instruments given", text, "flow"))
    return found


def _heterogeneity(content: Content) -> list[Flag]:
    """Name the pairs whose variants disagree beyond chance."""
    found = []
    for row in content.primary().to_dicts():
        test = content.diagnostic(row, "cochran_q")
        if test and test["neg_log_10_p_value"] is not None and test["neg_log_10_p_value"] > 1.30103:
            found.append((test["neg_log_10_p_value"], row, test))
    if not found:
        return []
    found.sort(key=lambda item: -item[0])
    _, row, test = found[0]
    text = (
        f"In {count(len(found), 'pair')} the variants disagree more than sampling error explains (Q test, p below "
        f"0.05), most in {content.label(row['exposure'])} → {content.label(row['outcome'])} "
        f"(Q = {significant(test['statistic'])} on {test['df']:.0f} degrees of freedom, "
        f"p = {p_value(test['neg_log_10_p_value'])}). Pleiotropy is the usual cause."
    )
    return [Flag("caution", "Variants disagree", text, "results")]


def _intercept(content: Content) -> list[Flag]:
    tests = content.diagnostics.filter(
        (pl.col("name") == "egger_intercept") & pl.col("neg_log_10_p_value").is_not_null()
    )
    if not tests.height:
        return []
    low = tests.filter(pl.col("neg_log_10_p_value") > 1.30103).to_dicts()
    if not low:
        text = (
            f"The MR-Egger intercept shows no directional pleiotropy in {count(tests.height, 'pair')} (p above 0.05)."
        )
        return [Flag("good", "Directional pleiotropy", text, "results")]
    names = [f"{content.label(t['exposure'])} → {content.label(t['outcome'])}" for t in low[:5]]
    return [
        Flag(
            "caution",
            "Directional pleiotropy",
            f"The MR-Egger intercept differs from zero (p below 0.05) for {join(names)}.",
            "results",
        )
    ]


def _ancestry(content: Content) -> list[Flag]:
    """Flag pairs, or an LD matrix, of different ancestries."""
    mixed = []
    for row in content.primary().to_dicts():
        x, y = content.trait(row["exposure"])["ancestry"], content.trait(row["outcome"])["ancestry"]
        if x and y and x != y:
            mixed.append(content.label(row["outcome"]))
    if not mixed:
        return []
    ld = content.study["ld"]
    text = f"Exposure and outcome differ in ancestry for {_names(mixed)}"
    text += f"; the LD matrix is {join(list(ld))}." if ld else "."
    return [Flag("caution", "Ancestries differ", text, "data")]


def _overlap(content: Content) -> list[Flag]:
    shared, unknown = [], 0
    for row in content.primary().to_dicts():
        x, y = (_cohorts(content.trait(row[side])["cohorts"]) for side in ("exposure", "outcome"))
        if not x or not y:
            unknown += 1
        elif x & y:
            shared.append(f"{content.label(row['exposure'])} → {content.label(row['outcome'])} ({join(sorted(x & y))})")
    found = []
    if shared:
        found.append(
            Flag(
                "caution",
                "Samples overlap",
                f"Both studies include the same cohort for {join(shared[:5])}. With weak "
                "instruments this pulls estimates towards the confounded value; nothing was corrected.",
                "data",
            )
        )
    if unknown:
        found.append(
            Flag(
                "note",
                "Overlap unknown",
                f"For {count(unknown, 'pair')} the cohorts of one study are not stated, so "
                "overlap of samples cannot be bounded.",
                "data",
            )
        )
    if not found:
        found.append(Flag("good", "No declared overlap", "No cohort is declared on both sides of a pair.", "data"))
    return found


def _cohorts(text: object) -> set[str]:
    return {part.strip() for part in str(text or "").replace(";", ",").split(",") if part.strip()} - {"unknown"}


def _names(labels: list[str]) -> str:
    """Return some labels and how many more there are."""
    if len(labels) <= 4:
        return join(labels)
    return f"{', '.join(labels[:3])} and {len(labels) - 3} more"
