"""`osteobiome ld clump`, against a plain loop and PLINK."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

from tests.unit.cli.ld_world import write_table

needs_plink = pytest.mark.skipif(shutil.which("plink1.9") is None, reason="plink1.9 is not installed")


def brute_force(world, rows, *, r2, kb):
    """Greedy clumps in plain Python, with r² of genotypes: index variant of each candidate."""
    square = np.corrcoef(world.dosages.astype(float)) ** 2
    led = {}
    for lead in sorted(rows, key=lambda i: -abs(world.z[i])):
        if lead in led:
            continue
        led[lead] = lead
        for other in rows:
            (c, p), (c_lead, p_lead) = world.places[other], world.places[lead]
            if other not in led and c == c_lead and abs(p - p_lead) < 1000 * kb and square[other, lead] > r2:
                led[other] = lead
    return led, square


@pytest.mark.parametrize(("r2", "kb"), [(0.001, 10_000), (0.02, 10_000), (0.4, 10_000), (0.02, 10), (0.6, 5.001)])
def test_clump__equals_a_plain_loop(osteobiome, here, world, r2, kb):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", r2, "--kb", kb, "--mode", "genotype",
                     "--out", "c.parquet")  # fmt: skip
    assert ran.code == 0, ran.err
    led, square = brute_force(world, world.candidates(), r2=r2, kb=kb)
    table = pl.read_parquet(here / "c.parquet")
    found = dict(table.select("variant", "index_variant").rows())
    assert found == {f"rs{i}": f"rs{lead}" for i, lead in led.items()}
    assert 2 <= len(set(led.values())) < len(led)
    for row in table.to_dicts():
        i, lead = (int(row[name][2:]) for name in ("variant", "index_variant"))
        assert row["r2"] == pytest.approx(square[i, lead], abs=1e-12)
        assert row["reason"] == ("" if i == lead else "clumped")
        assert row["n_members"] == (list(led.values()).count(i) - 1 if i == lead else None)
        assert row["f_statistic"] == pytest.approx(world.z[i] ** 2, rel=1e-3)


@needs_plink
def test_clump__equals_plink(osteobiome, here, world):
    rows = world.rows()
    write_table(here / "assoc.txt", [(row[0], row[8]) for row in rows], ("SNP", "P"))
    words = "--bfile panel/eur --clump assoc.txt --clump-p1 5e-8 --clump-p2 5e-8 --clump-r2 0.02 --clump-kb 10000"
    subprocess.run(["plink1.9", *words.split(), "--out", "p"], check=True, capture_output=True)
    theirs = {}
    for line in (here / "p.clumped").read_text().split("\n")[1:]:
        if cells := line.split():
            theirs[cells[2]] = 0 if cells[11] == "NONE" else cells[11].count("(1)")
    ours = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json").json["index_variants"]
    assert {row["variant"]: row["n_members"] for row in ours} == theirs
    assert len(theirs) >= 8


def test_clump__shows_index_variants_strongest_first_and_names_what_no_panel_has(osteobiome, here, world):
    i = max(world.candidates(), key=lambda i: abs(world.z[i]))
    rows = world.rows()
    rows[i] = ("rs999", rows[i][1], 29_999_999, *rows[i][3:])
    write_table(here / "bmd.tsv", rows)
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02)
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    n = len(world.candidates())
    assert re.fullmatch(rf"bmd.tsv: {n} candidates \(p at most 5 × 10⁻⁸\), (\d+) index variants", lines[0])
    assert lines[1] == "  r² above 0.02 within 10,000 kb, 343 people"
    assert "  1 not in the panel, or with other alleles there" in lines
    assert "  Not in the panel, so in no clump: rs999" in lines
    at = next(k for k, line in enumerate(lines) if line.startswith("index variant"))
    assert lines[at].split("  ")[0] == "index variant"
    shown = [line.split() for line in lines[at + 2 :]]
    strength = [abs(world.z[int(row[0][2:])]) for row in shown]
    assert strength == sorted(strength, reverse=True)
    first = int(shown[0][0][2:])
    assert shown[0][1] == f"{world.places[first][0]}:{world.places[first][1]:,}"
    document = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json").json
    assert document["not_in_panel"] == ["rs999"]
    assert [row["variant"] for row in document["index_variants"]] == [row[0] for row in shown]
    assert document["n_candidates"] == document["n_index_variants"] + sum(document["n_dropped"].values())


def test_clump__says_when_the_threshold_is_below_the_noise(osteobiome, here):
    doubt = "  Doubt: r² threshold 0.001 is below 1/n = 0.0029 of 343 people."
    assert doubt in osteobiome("ld", "clump", "bmd.tsv", "panel/eur").out
    assert "Doubt" not in osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02).out
    assert osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--json").json["r2_is_below_noise"] is True


def test_clump__weaker_members_come_in_with_p2(osteobiome, here, world):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--p2", 1e-2, "--out", "c.tsv")
    assert "(p at most 5 × 10⁻⁸, members p below 0.01)" in ran.out
    table = pl.read_csv(here / "c.tsv", separator="\t")
    p = {name: float(row[8]) for name, row in zip(world.names, world.rows(), strict=True)}
    assert set(table["variant"]) == {name for name in p if p[name] < 1e-2}
    weak = table.filter(pl.col("variant").is_in([name for name in p if p[name] > 5e-8]))
    assert weak.height > 10
    assert set(weak["reason"]) <= {"clumped", "above_p_threshold"}
    strict = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json").json["index_variants"]
    leads = table.filter(pl.col("n_members").is_not_null())
    assert set(leads["variant"]) == {row["variant"] for row in strict}


def test_clump__by_f_takes_the_largest_f(osteobiome, here, world):
    """p values that contradict F: all of one block the same, so that F alone decides."""
    rows = [(*row[:8], "1e-20") if float(row[8]) < 5e-8 else row for row in world.rows()]
    write_table(here / "bmd.tsv", rows)
    words = ("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json", "--by")
    by = {name: [row["variant"] for row in osteobiome(*words, name).json["index_variants"]] for name in ("p", "f")}
    led, _ = brute_force(world, world.candidates(), r2=0.02, kb=10_000)
    assert set(by["f"]) == {f"rs{i}" for i in set(led.values())}
    f = {name: (float(row[5]) / row[6]) ** 2 for name, row in zip(world.names, rows, strict=True)}
    assert [f[name] for name in by["f"]] == sorted((f[name] for name in by["f"]), reverse=True)
    assert set(by["p"]) != set(by["f"])


def test_clump__variants_without_a_name_of_their_own_are_called_by_place(osteobiome, here, world):
    rows = [("rs0" if row[1] == 21 else "", *row[1:]) for row in world.rows()]
    write_table(here / "bmd.tsv", rows)
    document = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--mode", "genotype", "--json").json
    led, _ = brute_force(world, world.candidates(), r2=0.02, kb=10_000)
    found = {(row["chromosome"], row["position"]) for row in document["index_variants"]}
    assert found == {world.places[i] for i in set(led.values())}
    for row in document["index_variants"]:
        assert row["variant"].startswith(f"{row['chromosome']}:{row['position']}:")


def test_clump__refuses_a_panel_that_does_not_fit_unless_told(osteobiome, here, world):
    write_table(here / "lifted.tsv", world.rows(shift=12_345))
    words = ("ld", "clump", "lifted.tsv", "panel/eur", "--r2", 0.02, "--out", "c.csv")
    ran = osteobiome(*words, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "panel_other_build"
    assert fault["where"] == "panel/eur for lifted.tsv"
    assert "--allow-unfit" in fault["hint"]
    assert not (here / "c.csv").exists()
    ran = osteobiome(*words, "--allow-unfit")
    assert ran.code == 0
    assert "  Fault: of 120 variants that have one name" in ran.out
    assert (here / "c.csv").exists()


def test_clump__without_a_candidate_says_so(osteobiome, here):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--p1", "1e-300", "--out", "c.csv")
    assert ran.code == 0
    assert ran.out.startswith("bmd.tsv: 0 candidates (p at most 1 × 10⁻³⁰⁰), 0 index variants\n")
    assert pl.read_csv(here / "c.csv").height == 0


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_clump__writes_the_same_table_in_every_form(osteobiome, here, world, ending):
    path = here / f"c.{ending}"
    assert osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--out", path).code == 0
    read = {"csv": pl.read_csv, "tsv": lambda p: pl.read_csv(p, separator="\t"), "parquet": pl.read_parquet}[ending]
    assert set(read(path)["variant"]) == {f"rs{i}" for i in world.candidates()}


@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("c.xlsx", "wrong_suffix"),
        ("c", "wrong_suffix"),
        ("mine.csv", "file_exists"),
        ("folder.csv", "file_exists"),
        ("bmd.tsv/c.csv", "not_a_folder"),
        (f"{'x' * 300}.csv", "cannot_write"),
    ],
)
def test_clump__name_that_cannot_be_written_is_exit_2(osteobiome, here, out, code):
    (here / "mine.csv").write_text("mine")
    (here / "folder.csv").mkdir()
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--out", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert (here / "mine.csv").read_text() == "mine"
    if code == "file_exists" and out.startswith("mine"):
        assert osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--out", out, "--overwrite").code == 0
        assert (here / "mine.csv").read_text().startswith("variant,")


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--p1", "0"), ["p1"]),
        (("--p1", "1e-8", "--p2", "1e-9"), ["p2"]),
        (("--kb", "0"), ["kb"]),
        (("--mode", "haplotype", "--by", "z"), ["mode", "by"]),
    ],
)
def test_clump__option_out_of_range_is_exit_2(osteobiome, here, options, where):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", *options, "--json")
    assert (ran.code, [fault["where"] for fault in ran.json["faults"]]) == (2, where)
