"""Files of LD for other software and for later: scores as LDSC reads them, and signed matrices with their alleles."""

from __future__ import annotations

import gzip
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import ConfigError, Fault, InputFileError, StoreWriteError
from osteobiome.core.paths import is_folder
from osteobiome.core.rows import MAX_LINES, DroppedRows, RowLedger, RowReport
from osteobiome.core.text import reason
from osteobiome.ld.correlation import ld_matrix, varies
from osteobiome.ld.matching import NO_ALLELE
from osteobiome.ld.output import free_names, put
from osteobiome.ld.scores import ld_scores
from osteobiome.sumstats.reading import read_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.ld.panel import Panel

CHROMOSOME = "{chromosome}"
"""Stands for the number of a chromosome in a name."""
SCORE_ENDINGS = (".l2.M", ".l2.M_5_50", ".l2.ldscore.gz")
DECIMALS = 6
MAX_MATRIX = 10_000
"""Variants of a matrix: with so many it takes 0.8 GB (our choice)."""
MATRIX_ENDINGS = (".npz", ".tsv")
NAMES = frozenset({"rsid", "snp", "variant", "variant_id", "id", "marker", "markername"})
"""What a column of variants is called in a list, in lower case."""
_SEPARATOR = re.compile(r"[\t,; ]+")
_REGION = re.compile(r"(?:chr)?(\d{1,2}|X|Y|MT?):([\d,]+)-([\d,]+)", re.IGNORECASE)
_LETTERS = {"X": 23, "Y": 24, "M": 25, "MT": 25}
_LAST_CHROMOSOME = 25
_LAST_BASE = 10**12
"""Far beyond the end of any chromosome, and small enough for a column of positions."""


@dataclass(frozen=True, slots=True)
class WrittenScores:
    """LD scores that were written.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files, three to a set.
    m, m_common : int
        Variants that vary, and those of them with a rarer allele above 5 %.
    mean : float
        Of the scores; NaN if there are none.
    rows : RowReport
        Variants of the panel; dropped: ``without_place``, ``monomorphic``, ``without_name``.
    """

    paths: tuple[Path, ...]
    m: int
    m_common: int
    mean: float
    rows: RowReport


@dataclass(frozen=True, slots=True)
class WrittenMatrix:
    """A matrix that was written.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files, the matrix first.
    n_variants : int
        Variants of the matrix.
    rows : RowReport
        Variants asked for; dropped: ``not_in_panel``, ``monomorphic``, ``without_allele_name``, ``duplicate``.
    """

    paths: tuple[Path, ...]
    n_variants: int
    rows: RowReport


def write_ldsc_scores(
    panel: Panel, out: str | Path, *, window_kb: float = 1000.0, overwrite: bool = False
) -> WrittenScores:
    """Work out the LD scores of a panel and write them as LDSC does.

    Parameters
    ----------
    panel : Panel
        Genotypes; one chromosome is held at a time.
    out : str or pathlib.Path
        Prefix: ``.l2.ldscore.gz`` (tab-separated CHR, SNP, BP, L2), ``.l2.M`` and ``.l2.M_5_50`` are put behind it.
        With ``{chromosome}`` in it each chromosome gets its own three files, as LDSC's ``--ref-ld-chr`` takes them.
    window_kb : float
        Pairs up to this distance count (kilobases), to either side.
    overwrite : bool
        Replace files that are there.

    Returns
    -------
    WrittenScores
        Files, numbers and what was left out.

    Raises
    ------
    ConfigError
        The window is not above 0, or the prefix is a folder.
    EstimationError
        Fewer than three people.
    InputFileError
        No variant has a place, varies and has a name.
    StoreWriteError
        A file is there already or cannot be written.

    Notes
    -----
    Windows are exact, those of LDSC are not (see :func:`osteobiome.ld.scores.ld_scores`). Variants that do not vary
    have no score and count in no M; variants without a name count in scores of others and in M, but have no row. Scores
    have six decimals, those of LDSC three.

    References
    ----------
    Bulik-Sullivan et al. 2015, doi:10.1038/ng.3211
    """
    if not window_kb > 0.0:
        raise ConfigError(Fault("window_out_of_range", "kb", f"{window_kb:g}", "a number of kilobases above 0"))
    if str(out).endswith("/") or not str(out).strip() or is_folder(Path(out)):
        given = "a folder" if str(out).strip() else "an empty prefix"
        raise ConfigError(Fault("no_prefix", str(out) or "OUT", given, "a prefix, such as scores/eur"))
    variants = panel.variants.with_row_index("row")
    placed = variants.filter(pl.col("chromosome").is_not_null() & pl.col("position").is_not_null())
    placed = placed.sort("chromosome", "position", "row")
    codes = placed["chromosome"].unique(maintain_order=True).to_list()
    is_split = CHROMOSOME in str(out)
    prefixes = [str(out).replace(CHROMOSOME, str(code)) for code in codes] if is_split else [str(out)]
    free_names([Path(prefix + end) for prefix in prefixes for end in SCORE_ENDINGS], overwrite=overwrite)
    ledger = RowLedger(panel.path, "ld_scores", panel.n_variants)
    ledger.drop("without_place", panel.n_variants - placed.height, kind="policy")
    found = [_of_chromosome(panel, placed.filter(chromosome=code), window_kb, ledger) for code in codes]
    frames = [frame for frame, _, _ in found]
    scores = pl.concat(frames) if frames else pl.DataFrame()
    rows = ledger.close(scores.height)
    if not scores.height:
        raise _nothing_left(rows, "variants that vary, with place and name")
    sets = found if is_split else [(scores, sum(m for _, m, _ in found), sum(common for _, _, common in found))]
    paths = [path for prefix, one in zip(prefixes, sets, strict=True) for path in _write_set(prefix, one)]
    m, m_common = (sum(numbers[k] for numbers in [one[1:] for one in sets]) for k in (0, 1))
    return WrittenScores(tuple(paths), m, m_common, float(np.mean(scores["L2"].to_numpy())), rows)


