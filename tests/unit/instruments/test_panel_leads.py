"""Null leads of stored traits: exact answers for orthogonal variants and for copies, and what is shared or left out."""

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.instruments import null_leads, panel_leads
from osteobiome.instruments.null_leads import NullBlock
from osteobiome.instruments.panel_leads import LeadOptions, expected_leads, panel_blocks, unclumped_leads
from osteobiome.ld import clump
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.panel import Panel
from osteobiome.sumstats.identity import add_keys, orient

P = (1e-3, 5e-8)
LETTERS = [("A", "G"), ("A", "T"), ("C", "A"), ("G", "C"), ("AT", "A")]


class Memory:
    """Genotypes that are in memory, as a source of a panel."""

    where, people, n_variants_left_out = "memory", None, 0

    def __init__(self, copies, variants):
        self.genotypes, self.variants = Genotypes.from_dosages(copies.astype(np.int8)), variants

    def read(self, rows):
        return self.genotypes.take(rows)


def panel_of(copies, *, chromosome=1, **columns):
    n = len(copies)
    plain = {
        "rsid": [f"rs{i + 1}" for i in range(n)],
        "chromosome": pl.Series(np.broadcast_to(chromosome, n)).cast(pl.Int8),
        "position": 1000 + 100 * np.arange(n),
        "counted": [LETTERS[i % 5][0] for i in range(n)],
        "other": [LETTERS[i % 5][1] for i in range(n)],
    }
    variants = pl.DataFrame(plain | columns)
    return Panel("memory", "", "", variants, copies.shape[1], 0, 0, (Memory(copies, variants),))


def orthogonal(n):
    """Copies without any correlation, exactly: signs of a Hadamard matrix, each person with 0 copies or 2."""
    signs = np.ones((1, 1), dtype=int)
    while len(signs) <= n:
        signs = np.kron(signs, [[1, 1], [1, -1]])
    return 1 + signs[1 : n + 1]


def trait_of(variants):
    """Return a trait that has variants of a panel and counts their alleles."""
    columns = pl.col("counted").alias("effect_allele"), pl.col("other").alias("other_allele")
    unknown = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("beta", "eaf")]
    return add_keys(orient(variants.select("rsid", "chromosome", "position", *columns, *unknown)))


@pytest.fixture
def store(tmp_path):
    """Write the keys of traits, and nothing else: other columns are not to be read."""

    def write(**traits):
        for name, frame in traits.items():
            frame.select("variant_key").sort("variant_key").write_parquet(tmp_path / f"{name}.parquet")
        return {name: tmp_path / f"{name}.parquet" for name in traits}

    return write


def options(**words):
    return LeadOptions(**({"p_thresholds": P, "r2": 0.01, "window_kb": None, "seed": 1, "n_draws": 20} | words))


def blocks_of(n, **words):
    return panel_blocks(panel_of(np.zeros((n, 1))), options=options(**words))


def test_panel_blocks__are_spread_evenly_and_lie_inside():
    blocks = blocks_of(1000, n_blocks=4, block_variants=10)
    first = [120, 370, 620, 870]  # around the middle of each quarter: 125, 375 ...
    assert blocks.rows.tolist() == [row for begin in first for row in range(begin, begin + 10)]
    assert blocks.stretch.tolist() == blocks.piece.tolist() == [k for k in range(4) for _ in range(10)]
    assert blocks.share == pytest.approx(0.04)


@pytest.mark.parametrize(("n", "n_blocks", "size"), [(41, 4, 10), (7, 2, 3), (1001, 24, 41), (10_007, 3, 2)])
def test_panel_blocks__never_overlap_and_never_leave_the_panel(n, n_blocks, size):
    blocks = blocks_of(n, n_blocks=n_blocks, block_variants=size)
    assert blocks.rows.size == n_blocks * size
    assert (np.diff(blocks.rows) > 0).all()
    assert 0 <= blocks.rows[0] < blocks.rows[-1] < n
    assert [set(np.diff(blocks.rows[blocks.stretch == k])) for k in range(n_blocks)] == [{1}] * n_blocks


def test_panel_blocks__a_small_panel_is_taken_whole():
    blocks = blocks_of(25, n_blocks=3, block_variants=10)
    assert blocks.rows.tolist() == list(range(25))
    assert np.bincount(blocks.stretch).tolist() == [9, 8, 8]
    assert blocks.share == 1.0
    one = blocks_of(1, n_blocks=3, block_variants=10)
    assert (one.rows.tolist(), one.n_stretches) == ([0], 1)


