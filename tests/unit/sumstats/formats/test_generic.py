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
