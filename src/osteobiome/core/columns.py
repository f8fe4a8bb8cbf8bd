"""Every column of every table: name, type, unit and meaning, declared once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        Column name.
    dtype : str
        Name of a polars type: ``Int64``, ``Float64``, ``String``, ``Boolean``, ``List(Int64)`` ...
    doc : str
        Meaning.
    unit : str
        Unit, if the column has one.
    """

    name: str
    dtype: str
    doc: str
    unit: str = ""


def _columns(*specs: tuple[str, str, str] | tuple[str, str, str, str]) -> dict[str, Column]:
    return {spec[0]: Column(*spec) for spec in specs}


COLUMNS: dict[str, Column] = _columns(
    # identity of a variant
    ("variant_key", "Int64", "position and allele class, or identifier and allele class; see sumstats.identity"),
    ("id_key", "Int64", "identifier without alleles, for meeting by rsID; null without identifier"),
    ("allele_class", "Int8", "0 A/C, 1 A/G, 2 A/T, 3 C/G, 4 indel or multi-nucleotide"),
    ("rsid", "String", "identifier as the file gives it"),
    ("chromosome", "Int8", "1-22, 23 = X, 24 = Y, 25 = MT; null if the file has no positions"),
    ("position", "Int64", "1-based base-pair position on the trait's genome build"),
    ("effect_allele", "String", "allele the effect refers to, first allele of its class on the file's strand"),
    ("other_allele", "String", "the other allele"),
    ("is_palindromic", "Boolean", "A/T or C/G: the strand cannot be read off the alleles"),
    ("line", "Int64", "line number in the input file, the header is line 1"),
    # association
    ("beta", "Float64", "effect per copy of the effect allele", "unit of the trait"),
    ("se", "Float64", "standard error of beta", "unit of the trait"),
    ("eaf", "Float64", "frequency of the effect allele", "share"),
    ("neg_log_10_p_value", "Float64", "minus log10 of the two-sided p value"),
    ("n", "Float64", "sample size", "people"),
    ("is_beta_derived", "Boolean", "the effect was computed from an odds ratio, a hazard ratio or Z"),
    ("is_se_derived", "Boolean", "the standard error was computed from an interval, Z or the p value"),
    ("is_p_derived", "Boolean", "the p value was computed from beta and se"),
    # pairs
    ("exposure", "String", "trait_id of the exposure"),
    ("outcome", "String", "trait_id of the outcome"),
    ("family", "String", "id of the [[mr]] block: one family of tests"),
    ("beta_exposure", "Float64", "effect of the variant on the exposure", "unit of the exposure"),
    ("se_exposure", "Float64", "standard error of beta_exposure", "unit of the exposure"),
    ("beta_outcome", "Float64", "effect of the variant on the outcome", "unit of the outcome"),
    ("se_outcome", "Float64", "standard error of beta_outcome", "unit of the outcome"),
    ("eaf_exposure", "Float64", "effect allele frequency in the exposure sample", "share"),
    ("eaf_outcome", "Float64", "effect allele frequency in the outcome sample", "share"),
    ("neg_log_10_p_value_exposure", "Float64", "minus log10 p of the variant on the exposure"),
    ("n_exposure", "Float64", "sample size of the exposure association", "people"),
    ("n_outcome", "Float64", "sample size of the outcome association", "people"),
    (
        "sign",
        "Int8",
        "-1 where the outcome effect of a palindromic variant was turned because of its frequency, else +1",
    ),
    (
        "matched_by",
        "String",
        "position, rsid or proxy: how the variant met in the two traits; a proxy stands in for it in the outcome",
    ),
    ("f_statistic", "Float64", "strength of the instrument, (beta_exposure / se_exposure)^2"),
    (
        "wald_ratio",
        "Float64",
        "effect on the outcome per unit of the exposure, in the direction that the family states",
    ),
    ("wald_ratio_se", "Float64", "first-order standard error of the Wald ratio"),
    # estimates
    ("method", "String", "name of the estimator in the registry"),
    ("estimand", "String", "total, direct or indirect effect"),
    ("is_primary", "Boolean", "declared as the primary estimator before the run"),
    ("level", "Float64", "coverage of the interval", "share"),
    ("ci_low", "Float64", "lower end of the interval", "as beta"),
    ("ci_high", "Float64", "upper end of the interval", "as beta"),
    ("ci_set", "List(Array2)", "the confidence set as intervals, ends may be infinite", "as beta"),
    ("q_value", "Float64", "Benjamini-Hochberg over the primary estimates of the family"),
    ("neg_log_10_q_value", "Float64", "minus log10 of q_value; q_value itself is 0 below 1e-308"),
    ("n_variants", "Int64", "variants the estimate is based on"),
    ("unit", "String", "unit of beta: outcome unit per exposure unit"),
    ("distribution", "String", "normal or t: reference distribution of interval and p value"),
    ("df", "Float64", "degrees of freedom, null for normal"),
    ("selection_corrected", "Boolean", "corrected for selection of the instruments (winner's curse)"),
    ("overlap_corrected", "Boolean", "corrected for overlapping samples"),
    ("status", "String", "ok, or the reason why there is no number"),
    ("message", "String", "the status in words, with what to do"),
    ("seed", "Int64", "seed of the random numbers, null for closed forms"),
    ("n_draws", "Int64", "random draws, null for closed forms"),
    # diagnostics
    ("name", "String", "name of the test or quantity"),
    ("estimate", "Float64", "estimated quantity behind the test, if it has one"),
    ("statistic", "Float64", "test statistic, or the value of a plain quantity"),
    ("null", "String", "null hypothesis in words, empty for plain quantities"),
    # influence of single variants
    ("leverage", "Float64", "share of the fit that rests on the variant: diagonal of the hat matrix", "share"),
    ("q_contribution", "Float64", "the variant's term of the heterogeneity statistic Q"),
    ("studentised_residual", "Float64", "residual over its standard error in the fit without the variant"),
    ("cooks_distance", "Float64", "how far the fit moves when the variant is left out, in units of its error"),
    ("is_outlier", "Boolean", "the Q contribution is beyond the declared level after correction for the variants"),
    ("left_out", "String", "variant, or locus (chromosome:first-last position), that was left out"),
    # regional associations
    ("locus", "String", "id of the [[locus]] block"),
    ("ld_r2", "Float64", "squared correlation with the lead variant of the locus; null without LD"),
    ("is_lead", "Boolean", "the lead variant of the locus"),
    ("gene", "String", "symbol of a gene"),
    ("start", "Int64", "first base of the gene, 1-based", "base pairs"),
    ("end", "Int64", "last base of the gene", "base pairs"),
    ("strand", "Int8", "+1 or -1"),
    # controls
    ("expected", "String", "what a control should show: increases, decreases or none"),
    ("verdict", "String", "passed, failed or unclear"),
    # row report
    ("subject", "String", "trait, pair or file"),
    ("step", "String", "step of the study"),
    ("n_in", "Int64", "rows before the step"),
    ("n_kept", "Int64", "rows after the step"),
    ("kind", "String", "fault, policy or note; in evidence: kind of engine"),
    ("reason", "String", "why rows were dropped, or what a note counts"),
    # instruments
    ("selected_in", "String", "trait whose study selected the variant; the exposure itself unless samples are three"),
    ("known_locus", "String", "known pleiotropic locus around the variant; empty if there is none"),
    (
        "beta_conditional",
        "Float64",
        "beta corrected for having passed the threshold: median of the conditional likelihood; null if not corrected",
        "unit of the trait",
    ),
    ("ci_low_conditional", "Float64", "lower end of the 95 % interval of beta_conditional", "unit of the trait"),
    ("ci_high_conditional", "Float64", "upper end of the 95 % interval of beta_conditional", "unit of the trait"),
    ("beta_fiqt", "Float64", "beta corrected by the false discovery rate of all tests (FIQT)", "unit of the trait"),
    (
        "beta_empirical_bayes",
        "Float64",
        "beta corrected by the distribution of strong effects: posterior mean; null with fewer than 30 of them",
        "unit of the trait",
    ),
    ("correction_status", "String", "ok, or why the effect is not corrected for having been selected"),
    ("p_threshold", "Float64", "largest p of a variant that is selected"),
    ("is_declared", "Boolean", "the threshold that the study declares for this exposure"),
    ("mean_f", "Float64", "mean of the F statistics"),
    ("min_f", "Float64", "smallest of the F statistics"),
    ("i2_gx", "Float64", "share of the spread of exposure effects that is not error (I²_GX)", "share"),
    ("n_with_size", "Int64", "variants whose sample size is known"),
    ("variance_explained", "Float64", "share of the exposure's variance that these variants explain", "share"),
    ("expected_null_leads", "Float64", "instruments to expect by chance where nothing is associated"),
    ("expected_null_leads_se", "Float64", "Monte Carlo standard error of expected_null_leads"),
    ("is_exploratory", "Boolean", "more than half as many instruments are expected by chance as were found"),
    # instruments that related taxa share
    ("related_trait", "String", "exposure whose taxon contains that of this one, is contained in it or is the same"),
    ("relation", "String", "parent, child or same: what the related trait is to this one"),
    ("shared_by", "String", "variant or window: the same variant, or one near it"),
    ("related_variant", "String", "variant of the related trait"),
    # stand-ins
    ("proxy", "String", "variant that stands in for one that the outcome lacks; null if there is none"),
    ("proxy_position", "Int64", "position of the proxy", "base pairs"),
    ("proxy_effect_allele", "String", "allele of the proxy that goes with effect_allele"),
    ("proxy_other_allele", "String", "allele of the proxy that goes with other_allele"),
    ("distance", "Int64", "from the variant to its proxy, negative if it stands before", "base pairs"),
    # clumps
    ("index_variant", "String", "variant of smallest p that leads the clump; null for a candidate in no clump"),
    ("r2", "Float64", "squared correlation with the variant that leads the clump, or between a variant and its proxy"),
    ("count", "Int64", "rows concerned"),
    ("lines", "List(Int64)", "first line numbers"),
    ("examples", "List(String)", "values or variants at these lines"),
    # findings in files
    ("check", "String", "which check found something"),
    ("severity", "String", "fatal, row or note"),
    ("casts_doubt", "Boolean", "results from the file may be wrong"),
    ("found", "String", "what was found, in words"),
    ("hint", "String", "what to do"),
    # evidence
    ("predicate", "String", "relation between subject and object"),
    ("object", "String", "what is affected"),
    ("direction", "String", "increases, decreases, none or unclear"),
    ("effect", "Float64", "size of the effect", "see unit"),
    ("design", "String", "kind of study"),
    ("grade", "String", "how well it was done"),
    ("knowledge_level", "String", "Biolink knowledge level"),
    ("agent_type", "String", "Biolink agent type"),
    ("is_simulated", "Boolean", "comes from simulated data"),
    ("source", "String", "DOI, PMID, or study and step key"),
    ("licence", "String", "licence of the record or its data"),
    # methods
    ("label", "String", "name for readers"),
    ("short_label", "String", "name in figures, where room is scarce"),
    ("doi", "String", "where the method is described"),
    ("assumptions", "List(String)", "what must hold for the method to be right"),
    ("used_for", "String", "primary, sensitivity or diagnostic"),
    # traits
    ("trait_id", "String", "name of the trait inside the study"),
    ("lineage", "String", "place of a taxon in the tree of taxa, from the root on; empty if it is none or unknown"),
    ("layer", "String", "gut, metabolite, immune, neuroendocrine, bone or other"),
    ("curie", "String", "identifier in an ontology; empty if unknown"),
    ("type", "String", "quantitative, binary or presence"),
    ("unit_label", "String", "unit for readers"),
    ("n_people", "Int64", "sample size as declared", "people"),
    ("n_cases", "Int64", "cases as declared", "people"),
    ("adjusted_for", "String", "covariates of the association, as declared"),
    ("prevalence", "Float64", "prevalence as declared", "share"),
    ("case_definition", "String", "what makes a case, as declared"),
    ("age_range", "String", "age of the sample, as declared"),
    ("body_size_covariates", "List(String)", "those of them that are about weight or fat"),
    ("ancestry", "String", "ancestry of the sample"),
    ("sex", "String", "sex of the sample"),
    ("cohorts", "String", "cohorts in the sample, to bound overlap"),
    ("transformation", "String", "transformation of the trait before analysis"),
    ("format", "String", "format of the file"),
    ("file", "String", "path as written in the trait table"),
    ("sha256", "String", "hash of the file's content"),
    ("citation", "String", "where the data come from"),
    # published numbers
    ("published_beta", "Float64", "effect as published", "as beta"),
    ("published_se", "Float64", "standard error as published", "as beta"),
    ("published_n_variants", "Int64", "variants as published"),
    ("published_q", "Float64", "Cochran's Q as published"),
    ("decimals", "Int64", "decimals printed in the source"),
    ("note", "String", "remark on the comparison"),
)