def test_panel_blocks__a_stretch_ends_no_piece_but_a_chromosome_does():
    panel = panel_of(np.zeros((12, 1)), chromosome=[1] * 4 + [2] * 8)
    blocks = panel_blocks(panel, options=options(n_blocks=2, block_variants=6))
    assert blocks.stretch.tolist() == [0] * 6 + [1] * 6
    assert blocks.piece.tolist() == [0] * 4 + [1] * 2 + [2] * 6


def test_expected_leads__orthogonal_variants_are_tests_of_their_own(store):
    panel = panel_of(orthogonal(60))
    found = expected_leads(store(x=trait_of(panel.variants)), panel, options=options(block_variants=10))
    assert found["expected"].to_list() == pytest.approx([60 * p for p in P], rel=1e-12)
    assert found["expected_se"].to_list() == pytest.approx([0.0, 0.0], abs=1e-12)
    assert found["p_threshold"].to_list() == list(P)
    assert found.row(0)[4:] == (60, 1.0, 20, 1, True, "")


def test_expected_leads__are_scaled_to_the_panel(store):
    """Stretches of 10 of 60 variants; a trait with every second one has half as many tests."""
    panel = panel_of(orthogonal(60))
    traits = store(all=trait_of(panel.variants), half=trait_of(panel.variants[::2]))
    found = expected_leads(traits, panel, options=options(n_blocks=2, block_variants=10))
    assert found["share"].to_list() == pytest.approx([1 / 3] * 4)
    assert found["n_variants"].to_list() == [20, 20, 10, 10]
    assert found["expected"].to_list() == pytest.approx([60 * P[0], 60 * P[1], 30 * P[0], 30 * P[1]], rel=1e-12)


def test_expected_leads__copies_are_one_test_per_stretch(store):
    panel = panel_of(np.repeat(orthogonal(1), 40, axis=0))
    found = expected_leads(store(x=trait_of(panel.variants)), panel, options=options(n_blocks=2, block_variants=5))
    assert found["expected"].to_list() == pytest.approx([2 * p * 4 for p in P], rel=1e-12)


def test_expected_leads__copies_beyond_the_window_are_two(store):
    places = np.repeat([1_000_000, 3_000_000], 5)
    panel = panel_of(np.repeat(orthogonal(1), 10, axis=0), position=places + np.tile(np.arange(5), 2))
    for window, tests in ((1000.0, 2), (3000.0, 1)):
        chosen = options(block_variants=10, window_kb=window)
        found = expected_leads(store(x=trait_of(panel.variants)), panel, options=chosen)
        assert found["expected"].to_list() == pytest.approx([tests * p for p in P], rel=1e-12)


def test_expected_leads__chromosomes_are_independent(store):
    panel = panel_of(np.repeat(orthogonal(1), 10, axis=0), chromosome=[1] * 5 + [2] * 5)
    found = expected_leads(store(x=trait_of(panel.variants)), panel, options=options(block_variants=10))
    assert found["expected"].to_list() == pytest.approx([2 * p for p in P], rel=1e-12)


def test_expected_leads__a_variant_that_does_not_vary_is_no_test(store):
    copies = np.repeat(orthogonal(1), 10, axis=0)
    copies[[2, 7]] = 0
    panel = panel_of(copies)
    found = expected_leads(store(x=trait_of(panel.variants)), panel, options=options(block_variants=10))
    assert found["expected"].to_list() == pytest.approx([1 * p for p in P], rel=1e-12)


def test_expected_leads__error_holds_the_spread_between_stretches(store):
    """Two stretches of copies, one test each, and two without LD, ten each; draws have no noise in either."""
    distinct = orthogonal(21)
    copies = np.repeat(distinct[:1], 80, axis=0)
    free = np.r_[25:35, 65:75]
    copies[free] = distinct[1:]
    panel = panel_of(copies)
    chosen = options(n_blocks=4, block_variants=10)
    assert set(free) <= set(panel_blocks(panel, options=chosen).rows)
    found = expected_leads(store(x=trait_of(panel.variants)), panel, options=chosen)
    assert found["expected"].to_list() == pytest.approx([2 * 22 * p for p in P], rel=1e-12)
    spread = np.var([1, 10, 1, 10], ddof=1)
    assert found["expected_se"].to_list() == pytest.approx([2 * p * np.sqrt(0.5 * 4 * spread) for p in P], rel=1e-12)


