"""The text tables beside genotypes: variants (.bim, .pvar) and people (.fam, .psam)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.sumstats.identity import chromosome
from osteobiome.sumstats.reading import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

VARIANT_COLUMNS = ("rsid", "chromosome", "position", "counted", "other")
_PLINK_CODES = {"25": "XY", "26": "MT"}
"""Numbers beyond Y that PLINK gives (25 pseudo-autosomal, 26 mitochondrial); everywhere else here 25 is MT."""
_BIM_COLUMNS = (6, 5)
"""With genetic position, and without, as PLINK 2 may write it."""
_FAM_COLUMNS = 4
"""Family, person, father, mother; what follows says nothing about genotypes."""


def plink_chromosomes(names: pl.Series) -> pl.Series:
    """Return chromosomes as Int8 (X 23, Y 24, MT 25); null for the unplaced and for contigs.

    Parameters
    ----------
    names : polars.Series of String
        As PLINK writes them: numbers or letters, ``chr`` in front or not.

    Examples
    --------
    >>> plink_chromosomes(pl.Series(["1", "chrX", "25", "26", "0", "GL000191.1"])).to_list()
    [1, 23, 23, 25, None, None]
    """
    runs = names.rle().struct.unnest()  # files are sorted: a few runs in millions of rows
    known = runs["value"].unique().drop_nulls().to_frame("name")
    codes = known.select(pl.col("name").str.strip_prefix("chr").replace(_PLINK_CODES)).select(chromosome("name"))[
        "name"
    ]
    of_run = runs["value"].replace_strict(known["name"], codes, default=None, return_dtype=pl.Int8)
    return of_run.gather(np.repeat(np.arange(runs.height), runs["len"].to_numpy()))


def variant_table(raw: pl.DataFrame) -> pl.DataFrame:
    """Return variants as a panel holds them.

    Parameters
    ----------
    raw : polars.DataFrame
        Text columns rsid, chromosome, counted, other, and position (Int64).

    Returns
    -------
    polars.DataFrame
        Columns ``VARIANT_COLUMNS``. The name ``.`` and positions below 1 mean "unknown" and become null.
    """
    return raw.select(
        pl.when(pl.col("rsid") != ".").then("rsid").alias("rsid"),
        plink_chromosomes(raw["chromosome"]).alias("chromosome"),
        pl.when(pl.col("position") > 0).then("position").alias("position"),
        _alleles(raw["counted"]),
        _alleles(raw["other"]),
    )


def _alleles(alleles: pl.Series) -> pl.Series:
    """Return alleles in upper case; nearly all files have them so, and looking is cheaper than writing anew."""
    has_lower = alleles.str.contains("[a-z]").any()
    return alleles.str.to_uppercase() if has_lower else alleles


def read_bim(path: Path) -> pl.DataFrame:
    """Read the variants of a PLINK 1 file.

    Parameters
    ----------
    path : pathlib.Path
        ``.bim``, plain or packed: chromosome, name, genetic position (may be absent), position, A1, A2; between them
        tabs or spaces.

    Returns
    -------
    polars.DataFrame
        Columns ``VARIANT_COLUMNS``; the counted allele is A1.

    Raises
    ------
    InputFileError
        Missing, damaged, a line with another number of cells, or a position that is no whole number.
    """
    content = tabbed(read_bytes(path))
    width = content[: content.find(b"\n")].count(b"\t") + 1
    if width not in _BIM_COLUMNS:
        raise broken(path, f"{width} columns", "6: chromosome, name, genetic position, position, A1, A2")
    names = {"chromosome": 0, "rsid": 1, "position": width - 3, "counted": width - 2, "other": width - 1}
    return variant_table(variant_cells(path, content, width=width, names=names))


def variant_cells(path: Path, content: bytes, *, width: int, names: dict[str, int]) -> pl.DataFrame:
    """Return named cells of a table of variants.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    content : bytes
        Lines of cells with one tab between.
    width : int
        Cells in each line.
    names : dict of str to int
        Columns to return, and where they stand, from 0; all are text but ``position``, which is Int64.

    Raises
    ------
    InputFileError
        A line with more cells or fewer, an empty cell, or a position that is no whole number.
    """
    columns = {name: f"column_{at + 1}" for name, at in names.items()}
    whole = columns["position"]
    try:
        cells = text_cells(content, width=width, whole=whole, columns=sorted(names.values()))
    except pl.exceptions.PolarsError:
        cells = None
    # polars does not look at cells beyond the last wanted one
    has_more = cells is not None and content.count(b"\t") != cells.height * (width - 1)
    if cells is None or has_more or any(cells[name].null_count() for name in columns.values()):
        raise _first_bad_line(path, content, width=width, at=names["position"])
    return cells.select(pl.col(column).alias(name) for name, column in columns.items())


def text_cells(content: bytes, *, width: int, whole: str = "", columns: list[int] | None = None) -> pl.DataFrame:
    """Return a table without header; raises the error of polars where it is none.

    Parameters
    ----------
    content : bytes
        Lines of cells with one tab between.
    width : int
        Cells in each line.
    whole : str
        Column of whole numbers; the others are text.
    columns : list of int, optional
        Which to return, from 0; all if not given. They are named ``column_1`` and so on.
    """
    schema = {f"column_{i}": pl.Int64 if f"column_{i}" == whole else pl.String for i in range(1, width + 1)}
    if not content:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(content, separator="\t", has_header=False, schema=schema, quote_char=None, columns=columns)


def _first_bad_line(path: Path, content: bytes, *, width: int, at: int) -> InputFileError:
    """Return the error of the first line that is not as the others, or whose position is no whole number."""
    for number, line in enumerate(content.splitlines(), start=1):
        cells = line.split(b"\t")
        if len(cells) != width or not all(cells):
            n_cells = sum(map(bool, cells))
            return broken(path, f"line {number} has {n_cells} cells", f"{width} cells, none empty", line=number)
        if not cells[at].lstrip(b"-").isdigit():
            shown = cells[at].decode(errors="replace")
            return broken(path, f"line {number} holds the position '{shown}'", "a whole number", line=number)
    return broken(path, "text that cannot be read", "cells separated by tabs")


def broken(path: Path, found: str, expected: str, *, line: int | None = None) -> InputFileError:
    """Return the error of a table that is not as PLINK writes it.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    found, expected : str
        Parts of the message.
    line : int, optional
        Line of the file, 1-based.
    """
    hint = "The file may be cut or edited; write it anew with PLINK"
    return InputFileError(Fault("broken_panel_table", str(path), found, expected, hint, line=line))


def tabbed(content: bytes) -> bytes:
    """Return text with one tab where any run of blanks was; text whose first line has tabs is returned as it is.

    Parameters
    ----------
    content : bytes
        Lines of cells.
    """
    end = content.find(b"\n")
    first = content if end < 0 else content[:end]
    if b"\t" in first:
        return content.replace(b"\r\n", b"\n") if first.endswith(b"\r") else content
    lines = (b"\t".join(line.split()) for line in content.splitlines())
    return b"".join(line + b"\n" for line in lines if line)


def read_fam(path: Path) -> pl.DataFrame:
    """Read the people of a PLINK 1 file.

    Parameters
    ----------
    path : pathlib.Path
        ``.fam``: family, person, father, mother, and more that is not looked at; blanks or tabs between.

    Returns
    -------
    polars.DataFrame
        Columns family, person, is_founder. A founder is one whose father and mother are both ``0``.

    Raises
    ------
    InputFileError
        Missing, a line with fewer than four cells, nobody, or the same person twice.
    """
    lines = [line.split() for line in read_bytes(path).decode(errors="replace").splitlines()]
    short = next((i for i, line in enumerate(lines, start=1) if 0 < len(line) < _FAM_COLUMNS), None)
    if short is not None:
        raise broken(path, f"line {short} has {len(lines[short - 1])} cells", "6 cells", line=short)
    rows = [line for line in lines if line]
    people = pl.DataFrame(
        {
            "family": [row[0] for row in rows],
            "person": [row[1] for row in rows],
            "is_founder": [row[2] == row[3] == "0" for row in rows],
        }
    )
    return checked_people(people, path)


def checked_people(people: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return people if each is there once and at least one is a founder, or raise.

    Parameters
    ----------
    people : polars.DataFrame
        Columns family, person, is_founder.
    path : pathlib.Path
        Their file.
    """
    repeated = people.filter(people.select("family", "person").is_duplicated())
    if repeated.height:
        family, person = repeated.row(0)[:2]
        found = f"person '{family} {person}' in several lines"
        hint = "Give each person a name of their own; genotypes counted twice would look like more people"
        raise InputFileError(Fault("panel_duplicate_people", str(path), found, "each person once", hint))
    if not people["is_founder"].any():
        found = f"no founder among {people.height} people"
        hint = "Correlations are counted in people without parents in the file, as PLINK does; clear the parents"
        raise InputFileError(Fault("panel_without_founders", str(path), found, "father and mother 0", hint))
    return people
