"""What all commands of `osteobiome ld` do with panels, files and options that are wrong, and with --quiet."""

from __future__ import annotations

import pytest

from tests.unit.cli.ld_world import write_table


def cut_off(folder):
    bed = folder / "panel" / "eur.bed"
    bed.write_bytes(bed.read_bytes()[:-7])


def emptied(folder):
    (folder / "bmd.tsv").write_bytes(b"")


COMMANDS = {
    "check": ("check", "bmd.tsv", "panel/eur"),
    "clump": ("clump", "bmd.tsv", "panel/eur"),
    "scores": ("scores", "panel/eur", "out"),
    "joint": ("joint", "panel/eur", "bmd.tsv"),
    "proxies": ("proxies", "bmd.tsv", "panel/eur", "--variants", "bmd.tsv"),
    "conditional": ("conditional", "bmd.tsv", "panel/eur"),
    "matrix": ("matrix", "panel/eur", "out.npz", "--region", "22:1-99999999"),
}
READERS = [name for name, words in COMMANDS.items() if "bmd.tsv" in words]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("spoil", "swap", "code", "said"),
    [
        (None, ("panel/eur", "panel/nobody"), "missing_file", "no such panel"),
        (None, ("panel/eur", "x" * 300), "missing_file", "no such panel"),
        (None, ("panel/eur", "panel/{chromosome}"), "missing_file", "no file for any of 1"),
        (None, ("panel/eur", "panel.vcf.gz"), "panel_is_vcf", "a VCF or BCF file"),
        (cut_off, (), "", "eur.bed"),
    ],
)
def test_command__panel_that_cannot_be_read_is_exit_2(osteobiome, here, command, spoil, swap, code, said):
    if spoil:
        spoil(here)
    words = [swap[1] if swap and word == swap[0] else word for word in COMMANDS[command]]
    ran = osteobiome("ld", *words, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert not code or fault["code"] == code
    assert said in f"{fault['where']} {fault['found']}"
    assert sorted(path.name for path in here.iterdir()) == ["bmd.tsv", "panel"]
    plain = osteobiome("ld", *words)
    assert (plain.code, plain.out) == (2, "")
    assert plain.err.startswith("osteobiome: stopped, 1 fault:")


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(
    ("spoil", "name", "options", "code", "said"),
    [
        (None, "nothing.tsv", (), "missing_file", "no such file"),
        (emptied, "bmd.tsv", (), "", "empty"),
        (None, "bmd.tsv", ("--build", "GRCh39"), "unknown_build", "'GRCh39'"),
        (None, "bmd.tsv", ("--panel-build", "hg20"), "unknown_build", "'hg20'"),
        (None, "bmd.tsv", ("--format", "gwas_sff"), "", "gwas_ssf"),
    ],
)
def test_command__file_or_option_that_is_wrong_is_exit_2(osteobiome, here, command, spoil, name, options, code, said):
    if spoil:
        spoil(here)
    words = [name if word == "bmd.tsv" else word for word in COMMANDS[command]]
    ran = osteobiome("ld", *words, *options, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert not code or fault["code"] == code
    if not (spoil and command == "proxies"):  # there the empty file is the list, too
        assert said in f"{fault['found']} {fault['expected']} {fault['hint']}"


@pytest.mark.parametrize("command", ["check", "clump", "joint", "proxies"])
@pytest.mark.parametrize("r2", ["1.5", "-0.1", "nan"])
def test_command__r2_out_of_range_is_exit_2(osteobiome, here, command, r2):
    ran = osteobiome("ld", *COMMANDS[command], "--r2", r2, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert r2 in f"{fault['found']} {fault['expected']}"


@pytest.mark.parametrize("command", READERS)
def test_command__file_with_many_bad_rows_is_refused_unless_allowed(osteobiome, here, world, command):
    rows = [(*row[:5], "?" if i < 12 else row[5], *row[6:]) for i, row in enumerate(world.rows())]
    write_table(here / "bmd.tsv", rows)
    ran = osteobiome("ld", *COMMANDS[command], "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "non_numeric_beta")
    ran = osteobiome("ld", *COMMANDS[command], "--max-bad-rows", 0.2)
    assert ran.code == 0
    if command == "check":
        assert "Found: 108 of 108 variants (100.0 %) (12 rows of the file cannot be used)." in ran.out


@pytest.mark.parametrize("command", ["joint", "proxies", "conditional"])
def test_command__refuses_a_panel_that_does_not_fit_unless_told(osteobiome, here, world, command):
    write_table(here / "bmd.tsv", world.rows(shift=12_345))
    ran = osteobiome("ld", *COMMANDS[command], "--out", "c.csv", "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert (fault["code"], fault["where"]) == ("panel_other_build", "panel/eur for bmd.tsv")
    assert "--allow-unfit" in fault["hint"]
    assert not (here / "c.csv").exists()
    ran = osteobiome("ld", *COMMANDS[command], "--out", "c.csv", "--allow-unfit")
    assert ran.code == 0, ran.err
    assert "  Fault: of 120 variants that have one name" in ran.out
    assert ran.out.endswith("wrote c.csv\n")
    assert (here / "c.csv").exists()


@pytest.mark.parametrize("command", ["joint", "proxies", "conditional"])
@pytest.mark.parametrize(("out", "code"), [("c.xlsx", "wrong_suffix"), ("mine.csv", "file_exists")])
def test_command__name_that_cannot_be_written_is_exit_2(osteobiome, here, command, out, code):
    (here / "mine.csv").write_text("mine")
    ran = osteobiome("ld", *COMMANDS[command], "--out", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert (here / "mine.csv").read_text() == "mine"
    if code == "file_exists":
        ran = osteobiome("ld", *COMMANDS[command], "--out", out, "--overwrite", "--json")
        assert (ran.code, ran.json["out"]) == (0, out)
        assert (here / out).read_text().startswith("variant,")


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet__says_nothing(osteobiome, here, command):
    ran = osteobiome("ld", *COMMANDS[command], "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
