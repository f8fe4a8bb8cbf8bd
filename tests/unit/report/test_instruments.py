"""What the page says of instruments: how they were chosen, how strong, how many by chance, stand-ins, taxa."""

import base64
import gzip
import json
import re

import pytest

from osteobiome.report import render
from osteobiome.report.flags import flags
from osteobiome.report.instruments_view import (
    corrected_view,
    exposures_view,
    proxies_sentence,
    proxies_view,
    shared_sentence,
    shared_view,
)
from osteobiome.report.page import INLINE_ROWS
from osteobiome.report.pair_view import pair_view
from osteobiome.report.selection_text import pair_sentences, selection_sentences
from osteobiome.report.sentences import study_sentences
from osteobiome.report.strobe import strobe_items
from tests.unit.report.conftest import OTHER, PAIR, STUDY, build, diagnostic, estimate, rows, trait

INSTRUMENT = {
    "exposure": "x", "selected_in": "x", "rsid": "rs1", "effect_allele": "A", "other_allele": "G", "beta": 0.06,
    "se": 0.01, "f_statistic": 36.0, "known_locus": "", "beta_conditional": 0.051, "ci_low_conditional": 0.001,
    "ci_high_conditional": 0.08, "beta_fiqt": 0.0577, "beta_empirical_bayes": 0.055,
    "correction_status": "ok",
}  # fmt: skip
LEVEL = {
    "exposure": "x", "p_threshold": 5e-8, "is_declared": True, "n_variants": 4, "mean_f": 40.0, "min_f": 31.0,
    "i2_gx": 0.9, "n_with_size": 4, "variance_explained": 0.0123, "expected_null_leads": 0.04,
    "expected_null_leads_se": 0.001, "is_exploratory": False, "message": "",
}  # fmt: skip
PROXY = {
    "family": "main", "exposure": "x", "outcome": "y", "rsid": "rs1", "effect_allele": "A", "other_allele": "G",
    "proxy": "rs2", "proxy_effect_allele": "C", "proxy_other_allele": "T", "r2": 0.91, "distance": -1234, "reason": "",
}  # fmt: skip
NO_PROXY = PROXY | {"rsid": "rs7", "proxy": None, "r2": None, "distance": None, "reason": "r2_below_threshold"}
SHARED = {"trait_id": "x", "related_trait": "y", "relation": "child", "rsid": "rs1", "shared_by": "variant"}
NEAR = SHARED | {"rsid": "rs2", "shared_by": "window", "related_variant": "rs3"}
SOUGHT = {"r2": 0.8, "window_kb": 500.0}
USED = rows("x -> y", "harmonise", 6, 5, "note", "stand_in_used", 1)


ELSEWHERE = {"selected_in": "z", "shared_cohorts": [], "with_outcomes": {}}


def selection(**more):
    """Facts of a study whose choice of instruments differs from the plain one."""
    return {"selection": STUDY["selection"] | more}


def titles(content, level):
    """Titles of the flags of a level."""
    return {flag.title: flag.text for flag in flags(content) if flag.level == level}


def test_exposures__strength_and_leads_by_chance():
    weak = INSTRUMENT | {"rsid": "rs2", "f_statistic": 20.0}
    (one,) = exposures_view(build(instruments=[INSTRUMENT, weak], thresholds=[LEVEL]))
    assert (one["label"], one["how"], one["n"]) == ("Exposure X", "p ≤ 5 × 10⁻⁸", "2")
    assert (one["mean_f"], one["min_f"], one["explained"], one["expected"]) == (
        "28",
        "20",
        "1.23 %, if independent",
        "0.04 ± 0.001",
    )
    assert [row["threshold"] for row in one["sweep"]] == ["5 × 10⁻⁸ (declared)"]


