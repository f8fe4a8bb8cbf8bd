"""Helpers for all tests: the command line in and out of process, and studies so small that a run takes a second."""

from __future__ import annotations

import io
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
COLUMNS = (
    "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value", "rsid", "n",
)  # fmt: skip
ALLELES = (("A", "G"), ("C", "T"), ("A", "C"), ("G", "T"))  # no palindromes
SLOPE = 0.3

STUDY = """\
[study]
id = "tiny"
title = "Does the exposure change the outcome?"
traits = "traits.csv"
genome_build = "GRCh37"

[ingest]
max_bad_rows = 0.05

[instruments]
p_threshold = 5e-8

[[mr]]
id = "main"
exposures = ["x"]
outcomes = ["y"]
primary = "ivw"
sensitivity = ["ivw_fixed", "egger"]
"""

TRAITS = """\
trait_id,label,layer,curie,type,unit,n,adjusted_for,ancestry,cohorts,genome_build,format,file,licence,citation
x,Exposure X,metabolite,,quantitative,sd,10000,none,EUR,first,GRCh37,gwas_ssf,x.tsv,CC0,doi:10.1000/x
y,Outcome Y,bone,,quantitative,sd,20000,none,EUR,second,GRCh37,gwas_ssf,y.tsv,CC0,doi:10.1000/y
"""

Row = dict[str, str]


def variant_rows(n_variants: int, *, is_outcome: bool) -> list[Row]:
    """Return GWAS-SSF rows of strong, unlinked variants; the outcome follows the exposure with slope 0.3."""
    rows = []
    for i in range(n_variants):
        on_exposure = 0.03 + 0.001 * i
        beta = SLOPE * on_exposure + 0.0055 * math.sin(3 * i + 1) if is_outcome else on_exposure
        se = 0.004 if is_outcome else 0.005
        effect, other = ALLELES[i % len(ALLELES)]
        values = (
            1 + i % 22, 1000 + 1000 * i + 2_500_000 * (i // 22), effect, other, f"{beta:.6f}", se,
            f"{0.1 + 0.8 * i / n_variants:.3f}", f"{math.erfc(abs(beta / se) / math.sqrt(2)):.4g}", f"rs{i + 1}", 10000,
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, map(str, values), strict=True)))
    return rows


@dataclass
class TinyStudy:
    """A study in a folder of its own: study.toml, traits.csv, x.tsv and y.tsv.

    Row ``i`` of a table stands in line ``i + 2`` of its file.
    """

    folder: Path
    n_variants: int = 40

    def __post_init__(self) -> None:
        if self.folder.exists():
            return
        self.folder.mkdir(parents=True)
        self.file.write_text(STUDY)
        (self.folder / "traits.csv").write_text(TRAITS)
        self.write("x", variant_rows(self.n_variants, is_outcome=False))
        self.write("y", variant_rows(self.n_variants, is_outcome=True))

    @property
    def file(self) -> Path:
        """The study file."""
        return self.folder / "study.toml"

    @property
    def results(self) -> Path:
        """Where a run without --out writes."""
        return self.folder / "results"

    def rows(self, trait: str) -> list[Row]:
        """Return a trait's table as text."""
        header, *lines = (self.folder / f"{trait}.tsv").read_text().splitlines()
        return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]

    def write(self, trait: str, rows: list[Row]) -> None:
        """Write a trait's table; the columns are those of the first row."""
        lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
        (self.folder / f"{trait}.tsv").write_text("\n".join(lines) + "\n")

    def set(self, trait: str, index: int, **values: str) -> None:
        """Change cells of one row."""
        rows = self.rows(trait)
        rows[index] |= values
        self.write(trait, rows)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a piece of text that stands in a file of the study."""
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new))

    def add_ld(self, matrix: list[list[float]]) -> None:
        """Declare an LD matrix of the first variants, counted in the effect alleles of the exposure."""
        rows = self.rows("x")[: len(matrix)]
        names = [row["rsid"] for row in rows]
        lines = ["\t".join(["rsid", *names])]
        lines += ["\t".join([name, *map(str, values)]) for name, values in zip(names, matrix, strict=True)]
        (self.folder / "ld_r.tsv").write_text("\n".join(lines) + "\n")
        alleles = ["\t".join((row["rsid"], row["effect_allele"], row["other_allele"])) for row in rows]
        (self.folder / "ld_variants.tsv").write_text("\n".join(["rsid\teffect_allele\tother_allele", *alleles]) + "\n")
        files = '[ld]\nEUR = { matrix = "ld_r.tsv", variants = "ld_variants.tsv" }\n\n'
        self.replace("study.toml", "[instruments]", files + "[instruments]")

    def add_panel(self, dosages: list[list[int]], *, ancestry: str = "EUR") -> Path:
        """Write PLINK 1 files of the first variants, people in columns, -9 for a missing call; return the prefix."""
        prefix = self.folder / "panel" / ancestry.lower()
        prefix.parent.mkdir(exist_ok=True)
        code = {2: 0b00, 1: 0b10, 0: 0b11, -9: 0b01}
        data = bytearray([0x6C, 0x1B, 0x01])
        for row in dosages:
            for i in range(0, len(row), 4):
                data.append(sum(code[copies] << (2 * k) for k, copies in enumerate(row[i : i + 4])))
        prefix.with_suffix(".bed").write_bytes(bytes(data))
        names = ("chromosome", "rsid", "base_pair_location", "effect_allele", "other_allele")
        cells = [[row[name] for name in names] for row in self.rows("x")[: len(dosages)]]
        lines = ["\t".join((chrom, rsid, "0", place, a1, a2)) for chrom, rsid, place, a1, a2 in cells]
        prefix.with_suffix(".bim").write_text("\n".join(lines) + "\n")
        people = [f"f{i} p{i} 0 0 0 -9" for i in range(len(dosages[0]))]
        prefix.with_suffix(".fam").write_text("\n".join(people) + "\n")
        return prefix


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON document on standard output; NaN and Infinity are not JSON."""

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} in JSON")

        return json.loads(self.out, parse_constant=refuse)


