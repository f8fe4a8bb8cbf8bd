"""Formats without a free real file: written by hand from their manuals, and single traps of all of them."""

import pytest

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.formats import FORMATS

COMMON = {"rsid": "rs1", "effect_allele": "A", "other_allele": "G", "beta": "0.2", "se": "0.05"}
FILES = [
    ("plink2.glm.linear", "plink2", {**COMMON, "eaf": "0.25", "p_value": "6.8e-05", "n": "900", "z": "4"}),
    ("bolt_lmm.stats", "bolt_lmm", {"effect_allele": "A", "eaf": "0.25", "beta": "0.03", "p_value": "0.0016"}),
    ("trait.fastGWA", "fastgwa", {**COMMON, "eaf": "0.25", "p_value": "6.3e-05", "n": "900", "position": "100"}),
    ("trait.ma", "gcta_ma", {**COMMON, "eaf": "0.25", "p_value": "6.3e-05", "n": "900"}),
    ("metal_samplesize.tbl", "metal", {"effect_allele": "a", "z": "4.000", "n": "900.00", "p_value": "6.3e-05"}),
    ("mibiogen.summary.txt", "mibiogen", {
        **COMMON, "p_value": "9.6e-05", "n": "900", "position": "100", "_trait": "genus.Allisonella.id.2174",
    }),
    ("raremetal.meta.singlevar.results", "raremetal", {
        **COMMON, "rsid": None, "eaf": "0.25", "p_value": "6.3e-05", "n": "900",
    }),
    ("glgc_lipids.tsv", "raremetal", {**COMMON, "p_value": "6.3e-05", "neg_log_10_p_value": "4.2", "position": "100"}),
    ("trait.sumstats", "ldsc", {"rsid": "rs1", "effect_allele": "A", "other_allele": "G", "z": "4.000"}),
    ("dutch_microbiome.tsv", "gwas_ssf", {**COMMON, "eaf": "0.25", "p_value": "6.3e-05"}),
    ("saige_1.txt", "saige", {**COMMON, "eaf": "0.25", "p_value": "6.3e-05", "n": "900.0", "n_cases": "400"}),
    ("plink.assoc", "plink1", {
        "effect_allele": "A", "other_allele": "G", "odds_ratio": "1.286", "se": "0.101", "ci_low": "1.055",
        "ci_high": "1.567", "eaf": "0.25", "p_value": "0.0124",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("path", "name", "first"), FILES, ids=[file[0] for file in FILES])
def test_by_hand__format_and_first_row(read, path, name, first):
    fmt, frame = read(f"by_hand/{path}")
    assert fmt.name == name
    row = frame.row(0, named=True)
    assert {column: row.get(column) for column in first} == first
    assert row.get("_drop") is None


def test_dutch_microbiome__declared_by_name(read):
    _, frame = read("by_hand/dutch_microbiome.tsv", name="dutch_microbiome")
    row = frame.row(0, named=True)
    assert (row["rsid"], row["effect_allele"], row["beta"]) == ("rs1", "A", "0.2")


def test_plink2__error_code_and_other_tests_are_named(read):
    _, frame = read("by_hand/plink2.glm.linear")
    assert frame["_drop"].to_list() == [None, None, "plink_error_code", "other_test"]
    assert frame["other_allele"].to_list() == ["G", "T", "C", "C"]


def test_plink2__other_allele_row_by_row_without_omitted(read):
    _, frame = read("by_hand/plink2.glm.logistic.hybrid")
    assert frame["effect_allele"].to_list() == ["A", "C", "G"]
    # the third line has three alleles and does not say which of them was left out
    assert frame["other_allele"].to_list() == ["G", "T", "C,T,G"]
    assert frame["odds_ratio"].to_list() == ["1.5", "0.8", "0.9"]
    assert frame["neg_log_10_p_value"].to_list() == ["4.3", "1.59", "0.53"]
    assert frame["se"].to_list() == ["0.1"] * 3


def test_plink2__tested_allele_that_the_line_does_not_have(apply):
    row = {"#CHROM": "1", "POS": "1", "ID": "rs1", "REF": "A", "ALT": "C", "A1": "G", "OBS_CT": "9", "BETA": "1"}
    frame = apply("plink2", [row])
    assert frame["other_allele"].to_list() == [None]
    assert "_drop" not in frame.columns


def test_bolt_lmm__p_of_the_best_model_row_by_row(read):
    _, frame = read("by_hand/bolt_lmm.stats")
    assert frame["p_value"].to_list() == ["0.0016", "0.31", "0.3"]


def test_metal__position_from_the_marker_name(read):
    _, frame = read("by_hand/metal_stderr.tbl")
    assert frame["chromosome"].to_list() == ["1", "X", None]
    assert frame["position"].to_list() == ["100", "200", None]
    # the alleles are those of the columns, not of the name
    assert frame["effect_allele"].to_list() == ["a", "c", "c"]
    assert frame["rsid"][0] == "1:100:A:G"


def test_metal__columns_with_positions_go_before_the_name(apply):
    row = {"Chromosome": "2", "Position": "7", "MarkerName": "1:5:A:G", "Allele1": "a", "Allele2": "g", "Effect": "1"}
    frame = apply("metal", [row])
    assert frame.row(0, named=True) | {"__line__": 0} == {
        "rsid": "1:5:A:G", "chromosome": "2", "position": "7", "effect_allele": "a", "other_allele": "g", "beta": "1",
        "__line__": 0,
    }  # fmt: skip


def test_neale_lab__variant_frequency_and_confidence(read):
    _, frame = read("by_hand/neale_lab.tsv")
    assert frame["chromosome"].to_list() == ["1", "1", "X"]
    assert frame["effect_allele"].to_list() == ["A", "C", "TA"]
    assert frame["other_allele"].to_list() == ["G", "T", "T"]
    # the minor allele of the second variant is the reference: the alternative allele has 1 - 0.4
    assert [float(eaf) for eaf in frame["eaf"]] == pytest.approx([0.25, 0.6, 1e-4])
    assert frame["_drop"].to_list() == [None, None, "low_confidence_variant"]
    assert frame["rsid"].to_list() == ["1:100:G:A", "1:200:T:C", "X:300:T:TA"]


def test_gwas_vcf__every_field_missing_values_and_several_alleles(read):
    fmt, frame = read("by_hand/gwas.vcf")
    assert fmt.name == "gwas_vcf"
    first = frame.row(0, named=True)
    assert (first["z"], first["info"], first["n_cases"], first["n"]) == ("4", "0.9", "400", "900")
    assert frame["__line__"].to_list() == [3, 4, 4, 5]
    assert frame["effect_allele"].to_list() == ["A", "C", "G", "C"]
    assert frame["beta"].to_list() == ["0.2", "-0.1", "0.3", "0.1"]
    assert frame["se"].to_list() == ["0.05", "0.05", "0.1", None]
    assert frame["neg_log_10_p_value"].to_list() == ["4.2", "1.34", "2.57", None]
    # a value with one entry holds for both alleles; the identifier comes from the sample where ID has none
    assert frame["n"].to_list() == ["900", "900", "900", None]
    assert frame["rsid"].to_list() == ["rs1", "rs2", "rs2", "rs3"]
    assert frame["eaf"].to_list() == ["0.25", None, None, "0.4"]


def test_gwas_vcf__several_samples_are_several_traits():
    header = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "one", "two"]
    with pytest.raises(InputFileError, match="2 samples: one, two") as caught:
        FORMATS["gwas_vcf"].columns(header, "outcome")
    (fault,) = caught.value.faults
    assert fault.code == "several_traits"
    assert fault.hint.startswith("Split the file by sample")
    assert "--trait" not in fault.text()


def vcf_row(alt, keys, values, *, position="1"):
    return {"#CHROM": "1", "POS": position, "ID": "rs1", "REF": "G", "ALT": alt, "FORMAT": keys, "trait": values}


def test_gwas_vcf__too_few_values_belong_to_no_allele(apply):
    rows = [
        vcf_row("C,T", "ES:SE:LP:AF:SS:NC", "0.1:0.02:6.24:0.2:900:400"),
        vcf_row("C,T", "ES:SE:LP:SS", "0.1,0.3:0.02,0.05:6.24:900,800", position="2"),
    ]
    frame = apply("gwas_vcf", rows)
    assert frame["effect_allele"].to_list() == ["C", "T", "C", "T"]
    assert frame["beta"].to_list() == [None, None, "0.1", "0.3"]
    assert frame["se"].to_list() == [None, None, "0.02", "0.05"]
    assert frame["neg_log_10_p_value"].to_list() == [None] * 4
    assert frame["eaf"].to_list() == [None] * 4
    # how many people there are does not depend on the allele
    assert frame["n"].to_list() == ["900", "900", "900", "800"]
    assert frame["n_cases"].to_list() == ["400", "400", None, None]
    assert frame["rsid"].to_list() == ["rs1"] * 4


def test_gwas_vcf__too_many_values_belong_to_no_allele(apply):
    rows = [
        vcf_row("C", "ES:SE:SS", "0.1,0.3:0.02:900"),
        vcf_row("C,T", "ES:SE:SS", "0.1,0.3,0.5:0.02,.:900,800,700", position="2"),
        vcf_row(None, "ES:SE:SS", "0.1,0.3:0.02:900", position="3"),
    ]
    frame = apply("gwas_vcf", rows)
    assert frame["effect_allele"].to_list() == ["C", "C", "T", None]
    assert frame["beta"].to_list() == [None] * 4
    assert frame["se"].to_list() == ["0.02", "0.02", None, None]
    assert frame["n"].to_list() == ["900", None, None, "900"]
    assert frame["__line__"].to_list() == [2, 3, 3, 4]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("plink1", "CHR"), ("plink2", "#CHROM"), ("regenie", "CHROM"), ("bolt_lmm", "CHR"), ("saige", "CHR"),
        ("fastgwa", "CHR"), ("gcta_ma", "CHR"),
    ],
)  # fmt: skip
def test_plink_family__25_is_xy_and_26_is_mt(apply, name, column):
    frame = apply(name, [{column: cell} for cell in ("1", "23", "25", "26")])
    assert frame["chromosome"].to_list() == ["1", "23", "X", "MT"]