def test_exposures__what_is_not_known_is_said():
    unknown = LEVEL | {"expected_null_leads": None, "message": "Not worked out.", "variance_explained": None}
    part = LEVEL | {"n_with_size": 3}
    assert exposures_view(build(thresholds=[unknown]))[0]["expected"] == "Not worked out."
    assert exposures_view(build(thresholds=[unknown]))[0]["explained"] == "–"
    assert (
        exposures_view(build(thresholds=[part]))[0]["explained"] == "1.23 % (of 3 with a sample size), if independent"
    )
    assert exposures_view(build())[0]["mean_f"] == "–"
    upper = LEVEL | {"expected_null_leads_se": 0.0, "message": "At most so many."}
    assert exposures_view(build(thresholds=[upper]))[0]["expected"] == "0.04. At most so many."


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"given": {"x": "list of a paper"}}, "given as a list"),
        (selection(relaxed={"x": 1e-5}), "p ≤ 1 × 10⁻⁵ (relaxed)"),
        (
            selection(three_sample={"x": ELSEWHERE}),
            "p ≤ 5 × 10⁻⁸ in Outcome Z",
        ),
        (
            selection(cis={"x": {"name": "SOST", "chromosome": 17, "start": 4_000, "end": 5_000}}),
            "p ≤ 5 × 10⁻⁸, near SOST (17:4,000–5,000)",
        ),
        (
            {"given": {"x": "list"}} | selection(cis={"x": {"name": "", "chromosome": 1, "start": 4, "end": 5}}),
            "given as a list, within 1:4–5",
        ),
    ],
)
def test_exposures__how_they_were_chosen(facts, words):
    assert exposures_view(build(study=facts))[0]["how"] == words


def test_exposures__numbers_of_two_studies_do_not_stand_in_one_row():
    """The sweep describes the study that selects; F and number beside it are those of the one that estimates."""
    other = selection(three_sample={"x": ELSEWHERE})
    (one,) = exposures_view(build(study=other, instruments=[INSTRUMENT], thresholds=[LEVEL]))
    assert (one["mean_f"], one["i2_gx"], one["explained"]) == ("36", "–", "–")
    assert one["sweep"][0]["i2_gx"] == "0.9"
    same = LEVEL | {"n_variants": 1, "mean_f": 36.0}
    (one,) = exposures_view(build(study=other, instruments=[INSTRUMENT], thresholds=[same]))
    assert (one["i2_gx"], one["explained"]) == ("0.9", "1.23 %, if independent")


def test_corrected__says_why_an_effect_is_not_corrected():
    bare = {"beta_conditional": None, "beta_fiqt": None, "beta_empirical_bayes": None, "f_statistic": 1.0}
    chosen = [INSTRUMENT, INSTRUMENT | bare | {"correction_status": "three_sample"}]
    first, second = corrected_view(build(instruments=chosen))
    assert (first["raw"], first["conditional"]) == ("0.06 (0.01)", "0.051 (0.001 to 0.08)")
    assert (first["fiqt"], first["empirical_bayes"]) == ("0.0577", "0.055")
    assert second["empirical_bayes"] == "–"
    assert (second["conditional"], second["fiqt"]) == ("another study chose it", "–")


def test_proxies__one_and_none():
    first, second = proxies_view(build(proxies=[PROXY, NO_PROXY]))
    assert (first["proxy"], first["alleles"], first["distance"]) == ("rs2", "A with C, G with T", "−1.23 kb")
    assert second["proxy"].startswith("none: ")
    assert second["alleles"] == "–"


def test_proxies__a_pair_in_two_families_counts_once_and_reasons_are_counted():
    absent = NO_PROXY | {"rsid": "rs8", "reason": "not_in_panel"}
    again = [row | {"family": "second"} for row in (PROXY, NO_PROXY)]
    content = build(proxies=[PROXY, NO_PROXY, NO_PROXY | {"rsid": "rs9"}, absent, *again])
    assert len(proxies_view(content)) == 4
    assert proxies_sentence(content) == (
        "Of 4 cases, 1 has a stand-in; 3 have none: 2 without a variant near in high enough r² and 1 not in the "
        "genotype panel."
    )
    assert proxies_sentence(build(proxies=[PROXY])) == "Of 1 case, 1 has a stand-in."


