"""Lift-over: nothing is lost without a count, and what is mapped comes back."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from osteobiome.core.rows import RowLedger
from osteobiome.sumstats.liftover import MAPPED, bundled_chain, lift, lift_positions
from osteobiome.sumstats.reference import chain_blocks

BLOCKS = chain_blocks()
ALLELES = st.sampled_from(["A", "C", "G", "T", "AC", "GT", "ACG", "TTTTTTTT"])
builds = st.sampled_from([("GRCh37", "GRCh38"), ("GRCh38", "GRCh37")])


@st.composite
def places(draw, source):
    """Bases near the edges of blocks, where things go wrong, and anywhere else."""
    here = source.lower()
    row = BLOCKS.row(draw(st.integers(0, BLOCKS.height - 1)), named=True)
    offset = draw(st.one_of(st.integers(-3, 4), st.integers(0, row["length"])))
    at_end = draw(st.booleans())
    position = row[f"start_{here}"] + offset + (row["length"] if at_end else 0)
    return row[f"chromosome_{here}"], max(1, position)


@given(data=st.data(), direction=builds)
def test_lift_positions__comes_back_where_it_was(data, direction):
    source, target = direction
    chosen = data.draw(st.lists(places(source), min_size=1, max_size=30))
    chromosome, position = (np.array(x) for x in zip(*chosen, strict=True))
    new = lift_positions(chromosome, position, bundled_chain(source, target))
    old = lift_positions(new[0], new[1], bundled_chain(target, source))
    is_mapped = new[3] == MAPPED
    assert np.array_equal(old[3] == MAPPED, is_mapped)
    assert np.array_equal(old[0][is_mapped], chromosome[is_mapped])
    assert np.array_equal(old[1][is_mapped], position[is_mapped])
    assert np.array_equal(old[2], new[2])


@given(data=st.data(), direction=builds)
def test_lift__accounts_for_every_row_and_is_undone_by_its_inverse(data, direction):
    source, target = direction
    chosen = data.draw(st.lists(st.tuples(places(source), ALLELES, ALLELES), min_size=1, max_size=30))
    n = len(chosen)
    frame = pl.DataFrame(
        {
            "rsid": [f"rs{i}" for i in range(n)],
            "chromosome": pl.Series([c for (c, _), _, _ in chosen], dtype=pl.Int8),
            "position": pl.Series([p for (_, p), _, _ in chosen], dtype=pl.Int64),
            "effect_allele": [e for _, e, _ in chosen],
            "other_allele": [o for _, _, o in chosen],
            "line": list(range(2, n + 2)),
        }
    )
    ledger = RowLedger("trait", "liftover", n)
    lifted, counts = lift(frame, source=source, target=target, ledger=ledger)
    assert counts.n_in == n == counts.n_kept + counts.n_dropped
    ledger.close(lifted.height)  # raises where a row is unaccounted for
    back, again = lift(lifted, source=target, target=source)
    assert again.n_dropped == 0
    assert back.equals(frame.filter(pl.col("line").is_in(lifted["line"].implode())))
