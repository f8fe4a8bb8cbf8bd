"""Numbers and names in words, the same in terminal and report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUS = "\u2212"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LARGE = 1e6
_SMALL = 1e-4
_TINY = 1e-5
_MOST = 8
"""Most digits of a number that is written as a power of ten."""


def decimals_for(se: float, *, digits: int = 3) -> int:
    """Return how many decimals show ``digits`` significant digits of a standard error.

    Examples
    --------
    >>> decimals_for(0.0132)
    4
    """
    if not se or not math.isfinite(se):
        return digits
    return min(12, max(0, digits - 1 - math.floor(math.log10(abs(se)))))


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with a true minus sign; missing is an en dash.

    Examples
    --------
    >>> fixed(-0.03061, 4)
    '−0.0306'
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:.{decimals}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with this many significant digits.

    Examples
    --------
    >>> significant(212.063), significant(0.00234567), significant(-4.0)
    ('212', '0.00235', '−4')
    """
    if value is None or not math.isfinite(value):
        return fixed(value, 0)
    if value == 0 or _SMALL <= abs(value) < _LARGE:
        text = f"{value:.{digits}g}"
        if "e" in text:
            text = f"{float(text):.0f}"
        return text.replace("-", MINUS)
    return scientific(value, digits)


def scientific(value: float | None, digits: int = 3) -> str:
    """Return a number as a power of ten.

    Examples
    --------
    >>> scientific(-2.6e-9, 2)
    '−2.6 × 10⁻⁹'
    """
    if value is None or not math.isfinite(value) or value == 0.0:
        return fixed(value, 0)
    mantissa, exponent = f"{value:.{max(0, digits - 1)}e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}".replace("-", MINUS)


def effect_texts(values: Sequence[float | None], se: float | None, *, digits: int = 4) -> tuple[str, ...]:
    """Return numbers of one scale to the decimals of their standard error, as powers of ten where that is unreadable.

    Parameters
    ----------
    values : sequence of float or None
        Estimate, standard error, ends of an interval.
    se : float or None
        Standard error.
    digits : int
        Significant digits of the standard error.

    Examples
    --------
    >>> effect_texts([0.336264, 0.056457], 0.056457), effect_texts([3.36e-14, 5.6e-15], 5.6e-15)
    (('0.33626', '0.05646'), ('3.3600 × 10⁻¹⁴', '5.600 × 10⁻¹⁵'))
    """
    sizes = [abs(value) for value in (*values, se) if value is not None and math.isfinite(value)]
    largest = max(sizes, default=0.0)
    if not sizes or not se or not math.isfinite(se) or _TINY <= largest < _LARGE:
        decimals = decimals_for(se or 0.0, digits=digits)
        return tuple(
            scientific(value, digits) if value is not None and value == se and 0.0 < value < _TINY
            else fixed(value, decimals)
            for value in values
        )  # fmt: skip
    last = math.floor(math.log10(abs(se))) - digits + 1
    return tuple(
        scientific(value, min(_MOST, max(1, math.floor(math.log10(abs(value))) - last + 1)) if value else 1)
        if value is not None and math.isfinite(value)
        else fixed(value, 0)
        for value in values
    )


def p_value(neg_log_10: float | None) -> str:
    """Return a p or q value from its minus log10, readable at any size.

    Examples
    --------
    >>> p_value(1.6825), p_value(400.3), p_value(None)
    ('0.021', '5.0 × 10⁻⁴⁰¹', '–')
    """
    if neg_log_10 is None or math.isnan(neg_log_10):
        return "–"
    if math.isinf(neg_log_10):
        return "0"
    if neg_log_10 < 3:
        value = 10.0**-neg_log_10
        return f"{value:#.2g}" if value < 0.995 else "1.0"
    exponent = math.floor(-neg_log_10)
    mantissa = f"{10.0 ** (-neg_log_10 - exponent):.1f}"
    if mantissa == "10.0":
        mantissa, exponent = "1.0", exponent + 1
    return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPT)}"