@pytest.mark.parametrize("name", ["gwas_ssf", "generic"])
def test_other_formats__25_stays(apply, name):
    assert apply(name, [{"chromosome": "25"}])["chromosome"].to_list() == ["25"]


def test_gwas_vcf__row_without_format(apply):
    row = {"#CHROM": "1", "POS": "1", "ID": "rs1", "REF": "A", "ALT": "C", "FORMAT": None, "trait": None}
    frame = apply("gwas_vcf", [row])
    assert frame["beta"].to_list() == [None]
    assert frame["effect_allele"].to_list() == ["C"]


def test_regenie__several_traits_in_one_file(header):
    with pytest.raises(InputFileError, match="2 traits: Y1, Y2") as caught:
        FORMATS["regenie"].columns(header("by_hand/regenie_no_split.regenie"), "outcome")
    assert caught.value.faults[0].code == "several_traits"


def test_regenie__one_trait_with_its_name_in_the_columns():
    names = ["CHROM", "GENPOS", "ID", "ALLELE0", "ALLELE1", "A1FREQ", "N", "TEST", "BETA.Y1", "SE.Y1", "LOG10P.Y1"]
    found = FORMATS["regenie"].columns(names, "outcome")
    assert (found["beta"], found["se"], found["neg_log_10_p_value"]) == ("BETA.Y1", "SE.Y1", "LOG10P.Y1")


