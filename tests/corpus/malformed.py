"""The corpus: every malformed file, what has to be found in it, and files that look odd but are fine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.corpus import cells, files, values
from tests.corpus.base import Base, Case, joined, written
from tests.corpus.packing import bgzipped, gzipped, zipped

CASES: tuple[Case, ...] = (*files.CASES, *cells.ROWS, *values.CASES)


def placed(case: Case, folder: Path, base: Base) -> Path:
    """Make the file of a case in a folder, and return its path."""
    for name, content in case.beside.items():
        (folder / name).write_bytes(content)
    path = folder / case.file
    if case.kind == "file":
        path.write_bytes(case.make(base))
    elif case.kind == "folder":
        path.mkdir()
    elif case.kind == "dangling_link":
        path.symlink_to(folder / "nothing")
    elif case.kind == "link_loop":
        path.symlink_to(path)
    elif case.kind == "pipe":
        os.mkfifo(path)
    return path


def _quoted(base: Base) -> bytes:
    return written({f'"{name}"': f'"{cell}"' for name, cell in row.items()} for row in base.rows())


FINE: dict[str, tuple[str, Callable[[Base], bytes]]] = {
    "clean": ("table.tsv", lambda base: base.clean()),
    "no newline at the end": ("table.tsv", lambda base: base.clean()[:-1]),
    "blank lines at the end": ("table.tsv", lambda base: base.clean() + b"\n\n  \n\t\t\n"),
    "blank lines in the middle": ("table.tsv", lambda base: base.clean().replace(b"\n", b"\n\n")),
    "comments above the header": ("table.tsv", lambda base: b"# of 2020\n##more = yes\n" + base.clean()),
    "gzip": ("table.tsv.gz", lambda base: gzipped(base.clean())),
    "gzip named as text": ("table.tsv", lambda base: gzipped(base.clean())),
    "text named as gzip": ("table.tsv.gz", lambda base: base.clean()),
    "two gzip members": ("table.tsv.gz", lambda base: gzipped(base.clean()[:9999]) + gzipped(base.clean()[9999:])),
    "bgzip": ("table.tsv.bgz", lambda base: bgzipped(base.clean())),
    "zip": ("table.zip", lambda base: zipped(("table.tsv", base.clean()))),
    "commas": ("table.csv", lambda base: written(base.rows(), separator=",")),
    "semicolons": ("table.csv", lambda base: written(base.rows(), separator=";")),
    "blanks": ("table.txt", lambda base: written(base.rows(), separator="  ")),
    "quotes": ("table.tsv", _quoted),
    "blanks around cells": ("table.tsv", lambda base: written(base.rows(), separator=" \t ")),
    "lower-case alleles": ("table.tsv", lambda base: base.each(
        lambda row: {name: row[name].lower() for name in ("effect_allele", "other_allele")})),
    "chromosomes as chr1": ("table.tsv", lambda base: base.each(lambda row: {"chromosome": f"chr{row['chromosome']}"})),
    "chromosomes as 01": ("table.tsv", lambda base: base.each(lambda row: {"chromosome": f"{row['chromosome']:0>2}"})),
    "chromosomes as 1.0": ("table.tsv", lambda base: base.each(lambda row: {"chromosome": f"{row['chromosome']}.0"})),
    "positions as 1.0": ("table.tsv", lambda base: base.each(
        lambda row: {"base_pair_location": f"{row['base_pair_location']}.0"})),
    "sex chromosomes": ("table.tsv", lambda base: base.changed(
        (9, {"chromosome": "23", "rsid": "x1"}), (10, {"chromosome": "X", "rsid": "x2"}),
        (11, {"chromosome": "chrM", "base_pair_location": "100", "rsid": "x3"}),
        (12, {"chromosome": "MT", "base_pair_location": "200", "rsid": "x4"}))),
    "plus signs": ("table.tsv", lambda base: base.each(lambda row: {"standard_error": f"+{row['standard_error']}"})),
    "exponents": ("table.tsv", lambda base: base.each(lambda row: {"beta": f"{float(row['beta']):E}"})),
    "sample sizes as 4e4": ("table.tsv", lambda base: base.each(lambda row: {"n": "4e4"})),
    "a column of NA": ("table.tsv", lambda base: base.each(lambda row: {"info": "NA"})),
    "no frequency": ("table.tsv", lambda base: base.each(lambda row: {"effect_allele_frequency": "NA"})),
    "no p": ("table.tsv", lambda base: base.each(lambda row: {"p_value": "NaN"})),
    "no sample size": ("table.tsv", lambda base: base.each(lambda row: {"n": "."})),
    "p too small for a double": ("table.tsv", lambda base: base.changed(
        (9, {"beta": f"{43 * float(base.rows()[7]['standard_error']):.6f}", "p_value": "1e-404"}))),
    "shuffled rows": ("table.tsv", lambda base: joined([base.lines()[0], *reversed(base.lines()[1:])])),
    "1500 rows": ("table.tsv", lambda base: base.clean(1500)),
}  # fmt: skip
"""Files that are unusual but right: nothing fatal, no row dropped, no doubt."""
