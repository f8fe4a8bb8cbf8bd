"""The page on panels says what the commands do."""

from __future__ import annotations

import gzip
import math
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.matrix import read_ld_matrix
from osteobiome.ld.precomputed import read_npz
from tests.unit.cli.ld_world import BLOCKS, IN_BLOCK, PEOPLE, write_table

ROOT = Path(__file__).parents[3]


FILES_WRITTEN = ("convert", "clump", "scores", "matrix")
SHOWN_ON_THE_PAGE = ("joint", "proxies", "conditional")


def page():
    return (ROOT / "docs" / "howto" / "ld-panels.md").read_text(encoding="utf-8")


def lacking(world, *names):
    """A trait with signals in the blocks in which the first has none, without some variants."""
    return [row for row in world.rows(z=np.roll(world.z, IN_BLOCK)) if row[0] not in names]


def test_howto__every_command_runs(osteobiome, here, world):
    for chromosome in (21, 22):
        packed = gzip.compress(world.vcf(world.of(chromosome)).encode())
        (here / f"eur.chr{chromosome}.vcf.gz").write_bytes(packed)
    (here / "bmd.tsv.gz").write_bytes(gzip.compress((here / "bmd.tsv").read_bytes()))
    other = write_table(here / "height.tsv", lacking(world, "rs70", "rs80"))
    (here / "height.tsv.gz").write_bytes(gzip.compress(other.read_bytes()))
    (here / "variants.txt").write_text("rs70\nrs80\n")
    commands = re.findall(r"^    (osteobiome .*)$", page(), flags=re.MULTILINE)
    assert len(commands) == 10
    assert {command.split()[2] for command in commands} == {*FILES_WRITTEN, *SHOWN_ON_THE_PAGE, "check"}
    out = {}
    for command in commands:
        ran = osteobiome(*shlex.split(command)[1:])
        assert ran.code == 0, ran.err
        out[command.split()[2]] = ran.out
    assert out["check"].startswith("panel/eur.chr{chromosome} fits bmd.tsv.gz\n")
    assert pl.read_csv(here / "clumps.csv").height == len(world.candidates())
    assert (here / "scores" / "eur.22.l2.ldscore.gz").exists()
    assert read_ld_matrix(here / "locus.tsv", here / "locus.variants.tsv").rsid[0] == "rs60"
    assert read_npz(here / "locus.npz").rsid == ("rs70", "rs80")
    shown = re.findall(r"```text\n(.*?)```", page(), flags=re.DOTALL)
    assert len(shown) == len(SHOWN_ON_THE_PAGE)
    for command, block in zip(SHOWN_ON_THE_PAGE, shown, strict=True):
        printed = out[command].splitlines()
        assert [line for line in block.splitlines() if line not in printed] in ([], ["..."]), command


@pytest.mark.slow
def test_howto__study_files_run(tiny):
    """The tables on the page, put into a study with panels of these names."""
    from osteobiome.study import load_study, run_study

    rng = np.random.default_rng(4)
    draws = rng.binomial(2, 0.4, (40, PEOPLE)).astype(np.int8)
    tiny.add_panel(draws.tolist())
    tiny.add_panel(draws.tolist(), ancestry="EAS")
    for ending in ("bed", "bim", "fam"):
        eur = tiny.folder / "panel" / f"eur.{ending}"
        shutil.copy(eur, tiny.folder / "panel" / f"eur.chr22.{ending}")
    original = tiny.file.read_text()
    notes = []
    for block in re.findall(r"```toml\n(.*?)```", page(), flags=re.DOTALL):
        tiny.file.write_text(original.replace("[instruments]\np_threshold = 5e-8\n", block))
        notes.append([note.code for note in load_study(tiny.file).notes])
    assert run_study(tiny.file, workers=1).n_failed == 0  # the last of them
    assert notes == [["r2_below_noise"], []]


def test_howto__numbers_on_noise(world):
    """n r² of unlinked variants is chi-square with one degree of freedom: from scipy, and in the simulated panel."""
    from scipy import stats

    for n in (343, 503, 5000):
        row = f"| {n:,} | {1 / n:.4f} | {stats.chi2.isf(0.05, 1) / n:.4f} |"
        assert row in page(), row
    share = stats.chi2.sf(0.001 * 343, 1)
    assert f"0.001 lies below it: {100 * share:.0f} %" in page()
    first = [i for i in range(len(world.places)) if i % IN_BLOCK == 0]
    r = np.corrcoef(world.dosages[first].astype(float))
    apart = r[np.ix_(range(BLOCKS), range(BLOCKS, 2 * BLOCKS))] ** 2
    assert abs((apart > 0.001).mean() - share) < 4 * math.sqrt(share * (1 - share) / apart.size)
