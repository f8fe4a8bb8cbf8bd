"""Two traits at the same variants and alleles; every instrument that is lost has a reason."""

import numpy as np
import pytest

from osteobiome.core.errors import GenomeBuildError, HarmonisationError
from osteobiome.sumstats import PalindromeOptions, harmonise, identity, read_sumstats

NO_PLACE = ("chromosome", "base_pair_location")
SWAPPED = {"effect_allele": "G", "other_allele": "A", "beta": "-0.1", "effect_allele_frequency": "0.7"}
OTHER_STRAND = {"effect_allele": "T", "other_allele": "C"}


def alleles(effect, other, beta="0.1", eaf="0.3"):
    return {"effect_allele": effect, "other_allele": other, "beta": beta, "effect_allele_frequency": eaf}


def signs(pair):
    """Return rsid and the direction in which both effects point."""
    return {
        rsid: round(x * y / 0.01) for rsid, x, y in pair.frame.select("rsid", "beta_exposure", "beta_outcome").rows()
    }


@pytest.mark.parametrize(
    ("outcome", "sign"),
    [
        ({}, 1),
        (SWAPPED, 1),
        (OTHER_STRAND, 1),
        (alleles("G", "A"), -1),
        (alleles("C", "T"), -1),
        (alleles("C", "T", "-0.1"), 1),
    ],
)
def test_harmonise__order_and_strand_of_alleles(gwas, outcome, sign):
    pair = harmonise(gwas({}), gwas(outcome))
    assert signs(pair) == {"rs1": sign}
    assert pair.rows.dropped == ()
    assert pair.frame["matched_by"].to_list() == ["position"]
    assert pair.frame["sign"].to_list() == [1]


def test_harmonise__columns_of_both_traits(gwas):
    pair = harmonise(
        gwas({"standard_error": "0.02", "p_value": "1e-400"}, trait_id="bmi"),
        gwas({"standard_error": "0.03", **SWAPPED}, trait_id="bmd"),
    )
    row = pair.frame.row(0, named=True)
    assert (row["se_exposure"], row["se_outcome"]) == (0.02, 0.03)
    assert row["neg_log_10_p_value_exposure"] == 400.0
    assert row["eaf_exposure"] == pytest.approx(0.3)
    assert row["eaf_outcome"] == pytest.approx(0.3)
    assert (pair.rows.subject, pair.rows.step) == ("bmi -> bmd", "harmonise")


def test_harmonise__multi_allelic_site_is_matched_by_alleles(gwas):
    outcome = gwas({"other_allele": "C", "beta": "0.2"}, {"other_allele": "G", "beta": "0.3"}, {"other_allele": "T"})
    pair = harmonise(gwas({}), outcome)
    assert pair.frame["beta_outcome"].to_list() == [0.3]


def test_harmonise__not_in_outcome_and_other_alleles_are_told_apart(gwas):
    exposure = gwas(
        {"rsid": "rs1", "base_pair_location": "100"},
        {"rsid": "rs2", "base_pair_location": "200"},
        {"rsid": "rs3", "base_pair_location": "300"},
        {"rsid": "rs4", "base_pair_location": "400"},
    )
    outcome = gwas(
        {"rsid": "rs2", "base_pair_location": "200", "other_allele": "C"},  # same place and name, other alleles
        {"rsid": "rs9", "base_pair_location": "300", "other_allele": "C"},  # same place, other name and alleles
        {"rsid": "rs4", "base_pair_location": "400"},
    )
    pair = harmonise(exposure, outcome)
    assert pair.rows.by_reason() == {"allele_mismatch": 2, "not_in_outcome": 1}
    assert {drop.reason: (drop.lines, drop.examples, drop.kind) for drop in pair.rows.dropped} == {
        "allele_mismatch": ((3, 4), ("rs2", "rs3"), "fault"),
        "not_in_outcome": ((2,), ("rs1",), "policy"),
    }


