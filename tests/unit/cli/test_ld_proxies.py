"""`osteobiome ld proxies`: lists in any form, and what stands in, against correlations by numpy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.unit.cli.ld_world import write_panel, write_table

MISSING = (0, 14, 62)


@pytest.fixture
def lacking(here, world):
    """bmd.tsv without three variants."""
    write_table(here / "bmd.tsv", [row for i, row in enumerate(world.rows()) if i not in MISSING])
    return here


def best(world, i, *, without=MISSING):
    """The variant in highest r² on the chromosome, and r of the effect alleles."""
    r = np.corrcoef(world.dosages.astype(float))[i]
    near = [j for j in world.of(world.places[i][0]) if j not in without and abs(world.places[j][1] - world.places[i][1])
            <= 500_000]  # fmt: skip
    j = max(near, key=lambda j: r[j] ** 2)
    return j, r[j]


def test_proxies__of_names(osteobiome, lacking, world):
    """The effect allele is the one that the panel counts: ALLELES of the world."""
    (lacking / "list.txt").write_text("rs14\nrs5\nrs0\nrs4444\nrs62\n")
    ran = osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "list.txt", "--out", "p.parquet")
    assert (ran.code, ran.err) == (0, "")
    table = pl.read_parquet(lacking / "p.parquet")
    assert table["variant"].to_list() == ["rs14", "rs5", "rs0", "rs62", "rs4444"]
    assert table["reason"].to_list() == ["", "in_file", "", "", "not_in_panel"]
    of_file = {row[0]: row for row in world.rows()}
    for row in table.filter(reason="").to_dicts():
        i = int(row["variant"][2:])
        j, r = best(world, i)
        proxy = of_file[f"rs{j}"]
        assert row["proxy"] == f"rs{j}"
        assert (row["effect_allele"], row["other_allele"]) == world.alleles[i]
        assert row["r2"] == pytest.approx(r * r, abs=1e-12)
        assert row["distance"] == world.places[j][1] - world.places[i][1]
        pair = world.alleles[j] if r > 0 else world.alleles[j][::-1]
        complement = tuple(allele.translate(str.maketrans("ACGT", "TGCA")) for allele in pair)
        assert (row["proxy_effect_allele"], row["proxy_other_allele"]) in (pair, complement)
        assert row["beta"] == pytest.approx(np.sign(r) * float(proxy[5]), abs=1e-9)
        assert row["eaf"] == pytest.approx(float(proxy[7]) if r > 0 else 1 - float(proxy[7]))
    lines = ran.out.splitlines()
    assert lines[0] == "bmd.tsv: 5 variants listed, 3 proxies"
    assert "  1 in the file already: rs5" in lines
    assert "  1 not in the panel: rs4444" in lines
    assert [line.split()[0] for line in lines if line.startswith("rs")] == ["rs14", "rs0", "rs62"]


@pytest.mark.parametrize(
    "text",
    [
        "rs14\nrs62\n",
        "SNP,P\nrs14,0.1\nrs62,0.2\n",
        "rsid\teffect_allele\tother_allele\nrs14\tA\tC\nrs62\t\t\n",
        "chromosome;position;effect_allele;other_allele;eaf\n21;20210000;a;c;0.1\n22;20010000;A;C;\n",
        "chr21:20210000:A:C\n22:20010000:A:C\n",
    ],
)
def test_proxies__lists_in_any_form(osteobiome, lacking, world, text):
    assert [world.places[i] for i in (14, 62)] == [(21, 20_210_000), (22, 20_010_000)]
    assert [world.alleles[i] for i in (14, 62)] == [("A", "C"), ("A", "C")]
    (lacking / "list.txt").write_text(text)
    document = osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "list.txt", "--json").json
    found = [(row["proxy"], row["beta"]) for row in document["variants"]]
    of_file = {row[0]: row for row in world.rows()}
    names = [f"rs{best(world, i)[0]}" for i in (14, 62)]
    assert found == [(name, pytest.approx(float(of_file[name][5]))) for name in names]


@pytest.mark.parametrize("pair", [("C", "A"), ("T", "G"), ("A", "C")])
def test_proxies__effect_goes_with_the_effect_allele_of_the_list(osteobiome, lacking, world, pair):
    (lacking / "list.tsv").write_text("rsid\teffect_allele\tother_allele\nrs14\t{}\t{}\n".format(*pair))
    (row,) = osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "list.tsv", "--json").json["variants"]
    j, r = best(world, 14)
    sign = np.sign(r) * (1 if pair in (("A", "C"), ("T", "G")) else -1)
    assert row["beta"] == pytest.approx(sign * float(world.rows()[j][5]))
    assert (row["effect_allele"], row["other_allele"]) == pair


def test_proxies__palindromes_of_unknown_strand_are_refused_unless_trusted(osteobiome, here, world):
    """A/T of frequency 0.5 in the panel: the name tells the alleles, but not their strand in the file."""
    rng = np.random.default_rng(3)
    half = np.tile([0, 1, 1, 2], 90)[:343]
    copies = np.array([half, np.where(rng.random(343) < 0.02, 1, half)])
    write_panel(here / "two", copies, [(1, "rs1", 100, "A", "T"), (1, "rs2", 200, "C", "T")])
    write_table(here / "one.tsv", [("rs2", 1, 200, "C", "T", 0.2, 0.1, 0.5, 0.05)])
    (here / "list.txt").write_text("rs1\n")
    words = ("ld", "proxies", "one.tsv", "two", "--variants", "list.txt", "--json")
    (row,) = osteobiome(*words).json["variants"]
    assert (row["reason"], row["beta"]) == ("palindromic_strand_unknown", None)
    (row,) = osteobiome(*words, "--trust-strand").json["variants"]
    assert (row["reason"], row["beta"], row["effect_allele"]) == ("", 0.2, "A")


def test_proxies__thresholds(osteobiome, lacking):
    (lacking / "list.txt").write_text("rs14\n")
    words = ("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "list.txt")
    ran = osteobiome(*words, "--r2", 0.999)
    assert "  1 without a variant of the file in high enough r²: rs14" in ran.out
    ran = osteobiome(*words, "--kb", 1)
    assert "  1 without a usable variant of the file near: rs14" in ran.out


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ""),
        ("rsid\n", "no_variants_listed"),
        ("effect_allele\tother_allele\nA\tC\n", "no_identity"),
        ("rsid\teffect_allele\tother_allele\n\tA\tC\n", "no_identity"),
        ("rsid\teffect_allele\tother_allele\nrs1\tA\tA\n", "bad_allele"),
        ("rsid\teffect_allele\tother_allele\nrs1\tA\t\n", "bad_allele"),
        ("rsid\teffect_allele\tother_allele\n", "no_variants_listed"),
        ("chr\tpos\teffect_allele\tother_allele\n1\tx\tA\tC\n", "not_a_number"),
        ("chr\tpos\teffect_allele\tother_allele\n1\t99999999999\tA\tC\n", "not_a_number"),
        ("rsid\teffect_allele\tother_allele\teaf\nrs1\tA\tC\t2\n", "not_a_number"),
    ],
)
def test_proxies__list_that_is_none_is_exit_2(osteobiome, here, text, code):
    (here / "list.txt").write_text(text)
    ran = osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "list.txt", "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert not code or fault["code"] == code
    assert "list.txt" in fault["where"]


def test_proxies__place_on_no_chromosome_is_not_in_the_panel(osteobiome, here):
    (here / "list.txt").write_text("99:100:A:C\n")
    (row,) = osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "list.txt", "--json").json["variants"]
    assert (row["variant"], row["reason"]) == ("99:100:A:C", "not_in_panel")


def test_proxies__kb_out_of_range_and_no_list_are_exit_2(osteobiome, here):
    ran = osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--variants", "bmd.tsv", "--kb", "-1", "--json")
    assert (ran.code, ran.json["faults"][0]["where"]) == (2, "kb")
    assert osteobiome("ld", "proxies", "bmd.tsv", "panel/eur", "--json").code == 2
