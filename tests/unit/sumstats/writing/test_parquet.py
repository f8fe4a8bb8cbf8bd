"""Parquet: the stored table as it is."""

from __future__ import annotations

import polars as pl

from osteobiome.core.schema import polars_schema
from osteobiome.sumstats import read_sumstats
from osteobiome.sumstats.writing import TraitFacts


def test_parquet__is_the_table_in_its_order(write, variants):
    back = pl.read_parquet(write("a.parquet", to="parquet"))
    assert back.equals(variants())
    assert dict(back.schema) == polars_schema("variants")


def test_parquet__drops_columns_of_no_schema_and_fills_marks(write, variants):
    frame = variants().drop("is_beta_derived", "is_se_derived").with_columns(pl.lit(1).alias("other"))
    assert pl.read_parquet(write("a.parquet", to="parquet", frame=frame)).equals(variants())


def test_parquet__carries_what_is_known_of_the_trait(write):
    facts = TraitFacts("bmd", "Bone density", "GRCh38", 1000, 0, unit="sd", is_simulated=True)
    known = pl.read_parquet_metadata(write("a.parquet", to="parquet", facts=facts))
    assert known["data"].startswith("SIMULATED data")
    assert {name: known[name] for name in ("label", "genome_build", "n", "n_cases", "unit")} == {
        "label": "Bone density", "genome_build": "GRCh38", "n": "1000", "n_cases": "0", "unit": "sd",
    }  # fmt: skip
    assert "sex" not in known


def test_parquet__is_read_by_our_own_reader(write, variants):
    back = read_sumstats(write("a.parquet", to="parquet"), trait_id="bmd").frame.sort("rsid")
    want = variants().sort("rsid")
    for column in ("rsid", "position", "effect_allele", "beta", "se", "eaf", "neg_log_10_p_value", "n"):
        assert back[column].to_list() == want[column].to_list(), column
