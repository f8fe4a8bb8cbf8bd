"""What every entry of the list of formats has, and how spellings are found."""

from pathlib import Path

import pytest

from osteobiome.sumstats.formats import FORMATS, OUR_NAMES
from osteobiome.sumstats.formats.naming import Spelling, bare, with_n_of_parts
from osteobiome.sumstats.sniffing import sniff

NOT_SNIFFED = {"generic", "dutch_microbiome"}
IN_OTHER_COLUMNS = {
    "regenie": {"p_value"},
    "gwas_vcf": {"beta", "se", "eaf", "p_value", "n"},
    "ldsc": {"chromosome", "position", "beta", "se", "p_value"},
    "osteobiome": {"p_value"},
    "gentropy": {"p_value"},
}
"""Names that a format expresses by another column, or not at all."""


@pytest.mark.parametrize("name", list(FORMATS))
def test_format__says_whose_effect_and_where_that_is_written(name):
    fmt = FORMATS[name]
    assert fmt.effect
    assert fmt.source
    assert bool(fmt.signature) != (name in NOT_SNIFFED)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - NOT_SNIFFED))
def test_format__each_signature_is_sniffed_as_this_format(name):
    for signature in FORMATS[name].signature:
        assert sniff(sorted(signature)).name == name


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("side", ["exposure", "outcome"])
def test_format__reads_back_its_own_spelling(name, side):
    fmt = FORMATS[name]
    wanted = {"rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf", "p_value", "n"}
    wanted -= IN_OTHER_COLUMNS.get(name, set())
    spelled = {ours: fmt.expected(ours, side) for ours in wanted}
    others = [f"beta.{other}" for other in ("exposure", "outcome")] if fmt.is_prealigned else []
    extra = {"neale_lab": ["minor_allele"], "epacts": ["NS"]}.get(name, [])
    found = fmt.columns([*dict.fromkeys([*spelled.values(), *extra, *others])], side)
    assert {ours: found.get(ours) for ours in wanted} == spelled


def test_format__loosely_spelt_ones():
    loose = {name for name, fmt in FORMATS.items() if fmt.is_loose}
    assert loose == {
        "gwas_ssf", "twosamplemr", "gcta_ma", "gwaslab", "pheweb", "ldsc", "mrinstruments_qtl", "generic",
    }  # fmt: skip


@pytest.mark.parametrize("name", list(FORMATS))
def test_format__knows_only_our_names(name):
    fmt = FORMATS[name]
    header = sorted({spelling for signature in fmt.signature for spelling in signature})
    found = fmt.columns(header, "outcome")
    assert {ours for ours in found if not ours.startswith("_")} <= set(OUR_NAMES)
    assert set(found.values()) <= set(header)


def test_spelling__hash_before_the_first_name():
    spelling = Spelling({"chromosome": ("CHROM",), "position": ("POS", "BP")})
    assert spelling.columns(["#CHROM", "BP"], "outcome") == {"chromosome": "#CHROM", "position": "BP"}
    assert bare(["#CHROM", "CHROM"]) == {"CHROM": "#CHROM"}


def test_spelling__stand_ins_for_messages():
    spelling = Spelling({"odds_ratio": ("OR",), "z": ("Zscore",), "neg_log_10_p_value": ("LOG10P",)})
    assert spelling.expected("beta", "outcome") == "OR"
    assert spelling.expected("se", "outcome") == "se"  # a z alone gives none: not a column that is missing
    assert spelling.expected("p_value", "outcome") == "LOG10P"
    assert spelling.expected("eaf", "outcome") == "eaf"


def test_n_of_parts__only_where_both_are_there():
    assert with_n_of_parts({"n_cases": "a"}) == {"n_cases": "a"}
    assert with_n_of_parts({"n_cases": "a", "n_controls": "b", "n": "c"})["n"] == "c"
    assert with_n_of_parts({"n_cases": "a", "n_controls": "b"})["_n_controls"] == "b"


def test_reference_page__has_a_row_for_each_format_as_registered():
    page = (Path(__file__).parents[4] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| `")}
    for name, fmt in FORMATS.items():
        cells = [cell.strip() for cell in rows[f"`{name}`"].strip("|").split("|")]
        assert (cells[1], cells[2], cells[-1]) == (fmt.label, fmt.effect, fmt.source)
        assert all(cells)
