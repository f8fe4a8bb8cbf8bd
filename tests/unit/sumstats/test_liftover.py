"""Positions on the other build, against a walk through the chain file line by line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import GenomeBuildError
from osteobiome.core.rows import RowLedger
from osteobiome.sumstats.liftover import MAPPED, UNMAPPED, Chain, bundled_chain, chain_of, lift, lift_positions
from osteobiome.sumstats.reference import chain_blocks, chromosome_lengths

DATA = Path(__file__).resolve().parents[2] / "data" / "sumstats" / "liftover"
NAMES = {"9": 9, "21": 21, "22": 22, "Y": 24, "MT": 25}
DIRECTIONS = [("GRCh37", "GRCh38"), ("GRCh38", "GRCh37")]


def walk(lines, chromosome, position):
    """The slow twin: read every chain until a block holds the base."""
    wanted = position - 1
    for line in lines:
        cells = line.split()
        if not cells:
            continue
        if cells[0] == "chain":
            head, here, there = cells, int(cells[5]), int(cells[10])
            continue
        size = int(cells[0])
        if NAMES[head[2]] == chromosome and here <= wanted < here + size:
            on_strand = there + wanted - here
            if head[9] == "+":
                return NAMES[head[7]], on_strand + 1, 1
            return NAMES[head[7]], int(head[8]) - on_strand, -1
        if len(cells) == 3:
            here, there = here + size + int(cells[1]), there + size + int(cells[2])
    return None


@pytest.fixture(scope="module")
def lines():
    return {
        source: gzip.decompress((DATA / f"{source}_to_{target}.chain.gz").read_bytes()).decode().splitlines()
        for source, target in DIRECTIONS
    }


def table(**columns):
    n = len(columns["position"])
    base = {
        "rsid": ["rs1"] * n,
        "chromosome": [1] * n,
        "position": [1] * n,
        "effect_allele": ["A"] * n,
        "other_allele": ["C"] * n,
        "line": list(range(2, n + 2)),
    }
    types = {"chromosome": pl.Int8, "position": pl.Int64}
    return pl.DataFrame(base | columns, schema_overrides=types)


def small_chain():
    """1:101-110 to 1:501-510; 1:111-120 to 1:600-591 turned; 2:1-10 to 3:1-10; 1:131-140 to 1:701-710."""
    blocks = pl.DataFrame(
        {
            "chromosome_grch37": [1, 1, 2, 1],
            "start_grch37": [100, 110, 0, 130],
            "length": [10, 10, 10, 10],
            "chromosome_grch38": [1, 1, 3, 1],
            "start_grch38": [500, 590, 0, 700],
            "strand": [1, -1, 1, 1],
        }
    )
    return chain_of(blocks, source="GRCh37", target="GRCh38")


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_lift_positions__equals_a_walk_through_the_chain_file(lines, source, target):
    rng = np.random.default_rng(20)
    lengths = chromosome_lengths(source)
    chromosome = rng.choice([9, 21, 22, 24, 25], 120)
    position = np.array([rng.integers(1, lengths[int(c)] + 1) for c in chromosome])
    self_check(lines[source], source, target, chromosome, position)


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_lift_positions__is_right_at_the_edges_of_blocks(lines, source, target):
    here = source.lower()
    blocks = chain_blocks().filter(pl.col(f"chromosome_{here}").is_in([9, 21, 22, 24, 25]))
    turned = blocks.filter(pl.col("strand") < 0)
    assert turned.height > 20
    rows = pl.concat([blocks.sample(15, seed=3), turned.sample(20, seed=4)])
    start, length = rows[f"start_{here}"].to_numpy(), rows["length"].to_numpy()
    # the bases before, first, last and after, 1-based
    position = np.concatenate([start, start + 1, start + length, start + length + 1]).astype(np.int64)
    chromosome = np.tile(rows[f"chromosome_{here}"].to_numpy(), 4)
    keep = position >= 1
    self_check(lines[source], source, target, chromosome[keep], position[keep])


def self_check(text, source, target, chromosome, position):
    got = lift_positions(chromosome, position, bundled_chain(source, target))
    expected = [walk(text, int(c), int(p)) for c, p in zip(chromosome, position, strict=True)]
    assert any(e is not None for e in expected)
    for i, e in enumerate(expected):
        found = None if got[3][i] == UNMAPPED else (int(got[0][i]), int(got[1][i]), int(got[2][i]))
        assert found == e, (chromosome[i], position[i])


@pytest.mark.parametrize(
    ("name", "place", "on_37", "on_38"),
    [
        # dbSNP build 155, both placements on the forward strand
        ("rs429358", 19, 45411941, 44908684),
        ("rs7412", 19, 45412079, 44908822),
        ("rs1801133", 1, 11856378, 11796321),
        ("rs4988235", 2, 136608646, 135851076),
        ("rs1799945", 6, 26091179, 26090951),
    ],
)
def test_lift_positions__known_variants_are_where_dbsnp_has_them(name, place, on_37, on_38):
    for source, target, given, wanted in (("GRCh37", "GRCh38", on_37, on_38), ("GRCh38", "GRCh37", on_38, on_37)):
        chromosome, position, strand, status = lift_positions([place], [given], bundled_chain(source, target))
        assert (chromosome[0], position[0], strand[0], status[0]) == (place, wanted, 1, MAPPED), name


def test_lift_positions__mitochondrial_positions_stay():
    position = np.arange(1, 16_570)
    chromosome, lifted, strand, status = lift_positions(
        np.full(position.shape, 25), position, bundled_chain("GRCh37", "GRCh38")
    )
    assert (chromosome == 25).all()
    assert (strand == 1).all()
    assert (status == MAPPED).all()
    assert np.array_equal(lifted, position)


def test_lift_positions__small_chain_by_hand():
    position = [100, 101, 110, 111, 120, 121, 0, -5, 2**32 + 101]
    got = lift_positions(np.ones(len(position), dtype=np.int8), position, small_chain())
    assert got[1].tolist() == [0, 501, 510, 600, 591, 0, 0, 0, 0]
    assert got[2].tolist() == [0, 1, 1, -1, -1, 0, 0, 0, 0]
    assert got[3].tolist() == [1, 0, 0, 0, 0, 1, 1, 1, 1]


def test_lift_positions__an_empty_chain_and_no_variants():
    nothing = np.array([], dtype=np.int64)
    empty = Chain(nothing, nothing, nothing.astype(np.int8), nothing, nothing.astype(np.int8))
    assert lift_positions([1], [1], empty)[3].tolist() == [UNMAPPED]
    assert lift_positions(nothing, nothing, bundled_chain("GRCh37", "GRCh38"))[1].size == 0


def test_chain__refuses_blocks_that_overlap():
    with pytest.raises(AssertionError, match="two blocks"):
        Chain(np.array([1, 5]), np.array([5, 9]), *(np.ones(2, dtype=t) for t in (np.int8, np.int64, np.int8)))


def test_bundled_chain__other_builds_are_refused():
    with pytest.raises(GenomeBuildError, match=r"from 'NCBI36' to 'GRCh38'\. Expected from GRCh37 to GRCh38 or back"):
        bundled_chain("NCBI36", "GRCh38")


def test_lift__every_reason_by_hand():
    frame = table(
        chromosome=[1, 1, 1, 2, 1, 1, 1, None, 1, 1],
        position=[101, 121, 112, 5, 109, 115, 115, 7, None, 131],
        effect_allele=["A", "A", "A", "A", "ACG", "AC", "ACG", "A", "A", "A"],
        other_allele=["C", "C", "G", "C", "A", "GT", "A", "C", "C", None],
        rsid=[f"rs{i}" for i in range(10)],
    )
    ledger = RowLedger("bmi", "liftover", frame.height)
    lifted, counts = lift(frame, source="GRCh37", target="GRCh38", ledger=ledger, chain=small_chain())
    assert lifted["rsid"].to_list() == ["rs0", "rs2", "rs5", "rs7", "rs8", "rs9"]
    # 1:115-116 turned is 596-595: the pair reads GT/AC from there and begins at 595
    assert lifted["position"].to_list() == [501, 599, 595, 7, None, 701]
    assert lifted["effect_allele"].to_list() == ["A", "T", "GT", "A", "A", "A"]
    assert lifted["other_allele"].to_list() == ["C", "C", "AC", "C", "C", None]
    assert lifted.schema == frame.schema
    report = ledger.close(lifted.height)
    assert report.by_reason() == {
        "liftover_unmapped": 1,
        "liftover_other_chromosome": 1,
        "liftover_split": 1,
        "liftover_indel_turned": 1,
    }
    assert [d.lines for d in report.dropped] == [(3,), (5,), (6,), (8,)]
    assert report.dropped[0].examples == ("1:121",)
    assert dict(report.notes) == {"liftover_strand_changed": 2, "liftover_without_position": 2}
    assert counts.n_in == counts.n_kept + counts.n_dropped == 10
    assert (counts.n_unmapped, counts.n_other_chromosome, counts.n_split, counts.n_indel_turned) == (1, 1, 1, 1)
    assert (counts.n_strand_changed, counts.n_without_position) == (2, 2)


def test_lift__leaves_the_table_that_went_in_alone():
    frame = table(position=[112])
    before = frame.clone()
    lift(frame, source="GRCh37", target="GRCh38", chain=small_chain())
    assert frame.equals(before)
    assert frame["effect_allele"].to_list() == ["A"]


def test_lift__an_indel_across_a_gap_is_split():
    frame = table(position=[139, 140], effect_allele=["AC", "AC"], other_allele=["A", "A"])
    lifted, counts = lift(frame, source="GRCh37", target="GRCh38", chain=small_chain())
    assert lifted["position"].to_list() == [709]
    assert counts.n_split == 1


def test_lift__the_same_build_changes_nothing():
    frame = table(position=[5, 6])
    lifted, counts = lift(frame, source="GRCh38", target="GRCh38")
    assert lifted.equals(frame)
    assert (counts.n_in, counts.n_kept, counts.n_dropped) == (2, 2, 0)


def test_lift__chunks_add_up_in_one_ledger():
    frame = table(position=[101, 121, 122, 123])
    ledger = RowLedger("bmi", "liftover", frame.height)
    kept = sum(
        lift(part, source="GRCh37", target="GRCh38", ledger=ledger, chain=small_chain())[0].height
        for part in (frame[:2], frame[2:])
    )
    report = ledger.close(kept)
    assert report.dropped[0].count == 3
    assert report.dropped[0].lines == (3, 4, 5)


def test_lift__an_empty_table():
    lifted, counts = lift(table(position=[5])[:0], source="GRCh37", target="GRCh38")
    assert lifted.is_empty()
    assert counts.n_in == 0


def test_lift_positions__there_and_back_for_all_blocks():
    there, back = bundled_chain("GRCh37", "GRCh38"), bundled_chain("GRCh38", "GRCh37")
    for edge in (there.first, there.last):
        chromosome, position = edge >> 32, edge & (2**32 - 1)
        new = lift_positions(chromosome, position, there)
        assert (new[3] == MAPPED).all()
        old = lift_positions(new[0], new[1], back)
        assert np.array_equal(old[0], chromosome)
        assert np.array_equal(old[1], position)
        assert np.array_equal(old[2], new[2])
