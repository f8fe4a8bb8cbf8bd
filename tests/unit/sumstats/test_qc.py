"""Row checks: each kind of bad row is dropped once, with its line and the value found there."""

import numpy as np
import polars as pl
import pytest

from osteobiome.core.rows import RowLedger
from osteobiome.core.text import reason
from osteobiome.sumstats import identity
from osteobiome.sumstats.qc import FAULT_REASONS, drop_duplicates, split
from osteobiome.sumstats.reading import LINE

BAD = [
    ({"rsid": "", "chromosome": "NA"}, "empty_id", ""),
    ({"rsid": "NA", "base_pair_location": "0"}, "empty_id", "NA"),
    ({"effect_allele": ""}, "missing_allele", ""),
    ({"other_allele": "NA"}, "missing_allele", "NA"),
    ({"other_allele": "G,T"}, "multiple_alleles", "G,T"),
    ({"effect_allele": "N"}, "bad_allele", "N"),
    ({"effect_allele": "<DEL>"}, "bad_allele", "<DEL>"),
    ({"other_allele": "I"}, "bad_allele", "I"),
    ({"other_allele": "a"}, "same_allele", "A"),
    ({"beta": "NA"}, "missing_beta", "NA"),
    ({"beta": "x"}, "non_numeric_beta", "x"),
    ({"beta": "inf"}, "infinite_beta", "inf"),
    ({"standard_error": ".", "p_value": "NA"}, "missing_se", "."),
    ({"standard_error": "x"}, "non_numeric_se", "x"),
    ({"standard_error": "1,5"}, "decimal_comma", "1,5"),
    ({"beta": "\u22120.1"}, "unicode_minus", "\u22120.1"),
    ({"beta": "beta", "standard_error": "standard_error"}, "repeated_header", "beta"),
    ({"base_pair_location": "249250622"}, "position_beyond_chromosome", "249250622"),
    ({"standard_error": "Inf"}, "infinite_se", "Inf"),
    ({"standard_error": "0"}, "non_positive_se", "0"),
    ({"standard_error": "-0.1"}, "non_positive_se", "-0.1"),
    ({"effect_allele_frequency": "x"}, "non_numeric_eaf", "x"),
    ({"effect_allele_frequency": "inf"}, "infinite_eaf", "inf"),
    ({"effect_allele_frequency": "1.01"}, "eaf_out_of_range", "1.01"),
    ({"effect_allele_frequency": "-0.01"}, "eaf_out_of_range", "-0.01"),
    ({"p_value": "x"}, "non_numeric_p_value", "x"),
    ({"p_value": "1.5"}, "p_out_of_range", "1.5"),
    ({"p_value": "-0.1"}, "p_out_of_range", "-0.1"),
    ({"n": "many"}, "non_numeric_n", "many"),
    ({"n": "inf"}, "infinite_n", "inf"),
    ({"n": "0"}, "n_not_positive", "0"),
]
GOOD = {"rsid": "rs2", "base_pair_location": "200"}
HEADER_WITH_N = (
    "rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value", "n",
)  # fmt: skip


@pytest.mark.parametrize(("change", "reason", "example"), BAD, ids=[f"{b[1]}-{b[2]}" for b in BAD])
def test_text_checks__each_fault_has_a_reason_a_line_and_a_value(gwas, change, reason, example):
    stats = gwas(GOOD, change, header=HEADER_WITH_N)
    assert stats.frame["rsid"].to_list() == ["rs2"]
    (drop,) = stats.rows.dropped
    assert (drop.reason, drop.count, drop.lines, drop.kind) == (reason, 1, (3,), "fault")
    assert drop.examples == (example,)


@pytest.mark.parametrize(
    "change",
    [
        {"effect_allele_frequency": "0"},
        {"effect_allele_frequency": "1"},
        {"effect_allele_frequency": "NA"},
        {"p_value": "NA"},
        {"p_value": "1"},
        {"n": "NA"},
        {"rsid": "NA"},
        {"chromosome": "NA"},
        {"effect_allele": "a"},
        {"beta": "0"},
        {"effect_allele": "ACGT"},
    ],
)
def test_text_checks__what_may_be_missing_or_extreme(gwas, change):
    assert gwas(change, header=HEADER_WITH_N).rows.dropped == ()


def test_text_checks__first_fault_counts_and_rows_are_counted_once(gwas):
    stats = gwas({"effect_allele": "N", "beta": "NA", "standard_error": "0"}, {"beta": "NA", "standard_error": "0"})
    assert stats.rows.by_reason() == {"bad_allele": 1, "missing_beta": 1}
    assert stats.frame.height == 0


def test_text_checks__one_reason_for_either_allele(gwas):
    stats = gwas({"other_allele": "N"}, {"effect_allele": "N"}, {"effect_allele": "N"})
    (drop,) = stats.rows.dropped
    assert (drop.reason, drop.count, drop.lines) == ("bad_allele", 3, (2, 3, 4))


