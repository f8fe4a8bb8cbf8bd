"""Which variants become instruments."""

from functools import partial

import numpy as np
import polars as pl
import pytest

from osteobiome.core.schema import table
from osteobiome.instruments.candidates import passing, write_candidates
from osteobiome.instruments.eligibility import Eligibility
from osteobiome.instruments.selection import select
from osteobiome.ld import ClumpOptions, LdMatrix, clump_with_matrix
from osteobiome.store import write_table
from osteobiome.sumstats import read_sumstats


def variants(*neg_log10, beta=0.5, se=0.05):
    rows = [
        {"variant_key": i, "rsid": f"rs{i}", "beta": beta, "se": se, "neg_log_10_p_value": p, "line": 10 - i}
        for i, p in enumerate(neg_log10)
    ]
    return table("variants", rows)


def test_select__keeps_what_passes_and_accounts_for_the_rest():
    kept, rows = select(variants(9.0, 7.0, 400.0, 0.0), trait_id="bmi", p_threshold=5e-8)
    assert kept["rsid"].to_list() == ["rs0", "rs2"]
    assert (rows.subject, rows.step, rows.n_in, rows.n_kept) == ("bmi", "instruments", 4, 2)
    (drop,) = rows.dropped
    assert (drop.reason, drop.count, drop.kind) == ("above_p_threshold", 2, "policy")
    assert drop.lines == (7, 9)  # in the order of the file
    assert drop.examples == ("rs3", "rs1")


def test_select__given_instruments_are_kept_and_counted():
    kept, rows = select(variants(9.0, 7.0, 6.0), trait_id="bmi", p_threshold=5e-8, given=True)
    assert kept.height == 3
    assert rows.dropped == ()
    assert rows.notes == (("given_above_p_threshold", 2),)


def test_select__weak_instruments_are_counted_among_the_kept():
    frame = pl.concat([variants(9.0, beta=0.1, se=0.05), variants(9.0), variants(1.0, beta=0.1, se=0.05)])
    _, rows = select(frame, trait_id="bmi", p_threshold=5e-8)
    assert rows.notes == (("f_below_10", 1),)


def test_select__threshold_of_one_keeps_everything():
    assert select(variants(0.0, 3.0), trait_id="bmi", p_threshold=1.0)[0].height == 2


def test_select__empty_table():
    kept, rows = select(variants(), trait_id="bmi", p_threshold=5e-8)
    assert kept.height == 0
    assert rows.n_in == 0


@pytest.mark.parametrize("text", ["5e-8", "5E-08", "0.00000005", "1e-5", "0.00001", "0.05", "0.01", "5e-6", "1e-300"])
def test_select__p_equal_to_the_threshold_passes(tmp_path, text):
    """The threshold is the largest p allowed, however the file spells the number."""
    path = tmp_path / "a.tsv"
    path.write_text(
        f"rsid\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value\nrs1\tA\tG\t0.5\t0.05\t{text}\n",
        encoding="utf-8",
    )
    frame = read_sumstats(path, file_format="gwas_ssf", trait_id="bmi").frame
    assert select(frame, trait_id="bmi", p_threshold=float(text))[0].height == 1


LD = LdMatrix(
    np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]), ("rs0", "rs1", "rs3"), ("A",) * 3, ("G",) * 3
)
CLUMPING = partial(clump_with_matrix, ld=LD, options=ClumpOptions(r2=0.1))


def _with_alleles(*neg_log10):
    return variants(*neg_log10).with_columns(effect_allele=pl.lit("A"), other_allele=pl.lit("G"))


def test_select__clumps_with_an_ld_matrix_and_accounts_for_every_row():
    """rs0 and rs1 are linked, rs2 is not in the matrix, rs4 does not pass the threshold."""
    frame = _with_alleles(9.0, 10.0, 20.0, 8.0, 1.0)
    kept, rows = select(frame, trait_id="bmi", p_threshold=5e-8, clumping=CLUMPING)
    assert kept["rsid"].to_list() == ["rs1", "rs3"]
    assert rows.by_reason() == {"above_p_threshold": 1, "not_in_ld_matrix": 1, "clumped": 1}
    assert {drop.kind for drop in rows.dropped} == {"policy"}
    (clumped,) = [drop for drop in rows.dropped if drop.reason == "clumped"]
    assert (clumped.lines, clumped.examples) == ((10,), ("rs0",))
    assert rows.n_in == rows.n_kept + rows.n_dropped == 5


def test_select__a_variant_below_the_threshold_removes_none():
    """The threshold comes first: a variant that is no instrument stands for none."""
    kept, _ = select(_with_alleles(9.0, 3.0), trait_id="bmi", p_threshold=5e-8, clumping=CLUMPING)
    assert kept["rsid"].to_list() == ["rs0"]


@pytest.mark.parametrize("options", [{"given": True}, {"clumping": None}])
def test_select__does_not_clump_what_is_given_or_without_ld(options):
    options = {"clumping": CLUMPING} | options
    kept, rows = select(_with_alleles(9.0, 10.0, 20.0), trait_id="bmi", p_threshold=5e-8, **options)
    assert kept.height == 3
    assert rows.dropped == ()


def test_passing__reads_candidates_and_counts_the_rest(tmp_path):
    frame = variants(9.0, 3.0, 400.0, 4.5, 0.1)
    write_table(frame, tmp_path / "variants.parquet", schema="variants")
    write_candidates(tmp_path / "variants.parquet", tmp_path / "candidates.parquet")
    strong, weak = passing(tmp_path, p_threshold=5e-8)
    assert strong["rsid"].to_list() == ["rs0", "rs2"]
    assert (weak.count, weak.lines, weak.names) == (3, (6, 7, 9), ("rs4", "rs3", "rs1"))
    assert (
        select(strong, trait_id="x", p_threshold=5e-8, weak=weak)[1] == select(frame, trait_id="x", p_threshold=5e-8)[1]
    )
    (tmp_path / "variants.parquet").rename(tmp_path / "elsewhere")
    frame.head(0).write_parquet(tmp_path / "variants.parquet")
    assert passing(tmp_path, p_threshold=1e-4)[0].height == 3  # the whole table is not what is read


def test_passing__beyond_the_candidates_reads_the_whole_table(tmp_path):
    write_table(variants(9.0, 3.0, 0.1), tmp_path / "variants.parquet", schema="variants")
    write_candidates(tmp_path / "variants.parquet", tmp_path / "candidates.parquet")
    strong, weak = passing(tmp_path, p_threshold=0.01)
    assert strong["rsid"].to_list() == ["rs0", "rs1"]
    assert weak.count == 1


@pytest.mark.parametrize("given", [False, True])
def test_select__leaves_known_loci_out_and_counts_variants_without_place(given):
    frame = variants(9.0, 9.0, 9.0).with_columns(
        chromosome=pl.Series([19, 19, None], dtype=pl.Int8), position=pl.Series([45_411_941, 1_000_000, None])
    )
    places = Eligibility(exclude_loci=["APOE", "HLA"], genome_build="GRCh37")
    kept, rows = select(frame, trait_id="x", p_threshold=5e-8, given=given, eligibility=places)
    assert kept["rsid"].to_list() == ["rs1", "rs2"]
    assert rows.by_reason() == {"in_excluded_locus": 1}
    assert ("locus_unknown_without_position", 1) in rows.notes
