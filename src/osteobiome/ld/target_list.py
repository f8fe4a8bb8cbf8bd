"""Lists of variants that want a stand-in: names, or a table with alleles; what a name leaves open the panel says."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.matching import NO_ALLELE
from osteobiome.ld.writing import NAMES, listed_names
from osteobiome.sumstats.identity import MAX_POSITION, add_keys, chromosome, orient
from osteobiome.sumstats.reading import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.ld.panel import Panel

COLUMNS = {
    "chromosome": ("chromosome", "chr", "chrom"),
    "position": ("position", "pos", "bp", "base_pair_location"),
    "effect_allele": ("effect_allele",),
    "other_allele": ("other_allele",),
    "eaf": ("eaf", "effect_allele_frequency"),
}
"""Columns of a table, and what they may be called, in lower case."""
_ALLELES = ("effect_allele", "other_allele")
_PLACED = re.compile(r"(?:chr)?([0-9]{1,2}|X|Y|MT?):([0-9]{1,9}):([ACGT]+):([ACGT]+)", re.IGNORECASE)
_LETTERS = re.compile(r"[ACGT]+")
_SCHEMA = {
    "listed": pl.String, "rsid": pl.String, "chromosome": pl.String, "position": pl.Int64, "effect_allele": pl.String,
    "other_allele": pl.String, "eaf": pl.Float64,
}  # fmt: skip
_Row = dict[str, str | int | float | None]


def listed_targets(path: Path, panel: Panel) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read a list of variants.

    Parameters
    ----------
    path : pathlib.Path
        Names, one to a line or in a column of a table: rsIDs, or chromosome:position:effect:other. Or a table with the
        columns effect_allele and other_allele and a name (rsid, SNP, variant ...), or chromosome and position, or both;
        eaf if it is known.
    panel : Panel
        Tells the alleles of an rsID that is listed without: the effect allele is the counted one, with its frequency.
        Several rows of one rsID are as many variants.

    Returns
    -------
    targets : polars.DataFrame, shape (n_targets, 12)
        ``listed`` (what the list calls the variant), the columns of schema ``variants`` from variant_key to
        is_palindromic, eaf, and ``is_turned``: where effect and other allele are the other way round than listed. In
        the order of the list, each variant once.
    unknown : tuple of str
        Names without alleles that the panel does not have, and places on no chromosome.

    Raises
    ------
    InputFileError
        The file cannot be read or lists nothing; a row of the table has neither name nor place, or alleles or numbers
        that are none.
    """
    rows = _table_rows(path)
    if rows is None:
        rows = [_named(name) for name in listed_names(path)]
    nameless = [str(row["rsid"]) for row in rows if row["effect_allele"] is None]
    of_panel = _of_panel(panel, nameless)
    filled = [
        each
        for row in rows
        for each in ([row] if row["effect_allele"] is not None else of_panel.get(str(row["rsid"]), []))
    ]
    frame = pl.DataFrame(filled, schema=_SCHEMA, orient="row").with_columns(
        chromosome("chromosome").alias("chromosome"), pl.lit(None, dtype=pl.Float64).alias("beta")
    )
    frame = frame.with_columns(pl.when(pl.col("chromosome").is_not_null()).then("position").alias("position"))
    has_identity = pl.col("chromosome").is_not_null() | pl.col("rsid").is_not_null()
    unknown = [name for name in nameless if name not in of_panel] + frame.filter(~has_identity)["listed"].to_list()
    frame = frame.filter(has_identity)
    keyed = add_keys(orient(frame, remember=True)).unique("variant_key", keep="first", maintain_order=True)
    columns = ("listed", "variant_key", "id_key", "allele_class", "rsid", "chromosome", "position", *_ALLELES,
               "is_palindromic", "eaf", "is_turned")  # fmt: skip
    return keyed.select(columns), tuple(dict.fromkeys(unknown))


