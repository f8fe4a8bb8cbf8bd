"""STROBE-MR: every item is there, and 'done' is said only of what the tables hold."""

from __future__ import annotations

import pytest

from osteobiome.report.strobe import strobe_items
from osteobiome.report.strobe.item import ITEMS

NUMBERS = [
    "1",
    "2",
    "3",
    "4",
    "4a",
    "4b",
    "4c",
    "4d",
    "4e",
    "5",
    "6a",
    "6b",
    "6c",
    "6d",
    "6e",
    "7",
    "8",
    "9a",
    "9b",
    "10a",
    "10b",
    "10c",
    "10d-i",
    "10d-ii",
    "11a",
    "11b",
    "11c",
    "11d",
    "12a",
    "12b",
    "13a",
    "13b",
    "13c",
    "13d",
    "13e",
    "14",
    "15",
    "16a",
    "16b",
    "16c",
    "17",
    "18",
    "19",
    "20",
]
AUTHOR = {
    "1",
    "2",
    "3",
    "4a",
    "4b",
    "4c",
    "4d",
    "4e",
    "9b",
    "10a",
    "10b",
    "10d-ii",
    "13d",
    "14",
    "15",
    "16a",
    "16b",
    "16c",
    "17",
    "18",
    "19",
    "20",
}
CLUMPED = {"clumping": {"r2": 0.001, "window_kb": 10000.0, "ld": {"x": "EUR"}}}
ANCHORS = {"", "trust", "results", "pairs", "data", "flow", "methods", "provenance", "published"}


def items(content):
    return {item.number: item for item in strobe_items(content)}


def item(content, number):
    return items(content)[number]


def refit(built, pair, kind, left_out, low, high):
    return pair | {"method": "ivw", "kind": kind, "left_out": left_out, "beta": (low + high) / 2, "se": 0.1,
                   "ci_low": low, "ci_high": high, "status": "ok", "n_variants": 4}  # fmt: skip


