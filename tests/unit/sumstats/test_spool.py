"""Sorting in buckets: whatever the order of the rows and the room in memory, the same rows leave sorted."""

import numpy as np
import polars as pl
import pytest

from osteobiome.sumstats.identity import FROM_KEY, add_keys, orient, with_identity, with_variant_key
from osteobiome.sumstats.spool import OutOfOrderError, Spool, bucket

N = 2_000


def table(seed=1):
    """Variants of four chromosomes, some longer ones, some known by a name only."""
    rng = np.random.default_rng(seed)
    chromosome = np.sort(rng.integers(1, 5, N)).astype(np.int8)
    position = rng.integers(1, 150_000_000, N)
    other = np.where(rng.uniform(size=N) < 0.1, "GTC", "G")
    named = rng.uniform(size=N) < 0.05
    frame = pl.DataFrame(
        {
            "rsid": [f"rs{i}" if i % 7 else f"1:{i}:A:G" for i in range(N)],
            "chromosome": chromosome,
            "position": position,
            "effect_allele": ["A"] * N,
            "other_allele": other,
            "beta": rng.normal(size=N),
            "eaf": rng.uniform(size=N),
            "line": np.arange(2, N + 2),
        }
    )
    hidden = pl.Series(named)
    frame = frame.with_columns(
        pl.when(hidden).then(None).otherwise(name).alias(name) for name in ("chromosome", "position")
    ).with_columns(frame["chromosome"].cast(pl.Int8).zip_with(~hidden, pl.Series([None] * N, dtype=pl.Int8)))
    return with_variant_key(orient(frame))


def spooled(pieces, **options):
    with Spool(key="variant_key", **options) as spool:
        for piece in pieces:
            spool.add(piece)
        return pl.concat(one.sorted() for one in spool.buckets())


def cut(frame, size):
    return [frame.slice(begin, size) for begin in range(0, frame.height, size)]


@pytest.mark.parametrize("bits", [41, 44, 48])
def test_bucket__rises_with_the_key(bits):
    keys = table()["variant_key"].sort().to_frame()
    assert keys.select(bucket("variant_key", bits=bits)).to_series().is_sorted()


@pytest.mark.parametrize("size", [300, N])
@pytest.mark.parametrize(("memory_rows", "n_rows"), [(500, 0), (1_000, 1e8), (10_000, 1e7)])
def test_spool__sorts_whatever_the_pieces_and_the_memory(size, memory_rows, n_rows, tmp_path):
    frame = table()
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=3)
    result = spooled(cut(shuffled, size), memory_rows=memory_rows, n_rows=n_rows, folder=tmp_path)
    assert result.equals(frame.sort("variant_key", "line"))
    assert list(tmp_path.iterdir()) == []  # what waited on disk is gone


def test_spool__an_error_leaves_nothing_on_disk(tmp_path):
    def fails():
        with Spool(tmp_path, key="variant_key", memory_rows=10) as spool:
            for piece in cut(table(), 500):
                spool.add(piece)
            assert list(tmp_path.iterdir())
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fails()
    assert list(tmp_path.iterdir()) == []


def hopeful(pieces, **options):
    """Return the frames that leave while the rows come, and those at the end."""
    early, late = [], []
    with Spool(key="variant_key", **options) as spool:
        for piece in pieces:
            spool.add(piece)
            early += [one.sorted() for one in spool.passed()]
        late = [one.sorted() for one in spool.buckets()]
    return early, late


def test_passed__a_sorted_file_leaves_while_it_comes():
    frame = table().sort("variant_key", "line")
    placed = frame.filter(pl.col("variant_key") < 1 << 60)
    early, late = hopeful(cut(placed, 300), n_rows=1e7)
    assert sum(part.height for part in early) > 0.8 * placed.height
    assert pl.concat([*early, *late]).equals(placed)


def test_buckets__of_a_small_table_leave_together():
    frame = table().sort("variant_key", "line")
    with Spool(key="variant_key", n_rows=1e7) as spool:
        spool.add(frame)
        (whole,) = spool.buckets()
    assert whole.sorted().equals(frame)


def test_buckets__of_a_large_table_stay_small(monkeypatch):
    monkeypatch.setattr("osteobiome.sumstats.spool.BUCKET_ROWS", 200)
    frame = table().sort("variant_key", "line")
    with Spool(key="variant_key", n_rows=1e7) as spool:
        spool.add(frame)
        parts = [one.sorted() for one in spool.buckets()]
    assert len(parts) > 3
    assert max(part.height for part in parts) < 600
    assert pl.concat(parts).equals(frame)


def test_passed__names_wait_to_the_end():
    frame = table().sort("line")  # positions are not sorted inside a chromosome, and names stand among them
    early, late = hopeful(cut(frame, 100))
    result = pl.concat([*early, *late])
    assert result.equals(frame.sort("variant_key", "line"))
    assert early
    assert all((part["variant_key"] < 1 << 60).all() for part in early)


def test_passed__chromosome_10_after_1_ends_the_hope():
    """Files sorted as text go 1, 10, 11, ..., 2: buckets of chromosome 1 may leave, and nothing is out of order."""
    frame = table().filter(pl.col("variant_key") < 1 << 60)
    order = {1: 1, 10: 2, 2: 3, 3: 4}
    renamed = frame.with_columns(pl.col("chromosome").replace_strict({1: 1, 2: 10, 3: 2, 4: 3}, return_dtype=pl.Int8))
    keyed = with_variant_key(renamed.drop("variant_key")).sort(
        pl.col("chromosome").replace_strict(order), "position", "line"
    )
    early, late = hopeful(cut(keyed, 100))
    assert pl.concat([*early, *late])["variant_key"].is_sorted()


def test_passed__a_row_that_comes_too_late_is_told():
    frame = table().filter(pl.col("variant_key") < 1 << 60).sort("variant_key")
    with pytest.raises(OutOfOrderError):
        hopeful([*cut(frame, 200), frame.head(1)])


def test_with_identity__makes_again_what_need_not_be_carried():
    frame = add_keys(table().drop("variant_key"))
    again = with_identity(frame.drop(FROM_KEY))
    for name in FROM_KEY:
        assert again[name].equals(frame[name], null_equal=True), name
