"""LD scores that LDSC worked out, with the numbers of variants that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.rows import MAX_LINES, DroppedRows, RowReport
from osteobiome.sumstats.reading import LINE, read_text, read_text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCORE_PLACE = ("CHR", "SNP", "BP", "CM", "MAF")
LDSCORE = ".l2.ldscore"


@dataclass(frozen=True, slots=True)
class LdscScores:
    """LD scores of LDSC.

    Parameters
    ----------
    scores : polars.DataFrame
        ``chromosome`` (String), ``rsid`` (String), ``position`` (Int64, base pairs) and a Float64 column per score,
        named as in the file (``L2`` or annotations).
    m, m_common : tuple of float, optional
        Variants that the scores were summed over, all and those above 5 %, one number per score; None if a file of them
        is missing.
    report : RowReport
        Rows read and dropped.
    """

    scores: pl.DataFrame
    m: tuple[float, ...] | None
    m_common: tuple[float, ...] | None
    report: RowReport


def read_ldsc_scores(paths: Sequence[Path]) -> LdscScores:
    """Read LD scores in the format of LDSC, with the numbers of variants beside them.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files ``NAME.l2.ldscore`` or ``NAME.l2.ldscore.gz``, for instance one per chromosome, with the same scores.
        ``NAME.l2.M`` and ``NAME.l2.M_5_50`` are looked for in the same folder, and summed over files.

    Raises
    ------
    InputFileError, SchemaError
        No columns ``CHR``, ``SNP``, ``BP``, no score, other scores than in the first file, or numbers of variants that
        do not go with them.
    """
    frames: list[pl.DataFrame] = []
    counts, n_in, dropped = [], 0, []
    for path in paths:
        frame, faults, n_rows = _scores_of(path)
        if frames and frame.columns != frames[0].columns:
            raise SchemaError(Fault("other_scores", str(path), "other scores than in the first file", "the same ones"))
        frames.append(frame)
        dropped += faults
        n_in += n_rows
        counts.append([_counts_beside(path, suffix, frame.width - 3) for suffix in (".l2.M", ".l2.M_5_50")])
    if not frames:
        raise SchemaError(Fault("no_file", "LD scores", "no file", "one or more"))
    scores = pl.concat(frames)
    again = scores["rsid"].is_duplicated() & ~scores["rsid"].is_first_distinct()
    if again.any():
        names = tuple(scores["rsid"].filter(again).head(MAX_LINES))
        dropped.append(DroppedRows("duplicate_variant", int(again.sum()), examples=names))
        scores = scores.filter(~again)
    report = RowReport(", ".join(p.name for p in paths), "read_ldsc_scores", n_in, scores.height, tuple(dropped))
    m, m_common = (_total([pair[k] for pair in counts]) for k in (0, 1))
    return LdscScores(scores, m, m_common, report)


def _scores_of(path: Path) -> tuple[pl.DataFrame, list[DroppedRows], int]:
    """Return the rows of a file of LD scores, those dropped, and how many there were."""
    table = read_text_table(path)
    scores = [name for name in table.columns if name not in (*SCORE_PLACE, LINE)]
    if not {"CHR", "SNP", "BP"} <= set(table.columns) or not scores:
        raise SchemaError(Fault("no_score_column", str(path), "no CHR, SNP, BP and score", "LD scores of LDSC"))
    numbers = table.select(
        pl.col("CHR").alias("chromosome"),
        pl.col("SNP").alias("rsid"),
        pl.col("BP").cast(pl.Int64, strict=False).alias("position"),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in scores),
    )
    named = numbers.select(pl.all_horizontal(pl.col("chromosome", "rsid", "position").is_not_null())).to_series()
    finite = numbers.select(pl.all_horizontal(pl.col(scores).is_finite().fill_null(value=False))).to_series()
    dropped = []
    for reason, gone in (("no_place", ~named), ("missing_score", named & ~finite)):
        if gone.any():
            lines = tuple(table[LINE].filter(gone).head(MAX_LINES))
            dropped.append(DroppedRows(reason, int(gone.sum()), lines))
    return numbers.filter(named & finite), dropped, table.height


def _counts_beside(path: Path, suffix: str, n_scores: int) -> tuple[float, ...] | None:
    """Return the numbers of variants in the file beside one of scores, or None if there is none."""
    stem, found, _ = path.name.partition(LDSCORE)
    beside = path.with_name(stem + suffix)
    if not found or not beside.exists():
        return None
    numbers = pl.Series(read_text(beside).split(), dtype=pl.String).cast(pl.Float64, strict=False).to_list()
    if len(numbers) != n_scores or any(n is None or n < 0 for n in numbers):
        found = f"{len(numbers)} numbers, or text"
        raise SchemaError(Fault("bad_counts", str(beside), found, f"a number for each of {n_scores} scores"))
    return tuple(numbers)


def _total(counts: list[tuple[float, ...] | None]) -> tuple[float, ...] | None:
    """Return sums over files, or None if a file has none."""
    known = [numbers for numbers in counts if numbers is not None]
    return tuple(sum(column) for column in zip(*known, strict=True)) if len(known) == len(counts) else None