def _of_chromosome(
    panel: Panel, variants: pl.DataFrame, window_kb: float, ledger: RowLedger
) -> tuple[pl.DataFrame, int, int]:
    """Return the scores of a chromosome as LDSC names them, M, and M of common variants."""
    genotypes = panel.genotypes(variants["row"].to_numpy().astype(np.int64))
    places = (variants[name].to_numpy() for name in ("chromosome", "position"))
    found = ld_scores(genotypes, *places, window_kb=window_kb)
    ledger.drop("monomorphic", found.n_monomorphic, kind="policy")
    scored = variants.with_columns(L2=pl.Series(found.score)).filter(pl.col("L2").is_not_nan())
    named = scored.filter(pl.col("rsid").is_not_null())
    ledger.drop("without_name", scored.height - named.height, kind="policy")
    frame = named.select(CHR="chromosome", SNP="rsid", BP="position", L2="L2")
    return frame, found.m, found.m_common


def _write_set(prefix: str, one: tuple[pl.DataFrame, int, int]) -> list[Path]:
    """Write a set of scores: the numbers first, so that scores never stand without them."""
    scores, m, m_common = one
    text = scores.write_csv(separator="\t", float_precision=DECIMALS).encode()
    contents = (f"{m}\n".encode(), f"{m_common}\n".encode(), gzip.compress(text, mtime=0))
    paths = [Path(prefix + end) for end in SCORE_ENDINGS]
    for path, content in zip(paths, contents, strict=True):
        put(path, content)
    return paths[::-1]


