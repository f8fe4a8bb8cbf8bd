"""Can this run be trusted? Each point as a plain sentence, with how serious it is and where the detail stands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from osteobiome.core.body_size import is_body_size
from osteobiome.core.text import count, join, p_value, reason, significant, threshold_text
from osteobiome.core.thresholds import ALPHA, DILUTED_I2_GX, GENOME_WIDE_P, WEAK_F, passes

if TYPE_CHECKING:
    from osteobiome.report.content import Content

Level = Literal["caution", "note", "good"]


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
        *_declared_without_effect(content),
        *_adjustment(content),
        *_failed(content),
        *_rows(content),
        *_threshold(content),
        *_strength(content),
        *_independence(content),
        *_given(content),
        *_heterogeneity(content),
        *_intercept(content),
        *_dilution(content),
        *_places(content),
        *_proxies(content),
        *_single_variants(content),
        *_same_file(content),
        *_contradictions(content),
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


def _declared_without_effect(content: Content) -> list[Flag]:
    """Repeat what the check had to say: settings that were declared and did nothing."""
    return [Flag("caution", "Declared without effect", note) for note in content.study["notes"]]


def _adjustment(content: Content) -> list[Flag]:
    """Flag outcomes adjusted for body size, and those of which nothing is known; other covariates are not judged."""
    adjusted: dict[tuple[str, bool], list[str]] = {}
    unknown: list[str] = []
    for row in content.primary().to_dicts():
        trait = content.trait(row["outcome"])
        if trait["body_size_covariates"]:
            key = (join(trait["body_size_covariates"]), is_body_size(content.label(row["exposure"])))
            adjusted.setdefault(key, []).append(trait["label"])
        elif _is_unknown(trait["adjusted_for"]):
            unknown.append(trait["label"])
    found = []
    for (covariates, about_size), repeated in adjusted.items():
        labels = list(dict.fromkeys(repeated))
        effect = (
            "The exposure is itself about body size, so part of its effect was adjusted away and a path through "
            "other causes of both was opened: read the estimate with great care."
            if about_size
            else "If the exposure affects it, a path through other causes of both is opened."
        )
        text = f"{_names(labels)} {_was(labels)} adjusted for {covariates}. {effect}"
        found.append(Flag("caution", "Collider bias by adjustment", text, "data"))
    if unknown:
        labels = list(dict.fromkeys(unknown))
        text = (
            f"What {_names(labels)} {_was(labels)} adjusted for is not stated in the trait table. If it was body "
            "weight, the caution about collider bias applies here too."
        )
        found.append(Flag("note", "Adjustment unknown", text, "data"))
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


def _threshold(content: Content) -> list[Flag]:
    """Flag a threshold above genome-wide significance: the variants were chosen for effects that are partly noise."""
    threshold = content.study["p_threshold"]
    if threshold <= GENOME_WIDE_P:
        return []
    text = (
        f"Instruments were taken up to p = {threshold_text(threshold)}. Effects of variants chosen so are too large "
        "(winner's curse) and some are null; nothing was corrected, so all results here are exploratory."
    )
    return [Flag("caution", "Relaxed threshold", text, "flow")]


def _strength(content: Content) -> list[Flag]:
    values = _values(content, "mean_f")
    weak = [name for name, value in values if value < WEAK_F]
    if weak:
        text = (
            f"Mean F below {WEAK_F:g} for {_names(weak)}: estimates lean towards the null, or with overlapping samples "
            "towards the confounded value."
        )
        return [Flag("caution", "Weak instruments", text, "results")]
    if not values:
        return []
    numbers = [value for _, value in values]
    if not all(math.isfinite(number) for number in numbers):
        return []
    text = (
        f"Mean F statistic between {significant(min(numbers))} and {significant(max(numbers))}; "
        f"below {WEAK_F:g} would be weak."
    )
    return [Flag("good", "Instrument strength", text, "results")]


def _values(content: Content, name: str) -> list[tuple[str, float]]:
    """Return pair and value of one diagnostic of the primary estimates."""
    found = []
    for row in content.primary().to_dicts():
        test = content.diagnostic(row, name)
        if test is not None and test["statistic"] is not None:
            found.append((_pair(content, row), test["statistic"]))
    return found


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
            text = (
                f"Variants are correlated (largest |r| {significant(largest)}); the LD matrix ({_matrices(content)}) "
                "enters the estimate."
            )
            found.append(Flag("note", "Correlated variants", text, "methods"))
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


def _heterogeneity(content: Content) -> list[Flag]:
    """Name the pairs whose variants disagree beyond chance."""
    found = []
    for row in content.primary().to_dicts():
        test = content.heterogeneity(row)
        if test and test["neg_log_10_p_value"] is not None and passes(test["neg_log_10_p_value"], ALPHA):
            found.append((test["neg_log_10_p_value"], row, test))
    if not found:
        return []
    found.sort(key=lambda item: -item[0])
    _, row, test = found[0]
    text = (
        f"In {count(len(found), 'pair')} the variants disagree more than sampling error explains (Q test, p below "
        f"{ALPHA:g}), most in {_pair(content, row)} "
        f"(Q = {significant(test['statistic'])} on {test['df']:.0f} degrees of freedom, "
        f"p = {p_value(test['neg_log_10_p_value'])}). Pleiotropy is the usual cause."
    )
    return [Flag("caution", "Variants disagree", text, "results")]


def _intercept(content: Content) -> list[Flag]:
    tests = content.diagnostics.filter(
        (pl.col("name") == "egger_intercept") & pl.col("neg_log_10_p_value").is_not_null()
    ).to_dicts()
    if not tests:
        return []
    low = [_pair(content, test) for test in tests if passes(test["neg_log_10_p_value"], ALPHA)]
    if low:
        text = f"The MR-Egger intercept differs from zero (p below {ALPHA:g}) for {_names(low)}."
        return [Flag("caution", "Directional pleiotropy", text, "results")]
    text = (
        f"The MR-Egger intercept detects no directional pleiotropy in {count(len(tests), 'pair')} (p above {ALPHA:g}). "
        "The test has little power: this is no proof of absence."
    )
    return [Flag("note", "Directional pleiotropy", text, "results")]


def _dilution(content: Content) -> list[Flag]:
    """Flag MR-Egger slopes that error in the exposure effects pulls towards zero."""
    tests = content.diagnostics.filter((pl.col("name") == "i2_gx") & (pl.col("statistic") < DILUTED_I2_GX)).to_dicts()
    if not tests:
        return []
    names = [f"{_pair(content, test)} ({significant(test['statistic'], 2)})" for test in tests]
    text = (
        f"I²_GX is below {DILUTED_I2_GX:g} for {_names(names)}: the MR-Egger slope there is diluted towards zero, "
        "by about that factor."
    )
    return [Flag("caution", "MR-Egger diluted", text, "results")]


def _single_variants(content: Content) -> list[Flag]:
    rows = content.primary().filter((pl.col("n_variants") == 1) & (pl.col("status") == "ok")).to_dicts()
    if not rows:
        return []
    text = (
        f"{_names([_pair(content, row) for row in rows])} rests on one variant: a Wald ratio, for which neither "
        "pleiotropy nor disagreement between variants can be looked at."
    )
    return [Flag("caution", "One variant", text, "results")]


def _same_file(content: Content) -> list[Flag]:
    """Flag pairs whose two traits are one and the same file, apart from tables that hold both."""
    found = []
    for row in content.primary().to_dicts():
        x, y = content.trait(row["exposure"]), content.trait(row["outcome"])
        if x["sha256"] == y["sha256"] and x["format"] != "twosamplemr_harmonised":
            found.append(_pair(content, row))
    if not found:
        return []
    text = f"Exposure and outcome of {_names(found)} are the same file: the estimate says nothing."
    return [Flag("caution", "Same file twice", text, "data")]


def _contradictions(content: Content) -> list[Flag]:
    """Flag files whose numbers contradict each other, and pairs whose frequencies do."""
    found = []
    rows = content.row_report.filter(pl.col("reason") == "p_value_contradicts_beta_and_se").to_dicts()
    bad = [row for row in rows if row["step"] == "ingest" and row["count"] > max(1, 0.05 * row["n_kept"])]
    if bad:
        shown = [f"{content.label(row['subject'])} ({row['count']} of {row['n_kept']} rows)" for row in bad]
        text = (
            f"The p values contradict effect and standard error in {_names(shown)}. Does the effect column hold odds "
            "ratios, or the standard error column something else?"
        )
        found.append(Flag("caution", "Numbers contradict", text, "flow"))
    opposite = content.row_report.filter(pl.col("reason") == "frequencies_of_the_other_allele").to_dicts()
    if opposite:
        names = [" → ".join(content.label(part) for part in row["subject"].split(" -> ")) for row in opposite]
        text = (
            f"Allele frequencies of exposure and outcome lie on opposite sides for {_names(names)}: one file seems to "
            "give the frequency of the other allele. A/T and C/G variants were dropped there."
        )
        found.append(Flag("caution", "Frequencies contradict", text, "flow"))
    return found


def _proxies(content: Content) -> list[Flag]:
    """Tell how many rows of the files stand in for another variant."""
    rows = content.row_report.filter(pl.col("reason") == "proxy_in_place_of_variant").to_dicts()
    if not rows:
        return []
    shown = [f"{content.label(row['subject'])} ({row['count']} of {row['n_kept']} rows)" for row in rows]
    text = (
        f"Rows of {_names(shown)} are marked as proxies for another variant. Their allele frequency may be the "
        "proxy's, so the strand of an A/T or C/G variant among them is less certain."
    )
    return [Flag("note", "Proxies", text, "flow")]


def _places(content: Content) -> list[Flag]:
    """Flag variants whose rsID stands at another position: usually a wrong genome build."""
    rows = content.row_report.filter(pl.col("reason") == "rsid_at_another_position")
    if rows.is_empty():
        return []
    text = (
        f"{count(int(rows['count'].sum()), 'variant')} met by rsID although the two files give different positions. "
        "Is the declared genome build right for both?"
    )
    return [Flag("caution", "Positions disagree", text, "flow")]


def _ancestry(content: Content) -> list[Flag]:
    """Flag pairs of different ancestries, and an LD matrix of another ancestry than a trait's."""
    mixed, matrices = [], []
    for row in content.primary().to_dicts():
        x, y = (content.trait(row[side])["ancestry"] for side in ("exposure", "outcome"))
        if not _is_unknown(x) and not _is_unknown(y) and _ancestry_code(x) != _ancestry_code(y):
            mixed.append(content.label(row["outcome"]))
        ld = content.ld(row["family"])
        others = {trait for trait in (x, y) if not _is_unknown(trait) and _ancestry_code(trait) != _ancestry_code(ld)}
        if ld and others:
            matrices.append(f"{_pair(content, row)} ({join(sorted(others))})")
    found = []
    if mixed:
        text = f"Exposure and outcome differ in ancestry for {_names(list(dict.fromkeys(mixed)))}."
        found.append(Flag("caution", "Ancestries differ", text, "data"))
    if matrices:
        text = f"The LD matrix ({_matrices(content)}) is of another ancestry than a trait for {_names(matrices)}."
        found.append(Flag("caution", "LD of another ancestry", text, "methods"))
    return found