def failed(built):
    """Return rows of a run in which nothing could be estimated."""
    nothing = dict.fromkeys(("beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "q_value"))
    estimates = [row | nothing | {"status": "no_instruments"} for row in built.ROWS["estimates"]]
    return {"estimates": estimates, "diagnostics": [], "harmonised": []}


def test_items__are_those_of_the_checklist_in_its_order(built):
    found = strobe_items(built.build())
    assert [item.number for item in found] == NUMBERS == list(ITEMS)
    assert {item.section for item in found} == {
        "Title and abstract", "Introduction", "Methods", "Results", "Discussion", "Other information",
    }  # fmt: skip


def test_items__have_words_and_lead_somewhere(built):
    for content in (built.build(), built.build(**failed(built))):
        for item in strobe_items(content):
            assert item.item
            assert len(item.item) < 100
            assert item.text.endswith((".", "?")), item.text
            assert "None" not in item.text
            assert "  " not in item.text
            assert item.state in {"done", "not done", "for the author"}
            assert item.anchor in ANCHORS


def test_author__is_left_what_no_run_can_do(built):
    for content in (built.build(), built.build(**failed(built))):
        assert {number for number, item in items(content).items() if item.state == "for the author"} == AUTHOR


def test_failed_run__has_done_nothing_that_needs_an_estimate(built):
    found = items(built.build(**failed(built)))
    done = {number for number, item in found.items() if item.state == "done"}
    assert done == {"4", "6a", "6d", "9a"}
    assert found["11b"].text == "No pair could be estimated; each has its reason."


# --- methods -----------------------------------------------------------------------------------------------------


def test_sources__must_be_stated(built):
    found = item(built.build(), "4")
    assert found.state == "done"
    assert found.text == (
        "Two-sample design on summary data; table of 3 traits, in which are stated source for 3, people for 3, "
        "ancestry for 3, cohorts for 3, covariates for 3 and licence for 3."
    )
    traits = [built.ROWS["traits"][0] | {"citation": ""}, *built.ROWS["traits"][1:]]
    for number, state in (("4", "not done"), ("19", "for the author")):
        without = item(built.build(traits=traits), number)
        assert without.state == state
        assert "No source is stated for Exposure X." in without.text
    assert "source for 2, people for 3" in item(built.build(traits=traits), "4").text


def test_funding__counts_stated_sources_only(built):
    assert "the 3 stated sources of data" in item(built.build(), "18").text
    traits = [row | {"citation": ""} for row in built.ROWS["traits"]]
    assert "(no source is stated)" in item(built.build(traits=traits), "18").text


def test_participants__are_left_to_the_author_with_what_is_known(built):
    power = built.diagnostic(built.PAIR, "power", "minimum_detectable_effect", 0.14)
    by_sizes = built.diagnostic(built.OTHER, "power", "minimum_detectable_effect_from_sizes", 0.14)
    why = built.diagnostic(built.PAIR, "power", "minimum_detectable_effect", None, message="Not estimable: no sizes.")
    rest = " Who took part, and power before the study, are for the author."
    found = item(built.build(add={"diagnostics": [power]}), "4b")
    assert found.state == "for the author"
    assert found.text == (
        "Sample size declared for 3 of 3 traits. The smallest detectable effect was computed after the run, from the "
        f"precision reached, for 1 of 2 pairs.{rest}"
    )
    sized = item(built.build(add={"diagnostics": [by_sizes]}), "4b").text
    assert "precision reached" not in sized
    assert "the variants found, also after the run: 1 of 2 pairs." in sized
    assert f"No smallest detectable effect: it was not computed.{rest}" in item(built.build(), "4b").text
    without = item(built.build(add={"diagnostics": [why]}), "4b")
    assert f"No smallest detectable effect: Not estimable: no sizes.{rest}" in without.text
    traits = [built.ROWS["traits"][0] | {"n_people": None}, *built.ROWS["traits"][1:]]
    for number in ("4b", "10a"):
        unknown = item(built.build(traits=traits), number)
        assert unknown.state == "for the author"
        assert "Sample size declared for 2 of 3 traits (unknown: Exposure X)." in unknown.text
    assert item(built.build(), "10a").text == (
        "Sample size declared for 3 of 3 traits. Variants at each step, with reasons, are under Flow; people left out, "
        "and why, stand in the sources."
    )


def test_variants__say_how_they_were_chosen(built):
    assert item(built.build(), "4c").text == (
        "Instruments of 1 exposure chosen by p ≤ 5 × 10⁻⁸: 6 of 98 rows kept. Nothing was clumped. "
        "Genotyping, imputation and checks of variants stand in the sources."
    )
    clumped = built.rows("x", "instruments", 98, 6, "policy", "clumped", 3)
    content = built.build(study=CLUMPED, add={"row_report": [clumped]})
    rule = "Instruments were clumped at r² 0.001 within 10000 kb by the LD matrix of EUR, which left out 3 variants."
    assert rule in item(content, "4c").text
    given = item(built.build(study={"given": {"x": "Table 2"}}), "4c").text
    assert given.startswith("Instruments given for Exposure X: 6 of 98 rows kept. Nothing was clumped.")


def test_cases__need_a_definition(built):
    binary = [built.ROWS["traits"][0], built.ROWS["traits"][1] | {"type": "binary"}, built.ROWS["traits"][2]]
    without = item(built.build(traits=binary), "4d")
    assert without.state == "not done"
    assert "No case definition for Outcome Y." in without.text
    binary[1] |= {"case_definition": "X-ray"}
    assert item(built.build(traits=binary), "4d").state == "for the author"


def test_assumptions__are_stated_if_listed(built):
    found = item(built.build(), "5")
    assert found.state == "done"
    assert "2 estimators" in found.text
    methods = [row | {"assumptions": []} if row["name"] == "egger" else row for row in built.ROWS["methods"]]
    assert item(built.build(methods=methods), "5").state == "not done"


def test_alleles__count_what_was_dropped(built):
    text = item(built.build(), "6b").text
    assert "10 variants in 2 pairs, 0 of them met by rsID" in text
    assert "Dropped: 1 palindromic, 0 with other alleles." in text
    assert "between 0.42 and 0.58" in text


def test_covariates__must_be_stated_for_both_samples_of_all_pairs(built):
    known = item(built.build(), "6c")
    assert known.state == "done"
    assert known.text.endswith("stated for 2 of 2 pairs, in the same words for 2.")
    first, second, third = built.ROWS["traits"]
    other = item(built.build(traits=[first, second, third | {"adjusted_for": "sex"}]), "6c")
    assert other.state == "done"
    assert other.text.endswith("stated for 2 of 2 pairs, in the same words for 1.")
    unknown = item(built.build(traits=[first, second, third | {"adjusted_for": "unknown"}]), "6c")
    assert unknown.state == "not done"
    assert "for 1 of 2 pairs, in the same words for 1." in unknown.text
    none = item(built.build(traits=[first | {"adjusted_for": ""}, second, third]), "6c")
    assert none.text.endswith("Covariates of both samples are stated for 0 of 2 pairs.")


def test_missing_data__are_counted(built):
    assert item(built.build(), "6d").text == (
        "Dropped for a missing, impossible or repeated value, each with its reason: 2 of 600 rows. 1 instrument "
        "missing from an outcome's file was dropped there; no proxies were sought."
    )


def test_many_tests__are_counted_by_family(built):
    assert "over 2 tests in 1 family declared in the study file" in item(built.build(), "6e").text


def test_means__name_checks_with_numbers_and_what_is_missing(built):
    text = item(built.build(), "7").text
    assert "Cochran's Q" in text
    assert "F statistic" in text
    assert "MR-Egger intercept" in text
    assert text.endswith(
        "Not examined: correlation between variants in 2 pairs (no LD matrix), direction of the effect (no Steiger "
        "test), controls (none declared), power, independence of variants and confounders and replication in other "
        "samples."
    )
    bare = item(built.build(diagnostics=[]), "7")
    assert bare.state == "not done"
    assert "Cochran" not in bare.text
    for gone in ({"mean_f"}, {"cochran_q", "egger_intercept"}):
        rest = [row for row in built.ROWS["diagnostics"] if row["name"] not in gone]
        assert item(built.build(diagnostics=rest), "7").state == "not done"
    assert item(built.build(), "7").state == "done"


def test_sensitivity__is_not_done_by_controls_alone(built):
    assert item(built.build(), "8").state == "done"
    alone = [row for row in built.ROWS["estimates"] if row["is_primary"]]
    control = built.PAIR | {"kind": "positive", "method": "ivw", "expected": "increases", "verdict": "passed"}
    found = item(built.build(estimates=alone, add={"controls": [control]}), "8")
    assert found.state == "not done"
    assert "1 control declared in the study file." in found.text


def test_means__with_everything_lack_independence_and_replication(built):
    add = {
        "diagnostics": [
            built.diagnostic(built.PAIR, "steiger", "steiger_direction", 9.0, estimate=0.1, neg_log_10_p_value=20.0),
            built.diagnostic(built.PAIR, "power", "power_at_effect", 0.9),
        ],
        "controls": [built.PAIR | {"kind": "positive", "method": "ivw", "expected": "increases", "verdict": "passed"}],
    }
    text = item(built.build(study=CLUMPED, add=add), "7").text
    assert text.endswith("Not examined: independence of variants and confounders and replication in other samples.")


def test_software__is_named_with_its_version_and_seed(built):
    text = item(built.build(), "9a").text
    assert text.startswith("As this page was written: osteobiome ")
    assert "polars" in text
    assert text.endswith("; seed 7.")


# --- results -----------------------------------------------------------------------------------------------------


def test_overlap__in_people_is_for_the_author(built):
    shared = [row | {"cohorts": "UKB"} for row in built.ROWS["traits"]]
    unknown = [row | {"cohorts": ""} for row in built.ROWS["traits"]]
    words = {"No cohort is declared on both sides": None, "(UKB)": shared, "are not stated": unknown}
    for word, traits in words.items():
        found = item(built.build(**({"traits": traits} if traits else {})), "10d-ii")
        assert found.state == "for the author"
        assert word in found.text
        assert found.text.endswith("how many people stand in both is not in the data.")


def test_summary__counts_cases_of_binary_traits_only(built):
    assert item(built.build(), "10b").text == "Summary data hold no means or spreads of traits."
    binary = [built.ROWS["traits"][0], *(row | {"type": "binary"} for row in built.ROWS["traits"][1:])]
    binary[1] |= {"n_cases": 10}
    assert "Cases declared for 1 of 2 binary traits." in item(built.build(traits=binary), "10b").text


def test_alike__counts_pairs_of_one_ancestry(built):
    traits = [*built.ROWS["traits"][:2], built.ROWS["traits"][2] | {"ancestry": "EAS"}]
    assert "Same ancestry declared for 1 of 2 pairs." in item(built.build(traits=traits), "10d-i").text


def test_estimates__are_written_out_with_units_and_intervals(built):
    assert item(built.build(), "11b").text == (
        "2 of 2 pairs with estimate, 95 % interval, p and unit: Exposure X → Outcome Y 0.3000 SD per SD (95 % interval "
        "0.2020 to 0.3980); Exposure X → Outcome Z −0.100 SD per SD (95 % interval −0.296 to 0.096)."
    )
    families = [built.STUDY["families"][0] | {"id": f"f{i}"} for i in range(5)]
    many = [built.estimate(built.PAIR | {"family": family["id"]}, "ivw", 0.1, 0.1) for family in families]
    assert (
        item(built.build(study={"families": families}, estimates=many), "11b").text
        == "5 of 5 pairs with estimate, 95 % interval, p and unit."
    )


def test_absolute_risk__is_never_done(built):
    assert "no risk to translate" in item(built.build(), "11c").text
    first, second, third = built.ROWS["traits"]
    odds = second | {"type": "binary", "unit": "log_odds", "prevalence": 0.1}
    share = third | {"type": "binary", "unit": "native:probability", "unit_label": "probability"}
    as_odds = "Effects on 1 binary outcome are log odds, not translated (prevalence stated for 1)."
    as_share = "Effects on 1 binary outcome are in probability, as declared."
    end = "No absolute risk over a stated time was computed."
    for traits, text in (
        ([first, odds, third], f"{as_odds} {end}"),
        ([first, second, share], f"{as_share} {end}"),
        ([first, odds, share], f"{as_odds} {as_share} {end}"),
    ):
        found = item(built.build(traits=traits), "11c")
        assert found.state == "not done"
        assert found.text == text


def test_assumptions__must_be_examined_in_all_pairs(built):
    gone = [row for row in built.ROWS["diagnostics"] if (row["outcome"], row["name"]) != ("z", "mean_f")]
    found = item(built.build(diagnostics=gone), "12a")
    assert found.state == "not done"
    assert "over 1 of 2 pairs" in found.text
    gone = [row for row in built.ROWS["diagnostics"] if (row["outcome"], row["name"]) != ("z", "cochran_q")]
    blind = built.build(diagnostics=gone)
    assert item(blind, "12a").state == "not done"
    assert "Neither a Q test nor an intercept examines it in 1 pair." in item(blind, "12a").text
    assert item(blind, "12b").state == "not done"
    assert item(blind, "12b").text.startswith("Q test for 1 of 2 pairs")
    single = [row | {"n_variants": 1} if row["outcome"] == "z" else row for row in built.ROWS["estimates"]]
    assert item(built.build(diagnostics=gone, estimates=single), "12b").state == "done"


def test_strength_and_intercept__are_given_in_numbers(built):
    found = item(built.build(), "12a")
    assert found.state == "done"
    assert "mean F 8 to 120 over 2 of 2 pairs, below 10 in 1." in found.text
    assert "differs from zero (p below 0.05) in 0 of 1 pair." in found.text
    no_f = [row for row in built.ROWS["diagnostics"] if row["name"] != "mean_f"]
    assert item(built.build(diagnostics=no_f), "12a").state == "not done"


def test_heterogeneity__is_given_in_numbers(built):
    assert item(built.build(), "12b").text == "Q test for 2 of 2 pairs, p below 0.05 in 1; I² 0 to 0.58."
    no_q = [row for row in built.ROWS["diagnostics"] if row["name"] != "cochran_q"]
    found = item(built.build(diagnostics=no_q), "12b")
    assert found.state == "not done"
    assert "two variants" in found.text


def test_other_estimators__are_set_beside_the_primary(built):
    found = item(built.build(), "13a")
    assert found.state == "not done"
    assert found.text == (
        "MR-Egger: 1 of 2 pairs, same direction as the primary estimate in 1; none for 1 pair with several variants."
    )
    single = [row | {"n_variants": 1} if row["outcome"] == "z" else row for row in built.ROWS["estimates"]]
    assert item(built.build(estimates=single), "13a").state == "done"
    turned = [row | {"beta": -0.2} if row["method"] == "egger" and "beta" in row else row
              for row in built.ROWS["estimates"]]  # fmt: skip
    assert item(built.build(estimates=turned), "13a").text.split(";")[0].endswith("in 0")
    alone = [row for row in built.ROWS["estimates"] if row["is_primary"]]
    assert item(built.build(estimates=alone), "13a").state == "not done"


def test_further_analyses__are_counted(built):
    assert item(built.build(), "13b").text == (
        "Not done: leave-one-out, influence of single variants, controls (none declared) and replication in other "
        "samples."
    )
    assert item(built.build(), "13b").state == "not done"
    add = {
        "leave_one_out": [
            refit(built, built.PAIR, "variant", "rs0", 0.1, 0.4),
            refit(built, built.PAIR, "variant", "rs1", -0.1, 0.4),
            refit(built, built.OTHER, "variant", "rs1", -0.1, 0.4),
            refit(built, built.PAIR, "locus", "1:1-9", 0.1, 0.4),
        ],
        "influence": [
            built.PAIR | {"method": "ivw", "rsid": f"rs{i}", "q_contribution": 1.0, "is_outlier": i == 0}
            for i in range(3)
        ],
        "controls": [
            built.PAIR | {"kind": "positive", "method": "ivw", "expected": "increases", "verdict": "passed"},
            built.OTHER | {"kind": "negative", "method": "ivw", "expected": "none", "verdict": "passed"},
        ],
    }
    found = item(built.build(add=add), "13b")
    assert found.state == "done"
    assert found.text == (
        "Leave-one-out: 3 refits of 2 of 2 pairs; without one variant the interval comes to include no effect in 1 of "
        "1 pair. Leave-one-locus-out: 1 refit of 1 of 2 pairs. Influence of single variants for 1 of 2 pairs: "
        "1 outlier. Controls: 2 passed. Not done: replication in other samples."
    )
    assert item(built.build(add=add), "13e").text == "Leave-one-out plot for 2 of 2 pairs."
    assert item(built.build(), "13e").state == "not done"


@pytest.mark.parametrize(
    ("estimates", "words"),
    [
        ([(0.1, 20.0), (0.1, 5.0)], "for 2 of 2 pairs: as assumed in 2, reversed in 0, unclear in 0."),
        ([(-0.1, 20.0), (0.1, 0.2)], "for 2 of 2 pairs: as assumed in 0, reversed in 1, unclear in 1."),
    ],
)
def test_direction__by_steiger(estimates, words, built):
    rows = [
        built.diagnostic(pair, "steiger", "steiger_direction", 5.0, estimate=value, neg_log_10_p_value=p)
        for pair, (value, p) in zip((built.PAIR, built.OTHER), estimates, strict=True)
    ]
    found = item(built.build(add={"diagnostics": rows}), "13c")
    assert found.state == "done"
    assert found.text == f"Steiger test {words}"


def test_direction__that_could_not_be_tested_says_why(built):
    assert item(built.build(), "13c").state == "not done"
    row = built.diagnostic(built.PAIR, "steiger", "steiger_direction", None, message="Not estimable: no frequencies.")
    found = item(built.build(add={"diagnostics": [row]}), "13c")
    assert found.state == "not done"
    assert found.text == "No Steiger test and no pair in both directions. Not estimable: no frequencies."


def test_direction__of_reverse_pairs(built):
    reverse = {"family": "main", "exposure": "y", "outcome": "x"}
    again = {"family": "main", "exposure": "z", "outcome": "x"}
    back = [built.estimate(pair, "ivw", 0.1, 0.1) for pair in (reverse, again)]
    found = item(built.build(add={"estimates": back}), "13c")
    assert found.state == "done"
    assert found.text == "2 pairs of traits estimated in both directions."
    found = item(built.build(add={"estimates": back[:1]}), "13c")
    assert found.state == "not done"
    assert found.text == "1 pair of traits estimated in both directions. Neither for 1 pair."


def test_direction__tested_in_some_pairs_is_not_done(built):
    rows = [
        built.diagnostic(built.PAIR, "steiger", "steiger_direction", 5.0, estimate=0.1, neg_log_10_p_value=20.0),
        built.diagnostic(built.OTHER, "steiger", "steiger_direction", None, message="Not estimable: no sizes."),
    ]
    found = item(built.build(add={"diagnostics": rows}), "13c")
    assert found.state == "not done"
    assert found.text == (
        "Steiger test for 1 of 2 pairs: as assumed in 1, reversed in 0, unclear in 0. Neither for 1 pair. Not "
        "estimable: no sizes."
    )


def test_limits__repeat_the_cautions(built):
    assert "weak instruments" not in item(built.build(diagnostics=[]), "15").text
    weak = [row | {"statistic": 4.0} if row["name"] == "mean_f" else row for row in built.ROWS["diagnostics"]]
    assert "weak instruments" in item(built.build(diagnostics=weak), "15").text


def test_limits__keep_the_letters_of_abbreviations(built):
    diluted = [row | {"statistic": 0.5} if row["name"] == "i2_gx" else row for row in built.ROWS["diagnostics"]]
    assert "MR-Egger diluted" in item(built.build(diagnostics=diluted), "15").text