def write_ld_matrix(
    panel: Panel, out: Path, *, region: str = "", variants: Path | None = None, overwrite: bool = False
) -> WrittenMatrix:
    """Write signed r of some variants of a panel, with the alleles that r was counted in.

    Parameters
    ----------
    panel : Panel
        Genotypes.
    out : pathlib.Path
        ``.npz``: arrays r, rsid, counted, other, frequency, chromosome, position, for
        :func:`osteobiome.ld.precomputed.read_npz`. ``.tsv``: a square table, and beside it ``NAME.variants.tsv`` with
        rsid, chromosome, position, effect_allele (the counted one), other_allele and eaf, for
        :func:`osteobiome.ld.matrix.read_ld_matrix` and for ``[ld]`` of a study file.
    region : str
        Variants from here, such as ``22:20000000-21000000``.
    variants : pathlib.Path, optional
        Variants of this list: a name to a line, or a table with a column such as rsid. Instead of a region.
    overwrite : bool
        Replace files that are there.

    Returns
    -------
    WrittenMatrix
        Files and what was left out; variants are in the order of the panel.

    Raises
    ------
    ConfigError
        Neither a region nor a list, or both; a region that is none; more than 10,000 variants.
    InputFileError
        The list is empty or cannot be read, or no variant is left.
    StoreWriteError
        The name ends in neither ``.npz`` nor ``.tsv``, a file is there already or cannot be written.

    Notes
    -----
    r is that of :func:`osteobiome.ld.correlation.ld_matrix`: a person who was not called has the mean of the variant.
    Variants that do not vary have no r and are left out. A name that several variants have, or none, is written
    ``name:counted:other`` or ``chromosome:position:counted:other``.
    """
    if bool(region) == (variants is not None):
        found = "neither of them" if variants is None else "both of them"
        raise ConfigError(Fault("variants_or_region", "--variants, --region", found, "one of them"))
    paths = _matrix_paths(out)
    free_names(paths, overwrite=overwrite)
    asked, dropped = _of_list(panel, variants) if variants is not None else (_of_region(panel, region), [])
    if asked.height > MAX_MATRIX:
        found, hint = f"{asked.height:,} variants", "Take a smaller region or a shorter list"
        raise ConfigError(Fault("ld_matrix_too_large", panel.path, found, f"at most {MAX_MATRIX:,}", hint))
    genotypes = panel.genotypes(asked["row"].to_numpy().astype(np.int64))
    facts = {"eaf": genotypes.frequency(), "varies": varies(genotypes), "place": np.arange(asked.height)}
    named = _named(asked.with_columns(**{name: pl.Series(values) for name, values in facts.items()}))
    for why, is_gone in (
        ("without_allele_name", pl.any_horizontal(pl.col("counted", "other").is_in(NO_ALLELE))),
        ("monomorphic", ~pl.col("varies")),
        ("duplicate", ~pl.col("name").is_first_distinct()),
    ):
        dropped += _left_out(why, named.filter(is_gone)["name"].to_list())
        named = named.filter(~is_gone)
    n_in = named.height + sum(drop.count for drop in dropped)
    rows = RowReport(panel.path, "ld_matrix", n_in, named.height, tuple(dropped))
    if not named.height:
        raise _nothing_left(rows, "variants of the panel that vary")
    r = ld_matrix(genotypes.take(named["place"].to_numpy()))
    contents = [_as_npz(r, named)] if len(paths) == 1 else _as_tables(r, named)
    for path, content in zip(paths[::-1], contents[::-1], strict=True):  # the matrix last: never without its alleles
        put(path, content)
    return WrittenMatrix(paths, named.height, rows)


def _matrix_paths(out: Path) -> tuple[Path, ...]:
    """Return the files of a matrix, the matrix first."""
    if out.suffix not in MATRIX_ENDINGS:
        found = "a name that ends neither in .npz nor in .tsv"
        raise StoreWriteError(Fault("wrong_suffix", str(out), found, ".npz or .tsv", "Change the name"))
    return (out,) if out.suffix == ".npz" else (out, out.with_name(f"{out.stem}.variants.tsv"))


def _of_region(panel: Panel, region: str) -> pl.DataFrame:
    """Return the variants of a region, in the order of the panel."""
    chromosome, start, end = parsed_region(region)
    place = pl.col("position")
    here = (pl.col("chromosome") == chromosome) & place.is_between(start, end)
    found = panel.variants.with_row_index("row").filter(here)
    if not found.height:
        held = panel.variants.filter(chromosome=chromosome)["position"].drop_nulls().sort().to_list()
        hint = "The panel has no variant on this chromosome"
        if held:
            hint = f"The panel has this chromosome from {held[0]:,} to {held[-1]:,}"
        raise InputFileError(
            Fault("region_without_variants", panel.path, f"no variant in {region}", "one or more", hint)
        )
    return found


def parsed_region(region: str) -> tuple[int, int, int]:
    """Return chromosome (X 23, Y 24, MT 25), first and last base of a region.

    Parameters
    ----------
    region : str
        Such as ``22:20000000-21000000``; ``chr`` in front and commas in numbers are allowed.

    Raises
    ------
    ConfigError
        It is written otherwise, ends before it begins, or the chromosome is unknown.

    Examples
    --------
    >>> parsed_region("chrX:1,000-2,000")
    (23, 1000, 2000)
    """
    match = _REGION.fullmatch(region.strip())
    cells = [cell.replace(",", "") for cell in match.groups()] if match else []
    if all(cells) and cells:
        name = cells[0].upper()
        chromosome = _LETTERS[name] if name in _LETTERS else int(name)
        start, end = int(cells[1]), int(cells[2])
        if 1 <= chromosome <= _LAST_CHROMOSOME and 1 <= start <= end <= _LAST_BASE:
            return chromosome, start, end
    expected = "chromosome:start-end, start not after end, such as 22:20000000-21000000"
    raise ConfigError(Fault("bad_region", "--region", f"'{region}'", expected))