def test_shared__one_line_for_two_taxa():
    other_side = SHARED | {"trait_id": "y", "related_trait": "x", "relation": "parent"}
    content = build(shared_instruments=[SHARED, NEAR, NEAR | {"related_variant": "rs4"}, other_side])
    (line,) = shared_view(content)
    assert line == {
        "parent": "Exposure X", "child": "Outcome Y", "same": "1: rs1", "near": "2: rs2 near rs3, rs2 near rs4",
    }  # fmt: skip
    assert shared_sentence(content).startswith(
        "2 instruments of 1 taxon are shared with a taxon inside: 1 as the same variant, 1 as one near it."
    )


def test_shared__traits_of_one_taxon_stand_once():
    pair = {"relation": "same", "rsid": "rs1", "variant_key": 1}
    table = [SHARED | pair, NEAR | pair, SHARED | pair | {"trait_id": "y", "related_trait": "x"}]
    content = build(shared_instruments=table)
    (line,) = shared_view(content)
    assert line == {
        "parent": "Exposure X", "child": "Outcome Y (the same taxon)", "same": "1: rs1", "near": "1: rs1 near rs3",
    }  # fmt: skip
    assert shared_sentence(content).startswith(
        "1 instrument of 1 trait is shared with another trait of the same taxon: 1 as the same variant, 0 as one near "
        "it. Tests of such taxa"
    )
    assert "traits of one taxon (Exposure X and Outcome Y): tests" in titles(content, "note")["Taxa share instruments"]
    assert 'data-table="shared"' in section(render(content))
    both = build(shared_instruments=[SHARED | {"related_trait": "z"}, *table])
    assert len(shared_view(both)) == 2
    text = titles(both, "note")["Taxa share instruments"]
    assert "by taxa that contain each other (Outcome Z in Exposure X) and traits of one taxon (Exposure X and" in text


def test_flags__relaxed_threshold_with_its_reason():
    text = titles(build(study=selection(relaxed={"x": 1e-5}, reason="few hits")), "caution")["Relaxed threshold"]
    assert "(few hits)" in text
    assert "no estimate is corrected" in text
    other = {"x": ELSEWHERE}
    content = build(study=selection(relaxed={"x": 1e-5}, three_sample=other))
    assert "Another study chose them" in titles(content, "caution")["Relaxed threshold"]
    assert "no reason was declared" in titles(content, "caution")["Relaxed threshold"]
    assert "Three samples" in titles(content, "good")


def test_flags__people_who_select_and_are_in_the_outcome():
    other = {"x": {"selected_in": "z", "shared_cohorts": [], "with_outcomes": {"y": ["UKB"]}}}
    content = build(study=selection(three_sample=other))
    assert "shares UKB with" in titles(content, "caution")["Selection overlaps with the outcome"]
    assert "Three samples" not in titles(content, "good")
    other["x"]["with_outcomes"] = {"y": None}
    content = build(study=selection(three_sample=other))
    assert "Selection may overlap" in titles(content, "note")
    assert "Three samples" not in titles(content, "good")


@pytest.mark.parametrize("cohorts", [None, ["UKB"]])
def test_flags__another_study_that_may_hold_the_same_people_does_not_clear_a_threshold(cohorts):
    other = {"x": {"selected_in": "z", "shared_cohorts": cohorts, "with_outcomes": {}}}
    text = titles(build(study=selection(relaxed={"x": 1e-5}, three_sample=other)), "caution")["Relaxed threshold"]
    assert "the same people may be in both" in text
    assert "so their effects are not too large" not in text


@pytest.mark.parametrize(
    ("levels", "level", "words"),
    [
        ([LEVEL], "good", "0.04 of 4 instruments of Exposure X."),
        ([LEVEL | {"expected_null_leads": 1.9}], "note", "1.9 of 4 instruments"),
        (
            [LEVEL, LEVEL | {"exposure": "z", "expected_null_leads": None}],
            "note",
            "For 1 exposure that number is not known.",
        ),
        (
            [LEVEL, LEVEL | {"exposure": "z", "n_variants": 90, "expected_null_leads": 0.08}],
            "good",
            "0.04 of 4 instruments of Exposure X, the largest share of any exposure.",
        ),
    ],
)
def test_flags__few_by_chance_only_where_that_is_known(levels, level, words):
    assert words in titles(build(thresholds=levels), level)["Instruments by chance"]


