"""What every registered file format must do: read a small file, and miss columns in its own spelling.

The same three rows are written as each format has them. Most formats give a column to each number; those that pack
several into one (``PACKED``) are written by a function of their own.
"""

import gzip
import math

import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.core.schema import polars_schema
from osteobiome.sumstats import FORMATS, harmonise, read_sumstats
from osteobiome.sumstats.sniffing import sniff

SIDES = ("exposure", "outcome")
OUR_COLUMNS = ("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf", "p_value", "n")
ROWS = (
    ("rs1", "1", "100", "A", "G", "0.1", "0.05", "0.3", "0.0455", "1000"),
    ("rs2", "X", "200", "T", "C", "-0.2", "0.05", "0.4", "6.3e-5", "1000"),
    ("rs3", "3", "300", "CAT", "C", "0.3", "0.05", "NA", "NA", "NA"),
)
BY_NAME = [dict(zip(OUR_COLUMNS, row, strict=True)) for row in ROWS]
LOGS = ("1.3419886033", "4.2006594505", "NA")
"""Minus log10 of 0.0455 and 6.3e-5."""


def neale_lab(row, _):
    alleles = f"{row['other_allele']}:{row['effect_allele']}"
    is_minor = row["eaf"] != "0.4"  # rs2: the minor allele is the other one
    return {
        "variant": f"{row['chromosome']}:{row['position']}:{alleles}",
        "rsid": row["rsid"],
        "minor_allele": row["effect_allele"] if is_minor else row["other_allele"],
        "minor_AF": row["eaf"] if is_minor else "0.6",
        "low_confidence_variant": "false",
        "n_complete_samples": row["n"],
        "beta": row["beta"],
        "se": row["se"],
        "pval": row["p_value"],
    }


def epacts(row, _):
    place, known = f"{row['chromosome']}:{row['position']}", row["eaf"] != "NA"
    return {
        "#CHROM": row["chromosome"],
        "BEG": row["position"],
        "END": row["position"],
        "MARKER_ID": f"{place}_{row['other_allele']}/{row['effect_allele']}_{row['rsid']}",
        "NS": row["n"],
        "AC": f"{2000 * float(row['eaf']):.0f}" if known else "NA",
        "BETA": row["beta"],
        "SEBETA": row["se"],
        "PVALUE": row["p_value"],
    }


def gentropy(row, _):
    mantissa, _, exponent = ("", "", "") if row["p_value"] == "NA" else f"{float(row['p_value']):e}".partition("e")
    return {
        "studyId": "s",
        "variantId": "_".join((row["chromosome"], row["position"], row["other_allele"], row["effect_allele"])),
        "chromosome": row["chromosome"],
        "position": row["position"],
        "beta": row["beta"],
        "standardError": row["se"],
        "pValueMantissa": mantissa,
        "pValueExponent": exponent,
        "effectAlleleFrequencyFromSource": row["eaf"],
        "sampleSize": row["n"],
    }


def gwas_vcf(row, log):
    values = {"ES": row["beta"], "SE": row["se"], "LP": log, "AF": row["eaf"], "SS": row["n"]}
    return {
        "#CHROM": row["chromosome"],
        "POS": row["position"],
        "ID": row["rsid"],
        "REF": row["other_allele"],
        "ALT": row["effect_allele"],
        "QUAL": ".",
        "FILTER": "PASS",
        "INFO": ".",
        "FORMAT": ":".join(values),
        "trait": ":".join(value.replace("NA", ".") for value in values.values()),
    }


def ldsc(row, _):
    """Z and frequency stand in for effects: the effect that belongs to them is checked in a test of its own."""
    z = float(row["beta"]) / float(row["se"])
    return {
        "SNP": row["rsid"],
        "A1": row["effect_allele"],
        "A2": row["other_allele"],
        "N": "1000",
        "Z": f"{z:g}",
        "FRQ": row["eaf"].replace("NA", "0.5"),
    }


PACKED = {
    # name: (a row as this format has it, {our column: column that must not be missing})
    "neale_lab": (neale_lab, {"effect_allele": "variant", "other_allele": "variant", "beta": "beta"}),
    "epacts": (epacts, {"effect_allele": "MARKER_ID", "other_allele": "MARKER_ID", "beta": "BETA"}),
    "gentropy": (gentropy, {"effect_allele": "variantId", "other_allele": "variantId", "beta": "beta"}),
    "gwas_vcf": (gwas_vcf, {"effect_allele": "ALT", "other_allele": "REF"}),
    "ldsc": (ldsc, {"effect_allele": "A1", "other_allele": "A2"}),
}
PLAIN = tuple(name for name in FORMATS if name not in PACKED)