Schema = tuple[str, ...]

VARIANTS: Schema = (
    "variant_key", "id_key", "allele_class", "rsid", "chromosome", "position", "effect_allele", "other_allele",
    "is_palindromic", "beta", "se", "eaf", "neg_log_10_p_value", "n", "is_beta_derived", "is_se_derived",
    "is_p_derived", "line",
)  # fmt: skip
HARMONISED: Schema = (
    "family", "exposure", "outcome", "rsid", "chromosome", "position", "effect_allele", "other_allele",
    "beta_exposure", "se_exposure", "beta_outcome", "se_outcome", "eaf_exposure", "eaf_outcome",
    "neg_log_10_p_value_exposure", "n_exposure", "n_outcome", "is_palindromic", "sign", "matched_by",
    "f_statistic", "wald_ratio", "wald_ratio_se",
)  # fmt: skip
ESTIMATES: Schema = (
    "family", "exposure", "outcome", "method", "estimand", "is_primary", "beta", "se", "level", "ci_low", "ci_high",
    "ci_set", "neg_log_10_p_value", "q_value", "neg_log_10_q_value", "n_variants", "unit", "distribution", "df",
    "selection_corrected", "overlap_corrected", "status", "message", "seed", "n_draws",
)  # fmt: skip
DIAGNOSTICS: Schema = (
    "family", "exposure", "outcome", "method", "name", "estimate", "se", "statistic", "df", "neg_log_10_p_value",
    "null", "message",
)  # fmt: skip
ROW_REPORT: Schema = ("subject", "step", "n_in", "n_kept", "kind", "reason", "count", "lines", "examples")
FINDINGS: Schema = (
    "subject", "check", "severity", "casts_doubt", "count", "found", "hint", "lines", "examples",
)  # fmt: skip
EVIDENCE: Schema = (
    "subject", "predicate", "object", "direction", "kind", "method", "effect", "se", "unit", "neg_log_10_p_value",
    "q_value", "status", "design", "grade", "knowledge_level", "agent_type", "is_simulated", "source", "licence",
)  # fmt: skip
METHODS: Schema = ("name", "label", "short_label", "used_for", "doi", "assumptions")
TRAITS: Schema = (
    "trait_id", "label", "layer", "lineage", "curie", "type", "unit", "unit_label", "n_people", "n_cases", "prevalence",
    "case_definition", "adjusted_for", "body_size_covariates", "ancestry", "sex", "age_range", "cohorts",
    "transformation", "format", "file", "sha256", "licence",
    "citation",
)  # fmt: skip
PUBLISHED: Schema = (
    "exposure", "outcome", "method", "published_beta", "published_se", "published_n_variants", "published_q",
    "decimals", "source", "note",
)  # fmt: skip