def test_flags__a_doubt_without_a_number_is_told():
    message = "nobody can tell how many instruments chance yields"
    tests = [diagnostic(pair, "null_leads", "null_leads_in_doubt", None, message=message) for pair in (PAIR, OTHER)]
    unknown = LEVEL | {"expected_null_leads": None, "is_exploratory": None}
    content = build(thresholds=[unknown], add={"diagnostics": tests})
    text = titles(content, "caution")["Instruments by chance"]
    assert text == f"No result of Exposure X is a finding, whatever its p: {message}."
    many = build(thresholds=[LEVEL | {"expected_null_leads": 3.2, "is_exploratory": True}], add={"diagnostics": tests})
    assert [flag.title for flag in flags(many)].count("Instruments by chance") == 1


def test_reasons__of_each_exposure_are_kept_apart():
    """A study may state one reason for all, or one for each exposure, some of them none."""
    facts = {name: value for name, value in STUDY["selection"].items() if name != "reason"}
    facts |= {"relaxed": {"x": 1e-5, "z": 1e-5}, "reasons": {"x": "few hits", "z": ""}}
    content = build(study={"selection": facts})
    texts = [flag.text for flag in flags(content) if flag.title == "Relaxed threshold"]
    assert ["(few hits)" in text for text in texts] == [True, False]
    assert ["no reason was declared" in text for text in texts] == [False, True]
    methods = selection_sentences(content)
    assert "For Exposure X the threshold was relaxed to p ≤ 1 × 10⁻⁵, declared before the run: few hits." in methods
    assert "For Outcome Z the threshold was relaxed to p ≤ 1 × 10⁻⁵." in methods


def test_flags__an_exposure_without_instruments_is_not_blamed_on_chance():
    none = LEVEL | {"n_variants": 0, "is_exploratory": True}
    assert "Instruments by chance" not in {flag.title for flag in flags(build(thresholds=[none]))}


def test_flags__too_many_by_chance():
    many = LEVEL | {"expected_null_leads": 3.2, "is_exploratory": True}
    text = titles(build(thresholds=[many]), "caution")["Instruments by chance"]
    assert "3.2 of 4 instruments of Exposure X" in text
    assert "never a finding" in text
    assert "0.04" in titles(build(thresholds=[LEVEL]), "good")["Instruments by chance"]
    assert "Instruments by chance" not in titles(build(), "good")


@pytest.mark.parametrize(("cohorts", "level", "title"), [
    (["UKB"], "caution", "Selection overlaps"), (None, "note", "Selection may overlap"), ([], "good", "Three samples"),
])  # fmt: skip
def test_flags__people_who_select_and_estimate(cohorts, level, title):
    other = {"x": {"selected_in": "z", "shared_cohorts": cohorts, "with_outcomes": {}}}
    assert title in titles(build(study=selection(three_sample=other)), level)


def test_flags__known_loci_proxies_taxa_and_filter():
    content = build(
        study=selection(steiger_filter=True),
        instruments=[INSTRUMENT | {"known_locus": "HLA; ABO"}],
        proxies=[PROXY, PROXY | {"rsid": "rs3", "r2": 0.81}],
        shared_instruments=[SHARED],
        harmonised=[PAIR | {"rsid": "rs1", "effect_allele": "A", "other_allele": "G", "matched_by": "proxy"}],
        add={"row_report": [USED, rows("x -> y", "steiger", 6, 4, reason="explains_more_of_the_outcome", count=2)]},
    )
    notes = titles(content, "note")
    assert "1 instrument of Exposure X lies in loci" in notes["Known pleiotropic loci"]
    assert "ABO and HLA" in notes["Known pleiotropic loci"]
    assert "In 1 pair variants of the outcome stand in for 1 instrument" in notes["Proxies in the outcome"]
    assert "(lowest r² 0.91)" in notes["Proxies in the outcome"]  # that of 0.81 was found and not used
    assert "z of a stand-in is √r² times that of the instrument (0.95 at the lowest)" in notes["Proxies in the outcome"]
    assert "Outcome Y in Exposure X" in notes["Taxa share instruments"]
    assert "2 instruments that explain more" in notes["Steiger filter"]


