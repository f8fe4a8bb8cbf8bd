"""Any table whose header has well-known names: the last resort of sniffing.

Names are compared without case and with ``-``, ``.``, brackets and blanks as ``_``. Which allele the effect belongs to
is only sure where the name says so (``effect_allele``, ``EA``, ``tested_allele`` ...). Where it rests on a convention
(A1 before A2, ALT against REF), :func:`assumed_effect_allele` says so. A minor allele frequency is not the frequency
of the effect allele and is not read; nor are effective sample sizes, chi-squared statistics, and the N of a ``.meta``
file of PLINK 1, which counts studies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import split_packed
from osteobiome.sumstats.formats.naming import with_n_of_parts
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

ALT_FREQUENCIES = ("alt_freq", "alt_freqs", "af_alt", "alt_af", "pooled_alt_af", "aaf")
"""Frequencies of ALT: not read where ALT is there and another allele is the tested one."""
ONLY_OF_ALT = frozenset({"pooled_alt_af", "aaf"})
"""Those of them that are read only where the effect allele is ALT."""
REGENIE_HTP = frozenset({"cohort", "model", "effect", "lci_effect", "uci_effect"})
"""Columns of REGENIE with --htp. Its Effect is an odds ratio or beta, and its Info is a list of keys with values."""
PLINK_META = frozenset({"p_r", "or_r", "beta_r"})
"""P(R), OR(R), BETA(R): random effects in a ``.meta`` file of PLINK 1, whose N counts studies and not people."""
SYNONYMS: dict[str, tuple[str, ...]] = {
    "rsid": (
        "rsid", "rs_id", "rsids", "rs", "rs_number", "rsnumber", "dbsnp", "dbsnp_rs_id", "snp", "snpid", "snp_id",
        "snpname", "snp_name", "markername", "marker_name", "marker", "markerid", "marker_id", "variant_id",
        "variantid", "variant", "id", "name", "cptid",
    ),
    "chromosome": ("chromosome", "chr", "chrom", "chr_id", "chr_name", "hg19chr", "hg38chr"),
    "position": (
        "position", "pos", "bp", "base_pair_location", "base_pair_position", "basepair", "bpos",
        "pos_b37", "pos_hg19", "pos_b38", "pos_hg38", "genpos",
    ),
    "beta": (
        "beta", "b", "effect", "effect_size", "effectsize", "es", "log_or", "logor", "log_odds", "log_odds_ratio",
        "lnor", "estimate", "beta_a1", "effect_a1", "slope",
    ),
    "odds_ratio": ("or", "odds_ratio", "oddsratio", "or_a1"),
    "hazard_ratio": ("hr", "hazard_ratio", "hazardratio"),
    "z": ("z", "zscore", "z_score", "zstat", "z_stat", "zval", "z_value"),
    "se": (
        "se", "standard_error", "stderr", "std_err", "std_error", "sebeta", "se_beta", "beta_se", "stderrlogor",
        "log_or_se", "logor_se", "se_effect", "se_log_or",
    ),
    "eaf": (
        "eaf", "effect_allele_frequency", "effect_allele_freq", "effectallelefreq", "effect_af", "freq", "frq",
        "frequency", "freq1", "frq1", "freq_a1", "a1freq", "a1_freq", "freq_effect", "freq_tested_allele", "eafrq",
        "freq_effect_allele", "freq_tested_allele_in_hrs", "coded_af", "freq1_hapmap", "freq_a1_1000g_eur", "af", "af1",
        *ALT_FREQUENCIES,
    ),
    "p_value": (
        "p_value", "p", "pval", "pvalue", "p_val", "gwas_p", "p_wald", "frequentist_add_pvalue", "pval_nominal",
    ),
    "neg_log_10_p_value": (
        "neg_log_10_p_value", "neg_log10_p", "neg_log10p", "neglog10p", "neglog10_pval", "minus_log10_p", "mlog10p",
        "mlogp", "pvalue_mlog", "lp",
    ),
    "n": ("n", "samplesize", "sample_size", "n_total", "ntotal", "totaln", "n_samples", "nobs", "n_obs", "total_n"),
    "n_cases": ("n_cases", "n_case", "ncase", "ncases", "n_cas", "nca", "cases", "num_cases"),
    "n_controls": ("n_controls", "n_control", "n_ctrl", "ncontrol", "ncontrols", "nco", "controls", "num_controls"),
    "info": ("info", "imputationinfo", "imputation_info", "rsq", "impinfo"),
}  # fmt: skip
SIGNED_LOG = ("log10p", "log10_p", "log10_p_value", "log10pvalue", "log10_pval")
"""Written with and without the minus; p is never above one, so the sign tells which."""
LIMITS = {
    "ratio": (("or_95l", "or_95u"), ("ci_lower", "ci_upper"), ("or_l95", "or_u95"), ("l95", "u95")),
    "beta": (("beta_95l", "beta_95u"), ("ci_lower", "ci_upper"), ("l95", "u95")),
}
NAMED_EFFECT = (
    "effect_allele", "ea", "effectallele", "eff_allele", "effect_all", "tested_allele", "testedallele", "test_allele",
    "coded_allele", "codedallele", "inc_allele", "risk_allele", "allele_effect", "effect_allele1", "alleleeffect",
)  # fmt: skip
NAMED_OTHER = (
    "other_allele", "nea", "oa", "otherallele", "non_effect_allele", "noneffect_allele", "noneffectallele",
    "noneff_allele", "ref_allele", "non_coded_allele", "noncoded_allele", "noncodedallele", "dec_allele",
    "nontested_allele", "reference_allele", "allele_other", "nonrisk_allele", "non_risk_allele", "a0", "a2", "allele0",
    "allele2", "ref",
)  # fmt: skip
CONVENTIONS = (
    ("a1", ("a2", "a0")),
    ("allele1", ("allele2", "allele0")),
    ("allele_1", ("allele_2", "allele_0")),
    ("alt", ("ref",)),
    ("alt_allele", ("ref_allele",)),
    ("a1", ()),
)
"""Effect allele by convention, with the other allele: PLINK and METAL put the effect allele first, VCF has it as ALT.
Not everyone follows: MungeSumstats writes the effect allele as A2."""


def normal(name: str) -> str:
    """Return a column name in lower case, all that is not a letter or digit as one ``_``.

    Examples
    --------
    >>> normal("#P-value"), normal("LOG(OR)_SE")
    ('p_value', 'log_or_se')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a header of well-known names; the side plays no part."""
    del side
    names = _unambiguous(header)
    found = {}
    for ours, synonyms in SYNONYMS.items():
        theirs = next((names[synonym] for synonym in synonyms if synonym in names), None)
        if theirs is not None:
            found[ours] = theirs
    effect, other, _ = _alleles(names)
    found |= {ours: names[theirs] for ours, theirs in (("effect_allele", effect), ("other_allele", other)) if theirs}
    signed = next((names[name] for name in SIGNED_LOG if name in names), None)
    if signed is not None and "neg_log_10_p_value" not in found:
        found |= {"neg_log_10_p_value": signed, "_signed": signed}
    is_ratio = "odds_ratio" in found or "hazard_ratio" in found
    for low, high in LIMITS["ratio" if is_ratio else "beta"]:
        if {low, high} <= names.keys():
            found |= {"ci_low": names[low], "ci_high": names[high]}
            break
    if "rsid" in found and not {"chromosome", "position"} <= found.keys():
        found |= dict.fromkeys(("chromosome", "position", "_packed"), found["rsid"])
    return with_n_of_parts(found)


def _unambiguous(header: Sequence[str]) -> dict[str, str]:
    """Return the columns by their normal names, without those that mean something else in the table at hand."""
    names: dict[str, str] = {}
    for name in header:
        names.setdefault(normal(name), name)
    misleading: set[str] = set()
    if REGENIE_HTP.issubset(names):
        misleading |= {"effect", "info"}
    if PLINK_META & names.keys():
        misleading.add("n")
    effect = _alleles(names)[0]
    if effect not in {"alt", "alt_allele"}:
        has_alt = "alt" in names or "alt_allele" in names
        misleading |= set(ALT_FREQUENCIES) if has_alt else ONLY_OF_ALT
    return {name: theirs for name, theirs in names.items() if name not in misleading}


def _alleles(names: dict[str, str]) -> tuple[str, str, bool]:
    """Return effect allele, other allele, and whether the choice is a convention only; empty where there is none."""
    named = next((name for name in NAMED_EFFECT if name in names), "")
    if named:
        return named, next((name for name in NAMED_OTHER if name in names), "a1" if "a1" in names else ""), False
    other = next((name for name in NAMED_OTHER if name in names), "")
    for effect, others in CONVENTIONS:
        if effect in names and (not others or any(name in names for name in others)):
            partner = next((name for name in others if name in names), other)
            return effect, partner, True
    return "", other, False


def assumed_effect_allele(header: Sequence[str]) -> str:
    """Return the column that is taken as effect allele by convention only; empty where its name says so.

    Parameters
    ----------
    header : sequence of str
        Column names of the file.

    Examples
    --------
    >>> assumed_effect_allele(["SNP", "A1", "A2", "BETA"])
    'A1'
    >>> assumed_effect_allele(["SNP", "EA", "NEA", "BETA"])
    ''
    """
    names: dict[str, str] = {}
    for name in header:
        names.setdefault(normal(name), name)
    effect, _, assumed = _alleles(names)
    return names[effect] if assumed else ""


def expected(name: str, side: Side) -> str:
    """Return the most usual spelling of one of our names."""
    del side
    return SYNONYMS[name][0] if name in SYNONYMS else name


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Read positions off packed identifiers, and turn logarithms of p to minus log10."""
    if "_packed" in frame.columns:
        frame = split_packed(frame, "_packed", into={"chromosome": "chromosome", "position": "position"})
    if "_signed" in frame.columns:
        frame = frame.with_columns(pl.col("neg_log_10_p_value").str.strip_chars().str.strip_prefix("-"))
    return frame


FORMATS.add(
    "generic",
    Format(
        "generic",
        "table with well-known column names",
        columns,
        expected,
        prepare=prepare,
        is_loose=True,
        effect="as the column name says, else A1, Allele1 or ALT by convention",
        source="names in common use; see SYNONYMS in osteobiome.sumstats.formats.generic",
    ),
)
