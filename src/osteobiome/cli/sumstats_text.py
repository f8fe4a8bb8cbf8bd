"""Findings, previews and comparisons of files as lines and tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.text import count, p_value, reason, significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from osteobiome.core.findings import Finding
    from osteobiome.sumstats.comparing import FileComparison
    from osteobiome.sumstats.ingest import Ingest

_KINDS = {"fatal": "fault", "row": "rows dropped", "note": "note"}


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield every finding with its places."""
    for found in findings:
        yield ""
        yield f"{found.id} ({_KINDS.get(found.severity, found.severity)}, {found.count:,})"
        yield f"  {found.found}"
        for example in found.examples:
            place = f"line {example.line}" if example.line is not None else "the file"
            column = f", {example.column}" if example.column else ""
            yield f"    {place}{column}: {example.value}"
        if found.hint:
            yield f"  To do: {found.hint}"


def column_lines(ingest: Ingest, *, unused: Sequence[str]) -> Iterator[str]:
    """Yield which column of the file is which of ours, and which are not used."""
    yield f"Read as {ingest.fmt.label} (effect allele: {ingest.fmt.effect})"
    given: dict[str, list[str]] = {}
    for ours, theirs in ingest.found.items():
        if not ours.startswith("_"):
            given.setdefault(theirs, []).append(ours)
    names = {theirs: ", ".join(ours) for theirs, ours in given.items()}
    width = max([20, *map(len, names.values())])
    for theirs, ours_of_it in names.items():
        yield f"  {ours_of_it:<{width}} {theirs}"
    if unused:
        more = f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else ""
        yield f"  not used: {', '.join(unused[:_SHOWN])}{more}"


_SHOWN = 12
"""Columns that are not used and named nevertheless."""


def preview_rows(rows: pl.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return a preview as header and cells."""
    header = ["rsid", "chromosome", "position", "effect", "other", "beta", "se", "eaf", "p", "n"]
    cells = [
        [
            row["rsid"] or "",
            "" if row["chromosome"] is None else str(row["chromosome"]),
            "" if row["position"] is None else str(row["position"]),
            row["effect_allele"],
            row["other_allele"],
            significant(row["beta"], 4),
            significant(row["se"], 4),
            "" if row["eaf"] is None else significant(row["eaf"], 4),
            p_value(row["neg_log_10_p_value"]),
            "" if row["n"] is None else f"{row['n']:,.0f}",
        ]
        for row in rows.to_dicts()
    ]
    return header, cells


def comparison_lines(result: FileComparison) -> Iterator[str]:
    """Yield what a comparison of two files found."""
    places = [_places(*of_file) for of_file in zip(result.builds, result.n_placed, strict=True)]
    yield f"first:  {result.first}, {count(result.n_first, 'variant')}, {places[0]}"
    yield f"second: {result.second}, {count(result.n_second, 'variant')}, {places[1]}"
    yield f"in both: {result.n_common:,}, of these {result.n_identical:,} with the same effect and standard error"
    for name, number in result.rows.by_reason().items():
        yield f"  {number:,} of the first not compared: {_OF_TWO_FILES.get(name, reason(name))}"
    if not result.n_common:
        yield "  Variants are matched by position, and by identifier where they do not meet"
    if all(result.n_placed) and not all(result.builds):
        yield "  If the files are on different genome builds, variants that meet by position are not the same ones"
    if result.n_turned:
        yield f"  {result.n_turned:,} of both: {reason('palindromic_turned')}"
    if result.beta_correlation is not None:
        yield f"correlation of effects: {result.beta_correlation:.4f}"
    if result.eaf_correlation is not None:
        yield f"correlation of frequencies: {result.eaf_correlation:.4f}"
    if result.share_same_sign is not None:
        share = f"{100 * result.share_same_sign:.1f} %"
        yield f"same sign among {count(result.n_strong, 'variant')} with p below 1e-5 in the first: {share}"
    if result.se_ratio is not None:
        yield f"standard error, second over first: {significant(result.se_ratio)} (median)"
    yield from _advice(result)
    for row in result.largest.to_dicts():
        name = row["rsid"] or f"{row['chromosome']}:{row['position']}"
        yield (
            f"  differs most: {name}, effect of {row['effect_allele']} against {row['other_allele']}: "
            f"{significant(row['beta_first'])} and {significant(row['beta_second'])}"
        )


def _places(build: str, n_placed: int) -> str:
    if not n_placed:
        return "no positions"
    return f"positions on {build}" if build else "genome build not known"


_OF_TWO_FILES = {"not_in_outcome": "not in the second file", "allele_mismatch": "other alleles in the second file"}


def _advice(result: FileComparison) -> Iterator[str]:
    """Say so if the numbers look like effects of the other allele."""
    if result.beta_correlation is not None and result.beta_correlation < _OPPOSITE:
        yield "  The effects are opposite: in one of the files they belong to the other allele"
    elif result.eaf_correlation is not None and result.eaf_correlation < _OPPOSITE:
        yield "  The frequencies are opposite: in one of the files they are those of the other allele"


_OPPOSITE = -0.5
"""Correlation below which effects or frequencies are called opposite (our choice: two studies of one trait give 0.5 to
1, studies of unrelated traits about 0)."""