def plain(name, without, sides):
    """Return the cells of each column of a plain format; two-trait formats get both halves, others one."""
    fmt, columns = FORMATS[name], {}
    for side in sides if fmt.is_prealigned else sides[-1:]:
        for i, ours in enumerate(OUR_COLUMNS):
            theirs = fmt.expected(ours, side)
            is_log = ours == "p_value" and "neg_log_10_p_value" in fmt.columns([theirs], side)
            if ours not in without:
                columns.setdefault(theirs, list(LOGS) if is_log else [row[i] for row in ROWS])
    return columns


def content(name, *, without=(), sides=SIDES, separator="\t"):
    """Return a table in a format's own spelling, without some of our columns."""
    if name in PACKED:
        write, needed = PACKED[name]
        rows = [write(row, log) for row, log in zip(BY_NAME, LOGS, strict=True)]
        left_out = {needed[column] for column in without}
        columns = {theirs: [row[theirs] for row in rows] for theirs in rows[0] if theirs not in left_out}
    else:
        columns = plain(name, without, sides)
    lines = [separator.join(columns), *(separator.join(cells) for cells in zip(*columns.values(), strict=True))]
    return "\n".join(lines) + "\n"


@pytest.fixture
def read(tmp_path):
    """Return a function that reads text as a named format, or as the one that its header tells."""

    def read(text, name=None, *, side="outcome", suffix="tsv", **options):
        path = tmp_path / f"trait.{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_sumstats(path, file_format=name, trait_id="trait", side=side, **options)

    return read


def check_rows(stats, name):
    """The three rows with their signs, alleles, p values and what is missing."""
    frame = stats.frame.sort("variant_key" if name != "ldsc" else pl.col("rsid").replace({"rs3": "rs1.5"}))
    assert dict(frame.schema) == polars_schema("variants")
    names = ["1_100_G_A", "3_300_C_CAT", "X_200_C_T"] if name == "gentropy" else ["rs1", "rs3", "rs2"]
    assert frame["rsid"].to_list() == names
    has_place = name != "ldsc"
    assert frame["chromosome"].to_list() == ([1, 3, 23] if has_place else [None] * 3)
    assert frame["position"].to_list() == ([100, 300, 200] if has_place else [None] * 3)
    assert frame["effect_allele"].to_list() == ["A", "C", "T"]
    assert frame["other_allele"].to_list() == ["G", "CAT", "C"]
    if name != "ldsc":
        assert frame["beta"].to_list() == [0.1, -0.3, -0.2]
        assert frame["se"].to_list() == [0.05] * 3
        assert frame["eaf"].to_list() == [pytest.approx(0.3), None, pytest.approx(0.4)]
        assert frame["n"].to_list() == [1000.0, None, 1000.0]
        assert frame["is_p_derived"].to_list() == [False, True, False]
        assert not frame["is_beta_derived"].any()
        assert not frame["is_se_derived"].any()
        assert frame["neg_log_10_p_value"].to_list() == pytest.approx([1.34199, 8.7048, 4.20066], abs=1e-3)
    assert stats.rows.dropped == ()


def test_formats__are_all_covered():
    """Each is plain or packed; a new one that is neither would pass no test here."""
    assert set(PACKED) | set(PLAIN) == set(FORMATS)
    assert len(FORMATS) == 27


@pytest.mark.parametrize("name", FORMATS)
def test_format__reads_a_small_file(read, name):
    stats = read(content(name), name, genome_build="GRCh38")
    check_rows(stats, name)
    assert stats.genome_build == ("" if name == "ldsc" else "GRCh38")
    assert bool(stats.alignment) == FORMATS[name].is_prealigned


SAME_COLUMNS = {
    "dutch_microbiome": "gwas_ssf",
    "mrbase_instruments": "twosamplemr",
    "mrinstruments_qtl": "twosamplemr",
    "osteobiome": "generic",
    "plink1": "generic",
}
"""Where the columns that all formats have do not tell one format from another."""


@pytest.mark.parametrize("name", FORMATS)
def test_format__is_told_by_its_header(read, name):
    text = content(name, sides=("outcome", "exposure") if name == "mrbase_instruments" else SIDES)
    found = sniff(text.splitlines()[0].split("\t"))
    assert found.name == SAME_COLUMNS.get(name, name)
    stats = read(text, side="exposure" if name == "mrbase_instruments" else "outcome")
    if found.name == name:
        check_rows(stats, name)
    assert stats.frame.height == 3
    if name != "ldsc":
        assert sorted(stats.frame["beta"]) == [-0.3, -0.2, 0.1]