def test_regenie__interaction_rows_are_named(apply):
    rows = [{"ID": "rs1", "TEST": test} for test in ("ADD", "ADD-INT_SNP", None)]
    assert apply("regenie", rows)["_drop"].to_list() == [None, "other_test", None]


def test_finngen__first_of_several_rs_numbers_and_exact_p(apply):
    rows = [{"#chrom": "1", "rsids": "rs5,rs6", "pval": "0", "mlogp": "350.2"}, {"rsids": None, "pval": "0.1"}]
    frame = apply("finngen", rows)
    assert frame["rsid"].to_list() == ["rs5", None]
    assert frame["neg_log_10_p_value"].to_list() == ["350.2", None]


def test_finngen__rounded_logarithm_of_a_meta_analysis_only_where_p_is_zero(apply):
    names = ("CHR", "all_inv_var_meta_p", "all_inv_var_meta_mlogp", "all_meta_N")
    rows = [dict(zip(names, cells, strict=True)) for cells in (("1", "0.938", "0.03", "3"), ("1", "0", "412.5", "3"))]
    frame = apply("finngen", rows)
    assert frame["neg_log_10_p_value"].to_list() == [None, "412.5"]
    assert "n" not in frame.columns


def test_ebi_harmonised__effects_of_the_authors_are_not_mixed_with_turned_alleles():
    names = ["hm_rsid", "hm_effect_allele", "hm_other_allele", "beta", "odds_ratio", "standard_error", "p_value"]
    found = FORMATS["ebi_harmonised"].columns(names, "outcome")
    assert "beta" not in found
    assert (found["se"], found["p_value"]) == ("standard_error", "p_value")