def test_flags__a_proxy_that_was_lost_again_is_not_counted_as_used():
    content = build(study=selection(proxies=SOUGHT), proxies=[PROXY])
    assert "Proxies in the outcome" not in titles(content, "note")
    assert "0 cases" in " ".join(pair_sentences(content))


def test_flags__proxies_that_the_steiger_filter_left_out_have_no_lowest_r2():
    content = build(study=selection(proxies=SOUGHT), proxies=[PROXY], add={"row_report": [USED]})
    text = titles(content, "note")["Proxies in the outcome"]
    assert "that it lacks. Their effects are not scaled: on average z of a stand-in is √r² times that of the" in text


def test_flags__steiger_filter_that_could_not_look():
    tests = [diagnostic(pair, "steiger_filter", "steiger_filter", None, message="Not applied. Why.")
             for pair in (PAIR, PAIR | {"family": "second"}, OTHER)]  # fmt: skip
    content = build(study=selection(steiger_filter=True), add={"diagnostics": tests})
    text = titles(content, "caution")["Steiger filter without effect"]
    assert "could not look at 2 pairs (Exposure X → Outcome Y and Exposure X → Outcome Z)" in text
    assert "(Steiger filter): 0 cases; it could not look at 2 pairs." in " ".join(pair_sentences(content))


def test_flags__one_instrument_that_the_steiger_filter_left_out_is_singular():
    lost = rows("x -> y", "steiger", 6, 5, reason="explains_more_of_the_outcome", count=1)
    text = titles(build(study=selection(steiger_filter=True), add={"row_report": [lost]}), "note")["Steiger filter"]
    assert text.startswith(
        "1 instrument that explains more of the outcome than of the exposure was left out in 1 pair."
    )


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"name": "steiger_filter", "message": "Not applied. No size of 'x'."}, "Not applied. No size of Exposure X."),
        (
            {"name": "estimate_without_steiger_filter", "estimate": 0.2, "se": 0.04},
            "without it the estimate is 0.2000 SD per SD (standard error 0.04).",
        ),
        ({"name": "estimate_without_steiger_filter", "message": "Not worked out."}, "Not worked out."),
    ],
)
def test_pair__shows_the_estimate_without_the_steiger_filter(test, words):
    row = PAIR | {"method": "steiger_filter", "statistic": None, "null": "", "message": ""} | test
    content = build(add={"diagnostics": [row]})
    view = pair_view(content, content.primary().row(0, named=True), 0)
    (sentence,) = [text for text in view["checks"] if text.startswith("Steiger filter")]
    assert words in sentence


@pytest.mark.parametrize(
    ("n_doubted", "words"),
    [
        (0, "5 have q below 0.05 within their family."),
        (2, "5 have q below 0.05 within their family, but 2 of them are in doubt and so no findings."),
        (5, "5 have q below 0.05 within their family, but all are in doubt and so no findings."),
    ],
)
def test_opening__counts_small_q_in_doubt_as_what_it_is(n_doubted, words):
    """A q below 0.05 is not denied because the pair is no finding."""
    pairs = [PAIR | {"outcome": f"o{i}"} for i in range(5)]
    message = "3.2 of its 4 instruments are to be expected by chance alone"
    content = build(
        estimates=[estimate(pair, "ivw", 0.3, 0.05, q_value=1e-6, neg_log_10_q_value=6.0) for pair in pairs],
        diagnostics=[
            diagnostic(pair, "null_leads", "null_leads_in_doubt", None, message=message) for pair in pairs[:n_doubted]
        ],
        traits=[trait("x", "Exposure X"), *[trait(f"o{i}", f"Outcome {i}") for i in range(5)]],
    )
    sentences = study_sentences(content)
    assert sentences[0].endswith(words)
    assert sum("no finding whatever its p" in sentence for sentence in sentences) == (n_doubted == 5)