def test_expected_leads__n_variants_are_those_that_the_index_of_the_panel_finds(store):
    """Swapped alleles and the other strand are met; other alleles, other places and copies in the panel are not."""
    rng = np.random.default_rng(7)
    n = 400
    counted, other = (rng.choice(letters, n) for letters in (["A", "C", "AT", "0"], ["G", "T"]))
    place = 1000 + 100 * np.arange(n)
    place[11::20], counted[11::20], other[11::20] = place[10::20], counted[10::20], other[10::20]
    panel = panel_of(np.zeros((n, 3)), position=place, counted=counted, other=other)
    flip = {"A": "T", "C": "G", "G": "C", "T": "A"}
    changes = (
        lambda a, b: (a, b), lambda a, b: (b, a), lambda a, b: (flip.get(a, a), flip[b]),
        lambda a, b: (flip.get(b), flip.get(a, a)), lambda a, _: (a, "CA"),
    )  # fmt: skip
    pairs = [changes[k](a, b) for k, a, b in zip(rng.integers(0, 5, n), counted, other, strict=True)]
    frame = panel.variants.with_columns(
        pl.lit(None, dtype=pl.String).alias("rsid"),
        pl.Series("position", place + (rng.random(n) < 0.1)),
        pl.Series("counted", ["C" if a == "0" else a for a, _ in pairs]),
        pl.Series("other", ["C" if b == "0" else b for _, b in pairs]),
    )
    trait = trait_of(frame.filter(pl.col("counted") != pl.col("other"))).unique("variant_key", maintain_order=True)
    chosen = options(n_blocks=5, block_variants=30)
    row = PanelIndex(panel.variants).match(trait, trust_strand=True).row
    wanted = np.isin(row, panel_blocks(panel, options=chosen).rows).sum()
    found = expected_leads(store(x=trait), panel, options=chosen)
    assert 50 < wanted < 100
    assert found["n_variants"].to_list() == [wanted] * 2


def test_expected_leads__a_trait_without_positions_meets_the_panel_by_name_and_alleles(store):
    panel = panel_of(orthogonal(20))
    nowhere = panel.variants[:10].with_columns(
        pl.lit(None, dtype=pl.Int8).alias("chromosome"), pl.lit(None, dtype=pl.Int64).alias("position")
    )
    other = nowhere[5:].with_columns(pl.lit("C").alias("counted"), pl.lit("T").alias("other"))
    found = expected_leads(
        store(named=trait_of(nowhere), other=trait_of(other)), panel, options=options(block_variants=20)
    )
    assert found["n_variants"].to_list() == [10, 10, 1, 1]  # C/T is A/G of the other strand: rs6


def test_expected_leads__a_trait_without_variants_there_has_a_reason_and_no_number(store):
    panel = panel_of(orthogonal(60))
    chosen = options(n_blocks=2, block_variants=10)
    outside = np.setdiff1d(np.arange(60), panel_blocks(panel, options=chosen).rows)
    found = expected_leads(store(x=trait_of(panel.variants[outside])), panel, options=chosen)
    assert found["expected"].to_list() == found["expected_se"].to_list() == [None, None]
    assert found["n_variants"].to_list() == [0, 0]
    assert found["message"].str.contains("none of the 20 variants").all()


def test_expected_leads__traits_with_nearly_the_same_variants_share_a_calculation(store, monkeypatch):
    calls = []
    whole = null_leads.effective_leads
    monkeypatch.setattr(panel_leads, "effective_leads", lambda *a, **k: calls.append(1) or whole(*a, **k))
    panel = panel_of(orthogonal(100))
    variants = panel.variants
    traits = store(a=trait_of(variants), b=trait_of(variants[:95]), c=trait_of(variants[:94]), d=trait_of(variants))
    found = expected_leads(traits, panel, options=options(block_variants=100))
    assert len(calls) == 2  # a, b and d; c has 94 % of what a has
    assert found["n_variants"].to_list() == [100, 100, 95, 95, 94, 94, 100, 100]
    expected = found["expected"].to_numpy().reshape(4, 2) / np.array(P)
    np.testing.assert_allclose(expected, np.repeat([[100.0], [95.0], [94.0], [100.0]], 2, axis=1), rtol=1e-12)