@pytest.mark.parametrize(("exposure_drop", "outcome_drop"), [(NO_PLACE, NO_PLACE), (NO_PLACE, ()), ((), NO_PLACE)])
@pytest.mark.parametrize("outcome", [{}, SWAPPED, OTHER_STRAND])
def test_harmonise__by_identifier_where_a_table_has_no_positions(gwas, exposure_drop, outcome_drop, outcome):
    pair = harmonise(gwas({}, drop=exposure_drop), gwas(outcome, drop=outcome_drop))
    assert signs(pair) == {"rs1": 1}
    assert pair.frame["matched_by"].to_list() == ["rsid"]


@pytest.mark.parametrize("name", ["RS1", "Rs1"])
def test_harmonise__rs_numbers_are_compared_as_numbers(gwas, name):
    assert harmonise(gwas({}, drop=NO_PLACE), gwas({"rsid": name}, drop=NO_PLACE)).frame.height == 1


def test_harmonise__by_names_that_are_no_rs_numbers(gwas):
    pair = harmonise(gwas({"rsid": "1:100:A:G"}, drop=NO_PLACE), gwas({"rsid": "1:100:A:G"}))
    assert pair.frame.height == 1
    assert dict(pair.rows.notes)["matched_by_rsid"] == 1


def test_harmonise__same_name_at_another_place_is_matched_and_noted(gwas):
    pair = harmonise(gwas({}), gwas({"base_pair_location": "101"}))
    assert pair.frame.height == 1
    assert dict(pair.rows.notes) == {"matched_by_rsid": 1, "rsid_at_another_position": 1}


def test_harmonise__place_wins_over_name(gwas):
    outcome = gwas({"rsid": "rs9", "beta": "0.2"}, {"base_pair_location": "555", "beta": "0.3"})
    assert harmonise(gwas({}), outcome).frame["beta_outcome"].to_list() == [0.2]


def test_harmonise__one_name_for_several_variants_of_the_outcome(gwas):
    outcome = gwas({"base_pair_location": "7"}, {"base_pair_location": "8", "beta": "0.2"})
    pair = harmonise(gwas({}, drop=NO_PLACE), outcome)
    assert pair.frame.height == 0
    assert pair.rows.by_reason() == {"ambiguous_identifier": 1}


def test_harmonise__one_name_for_several_variants_of_the_exposure(gwas):
    """One row of the outcome must not be used twice: the instrument would count double."""
    exposure = gwas({"base_pair_location": "7"}, {"base_pair_location": "8", "beta": "0.2"})
    pair = harmonise(exposure, gwas({}, drop=NO_PLACE))
    assert pair.frame.height == 0
    assert pair.rows.by_reason() == {"ambiguous_identifier": 2}


def test_harmonise__name_with_one_matching_and_one_other_allele_is_not_ambiguous(gwas):
    outcome = gwas({"base_pair_location": "7"}, {"base_pair_location": "8", "other_allele": "C"})
    assert harmonise(gwas({}, drop=NO_PLACE), outcome).frame.height == 1


@pytest.mark.parametrize("drop", [(), NO_PLACE])
@pytest.mark.parametrize(
    ("outcome", "sign"),
    [
        (alleles("CAT", "C"), 1),
        (alleles("C", "CAT"), -1),
        (alleles("CATG", "CG"), 1),  # a shared base at the end
        (alleles("GTA", "G"), 0),  # the other strand: never tried
        (alleles("CA", "C"), 0),
        (alleles("I", "D"), None),
    ],
)
def test_harmonise__indels_match_exactly(gwas, drop, outcome, sign):
    pair = harmonise(gwas(alleles("CAT", "C"), drop=drop), gwas(outcome, drop=drop))
    if sign:
        assert signs(pair) == {"rs1": sign}
    else:
        reason = "not_in_outcome" if sign is None else "allele_mismatch"
        assert pair.rows.by_reason() == {reason: 1}


def test_harmonise__indel_written_one_base_to_the_left(gwas):
    outcome = gwas(alleles("GCAT", "GC") | {"base_pair_location": "99"})
    assert signs(harmonise(gwas(alleles("CAT", "C")), outcome)) == {"rs1": 1}