def threshold_text(value: float) -> str:
    """Return a declared threshold as it would stand in a paper.

    Examples
    --------
    >>> threshold_text(5e-8), threshold_text(0.05)
    ('5 × 10⁻⁸', '0.05')
    """
    if value >= 1e-3:
        return f"{value:g}"
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def interval(low: float | None, high: float | None, decimals: int) -> str:
    """Return an interval as 'low to high'."""
    return f"{fixed(low, decimals)} to {fixed(high, decimals)}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the right form.

    Examples
    --------
    >>> count(1, "variant"), count(2, "study", "studies")
    ('1 variant', '2 studies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def join(words: list[str]) -> str:
    """Return words as an English list.

    Examples
    --------
    >>> join(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def listed(names: list[str]) -> str:
    """Return names as a list, with semicolons between them if one has a comma of its own.

    Examples
    --------
    >>> listed(["MR-Egger", "MR-Lasso"]), listed(["MR-Egger, robust", "MR-Lasso"])
    ('MR-Egger and MR-Lasso', 'MR-Egger, robust; MR-Lasso')
    """
    return "; ".join(names) if any("," in name for name in names) else join(names)


REASONS = {
    "empty_id": "no identifier and no position",
    "multiple_alleles": "several alleles in one cell",
    "bad_allele": "allele is not made of A, C, G, T",
    "same_allele": "effect and other allele are the same",
    "beta_is_odds_ratio": "odds ratios in the column of effects",
    "beta_se_swapped": "effects and standard errors in each other's column",
    "builds_differ": "positions of another genome build than declared",
    "eaf_in_percent": "allele frequencies in per cent",
    "metadata_build_differs": "metadata that state another genome build than declared",
    "neg_log_10_p_is_p": "p values in the column of their logarithms",
    "p_is_neg_log_10": "minus log10 of p in the column of p values",
    "zero_based_positions": "positions that count from 0",
    "repeated_header": "names of the columns repeated further down",
    "position_beyond_chromosome": "position lies beyond the end of its chromosome",
    "decimal_comma": "number with a decimal comma",
    "thousands_separator": "number with commas between thousands",
    "unicode_minus": "number with the minus sign of a word processor",
    "odds_ratio_not_positive": "odds ratio is not above 0",
    "hazard_ratio_not_positive": "hazard ratio is not above 0",
    "no_frequency_or_n_for_z": "Z without the sample size and frequency that an effect needs",
    "eaf_out_of_range": "allele frequency is not between 0 and 1",
    "p_out_of_range": "p value is not between 0 and 1",
    "n_not_positive": "sample size is not above 0",
    "hash_collision": "longer variants of one position that their keys cannot tell apart (all left out)",
    "duplicate": "copy of another row",
    "duplicate_conflicting": "several rows of one variant that contradict each other (all dropped)",
    "mr_keep_false": "left out by the authors of the table (mr_keep is FALSE)",
    "unreadable_mr_keep": "mr_keep is neither TRUE nor FALSE",
    "effect_alleles_differ": "effects of different alleles for exposure and outcome, so not harmonised",
    "unusable_position": "chromosome or position that cannot be read",
    "excluded_by_authors": "left out by the authors of the file",
    "above_p_threshold": "p value above the threshold for instruments",
    "not_in_outcome": "not in the outcome's file",
    "allele_mismatch": "other alleles in the outcome's file",
    "ambiguous_identifier": "identifier stands for several variants of the outcome",
    "palindromic": "A/T or C/G, left out by declared policy",
    "palindromic_without_frequency": "A/T or C/G without allele frequency",
    "palindromic_ambiguous_frequency": "A/T or C/G with a frequency near one half",
    "palindromic_frequencies_contradict": "A/T or C/G, while frequencies of the other variants contradict each other",
    "frequencies_of_the_other_allele": "with frequencies on opposite sides: one file may give the other allele's",
    "p_value_contradicts_beta_and_se": "p value contradicts effect and standard error",
    "palindromic_strand_unknown": "A/T or C/G whose strand in the LD matrix is unknown",
    "not_in_ld_matrix": "not in the LD matrix",
    "in_excluded_locus": "in a known pleiotropic locus that the study leaves out",
    "locus_unknown_without_position": "without position, so that nobody can tell whether they lie in an excluded locus",
    "not_in_panel": "not in the genotype panel",
    "frequency_differs_from_panel": "with another frequency of the same allele in the genotype panel",
    "no_variation": "does not vary in the genotype panel",
    "no_candidate_in_window": "without a variant near that could stand in",
    "r2_below_threshold": "without a variant near in high enough r²",
    "proxy_taken": "whose only stand-in represents another instrument",
    "no_variation_in_panel": "the same in all people of the genotype panel",
    "no_p_value": "without p value",
    "clumped": "in linkage disequilibrium with an instrument of smaller p (clumped)",
    "palindromic_kept_by_frequency": "A/T or C/G, kept because frequencies settle the strand",
    "palindromic_turned": "A/T or C/G, turned because frequencies lie on opposite sides of one half",
    "palindromic_taken_as_aligned": "A/T or C/G, taken as aligned in the file",
    "matched_by_rsid": "matched by rsID, not by position",
    "rsid_at_another_position": "same rsID at another position",
    "identified_by_rsid_only": "without position, known by rsID only",
    "proxy_in_place_of_variant": "proxies that stand in for another variant",
    "eaf_missing": "without allele frequency",
    "indel_matched_exactly": "insertions or deletions, matched by their exact alleles",
    "multi_allelic_sites": "sites with several alternative alleles, each its own variant",
    "p_value_from_beta_and_se": "p value computed from effect and standard error",
    "p_value_printed_as_0": "p value printed as 0",
    "beta_from_odds_ratio": "effect is the logarithm of the odds ratio",
    "beta_from_hazard_ratio": "effect is the logarithm of the hazard ratio",
    "no_se_from_p_value": "without standard error, and p too near 1 to give one",
    "selected_rows": "only significant rows, as a list of instruments has",
    "not_tested": "listed without effect, standard error and p value",
    "beta_from_z_and_se": "effect computed from Z and standard error",
    "beta_from_z": "effect computed from Z, sample size and frequency, in SD of the trait",
    "se_from_interval": "standard error computed from the 95 % interval",
    "se_from_z": "standard error computed from Z",
    "se_from_p_value": "standard error computed from effect and p value",
    "other_test": "row of another test than the additive one",
    "other_trait": "row of another trait",
    "low_confidence_variant": "marked by the authors as of low confidence",
    "plink_error_code": "the program reports an error for the variant",
    "not_harmonised": "could not be harmonised by the catalogue that published the file",
    "no_position": "without position, which the format needs",
    "frequencies_of_another_ancestry": "frequencies that are not those of Europeans, as declared",
    "map_position_filled": "position filled from the map of variants",
    "map_rsid_filled": "identifier filled from the map of variants",
    "map_other_allele_filled": "other allele filled from the map of variants",
    "map_eaf_filled": "allele frequency filled from the map of variants",
    "map_not_found": "lacking something and not in the map of variants",
    "map_alleles_differ": "with other alleles in the map of variants",
    "map_ambiguous": "with several answers in the map of variants, not filled",
    "map_eaf_palindromic": "A/T or C/G, whose frequency is not taken from the map of variants",
    "map_position_differs": "at another position in the map of variants",
    "liftover_unmapped": "position that does not exist on the other genome build",
    "liftover_other_chromosome": "lifted to another chromosome",
    "liftover_split": "insertion or deletion whose ends lie apart on the other genome build",
    "liftover_indel_turned": "insertion or deletion in a stretch that is turned round on the other genome build",
    "liftover_strand_changed": "on the other strand of the other genome build, alleles complemented",
    "liftover_without_position": "without position, so not lifted",
    "excluded_by_rsid": "named in the list of what is left out",
    "excluded_by_region": "in a region that the list of what is left out names",
    "region_unknown": "without position, so that nobody can tell whether they lie in a region that is left out",
    "listed_but_absent": "identifiers in the list of what is left out that are not among the candidates",
    "outside_cis_window": "outside the region that instruments are taken from",
    "not_in_estimation_gwas": "not in the study that estimates",
    "opposite_direction": "effects of opposite sign in the selecting and the estimating study",
    "explains_more_of_the_outcome": "explains more of the outcome than of the exposure (Steiger filter)",
    "stand_in_used": "instruments for which a proxy in the outcome stands in",
    "given_above_p_threshold": "in the given list although p is above the threshold",
    "f_below_10": "weak instruments (F below 10)",
}
"""Reasons and notes of row reports in words."""


_COLUMN_WORDS = {
    "allele": "allele",
    "beta": "effect",
    "odds_ratio": "odds ratio",
    "hazard_ratio": "hazard ratio",
    "z": "Z statistic",
    "n_cases": "number of cases",
    "n_controls": "number of controls",
    "se": "standard error",
    "eaf": "allele frequency",
    "p_value": "p value",
    "neg_log_10_p_value": "p value",
    "n": "sample size",
    "beta_exposure": "effect on the exposure",
    "beta_outcome": "effect on the outcome",
    "se_exposure": "standard error on the exposure",
    "se_outcome": "standard error on the outcome",
    "eaf_exposure": "allele frequency in the exposure study",
    "eaf_outcome": "allele frequency in the outcome study",
    "n_exposure": "sample size of the exposure",
    "n_outcome": "sample size of the outcome",
}
_FAULT_WORDS = {
    "missing_": "missing",
    "non_numeric_": "is not a number",
    "infinite_": "is infinite",
    "non_positive_": "is not above 0",
    "absurd_": "is beyond what any study gives (above 10¹⁰⁰, or nearer to 0 than 10⁻¹⁰⁰)",
}


def reason(name: str) -> str:
    """Return a reason in words, or the name itself with spaces.

    Examples
    --------
    >>> reason("empty_id"), reason("non_numeric_beta_outcome")
    ('no identifier and no position', 'effect on the outcome is not a number')
    """
    if name in REASONS:
        return REASONS[name]
    for prefix, words in _FAULT_WORDS.items():
        column = _COLUMN_WORDS.get(name.removeprefix(prefix))
        if name.startswith(prefix) and column is not None:
            return f"{column} {words}"
    return name.replace("_", " ")
