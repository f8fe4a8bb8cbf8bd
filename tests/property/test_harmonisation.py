"""Harmonisation under rewriting of its input: other allele order, other strand, other row order change nothing."""

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteobiome.sumstats import PalindromeOptions, SumStats, harmonise, read_sumstats

FAST = settings(deadline=None, max_examples=12, database=None, suppress_health_check=[HealthCheck.too_slow])
COMPLEMENT = str.maketrans("ACGT", "TGCA")
HEADER = (
    "rsid\tchromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\teffect_allele_frequency"
)
RESULT = ("rsid", "beta_exposure", "se_exposure", "beta_outcome", "se_outcome", "matched_by", "sign", "is_palindromic")

alleles = st.sampled_from(
    [(a, b) for a in "ACGT" for b in "ACGT" if a != b] + [("C", "CAT"), ("CAT", "C"), ("GA", "G"), ("AT", "GC")]
)
thousandths = st.integers(-999, 999).filter(bool).map(lambda i: i / 1000)
# multiples of 1/64 and their complements are exact in binary, so turning an allele rounds nothing
frequencies = st.one_of(st.none(), st.integers(0, 64).map(lambda i: i / 64))


@st.composite
def variants(draw):
    """Two traits at up to eight places; some variants are missing, unplaced, or have other alleles in the outcome."""
    exposure, outcome = [], []
    for i in range(draw(st.integers(1, 8))):
        base = {"rsid": f"rs{i}", "chromosome": 1 + i % 3, "position": 100 * (i + 1)}
        effect, other = draw(alleles)
        exposure.append(base | {"effect": effect, "other": other, "beta": draw(thousandths), "eaf": draw(frequencies)})
        if draw(st.booleans()):
            there = draw(st.sampled_from([(effect, other), (other, effect), draw(alleles)]))
            place = {} if draw(st.booleans()) else {"chromosome": None, "position": None}
            row = base | place | {"beta": draw(thousandths), "eaf": draw(frequencies)}
            outcome.append(row | {"effect": there[0], "other": there[1]})
    outcome.append(
        {"rsid": "rs99", "chromosome": 9, "position": 5, "effect": "A", "other": "G", "beta": 0.5, "eaf": None}
    )
    return exposure, outcome


