"""Estimates and tests as the text of table cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osteobiome.core.text import decimals_for, fixed, interval, p_value, significant

if TYPE_CHECKING:
    from osteobiome.report.content import Content

TEST_NAMES = {
    "cochran_q": "Heterogeneity (Cochran's Q)",
    "rucker_q": "Heterogeneity (Rücker's Q)",
    "i2": "I², share of scatter beyond chance",
    "egger_intercept": "MR-Egger intercept",
    "i2_gx": "I²_GX, freedom from dilution",
    "mean_f": "Mean F statistic",
    "min_f": "Smallest F statistic",
    "ld_condition_number": "Condition number of the LD matrix",
    "max_abs_ld_r": "Largest |r| between variants",
    "bootstrap_se_error": "Monte Carlo error of the standard error",
    "n_outliers": "Variants called outliers",
    "without_outliers": "Estimate without outliers",
    "radial_iterative": "Iterative radial estimate",
    "radial_exact_fe": "Exact radial estimate, fixed effects",
    "radial_exact_re": "Exact radial estimate, random effects",
    "r2_exposure": "Variance of the exposure explained",
    "r2_outcome": "Variance of the outcome explained",
    "steiger_direction": "Direction (Steiger test)",
    "steiger_sensitivity_ratio": "Steiger sensitivity ratio",
    "minimum_detectable_effect": "Smallest effect with 80 % power, sampling error alone",
    "minimum_detectable_effect_with_scatter": "Smallest effect with 80 % power, scatter as seen",
    "minimum_detectable_effect_from_sizes": "Smallest effect with 80 % power, by sample sizes (SD of the outcome, or "
    "log odds, per SD of the exposure)",
    "power_at_effect": "Power at the declared effect",
    "n_loci": "Loci",
    "n_variants_given": "Variants before one per locus was chosen",
    "radial_intercept": "Radial MR-Egger intercept",
    "mode_grid_step": "Step of the grid on which the mode is sought",
    "variants_close_together": "Variants beyond one per locus, counted as independent",
    "too_little_scatter": "Less scatter than independent variants have (Q)",
    "independence_in_doubt": "Independence of the variants in doubt",
    "expected_null_leads": "Instruments to expect by chance",
    "null_leads_in_doubt": "Too many instruments to expect by chance",
    "steiger_filter": "Steiger filter",
    "estimate_without_steiger_filter": "Estimate without the Steiger filter",
    "estimate_without_known_loci": "Estimate without variants in known pleiotropic loci",
    "leave_one_locus_out": "Leave one locus out",
    "influence": "Influence of single variants",
}
EXACT_COUNTS = {"n_outliers", "n_loci", "variants_close_together", "n_variants_given"}


def estimate_cells(row: dict[str, Any]) -> dict[str, str]:
    """Return the cells of an estimate, with the exact numbers for the tooltip.

    Parameters
    ----------
    row : dict
        A row of the table ``estimates``.
    """
    decimals = decimals_for(row["se"]) if row["se"] is not None else 3
    return {
        "estimate": fixed(row["beta"], decimals),
        "exact": "" if row["beta"] is None else f"estimate {row['beta']!r}, standard error {row['se']!r}",
        "se": significant(row["se"]),
        "interval": "–" if row["beta"] is None else interval(row["ci_low"], row["ci_high"], decimals),
        "unit": row["unit"],
        "p": p_value(row["neg_log_10_p_value"]),
        "n": str(row["n_variants"]),
        "status": row["status"],
        "message": row["message"],
    }


def test_cells(content: Content, tests: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the cells of diagnostics; a quantity that several methods share is listed once.

    Parameters
    ----------
    content : Content
        Tables of the study.
    tests : list of dict
        Rows of the table ``diagnostics``.
    """
    seen: set[tuple[str, object]] = set()
    rows = []
    for test in tests:
        key = (test["name"], test["statistic"])
        if key in seen:
            continue
        seen.add(key)
        rows.append(
            {
                "name": _test_name(content, test),
                "value": _value(test),
                "p": p_value(test["neg_log_10_p_value"]),
                "null": test["message"] or test["null"],
            }
        )
    return rows


def _value(test: dict[str, Any]) -> str:
    if test["statistic"] is None and test["estimate"] is None:
        return "–"
    if test["estimate"] is not None and test["se"] is not None:
        return f"{significant(test['estimate'])} (standard error {significant(test['se'])})"
    if test["name"] in EXACT_COUNTS:
        return f"{test['statistic']:.0f}"
    value = significant(test["statistic"])
    if test["df"] is not None:
        value += f" on {test['df']:.0f} degrees of freedom"
    return value


SHARED_NAMES = {"i2", "mode_grid_step", "cochran_q", "bootstrap_se_error", "n_outliers", "without_outliers"}
"""Quantities that several methods have, each with a value of its own: the method is named."""


def _test_name(content: Content, test: dict[str, Any]) -> str:
    name = TEST_NAMES.get(test["name"], test["name"].replace("_", " "))
    return f"{name}, {content.method_label(test['method'])}" if test["name"] in SHARED_NAMES else name