ODDS = (
    "rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "odds_ratio", "standard_error",
    "neg_log_10_p_value",
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"odds_ratio": "0"}, "odds_ratio_not_positive"),
        ({"odds_ratio": "-1"}, "odds_ratio_not_positive"),
        ({"odds_ratio": "NA"}, "missing_odds_ratio"),
        ({"odds_ratio": "x"}, "non_numeric_odds_ratio"),
        ({"odds_ratio": "inf"}, "infinite_odds_ratio"),
        ({"neg_log_10_p_value": "-1"}, "p_out_of_range"),
        ({"neg_log_10_p_value": "inf"}, "infinite_neg_log_10_p_value"),
        ({"neg_log_10_p_value": "x"}, "non_numeric_neg_log_10_p_value"),
    ],
)
def test_text_checks__odds_ratio_and_log_p(gwas, change, reason):
    stats = gwas({"odds_ratio": "2", "neg_log_10_p_value": "400"} | change, header=ODDS)
    assert stats.rows.by_reason() == {reason: 1}


def numbered(**columns):
    table = pl.DataFrame(columns)
    return table.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(LINE))


def test_split__nothing_bad_returns_the_table_itself():
    table = numbered(x=["1", "2"])
    assert split(table, [("never", pl.lit(value=False), "x")], RowLedger("t", "s", 2)) is table


def test_split__null_is_not_true():
    table = numbered(x=["1", None])
    assert split(table, [("bad", pl.col("x") == "2", "x")], RowLedger("t", "s", 2)).height == 2


def test_split__shows_at_most_twenty_lines():
    ledger = RowLedger("t", "s", 50)
    kept = split(numbered(x=["1"] * 50), [("bad", pl.col("x") == "1", "x")], ledger)
    report = ledger.close(kept.height)
    assert report.dropped[0].count == 50
    assert report.dropped[0].lines == tuple(range(2, 22))


def test_split__column_that_does_not_exist_shows_nothing():
    ledger = RowLedger("t", "s", 1)
    split(numbered(x=["1"]), [("bad", pl.col("x") == "1", "y")], ledger, kind="policy")
    (drop,) = ledger.close(0).dropped
    assert drop.examples == ("",)
    assert drop.kind == "policy"


def test_duplicates__identical_rows_are_one(gwas):
    stats = gwas({}, {}, {"effect_allele": "T", "other_allele": "C"})
    assert stats.rows.by_reason() == {"duplicate": 2}
    assert stats.frame["line"].to_list() == [2]


@pytest.mark.parametrize("frequency", ["0.3", "0.1", "0.37", "NA"])
def test_duplicates__the_same_row_written_the_other_way_round(gwas, frequency):
    turned = "NA" if frequency == "NA" else str(round(1 - float(frequency), 6))
    stats = gwas(
        {"effect_allele_frequency": frequency},
        {"effect_allele": "G", "other_allele": "A", "beta": "-0.1", "effect_allele_frequency": turned},
    )
    assert stats.rows.by_reason() == {"duplicate": 1}


def test_duplicates__zero_effect_turned_is_still_zero(gwas):
    stats = gwas(
        {"beta": "0"}, {"beta": "0", "effect_allele": "G", "other_allele": "A", "effect_allele_frequency": "0.7"}
    )
    assert stats.rows.by_reason() == {"duplicate": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"beta": "0.2"},
        {"standard_error": "0.06"},
        {"p_value": "0.5"},
        {"effect_allele_frequency": "0.4"},
        {"effect_allele_frequency": "NA"},
        {"effect_allele": "G", "other_allele": "A", "effect_allele_frequency": "0.7"},
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_duplicates__contradicting_rows_are_all_dropped(gwas, change, first):
    rows = [{}, change] if first else [change, {}]
    stats = gwas(*rows, GOOD)
    assert stats.rows.by_reason() == {"duplicate_conflicting": 2}
    assert stats.rows.dropped[0].lines == (2, 3)
    assert stats.frame["rsid"].to_list() == ["rs2"]


def test_duplicates__copies_of_a_contradicted_row_are_all_dropped_too(gwas):
    assert gwas({}, {}, {"beta": "0.2"}).rows.by_reason() == {"duplicate_conflicting": 3}


def test_duplicates__several_alleles_at_one_place_are_not_duplicates(gwas):
    stats = gwas({}, {"other_allele": "C"}, {"other_allele": "T"})
    assert stats.frame.height == 3
    assert dict(stats.rows.notes)["multi_allelic_sites"] == 1


def test_duplicates__table_without_any_is_returned_as_it_is():
    table = pl.DataFrame({"variant_key": [1, 2]})
    assert drop_duplicates(table, RowLedger("t", "s", 2)) is table


def test_fault_reasons__hold_every_reason_that_the_checks_can_give():
    seen = {reason for _, reason, _ in BAD} | {"odds_ratio_not_positive", "infinite_neg_log_10_p_value"}
    assert seen | {"duplicate", "duplicate_conflicting"} <= FAULT_REASONS
    assert "excluded_by_authors" not in FAULT_REASONS  # a policy, not a fault


def test_fault_reasons__are_explained_to_readers():
    assert [name for name in FAULT_REASONS if reason(name) == name.replace("_", " ")] == []


def test_duplicates__longer_variants_that_a_key_cannot_tell_apart_are_left_out(gwas, monkeypatch):
    monkeypatch.setattr(identity, "_hashes", lambda texts: np.full(len(texts), 7, dtype=np.uint64))
    stats = gwas(
        {"effect_allele": "CAT", "other_allele": "C"}, {"effect_allele": "CGG", "other_allele": "C"}, {"rsid": "rs9"}
    )
    assert stats.frame["rsid"].to_list() == ["rs9"]
    (drop,) = stats.rows.dropped
    assert (drop.reason, drop.count, drop.kind, drop.lines) == ("hash_collision", 2, "policy", (2, 3))