def stats(rows, trait):
    """Write rows as GWAS-SSF and read them back."""

    def text(value):
        return "NA" if value is None else str(value)

    lines = [HEADER]
    for row in rows:
        cells = (
            row["rsid"],
            row["chromosome"],
            row["position"],
            row["effect"],
            row["other"],
            row["beta"],
            0.25,
            row["eaf"],
        )
        lines.append("\t".join(map(text, cells)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trait.tsv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_sumstats(path, file_format="gwas_ssf", trait_id=trait, genome_build="GRCh37")


def run(exposure, outcome, policy="frequency"):
    result = harmonise(stats(exposure, "x"), stats(outcome, "y"), palindromes=PalindromeOptions(policy))
    return result, sorted(result.rows.by_reason().items())


def turned(row):
    return row | {
        "effect": row["other"],
        "other": row["effect"],
        "beta": -row["beta"],
        "eaf": None if row["eaf"] is None else 1 - row["eaf"],
    }


def on_other_strand(row):
    if len(row["effect"]) > 1 or len(row["other"]) > 1 or row["effect"].translate(COMPLEMENT) == row["other"]:
        return row
    return row | {"effect": row["effect"].translate(COMPLEMENT), "other": row["other"].translate(COMPLEMENT)}


@FAST
@given(variants(), st.randoms(use_true_random=False), st.sampled_from(["frequency", "drop", "keep_forward"]))
def test_harmonise__swapping_alleles_of_any_row_changes_nothing(tables, random, policy):
    exposure, outcome = tables
    result, reasons = run(exposure, outcome, policy)
    swapped = [[turned(row) if random.random() < 0.5 else row for row in rows] for rows in tables]
    again, same_reasons = run(*swapped, policy)
    assert again.frame.equals(result.frame)
    assert same_reasons == reasons


@FAST
@given(variants(), st.randoms(use_true_random=False))
def test_harmonise__strand_of_non_palindromes_changes_nothing(tables, random):
    result, reasons = run(*tables)
    other = [[on_other_strand(row) if random.random() < 0.5 else row for row in rows] for rows in tables]
    again, same_reasons = run(*other)
    assert again.frame.select(RESULT).equals(result.frame.select(RESULT))
    assert same_reasons == reasons


@FAST
@given(variants(), st.randoms(use_true_random=False))
def test_read__strand_and_order_of_alleles_do_not_change_keys(tables, random):
    exposure, _ = tables
    before = stats(exposure, "x").frame.sort("rsid")
    rows = [turned(row) if random.random() < 0.5 else row for row in map(on_other_strand, exposure)]
    after = stats(rows, "x").frame.sort("rsid")
    columns = ("rsid", "variant_key", "id_key", "allele_class", "beta", "se", "eaf")
    assert after.select(columns).equals(before.select(columns))


@FAST
@given(variants(), st.randoms(use_true_random=False))
def test_harmonise__order_of_rows_changes_nothing(tables, random):
    result, reasons = run(*tables)
    shuffled = [random.sample(rows, len(rows)) for rows in tables]
    again, same_reasons = run(*shuffled)
    assert again.frame.equals(result.frame)
    assert same_reasons == reasons


@FAST
@given(variants(), st.sampled_from(["frequency", "drop", "keep_forward"]))
def test_harmonise__every_instrument_is_accounted_for(tables, policy):
    exposure, outcome = tables
    result, _ = run(exposure, outcome, policy)
    rows = result.rows
    assert rows.n_in == len(exposure)
    assert rows.n_kept == result.frame.height
    assert rows.n_in == rows.n_kept + rows.n_dropped
    assert result.frame["rsid"].n_unique() == result.frame.height
    assert set(result.frame["rsid"]) <= {row["rsid"] for row in exposure}


def as_stats(frame, side, trait):
    """Return one side of a harmonised pair as summary statistics of its own, aligned to the exposure's allele."""
    rows = [
        {
            "rsid": row["rsid"],
            "chromosome": row["chromosome"],
            "position": row["position"],
            "effect": row["effect_allele"],
            "other": row["other_allele"],
            "beta": row[f"beta_{side}"],
            "eaf": row[f"eaf_{side}"],
        }
        for row in frame.to_dicts()
    ]
    return stats(rows, trait) if rows else None


@FAST
@given(variants(), st.sampled_from(["frequency", "drop", "keep_forward"]))
def test_harmonise__is_idempotent(tables, policy):
    first, _ = run(*tables, policy)
    exposure, outcome = (as_stats(first.frame, side, side) for side in ("exposure", "outcome"))
    if exposure is None:
        return
    second = harmonise(exposure, outcome, palindromes=PalindromeOptions(policy))
    same = ("rsid", "effect_allele", "other_allele", "beta_exposure", "beta_outcome", "eaf_exposure", "eaf_outcome")
    assert second.frame.select(same).equals(first.frame.select(same))
    assert second.rows.n_dropped == 0
    assert (second.frame["sign"] == 1).all()


@FAST
@given(variants())
def test_read__every_row_is_accounted_for(tables):
    exposure, _ = tables
    broken = [row | {"beta": None} for row in exposure[:2]]
    read = stats([*exposure, *exposure[:3], *broken], "x")
    assert isinstance(read, SumStats)
    assert read.rows.n_in == len(exposure) + min(3, len(exposure)) + len(broken)
    assert read.rows.n_in == read.rows.n_kept + read.rows.n_dropped
    assert read.frame.height == len(exposure)


def test_strategies__reach_what_they_should():
    """The strategy is only worth something if it makes matches, palindromes, indels and losses."""
    seen: dict[str, int] = {}

    @settings(deadline=None, max_examples=30, database=None, derandomize=True)
    @given(variants())
    def collect(tables):
        result, reasons = run(*tables)
        for key, count in [*reasons, *result.rows.notes, ("kept", result.frame.height)]:
            seen[key] = seen.get(key, 0) + count
        seen["indel"] = seen.get("indel", 0) + result.frame.filter(pl.col("effect_allele").str.len_chars() > 1).height

    collect()
    wanted = {
        "kept",
        "not_in_outcome",
        "allele_mismatch",
        "palindromic_kept_by_frequency",
        "palindromic_turned",
        "indel",
    }
    assert {key for key in wanted if seen.get(key)} == wanted


@pytest.mark.parametrize("policy", ["frequency", "drop", "keep_forward"])
def test_harmonise__with_itself_keeps_the_sign(policy):
    rows = [
        {"rsid": f"rs{i}", "chromosome": 1, "position": i + 1, "effect": a, "other": b, "beta": 0.25, "eaf": 0.25}
        for i, (a, b) in enumerate([("A", "G"), ("T", "A"), ("C", "G"), ("C", "CAT")])
    ]
    frame = run(rows, rows, policy)[0].frame
    assert (frame["beta_exposure"] == frame["beta_outcome"]).all()
    assert frame.height == (2 if policy == "drop" else 4)
