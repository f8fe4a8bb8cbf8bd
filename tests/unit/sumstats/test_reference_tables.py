"""Bundled tables: what they hold, that they agree with each other and that their origin is written down."""

import gzip
import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import GenomeBuildError
from osteobiome.sumstats.liftover import MAPPED, bundled_chain, lift_positions
from osteobiome.sumstats.reference import ASSEMBLIES, BUILDS, chain_blocks, chromosome_lengths, markers

FOLDER = files("osteobiome.sumstats.reference")
DATA = Path(__file__).resolve().parents[2] / "data" / "sumstats"
NUMBER = {"9": 9, "21": 21, "22": 22, "Y": 24, "MT": 25}


@pytest.mark.parametrize(("source", "target"), [("GRCh37", "GRCh38"), ("GRCh38", "GRCh37")])
def test_chromosome_lengths__equal_those_in_chain_files(source, target):
    text = gzip.decompress((DATA / "liftover" / f"{source}_to_{target}.chain.gz").read_bytes()).decode()
    heads = [line.split() for line in text.splitlines() if line.startswith("chain")]
    assert {h[2] for h in heads} == set(NUMBER)
    for head in heads:
        assert chromosome_lengths(source)[NUMBER[head[2]]] == int(head[3])
        assert chromosome_lengths(target)[NUMBER[head[7]]] == int(head[8])


@pytest.mark.parametrize(
    # sums of the assembled chromosomes 1-22, X and Y of the primary assemblies
    ("build", "total"),
    [("GRCh37", 3_095_677_412), ("GRCh38", 3_088_269_832)],
)
def test_chromosome_lengths__sum_to_the_assembled_genome(build, total):
    lengths = chromosome_lengths(build)
    assert list(lengths) == list(range(1, 26))
    assert sum(lengths[c] for c in range(1, 25)) == total
    assert lengths[25] == 16_569
    assert build in ASSEMBLIES


def test_chromosome_lengths__an_unknown_build_is_named():
    with pytest.raises(GenomeBuildError, match=r"'hg18'\. Expected GRCh37 or GRCh38"):
        chromosome_lengths("hg18")


def test_chromosome_lengths__a_caller_cannot_change_them():
    chromosome_lengths("GRCh37")[1] = 0
    assert chromosome_lengths("GRCh37")[1] == 249_250_621


@pytest.mark.parametrize("build", BUILDS)
def test_chain_blocks__lie_inside_their_chromosomes(build):
    blocks, here = chain_blocks(), build.lower()
    lengths = pl.DataFrame(list(chromosome_lengths(build).items()), schema=[f"chromosome_{here}", "size"], orient="row")
    joined = blocks.cast(pl.Int64).join(lengths, on=f"chromosome_{here}")
    assert joined.height == blocks.height == 18_384
    assert (joined[f"start_{here}"] >= 0).all()
    assert (joined[f"start_{here}"] + joined["length"] <= joined["size"]).all()
    assert set(blocks["strand"].unique()) == {-1, 1}


def test_markers__are_what_the_docstring_says():
    table = markers()
    assert table.columns == [
        "rsid",
        "chromosome",
        "position_grch37",
        "position_grch38",
        "allele_1",
        "allele_2",
        "frequency",
        "is_palindromic",
    ]
    assert 19_000 < table.height < 21_000
    assert table.null_count().sum_horizontal().item() == 0
    assert table["rsid"].str.contains(r"^rs[0-9]+$").all()
    assert table["rsid"].n_unique() == table.height
    assert table["frequency"].is_between(0.05, 0.95).all()
    assert (table["allele_1"] < table["allele_2"]).all()
    assert table["position_grch37"].is_between(20_000_000, 21_000_000).all()
    assert (table["position_grch37"] != table["position_grch38"]).all()
    assert table["chromosome"].unique().sort().to_list() == list(range(1, 23))
    pairs = table.select(pl.concat_str("allele_1", "allele_2")).to_series()
    assert (pairs.is_in(["AT", "CG"]) == table["is_palindromic"]).all()
    assert 0.1 < table["is_palindromic"].mean() < 0.2
    assert table.equals(table.sort("chromosome", "position_grch37"))


def test_markers__positions_agree_with_the_chain():
    table = markers()
    place = table["chromosome"].to_numpy(), table["position_grch37"].to_numpy()
    chromosome, position, strand, status = lift_positions(*place, bundled_chain("GRCh37", "GRCh38"))
    assert np.array_equal(chromosome, place[0])
    assert np.array_equal(position, table["position_grch38"].to_numpy())
    assert (strand == 1).all()
    assert (status == MAPPED).all()


def test_markers__frequencies_agree_with_another_count_of_the_same_people():
    other = pl.read_csv(DATA / "frequencies" / "hapmap3.tsv", separator="\t", schema_overrides={"CHR": pl.Int8})
    both = markers().join(other, left_on=["chromosome", "position_grch37"], right_on=["CHR", "POS"])
    same = (pl.col("allele_1") == pl.col("A")) & (pl.col("allele_2") == pl.col("B"))
    swapped = (pl.col("allele_1") == pl.col("B")) & (pl.col("allele_2") == pl.col("A"))
    assert both.height == both.filter(same | swapped).height == 55
    theirs = both.select(pl.when(same).then("EUR").otherwise(1 - pl.col("EUR"))).to_series()
    assert (theirs - both["frequency"]).abs().max() < 0.02


def test_tables__origin_is_complete_and_belongs_to_these_files():
    origin = tomllib.loads(FOLDER.joinpath("ORIGIN.toml").read_text(encoding="utf-8"))
    shipped = {p.name for p in FOLDER.iterdir() if p.name.endswith(".parquet")}
    assert set(origin) == shipped == {"chain_grch37_grch38.parquet", "markers_eur.parquet"}
    for name, note in origin.items():
        assert {"origin", "licence", "content", "checked", "date", "script", "sha256"} <= note.keys()
        assert "GPL" not in note["licence"]
        assert hashlib.sha256(FOLDER.joinpath(name).read_bytes()).hexdigest() == note["sha256"]


def test_tables__are_small():
    sizes = {p.name: len(p.read_bytes()) for p in FOLDER.iterdir() if p.name.endswith(".parquet")}
    assert sizes["chain_grch37_grch38.parquet"] < 1_000_000
    assert sizes["markers_eur.parquet"] < 600_000
