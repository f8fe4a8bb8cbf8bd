"""The methods paragraphs: every number of them, and nothing that did not run."""

from __future__ import annotations

import pytest

from osteobiome.core.provenance import version
from osteobiome.report.methods_text import methods_paragraph, methods_paragraphs


def test_paragraphs__read_as_a_methods_section(built):
    assert methods_paragraphs(built.build()) == [
        "Two-sample Mendelian randomization of 2 pairs of traits in 1 family of tests, on GRCh37. Instruments were "
        "variants with p ≤ 5 × 10⁻⁸ in the exposure's file. Effects were brought to the same allele by position and "
        "allele class, or by rsID with an allele check. Palindromic variants (A/T, C/G) were kept where allele "
        "frequencies of both studies settle the strand and dropped where one of them lies between 0.42 and 0.58.",
        "Primary estimator, declared before the run: Inverse-variance weighted. Sensitivity analyses: MR-Egger.",
        "Heterogeneity between variants was tested by Cochran's Q, its share beyond chance by I². Strength of the "
        "instruments was measured by the F statistic and I²_GX. Directional pleiotropy was tested by the MR-Egger "
        "intercept.",
        f"q-values are Benjamini-Hochberg over the primary estimates of a family. All computation by osteobiome "
        f"{version()}.",
    ]


def test_paragraph__is_the_paragraphs_in_one(built):
    content = built.build()
    assert methods_paragraph(content) == " ".join(methods_paragraphs(content))


def test_failed_run__names_no_method_and_no_check(built):
    nothing = dict.fromkeys(("beta", "se", "q_value"))
    estimates = [row | nothing | {"status": "no_instruments"} for row in built.ROWS["estimates"]]
    diagnostics = [row | {"statistic": None, "estimate": None, "neg_log_10_p_value": None}
                   for row in built.ROWS["diagnostics"]]  # fmt: skip
    content = built.build(estimates=estimates, diagnostics=diagnostics, harmonised=[])
    text = methods_paragraph(content)
    for word in ("estimator", "Sensitivity", "tested", "Strength", "q-values", "same allele", "LD", "power"):
        assert word not in text
    assert len(methods_paragraphs(content)) == 2


def test_checks__of_a_method_without_estimate_are_not_named(built):
    """The intercept of a method that gave no estimate anywhere is no check that was made."""
    estimates = [row | {"status": "no_scatter"} if row["method"] == "egger" else row for row in built.ROWS["estimates"]]
    text = methods_paragraph(built.build(estimates=estimates))
    assert "MR-Egger" not in text
    assert "I²_GX" not in text
    assert "Cochran's Q" in text


DRAWN = {"seed": 7, "n_draws": 1000}


def test_draws__are_counted_with_their_seed(built):
    add = {
        "methods": [built.method("weighted_median", "Weighted median", "sensitivity", "10.1002/gepi.21965"),
                    built.method("mode", "Weighted mode", "sensitivity", "10.1093/ije/dyx102")],
        "estimates": [built.estimate(built.PAIR, "weighted_median", 0.2, 0.1, **DRAWN),
                      built.estimate(built.OTHER, "mode", 0.2, 0.1, **DRAWN)],
    }  # fmt: skip
    text = methods_paragraph(built.build(add=add))
    assert "Sensitivity analyses: MR-Egger, Weighted median and Weighted mode." in text
    assert (
        "Standard errors of Weighted median and Weighted mode come from 1,000 random draws for each pair (seed 7)."
        in text
    )
    assert "random draws" not in methods_paragraph(built.build())


def test_draws__state_their_monte_carlo_error(built):
    add = {
        "methods": [built.method("mode", "Weighted mode", "sensitivity", "10.1093/ije/dyx102"),
                    built.method("simss", "Simulated sample splitting", "sensitivity", "10.1/simss"),
                    built.method("presso", "MR-PRESSO", "sensitivity", "10.1038/s41588-018-0099-7")],
        "estimates": [built.estimate(built.PAIR, name, 0.2, 0.1, **DRAWN) for name in ("mode", "simss", "presso")],
        "diagnostics": [built.diagnostic(built.PAIR, "mode", "bootstrap_se_error", 0.0034),
                        built.diagnostic(built.PAIR, "simss", "bootstrap_error", 0.002),
                        built.diagnostic(built.PAIR, "simss", "bootstrap_se_error", 0.005),
                        built.diagnostic(built.PAIR, "presso", "presso_global", 40.0, neg_log_10_p_value=1.5),
                        built.diagnostic(built.PAIR, "presso", "presso_global_p_error", 0.0055)],
    }  # fmt: skip
    text = methods_paragraph(built.build(add=add))
    draws = "come from 1,000 random draws for each pair (seed 7)"
    end = "the Monte Carlo error of a standard error is at most"
    assert f"Standard errors of Weighted mode {draws}; {end} 3.4 % of it." in text
    assert f"Estimates and standard errors of Simulated sample splitting {draws}; {end} 5 % of it." in text
    assert (
        f"p values of the global and the distortion test of MR-PRESSO {draws}; the Monte Carlo error of the global p "
        "is at most 0.0055." in text
    )


