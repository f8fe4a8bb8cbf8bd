"""Variants of a trait meet rows of a panel: against a plain loop over all pairs, and one rule at a time."""

import itertools

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.matching import NO_ALLELE, REASONS, PanelIndex, match_variants, sign_by_frequency
from osteobiome.ld.matrix import LdMatrix
from osteobiome.ld.panel import open_panel
from osteobiome.sumstats.identity import add_keys, orient, trim

COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}


def trait(rows):
    """Return rows of (rsid, chromosome, position, effect, other, eaf) as ingest would store them."""
    schema = {
        "rsid": pl.String, "chromosome": pl.Int8, "position": pl.Int64, "effect_allele": pl.String,
        "other_allele": pl.String, "eaf": pl.Float64,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.lit(0.0).alias("beta"))
    return add_keys(orient(frame))


def panel(rows):
    """Return rows of (rsid, chromosome, position, counted, other) as a panel has them."""
    schema = {"rsid": pl.String, "chromosome": pl.Int8, "position": pl.Int64, "counted": pl.String, "other": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def one(ours, theirs, **options):
    found = PanelIndex(panel([theirs])).match(trait([(*ours, None)]), **options)
    return int(found.row[0]), int(found.sign[0]), found.reason[0], bool(found.is_by_name[0]), bool(found.is_flipped[0])


HERE = ("rs1", 1, 100)


@pytest.mark.parametrize(
    ("effect", "other", "sign", "is_flipped"),
    [("A", "G", 1, False), ("G", "A", -1, False), ("T", "C", 1, True), ("C", "T", -1, True)],
)
def test_match__sign_is_that_of_the_alleles_on_either_strand(effect, other, sign, is_flipped):
    # the stored effect allele is the class's first one, so the sign is that of the stored row
    stored = trait([(*HERE, effect, other, 0.2)])
    is_kept = stored["effect_allele"][0] == effect
    found = PanelIndex(panel([(*HERE, "A", "G")])).match(stored)
    assert found.row.tolist() == [0]
    assert found.sign[0] * (1 if is_kept else -1) == sign
    assert bool(found.is_flipped[0]) == is_flipped
    assert found.reason.to_list() == [""]


def test_match__a_row_that_is_not_oriented_gets_the_sign_of_its_own_effect_allele():
    frame = trait([(*HERE, "A", "G", 0.2)])
    swapped = frame.with_columns(pl.lit("G").alias("effect_allele"), pl.lit("A").alias("other_allele"))
    index = PanelIndex(panel([(*HERE, "A", "G")]))
    assert index.match(frame).sign.tolist() == [1]
    assert index.match(swapped).sign.tolist() == [-1]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (("rs9", 1, 100, "A", "C"), (*HERE, "A", "C"), (0, 1, "", False, False)),  # by place, whatever the name
        (("rs1", 2, 777, "A", "C"), (*HERE, "A", "C"), (0, 1, "", True, False)),  # by name, whatever the place
        (("rs1", None, None, "A", "C"), (*HERE, "C", "A"), (0, -1, "", True, False)),
        (("rs1", None, None, "A", "C"), ("rs1", None, None, "C", "A"), (0, -1, "", True, False)),
        (("rs1", 2, 777, "A", "C"), (*HERE, "A", "G"), (-1, 0, "allele_mismatch", False, False)),
        (("rs9", 1, 100, "A", "C"), (*HERE, "A", "G"), (-1, 0, "allele_mismatch", False, False)),
        (("rs9", 1, 101, "A", "C"), (*HERE, "A", "C"), (-1, 0, "not_in_panel", False, False)),
        (("rs9", 1, 101, "A", "C"), ("rs9", 1, 101, "0", "C"), (-1, 0, "not_in_panel", False, False)),
        ((None, 1, 101, "A", "C"), (None, None, None, "A", "C"), (-1, 0, "not_in_panel", False, False)),
        (("rs9", 1, 100, "AT", "A"), ("rs2", 1, 100, "A", "AT"), (0, -1, "", False, False)),
        (("rs9", 1, 100, "AT", "A"), ("rs2", 1, 100, "T", "TA"), (-1, 0, "not_in_panel", False, False)),
        (("rs9", 1, 100, "AT", "A"), ("rs9", 1, 100, "A", "G"), (-1, 0, "allele_mismatch", False, False)),
        (("rs9", 1, 100, "CAT", "CA"), ("rs2", 1, 101, "AT", "A"), (0, 1, "", False, False)),  # trimmed on both sides
    ],
)
def test_match__rule_by_rule(ours, theirs, expected):
    found = one(ours, theirs)
    sign = 1 if trait([(*ours, None)])["effect_allele"][0] in {ours[3], trim(ours[3], ours[4])[0]} else -1
    assert (found[0], found[1] * sign, *found[2:]) == expected


