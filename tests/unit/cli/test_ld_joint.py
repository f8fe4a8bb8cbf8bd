"""`osteobiome ld joint`: several files as one set, against a plain loop over the smallest p of any file."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from tests.unit.cli.ld_world import HEADER, write_table


@pytest.fixture
def two(here, world):
    """A second file, in which half of the variants of a block are stronger, and some are missing."""
    rows = [
        (*row[:8], f"{float(row[8]) ** (1.5 if i % 2 else 0.7):.6g}")
        for i, row in enumerate(world.rows())
        if i % 10
    ]  # fmt: skip
    write_table(here / "height.tsv", rows)
    return here


def smallest_p(world, folder):
    """Smallest p of each variant, and the file that has it."""
    best = {}
    for name in ("bmd.tsv", "height.tsv"):
        for line in (folder / name).read_text().splitlines()[1:]:
            cells = line.split("\t")
            p = float(cells[HEADER.index("p_value")])
            if p <= 5e-8 and p < best.get(cells[0], (1.0,))[0]:
                best[cells[0]] = (p, name)
    return best


def test_joint__is_one_set_by_the_smallest_p(osteobiome, two, world):
    ran = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", "height.tsv", "--r2", 0.02, "--mode", "genotype",
                     "--out", "c.parquet")  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    table = pl.read_parquet(two / "c.parquet")
    best = smallest_p(world, two)
    assert set(table["variant"]) == set(best)
    square = np.corrcoef(world.dosages.astype(float)) ** 2
    number = {name: i for i, name in enumerate(world.names)}
    led = {}
    for lead in sorted(best, key=lambda name: best[name][0]):
        if lead in led:
            continue
        for other in best:
            same = world.places[number[lead]][0] == world.places[number[other]][0]
            if other not in led and (other == lead or (same and square[number[lead], number[other]] > 0.02)):
                led[other] = lead
    assert dict(table.select("variant", "index_variant").rows()) == led
    assert dict(table.select("variant", "file").rows()) == {name: file for name, (_, file) in best.items()}
    kept = table.filter(reason="")["variant"].to_list()
    assert len(kept) >= 8
    for one, other in combinations(kept, 2):
        if world.places[number[one]][0] == world.places[number[other]][0]:
            assert square[number[one], number[other]] <= 0.02
    members = dict(table.filter(reason="").select("variant", "n_members").rows())
    assert members == {lead: list(led.values()).count(lead) - 1 for lead in kept}
    assert set(table["n_files"]) == {1, 2}
    lines = ran.out.splitlines()
    assert lines[0] == (
        f"2 files: {len(best)} candidates (p at most 5 × 10⁻⁸ in one of them), {len(kept)} index variants"
    )
    shown = [line.split()[0] for line in lines if line.startswith("rs")]
    assert shown == sorted(kept, key=lambda name: best[name][0])


def test_joint__json(osteobiome, two, world):
    document = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", "height.tsv", "--json").json
    assert document["files"] == ["bmd.tsv", "height.tsv"]
    assert [fit["n_in"] for fit in document["fits"]] == [120, 108]
    assert document["n_candidates"] == document["n_index_variants"] + sum(document["n_dropped"].values())
    assert document["r2_is_below_noise"] is True


def test_joint__a_doubt_about_all_files_is_said_once(osteobiome, two):
    ran = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", "height.tsv")
    assert ran.out.count("Doubt: r² threshold 0.001 is below 1/n") == 1


def test_joint__names_what_the_panel_lacks(osteobiome, two, world):
    i = max(world.candidates(), key=lambda i: abs(world.z[i]))
    rows = world.rows()
    rows[i] = ("rs999", rows[i][1], 29_999_999, *rows[i][3:])
    write_table(two / "bmd.tsv", rows)
    ran = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", "height.tsv", "--r2", 0.02)
    assert "  Not in the panel, so in no clump: rs999" in ran.out.splitlines()


def test_joint__refuses_a_file_that_is_named_twice_and_names_each_that_does_not_fit(osteobiome, two, world):
    ran = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", "height.tsv", "bmd.tsv", "--json")
    assert (ran.code, [fault["code"] for fault in ran.json["faults"]]) == (2, ["file_twice"])
    write_table(two / "lifted.tsv", world.rows(shift=12_345))
    ran = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", "lifted.tsv", "--json")
    assert [fault["where"] for fault in ran.json["faults"]] == ["panel/eur for lifted.tsv"]


@pytest.mark.parametrize(("options", "where"), [(("--p1", "0"), ["p1"]), (("--by", "z", "--kb", "0"), ["kb", "by"])])
def test_joint__option_out_of_range_is_exit_2(osteobiome, here, options, where):
    ran = osteobiome("ld", "joint", "panel/eur", "bmd.tsv", *options, "--json")
    assert (ran.code, [fault["where"] for fault in ran.json["faults"]]) == (2, where)
