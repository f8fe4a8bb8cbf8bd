"""`osteobiome ld scores` and `osteobiome ld matrix`: files that other software and studies read."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.ldsc_scores import read_ldsc_scores
from osteobiome.ld.matrix import read_ld_matrix
from osteobiome.ld.precomputed import read_npz
from tests.unit.cli.ld_world import PEOPLE, write_panel


def plain_scores(dosages, places, kb):
    """Adjusted r² summed over a window, pair by pair."""
    square, n = np.corrcoef(dosages.astype(float)) ** 2, dosages.shape[1]
    near = [[c == d and abs(p - q) <= 1000 * kb for d, q in places] for c, p in places]
    return ((square - (1 - square) / (n - 2)) * np.array(near)).sum(axis=1)


def test_scores__are_files_of_ldsc(osteobiome, here, world):
    """Names and columns as LDSC writes and reads them: tab-separated CHR SNP BP L2, and one number in each M file."""
    ran = osteobiome("ld", "scores", "panel/eur", "out/eur", "--kb", 50)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(path.name for path in (here / "out").iterdir()) == ["eur.l2.M", "eur.l2.M_5_50", "eur.l2.ldscore.gz"]
    lines = gzip.decompress((here / "out" / "eur.l2.ldscore.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "CHR\tSNP\tBP\tL2"
    cells = [line.split("\t") for line in lines[1:]]
    assert [(row[1], (int(row[0]), int(row[2]))) for row in cells] == list(zip(world.names, world.places, strict=True))
    expected = plain_scores(world.dosages, world.places, 50)
    np.testing.assert_allclose([float(row[3]) for row in cells], expected, atol=6e-7)
    f = world.dosages.mean(axis=1) / 2
    assert (here / "out" / "eur.l2.M").read_text() == "120\n"
    assert (here / "out" / "eur.l2.M_5_50").read_text() == f"{np.sum(np.minimum(f, 1 - f) > 0.05)}\n"
    assert f"mean score {expected.mean():.3g}, M 120, M_5_50 120" in ran.out
    read = read_ldsc_scores([here / "out" / "eur.l2.ldscore.gz"])
    assert (read.m, read.m_common, read.scores["rsid"].to_list()) == ((120.0,), (120.0,), world.names)


def test_scores__a_set_for_each_chromosome(osteobiome, here, world):
    together = osteobiome("ld", "scores", "panel/eur", "all", "--json").json
    apart = osteobiome("ld", "scores", "panel/eur", "eur.{chromosome}", "--json").json
    assert (apart["m"], apart["m_5_50"]) == (together["m"], together["m_5_50"])
    assert len(apart["files"]) == 6
    whole = read_ldsc_scores([here / "all.l2.ldscore.gz"]).scores
    parts = read_ldsc_scores([here / f"eur.{c}.l2.ldscore.gz" for c in (21, 22)])
    assert parts.scores.equals(whole)
    assert parts.m == (120.0,)
    assert (here / "eur.22.l2.M").read_text() == f"{len(world.of(22))}\n"


def test_scores__what_has_no_score_is_counted(osteobiome, here, world):
    """Rows out of order; one is rare, one does not vary, one has no place, one no name but counts in other scores."""
    dosages = world.dosages[:8].copy()
    dosages[3] = 2
    dosages[4] = np.arange(PEOPLE) < 10  # ten copies among 343 people: below 5 %
    bim = [(21, f"rs{i}", 1000 + i, "A", "G") for i in range(8)]
    bim[5], bim[6] = (0, "rs5", 0, "A", "G"), (21, ".", 1006, "A", "G")
    order = [7, 2, 5, 0, 3, 6, 1, 4]
    write_panel(here / "odd", dosages[order], [bim[i] for i in order])
    ran = osteobiome("ld", "scores", "odd", "odd")
    assert ran.out.splitlines()[3:] == [
        "8 variants, 5 with a score",
        "  1 left out: without chromosome or position",
        "  1 left out: does not vary in the panel",
        "  1 left out: without name; counted in the scores of others",
        ran.out.splitlines()[-1],
    ]
    kept = [0, 1, 2, 4, 6, 7]
    expected = plain_scores(dosages[kept], [(21, 1000 + i) for i in kept], 1000)
    scores = read_ldsc_scores([here / "odd.l2.ldscore.gz"])
    assert scores.scores["rsid"].to_list() == ["rs0", "rs1", "rs2", "rs4", "rs7"]
    np.testing.assert_allclose(scores.scores["L2"].to_numpy(), expected[[0, 1, 2, 3, 5]], atol=6e-7)
    assert (scores.m, scores.m_common) == ((6.0,), (5.0,))


@pytest.mark.parametrize(
    ("out", "options", "code"),
    [
        ("taken", (), "file_exists"),
        ("bmd.tsv/s", (), "not_a_folder"),
        ("x" * 300, (), "cannot_write"),
        ("panel/", (), "no_prefix"),
        ("s", ("--kb", "0"), "window_out_of_range"),
        ("s", ("--kb", "nan"), "window_out_of_range"),
    ],
)
def test_scores__that_cannot_be_written_or_worked_out_are_exit_2(osteobiome, here, out, options, code):
    (here / "taken.l2.M").write_text("mine")
    ran = osteobiome("ld", "scores", "panel/eur", out, *options, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert sorted(path.name for path in here.iterdir()) == ["bmd.tsv", "panel", "taken.l2.M"]
    assert (here / "taken.l2.M").read_text() == "mine"


@pytest.mark.parametrize("out", ["s", "s.{chromosome}"])
def test_scores__of_a_panel_without_places_or_people_are_exit_2(osteobiome, here, world, out):
    write_panel(here / "unplaced", world.dosages[:2], [(0, "rs1", 0, "A", "G"), (0, "rs2", 0, "A", "G")])
    ran = osteobiome("ld", "scores", "unplaced", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "no_variant_left")
    write_panel(here / "two", world.dosages[:2, :2], [(1, "rs1", 1, "A", "G"), (1, "rs2", 2, "A", "G")])
    ran = osteobiome("ld", "scores", "two", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "too_few_people")


@pytest.mark.parametrize("ending", ["npz", "tsv"])
def test_matrix__reads_back_as_the_same_numbers(osteobiome, here, world, ending):
    """r of dosages of the effect allele, by numpy; the readers are those of studies."""
    ran = osteobiome("ld", "matrix", "panel/eur", f"locus.{ending}", "--region", "chr22:20,000,000-20,399,999")
    assert (ran.code, ran.err) == (0, "")
    rows = [i for i in world.of(22) if world.places[i][1] < 20_400_000]
    assert ran.out.splitlines()[-1] == f"{len(rows)} variants, {len(rows)} in the matrix"
    if ending == "npz":
        back = read_npz(here / "locus.npz")
        positions = np.load(here / "locus.npz")["position"].tolist()
    else:
        back = read_ld_matrix(here / "locus.tsv", here / "locus.variants.tsv")
        positions = pl.read_csv(here / "locus.variants.tsv", separator="\t")["position"].to_list()
    assert back.rsid == tuple(f"rs{i}" for i in rows)
    assert list(zip(back.counted, back.other, strict=True)) == [world.alleles[i] for i in rows]
    assert positions == [world.places[i][1] for i in rows]
    np.testing.assert_allclose(back.r, np.corrcoef(world.dosages[rows].astype(float)), atol=1e-12)
    np.testing.assert_allclose(back.frequency, world.dosages[rows].mean(axis=1) / 2, atol=1e-12)
    oriented, problems = back.oriented([f"rs{rows[0]}", f"rs{rows[1]}"], *zip(
        world.alleles[rows[0]], world.alleles[rows[1]][::-1], strict=True))  # fmt: skip
    assert problems == {}
    assert oriented[0, 1] == -back.r[0, 1]


@pytest.mark.parametrize(
    "text",
    ["rs3\nrs50\nrs77\nrs3\n", "SNP,P\nrs3,0.1\nrs50,0.2\nrs77,0.5\n", "p\trsid\n1\trs77\n1\trs50\n1\trs3\n"],
)
def test_matrix__takes_a_list_of_variants_in_any_form(osteobiome, here, text):
    (here / "list.txt").write_text(text)
    assert osteobiome("ld", "matrix", "panel/eur", "l.npz", "--variants", "list.txt").code == 0
    assert read_npz(here / "l.npz").rsid == ("rs3", "rs50", "rs77")


def test_matrix__what_is_left_out_is_counted_and_named(osteobiome, here, world):
    dosages = world.dosages[[0, 1, 2, 3, 4, 4, 5, 6]].copy()
    dosages[1] = 1
    bim = [
        (21, "rs0", 100, "A", "G"), (21, "flat", 101, "A", "G"), (21, "two", 102, "A", "G"), (21, "two", 102, "T", "G"),
        (21, "twin", 103, "C", "T"), (21, "twin", 103, "C", "T"), (21, "half", 104, "0", "T"), (21, ".", 105, "C", "A"),
    ]  # fmt: skip
    write_panel(here / "odd", dosages, bim)
    ran = osteobiome("ld", "matrix", "odd", "o.tsv", "--region", "21:100-105")
    assert ran.out.splitlines()[2:] == [
        "8 variants, 5 in the matrix",
        "  1 left out: with an allele that the panel does not name (half)",
        "  1 left out: does not vary in the panel (flat)",
        "  1 left out: copy of another variant of the panel (twin:C:T)",
    ]
    back = read_ld_matrix(here / "o.tsv", here / "o.variants.tsv")
    assert back.rsid == ("rs0", "two:A:G", "two:T:G", "twin:C:T", "21:105:C:A")
    np.testing.assert_allclose(back.r, np.corrcoef(dosages[[0, 2, 3, 4, 7]].astype(float)), atol=1e-12)
    (here / "list.txt").write_text("rs0\ntwo\nrs404\nflat\n")
    ran = osteobiome("ld", "matrix", "odd", "o.npz", "--variants", "list.txt", "--json")
    assert ran.json["left_out"] == {"not_in_panel": ["rs404"], "monomorphic": ["flat"]}
    assert (ran.json["n_in"], ran.json["n_kept"]) == (5, 3)


@pytest.mark.parametrize(
    ("out", "options", "code"),
    [
        ("m.npz", ("--region", "22:1-2"), "region_without_variants"),
        ("m.npz", ("--region", "7:1-99999999"), "region_without_variants"),
        ("m.npz", ("--region", "22:2-1"), "bad_region"),
        ("m.npz", ("--region", "26:1-2"), "bad_region"),
        ("m.npz", ("--region", "22"), "bad_region"),
        ("m.npz", ("--region", "22:a-b"), "bad_region"),
        ("m.npz", ("--region", "22:,-,"), "bad_region"),
        ("m.npz", ("--region", "22:1-99999999999999999999999"), "bad_region"),
        ("m.npz", (), "variants_or_region"),
        ("m.npz", ("--region", "22:1-2", "--variants", "bmd.tsv"), "variants_or_region"),
        ("m.npz", ("--variants", "nothing.txt"), "missing_file"),
        ("m.npz", ("--variants", "none.txt"), "no_variant_left"),
        ("m.npz", ("--variants", "header.txt"), "no_variants_listed"),
        ("m.txt", ("--region", "22:1-99999999"), "wrong_suffix"),
        ("mine.tsv", ("--region", "22:1-99999999"), "file_exists"),
        ("bmd.tsv/m.npz", ("--region", "22:1-99999999"), "not_a_folder"),
        (f"{'x' * 300}.npz", ("--region", "22:1-99999999"), "cannot_write"),
    ],
)
def test_matrix__what_cannot_be_done_is_exit_2(osteobiome, here, out, options, code):
    (here / "none.txt").write_text("rs404\n")
    (here / "header.txt").write_text("rsid\n")
    (here / "mine.variants.tsv").write_text("mine")
    before = sorted(path.name for path in here.iterdir())
    ran = osteobiome("ld", "matrix", "panel/eur", out, *options, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert sorted(path.name for path in here.iterdir()) == before
    assert (here / "mine.variants.tsv").read_text() == "mine"


def test_matrix__too_large_is_refused(osteobiome, here, monkeypatch):
    monkeypatch.setattr("osteobiome.ld.writing.MAX_MATRIX", 50)
    ran = osteobiome("ld", "matrix", "panel/eur", "m.npz", "--region", "22:1-99999999", "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "ld_matrix_too_large")
    assert ran.json["faults"][0]["found"] == "60 variants"
