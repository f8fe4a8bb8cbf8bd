"""`osteobiome ld conditional`: chosen variants against a regression on the people of the panel."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tests.unit.cli.ld_world import HEADER, write_panel, write_table

N = 3000
HEAD = (*HEADER, "n")
ACTING = {1: 0.3, 4: -0.3, 8: 0.25}


def fitted(y, x):
    design = np.column_stack([np.ones(len(y)), x])
    inverse = np.linalg.inv(design.T @ design)
    b = inverse @ design.T @ y
    residual = y - design @ b
    return b[1:], np.sqrt(residual @ residual / (len(y) - design.shape[1]) * np.diag(inverse))[1:]


def p_of(z):
    return math.exp(stats.norm.logsf(abs(z))) * 2


@pytest.fixture(scope="module")
def region():
    """Ten variants of 3,000 people, three of which act, and what a study of these people reports."""
    rng = np.random.default_rng(6)
    first = rng.random(2 * N) < 0.3
    bits = [np.where(rng.random(2 * N) < kept, first, rng.random(2 * N) < 0.3) for kept in np.linspace(0.95, 0.3, 10)]
    copies = np.array([b[:N].astype(int) + b[N:] for b in bits])
    y = sum(effect * copies[i] for i, effect in ACTING.items()) + rng.normal(size=N)
    rows = []
    for i, x in enumerate(copies):
        (b,), (s,) = fitted(y, x)
        rows.append((f"rs{i}", 1, 1000 * (i + 1), "A", "G", b, s, x.mean() / 2, p_of(b / s), N))
    return copies, y, rows


@pytest.fixture
def study(tmp_path, monkeypatch, region):
    monkeypatch.chdir(tmp_path)
    copies, _, rows = region
    write_table(tmp_path / "bmd.tsv", rows, HEAD)
    write_panel(tmp_path / "panel", copies, [(1, f"rs{i}", 1000 * (i + 1), "A", "G") for i in range(10)])
    return tmp_path


def test_conditional__finds_the_variants_that_act(osteobiome, study, region):
    copies, y, rows = region
    ran = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1, "--out", "c.parquet")
    assert (ran.code, ran.err) == (0, "")
    table = pl.read_parquet(study / "c.parquet")
    assert table["variant"].to_list() == [f"rs{i}" for i in ACTING]
    beta, _ = fitted(y, copies[list(ACTING)].T)
    np.testing.assert_allclose(table["beta_joint"], beta, rtol=2e-3)
    np.testing.assert_allclose(table["beta"], [rows[i][5] for i in ACTING], rtol=1e-9)
    assert table["is_doubtful"].to_list() == [
        False,
        True,
        False,
    ]  # the other two mask rs4
    lines = ran.out.splitlines()
    assert lines[0] == "bmd.tsv: 10 candidates (p at most 1), 3 chosen (joint p at most 5 × 10⁻⁸)"
    assert [line.split()[0] for line in lines if line.startswith("rs")] == ["rs1", "rs4", "rs8"]
    (doubt,) = (line for line in lines if "more than twice" in line)
    assert doubt.startswith(
        "  Doubt: rs4 is more than twice as strong given the other chosen ones as alone (rs4: |z| 11.3 against 4.6)"
    )


def test_conditional__json_has_rows_reasons_and_options(osteobiome, study):
    document = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--p", 1e-6, "--kb", 500, "--json").json
    assert document["options"]["p_threshold"] == 1e-6
    assert document["options"]["window_kb"] == 500
    assert document["n_in"] == 10 == document["n_kept"] + sum(document["n_dropped"].values())
    assert document["n_kept"] == document["n_chosen"] + sum(document["notes"].values())
    assert document["max_frequency_difference"] == 0.2
    assert [(w["id"], w["count"]) for w in document["warnings"]] == [("joint_exceeds_marginal", 1)]


def test_conditional__warns_of_second_signals_that_few_people_may_have_made(osteobiome, study, region):
    """A panel of 50 people: |z| above 14 is too strong for it."""
    copies, _, rows = region
    write_panel(study / "few", copies[:, :50], [(1, f"rs{i}", 1000 * (i + 1), "A", "G") for i in range(10)])
    strong = [(*row[:5], 3 * row[5], row[6], row[7], p_of(3 * row[5] / row[6]) or 1e-300, N) for row in rows]
    write_table(study / "bmd.tsv", strong, HEAD)
    ran = osteobiome("ld", "conditional", "bmd.tsv", "few", "--allow-unfit", "--json")
    warning = next(w for w in ran.json["warnings"] if w["id"] == "signal_exceeds_panel")
    z = {row[0]: row[5] / row[6] for row in strong}
    chosen = [row["variant"] for row in ran.json["chosen"]]
    too_strong = [name for name in chosen if abs(z[name]) > 2 * math.sqrt(50)]
    assert len(chosen) > 1
    assert warning["count"] == len(too_strong) > 0
    strongest = max(chosen, key=lambda name: abs(z[name]))
    doubtful = [row["variant"] for row in ran.json["chosen"] if row["is_doubtful"]]
    assert doubtful == [name for name in chosen if name != strongest]
    assert [example["value"] for example in warning["examples"]] == doubtful
    plain = osteobiome("ld", "conditional", "bmd.tsv", "few", "--allow-unfit").out
    assert "|z| above 14, twice the root of 50 people in the panel" in plain
    marked = {line.split()[0]: line.split()[-1] == "yes" for line in plain.splitlines() if line.startswith("rs")}
    assert marked == {row["variant"]: row["is_doubtful"] for row in ran.json["chosen"]}


def test_conditional__frequencies_unlike_the_panels_are_left_out_and_named(osteobiome, study, region):
    """rs5 stands with swapped alleles: effect and frequency are those of the other one."""
    rows = [(*row[:7], 1 - row[7], *row[8:]) if row[0] == "rs5" else row for row in region[2]]
    write_table(study / "bmd.tsv", rows, HEAD)
    ran = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1)
    assert (
        "  1 left out: with another frequency of the same allele in the genotype panel (--diff-freq): rs5\n"
    ) in ran.out
    document = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1, "--json").json
    assert document["n_dropped"] == {"frequency_differs_from_panel": 1}
    assert document["n_kept"] == 9
    taken = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1, "--diff-freq", 1, "--json").json
    assert (taken["n_dropped"], taken["max_frequency_difference"]) == ({}, 1.0)


def test_conditional__nothing_chosen_is_not_said_to_be_given_chosen_ones(osteobiome, study, region):
    weak = [(*row[:5], 0.4 * row[5], row[6], row[7], p_of(0.4 * row[5] / row[6]), N) for row in region[2]]
    write_table(study / "bmd.tsv", weak, HEAD)
    ran = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1)
    assert ran.out.startswith("bmd.tsv: 10 candidates (p at most 1), 0 chosen")
    assert "  10 not significant by effect and standard error, with nothing chosen on the chromosome\n" in ran.out
    assert "given the chosen ones" not in ran.out


def test_conditional__without_sample_sizes_takes_the_one_that_is_given(osteobiome, study, region):
    write_table(study / "bmd.tsv", [row[:-1] for row in region[2]])
    ran = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1)
    assert ran.out.startswith("bmd.tsv: 0 candidates")
    assert "  10 left out: without sample size (--n): rs0, rs1, " in ran.out
    document = osteobiome("ld", "conditional", "bmd.tsv", "panel", "--candidates-p", 1, "--n", N, "--json").json
    assert [row["variant"] for row in document["chosen"]] == [f"rs{i}" for i in ACTING]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--p", "0"), ["p_threshold"]),
        (("--candidates-p", "1e-9"), ["candidates_p"]),
        (("--collinearity", "1", "--kb", "-1"), ["collinearity", "window_kb"]),
        (("--diff-freq", "1.1"), ["max_frequency_difference"]),
        (("--diff-freq", "nan"), ["max_frequency_difference"]),
        (("--n", "1"), ["n"]),
        (("--n", "nan"), ["n"]),
    ],
)
def test_conditional__option_out_of_range_is_exit_2(osteobiome, study, options, where):
    ran = osteobiome("ld", "conditional", "bmd.tsv", "panel", *options, "--json")
    assert (ran.code, [fault["where"] for fault in ran.json["faults"]]) == (2, where)
