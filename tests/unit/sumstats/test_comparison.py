"""Markers against simulated files: right, swapped, flipped, on the other build, other people, too few rows."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.core.findings import Example
from osteobiome.sumstats.comparison import MarkerComparison
from osteobiome.sumstats.reference import markers

DATA = Path(__file__).resolve().parents[2] / "data" / "sumstats" / "frequencies"
TURN = {"A": "T", "T": "A", "C": "G", "G": "C"}
TYPES = {
    "rsid": pl.String,
    "chromosome": pl.Int8,
    "position": pl.Int64,
    "effect_allele": pl.String,
    "other_allele": pl.String,
    "eaf": pl.Float64,
    "line": pl.Int64,
}


def simulated(*, build="GRCh37", n=2000, seed=5):
    """Rows of a study of 5,000 Europeans at markers, the effect allele one or the other at random."""
    rng = np.random.default_rng(seed)
    known = markers().sample(n, seed=seed).sort("chromosome", "position_grch37")
    is_first = pl.Series(rng.random(n) < 0.5)
    drawn = pl.Series(rng.binomial(10_000, known["frequency"].to_numpy()) / 10_000)
    return known.select(
        "rsid",
        "chromosome",
        pl.col(f"position_{build.lower()}").alias("position"),
        pl.when(is_first).then("allele_1").otherwise("allele_2").alias("effect_allele"),
        pl.when(is_first).then("allele_2").otherwise("allele_1").alias("other_allele"),
        pl.when(is_first).then(drawn).otherwise(1 - drawn).alias("eaf"),
        pl.lit(0.1).alias("beta"),
        pl.lit(1.0).alias("neg_log_10_p_value"),
        pl.int_range(2, n + 2, dtype=pl.Int64).alias("line"),
    )


def compared(frame, **options):
    comparison = MarkerComparison(**options)
    for part in frame.iter_slices(700):
        comparison.add(part)
    return comparison.result()


def no_names(frame):
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias("rsid"))


def test_right_file__agrees_in_everything():
    result = compared(simulated())
    assert (result.n_rows, result.n_met) == (2000, 2000)
    assert (result.build.build, result.build.status, result.build.basis) == ("GRCh37", "estimated", "rsid")
    assert (result.build.n_rsid_grch37, result.build.n_rsid_grch38, result.build.n_rsid_neither) == (2000, 0, 0)
    assert result.strand.verdict == "forward"
    assert result.strand.share("forward") == 1.0
    assert result.strand.n_rows < 2000  # palindromic markers do not count
    assert result.frequency.verdict == "agree"
    assert result.frequency.n == 2000
    assert result.frequency.correlation > 0.99
    assert result.frequency.mean_absolute_difference < 0.01
    assert result.frequency.share_opposite == 0.0
    assert result.frequency.ancestry == "EUR"
    assert 0.4 < result.frequency.share_at_most_half < 0.6
    assert result.examples == {}


def test_rows_away_from_markers__are_not_kept():
    frame = simulated(n=10).with_columns(pl.lit("rs1").alias("rsid"), pl.col("position") + 500_000_000)
    assert compared(frame).n_met == 0


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_build__is_told_by_position_where_there_are_no_names(build):
    result = compared(no_names(simulated(build=build)))
    assert (result.build.build, result.build.basis) == (build, "position")
    assert getattr(result.build, f"n_at_{build.lower()}") == 2000
    assert getattr(result.build, f"n_at_{build.lower()}_compatible") == 2000
    assert result.frequency.verdict == "agree"
    assert result.strand.verdict == "forward"


def test_build__grch38_positions_with_names():
    frame = simulated(build="GRCh38")
    wrong = simulated()["position"]
    frame = frame.with_columns(pl.when(pl.col("line") == 9).then(wrong).otherwise("position").alias("position"))
    result = compared(frame)
    assert result.build.build == "GRCh38"
    assert (result.build.n_rsid_grch37, result.build.n_rsid_grch38) == (1, 1999)
    (example,) = result.examples["other_build"]
    assert (example.line, example.column) == (9, "position")
    row = frame.row(7, named=True)
    assert example.value.startswith(f"{row['rsid']} {row['chromosome']}:{row['position']} against {row['chromosome']}:")


def test_build__neither():
    result = compared(simulated(n=100).with_columns(pl.col("position") + 7))
    assert (result.build.build, result.build.status, result.build.n_rsid_neither) == ("", "neither", 100)
    assert len(result.examples["neither_build"]) == 20
    assert result.examples["neither_build"][0].line == 2
    assert result.strand.verdict == "forward"  # names still tell the marker


def test_build__mixed():
    frame = pl.concat([simulated(n=100), simulated(build="GRCh38", n=100, seed=6)])
    assert (compared(frame).build.build, compared(frame).build.status) == ("", "mixed")
    bare = compared(no_names(frame)).build
    assert (bare.build, bare.status, bare.basis) == ("", "mixed", "position")


def test_build__positions_that_meet_markers_by_chance_are_no_evidence():
    rng = np.random.default_rng(1)
    frame = no_names(simulated(n=400))
    letters = [rng.choice(list("ACGT"), 2, replace=False) for _ in range(400)]
    frame = frame.with_columns(
        pl.Series("effect_allele", [a for a, _ in letters]), pl.Series("other_allele", [b for _, b in letters])
    )
    assert (compared(frame).build.build, compared(frame).build.status) == ("", "neither")


def test_build__too_few_rows():
    result = compared(simulated(n=19))
    assert (result.build.build, result.build.status, result.build.n_rsid_grch37) == ("", "too_few", 19)
    assert result.frequency.verdict == "not_estimable"
    assert result.frequency.correlation is not None
    assert result.strand.verdict == "not_estimable"


def test_build__without_positions_is_not_told():
    frame = simulated(n=300).with_columns(pl.lit(None, dtype=pl.Int64).alias("position"))
    result = compared(frame)
    assert (result.build.status, result.build.n_rsid) == ("too_few", 0)
    assert result.strand.verdict == "forward"
    assert result.frequency.verdict == "agree"


def test_swapped_alleles__give_the_frequency_of_the_other():
    frame = simulated().rename({"effect_allele": "other_allele", "other_allele": "effect_allele"})
    result = compared(frame)
    assert result.frequency.verdict == "opposite"
    assert result.frequency.correlation < -0.99
    assert result.frequency.share_opposite == 1.0
    assert result.strand.verdict == "forward"
    example = result.examples["opposite"][0]
    row = frame.filter(pl.col("line") == example.line).row(0, named=True)
    known, theirs = (float(x) for x in example.value.removeprefix(row["rsid"]).split(" against "))
    assert known == pytest.approx(row["eaf"], rel=1e-3)
    assert abs(known + theirs - 1) < 0.05


def test_flipped_strand__of_a_tenth_of_the_rows_is_mixed():
    flip = pl.col("line") % 10 == 0
    frame = simulated().with_columns(
        pl.when(flip).then(pl.col(name).replace_strict(TURN)).otherwise(name).alias(name)
        for name in ("effect_allele", "other_allele")
    )
    result = compared(frame)
    assert result.strand.verdict == "mixed"
    assert 0.07 < result.strand.share("flipped") < 0.13
    assert result.strand.n_incompatible == 0
    assert {e.line % 10 for e in result.examples["flipped"]} == {0}
    assert len(result.examples["flipped"]) == 20
    # frequencies are aligned over the strand; palindromic rows are left out
    assert result.frequency.verdict == "agree"
    assert result.frequency.n == result.strand.n_rows


def test_flipped_strand__of_all_rows_is_reverse():
    frame = simulated().with_columns(pl.col("effect_allele", "other_allele").replace_strict(TURN))
    assert compared(frame).strand.verdict == "reverse"


def test_incompatible_alleles__are_counted_and_shown():
    frame = simulated(n=200)
    known = markers().filter(pl.col("rsid") == frame["rsid"][4]).row(0, named=True)
    effect = pl.when(pl.col("line") == 6).then(pl.lit("AT")).otherwise("effect_allele")
    frame = frame.with_columns(effect.alias("effect_allele"))
    result = compared(frame)
    assert result.strand.n_incompatible == (0 if known["is_palindromic"] else 1)
    (example,) = result.examples["incompatible"]
    other = frame["other_allele"][4]
    assert example == Example(
        6, "effect_allele", f"{known['rsid']} AT/{other} against {known['allele_1']}/{known['allele_2']}"
    )


def test_other_allele__may_be_unknown():
    frame = simulated().with_columns(pl.lit(None, dtype=pl.String).alias("other_allele"))
    result = compared(frame)
    assert result.strand.verdict == "forward"
    assert result.frequency.verdict == "agree"


def test_minor_allele_frequencies__do_not_agree():
    eaf = pl.min_horizontal("eaf", 1 - pl.col("eaf"))
    result = compared(simulated().with_columns(eaf.alias("eaf")))
    assert result.frequency.verdict == "other_ancestry_or_mixed"
    assert result.frequency.share_at_most_half == 1.0


def test_one_frequency_for_all__has_no_correlation():
    result = compared(simulated().with_columns(pl.lit(0.5).alias("eaf")))
    assert result.frequency.correlation is None
    assert result.frequency.verdict == "other_ancestry_or_mixed"


@pytest.mark.parametrize(
    ("people", "verdict"),
    [
        ("FIN", "agree"),
        ("GBR", "agree"),
        ("EAS", "other_ancestry_or_mixed"),
        ("AFR", "other_ancestry_or_mixed"),
    ],
)
def test_frequencies_of_other_people(people, verdict):
    known = pl.read_csv(DATA / "hapmap3.tsv", separator="\t")
    frame = known.select(
        pl.lit(None, dtype=pl.String).alias("rsid"),
        pl.col("CHR").cast(pl.Int8).alias("chromosome"),
        pl.col("POS").alias("position"),
        pl.col("A").alias("effect_allele"),
        pl.col("B").alias("other_allele"),
        pl.col(people).alias("eaf"),
        pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("line"),
    )
    result = compared(frame)
    assert result.frequency.n == 55
    assert result.frequency.verdict == verdict
    assert (result.frequency.share_large_difference > 0.3) == (verdict != "agree")


def test_reference_of_the_user__is_used_with_its_ancestry():
    known = markers()[:100].with_columns(
        # written the other way round, and on one build only
        pl.col("allele_1").alias("allele_2"),
        pl.col("allele_2").alias("allele_1"),
        (1 - pl.col("frequency")).alias("frequency"),
        pl.lit(None, dtype=pl.Int64).alias("position_grch38"),
    )
    frame = markers()[:100].select(
        "rsid",
        "chromosome",
        pl.col("position_grch37").alias("position"),
        pl.col("allele_1").alias("effect_allele"),
        pl.col("allele_2").alias("other_allele"),
        pl.col("frequency").alias("eaf"),
        pl.int_range(2, 102, dtype=pl.Int64).alias("line"),
    )
    result = compared(frame, reference=known, ancestry="FIN")
    assert result.frequency.ancestry == "FIN"
    assert result.frequency.correlation == pytest.approx(1.0)
    assert (result.build.build, result.build.n_markers) == ("GRCh37", 100)


def test_reference_of_the_user__a_name_twice_names_no_marker():
    twice = pl.concat([markers()[:30], markers()[:1].with_columns(pl.col("position_grch37") + 1)])
    result = compared(simulated(n=2000), reference=twice)
    assert result.build.n_markers == 31
    one = markers()[:1].select(
        "rsid", "chromosome", pl.lit(5, dtype=pl.Int64).alias("position"), pl.col("allele_1").alias("effect_allele"),
        pl.col("allele_2").alias("other_allele"), pl.lit(0.1).alias("eaf"), pl.lit(2, dtype=pl.Int64).alias("line"),
    )  # fmt: skip
    assert compared(one, reference=twice).n_met == 0


def test_reference_of_the_user__a_missing_column_is_named():
    with pytest.raises(SchemaError, match="no column 'frequency'"):
        MarkerComparison(markers().drop("frequency"))


def test_an_empty_file__gives_no_numbers():
    result = compared(pl.DataFrame(schema=TYPES))
    assert (result.n_rows, result.n_met, result.build.status) == (0, 0, "too_few")
    assert result.frequency.correlation is None
    assert result.frequency.share_opposite is None
    assert result.strand.share("forward") is None


def test_names__are_met_in_capitals_too():
    frame = simulated(n=60).with_columns(pl.col("rsid").str.to_uppercase())
    assert compared(frame).build.n_rsid == 60


def test_frequencies_outside_0_and_1__are_left_out():
    frame = simulated(n=100).with_columns(
        pl.when(pl.col("line") == 2).then(1.5).when(pl.col("line") == 3).then(None).otherwise("eaf").alias("eaf")
    )
    assert compared(frame).frequency.n == 98