def _named(name: str) -> _Row:
    """Return what a name says."""
    row: _Row = dict.fromkeys(_SCHEMA)
    row |= {"listed": name, "rsid": name}
    if found := _PLACED.fullmatch(name):
        place, at, effect, other = found.groups()
        if effect.upper() != other.upper():
            row |= {"rsid": None, "chromosome": place, "position": int(at)}
            row |= {"effect_allele": effect.upper(), "other_allele": other.upper()}
    return row


def _of_panel(panel: Panel, names: list[str]) -> dict[str, list[_Row]]:
    """Return the variants of a panel that have these names, by name."""
    found = panel.variants.with_row_index("row").filter(
        pl.col("rsid").is_in(names) & ~pl.any_horizontal(pl.col("counted", "other").is_in(NO_ALLELE))
    )
    frequency = panel.genotypes(found["row"].to_numpy().astype(np.int64)).frequency()
    rows: dict[str, list[_Row]] = {}
    for row, share in zip(found.to_dicts(), frequency.tolist(), strict=True):
        place = None if row["chromosome"] is None else str(row["chromosome"])
        rows.setdefault(row["rsid"], []).append(
            {
                "listed": row["rsid"], "rsid": row["rsid"], "chromosome": place, "position": row["position"],
                "effect_allele": row["counted"], "other_allele": row["other"],
                "eaf": share if share == share else None,
            }
        )  # fmt: skip
    return rows


def _table_rows(path: Path) -> list[_Row] | None:
    """Return the rows of a table with alleles; None if the file is none."""
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    mark = next((mark for mark in "\t,;" if lines and mark in lines[0]), " ")
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark, skipinitialspace=mark == " ")]
    header = [cell.lower() for cell in cells[0]] if cells else []
    at = {ours: header.index(name) for ours, names in COLUMNS.items() for name in names[::-1] if name in header}
    if not set(_ALLELES) <= set(at):
        return None
    if named := [k for k, name in enumerate(header) if name in NAMES]:
        at["rsid"] = named[0]
    if not ("rsid" in at or {"chromosome", "position"} <= set(at)):
        found = "a table without names and without places"
        raise InputFileError(Fault("no_identity", str(path), found, "a column rsid, or chromosome and position"))
    rows = [
        _row({ours: row[k] if k < len(row) else "" for ours, k in at.items()}, f"{path}, row {n}")
        for n, row in enumerate(cells[1:], start=1)
    ]
    if not rows:
        raise InputFileError(Fault("no_variants_listed", str(path), "no variant", "a row for each"))
    return rows


def _row(cells: dict[str, str], where: str) -> _Row:
    """Return a row of a table; empty alleles are left to the panel."""
    given: _Row = {name: cells.get(name) or None for name in ("rsid", "chromosome")}
    alleles = [cells[name].upper() for name in _ALLELES]
    place = cells.get("position", ""), cells.get("eaf", "")
    is_placed = bool(given["chromosome"] and place[0])
    if not given["rsid"] and not (is_placed and any(alleles)):
        expected = "a name, or chromosome, position and alleles"
        raise InputFileError(Fault("no_identity", where, "neither name nor place", expected))
    if any(alleles) and not (all(_LETTERS.fullmatch(allele) for allele in alleles) and alleles[0] != alleles[1]):
        raise InputFileError(
            Fault("bad_allele", where, f"alleles '{alleles[0]}' and '{alleles[1]}'", "letters A C G T")
        )
    try:
        position, eaf = int(place[0]) if is_placed else None, float(place[1]) if place[1] else None
        is_number = (position is None or 1 <= position <= MAX_POSITION) and (eaf is None or 0.0 <= eaf <= 1.0)
    except ValueError:
        is_number = False
    if not is_number:
        found = f"position '{place[0]}', frequency '{place[1]}'"
        raise InputFileError(Fault("not_a_number", where, found, "a whole number and a share, or empty cells"))
    effect, other = alleles if any(alleles) else (None, None)
    name = f"{given['chromosome']}:{position}:{effect}:{other}"
    return {
        "listed": given["rsid"] or name, "rsid": given["rsid"],
        "chromosome": given["chromosome"] if is_placed else None, "position": position,
        "effect_allele": effect, "other_allele": other, "eaf": eaf,
    }  # fmt: skip