@pytest.mark.parametrize("name", ["gwas_ssf", "twosamplemr_harmonised"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("separator", "compress"), [(",", False), ("\t", True), (" ", False), (";", True)])
def test_format__separator_and_container_do_not_matter(read, name, side, separator, compress):
    data = content(name, sides=("exposure", side), separator=separator).encode()
    check_rows(read(gzip.compress(data) if compress else data, name, side=side), name)


def missing():
    for name in FORMATS:
        needed = PACKED[name][1] if name in PACKED else ("effect_allele", "other_allele", "beta")
        yield from ((name, column) for column in needed)


@pytest.mark.parametrize(("name", "column"), [*missing()])
def test_format__missing_column_is_named_in_its_own_spelling(read, name, column):
    with pytest.raises(SchemaError) as caught:
        read(content(name, without=(column,)), name)
    spelt = FORMATS[name].expected(column, "outcome")
    faults = {fault.code: fault for fault in caught.value.faults}
    assert f"no_{column}_column" in faults
    assert faults[f"no_{column}_column"].found == f"no column '{spelt}'"
    assert name in faults[f"no_{column}_column"].expected
    packed = [ours for ours, theirs in PACKED.get(name, (None, {}))[1].items() if theirs == spelt]
    assert {f"no_{ours}_column" for ours in packed or [column]} <= set(faults)


@pytest.mark.parametrize("name", PLAIN)
def test_format__computes_the_standard_error_from_p(read, name):
    stats = read(content(name, without=("se",)), name)
    frame = stats.frame.sort("rsid")
    assert frame["rsid"].to_list() == ["rs1", "rs2"]  # rs3 has no p
    assert frame["se"].to_list() == pytest.approx([0.05, 0.05], rel=2e-3)
    assert frame["is_se_derived"].all()
    assert stats.rows.by_reason() == {"missing_se": 1}


@pytest.mark.parametrize("name", PLAIN)
def test_format__without_se_and_p_is_refused(read, name):
    with pytest.raises(SchemaError) as caught:
        read(content(name, without=("se", "p_value")), name)
    assert [fault.code for fault in caught.value.faults] == ["no_se_column"]


@pytest.mark.parametrize("name", PLAIN)
def test_format__columns_that_may_be_missing(read, name):
    frame = read(content(name, without=("eaf", "p_value", "n", "chromosome", "position")), name).frame
    assert frame.height == 3
    assert frame["is_p_derived"].all()
    for column in ("eaf", "n", "chromosome", "position"):
        assert frame[column].null_count() == 3


@pytest.mark.parametrize("name", PLAIN)
def test_format__nothing_to_know_a_variant_by(read, name):
    with pytest.raises(SchemaError) as caught:
        read(content(name, without=("rsid", "position")), name)
    assert [fault.code for fault in caught.value.faults] == ["no_rsid_column"]


def test_ldsc__effect_and_error_follow_from_z(read):
    r"""Zhu et al. 2016: :math:`s = 1/\sqrt{2 f (1 - f)(n + z^2)}`, :math:`\beta = z s`."""
    frame = read(content("ldsc"), "ldsc").frame.sort("rsid")
    for z, f, beta, se in zip((2, -4, -6), (0.3, 0.4, 0.5), frame["beta"], frame["se"], strict=True):
        s = 1 / math.sqrt(2 * f * (1 - f) * (1000 + z**2))
        assert (beta, se) == (pytest.approx(z * s), pytest.approx(s))
    assert frame["is_beta_derived"].all()
    assert frame["is_se_derived"].all()


@pytest.mark.parametrize("ratio", ["odds_ratio", "hazard_ratio"])
def test_generic__effect_from_a_ratio_and_error_from_its_interval(read, ratio):
    """Ratio e with interval from 1 to e²: effect 1, half width 1, so the error is 1 / 1.96."""
    text = f"rsid\teffect_allele\tother_allele\t{ratio}\tci_lower\tci_upper\nrs1\tA\tG\t2.718281828\t1\t7.389056099\n"
    frame = read(text, "generic").frame
    assert frame["beta"].to_list() == pytest.approx([1.0])
    assert frame["se"].to_list() == pytest.approx([1 / 1.959964], rel=1e-6)
    assert (frame["is_beta_derived"][0], frame["is_se_derived"][0]) == (True, True)


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].is_prealigned] + ["gwas_ssf", "gwas_vcf"])
def test_format__two_traits_meet(read, name):
    exposure = read(content(name, sides=("outcome", "exposure")), name, side="exposure", genome_build="GRCh37")
    outcome = read(content(name), name, genome_build="GRCh37")
    pair = harmonise(exposure, outcome)
    assert pair.frame.height == 3
    assert (pair.frame["beta_exposure"] == pair.frame["beta_outcome"]).all()


@pytest.mark.parametrize("name", FORMATS)
def test_format__entry_is_filled_in(name):
    fmt = FORMATS[name]
    assert fmt.name == name
    assert fmt.label
    assert fmt.effect
    assert fmt.source
    for side in SIDES:
        assert fmt.expected("effect_allele", side)
        assert fmt.columns(["nothing", "known"], side) == {}