def test_methods__with_commas_are_kept_apart(built):
    names = {"egger_robust": "MR-Egger, robust", "lasso": "MR-Lasso"}
    add = {"methods": [built.method(name, label, "sensitivity", "10.1/x") for name, label in names.items()],
           "estimates": [built.estimate(built.PAIR, name, 0.2, 0.1) for name in names]}  # fmt: skip
    assert "Sensitivity analyses: MR-Egger; MR-Egger, robust; MR-Lasso." in methods_paragraph(built.build(add=add))


def test_tests__are_credited_to_the_estimators_that_have_them(built):
    add = {
        "methods": [built.method("egger_robust", "MR-Egger, robust", "sensitivity", "10.1/x"),
                    built.method("grip", "MR-GRIP", "sensitivity", "10.1/y")],
        "estimates": [built.estimate(built.PAIR, name, 0.2, 0.1) for name in ("egger_robust", "grip")],
        "diagnostics": [built.diagnostic(built.PAIR, "egger_robust", "egger_intercept", 1.0, neg_log_10_p_value=0.5),
                        built.diagnostic(built.PAIR, "grip", "grip_intercept", 1.0, neg_log_10_p_value=0.5),
                        built.diagnostic(built.PAIR, "grip", "rucker_q", 5.0, df=3.0, neg_log_10_p_value=0.5)],
    }  # fmt: skip
    text = methods_paragraph(built.build(add=add))
    assert "tested by Cochran's Q and Rücker's Q (of MR-GRIP), its share" in text
    assert (
        "Directional pleiotropy was tested by the MR-Egger intercept (of MR-Egger; MR-Egger, robust); the MR-GRIP "
        "intercept." in text
    )


def test_draws__of_several_seeds_point_to_the_table(built):
    add = {
        "methods": [built.method("mode", "Weighted mode", "sensitivity", "10.1093/ije/dyx102")],
        "estimates": [built.estimate(pair, "mode", 0.2, 0.1, seed=seed, n_draws=draws)
                      for pair, seed, draws in ((built.PAIR, 1, 500), (built.OTHER, 2, 1000))],
    }  # fmt: skip
    text = methods_paragraph(built.build(add=add))
    assert "come from 500 to 1,000 random draws for each pair (the seeds stand in the table of estimates)." in text


def test_draws__of_a_method_that_failed_are_not_named(built):
    add = {
        "methods": [built.method("mode", "Weighted mode", "sensitivity", "10.1093/ije/dyx102")],
        "estimates": [built.estimate(built.PAIR, "mode", None, None, **DRAWN)],
    }
    text = methods_paragraph(built.build(add=add))
    assert "mode" not in text
    assert "draws" not in text


def test_ld__is_named_with_its_ancestry(built):
    families = [built.STUDY["families"][0] | {"ld": "EUR"}]
    assert "LD matrix" not in methods_paragraph(built.build(study={"families": families}))
    add = {
        "methods": [built.method("egger_ld", "MR-Egger with LD matrix", "sensitivity", "10.1007/s10654-017-0255-x")],
        "estimates": [built.estimate(built.PAIR, "egger_ld", 0.2, 0.1)],
    }
    text = methods_paragraph(built.build(study={"families": families}, add=add))
    assert "Correlation between variants entered through an LD matrix of EUR." in text


def test_clumping__has_threshold_window_panel_and_count(built):
    clumped = built.rows("x", "instruments", 98, 6, "policy", "clumped", 12)
    rule = {"r2": 0.001, "window_kb": 10000.0, "ld": {"x": "EUR"}}
    text = methods_paragraph(built.build(study={"clumping": rule}, add={"row_report": [clumped]}))
    assert "clumped at r² 0.001 within 10000 kb by the LD matrix of EUR, which left out 12 variants." in text
    assert "clumped" not in methods_paragraph(built.build())
    declared_only = {"r2": 0.001, "window_kb": None, "ld": {}}
    assert "clumped" not in methods_paragraph(built.build(study={"clumping": declared_only}))


