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
AUTHOR = {"1", "2", "3", "4a", "4d", "4e", "9b", "10b", "13d", "14", "15", "16a", "16b", "16c", "17", "18", "20"}
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
    assert done == {"4", "4c", "6a", "6d", "9a", "10a", "10d-ii", "19"}
    assert found["11b"].text == "No pair could be estimated; each has its reason."


# --- methods -----------------------------------------------------------------------------------------------------


def test_sources__must_be_stated(built):
    assert item(built.build(), "4").state == "done"
    traits = [built.ROWS["traits"][0] | {"citation": ""}, *built.ROWS["traits"][1:]]
    for number in ("4", "19"):
        without = item(built.build(traits=traits), number)
        assert without.state == "not done"
        assert "No source is stated for Exposure X." in without.text


def test_participants__need_sizes_and_power(built):
    power = built.diagnostic(built.PAIR, "power", "minimum_detectable_effect", 0.14)
    why = built.diagnostic(built.PAIR, "power", "minimum_detectable_effect", None, message="Not estimable: no sizes.")
    found = item(built.build(add={"diagnostics": [power]}), "4b")
    assert found.state == "done"
    assert found.text == ("Sample size stated for 3 of 3 traits. Detectable effect or power computed for 1 of 2 pairs.")
    assert item(built.build(), "4b").text.endswith("No power: it was not computed.")
    without = item(built.build(add={"diagnostics": [why]}), "4b")
    assert without.state == "not done"
    assert without.text.endswith("No power: Not estimable: no sizes.")
    traits = [built.ROWS["traits"][0] | {"n_people": None}, *built.ROWS["traits"][1:]]
    unknown = item(built.build(traits=traits, add={"diagnostics": [power]}), "4b")
    assert unknown.state == "not done"
    assert "for 2 of 3 traits (unknown: Exposure X)" in unknown.text
    assert item(built.build(traits=traits), "10a").state == "not done"
    assert item(built.build(), "10a").state == "done"


def test_variants__say_how_they_were_chosen(built):
    assert item(built.build(), "4c").text == (
        "Instruments of 1 exposure chosen by p ≤ 5 × 10⁻⁸: 6 of 98 rows kept. Nothing was clumped. "
        "Genotyping and imputation stand in the sources."
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


def test_covariates__are_counted_in_both_samples(built):
    assert "Covariates of both samples are stated for 2 of 2 pairs." in item(built.build(), "6c").text
    traits = [*built.ROWS["traits"][:2], built.ROWS["traits"][2] | {"adjusted_for": "unknown"}]
    assert "for 1 of 2 pairs" in item(built.build(traits=traits), "6c").text


def test_missing_data__are_counted(built):
    assert item(built.build(), "6d").text == (
        "Dropped for a missing or impossible value, each with its reason: 2 of 600 rows. 1 instrument missing from an "
        "outcome's file was dropped there; no proxies were sought."
    )


def test_many_tests__are_counted_by_family(built):
    assert "over 2 tests in 1 family declared before the run" in item(built.build(), "6e").text


def test_means__name_checks_with_numbers_and_what_is_missing(built):
    text = item(built.build(), "7").text
    assert "Cochran's Q" in text
    assert "F statistic" in text
    assert "MR-Egger intercept" in text
    assert text.endswith(
        "Not examined: correlation between variants in 2 pairs (no LD matrix), direction of the effect (no Steiger "
        "test), controls (none declared), power and replication in other samples."
    )
    bare = item(built.build(diagnostics=[]), "7")
    assert bare.state == "not done"
    assert "Cochran" not in bare.text


def test_means__with_everything_lack_replication_only(built):
    add = {
        "diagnostics": [
            built.diagnostic(built.PAIR, "steiger", "steiger_direction", 9.0, estimate=0.1, neg_log_10_p_value=20.0),
            built.diagnostic(built.PAIR, "power", "power_at_effect", 0.9),
        ],
        "controls": [built.PAIR | {"kind": "positive", "method": "ivw", "expected": "increases", "verdict": "passed"}],
    }
    text = item(built.build(study=CLUMPED, add=add), "7").text
    assert text.endswith("Not examined: replication in other samples.")


def test_software__is_named_with_its_version_and_seed(built):
    text = item(built.build(), "9a").text
    assert text.startswith("osteobiome ")
    assert "polars" in text
    assert text.endswith("; seed 7.")


# --- results -----------------------------------------------------------------------------------------------------


def test_overlap__is_known_only_if_there_is_none(built):
    assert item(built.build(), "10d-ii").state == "done"
    shared = [row | {"cohorts": "UKB"} for row in built.ROWS["traits"]]
    found = item(built.build(traits=shared), "10d-ii")
    assert found.state == "not done"
    assert "UKB" in found.text
    unknown = [row | {"cohorts": ""} for row in built.ROWS["traits"]]
    assert item(built.build(traits=unknown), "10d-ii").state == "not done"


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
    binary = [built.ROWS["traits"][0], built.ROWS["traits"][1] | {"type": "binary"}, built.ROWS["traits"][2]]
    found = item(built.build(traits=binary), "11c")
    assert found.state == "not done"
    assert "1 binary outcome are log odds" in found.text


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
    assert item(built.build(), "13a").text == ("MR-Egger: 1 of 2 pairs, same direction as the primary estimate in 1.")
    turned = [row | {"beta": -0.2} if row["method"] == "egger" and "beta" in row else row
              for row in built.ROWS["estimates"]]  # fmt: skip
    assert item(built.build(estimates=turned), "13a").text.endswith("in 0.")
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
    found = item(built.build(add={"estimates": [built.estimate(reverse, "ivw", 0.1, 0.1)]}), "13c")
    assert found.state == "done"
    assert found.text == "1 pair of traits estimated in both directions."


def test_limits__repeat_the_cautions(built):
    assert "weak instruments" not in item(built.build(diagnostics=[]), "15").text
    weak = [row | {"statistic": 4.0} if row["name"] == "mean_f" else row for row in built.ROWS["diagnostics"]]
    assert "weak instruments" in item(built.build(diagnostics=weak), "15").text


def test_limits__keep_the_letters_of_abbreviations(built):
    diluted = [row | {"statistic": 0.5} if row["name"] == "i2_gx" else row for row in built.ROWS["diagnostics"]]
    assert "MR-Egger diluted" in item(built.build(diagnostics=diluted), "15").text
