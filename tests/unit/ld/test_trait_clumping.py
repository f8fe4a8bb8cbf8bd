"""Several stored traits clumped in one pass: each as if it were the only one."""

import numpy as np
import polars as pl
import pytest

from osteobiome.core.schema import table
from osteobiome.ld.panel import open_panel
from osteobiome.ld.panel_clumping import PanelClumpOptions
from osteobiome.ld.trait_clumping import clump_traits
from osteobiome.sumstats.identity import add_keys, orient

N_VARIANTS, N_PEOPLE = 60, 120
OPTIONS = PanelClumpOptions(p1=1e-4, r2=0.2, kb=500, mode="genotype")
LETTERS = [("A", "G"), ("A", "T"), ("C", "A"), ("G", "C")]


@pytest.fixture
def people():
    """Copies of A1 in blocks of five variants that resemble each other."""
    rng = np.random.default_rng(3)
    blocks = np.repeat(rng.binomial(2, 0.4, (N_VARIANTS // 5, N_PEOPLE)), 5, axis=0)
    changed = rng.uniform(size=blocks.shape) < 0.15
    return np.where(changed, rng.binomial(2, 0.4, blocks.shape), blocks)


def place(i):
    """Two stretches of a chromosome, further apart than the window."""
    return 1000 + 10_000 * int(i) + 10_000_000 * (int(i) // 30)


@pytest.fixture
def panel(people, write_panel):
    names = [f"rs{i}" for i in range(N_VARIANTS)]
    alleles = [LETTERS[i % 4] for i in range(N_VARIANTS)]
    positions = [place(i) for i in range(N_VARIANTS)]
    return open_panel(write_panel(people, alleles=alleles, positions=positions, names=names))


def trait(rng, chosen):
    """Candidates in any order, half of them with effect and other allele the other way round, one unknown."""
    rows = [
        {
            "rsid": f"rs{i}", "chromosome": 1, "position": place(i),
            "effect_allele": LETTERS[i % 4][i % 2], "other_allele": LETTERS[i % 4][1 - i % 2], "beta": 0.1, "se": 0.02,
            "neg_log_10_p_value": float(rng.uniform(4, 30)), "line": int(i) + 2,
        }
        for i in chosen
    ]  # fmt: skip
    rows.append(rows[0] | {"rsid": "rs999", "position": 77, "line": 999})
    plain = table("variants", rows).drop("variant_key", "id_key", "allele_class", "is_palindromic")
    return table("variants", add_keys(orient(plain)).to_dicts())


def brute_force(frame, people):
    """The rule in words: strongest first, each takes what is near and alike."""
    rows = frame.to_dicts()
    number = [int(row["rsid"][2:]) for row in rows]
    reason = ["not_in_panel" if i >= N_VARIANTS else None for i in number]
    for k in sorted(range(len(rows)), key=lambda k: -rows[k]["neg_log_10_p_value"]):
        if reason[k] is not None:
            continue
        reason[k] = ""
        for m in range(len(rows)):
            near = abs(rows[m]["position"] - rows[k]["position"]) < 500_000
            if reason[m] is None and near and np.corrcoef(people[number[k]], people[number[m]])[0, 1] ** 2 > 0.2:
                reason[m] = "clumped"
    return reason


def test_clump_traits__each_as_if_it_were_the_only_one(panel, people):
    rng = np.random.default_rng(8)
    tables = {f"t{k}": trait(rng, rng.permutation(N_VARIANTS)[: 10 + 9 * k]) for k in range(5)}
    clumps = clump_traits(tables, panel, options=OPTIONS)
    assert list(clumps) == list(tables)
    for name, frame in tables.items():
        assert clumps[name]["reason"].to_list() == brute_force(frame, people)
        assert clumps[name]["variant_key"].equals(frame["variant_key"])
        alone = clump_traits({name: frame}, panel, options=OPTIONS)[name]
        assert clumps[name].equals(alone)
    some = clumps["t4"].filter(reason="clumped")
    assert some.height > 10
    for row in some.head(5).to_dicts():
        one, two = (int(row[column][2:]) for column in ("rsid", "index_variant"))
        assert row["r2"] == pytest.approx(np.corrcoef(people[one], people[two])[0, 1] ** 2, abs=1e-12)


def test_clump_traits__without_candidates_or_traits(panel):
    empty = table("variants")
    assert clump_traits({}, panel) == {}
    assert clump_traits({"x": empty}, panel)["x"].height == 0


def test_clump_traits__nothing_in_the_panel(panel):
    frame = trait(np.random.default_rng(1), [3]).tail(1)
    (row,) = clump_traits({"x": frame}, panel)["x"].to_dicts()
    assert (row["reason"], row["index_variant"], row["r2"]) == ("not_in_panel", None, None)


def test_clump_traits__has_the_columns_of_its_schema(panel):
    frame = trait(np.random.default_rng(1), [1, 2])
    made = clump_traits({"x": frame}, panel)["x"]
    assert made.schema == table("clumps").schema
    assert isinstance(made, pl.DataFrame)
