"""Every test and quantity that comes with an estimate or a pair: its name, its label in a report, its meaning."""

from __future__ import annotations

from typing import NamedTuple


class Diagnostic(NamedTuple):
    """What a name in the table of diagnostics stands for.

    Parameters
    ----------
    label : str
        In reports.
    meaning : str
        One line for readers; with the null hypothesis if it is a test.
    is_of_method : bool
        Whether several estimators have it, each with a value of its own, so that the estimator is to be named.
    """

    label: str
    meaning: str
    is_of_method: bool = False


HETEROGENEITY = {
    "cochran_q": Diagnostic(
        "Heterogeneity (Cochran's Q)",
        "Weighted sum of squared residuals of a line through the origin. Null: all variants estimate one effect.",
        is_of_method=True,
    ),
    "rucker_q": Diagnostic(
        "Heterogeneity (Rücker's Q)",
        "The same about a line with an intercept. Null: the variants scatter about the line by sampling error alone.",
        is_of_method=True,
    ),
    "i2": Diagnostic(
        "I², share of scatter beyond chance",
        "(Q − degrees of freedom) / Q, 0 if that is negative.",
        is_of_method=True,
    ),
    "tau": Diagnostic(
        "Scatter beyond sampling error (τ)",
        "Standard deviation of direct effects in outcome units; for `ivw_additive` of the ratios, in the unit of the "
        "estimate.",
        is_of_method=True,
    ),
    "tau2": Diagnostic("Variance of direct effects (τ²)", "Of `raps`, in squared outcome units."),
    "tau2_se": Diagnostic("Standard error of τ²", "Of `raps`."),
    "residual_standard_error": Diagnostic(
        "Residual standard error",
        "Scatter of the residuals in standard errors, without the floor of 1.",
        is_of_method=True,
    ),
    "overdispersion": Diagnostic(
        "Overdispersion of the valid variants (φ)",
        "Of `contamination_mixture`: factor on the standard error, 1 or more.",
    ),
}
PLEIOTROPY = {
    "egger_intercept": Diagnostic(
        "MR-Egger intercept",
        "Mean direct effect in outcome units. Null: pleiotropic effects average to zero.",
        is_of_method=True,
    ),
    "radial_intercept": Diagnostic(
        "Radial MR-Egger intercept", "The same on the radial scale, in standard errors. Null as above."
    ),
    "grip_intercept": Diagnostic(
        "MR-GRIP intercept",
        "Mean product of direct effect and exposure effect. Null: the two do not covary.",
    ),
    "grip_weak_adjusted": Diagnostic(
        "MR-GRIP with allowance for weak instruments", "Effect, error and test of no effect with the adjusted weights."
    ),
    "slope_other_sign": Diagnostic(
        "Slopes of draws with the other sign",
        "Of `egger_bootstrap`: share of draws on the other side of 0 than their mean.",
    ),
    "intercept_other_sign": Diagnostic("Intercepts of draws with the other sign", "The same for the intercept."),
}
STRENGTH = {
    "mean_f": Diagnostic(
        "Mean F statistic",
        "Mean of (exposure effect / standard error)²; of rivw and simss without winner's curse, over what they "
        "selected. Below 10 is called weak.",
    ),
    "min_f": Diagnostic("Smallest F statistic", "Of the variants used."),
    "i2_gx": Diagnostic(
        "I²_GX, freedom from dilution",
        "Share of the weighted spread of exposure effects that is no error: MR-Egger is diluted by about this factor.",
    ),
    "condition": Diagnostic(
        "Effective strength",
        "(Mean F − 1) × √variants; the debiased estimators are meant for more than 20.",
        is_of_method=True,
    ),
    "n_selected": Diagnostic("Variants selected", "Of `rivw`: the mean over draws for `averaged`."),
    "largest_share": Diagnostic("Largest share of the denominator", "Of `rivw`: what one variant holds of it."),
}
OUTLIERS = {
    "n_outliers": Diagnostic(
        "Variants called outliers", "Of `presso` and the radial estimators, each by its own rule.", is_of_method=True
    ),
    "without_outliers": Diagnostic(
        "Estimate without outliers", "Estimate, error and test of no effect from the others.", is_of_method=True
    ),
    "n_valid": Diagnostic("Variants called valid", "By `lasso` or `contamination_mixture`.", is_of_method=True),
    "n_invalid": Diagnostic("Variants called invalid", "In the model with the lowest BIC.", is_of_method=True),
    "n_full_weight": Diagnostic(
        "Variants that keep their weight",
        "Robust and penalised regression: how many keep more than half of it.",
        is_of_method=True,
    ),
    "presso_global": Diagnostic(
        "MR-PRESSO global test",
        "Residual sum of squares, each variant against the IVW of the others. Null: sampling error alone.",
    ),
    "presso_global_p_error": Diagnostic(
        "Monte Carlo error of the MR-PRESSO global p", "√(p (1 − p) / draws); near 0.05 more draws are needed."
    ),
    "raw_estimate": Diagnostic(
        "IVW estimate with the outliers", "Of `presso`: estimate and standard error before any is left out."
    ),
    "distortion_paper": Diagnostic(
        "MR-PRESSO distortion (as in the paper)",
        "Per cent by which outliers move the estimate. Null: no more than other variants put in their place do.",
    ),
    "distortion_package": Diagnostic(
        "MR-PRESSO distortion (as in the package)",
        "The same; null: no more than as many other variants do when left out.",
    ),
    "distortion_paper_p_error": Diagnostic(
        "Monte Carlo error of the distortion p (as in the paper)", "As that of the global p."
    ),
    "distortion_package_p_error": Diagnostic(
        "Monte Carlo error of the distortion p (as in the package)", "As that of the global p."
    ),
}
OF_THE_FIT = {
    "bic": Diagnostic("Lowest BIC", "Of the models of constrained maximum likelihood.", is_of_method=True),
    "sample_size": Diagnostic(
        "Sample size in the criterion", "People that BIC counts; the message says of which study.", is_of_method=True
    ),
    "search_gap": Diagnostic(
        "Gap of the search",
        "By how much an effect that was not looked at could lower the criterion at most.",
        is_of_method=True,
    ),
    "goodness_of_fit_1": Diagnostic(
        "Goodness of fit, from moments of the draws",
        "Of `cml_ma_bic_dp`. Null: perturbed estimates scatter as the model predicts.",
    ),
    "goodness_of_fit_2": Diagnostic("Goodness of fit, normal draws", "The same if the draws are normal."),
    "penalty": Diagnostic("Penalty of the lasso (λ)", "Chosen by the rule of `lasso`."),
    "penalised_estimate": Diagnostic("Estimate of the lasso itself", "Before IVW is fitted to the valid variants."),
    "psi": Diagnostic(
        "Spread of ratios of invalid variants (ψ)",
        "Of `contamination_mixture`: standard deviation about 0; 1.5 × that of all ratios unless given.",
    ),
    "n_intervals": Diagnostic(
        "Intervals of the confidence set", "Of `contamination_mixture`; more than 1: several groups."
    ),
    "valid_share": Diagnostic("Share of valid variants", "Of `mrmix`: π₀."),
    "invalid_sd": Diagnostic("Spread of direct effects of invalid variants", "Of `mrmix`: σ in outcome units."),
    "radial_iterative": Diagnostic(
        "Iterative radial estimate", "Weights with the slope of the round before, until it stays."
    ),
    "radial_exact_fe": Diagnostic(
        "Exact radial estimate, fixed effects", "Lowest Q with weights that depend on the slope."
    ),
    "radial_exact_re": Diagnostic(
        "Exact radial estimate, random effects", "The same with scatter beyond sampling error."
    ),
    "mode_grid_step": Diagnostic(
        "Step of the grid on which the mode is sought",
        "In bandwidths; missing for a bandwidth of 0.",
        is_of_method=True,
    ),
    "n_variants_given": Diagnostic("Variants before one per locus was chosen", "Of `ivw_lead`."),
    "ld_condition_number": Diagnostic(
        "Condition number of the LD matrix", "Large: small errors of the matrix move the estimate much."
    ),
    "max_abs_ld_r": Diagnostic("Largest |r| between variants", "Outside of the diagonal of the LD matrix."),
}
DRAWS = {
    "bootstrap_error": Diagnostic(
        "Monte Carlo error of the estimate",
        "What another seed would change, as a standard deviation.",
        is_of_method=True,
    ),
    "bootstrap_se_error": Diagnostic(
        "Monte Carlo error of the standard error", "The same for the standard error.", is_of_method=True
    ),
    "n_splits_used": Diagnostic("Splits used", "Of `simss`: splits that selected enough variants."),
}
OF_THE_PAIR = {
    "r2_exposure": Diagnostic("Variance of the exposure explained", "By the variants, less what chance explains."),
    "r2_outcome": Diagnostic("Variance of the outcome explained", "The same for the outcome."),
    "steiger_direction": Diagnostic(
        "Direction (Steiger test)", "Difference of the two. Null: the variants explain as much of both traits."
    ),
    "steiger_sensitivity_ratio": Diagnostic(
        "Steiger sensitivity ratio", "Errors of measurement under which the direction holds over those that turn it."
    ),
    "steiger_filter": Diagnostic("Steiger filter", "Why the filter could not be applied."),
    "estimate_without_steiger_filter": Diagnostic(
        "Estimate without the Steiger filter", "From all variants, where the filter dropped some."
    ),
    "estimate_without_known_loci": Diagnostic(
        "Estimate without variants in known pleiotropic loci", "Where some lie in such loci."
    ),
    "minimum_detectable_effect": Diagnostic(
        "Smallest effect with 80 % power, sampling error alone", "From the precision that was reached."
    ),
    "minimum_detectable_effect_with_scatter": Diagnostic(
        "Smallest effect with 80 % power, scatter as seen", "From the standard error of the primary estimate."
    ),
    "minimum_detectable_effect_from_sizes": Diagnostic(
        "Smallest effect with 80 % power, by sample sizes (SD of the outcome, or log odds, per SD of the exposure)",
        "From people, cases and variance explained.",
    ),
    "power_at_effect": Diagnostic("Power at the declared effect", "Chance to find an effect of this size."),
    "n_loci": Diagnostic("Loci", "Groups of variants within 1,000 kb of each other."),
    "variants_close_together": Diagnostic(
        "Variants beyond one per locus, counted as independent", "Only where there are many more than chance gives."
    ),
    "neighbours_after_clumping": Diagnostic(
        "Variants beyond one per locus, after clumping", "Clumping says that they are independent; no doubt by itself."
    ),
    "too_little_scatter": Diagnostic(
        "Less scatter than independent variants have (Q)", "Lower tail of Q. Null: variants are independent."
    ),
    "independence_in_doubt": Diagnostic(
        "Independence of the variants in doubt", "Makes the pair no finding, whatever its p; the message says why."
    ),
    "expected_null_leads": Diagnostic("Instruments to expect by chance", "At the relaxed threshold, after clumping."),
    "null_leads_in_doubt": Diagnostic(
        "Too many instruments to expect by chance", "More than half; makes the pair no finding, whatever its p."
    ),
    "leave_one_locus_out": Diagnostic("Leave one locus out", "Why there are no refits."),
    "influence": Diagnostic("Influence of single variants", "Why there is none."),
}
SENSITIVITY = {
    "q_difference": Diagnostic(
        "Difference of Cochran's and Rücker's Q",
        "Rücker's framework. Null: an intercept explains no more scatter than chance.",
    ),
    "egger_simex": Diagnostic(
        "MR-Egger slope by SIMEX", "Extrapolated to no error in the exposure effects. Null: no effect."
    ),
    "egger_simex_intercept": Diagnostic("MR-Egger intercept by SIMEX", "Null: pleiotropic effects average to zero."),
    "anderson_rubin": Diagnostic(
        "Anderson-Rubin test", "Holds with weak instruments. Null: no effect, for every variant."
    ),
    "kleibergen": Diagnostic("Kleibergen test", "The same along the score, one degree of freedom."),
    "conditional_likelihood_ratio": Diagnostic(
        "Conditional likelihood ratio",
        "In simulations never clearly less powerful than the other two; its p value is that given the strength.",
    ),
    "sign_concordance": Diagnostic(
        "Agreement in sign", "Share of variants that agree less the share that does not. Null: as often as not."
    ),
}
GROUPS: dict[str, dict[str, Diagnostic]] = {
    "Heterogeneity": HETEROGENEITY,
    "Pleiotropy on average": PLEIOTROPY,
    "Strength of the instruments": STRENGTH,
    "Outliers and invalid variants": OUTLIERS,
    "What a method found on its way": OF_THE_FIT,
    "Error from random draws": DRAWS,
    "Of the pair, whatever the method (studies and `mr estimate`)": OF_THE_PAIR,
    "Under `--sensitivity`": SENSITIVITY,
}
DIAGNOSTICS: dict[str, Diagnostic] = {name: entry for group in GROUPS.values() for name, entry in group.items()}
