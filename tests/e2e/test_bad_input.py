"""Bad input through the command line: each kind of fault with its message, its exit code and what is left on disk."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest

from osteobiome.core.columns import ESTIMATES
from osteobiome.mr import ESTIMATORS
from osteobiome.study.bundled import bundled_study
from osteobiome.sumstats.reference import markers

NOBODY = 65534


# --- fatal: the study cannot be read as declared -----------------------------------------------------------------


def _misspell_key(study):
    study.replace("study.toml", "sensitivity", "sensitivty")


def _misspell_section(study):
    study.replace("study.toml", "[instruments]", "[instrumnets]")


def _misspell_trait(study):
    study.replace("study.toml", 'outcomes = ["y"]', 'outcomes = ["yy"]')


def _misspell_trait_in_pairs(study):
    study.replace("study.toml", 'exposures = ["x"]\noutcomes = ["y"]', 'pairs = [["x", "y"], ["x", "yy"]]')


def _misspell_method(study):
    study.replace("study.toml", '"egger"', '"eger"')


def _misspell_format(study):
    study.replace("traits.csv", "gwas_ssf,x.tsv", "gwas_sff,x.tsv")


def _misspell_trait_column(study):
    study.replace("traits.csv", "adjusted_for", "adjustd_for")


def _misspell_allowed_reason(study):
    study.replace("study.toml", "max_bad_rows = 0.05", 'max_bad_rows = 0.05\nallow = ["non_numeric_bta"]')


def _remove_file(study):
    (study.folder / "x.tsv").unlink()


def _remove_traits(study):
    (study.folder / "traits.csv").unlink()


def _empty_file(study):
    (study.folder / "x.tsv").write_bytes(b"")


def _header_only(study):
    text = (study.folder / "x.tsv").read_text()
    (study.folder / "x.tsv").write_text(text.splitlines()[0] + "\n")


def _folder_as_file(study):
    (study.folder / "x.tsv").unlink()
    (study.folder / "x.tsv").mkdir()


def _no_effect_allele(study):
    study.replace("x.tsv", "\teffect_allele\t", "\tcoded\t")


def _compress(study, *, keep):
    content = gzip.compress((study.folder / "x.tsv").read_bytes(), mtime=0)
    (study.folder / "x.tsv.gz").write_bytes(content[: int(keep * len(content))])
    study.replace("traits.csv", "x.tsv", "x.tsv.gz")


def _truncated_gzip(study):
    _compress(study, keep=0.5)


def _damaged_gzip(study):
    _compress(study, keep=1.0)
    path = study.folder / "x.tsv.gz"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(bytes(content))


def _bgzip_without_end(study):
    content = (study.folder / "x.tsv").read_bytes()
    plain = gzip.compress(content, mtime=0)
    extra = b"BC\x02\x00" + (len(plain) + 8 - 1).to_bytes(2, "little")  # size of the whole block, less one
    block = plain[:3] + b"\x04" + plain[4:10] + len(extra).to_bytes(2, "little") + extra + plain[10:]
    (study.folder / "x.tsv.gz").write_bytes(block)
    study.replace("traits.csv", "x.tsv", "x.tsv.gz")


def known_rows(build, n_rows=40):
    """Return GWAS-SSF rows of bundled markers, no palindromes, at their positions on one build."""
    known = markers().filter((pl.col("chromosome") <= 22) & ~pl.col("is_palindromic")).head(n_rows)
    return [
        {
            "chromosome": str(row["chromosome"]),
            "base_pair_location": str(row[f"position_{build.lower()}"]),
            "effect_allele": row["allele_1"],
            "other_allele": row["allele_2"],
            "beta": f"{0.03 + 0.001 * i:.3f}",
            "standard_error": "0.005",
            "rsid": row["rsid"],
        }
        for i, row in enumerate(known.iter_rows(named=True))
    ]


def _builds_differ(study):
    """The positions of the outcome are those of the other build."""
    study.write("y", known_rows("GRCh38"))


def _ragged_row(study):
    study.replace("x.tsv", "rs5\t10000", "rs5")


def _duplicate_column(study):
    study.replace("x.tsv", "effect_allele_frequency", "beta")


def _quote_in_header(study):
    rows = [line.split("\t") for line in (study.folder / "x.tsv").read_text().splitlines()]
    text = "\n".join(",".join(row) for row in rows).replace("effect_allele,", '"effect_allele,', 1)
    (study.folder / "x.tsv").write_text(text + "\n")


def _binary_file(study):
    (study.folder / "x.tsv").write_bytes(b"rsid\tbeta\n" + bytes(range(128, 256)))


def _nul_in_path(study):
    study.replace("traits.csv", "x.tsv", "x\x00.tsv")


FATAL = {
    # name: (how to break it, code, where, found, expected, to do)
    "misspelt_key": (_misspell_key, "unknown_key", "study.toml: mr[0].sensitivty", "'sensitivty'", "sensitivity",
                     "Did you mean 'sensitivity'?"),
    "misspelt_section": (_misspell_section, "unknown_key", "study.toml: instrumnets", "'instrumnets'", "instruments",
                         "Did you mean 'instruments'?"),
    "misspelt_trait": (_misspell_trait, "unknown_trait", "study.toml: mr[0].outcomes[0]", "'yy'", "trait_id",
                       "Did you mean 'y'?"),
    "misspelt_trait_in_pairs": (_misspell_trait_in_pairs, "unknown_trait", "study.toml: mr[0].pairs[1]", "'yy'",
                                "trait_id", "Did you mean 'y'?"),
    "misspelt_method": (_misspell_method, "unknown_method", "study.toml: mr[0].sensitivity[1]", "'eger'",
                        "ivw_fixed", "Did you mean 'egger'?"),
    "misspelt_format": (_misspell_format, "unknown_format", "traits.csv, line 2", "'gwas_sff'", "twosamplemr",
                        "Did you mean 'gwas_ssf'?"),
    "misspelt_trait_column": (_misspell_trait_column, "unknown_column", "traits.csv, header", "'adjustd_for'",
                              "column", "Did you mean 'adjusted_for'?"),
    "misspelt_allowed_reason": (_misspell_allowed_reason, "", "study.toml: ingest.allow", "non_numeric_bta", "",
                                "non_numeric_beta"),
    "missing_file": (_remove_file, "missing_file", "trait 'x', 'x.tsv'", "no such file", "table", "path"),
    "missing_trait_table": (_remove_traits, "missing_file", "traits.csv", "no such file", "trait table", "traits"),
    "empty_file": (_empty_file, "empty_file", "trait 'x', 'x.tsv'", "empty", "header and rows", "Download"),
    "header_only": (_header_only, "no_rows", "trait 'x', 'x.tsv'", "no rows", "header and rows", ""),
    "folder_as_file": (_folder_as_file, "not_a_file", "trait 'x', 'x.tsv'", "folder", "file", "file"),
    "no_effect_allele": (_no_effect_allele, "no_effect_allele_column", "trait 'x', 'x.tsv'", "'effect_allele'",
                         "gwas_ssf", "coded"),
    "truncated_gzip": (_truncated_gzip, "truncated_gzip", "trait 'x', 'x.tsv.gz'", "ends in the middle", "complete",
                       "checksum"),
    "damaged_gzip": (_damaged_gzip, "damaged_gzip", "trait 'x', 'x.tsv.gz'", "damaged", "intact", "Download"),
    "bgzip_without_end": (_bgzip_without_end, "bgzip_without_end_block", "trait 'x', 'x.tsv.gz'", "end block",
                          "complete", "checksum"),
    "builds_differ": (_builds_differ, "builds_differ", "trait 'y', 'y.tsv'", "declared as GRCh37", "", "Declare"),
    "ragged_row": (_ragged_row, "ragged_row", "'x.tsv', line 6", "9 fields", "10", "cut off"),
    "duplicate_column": (_duplicate_column, "duplicate_column", "trait 'x', 'x.tsv'", "'beta' twice", "distinct",
                         "Rename"),
    "binary_file": (_binary_file, "not_utf8", "trait 'x', 'x.tsv'", "not UTF-8", "UTF-8", "Convert"),
    "nul_in_path": (_nul_in_path, "", "trait", "", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FATAL)
def test_fatal_fault__is_one_message_and_nothing_is_written(name, tiny, osteobiome):
    """The message says where, what was found, what was expected and what to do; exit 2; no results folder."""
    break_it, code, where, found, expected, hint = FATAL[name]
    break_it(tiny)
    before = sorted(path.name for path in tiny.folder.iterdir())
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 2
    assert ran.out == ""
    assert "1 fault:" in ran.err
    for part in ("found:", where, found, expected, hint):
        assert part in ran.err
    as_json = osteobiome("run", tiny.file, "--workers", 1, "--json")
    assert as_json.code == 2
    assert as_json.json["ok"] is False
    (fault,) = as_json.json["faults"]
    assert fault["severity"] == "fatal"
    assert code in fault["code"]
    assert where in fault["where"]
    assert found in fault["found"]
    assert expected in fault["expected"]
    assert hint in fault["hint"]
    assert sorted(path.name for path in tiny.folder.iterdir()) == before


@pytest.mark.parametrize("name", FATAL)
def test_fatal_fault__check_says_the_same_as_run(name, tiny, osteobiome):
    FATAL[name][0](tiny)
    checked = osteobiome("check", tiny.file, "--json")
    assert checked.code == 2
    assert checked.json == osteobiome("run", tiny.file, "--json").json
    said = osteobiome("check", tiny.file)
    assert said.code == 2
    assert checked.json["faults"][0]["where"] in said.err


@pytest.mark.parametrize("name", ["misspelt_key", "misspelt_trait", "missing_file", "truncated_gzip", "builds_differ"])
def test_fatal_fault__leaves_earlier_results_untouched(name, finished, osteobiome, tree):
    before = tree(finished.results)
    FATAL[name][0](finished)
    assert osteobiome("run", finished.file, "--workers", 1).code == 2
    assert tree(finished.results) == before


@pytest.mark.parametrize("name", ["truncated_gzip", "no_effect_allele", "ragged_row", "empty_file"])
def test_fatal_fault__of_a_file_too_large_for_the_check_stops_the_run(name, tiny, osteobiome, monkeypatch):
    """Large files are read when they are ingested: the same message then, and no table."""
    monkeypatch.setattr("osteobiome.study.study.FULL_CHECK_BYTES", 0)
    break_it, code, _, found, expected, hint = FATAL[name]
    break_it(tiny)
    ran = osteobiome("run", tiny.file, "--workers", 1, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == code
    assert "x.tsv" in fault["where"]
    assert found in fault["found"]
    assert expected in fault["expected"]
    assert hint in fault["hint"]
    for output in ("tables", "report.html", "manifest.json"):
        assert not (tiny.results / output).exists()


def test_several_faults__are_all_listed(tiny, osteobiome):
    _misspell_method(tiny)
    _remove_file(tiny)
    _builds_differ(tiny)
    ran = osteobiome("check", tiny.file, "--json")
    assert {fault["code"] for fault in ran.json["faults"]} == {"unknown_method", "missing_file", "builds_differ"}


@pytest.mark.parametrize("command", ["check", "run"])
def test_quote_in_header__that_is_never_closed_names_the_columns_that_are_missing(command, tiny, osteobiome):
    _quote_in_header(tiny)
    ran = osteobiome(command, tiny.file, "--json")
    assert ran.code == 2
    assert {fault["where"].split(", line")[0] for fault in ran.json["faults"]} == {"trait 'x', 'x.tsv'"}
    assert all(fault["found"] for fault in ran.json["faults"])
    assert not tiny.results.exists()


# --- a trait on the other build is lifted over -------------------------------------------------------------------


def test_other_build__is_lifted_over_and_counted(tiny, osteobiome):
    """The same markers, the outcome on GRCh38: after lifting, the two traits meet at every one of them."""
    for trait, build in (("x", "GRCh37"), ("y", "GRCh38")):
        rows = known_rows(build)
        tiny.write(trait, [row | {"rsid": "NA"} for row in rows])
    nowhere = known_rows("GRCh38", 1)[0] | {"rsid": "NA", "base_pair_location": "1"}  # before all blocks of the chain
    tiny.write("y", [*tiny.rows("y"), nowhere])
    tiny.replace("traits.csv", "second,GRCh37", "second,GRCh38")
    assert osteobiome("check", tiny.file).code == 0
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0, ran.err
    report = pl.read_parquet(tiny.results / "tables" / "row_report.parquet")
    (row,) = report.filter(reason="liftover_unmapped").to_dicts()
    assert (row["subject"], row["step"], row["count"], row["lines"]) == ("y", "ingest", 1, [42])
    assert (row["n_in"], row["n_kept"]) == (41, 40)
    estimate = _estimates(tiny)[0]
    assert (estimate["status"], estimate["n_variants"]) == ("ok", 40)


# --- fatal: the study file itself --------------------------------------------------------------------------------


def _no_study(path):
    path.unlink()


def _study_is_folder(path):
    path.unlink()
    path.mkdir()


STUDY_FILES = {
    # name: (how to break it, code, found)
    "missing": (_no_study, "missing_file", "no such file"),
    "folder": (_study_is_folder, "unreadable_file", "cannot be read"),
    "empty": (lambda path: path.write_text(""), "empty_file", "empty"),
    "only_remarks": (lambda path: path.write_text("# nothing\n"), "empty_file", "empty"),
    "not_toml": (lambda path: path.write_text("[study\n"), "bad_toml", "not TOML"),
    "latin_1": (lambda path: path.write_bytes(b"# caf\xe9\n"), "unreadable_file", "cannot be read"),
    "table_of_numbers": (lambda path: path.write_text("chromosome\tbeta\n1\t0.1\n"), "bad_toml", "line 1"),
}


@pytest.mark.parametrize("name", STUDY_FILES)
@pytest.mark.parametrize("command", ["run", "check", "status", "report", "cite"])
def test_study_file__that_is_no_study_is_named(command, name, tiny, osteobiome):
    break_it, code, found = STUDY_FILES[name]
    break_it(tiny.file)
    ran = osteobiome(command, tiny.file, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == code
    assert str(tiny.file) in fault["where"]
    assert found in fault["found"]
    assert fault["expected"]
    assert not tiny.results.exists()


WRONG_TYPES = {
    # name: (old text, new text, where)
    "number_for_text": ('primary = "ivw"', "primary = 3", "study.toml: mr[0].primary"),
    "text_for_list": ('exposures = ["x"]', 'exposures = "x"', "study.toml: mr[0].exposures"),
    "text_for_number": ("max_bad_rows = 0.05", 'max_bad_rows = "few"', "study.toml: ingest.max_bad_rows"),
    "out_of_range": ("max_bad_rows = 0.05", "max_bad_rows = 5", "study.toml: ingest.max_bad_rows"),
    "nan": ("p_threshold = 5e-8", "p_threshold = nan", "study.toml: instruments.p_threshold"),
    "table_for_list": ("[[mr]]", "[mr]", "study.toml: mr"),
    "unknown_build": ('"GRCh37"', '"hg19"', "study.toml: study.genome_build"),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_study_file__with_a_wrong_type_names_the_place_once(name, tiny, osteobiome):
    """One mistake is one fault, with what was expected in words."""
    old, new, where = WRONG_TYPES[name]
    tiny.replace("study.toml", old, new)
    ran = osteobiome("run", tiny.file, "--json")
    assert ran.code == 2
    assert not tiny.results.exists()
    assert [fault["where"] for fault in ran.json["faults"]] == [where]
    assert ran.json["faults"][0]["found"]
    assert ran.json["faults"][0]["expected"]


# --- fatal: the results folder -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "status", "report", "cite"])
def test_newer_store__is_refused_and_untouched(command, finished, osteobiome, tree):
    (finished.results / "store.json").write_text('{"store_version": 99}\n')
    before = tree(finished.results)
    ran = osteobiome(command, finished.file, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "newer_store"
    assert fault["where"] == str(finished.results)
    assert "99" in fault["found"]
    assert "version 1" in fault["expected"]
    assert "Update osteobiome" in fault["hint"]
    assert tree(finished.results) == before


def test_foreign_folder__is_refused_and_untouched(tiny, osteobiome, tree):
    """A typo in --out must not fill somebody's folder."""
    tiny.results.mkdir()
    (tiny.results / "thesis.tex").write_text("years of work")
    before = tree(tiny.results)
    ran = osteobiome("run", tiny.file, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "foreign_folder"
    assert fault["where"] == str(tiny.results)
    assert "--out" in fault["hint"]
    assert tree(tiny.results) == before


def test_results_folder__that_is_a_file_is_named(tiny, osteobiome):
    tiny.results.write_text("not a folder")
    for out in (tiny.results, tiny.results / "below"):
        ran = osteobiome("run", tiny.file, "--out", out, "--json")
        assert ran.code == 2
        assert ran.json["faults"][0]["code"] == "not_a_folder"
    assert tiny.results.read_text() == "not a folder"


def test_second_run__is_refused_while_the_first_is_at_work(finished, osteobiome, holding, tree):
    holding(finished.results)
    before = tree(finished.results / "tasks")
    ran = osteobiome("run", finished.file, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "locked"
    assert fault["where"] == str(finished.results)
    assert tree(finished.results / "tasks") == before


# --- fatal: disk and permissions ---------------------------------------------------------------------------------


def _assert_disk_full(ran):
    assert ran.code == 2
    assert "no space left on the disk" in ran.err
    assert "expected: room for the results" in ran.err
    assert "Free some space and run the same command again" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
@pytest.mark.parametrize("size", ["16k", "96k", "200k", "400k", "1200k"])
def test_full_disk__is_named_and_the_same_command_resumes(size, small_disk, tiny, shell, tree):
    """From the first file to the last one: whatever did not fit, room is all that is missing."""
    disk = small_disk(f"size={size}")
    command = ("run", tiny.file, "--out", disk / "out", "--workers", 1)
    _assert_disk_full(shell(*command))
    kept = {name: info for name, info in tree(disk / "out").items() if name.count("/") == 2 and ".tmp-" not in name}
    small_disk("remount,size=50m")
    again = shell(*command)
    assert again.code == 0, again.err
    after = tree(disk / "out")
    assert {name: after[name] for name in kept} == kept
    assert f"{5 - len(kept)} tasks done, {len(kept)} kept" in again.out
    assert not [name for name in after if "tmp" in name]


@pytest.mark.slow
def test_full_disk__leaves_the_published_results_of_an_earlier_run(small_disk, fill, finished, shell, table_bytes):
    disk = small_disk("size=6m")
    shutil.copytree(finished.results, disk / "out")
    before = table_bytes(disk / "out"), (disk / "out" / "report.html").read_bytes()
    fill(disk / "filler")
    finished.replace("study.toml", "p_threshold = 5e-8", "p_threshold = 5e-9")
    command = ("run", finished.file, "--out", disk / "out", "--workers", 1)
    _assert_disk_full(shell(*command))
    assert (table_bytes(disk / "out"), (disk / "out" / "report.html").read_bytes()) == before
    (disk / "filler").unlink()
    assert shell(*command).code == 0
    assert table_bytes(disk / "out") != before[0]


@pytest.fixture
def powerless():
    """Return a command prefix and a folder that it may read but not write.

    Root may write anywhere, so as root the command runs as ``nobody``, with the right to read everything (the
    interpreter may stand under /root). Other users get a folder without write permission. Temporary folders of pytest
    are closed to others, so this one stands beside them.
    """
    folder = Path(tempfile.mkdtemp(prefix="osteobiome-powerless-"))
    folder.chmod(0o755)
    try:
        yield from _powerless(folder)
    finally:
        shutil.rmtree(folder)


def _powerless(folder):
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield (), folder
        folder.chmod(0o755)
        return
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and running as nobody needs the setpriv command of util-linux")
    ids = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    prefix = ("setpriv", *ids, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    probe = subprocess.run([*prefix, sys.executable, "-c", ""], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"root may write anywhere, and nobody cannot run this Python: {probe.stderr.strip()[-200:]}")
    yield prefix, folder


def _assert_no_permission(ran):
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "no_permission"
    assert "no permission to write" in fault["found"]
    assert fault["expected"] == "a writable folder"
    assert fault["hint"]
    assert "Traceback" not in ran.err
    return fault


@pytest.mark.slow
def test_no_write_permission__is_named_and_nothing_is_written(powerless, shell):
    prefix, folder = powerless
    bundled = bundled_study("sclerostin-bone")
    fault = _assert_no_permission(shell("run", bundled, "--out", folder / "out", "--json", prefix=prefix))
    assert str(folder / "out") in fault["where"]
    said = shell("run", bundled, "--out", folder / "out", prefix=prefix)
    assert said.code == 2
    assert "no permission to write here" in said.err
    assert "to do:" in said.err
    _assert_no_permission(shell("init", folder / "new", "--json", prefix=prefix))
    assert list(folder.iterdir()) == []


@pytest.fixture
def of_somebody_else(powerless, finished):
    """Return a finished study that stands where everybody may read."""
    _, folder = powerless
    if os.geteuid() != 0:
        pytest.skip("only root can make results that belong to somebody else")
    shutil.copytree(finished.folder, folder / "study")
    return folder / "study" / "study.toml"


@pytest.mark.slow
def test_no_write_permission__leaves_results_of_somebody_else_untouched(powerless, of_somebody_else, shell, tree):
    prefix, folder = powerless
    before = tree(folder)
    _assert_no_permission(shell("run", of_somebody_else, "--json", prefix=prefix))
    _assert_no_permission(shell("report", of_somebody_else, "--json", prefix=prefix))
    assert shell("status", of_somebody_else, "--json", prefix=prefix).json["done"] == 5
    assert tree(folder) == before


@pytest.mark.slow
def test_no_write_permission__on_the_log_alone_is_named(powerless, of_somebody_else, shell):
    """The folder is ours, progress.sqlite is not: a colleague ran the study here before."""
    prefix, folder = powerless
    of_somebody_else.write_text(of_somebody_else.read_text().replace("5e-8", "5e-9"))  # something is left to do
    for path in (folder, *folder.rglob("*")):
        if path.name != "progress.sqlite":
            os.chown(path, NOBODY, NOBODY)
    ran = shell("run", of_somebody_else, "--json", prefix=prefix)
    assert "Traceback" not in ran.err
    if ran.code:  # losing the log, which holds nothing, would do as well
        _assert_no_permission(ran)


@pytest.mark.slow
def test_no_read_permission__of_an_input_is_named(tiny, shell):
    secret = tiny.folder / "x.tsv"
    secret.chmod(0)
    prefix = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may read anything, and giving that up needs the setpriv command of util-linux")
        prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    ran = shell("run", tiny.file, "--json", prefix=prefix)
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "no_permission"
    assert "x.tsv" in fault["where"]
    assert "chmod" in fault["hint"]
    assert not tiny.results.exists()


# --- rows --------------------------------------------------------------------------------------------------------

BAD = 7
LINE = BAD + 2
ROWS = {
    # name: (cells, reason)
    "non_numeric_beta": ({"beta": "high"}, "non_numeric_beta"),
    "decimal_comma": ({"beta": "0,05"}, "decimal_comma"),
    "typographic_minus": ({"beta": "\u22120.05"}, "unicode_minus"),
    "infinite_beta": ({"beta": "inf"}, "infinite_beta"),
    "overflowing_beta": ({"beta": "-1e999"}, "infinite_beta"),
    "missing_beta": ({"beta": "NA"}, "missing_beta"),
    "zero_se": ({"standard_error": "0"}, "non_positive_se"),
    "negative_se": ({"standard_error": "-0.01"}, "non_positive_se"),
    "missing_se": ({"standard_error": "", "p_value": "NA"}, "missing_se"),
    "frequency_above_1": ({"effect_allele_frequency": "1.2"}, "eaf_out_of_range"),
    "frequency_below_0": ({"effect_allele_frequency": "-0.1"}, "eaf_out_of_range"),
    "p_above_1": ({"p_value": "1.5"}, "p_out_of_range"),
    "p_below_0": ({"p_value": "-0.1"}, "p_out_of_range"),
    "impossible_allele": ({"effect_allele": "X"}, "bad_allele"),
    "same_alleles": ({"effect_allele": "A", "other_allele": "A"}, "same_allele"),
    "missing_allele": ({"other_allele": "NA"}, "missing_allele"),
    "two_alleles_in_a_cell": ({"other_allele": "C,T"}, "multiple_alleles"),
    "empty_rsid": ({"rsid": "", "chromosome": "", "base_pair_location": ""}, "empty_id"),
    "negative_n": ({"n": "-3"}, "n_not_positive"),
}


def _dropped(results: Path, subject="x"):
    """Return the faults of one file as rows, after checking that no row went missing anywhere."""
    frame = pl.read_parquet(results / "tables" / "row_report.parquet")
    losses = frame.group_by("subject", "step").agg(
        pl.col("n_in").first(),
        pl.col("n_kept").first(),
        pl.col("count").filter(pl.col("kind") != "note").sum().alias("lost"),
    )
    assert (losses["n_in"] == losses["n_kept"] + losses["lost"]).all()
    return frame.filter(subject=subject, step="ingest", kind="fault").to_dicts()


@pytest.mark.parametrize("name", ROWS)
def test_bad_row__is_dropped_with_reason_and_line(name, tiny, osteobiome):
    cells, reason = ROWS[name]
    tiny.set("x", BAD, **cells)
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0, ran.err
    (row,) = _dropped(tiny.results)
    assert (row["reason"], row["count"], row["lines"]) == (reason, 1, [LINE])
    assert (row["n_in"], row["n_kept"]) == (40, 39)
    assert "Dropped from Exposure X: 1 of 40 rows, " in ran.out
    assert f"(line {LINE})" in ran.out
    page = (tiny.results / "report.html").read_text()
    assert "Broken rows dropped" in page


def test_bad_row__of_an_outcome_is_dropped_too(tiny, osteobiome):
    tiny.set("y", BAD, beta="none at all")
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    assert _dropped(tiny.results) == []
    (row,) = _dropped(tiny.results, "y")
    assert (row["reason"], row["lines"], row["examples"]) == ("non_numeric_beta", [LINE], ["none at all"])
    estimate = pl.read_parquet(tiny.results / "tables" / "estimates.parquet").row(0, named=True)
    assert (estimate["n_variants"], estimate["status"]) == (39, "ok")


def test_identical_duplicate__is_dropped_once(tiny, osteobiome):
    rows = tiny.rows("x")
    tiny.write("x", [*rows, dict(rows[3])])
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    (row,) = _dropped(tiny.results)
    assert (row["reason"], row["count"], row["lines"], row["n_kept"]) == ("duplicate", 1, [42], 40)


def test_duplicate__with_swapped_alleles_is_the_same_variant(tiny, osteobiome):
    rows = tiny.rows("x")
    copy = rows[3] | {
        "effect_allele": rows[3]["other_allele"],
        "other_allele": rows[3]["effect_allele"],
        "beta": "-" + rows[3]["beta"],
        "effect_allele_frequency": f"{1 - float(rows[3]['effect_allele_frequency']):.3f}",
    }
    tiny.write("x", [*rows, copy])
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    (row,) = _dropped(tiny.results)
    assert (row["reason"], row["lines"]) == ("duplicate", [42])


def test_conflicting_duplicate__loses_both_rows(tiny, osteobiome):
    """Which of two contradicting rows is right cannot be known."""
    rows = tiny.rows("x")
    tiny.write("x", [*rows, rows[3] | {"beta": "0.5"}])
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    (row,) = _dropped(tiny.results)
    assert (row["reason"], row["count"], row["lines"]) == ("duplicate_conflicting", 2, [5, 42])
    assert row["n_kept"] == 39


def test_several_bad_rows__each_have_their_reason(tiny, osteobiome):
    tiny.set("x", 1, beta="x")
    tiny.set("x", 2, standard_error="0", beta="y")  # two faults: the first one counts
    tiny.set("x", 5, p_value="7")
    assert osteobiome("run", tiny.file, "--workers", 1, "--json").json["tasks"]["failed"] == 0
    rows = {row["reason"]: (row["count"], row["lines"]) for row in _dropped(tiny.results)}
    assert rows == {"non_numeric_beta": (2, [3, 4]), "p_out_of_range": (1, [7])}


def _spoil(study, count):
    rows = study.rows("x")
    for row in rows[:count]:
        row["beta"] = "?"
    study.write("x", rows)


def _assert_too_many(ran):
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "non_numeric_beta"
    assert "'x'" in fault["where"] or fault["where"] == "x"
    assert "3 of 40 rows (7.5 %)" in fault["found"]
    assert "line 2" in fault["found"]
    assert "at most 5 %" in fault["expected"]
    assert '"non_numeric_beta"' in fault["hint"]
    assert "allow" in fault["hint"]


def test_too_many_bad_rows__stop_the_run_without_result(tiny, osteobiome):
    _spoil(tiny, 3)
    _assert_too_many(osteobiome("run", tiny.file, "--workers", 1, "--json"))
    for name in ("tables", "report.html", "manifest.json", "study.json"):
        assert not (tiny.results / name).exists()
    assert not list(tiny.results.glob("tasks/ingest/x-*"))


def test_too_many_bad_rows__leave_the_published_results_of_an_earlier_run(finished, osteobiome, table_bytes):
    before = table_bytes(finished.results), (finished.results / "report.html").read_bytes()
    _spoil(finished, 3)
    assert osteobiome("run", finished.file, "--workers", 1).code == 2
    assert (table_bytes(finished.results), (finished.results / "report.html").read_bytes()) == before


def test_too_many_bad_rows__are_found_by_the_check_and_nothing_is_written(tiny, osteobiome):
    """The design: fatal means that nothing is written; check says all that would stop a run."""
    _spoil(tiny, 3)
    _assert_too_many(osteobiome("check", tiny.file, "--json"))
    _assert_too_many(osteobiome("run", tiny.file, "--workers", 1, "--json"))
    assert not tiny.results.exists()


def test_too_many_bad_rows__are_dropped_if_the_study_allows_the_reason(tiny, osteobiome):
    _spoil(tiny, 3)
    tiny.replace("study.toml", "max_bad_rows = 0.05", 'max_bad_rows = 0.05\nallow = ["non_numeric_beta"]')
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    (row,) = _dropped(tiny.results)
    assert (row["reason"], row["count"], row["lines"], row["n_kept"]) == ("non_numeric_beta", 3, [2, 3, 4], 37)


def test_too_many_bad_rows__are_dropped_if_the_share_is_raised(tiny, osteobiome):
    _spoil(tiny, 3)
    tiny.replace("study.toml", "max_bad_rows = 0.05", "max_bad_rows = 0.08")
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    assert _dropped(tiny.results)[0]["count"] == 3


def test_bad_rows__at_the_limit_are_no_fault(tiny, osteobiome):
    _spoil(tiny, 2)
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0


# --- estimates ---------------------------------------------------------------------------------------------------


def _estimates(study):
    return pl.read_parquet(study.results / "tables" / "estimates.parquet").to_dicts()


def test_no_common_variant__is_a_status(tiny, osteobiome):
    rows = [row | {"rsid": f"other{i}", "base_pair_location": str(5 + i)} for i, row in enumerate(tiny.rows("y"))]
    tiny.write("y", rows)
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0, ran.err
    assert "no common variants" in ran.out
    for estimate in _estimates(tiny):
        assert estimate["status"] == "no_common_variants"
        assert "Check identifiers and genome build" in estimate["message"]
        assert estimate["n_variants"] == 0
        assert estimate["beta"] is None
        assert estimate["neg_log_10_p_value"] is None
    _dropped(tiny.results)
    assert "could not be estimated" in (tiny.results / "report.html").read_text()


def test_no_instrument__is_a_status(tiny, osteobiome):
    tiny.replace("study.toml", "p_threshold = 5e-8", "p_threshold = 1e-300")
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    assert {estimate["status"] for estimate in _estimates(tiny)} == {"no_instruments"}


def test_singular_ld__is_a_status_of_the_methods_that_need_it(make_study, osteobiome):
    study = make_study(n_variants=3)
    study.add_ld([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    study.replace("study.toml", 'primary = "ivw"', 'primary = "ivw_ld"')
    ran = osteobiome("run", study.file, "--workers", 1)
    assert ran.code == 0, ran.err
    found = {estimate["method"]: estimate for estimate in _estimates(study)}
    assert found["ivw_ld"]["status"] == "singular"
    assert "no ridge is added in silence" in found["ivw_ld"]["message"]
    assert found["ivw_ld"]["beta"] is None
    assert found["ivw_fixed"]["status"] == "ok"


def test_negative_ld__is_a_status(make_study, osteobiome):
    study = make_study(n_variants=3)
    study.add_ld([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    study.replace("study.toml", 'primary = "ivw"', 'primary = "ivw_ld"')
    assert osteobiome("run", study.file, "--workers", 1).code == 0
    assert _estimates(study)[0]["status"] == "not_positive_semidefinite"


def test_ld_without_a_variant__names_it(make_study, osteobiome):
    study = make_study(n_variants=4)
    study.add_ld([[1, 0.1, 0], [0.1, 1, 0], [0, 0, 1]])
    study.replace("study.toml", 'primary = "ivw"', 'primary = "ivw_ld"')
    assert osteobiome("run", study.file, "--workers", 1).code == 0
    first = _estimates(study)[0]
    assert first["status"] == "missing_ld"
    assert "rs4" in first["message"]


def test_one_variant_left__is_a_wald_ratio(tiny, osteobiome):
    tiny.write("y", tiny.rows("y")[4:5])
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0, ran.err
    (estimate,) = _estimates(tiny)
    assert (estimate["method"], estimate["status"], estimate["n_variants"]) == ("wald_ratio", "ok", 1)
    assert estimate["is_primary"]
    exposure, outcome = tiny.rows("x")[4], tiny.rows("y")[0]
    assert estimate["beta"] == pytest.approx(float(outcome["beta"]) / float(exposure["beta"]), rel=1e-12)
    assert "in place of ivw" in estimate["message"]


def test_two_variants_left__are_too_few_for_egger(tiny, osteobiome):
    tiny.write("y", tiny.rows("y")[4:6])
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    found = {estimate["method"]: estimate["status"] for estimate in _estimates(tiny)}
    assert found == {"ivw": "ok", "ivw_fixed": "ok", "egger": "too_few_instruments"}


@pytest.mark.parametrize("trait", ["x", "y"])
@pytest.mark.parametrize(
    "cells",
    [
        {"beta": "1e200"},
        {"beta": "1e-320"},
        {"standard_error": "1e-308"},
        {"beta": "1e300", "standard_error": "1e-10"},
        {"p_value": "1e-99999"},
    ],
    ids=str,
)
def test_absurd_number__is_no_traceback_and_no_warning(cells, trait, tiny, osteobiome):
    """Finite, so the row is fine; its square or ratio may not be."""
    tiny.set(trait, 3, **cells)
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0, ran.err
    for estimate in _estimates(tiny):
        assert (estimate["beta"] is None) == (estimate["status"] != "ok")


# --- mr estimate -------------------------------------------------------------------------------------------------

HEADER = "rsid,effect_allele,eaf,beta_exposure,se_exposure,beta_outcome,se_outcome"


def _pair_line(i, **values):
    cells = {
        "rsid": f"rs{i}",
        "effect_allele": "A",
        "eaf": "0.3",
        "beta_exposure": f"{0.05 + 0.003 * i:.4f}",
        "se_exposure": "0.005",
        "beta_outcome": f"{0.015 + 0.001 * i + (0.002 if i % 2 else -0.002):.4f}",
        "se_outcome": "0.004",
    }
    return ",".join((cells | values).values())


@pytest.fixture
def pair_table(tmp_path):
    """Return a function that writes a table for `mr estimate`."""

    def write(lines, header=HEADER):
        path = tmp_path / "pair.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


GOOD = [_pair_line(i) for i in range(40)]
DIAGNOSTIC_KEYS = {"method", "name", "statistic", "df", "neg_log_10_p_value", "p_value", "null", "estimate", "se"}


def test_mr_estimate__json_has_every_field(pair_table, osteobiome):
    ran = osteobiome("mr", "estimate", pair_table(GOOD), "--json")
    assert ran.code == 0
    assert set(ran.json) == {
        "table", "version", "seed", "n_in", "n_kept", "n_dropped", "columns_not_used", "estimates", "diagnostics",
        "variants", "leave_one_out", "sensitivity",
    }  # fmt: skip
    assert (ran.json["n_in"], ran.json["n_kept"], ran.json["n_dropped"]) == (40, 40, {})
    fed = [name for name, e in ESTIMATORS.items() if not (e.needs_ld or e.needs_positions or e.max_variants == 1)]
    fed.remove("three_sample_ivw")  # by name only
    assert {e["method"] for e in ran.json["estimates"]} == set(fed)
    for estimate in ran.json["estimates"]:
        assert set(ESTIMATES) | {"p_value"} == set(estimate)
        assert 0 < estimate["n_variants"] <= 40  # some methods select
        if estimate["status"] != "ok":
            assert estimate["message"]
            continue
        assert (estimate["seed"] == 1) is ESTIMATORS[estimate["method"]].stochastic
        assert estimate["p_value"] == pytest.approx(10 ** -estimate["neg_log_10_p_value"])
    assert {"ivw", "egger", "weighted_median"} <= {e["method"] for e in ran.json["estimates"] if e["status"] == "ok"}
    for test in ran.json["diagnostics"]:
        assert set(test) >= DIAGNOSTIC_KEYS
    assert {"cochran_q", "egger_intercept", "mean_f", "i2_gx"} <= {test["name"] for test in ran.json["diagnostics"]}
    assert len(ran.json["variants"]) == 40
    first = ran.json["variants"][0]
    assert first["rsid"] == "rs0"
    assert first["f_statistic"] == pytest.approx(100.0)
    assert first["wald_ratio"] == pytest.approx(0.26)
    assert first["wald_ratio_se"] == pytest.approx(0.08)


@pytest.mark.parametrize("column", ["beta_exposure", "se_exposure", "beta_outcome", "se_outcome"])
def test_mr_estimate__names_a_missing_column(column, pair_table, osteobiome):
    table = pair_table(GOOD, HEADER.replace(column, column[:-1]))
    ran = osteobiome("mr", "estimate", table, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == f"no_{column}_column"
    assert fault["where"] == str(table)
    assert f"'{column}'" in fault["found"]
    assert column in fault["expected"]
    assert fault["hint"] == f"Did you mean '{column[:-1]}'?"
    assert f"no column '{column}'" in osteobiome("mr", "estimate", table).err


def test_mr_estimate__drops_bad_rows_with_their_lines(pair_table, osteobiome):
    bad = [
        _pair_line(50, beta_exposure="abc"),
        _pair_line(51, se_outcome="0"),
        _pair_line(52, beta_outcome="inf"),
        _pair_line(53, eaf="1.5"),
        _pair_line(54, se_exposure=""),
        _pair_line(55, effect_allele="Z"),
        _pair_line(56, rsid=""),
        _pair_line(3),
    ]
    table = pair_table([*GOOD, *bad])
    ran = osteobiome("mr", "estimate", table, "--json")
    assert ran.code == 0
    assert (ran.json["n_in"], ran.json["n_kept"]) == (48, 40)
    assert ran.json["n_dropped"] == {
        "non_numeric_beta_exposure": 1,
        "non_positive_se_outcome": 1,
        "infinite_beta_outcome": 1,
        "eaf_out_of_range": 1,
        "missing_se_exposure": 1,
        "bad_allele": 1,
        "empty_id": 1,
        "duplicate": 1,
    }
    assert ran.json["n_in"] == ran.json["n_kept"] + sum(ran.json["n_dropped"].values())
    said = osteobiome("mr", "estimate", table).out
    assert "48 variants, 40 kept, 8 dropped" in said
    assert "(line 42)" in said
    assert "(line 49)" in said


def test_mr_estimate__keeps_a_good_row_whose_copy_is_broken(pair_table, osteobiome):
    """A row that was dropped for another reason makes no duplicate."""
    ran = osteobiome("mr", "estimate", pair_table([_pair_line(0, beta_outcome="?"), *GOOD]), "--json")
    assert (ran.json["n_kept"], ran.json["n_dropped"]) == (40, {"non_numeric_beta_outcome": 1})


def test_mr_estimate__does_not_depend_on_the_order_of_contradicting_rows(pair_table, osteobiome):
    """As at ingest: which of two contradicting rows is right cannot be known, so neither is used."""
    rows = [*GOOD, _pair_line(3, beta_outcome="0.5")]
    forth = osteobiome("mr", "estimate", pair_table(rows), "--json").json
    back = osteobiome("mr", "estimate", pair_table(rows[::-1]), "--json").json
    assert forth["n_kept"] == 39
    assert forth["estimates"][0]["beta"] == pytest.approx(back["estimates"][0]["beta"], rel=1e-12)


def test_mr_estimate__stops_if_most_rows_are_bad(pair_table, osteobiome):
    table = pair_table([_pair_line(100 + i, beta_outcome="?") for i in range(3)] + GOOD)
    ran = osteobiome("mr", "estimate", table, "--json")
    assert ran.code == 2
    assert "3 of 43 rows" in ran.json["faults"][0]["found"]
    assert "--max-bad-rows" in ran.json["faults"][0]["hint"]
    assert osteobiome("mr", "estimate", table, "--max-bad-rows", 0.1, "--json").json["n_kept"] == 40


def test_mr_estimate__of_one_variant_is_a_wald_ratio(pair_table, osteobiome):
    ran = osteobiome("mr", "estimate", pair_table(GOOD[:1]), "--methods", "ivw,egger", "--json")
    assert ran.code == 0
    (estimate,) = ran.json["estimates"]
    assert (estimate["method"], estimate["status"]) == ("wald_ratio", "ok")
    assert estimate["beta"] == pytest.approx(0.26)
    assert "in place of ivw, egger" in estimate["message"]


@pytest.mark.parametrize("count", [1, 5])
def test_mr_estimate__without_effect_on_the_exposure_is_a_status(count, pair_table, osteobiome):
    table = pair_table([_pair_line(i, beta_exposure="0") for i in range(count)])
    ran = osteobiome("mr", "estimate", table, "--json")
    assert ran.code == 2
    assert {estimate["status"] for estimate in ran.json["estimates"]} == {"zero_exposure_effect"}
    assert {estimate["beta"] for estimate in ran.json["estimates"]} == {None}
    assert {variant["wald_ratio"] for variant in ran.json["variants"]} == {None}
    said = osteobiome("mr", "estimate", table)
    assert said.code == 2
    assert "no effect on the exposure" in said.out


def test_mr_estimate__names_the_nearest_method(pair_table, osteobiome):
    table = pair_table(GOOD)
    ran = osteobiome("mr", "estimate", table, "--methods", "ivw,eger", "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "unknown_method"
    assert "eger" in fault["where"] + fault["found"]
    assert "ivw_fixed" in fault["expected"]
    assert fault["hint"] == "Did you mean 'egger'?"
    assert "Did you mean 'egger'?" in osteobiome("mr", "estimate", table, "--methods", "eger").err


def test_mr_estimate__without_ld_gives_a_status(pair_table, osteobiome):
    ran = osteobiome("mr", "estimate", pair_table(GOOD), "--methods", "ivw_ld", "--json")
    assert ran.code == 2
    assert ran.json["estimates"][0]["status"] == "missing_ld"
    assert ran.err == "osteobiome: no method has an estimate (missing ld); the messages say what to do.\n"
    assert osteobiome("mr", "estimate", pair_table(GOOD), "--methods", "ivw,ivw_ld", "--quiet").code == 0


LD_FILES = {
    # name: (content, code)
    "wrong_shape": (b"1,0.2\n0.2,1\n", "ld_shape"),
    "no_number": (b"1,x,0\nx,1,0\n0,0,1\n", "ld_bad_value"),
    "ragged": (b"1,0.1,0\n0.1,1\n0,0,1\n", "ld_"),
    "not_symmetric": (b"1,0.5,0\n0.1,1,0\n0,0,1\n", "ld_not_symmetric"),
    "above_one": (b"1,2,0\n2,1,0\n0,0,1\n", "ld_bad_value"),
    "not_finite": (b"1,nan,0\nnan,1,0\n0,0,1\n", "ld_bad_value"),
    "empty": (b"", "empty_file"),
    "binary": (b"\xff\xfe\x00", ""),
}


@pytest.mark.parametrize("name", LD_FILES)
def test_mr_estimate__refuses_a_file_that_is_no_ld_matrix(name, pair_table, osteobiome, tmp_path):
    content, code = LD_FILES[name]
    matrix = tmp_path / "ld.csv"
    matrix.write_bytes(content)
    ran = osteobiome("mr", "estimate", pair_table(GOOD[:3]), "--ld", matrix, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert code in fault["code"]
    assert fault["where"].removesuffix(", line 1") == str(matrix)
    assert fault["found"]
    assert fault["expected"]
    assert "inhomogeneous" not in fault["found"]


@pytest.mark.parametrize(
    ("matrix", "status"),
    [("1,1,0\n1,1,0\n0,0,1\n", "singular"), ("1,.9,-.9\n.9,1,.9\n-.9,.9,1\n", "not_positive_semidefinite")],
)
def test_mr_estimate__gives_bad_ld_a_status(matrix, status, pair_table, osteobiome, tmp_path):
    (tmp_path / "ld.csv").write_text(matrix)
    ran = osteobiome("mr", "estimate", pair_table(GOOD[:3]), "--ld", tmp_path / "ld.csv", "--json")
    assert ran.code == 0
    found = {estimate["method"]: estimate["status"] for estimate in ran.json["estimates"]}
    assert found["ivw_ld"] == found["ivw_ld_fixed"] == status
    assert found["ivw"] == "ok"


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "empty_file"), (HEADER + "\n", "no_rows"), (HEADER.replace("eaf", "rsid") + "\n1\n", "duplicate_column")],
)
def test_mr_estimate__refuses_a_file_that_is_no_table(content, code, osteobiome, tmp_path):
    (tmp_path / "pair.csv").write_text(content)
    ran = osteobiome("mr", "estimate", tmp_path / "pair.csv", "--json")
    assert ran.code == 2
    assert ran.json["faults"][0]["code"] == code
    missing = osteobiome("mr", "estimate", tmp_path / "none.csv", "--json")
    assert missing.code == 2
    assert missing.json["faults"][0]["code"] == "missing_file"


@pytest.mark.parametrize("cells", [{"beta_exposure": "1e200"}, {"se_exposure": "1e-308"}, {"se_outcome": "1e-200"}])
def test_mr_estimate__survives_absurd_numbers(cells, pair_table, shell):
    table = pair_table([*GOOD, _pair_line(60, **cells)])
    for arguments in ((), ("--json",)):
        ran = shell("mr", "estimate", table, *arguments)
        assert ran.code in {0, 2}
        assert "Traceback" not in ran.err
        assert "Warning" not in ran.err


TO_A_FULL_DISK = ("sh", "-c", 'exec "$@" > /dev/full', "sh")


def test_mr_estimate__output_that_cannot_be_written_is_one_line(pair_table, shell):
    for arguments in ((), ("--json",)):
        ran = shell("mr", "estimate", pair_table(GOOD), "--methods", "ivw", *arguments, prefix=TO_A_FULL_DISK)
        assert ran.code == 1
        assert ran.err == "osteobiome: the output could not be written: No space left on device\n"


def test_mr_estimate__every_method_sees_the_same_rows(pair_table, osteobiome):
    ran = osteobiome("mr", "estimate", pair_table([*GOOD, _pair_line(60, se_outcome="1e300")]), "--json")
    assert ran.json["n_dropped"] == {"absurd_se_outcome": 1}
    assert {e["n_variants"] for e in ran.json["estimates"] if e["method"] in {"ivw", "egger", "lasso"}} == {40}


# --- all of it ---------------------------------------------------------------------------------------------------


def test_usage_error__is_json_for_programs_too(tiny, shell):
    """A program that asks for JSON gets JSON, also when it misspells an option."""
    for arguments in (("run", tiny.file, "--workers", 0), ("run", tiny.file, "--wrkers", 2), ("check",)):
        ran = shell(*arguments, "--json")
        assert ran.code == 2
        assert json.loads(ran.out)["ok"] is False


def test_bad_input__through_the_shell_gives_exit_2_without_traceback(tiny, shell):
    """One fault through the real process: the exit code is that of the system, not of a test runner."""
    _misspell_key(tiny)
    ran = shell("run", tiny.file)
    assert ran.code == 2
    assert ran.out == ""
    assert "Did you mean 'sensitivity'?" in ran.err
    assert "Traceback" not in ran.err
    assert shell("run", tiny.file, "--json").json["ok"] is False