def test_match__of_rows_with_one_name_the_one_with_the_alleles_is_taken():
    index = PanelIndex(panel([("rs1", 1, 100, "A", "G"), ("rs1", 1, 100, "A", "C"), ("rs1", 1, 100, "AT", "A")]))
    found = index.match(trait([("rs1", None, None, "C", "A", None), ("rs1", None, None, "A", "AT", None)]))
    assert found.row.tolist() == [1, 2]
    assert found.is_by_name.all()


def test_match__of_copies_in_the_panel_the_first_counts():
    rows = [("rs5", 1, 500, "A", "C"), ("rs1", 1, 100, "A", "C"), ("rs2", 1, 100, "G", "T"), ("rs3", 1, 100, "C", "A")]
    found = PanelIndex(panel(rows)).match(trait([(*HERE, "A", "C", None)]))
    assert found.row.tolist() == [1]
    assert found.n_panel_duplicates == 2


@pytest.mark.parametrize(
    ("eaf", "frequency", "sign"),
    [(0.2, 0.3, 1), (0.2, 0.7, -1), (0.42, 0.58, -1), (0.43, 0.1, 0), (0.1, 0.5, 0), (None, 0.1, 0), (0.1, np.nan, 0)],
)
def test_match__palindromes_are_settled_by_frequency(eaf, frequency, sign):
    index = PanelIndex(panel([(*HERE, "A", "T")]))
    frame = trait([(*HERE, "A", "T", eaf)])
    found = index.match(frame, frequency=lambda rows: np.full(rows.size, frequency))
    assert found.sign.tolist() == [sign]
    assert found.row.tolist() == [0 if sign else -1]
    assert found.reason.to_list() == ["" if sign else "palindromic_strand_unknown"]
    assert found.counts() == ({} if sign else {"palindromic_strand_unknown": 1})


def test_match__palindromes_are_taken_as_written_where_the_strand_is_trusted():
    index = PanelIndex(panel([(*HERE, "T", "A"), ("rs2", 1, 200, "C", "G")]))
    frame = trait([(*HERE, "A", "T", 0.1), ("rs2", 1, 200, "C", "G", None)])
    assert index.match(frame, trust_strand=True).sign.tolist() == [-1, 1]
    assert index.match(frame).reason.to_list() == ["palindromic_strand_unknown"] * 2


def test_match_variants__reads_the_frequency_of_the_panel(write_panel):
    rare, common = [0] * 18 + [1, 1], [2] * 18 + [1, 1]
    found = open_panel(write_panel([rare, common], alleles=[("A", "T"), ("A", "T")]))
    frame = trait([("rs1", 1, 1000, "A", "T", 0.1), ("rs2", 1, 1100, "A", "T", 0.1)])
    match = match_variants(frame, found)
    assert match.sign.tolist() == [1, -1]
    assert match_variants(frame, found, index=PanelIndex(found.variants)).sign.tolist() == [1, -1]


def side(frequency):
    """Which side of one half; None where it is unknown, or too near to one half to tell; 1 - 0.58 is 0.42."""
    if frequency is None or 0.42 < round(frequency, 6) < 0.58:
        return None
    return "low" if frequency < 0.5 else "high"


