"""What the page says of instruments: how they were chosen, how strong, how many by chance, stand-ins, taxa."""

import pytest

from osteobiome.report.flags import flags
from osteobiome.report.instruments_view import corrected_view, exposures_view, proxies_view, shared_view
from osteobiome.report.selection_text import pair_sentences, selection_sentences
from tests.unit.report.conftest import STUDY, build, rows, trait

INSTRUMENT = {
    "exposure": "x", "selected_in": "x", "rsid": "rs1", "effect_allele": "A", "other_allele": "G", "beta": 0.06,
    "se": 0.01, "f_statistic": 36.0, "known_locus": "", "beta_conditional": 0.051, "ci_low_conditional": 0.001,
    "ci_high_conditional": 0.08, "beta_fiqt": 0.0577, "correction_status": "ok",
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
    assert (one["mean_f"], one["min_f"], one["explained"], one["expected"]) == ("28", "20", "1.23 %", "0.04 ± 0.001")
    assert [row["threshold"] for row in one["sweep"]] == ["5 × 10⁻⁸ (declared)"]


def test_exposures__what_is_not_known_is_said():
    unknown = LEVEL | {"expected_null_leads": None, "message": "Not worked out.", "variance_explained": None}
    part = LEVEL | {"n_with_size": 3}
    assert exposures_view(build(thresholds=[unknown]))[0]["expected"] == "Not worked out."
    assert exposures_view(build(thresholds=[unknown]))[0]["explained"] == "–"
    assert exposures_view(build(thresholds=[part]))[0]["explained"] == "1.23 % (of 3 with a sample size)"
    assert exposures_view(build())[0]["mean_f"] == "–"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"given": {"x": "list of a paper"}}, "given as a list"),
        (selection(relaxed={"x": 1e-5}), "p ≤ 1 × 10⁻⁵ (relaxed)"),
        (selection(three_sample={"x": {"selected_in": "z", "shared_cohorts": []}}), "p ≤ 5 × 10⁻⁸ in Outcome Z"),
        (
            selection(cis={"x": {"name": "SOST", "chromosome": 17, "start": 4_000, "end": 5_000}}),
            "p ≤ 5 × 10⁻⁸, near SOST (17:4,000–5,000)",
        ),
    ],
)
def test_exposures__how_they_were_chosen(facts, words):
    assert exposures_view(build(study=facts))[0]["how"] == words


def test_corrected__says_why_an_effect_is_not_corrected():
    bare = {"beta_conditional": None, "beta_fiqt": None, "f_statistic": 1.0}
    chosen = [INSTRUMENT, INSTRUMENT | bare | {"correction_status": "three_sample"}]
    first, second = corrected_view(build(instruments=chosen))
    assert (first["raw"], first["conditional"]) == ("0.06 (0.01)", "0.051 (0.001 to 0.08)")
    assert (second["conditional"], second["fiqt"]) == ("another study chose it", "–")


def test_proxies__one_and_none():
    none = PROXY | {"proxy": None, "r2": None, "distance": None, "reason": "r2_below_threshold"}
    first, second = proxies_view(build(proxies=[PROXY, none]))
    assert (first["proxy"], first["alleles"], first["distance"]) == ("rs2", "A with C, G with T", "−1.23 kb")
    assert second["proxy"].startswith("none: ")
    assert second["alleles"] == "–"


def test_shared__one_line_for_two_taxa():
    row = {"trait_id": "x", "related_trait": "y", "relation": "child", "rsid": "rs1", "shared_by": "variant"}
    near = row | {"rsid": "rs2", "shared_by": "window", "related_variant": "rs3"}
    (line,) = shared_view(build(shared_instruments=[row, near]))
    assert line == {"parent": "Exposure X", "child": "Outcome Y", "variants": "rs1 and rs2 near rs3."}


def test_flags__relaxed_threshold_with_its_reason():
    text = titles(build(study=selection(relaxed={"x": 1e-5}, reason="few hits")), "caution")["Relaxed threshold"]
    assert "(few hits)" in text
    assert "nothing was corrected" in text
    other = {"x": {"selected_in": "z", "shared_cohorts": []}}
    content = build(study=selection(relaxed={"x": 1e-5}, three_sample=other))
    assert "Another study chose them" in titles(content, "caution")["Relaxed threshold"]
    assert "no reason was declared" in titles(content, "caution")["Relaxed threshold"]
    assert "Three samples" in titles(content, "good")


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
    other = {"x": {"selected_in": "z", "shared_cohorts": cohorts}}
    assert title in titles(build(study=selection(three_sample=other)), level)


def test_flags__known_loci_proxies_taxa_and_filter():
    shared = {"trait_id": "x", "related_trait": "y", "relation": "child", "rsid": "rs1", "shared_by": "variant"}
    content = build(
        study=selection(steiger_filter=True),
        instruments=[INSTRUMENT | {"known_locus": "HLA; ABO"}],
        proxies=[PROXY],
        shared_instruments=[shared],
        add={"row_report": [rows("x -> y", "steiger", 6, 4, reason="explains_more_of_the_outcome", count=2)]},
    )
    notes = titles(content, "note")
    assert "1 instrument of Exposure X lies in loci" in notes["Known pleiotropic loci"]
    assert "ABO and HLA" in notes["Known pleiotropic loci"]
    assert "lowest r² 0.91" in notes["Proxies in the outcome"]
    assert "Outcome Y in Exposure X" in notes["Taxa share instruments"]
    assert "2 instruments that explain more" in notes["Steiger filter"]


def test_methods__name_every_rule():
    content = build(
        study=selection(
            relaxed={"x": 1e-5},
            reason="few hits",
            three_sample={"x": {"selected_in": "z", "shared_cohorts": []}},
            cis={"x": {"name": "", "chromosome": 1, "start": 1, "end": 2_000}},
            exclude="out.txt",
            proxies={"r2": 0.8, "window_kb": 500.0},
            steiger_filter=True,
        )
        | {"exclude_loci": ["HLA"]},
        thresholds=[LEVEL],
        instruments=[INSTRUMENT],
        proxies=[PROXY],
        add={"traits": [trait("w", "Another")]},
    )
    text = " ".join(selection_sentences(content) + pair_sentences(content))
    for piece in (
        "relaxed to p ≤ 1 × 10⁻⁵, declared before the run: few hits.", "chosen in Outcome Z, another study",
        "within 1:1–2,000", "known pleiotropic loci (HLA) and what the list out.txt names were left out (0 variants)",
        "By chance alone 0.04 instruments", "corrected for winner's curse", "r² ≥ 0.8 within 500 kb): 1 case.",
        "(Steiger filter): 0 cases.",
    ):  # fmt: skip
        assert piece in text
    assert "5 × 10⁻⁸" not in text