def test_gwas_ssf__ratios_limits_and_cases(apply):
    row = {
        "rsid": "rs1", "hazard_ratio": "1.2", "ci_lower": "1.1", "ci_upper": "1.4", "n_cases": "10", "n_controls": "30",
    }  # fmt: skip
    (cells,) = apply("gwas_ssf", [row]).to_dicts()
    assert cells == {
        "rsid": "rs1", "hazard_ratio": "1.2", "ci_low": "1.1", "ci_high": "1.4", "n": "40.0", "n_cases": "10",
        "n_controls": "30", "__line__": 2,
    }  # fmt: skip


def test_twosamplemr__tables_of_the_package_and_their_traits(apply):
    row = {"SNP": "rs1", "beta.exposure": "1", "id.exposure": "a7", "exposure": "BMI", "beta.outcome": "2"}
    assert apply("twosamplemr", [row], side="exposure")["_trait"].to_list() == ["a7"]
    assert apply("twosamplemr", [row], side="outcome")["beta"].to_list() == ["2"]
    assert apply("twosamplemr", [{"SNP": "rs1", "beta.exposure": "1"}], side="outcome")["beta"].to_list() == ["1"]


def test_gwaslab__limits_follow_the_effect():
    limits = ["OR_95L", "OR_95U", "BETA_95L", "BETA_95U"]
    found = FORMATS["gwaslab"].columns(["SNPID", "EA", "NEA", "BETA", "OR", *limits], "outcome")
    assert found["ci_low"] == "OR_95L"
    found = FORMATS["gwaslab"].columns(["SNPID", "EA", "NEA", "BETA", *limits], "outcome")
    assert found["ci_low"] == "BETA_95L"


def test_gwaslab__identifier_where_the_rs_number_is_missing(apply):
    rows = [{"SNPID": "1:5:A:G", "rsID": "rs5"}, {"SNPID": "1:6:A:G", "rsID": "NA"}]
    assert apply("gwaslab", rows)["rsid"].to_list() == ["rs5", "1:6:A:G"]


def test_osteobiome__computed_p_values_are_computed_again(apply):
    rows = [
        {"rsid": "rs1", "neg_log_10_p_value": "4.2", "is_p_derived": flag, "line": "9"} for flag in ("true", "false")
    ]
    frame = apply("osteobiome", rows)
    assert frame["neg_log_10_p_value"].to_list() == [None, "4.2"]
    assert "line" not in frame.columns


def test_epacts__rs_number_behind_the_alleles(apply):
    row = {"MARKER_ID": "1:10_A/G_rs77", "BEG": "10", "#CHROM": "1", "AC": "3.0", "BETA": "1"}
    (cells,) = apply("epacts", [row]).to_dicts()
    assert (cells["rsid"], cells["effect_allele"], cells["other_allele"]) == ("rs77", "G", "A")
    assert "eaf" not in cells  # a count says nothing without the number of people