def test_sign_by_frequency__equals_the_rule_in_words_and_a_matrix_keeps_to_it():
    grid = [None, 0.0, 0.1, 0.42, 1 - 0.58, 0.43, 0.5, 0.57, 0.58, 0.9, 1.0]
    pairs = list(itertools.product(grid, grid))
    sides = [(side(ours), side(theirs)) for ours, theirs in pairs]
    expected = [0 if None in two else 1 if two[0] == two[1] else -1 for two in sides]
    values = np.array([[np.nan if f is None else f for f in pair] for pair in pairs])
    assert sign_by_frequency(values[:, 0], values[:, 1]).tolist() == expected
    names = [f"rs{i}" for i in range(len(pairs))]
    letters = ["A"] * len(pairs), ["T"] * len(pairs)
    matrix = LdMatrix(
        np.eye(len(pairs)), tuple(names), tuple(letters[0]), tuple(letters[1]), tuple(f for _, f in pairs)
    )
    found = matrix.find(names, *letters, eaf=[f for f, _ in pairs])
    assert [sign for _, sign, _ in found] == expected
    assert {why for _, sign, why in found if not sign} == {"palindromic_strand_unknown"}


def slow_match(ours, theirs):
    """Return row, sign and reason of one variant by looking at every row of the panel."""
    rsid, chromosome, position, effect, other = ours

    def sign(row):
        if {row[3], row[4]} & set(NO_ALLELE):
            return 0
        pair, counted = trim(effect, other)[:2], trim(row[3], row[4])[:2]
        turned = tuple(COMPLEMENT.get(allele) for allele in pair)
        for mine in (pair, turned) if max(map(len, pair)) == 1 else (pair,):
            if mine == counted:
                return 1
            if mine == counted[::-1]:
                return -1
        return 0

    def place(chromosome, position, effect, other):
        return None if None in (chromosome, position) else (chromosome, position + trim(effect, other)[2])

    mine = place(chromosome, position, effect, other)
    is_known = False
    for i, row in enumerate(theirs):
        if mine is not None and place(*row[1:]) == mine and sign(row):
            return i, sign(row), ""
    for i, row in enumerate(theirs):
        if {row[3], row[4]} & set(NO_ALLELE):
            continue
        if rsid is not None and row[0] == rsid:
            is_known = True
            if sign(row):
                return i, sign(row), ""
    for row in theirs:
        is_snv = all(len(allele) == 1 and allele in COMPLEMENT for allele in (effect, other, row[3], row[4]))
        is_known |= is_snv and mine is not None and place(*row[1:]) == mine
    return -1, 0, "allele_mismatch" if is_known else "not_in_panel"


@pytest.mark.parametrize("seed", range(6))
def test_match__equals_a_loop_over_all_pairs(seed):
    rng = np.random.default_rng(seed)
    pairs = [
        ("A", "G"),
        ("G", "A"),
        ("C", "T"),
        ("A", "C"),
        ("T", "G"),
        ("AT", "A"),
        ("A", "AT"),
        ("CA", "C"),
        ("0", "C"),
    ]
    names = ["rs1", "rs2", "rs3", "rs4", "x:1", None]

    def draw(count, pairs):
        rows = []
        for _ in range(count):
            place = (int(rng.integers(1, 3)), int(rng.integers(100, 108))) if rng.random() < 0.8 else (None, None)
            name = names[rng.integers(0, 6)]
            if place[0] is None and name is None:
                name = "rs1"
            rows.append((name, *place, *pairs[rng.integers(0, len(pairs))]))
        return rows

    theirs, ours = draw(25, pairs), draw(60, pairs[:-1])
    stored = trait([(*row, None) for row in ours])
    found = PanelIndex(panel(theirs)).match(stored)
    columns = ("rsid", "chromosome", "position", "effect_allele", "other_allele")
    expected = [slow_match(row, theirs) for row in stored.select(columns).rows()]
    assert list(zip(found.row.tolist(), found.sign.tolist(), found.reason.to_list(), strict=True)) == expected
    assert {reason for _, _, reason in expected} == set(REASONS[:3])


def test_match__empty_sides():
    empty = PanelIndex(panel([]))
    assert empty.match(trait([(*HERE, "A", "G", None)])).reason.to_list() == ["not_in_panel"]
    assert PanelIndex(panel([(*HERE, "A", "G")])).match(trait([])).row.size == 0