def _overlap(content: Content) -> list[Flag]:
    shared, unknown = [], 0
    for row in content.primary().to_dicts():
        x, y = (_cohorts(content.trait(row[side])["cohorts"]) for side in ("exposure", "outcome"))
        if not x or not y:
            unknown += 1
        elif x.keys() & y.keys():
            names = sorted(x[name] for name in x.keys() & y.keys())
            shared.append(f"{_pair(content, row)} ({join(names)})")
    found = []
    if shared:
        text = (
            f"Both studies include the same cohort for {_names(shared)}. With weak instruments this pulls estimates "
            "towards the confounded value; nothing was corrected."
        )
        found.append(Flag("caution", "Samples overlap", text, "data"))
    if unknown:
        text = (
            f"For {count(unknown, 'pair')} the cohorts of one study are not stated, so overlap of samples cannot be "
            "bounded."
        )
        found.append(Flag("note", "Overlap unknown", text, "data"))
    return found or [Flag("good", "No declared overlap", "No cohort is declared on both sides of a pair.", "data")]


def _cohorts(text: object) -> dict[str, str]:
    """Return cohorts by their name in lower case."""
    parts = (part.strip() for part in re.split(r"[;,|]", str(text or "")))
    return {part.lower(): part for part in parts if not _is_unknown(part)}


def _is_unknown(text: object) -> bool:
    return str(text or "").strip().lower() in {"", "unknown", "na"}


def _ancestry_code(text: str) -> str:
    """Return an ancestry in lower case, long names as their usual code."""
    name = text.strip().lower()
    return {"european": "eur", "east asian": "eas", "african": "afr", "south asian": "sas", "american": "amr"}.get(
        name, name
    )


def _matrices(content: Content) -> str:
    """Return the ancestries of the LD matrices that were used."""
    return join(sorted({content.ld(family["id"]) for family in content.study["families"]} - {""}))


def _pair(content: Content, row: dict[str, Any]) -> str:
    return f"{content.label(row['exposure'])} → {content.label(row['outcome'])}"


def _was(labels: list[str]) -> str:
    return "was" if len(labels) == 1 else "were"


def _names(labels: list[str]) -> str:
    """Return some labels and how many more there are."""
    if len(labels) <= 4:
        return join(labels)
    return f"{', '.join(labels[:3])} and {len(labels) - 3} more"