def _of_list(panel: Panel, path: Path) -> tuple[pl.DataFrame, list[DroppedRows]]:
    """Return the variants of a list, in the order of the panel, and the names that it lacks.

    A name may stand in several rows: those of a site with more than two alleles are all taken.
    """
    names = listed_names(path)
    found = panel.variants.with_row_index("row").filter(pl.col("rsid").is_in(names))
    known = set(found["rsid"].to_list())
    return found, _left_out("not_in_panel", [name for name in names if name not in known])


def listed_names(path: Path) -> list[str]:
    """Return the variants that a file names, each once, in its order.

    Parameters
    ----------
    path : pathlib.Path
        A name to a line, or a table with a header in which a column is called rsid, SNP, variant or the like; cells
        are separated by tabs, blanks, commas or semicolons. Empty lines do not count.

    Raises
    ------
    InputFileError
        The file cannot be read, or names nothing.
    """
    cells = [_SEPARATOR.split(line.strip()) for line in read_text(path).splitlines() if line.strip()]
    header = [cell.strip('"').lower() for cell in cells[0]] if cells else []
    at = next((i for i, name in enumerate(header) if name in NAMES), None)
    names = [row[at or 0].strip('"') for row in cells[at is not None :] if len(row) > (at or 0)]
    unique = list(dict.fromkeys(name for name in names if name))
    if not unique:
        raise InputFileError(Fault("no_variants_listed", str(path), "no variant", "a name to a line"))
    return unique


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Return variants with names that differ, unless a variant is there twice.

    An rsID stays in front, as in :mod:`osteobiome.ld.precomputed`: a file of the panel's variants is read by rsID.
    """
    is_name = pl.col("rsid").is_not_null() & ~pl.col("rsid").is_duplicated()
    before = pl.coalesce("rsid", pl.format("{}:{}", "chromosome", "position"))
    longer = pl.format("{}:{}:{}", before, "counted", "other")
    return frame.with_columns(pl.when(is_name).then("rsid").otherwise(longer).alias("name"))


def _left_out(why: str, names: list[str]) -> list[DroppedRows]:
    """Return an entry for variants that are left out, with the first names; none if there are none."""
    return [DroppedRows(why, len(names), examples=tuple(names[:MAX_LINES]), kind="policy")] if names else []


def _as_npz(r: NDArray[np.float64], named: pl.DataFrame) -> bytes:
    """Return a matrix and its variants as an archive of arrays."""
    buffer = io.BytesIO()
    rsid, counted, other = (np.array(named[name].to_list()) for name in ("name", "counted", "other"))
    # -1 where the panel gives no place: whole numbers have no NaN
    chromosome, position = (named[name].cast(pl.Int64).fill_null(-1).to_numpy() for name in ("chromosome", "position"))
    np.savez(
        buffer,
        r=r,
        rsid=rsid,
        counted=counted,
        other=other,
        frequency=named["eaf"].to_numpy(),
        chromosome=chromosome,
        position=position,
    )
    return buffer.getvalue()


def _as_tables(r: NDArray[np.float64], named: pl.DataFrame) -> list[bytes]:
    """Return a matrix and its variants as tab-separated text; numbers read back as the same doubles."""
    names = named["name"].to_list()
    square = pl.DataFrame(r, schema=names, orient="row").insert_column(0, pl.Series("rsid", names))
    variants = named.select(
        pl.col("name").alias("rsid"), "chromosome", "position", pl.col("counted").alias("effect_allele"),
        pl.col("other").alias("other_allele"), "eaf",
    )  # fmt: skip
    return [square.write_csv(separator="\t").encode(), variants.write_csv(separator="\t").encode()]


def _nothing_left(rows: RowReport, expected: str) -> InputFileError:
    """Return the error for a result without a variant."""
    reasons = ", ".join(f"{number:,} {reason(name)}" for name, number in rows.by_reason().items())
    found = f"none of {rows.n_in:,} variants is left: {reasons}" if reasons else "no variants"
    return InputFileError(Fault("no_variant_left", rows.subject, found, expected))