def test_clumping__of_some_exposures_names_them(built):
    other = {"family": "main", "exposure": "z", "outcome": "y"}
    add = {"estimates": [built.estimate(other, "ivw", 0.1, 0.1)]}
    rule = {"r2": 0.01, "window_kb": None, "ld": {"z": "EAS", "elsewhere": "EUR"}}
    text = methods_paragraph(built.build(study={"clumping": rule}, add=add))
    assert (
        "Instruments of Outcome Z were clumped at r² 0.01 by the LD matrix of EAS, which left out 0 variants." in text
    )


def test_single_variants__are_named_by_what_was_measured(built):
    refits = [built.PAIR | {"method": "ivw", "kind": kind, "left_out": "a", "beta": 0.1, "status": "ok"}
              for kind in ("variant", "variant", "locus")]  # fmt: skip
    influence = [built.PAIR | {"method": "ivw", "rsid": "rs1", "q_contribution": 2.0, "cooks_distance": 0.4}]
    text = methods_paragraph(built.build(add={"leave_one_out": refits, "influence": influence}))
    assert "Estimates were computed again without each variant in turn and each locus in turn (3 refits)." in text
    assert "The influence of single variants was measured by contributions to Q and Cook's distance." in text
    assert "outliers" not in text
    influence[0] |= {"is_outlier": False}
    text = methods_paragraph(built.build(add={"influence": influence}))
    assert "marked as outliers" in text
    assert "computed again" not in text


def test_refits__that_failed_are_not_named(built):
    refits = [built.PAIR | {"method": "ivw", "kind": "variant", "left_out": "a", "status": "too_few_instruments"}]
    assert "computed again" not in methods_paragraph(built.build(add={"leave_one_out": refits}))


def steiger(built, pair, value):
    return built.diagnostic(pair, "steiger", "steiger_direction", value, message="" if value else "Not estimable.")


@pytest.mark.parametrize(
    ("values", "words"),
    [((5.0, 4.0), "Steiger's method."), ((5.0, None), "Steiger's method (in 1 of 2 pairs)."), ((None, None), "")],
)
def test_steiger__says_where_it_gave_a_number(values, words, built):
    add = {"diagnostics": [steiger(built, p, v) for p, v in zip((built.PAIR, built.OTHER), values, strict=True)]}
    text = methods_paragraph(built.build(add=add))
    assert words in text
    assert ("Steiger" in text) == bool(words)


def test_steiger__names_its_sensitivity(built):
    rows = [steiger(built, built.PAIR, 5.0), built.diagnostic(built.PAIR, "steiger", "steiger_sensitivity_ratio", 7.0)]
    text = methods_paragraph(built.build(add={"diagnostics": rows}))
    assert "Steiger's method, with its sensitivity to error of measurement (in 1 of 2 pairs)." in text


def test_power__names_what_was_computed(built):
    reached = built.diagnostic(built.PAIR, "power", "minimum_detectable_effect", 0.1)
    by_sizes = built.diagnostic(built.OTHER, "power", "minimum_detectable_effect_from_sizes", 0.1)
    unknown = built.diagnostic(built.PAIR, "power", "minimum_detectable_effect", None, message="Not estimable.")

    def text(*rows):
        return methods_paragraph(built.build(add={"diagnostics": list(rows)}))

    smallest = "the smallest effect detectable at the"
    assert f"Power was described by {smallest} precision reached (in 1 of 2 pairs)." in text(reached)
    assert f"Power was described by {smallest} sample sizes (in 1 of 2 pairs)." in text(by_sizes)
    assert f"{smallest} precision reached and {smallest} sample sizes." in text(reached, by_sizes)
    with_scatter = reached | {"name": "minimum_detectable_effect_with_scatter"}
    assert f"{smallest[:-7]} with the primary standard error (in 1" in text(with_scatter)
    assert "at the declared effect" not in text(unknown | {"name": "power_at_effect", "statistic": 0.9})
    assert "Power" not in text(unknown)


def test_controls__are_named(built):
    controls = [built.PAIR | {"kind": "positive"}, built.OTHER | {"kind": "negative"}]
    text = methods_paragraph(built.build(add={"controls": controls}))
    assert "1 positive control declared before the run: Exposure X → Outcome Y." in text
    assert "1 negative control declared before the run: Exposure X → Outcome Z." in text
    assert "control" not in methods_paragraph(built.build())