INFLUENCE: Schema = (
    "family", "exposure", "outcome", "method", "rsid", "leverage", "q_contribution", "neg_log_10_p_value",
    "studentised_residual", "cooks_distance", "is_outlier",
)  # fmt: skip
LEAVE_ONE_OUT: Schema = (
    "family", "exposure", "outcome", "method", "kind", "left_out", "n_variants", "beta", "se", "ci_low", "ci_high",
    "neg_log_10_p_value", "status", "message",
)  # fmt: skip
REGIONAL: Schema = (
    "locus", "trait_id", "rsid", "chromosome", "position", "beta", "se", "neg_log_10_p_value", "ld_r2", "is_lead",
)  # fmt: skip
CLUMPS: Schema = (
    "exposure", "variant_key", "rsid", "chromosome", "position", "neg_log_10_p_value", "index_variant", "r2", "reason",
)  # fmt: skip
INSTRUMENTS: Schema = (
    "exposure", "selected_in", "variant_key", "rsid", "chromosome", "position", "effect_allele", "other_allele",
    "beta", "se", "eaf", "n", "neg_log_10_p_value", "f_statistic", "known_locus", "beta_conditional",
    "ci_low_conditional", "ci_high_conditional", "beta_fiqt", "beta_empirical_bayes", "correction_status",
)  # fmt: skip
THRESHOLDS: Schema = (
    "exposure", "p_threshold", "is_declared", "n_variants", "mean_f", "min_f", "i2_gx", "n_with_size",
    "variance_explained", "expected_null_leads", "expected_null_leads_se", "is_exploratory", "message",
)  # fmt: skip
NULL_LEADS: Schema = ("exposure", "p_threshold", "expected_null_leads", "expected_null_leads_se", "message")
SHARED_INSTRUMENTS: Schema = (
    "trait_id", "variant_key", "rsid", "related_trait", "relation", "shared_by", "related_variant",
)  # fmt: skip
PROXIES: Schema = (
    "family", "exposure", "outcome", "rsid", "chromosome", "position", "effect_allele", "other_allele", "proxy",
    "proxy_position", "proxy_effect_allele", "proxy_other_allele", "r2", "distance", "beta", "se", "reason",
)  # fmt: skip
GENES: Schema = ("locus", "gene", "chromosome", "start", "end", "strand")
CONTROLS: Schema = ("kind", "family", "exposure", "outcome", "method", "expected", "verdict", "message", "note")

SCHEMAS: dict[str, Schema] = {
    "influence": INFLUENCE,
    "leave_one_out": LEAVE_ONE_OUT,
    "regional": REGIONAL,
    "genes": GENES,
    "clumps": CLUMPS,
    "instruments": INSTRUMENTS,
    "thresholds": THRESHOLDS,
    "null_leads": NULL_LEADS,
    "shared_instruments": SHARED_INSTRUMENTS,
    "proxies": PROXIES,
    "controls": CONTROLS,
    "variants": VARIANTS,
    "candidates": VARIANTS,
    "harmonised": HARMONISED,
    "estimates": ESTIMATES,
    "diagnostics": DIAGNOSTICS,
    "row_report": ROW_REPORT,
    "findings": FINDINGS,
    "evidence": EVIDENCE,
    "methods": METHODS,
    "traits": TRAITS,
    "published": PUBLISHED,
}
