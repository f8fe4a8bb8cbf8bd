"""Well-known names, and what rests on a convention."""

import pytest

from osteobiome.sumstats.formats.generic import assumed_effect_allele, columns, normal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("P-value", "p_value"),
        ("#CHROM", "chrom"),
        ("LOG(OR)_SE", "log_or_se"),
        ("p.value", "p_value"),
        (" Beta ", "beta"),
    ],
)
def test_normal__case_and_marks_play_no_part(name, expected):
    assert normal(name) == expected


@pytest.mark.parametrize(
    ("header", "effect", "other", "assumed"),
    [
        (["SNP", "A1", "A2"], "A1", "A2", "A1"),
        (["SNP", "a0", "a1"], "a1", "a0", "a1"),
        (["SNP", "ALLELE0", "ALLELE1"], "ALLELE1", "ALLELE0", "ALLELE1"),
        (["SNP", "REF", "ALT"], "ALT", "REF", "ALT"),
        (["SNP", "EA", "NEA"], "EA", "NEA", ""),
        (["SNP", "Effect.Allele", "Other.Allele"], "Effect.Allele", "Other.Allele", ""),
        (["SNP", "Tested_Allele", "Other_Allele"], "Tested_Allele", "Other_Allele", ""),
        (["SNP", "effect_allele", "reference_allele"], "effect_allele", "reference_allele", ""),
        (["SNP", "A1"], "A1", None, "A1"),
        (["SNP", "A2"], None, "A2", ""),
    ],
)
def test_alleles__named_or_by_convention(header, effect, other, assumed):
    found = columns(header, "outcome")
    assert (found.get("effect_allele"), found.get("other_allele")) == (effect, other)
    assert assumed_effect_allele(header) == assumed


def test_columns__maf_is_no_effect_allele_frequency():
    assert "eaf" not in columns(["SNP", "A1", "A2", "MAF", "BETA"], "outcome")
    assert columns(["SNP", "A1", "A2", "MAF", "Freq", "BETA"], "outcome")["eaf"] == "Freq"


@pytest.mark.parametrize("name", ["Coded_AF", "Freq_Tested_Allele_in_HRS", "Effect_Allele_Freq", "freq.a1.1000g.eur"])
def test_columns__more_names_of_the_frequency(name):
    assert columns(["SNP", "A1", "A2", name], "outcome")["eaf"] == name


@pytest.mark.parametrize("name", ["AAF", "POOLED_ALT_AF"])
def test_columns__frequency_of_alt_only_where_alt_is_tested(name):
    assert columns(["SNP", "REF", "ALT", name], "outcome")["eaf"] == name
    assert "eaf" not in columns(["SNP", "A1", "A2", name], "outcome")
    assert "eaf" not in columns(["SNP", "REF", "ALT", "EA", name], "outcome")


def test_columns__frequency_of_alt_beside_another_tested_allele():
    assert "eaf" not in columns(["SNP", "REF", "ALT", "A1", "A2", "ALT_FREQS"], "outcome")
    assert columns(["SNP", "EA", "NEA", "ALT_FREQS"], "outcome")["eaf"] == "ALT_FREQS"


@pytest.mark.parametrize("name", ["SNPName", "snp_name"])
def test_columns__more_names_of_the_identifier(name):
    assert columns([name, "CHR", "BP"], "outcome")["rsid"] == name


@pytest.mark.parametrize("ratio", [["P(R)", "OR(R)"], ["P(R)"], ["OR(R)"]])
def test_columns__n_of_a_plink_meta_analysis_counts_studies(ratio):
    found = columns(["CHR", "BP", "SNP", "A1", "A2", "N", "P", "OR", *ratio, "Q", "I"], "outcome")
    assert "n" not in found
    assert (found["p_value"], found["odds_ratio"]) == ("P", "OR")


def test_columns__regenie_htp_has_no_effect_that_can_be_told():
    header = "Name Chr Pos Ref Alt Trait Cohort Model Effect LCI_Effect UCI_Effect Pval AAF Num_Cases Num_Controls Info"
    found = columns(header.split(), "outcome")
    assert not {"beta", "odds_ratio", "info"} & found.keys()
    assert (found["effect_allele"], found["eaf"], found["p_value"]) == ("Alt", "AAF", "Pval")


def test_columns__effective_sample_size_is_no_sample_size():
    assert "n" not in columns(["SNP", "Neff"], "outcome")
    assert columns(["SNP", "Nca", "Nco"], "outcome")["n"] == "Nca"


def test_columns__limits_of_ratio_or_beta():
    assert columns(["SNP", "OR", "L95", "U95"], "outcome")["ci_low"] == "L95"
    assert "ci_low" not in columns(["SNP", "BETA", "OR_95L", "OR_95U"], "outcome")


@pytest.mark.parametrize("side", ["exposure", "outcome"])
def test_columns__unknown_names(side):
    assert columns(["nothing", "known"], side) == {}


def test_prepare__sign_of_a_logarithm_and_packed_names(apply):
    rows = [{"MarkerName": "chr3:77:A:G", "log10p": "-4.2"}, {"MarkerName": "rs5", "log10p": "3.1"}]
    frame = apply("generic", rows)
    assert frame["neg_log_10_p_value"].to_list() == ["4.2", "3.1"]
    assert frame["chromosome"].to_list() == ["3", None]
    assert frame["position"].to_list() == ["77", None]


def test_prepare__a_name_that_says_minus_is_left_alone(apply):
    assert apply("generic", [{"snp": "rs1", "mlog10p": "-1"}])["neg_log_10_p_value"].to_list() == ["-1"]
