"""Which format a header is, what is refused by name, and a mapping of the user."""

import gzip
from pathlib import Path

import pytest

from osteobiome.core.errors import ConfigError, InputFileError
from osteobiome.sumstats.sniffing import columns_not_found, mapped_format, sniff

DATA = Path(__file__).parents[2] / "data" / "sumstats"


def header(path):
    data = (DATA / path).read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    line = next(line for line in text.splitlines() if not line.startswith("##"))
    return line.split("\t") if "\t" in line else line.split()


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("saige/gene.txt", "gene-based tests of SAIGE-GENE"),
        ("zorp/raremetal_combined.qt1.burden.results", "gene-based tests of RAREMETAL"),
        ("gentropy/gwas_catalog_associations.tsv", "top hits of many studies from the GWAS Catalog"),
        ("gentropy/credible_sets.tsv", "credible sets of the eQTL Catalogue"),
        ("gentropy/finngen_susie.snp", "fine-mapping results of FinnGen (SuSiE)"),
    ],
)
def test_sniff__table_that_is_not_per_variant(path, what):
    with pytest.raises(InputFileError) as caught:
        sniff(header(path), where="file.txt")
    (fault,) = caught.value.faults
    assert (fault.code, fault.where, fault.found) == ("not_per_variant", "file.txt", what)
    assert fault.hint


HTP = (
    "Name Chr Pos Ref Alt Trait Cohort Model Effect LCI_Effect UCI_Effect Pval AAF Num_Cases Cases_Ref Cases_Het "
    "Cases_Alt Num_Controls Controls_Ref Controls_Het Controls_Alt Info"
)


def test_sniff__regenie_htp_has_an_effect_of_two_meanings():
    with pytest.raises(InputFileError) as caught:
        sniff(HTP.split(), where="file.txt")
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("unknown_format", "file.txt")
    assert "'Effect' is an odds ratio for binary traits and beta otherwise" in fault.found
    assert "without --htp" in fault.hint
    assert "odds_ratio" in fault.hint


def test_sniff__regenie_htp_can_be_mapped():
    fmt = mapped_format({"odds_ratio": "Effect", "effect_allele": "Alt"})
    assert fmt.columns(HTP.split(), "outcome") == {"odds_ratio": "Effect", "effect_allele": "Alt"}


def test_sniff__unknown_header_says_what_is_missing():
    with pytest.raises(InputFileError) as caught:
        sniff(["SNP", "P_value"])
    (fault,) = caught.value.faults
    assert fault.code == "unknown_format"
    assert "SNP, P_value" in fault.found
    assert "an effect allele and an effect (beta, odds ratio, hazard ratio or z) was not found" in fault.expected


def test_sniff__long_header_is_cut():
    with pytest.raises(InputFileError, match=r"c11 \.\.\."):
        sniff([f"c{i}" for i in range(40)])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # a table of TwoSampleMR with both traits, with one, and plain
        ("SNP effect_allele.exposure beta.exposure beta.outcome id.exposure mr_keep", "twosamplemr_harmonised"),
        ("SNP effect_allele.exposure beta.exposure se.exposure id.exposure", "twosamplemr"),
        ("SNP effect_allele other_allele beta se pval", "twosamplemr"),
        # Z beside beta is no LDSC file
        ("SNP A1 A2 N Z", "ldsc"),
        ("SNP CHR BP A1 A2 N Z BETA SE P", "generic"),
        # hm_ columns go before those of the authors
        ("hm_effect_allele hm_other_allele base_pair_location effect_allele other_allele", "ebi_harmonised"),
        # FinnGen before PheWeb, whose names it shares
        ("#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt", "finngen"),
        ("chrom pos ref alt pval beta sebeta af", "pheweb"),
        ("CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ N TEST BETA SE CHISQ LOG10P EXTRA", "regenie"),
        ("rs_number EA NEA eaf beta se", "generic"),
        ("CHR BP SNP A1 A2 N P P(R) OR OR(R) Q I", "generic"),
    ],
)
def test_sniff__headers_that_look_alike(names, expected):
    assert sniff(names.split()).name == expected


def test_mapped_format__reads_the_named_columns():
    fmt = mapped_format({"rsid": "id", "effect_allele": "A", "beta": "Wirkung", "n_cases": "f", "n_controls": "k"})
    assert fmt.columns(["id", "A", "Wirkung", "f", "k"], "exposure") == {
        "rsid": "id", "effect_allele": "A", "beta": "Wirkung", "n_cases": "f", "n_controls": "k", "n": "f",
        "_n_controls": "k",
    }  # fmt: skip
    assert fmt.columns(["id"], "exposure") == {"rsid": "id"}
    assert fmt.is_loose
    assert fmt.expected("beta", "exposure") == "Wirkung"
    assert fmt.expected("se", "exposure") == "se"


def test_mapped_format__name_that_is_not_ours():
    with pytest.raises(ConfigError) as caught:
        mapped_format({"efect_allele": "A1", "colour": "C", "beta": "B"}, where="traits[0].columns")
    first, second = caught.value.faults
    assert first.code == "unknown_column_name"
    assert first.where == "traits[0].columns.efect_allele"
    assert first.hint == "Did you mean 'effect_allele'?"
    assert second.hint == ""


def test_columns_not_found__each_with_the_nearest_name():
    (fault,) = columns_not_found({"eaf": "Freq", "beta": "b"}, ["frq", "b"], where="file.txt")
    assert fault.code == "no_eaf_column"
    assert fault.found == "no column 'Freq'"
    assert fault.hint == "Did you mean 'frq'?"