def test_expected_leads__order_and_company_of_traits_play_no_part(store):
    rng = np.random.default_rng(3)
    panel = panel_of(np.repeat(rng.binomial(2, 0.4, (20, 50)), 3, axis=0))
    traits = store(a=trait_of(panel.variants), b=trait_of(panel.variants[:57]), c=trait_of(panel.variants[::3]))
    chosen = options(block_variants=20)
    both = expected_leads(traits, panel, options=chosen)
    turned = expected_leads(dict(reversed(traits.items())), panel, options=chosen)
    assert turned["trait_id"].to_list() == ["c", "c", "b", "b", "a", "a"]
    assert turned.sort("trait_id", "p_threshold").equals(both.sort("trait_id", "p_threshold"))
    alone = expected_leads({"c": traits["c"]}, panel, options=chosen)
    assert alone.equals(both.filter(pl.col("trait_id") == "c"))


def test_expected_leads__no_traits_are_an_empty_table():
    assert expected_leads({}, panel_of(orthogonal(5)), options=options()).height == 0


@pytest.mark.parametrize(("r2", "below"), [(0.0156, True), (0.0157, False)])
def test_expected_leads__say_when_noise_alone_ties_variants(store, r2, below):
    panel = panel_of(orthogonal(60))  # 64 people
    found = expected_leads(store(x=trait_of(panel.variants)), panel, options=options(r2=r2))
    assert found["below_noise"].to_list() == [below] * 2


@pytest.mark.parametrize("window_kb", [None, 0.8])
def test_shares__are_those_of_clumping_each_draw(window_kb):
    """The kernel against the rule on whole arrays, draw by draw; some places are unknown."""
    rng = np.random.default_rng(9)
    copies = np.repeat(rng.binomial(2, 0.4, (8, 60)), 5, axis=0)
    copies = np.where(rng.random(copies.shape) < 0.2, rng.binomial(2, 0.4, copies.shape), copies)
    position = np.arange(40) * 100.0
    position[::9] = np.nan
    block = NullBlock.of_genotypes("a", Genotypes.from_dosages(copies.astype(np.int8)), position=position)
    n_draws, cutoffs = 50, np.array([1.0, 1.5, 3.0])
    statistics = rng.normal(size=(n_draws, 60)) @ block.loadings.T
    which = rng.integers(0, 40, n_draws)
    beyond = cutoffs[:, None] + rng.exponential(0.3, (3, n_draws))
    r = block.loadings @ block.loadings.T
    wanted = np.empty((3, n_draws))
    for k in range(3):
        for draw, j in enumerate(which):
            z = np.abs(statistics[draw] + r[j] * (beyond[k, draw] - statistics[draw, j]))
            rows = np.flatnonzero(z >= cutoffs[k])
            stays = clump(z[rows], r[np.ix_(rows, rows)], r2=0.1, window_kb=window_kb, position=position[rows])
            wanted[k, draw] = stays.mean()
    reach = np.inf if window_kb is None else window_kb * 1000.0
    found = null_leads._clumped_shares(
        block.loadings, statistics, r[which], which, beyond, cutoffs, position, np.argsort(position), reach, 0.1
    )
    np.testing.assert_array_equal(found, wanted)
    assert (wanted < 1.0).mean() > 0.5


def test_unclumped_leads__are_variants_times_threshold():
    assert unclumped_leads(5_729_000, 1e-5) == pytest.approx(57.29)
    assert unclumped_leads(0, 0.5) == 0.0


@pytest.mark.parametrize(("n", "p"), [(-1, 0.1), (1, 0.0), (1, 1.0)])
def test_unclumped_leads__refuse_bad_numbers(n, p):
    with pytest.raises(ConfigError):
        unclumped_leads(n, p)


@pytest.mark.parametrize(
    "words",
    [{"p_thresholds": (0.1, 0.0)}, {"r2": 1.0}, {"window_kb": 0.0}, {"n_blocks": 1}, {"block_variants": 0},
     {"n_draws": 1}],
)  # fmt: skip
def test_options__out_of_range_are_refused(words):
    with pytest.raises(ConfigError, match=next(iter(words))):
        options(**words)