@pytest.mark.parametrize(
    ("facts", "more", "words"),
    [
        ({}, [], "there; no proxies were sought."),
        (selection(proxies=SOUGHT), [], "there; proxies were sought, none stood in."),
        (selection(proxies=SOUGHT), [USED], "there; 1 other had a proxy in its place."),
    ],
)
def test_strobe__says_whether_proxies_were_sought(facts, more, words):
    content = build(study=facts, proxies=[PROXY], add={"row_report": more})
    assert words in next(item.text for item in strobe_items(content) if item.number == "6d")


def test_methods__three_samples_do_not_claim_the_file_of_the_exposure():
    for cohorts, words in (([], "share no cohort"), (None, "is not known"), (["UKB"], "both hold UKB")):
        other = {"x": {"selected_in": "z", "shared_cohorts": cohorts, "with_outcomes": {}}}
        text = " ".join(selection_sentences(build(study=selection(three_sample=other))))
        assert words in text
        assert "in the exposure's file" not in text


def test_methods__leads_by_chance_say_of_how_many_exposures_they_are_known():
    unknown = LEVEL | {"exposure": "z", "expected_null_leads": None}
    assert "(known for 1 of 2)" in " ".join(selection_sentences(build(thresholds=[LEVEL, unknown])))


HOSTILE = "</script><img src=x onerror='hack()'>"


def section(page):
    """The section about instruments of a page."""
    return re.search(r'<section id="instruments".*?</section>', page, re.DOTALL).group()


def test_page__shows_only_what_there_is_and_escapes_labels():
    bare = section(render(build()))
    assert "What other thresholds would give" not in section(render(build(thresholds=[LEVEL])))
    for name in ("thresholds", "corrected", "proxies", "shared"):
        assert f'data-table="{name}"' not in bare
    labels = [trait("x", HOSTILE), trait("y", HOSTILE), trait("z", "Z")]
    content = build(
        traits=labels,
        instruments=[INSTRUMENT | {"known_locus": HOSTILE, "rsid": HOSTILE}],
        thresholds=[LEVEL, LEVEL | {"p_threshold": 1e-5, "is_declared": False, "message": HOSTILE}],
        proxies=[PROXY | {"proxy": HOSTILE}],
        shared_instruments=[NEAR | {"related_variant": HOSTILE}],
    )
    page = section(render(content))
    for name in ("exposures", "thresholds", "corrected", "proxies", "shared"):
        assert f'data-table="{name}"' in page
    assert "For planning the next study" in page
    assert "<img" not in page
    assert "&lt;img" in page


def test_page__long_tables_come_packed():
    n = INLINE_ROWS + 1
    page = render(build(instruments=[INSTRUMENT | {"rsid": f"rs{i}"} for i in range(n)]))
    assert "rs299" not in section(page)
    packed = re.search(r'id="packed-data">([^<]*)<', page).group(1)
    rows_of = json.loads(gzip.decompress(base64.b64decode(packed)))["rows"]
    assert rows_of["corrected"].count("<tr>") == n


def test_methods__name_every_rule():
    content = build(
        study=selection(
            relaxed={"x": 1e-5},
            reason="few hits",
            three_sample={"x": ELSEWHERE},
            cis={"x": {"name": "", "chromosome": 1, "start": 1, "end": 2_000}},
            exclude="out.txt",
            proxies={"r2": 0.8, "window_kb": 500.0},
            steiger_filter=True,
        )
        | {"exclude_loci": ["HLA"]},
        thresholds=[LEVEL],
        instruments=[INSTRUMENT],
        proxies=[PROXY],
        add={"traits": [trait("w", "Another")], "row_report": [USED]},
    )
    text = " ".join(selection_sentences(content) + pair_sentences(content))
    for piece in (
        "relaxed to p ≤ 1 × 10⁻⁵, declared before the run: few hits.", "chosen in another study, Outcome Z,",
        "within 1:1–2,000", "known pleiotropic loci (HLA) and what the list out.txt names were left out (0 variants)",
        "By chance alone 0.04 instruments", "corrected for winner's curse", "r² ≥ 0.8 within 500 kb): 1 case.",
        "(Steiger filter): 0 cases.",
    ):  # fmt: skip
        assert piece in text
    assert "5 × 10⁻⁸" not in text
