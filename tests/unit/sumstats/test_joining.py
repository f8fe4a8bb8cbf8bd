"""Two stored traits joined: the same variants, signs and losses as harmonisation, whatever the size of the pieces."""

import numpy as np
import polars as pl
import pytest

from osteobiome.store import write_frames
from osteobiome.sumstats import PalindromeOptions, harmonise
from osteobiome.sumstats.joining import StoredPair

HEADER = (
    "rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value",
)  # fmt: skip
PAIRS = ["AG", "CT", "AT", "CG", "AC", "GA"]


def rows(seed, *, drop=0.2, turn=0.0):
    """Return variants of two traits with common places; some lack a frequency, some are turned to the other strand."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(400):
        pair, frequency = PAIRS[i % len(PAIRS)], [0.2, 0.45, 0.8][i % 3]
        if rng.uniform() < drop:
            continue
        made.append(
            {
                "rsid": f"rs{i}",
                "chromosome": str(1 + i // 100),
                "base_pair_location": str(1_000 + 10 * i),
                "effect_allele": pair[0],
                "other_allele": pair[1],
                "beta": f"{rng.normal():.5f}",
                "standard_error": "0.5",
                "effect_allele_frequency": "NA"
                if i % 11 == 0
                else f"{1 - frequency if rng.uniform() < turn else frequency}",
                "p_value": "0.5",
            }
        )
    return made


@pytest.fixture
def stored(gwas, tmp_path):
    """Read a trait and store it; return both."""

    def build(name, table):
        stats = gwas(*table, trait_id=name)
        path = tmp_path / f"{name}.parquet"
        write_frames([stats.frame], path, schema="variants")
        return stats, path

    return build


@pytest.mark.parametrize("policy", ["frequency", "drop", "keep_forward"])
@pytest.mark.parametrize("piece", [7, 100, 10_000])
def test_stored_pair__agrees_with_harmonise(stored, policy, piece):
    (x, x_path), (y, y_path) = stored("x", rows(1)), stored("y", rows(2, turn=0.1))
    options = PalindromeOptions(policy=policy)
    pair = StoredPair(x_path, y_path, palindromes=options)
    joined = pl.concat(pair.frames(piece=piece))
    expected = harmonise(x, y, palindromes=options)
    assert joined.height == expected.frame.height > 100
    for name in ("beta_exposure", "se_exposure", "eaf_exposure", "beta_outcome", "se_outcome", "eaf_outcome", "sign"):
        assert joined[name].equals(expected.frame[name], null_equal=True), name
    assert pair.report().by_reason() == expected.rows.by_reason()


def test_stored_pair__frequencies_of_the_other_allele_drop_all_palindromes(stored):
    table = rows(3)
    other = [
        row | {"effect_allele_frequency": "NA" if row["effect_allele_frequency"] == "NA" else
               str(round(1 - float(row["effect_allele_frequency"]), 3))}
        for row in rows(3)
    ]  # fmt: skip
    (_, x), (_, y) = stored("x", table), stored("y", other)
    pair = StoredPair(x, y)
    joined = pl.concat(pair.frames(piece=50))
    assert "palindromic_frequencies_contradict" in pair.report().by_reason()
    assert (joined["sign"] == 1).all()


def test_stored_pair__nothing_in_common(stored):
    (_, x), (_, y) = stored("x", rows(1)[:50]), stored("y", rows(1)[-50:])
    pair = StoredPair(x, y)
    assert pl.concat(pair.frames()).height == 0
    report = pair.report()
    assert report.by_reason() == {"not_in_outcome": report.n_in}
