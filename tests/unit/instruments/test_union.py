"""Many traits at the union of their instruments: the same pairs as harmonising each pair on its own."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.errors import SchemaError
from osteobiome.core.rows import RowReport
from osteobiome.core.schema import table
from osteobiome.instruments import Instruments
from osteobiome.instruments.union import PairIndex, TraitPanel
from osteobiome.sumstats import SumStats, harmonise
from osteobiome.sumstats.identity import add_keys, orient

PAIRS = (("x", "y"), ("x", "z"), ("w", "y"))
ALLELES = [("A", "G"), ("C", "T"), ("A", "T"), ("G", "C")]


def trait(seed, n=60):
    """Variants of a small common list, each trait with some of them."""
    rng = np.random.default_rng(seed)
    chosen = np.flatnonzero(rng.uniform(size=n) < 0.7)
    rows = [
        {
            "rsid": f"rs{i + 1}", "chromosome": 1 + int(i) % 3, "position": 1000 + int(i),
            "effect_allele": ALLELES[i % 4][0], "other_allele": ALLELES[i % 4][1], "beta": rng.normal(),
            "se": 0.1 + rng.uniform(), "eaf": None if i % 11 == 0 else rng.uniform(0.02, 0.98),
            "neg_log_10_p_value": 9.0, "n": 1000.0 + int(i), "line": int(i) + 2,
        }
        for i in chosen
    ]  # fmt: skip
    plain = table("variants", rows).drop("variant_key", "id_key", "allele_class", "is_palindromic")
    return table("variants", add_keys(orient(plain)).to_dicts())


def as_sumstats(name, frame):
    return SumStats(name, frame, RowReport(name, "ingest", frame.height, frame.height), "GRCh37", "")


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_pair_index__is_what_harmonising_each_pair_gives(seed):
    tables = {name: trait(seed + i) for i, name in enumerate("xwyz")}
    keys = {name: tables[name]["variant_key"].to_numpy()[::2] for name in "xw"}
    panel = TraitPanel.of(tables, keys=np.concatenate(list(keys.values())))
    index = PairIndex.of(panel, PAIRS, instruments=keys)
    for i, (exposure, outcome) in enumerate(PAIRS):
        own = tables[exposure].filter(pl.col("variant_key").is_in(keys[exposure].tolist()))
        expected = harmonise(as_sumstats(exposure, own), as_sumstats(outcome, tables[outcome]))
        got = index.instruments(panel, i)
        wanted = Instruments.from_frame(expected.frame, exposure=exposure, outcome=outcome)
        assert got.rsid == wanted.rsid
        for field in ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome", "eaf_outcome", "n_outcome"):
            assert np.array_equal(getattr(got, field), getattr(wanted, field), equal_nan=True), field
        assert got.rows.by_reason() == expected.rows.by_reason()
        assert got.rows.n_in == own.height


def test_trait_panel__marks_what_a_trait_lacks():
    tables = {name: trait(i) for i, name in enumerate("xy")}
    keys = tables["x"]["variant_key"].to_numpy()
    panel = TraitPanel.of(tables, keys=keys)
    assert panel.beta.shape == panel.valid.shape == (2, len(keys))
    assert panel.valid[0].all()
    in_y = np.isin(panel.variants["variant_key"].to_numpy(), tables["y"]["variant_key"].to_numpy())
    assert (panel.valid[1] == in_y).all()
    assert np.isnan(panel.beta[1, ~in_y]).all()
    assert panel.places(np.array([-5, keys.min()])).tolist() == [-1, 0]


def test_trait_panel__without_variants():
    panel = TraitPanel.of({"x": trait(1), "y": trait(2)}, keys=[])
    index = PairIndex.of(panel, [("x", "y")], instruments={"x": np.array([7])})
    assert index.begin.tolist() == [0, 0]
    assert index.rows[0].by_reason() == {"not_in_exposure": 1}


def test_trait_panel__a_variant_twice_is_an_error():
    frame = trait(1)
    twice = pl.concat([frame, frame.head(1)])
    with pytest.raises(SchemaError, match="a variant twice"):
        TraitPanel.of({"x": twice}, keys=frame["variant_key"].to_numpy())