Command = Callable[..., Ran]


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return modification time, inode and size of every file and folder below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        found[str(path.relative_to(folder))] = (info.st_mtime_ns, info.st_ino, info.st_size if path.is_file() else 0)
    return found


def table_bytes(results: Path) -> dict[str, bytes]:
    """Return the result tables, Parquet and CSV, by file name."""
    return {path.name: path.read_bytes() for path in sorted((results / "tables").iterdir())}


@pytest.fixture(name="tree")
def tree_fixture() -> Callable[[Path], dict[str, tuple[int, int, int]]]:
    """Return the function that describes a folder; equal descriptions mean that nothing was touched."""
    return tree


@pytest.fixture(name="table_bytes")
def table_bytes_fixture() -> Callable[[Path], dict[str, bytes]]:
    """Return the function that reads the result tables as bytes."""
    return table_bytes


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[..., TinyStudy]:
    """Return a function that writes a tiny study: ``make_study("name", n_variants=3)``."""

    def make(name: str = "tiny", *, n_variants: int = 40) -> TinyStudy:
        return TinyStudy(tmp_path / name, n_variants)

    return make


@pytest.fixture
def tiny(make_study: Callable[..., TinyStudy]) -> TinyStudy:
    """Return a tiny study that has not been run."""
    return make_study()


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> TinyStudy:
    """Return a tiny study with its results; shared by the session, so look but do not touch."""
    from osteobiome.study import run_study

    study = TinyStudy(tmp_path_factory.mktemp("session") / "tiny")
    assert run_study(study.file, workers=1).n_failed == 0
    return study


@pytest.fixture
def finished(finished_once: TinyStudy, tmp_path: Path) -> TinyStudy:
    """Return a copy of a tiny study with its results, free to be changed."""
    folder = tmp_path / "finished"
    shutil.copytree(finished_once.folder, folder)
    return TinyStudy(folder)


@pytest.fixture
def osteobiome(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs a command in this process: quick, and nothing but an exit may come out of it."""
    from osteobiome.cli.main import run

    monkeypatch.setenv("COLUMNS", "10000")  # pytest-xdist gives its workers a terminal of 80

    def call(*arguments: object) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "argv", ["osteobiome", *map(str, arguments)])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
            run()
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return Ran(caught.value.code or 0, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def shell() -> Command:
    """Return a function that runs a command as users do, in a process of its own."""

    def call(*arguments: object, cwd: Path | None = None, prefix: tuple[str, ...] = (), timeout: float = 120) -> Ran:
        command = [*prefix, sys.executable, "-m", "osteobiome", *map(str, arguments)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=timeout, check=False)
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    return call


@pytest.fixture(scope="session")
def adiposity_file() -> Path:
    """Return the study file of the body fat example."""
    return REPOSITORY / "examples" / "adiposity-bone" / "study.toml"


@pytest.fixture(scope="session")
def adiposity_results(adiposity_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the body fat example, run in one process; look but do not touch."""
    from osteobiome.study import run_study

    folder = tmp_path_factory.mktemp("adiposity") / "results"
    assert run_study(adiposity_file, out=folder, workers=1).n_failed == 0
    return folder


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Return a function that lets another process hold the lock of a results folder until the test ends."""
    code = (
        "import fcntl, sys; handle = open(sys.argv[1], 'a+b'); fcntl.flock(handle, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    holders = []

    def hold(results: Path) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(results / "lock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        holders.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

    yield hold
    for process in holders:
        process.communicate(timeout=20)
