"""`osteobiome ld check`, as people type it and as programs read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.cli.ld_world import HEADER, PEOPLE, write_panel, write_table

REAL = Path(__file__).parents[3] / "tests" / "data" / "ld" / "panels"


def test_check__of_a_panel_that_fits(osteobiome, here, world):
    ran = osteobiome("ld", "check", "bmd.tsv", "panel/eur")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "panel/eur fits bmd.tsv"
    assert lines[1] == "  Panel: 120 variants, 343 people."
    assert lines[2].startswith("  Noise floor of r²: 1/n = 0.0029; ")
    assert lines[3] == "  Found: 120 of 120 variants (100.0 %)."
    assert lines[4] == "  Alleles: the same for 120 of 120 (100.0 %)."
    correlation = np.corrcoef([float(row[7]) for row in world.rows()], world.dosages.mean(axis=1))[0, 1]
    assert lines[5] == f"  Allele frequencies: correlation {correlation:.3f} over 120 variants."
    assert len(lines) == 6


def test_check__json_has_the_numbers_behind_it(osteobiome, here):
    document = osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--json").json
    assert (document["verdict"], document["n_people"], document["n_found"]) == ("fits", PEOPLE, 120)
    assert document["noise_floor"] == pytest.approx(1 / 343, rel=1e-12)
    assert document["n_in"] == document["n_kept"] + sum(document["n_dropped"].values()) == 120


def test_check__threshold_below_the_noise_is_a_doubt(osteobiome, here):
    ran = osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--r2", "0.001")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "panel/eur can be used, but look at the doubts first: bmd.tsv"
    assert "  Doubt: r² threshold 0.001 is below 1/n = 0.0029 of 343 people. Raise the r²" in ran.out
    assert "Doubt" not in osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--r2", "0.003").out


def test_check__another_build_is_refused(osteobiome, here, world):
    write_table(here / "lifted.tsv", world.rows(shift=12_345))
    ran = osteobiome("ld", "check", "lifted.tsv", "panel/eur")
    assert ran.code == 2
    assert ran.out.startswith("panel/eur does not fit: lifted.tsv\n")
    assert "  Fault: of 120 variants that have one name in trait and panel, 0 lie at one place. Lift" in ran.out
    declared = osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--build", "hg19", "--panel-build", "GRCh38", "--json")
    assert (declared.code, declared.json["verdict"]) == (2, "refused")
    assert [found["id"] for found in declared.json["findings"]] == ["panel_other_build"]


@pytest.mark.parametrize(("panel", "code", "verdict"), [("eur", 0, "fits"), ("eas", 2, "refused")])
def test_check__real_europeans_with_real_panels(osteobiome, tmp_path, panel, code, verdict):
    """UK Biobank frequencies against 1000 Genomes."""
    real = pl.read_csv(REAL / "uk_biobank_frequencies.tsv", separator="\t").with_columns(beta=0.1, se=0.1)
    path = tmp_path / "ukb.tsv"
    names = dict(zip(("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf"), HEADER,
                     strict=False))  # fmt: skip
    real.select(pl.col(ours).alias(theirs) for ours, theirs in names.items()).write_csv(path, separator="\t")
    ran = osteobiome("ld", "check", path, REAL / panel, "--json")
    assert (ran.code, ran.json["verdict"]) == (code, verdict)
    fatal = {found["id"] for found in ran.json["findings"] if found["severity"] == "fatal"}
    assert fatal == ({"panel_other_ancestry"} if code else set())


def test_check__never_takes_more_than_ten_lines(osteobiome, here, world):
    """Half of the names at other places, alleles unnamed, calls missing, nobody varies, people related."""
    bim = [
        (c, name, p + (i % 2), "0" if i % 5 == 0 else a, b if i % 3 and i % 16 != 1 else "AT")
        for i, (name, (c, p), (a, b)) in enumerate(zip(world.names, world.places, world.alleles, strict=True))
    ]
    dosages = world.dosages[::-1, :60].copy()
    dosages[:, :20] = -9
    dosages[::2] = 0
    people = [f"f{i} p{i} {'x y' if i > 50 else '0 0'} 0 -9" for i in range(60)]
    write_panel(here / "bad", dosages, bim, people)
    words = ("ld", "check", "bmd.tsv", "bad", "--r2", 0.001, "--build", "GRCh37", "--panel-build", "GRCh38")
    ran = osteobiome(*words)
    assert ran.code == 2
    lines = ran.out.splitlines()
    assert len(lines) == 10
    assert "51 people (9 more are no founders and left out)" in lines[1]
    kinds = [line.split(":")[0].strip() for line in lines if line.startswith(("  Fault", "  Doubt", "  Remark"))]
    assert kinds == ["Fault", "Doubt", "Doubt", "Doubt"]
    assert lines[-1] == "  ... and 2 further findings (--json)"
    assert len(osteobiome(*words, "--json").json["findings"]) == 6