PALINDROMES = [
    # exposure A/T with frequency; outcome alleles with frequency; sign by policy: frequency, keep_forward
    ("0.2", alleles("A", "T", eaf="0.25"), 1, 1),
    ("0.2", alleles("T", "A", eaf="0.75"), -1, -1),
    ("0.2", alleles("T", "A", eaf="0.25"), 1, -1),
    ("0.2", alleles("A", "T", eaf="0.75"), -1, 1),
    ("0.8", alleles("A", "T", eaf="0.9"), 1, 1),
    ("0.2", alleles("A", "T", eaf="0.45"), "palindromic_ambiguous_frequency", 1),
    ("0.5", alleles("A", "T", eaf="0.2"), "palindromic_ambiguous_frequency", 1),
    ("NA", alleles("A", "T", eaf="0.2"), "palindromic_without_frequency", 1),
    ("0.2", alleles("A", "T", eaf="NA"), "palindromic_without_frequency", 1),
    ("NA", alleles("T", "A", eaf="NA"), "palindromic_without_frequency", -1),
]


@pytest.mark.parametrize(("eaf", "outcome", "by_frequency", "forward"), PALINDROMES)
def test_palindromes__three_policies(gwas, eaf, outcome, by_frequency, forward):
    exposure, other = gwas(alleles("A", "T", eaf=eaf)), gwas(outcome)
    pair = harmonise(exposure, other)
    if isinstance(by_frequency, str):
        assert pair.rows.by_reason() == {by_frequency: 1}
        assert pair.rows.dropped[0].kind == "policy"
    else:
        assert signs(pair) == {"rs1": by_frequency}
        assert dict(pair.rows.notes)["palindromic_kept_by_frequency"] == 1
        assert pair.frame["eaf_outcome"].item() == pytest.approx(float(eaf), abs=0.11)  # now of the same allele
    assert signs(harmonise(exposure, other, palindromes=PalindromeOptions("keep_forward"))) == {"rs1": forward}
    dropped = harmonise(exposure, other, palindromes=PalindromeOptions("drop"))
    assert dropped.rows.by_reason() == {"palindromic": 1}


def test_palindromes__turned_ones_are_counted(gwas):
    pair = harmonise(gwas(alleles("A", "T", eaf="0.2")), gwas(alleles("A", "T", eaf="0.8")))
    assert dict(pair.rows.notes) == {"palindromic_kept_by_frequency": 1, "palindromic_turned": 1}
    assert pair.frame["sign"].to_list() == [-1]


def test_palindromes__other_variants_need_no_frequency(gwas):
    assert harmonise(gwas(alleles("A", "G", eaf="NA")), gwas(alleles("A", "G", eaf="0.5"))).frame.height == 1


@pytest.mark.parametrize("edge", ["0.42", "0.58"])
@pytest.mark.parametrize("exposure_turned", [False, True])
@pytest.mark.parametrize("outcome_turned", [False, True])
def test_palindromes__a_frequency_on_the_edge_decides_however_it_is_written(
    gwas, edge, exposure_turned, outcome_turned
):
    """The interval is open, so 0.42 and 0.58 decide; 1 - 0.58 in floating point must not fall inside."""
    plain = alleles("A", "T", eaf=edge)
    turned = alleles("T", "A", "-0.1", eaf=f"{1 - float(edge):.2f}")
    pair = harmonise(gwas(turned if exposure_turned else plain), gwas(turned if outcome_turned else plain))
    assert pair.rows.by_reason() == {}
    assert signs(pair) == {"rs1": 1}


def test_palindromes__the_interval_is_an_option(gwas):
    options = PalindromeOptions(drop_between=(0.1, 0.9))
    pair = harmonise(gwas(alleles("A", "T", eaf="0.2")), gwas(alleles("A", "T", eaf="0.2")), palindromes=options)
    assert pair.rows.by_reason() == {"palindromic_ambiguous_frequency": 1}


@pytest.mark.parametrize("interval", [(0.5, 0.58), (0.42, 0.5), (0.6, 0.4), (-0.1, 0.6), (0.4, 1.1), (0.1, 0.2)])
def test_palindromes__an_interval_without_one_half_is_refused(interval):
    with pytest.raises(HarmonisationError, match="drop_between"):
        PalindromeOptions(drop_between=interval)


