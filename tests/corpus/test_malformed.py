"""Every malformed file is named by its check, with its line; nothing raises and no row is lost."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from osteobiome.sumstats.checking import check_sumstats
from osteobiome.sumstats.qc.checks import CHECKS, casts_doubt
from osteobiome.sumstats.table import IngestOptions
from tests.corpus.base import SEED, Base, clean_rows
from tests.corpus.malformed import CASES, FINE, placed

BASE = Base(SEED)
NOT_IN_CORPUS = {
    "no_permission": "root may read every file, so it cannot be made where tests run as root; see test_open_table",
    "unknown_column_name": "a fault of the call, which raises",
    **{
        f"no_{name}_column": "a mapped column that is not there, as no_beta_column and no_eaf_column are"
        for name in (
            "chromosome",
            "position",
            "odds_ratio",
            "hazard_ratio",
            "z",
            "ci_low",
            "ci_high",
            "p_value",
            "neg_log_10_p_value",
            "n",
            "n_cases",
            "n_controls",
            "info",
        )
    },
}
"""Fatal checks and row checks without a file, with the reason."""


def checked(case, folder):
    """Check the file of a case as it is declared."""
    path = placed(case, folder, BASE)
    options = IngestOptions(genome_build=case.build, trait=case.trait)
    return check_sumstats(path, file_format=case.file_format, columns=case.columns, options=options)


def matters(found):
    """Tell whether a finding is more than a remark."""
    return found.severity != "note" or casts_doubt(found)


def test_cases__have_distinct_names_and_there_are_enough():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 75


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_malformed__is_named_with_its_line_and_without_false_alarm(tmp_path, case):
    result = checked(case, tmp_path)
    found = {one.id: one for one in result.findings}
    for expected in case.expect:
        assert expected.id in found, sorted(found)
        one = found[expected.id]
        line = one.examples[0].line if one.examples else None
        assert (one.severity, line) == (expected.severity, expected.line), one
        assert one.count >= 1
        assert one.found
        assert one.hint or not matters(one)
    allowed = {expected.id for expected in case.expect} | case.also
    assert {one.id for one in result.findings if matters(one)} <= allowed
    rows = result.rows
    assert rows.n_in == rows.n_kept + sum(rows.by_reason().values())
    if case.dropped is not None:
        assert rows.by_reason() == dict(case.dropped)
    is_fatal = any(one.severity == "fatal" for one in result.findings)
    assert (result.verdict == "unusable") == is_fatal
    assert len(result.summary().splitlines()) <= 10
    json.dumps(result.as_dict(), allow_nan=False)


@pytest.mark.parametrize("name", list(FINE))
def test_fine__nothing_is_said_against_it(tmp_path, name):
    file, make = FINE[name]
    path = tmp_path / file
    path.write_bytes(make(BASE))
    result = check_sumstats(path, options=IngestOptions(genome_build="GRCh37"))
    assert [one for one in result.findings if matters(one)] == []
    assert (result.verdict, result.rows.n_dropped) == ("usable", 0)
    assert result.rows.n_in == (1500 if name == "1500 rows" else 400)


def made():
    """Return the SHA-256 of every small file."""
    large = {"50 MB in one line", "gzip bomb"}
    cases = [case for case in CASES if case.kind == "file" and case.name not in large]
    return {case.name: hashlib.sha256(case.make(Base(SEED))).hexdigest() for case in cases}


def test_corpus__same_seed_gives_the_same_bytes():
    first = made()
    clean_rows.cache_clear()
    assert made() == first


def test_corpus__another_seed_gives_another_table():
    assert Base(SEED).clean() != Base(SEED + 1).clean()


def test_corpus__every_check_that_matters_has_a_file():
    covered = {expected.id for case in CASES for expected in case.expect}
    wanted = {name for name, check in CHECKS.items() if check.severity != "note" or check.casts_doubt}
    assert wanted - covered == set(NOT_IN_CORPUS)
    assert covered <= {name for name, _ in CHECKS.items()}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_no_permission__is_named(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_bytes(BASE.clean())
    path.chmod(0)
    assert [one.id for one in check_sumstats(path).findings] == ["no_permission"]


COMMANDS = {
    "clean": (0, "usable"),
    "no_build": (0, "usable"),
    "one p of 0 beside a small effect": (0, "doubtful"),
    "standard error 0": (0, "usable"),
    "gzip cut off": (2, "unusable"),
    "frequencies in per cent": (2, "unusable"),
    "missing": (2, "unusable"),
}
KEYS = {"file", "format", "genome_build", "verdict", "n_in", "n_kept", "n_dropped", "findings"}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(COMMANDS))
def test_command__exit_code_and_json(tmp_path, name):
    case = next((case for case in CASES if case.name == name), None)
    if case is None:
        path = tmp_path / "table.tsv"
        path.write_bytes(BASE.clean())
    else:
        path = placed(case, tmp_path, BASE)
    build = [] if name == "no_build" else ["--build", "GRCh37"]
    ran = subprocess.run(
        [sys.executable, "-m", "osteobiome", "sumstats", "check", str(path), "--json", *build],
        capture_output=True,
        text=True,
        check=False,
    )
    code, verdict = COMMANDS[name]
    assert ran.returncode == code, ran.stderr
    said = json.loads(ran.stdout)
    assert said.keys() >= KEYS
    assert said["verdict"] == verdict
    assert said["n_in"] == said["n_kept"] + sum(said["n_dropped"].values())
    for found in said["findings"]:
        assert found.keys() == {"id", "severity", "count", "found", "hint", "examples"}
        assert all(example.keys() == {"line", "column", "value"} for example in found["examples"])