def test_palindromes__a_table_harmonised_by_its_authors_is_not_questioned(write):
    path = write(
        "SNP,effect_allele.exposure,other_allele.exposure,effect_allele.outcome,other_allele.outcome,"
        "beta.exposure,se.exposure,beta.outcome,se.outcome,eaf.exposure,eaf.outcome,mr_keep\n"
        "rs1,A,T,A,T,0.1,0.05,0.1,0.1,0.5,0.5,TRUE\n"
        "rs2,C,G,C,G,0.1,0.05,0.1,0.1,0.2,0.8,TRUE\n"
        "rs3,A,G,A,G,0.1,0.05,0.1,0.1,0.2,0.2,FALSE\n"
    )
    exposure, outcome = (
        read_sumstats(path, file_format="twosamplemr_harmonised", trait_id=side, side=side)
        for side in ("exposure", "outcome")
    )
    pair = harmonise(exposure, outcome, palindromes=PalindromeOptions("drop"))
    assert signs(pair) == {"rs1": 1, "rs2": 1}
    assert dict(pair.rows.notes) == {"palindromic_taken_as_aligned": 2}


def test_palindromes__tables_from_two_files_are_questioned_even_if_each_is_prealigned(write):
    text = (
        "SNP,effect_allele.exposure,other_allele.exposure,effect_allele.outcome,other_allele.outcome,"
        "beta.exposure,se.exposure,beta.outcome,se.outcome,mr_keep\nrs1,A,T,A,T,0.1,0.05,0.1,0.1,TRUE\n"
    )
    exposure = read_sumstats(write(text, "a.csv"), file_format="twosamplemr_harmonised", trait_id="x", side="exposure")
    outcome = read_sumstats(
        write(text + "rs2,A,G,A,G,0.1,0.05,0.1,0.1,TRUE\n", "b.csv"),
        file_format="twosamplemr_harmonised",
        trait_id="y",
        side="outcome",
    )
    assert harmonise(exposure, outcome).rows.by_reason() == {"palindromic_without_frequency": 1}


def test_harmonise__different_builds_raise(gwas):
    with pytest.raises(GenomeBuildError) as caught:
        harmonise(gwas({}, genome_build="GRCh37", trait_id="bmi"), gwas({}, genome_build="GRCh38", trait_id="bmd"))
    (fault,) = caught.value.faults
    assert fault.where == "bmi and bmd"
    assert fault.found == "GRCh37 and GRCh38"


def test_harmonise__build_of_a_table_without_positions_plays_no_part(gwas):
    pair = harmonise(gwas({}, genome_build="GRCh37"), gwas({}, genome_build="GRCh38", drop=NO_PLACE))
    assert pair.frame.height == 1


def test_harmonise__nothing_in_common_and_empty_tables(gwas):
    some, none = gwas({}), gwas({"beta": "NA"})
    assert harmonise(some, none).rows.by_reason() == {"not_in_outcome": 1}
    pair = harmonise(none, some)
    assert (pair.rows.n_in, pair.frame.height) == (0, 0)
    assert pair.frame.columns[0] == "rsid"


def test_harmonise__variants_come_in_the_order_of_the_genome(gwas):
    rows = [
        {"rsid": "rs3", "chromosome": "10", "base_pair_location": "5"},
        {"rsid": "rs2", "chromosome": "9", "base_pair_location": "900"},
        {"rsid": "rs1", "chromosome": "9", "base_pair_location": "80"},
    ]
    assert harmonise(gwas(*rows), gwas(*rows[::-1])).frame["rsid"].to_list() == ["rs1", "rs2", "rs3"]


def test_harmonise__hashes_of_two_different_indels_that_collide_are_fatal(gwas, monkeypatch):
    """Each table is sound by itself; only together do the two variants look like one."""
    monkeypatch.setattr(identity, "_hashes", lambda texts: np.full(len(texts), 7, dtype=np.uint64))
    exposure, outcome = gwas(alleles("CAT", "C")), gwas(alleles("GTT", "G"))
    with pytest.raises(HarmonisationError, match="two different variants with one key"):
        harmonise(exposure, outcome)
