"""Joint clumps, stand-ins and conditional selection as lines and tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.cli.ld_text import NAMES_SHOWN, SHOWN, doubt_lines, ld_words
from osteobiome.core.text import count, decimals_for, fixed, p_value, reason, significant, threshold_text
from osteobiome.sumstats.qc.readable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.ld.of_file import FileFit
    from osteobiome.ld.of_files import FileProxies, FileSelection, JointClumps

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
_WORDS = {
    "not_in_panel": "not in the panel",
    "allele_mismatch": "with other alleles in the panel",
    "palindromic_strand_unknown": "A/T or C/G of unknown strand (--trust-strand)",
    "in_file": "in the file already",
    "no_candidate_in_window": "without a usable variant of the file near",
    "r2_below_threshold": "without a variant of the file in high enough r²",
    "proxy_taken": "whose only stand-in represents another variant",
    "above_candidate_threshold": "with p above that of candidates",
    "no_effect": "without effect or standard error",
    "no_sample_size": "without sample size (--n)",
    "no_frequency": "without allele frequency, or with 0 or 1",
    "frequency_differs_from_panel": f"{reason('frequency_differs_from_panel')} (--diff-freq)",
    "without_place": "without chromosome or position in the panel",
    "collinear": "nearly the same as chosen ones (collinear)",
    "left_in_joint_model": "chosen first, and left when others had come in",
    "not_significant": "not significant given the chosen ones",
    "not_significant_alone": "not significant by effect and standard error, with nothing chosen on the chromosome",
}


def _words(name: str) -> str:
    return _WORDS.get(name) or ld_words(name)


def joint_lines(result: JointClumps) -> Iterator[str]:
    """Yield how many candidates and index variants there are, and what became of the others."""
    options = result.options
    p = f"p at most {threshold_text(options.p1)} in one of them"
    if options.p2 > options.p1:
        p += f", members p below {threshold_text(options.p2)}"
    files, candidates = count(len(result.fits), "file"), count(result.table.height, "candidate")
    yield f"{files}: {candidates} ({p}), {count(result.index_variants.height, 'index variant')}"
    people = count(result.fits[0].n_people, "person", "people")
    yield f"  r² above {options.r2:g} within {options.kb:,g} kb, {people}"
    for name, number in result.by_reason().items():
        yield f"  {number:,} {ld_words(name)}"
    if result.not_in_panel:
        yield f"  Not in the panel, so in no clump: {_some(result.not_in_panel)}"
    yield from _doubts(result.fits)


def joint_rows(result: JointClumps) -> Table:
    """Return header and rows of the index variants."""
    rows: list[tuple[str, ...]] = [
        (
            row["variant"] or "",
            _place(row),
            p_value(row["neg_log_10_p_value"]),
            significant(row["f_statistic"]),
            one_line(row["file"]),
            f"{row['n_files']:,}",
            f"{row['n_members']:,}",
        )
        for row in result.index_variants.head(SHOWN).to_dicts()
    ]
    return ("index variant", "place", "p", "F", "strongest in", "files", "others in clump"), rows


def proxy_lines(result: FileProxies) -> Iterator[str]:
    """Yield how many variants have a proxy, and why the others have none, by name."""
    options, table = result.options, result.table
    listed, people = count(table.height, "variant"), count(result.fit.n_people, "person", "people")
    proxies = count(result.found.height, "proxy", "proxies")
    yield f"{one_line(result.fit.file)}: {listed} listed, {proxies}"
    yield f"  r² at least {options.r2:g} within {options.kb:,g} kb, {people}"
    for name, number in result.by_reason().items():
        yield f"  {number:,} {_words(name)}: {_some(table.filter(reason=name)['variant'].to_list())}"
    yield from doubt_lines(result.fit)


def proxy_rows(result: FileProxies) -> Table:
    """Return header and rows of the proxies."""
    rows: list[tuple[str, ...]] = []
    for row in result.found.head(SHOWN).to_dicts():
        decimals = decimals_for(row["se"])
        pair = row["effect_allele"], row["other_allele"], row["proxy_effect_allele"], row["proxy_other_allele"]
        rows.append(
            (
                row["variant"] or "",
                row["proxy"] or "",
                f"{row['distance']:,}".replace("-", "\u2212"),
                fixed(row["r2"], 3),
                "{}/{} as {}/{}".format(*pair),
                fixed(row["beta"], decimals),
                fixed(row["se"], decimals),
                p_value(row["neg_log_10_p_value"]),
            )
        )
    return ("variant", "proxy", "bases away", "r²", "alleles", "effect", "se", "p"), rows


def selection_lines(result: FileSelection) -> Iterator[str]:
    """Yield how many variants were looked at and chosen, what became of the others, and what to doubt."""
    options, rows = result.options, result.rows
    candidates = count(rows.n_kept, "candidate")
    p = f"p at most {threshold_text(result.candidates_p)}"
    joint = f"joint p at most {threshold_text(options.p_threshold)}"
    yield f"{one_line(result.fit.file)}: {candidates} ({p}), {result.table.height:,} chosen ({joint})"
    yield f"  linked within {options.window_kb:,g} kb, {count(result.fit.n_people, 'person', 'people')}"
    for name, number in rows.notes:
        yield f"  {number:,} {_words(name)}"
    for drop in rows.dropped:
        names = f": {_some(list(drop.examples), drop.count)}" if any(drop.examples) else ""
        yield f"  {drop.count:,} left out: {_words(drop.reason)}{names}"
    for found in result.warnings:
        yield f"  Doubt: {one_line(found.found)}. {one_line(found.hint)}."
    yield from doubt_lines(result.fit)


def selection_rows(result: FileSelection) -> Table:
    """Return header and rows of the chosen variants, effects alone and given the others."""
    rows: list[tuple[str, ...]] = []
    for row in result.table.head(SHOWN).to_dicts():
        decimals = decimals_for(row["se"])
        rows.append(
            (
                row["variant"] or "",
                _place(row),
                f"{row['effect_allele']}/{row['other_allele']}",
                fixed(row["beta"], decimals),
                fixed(row["se"], decimals),
                p_value(row["neg_log_10_p_value"]),
                fixed(row["beta_joint"], decimals),
                fixed(row["se_joint"], decimals),
                p_value(row["neg_log_10_p_value_joint"]),
                "yes" if row["is_doubtful"] else "",
            )
        )
    header = ("variant", "place", "alleles", "effect", "se", "p", "joint effect", "joint se", "joint p", "doubtful")
    if not any(row[-1] for row in rows):
        return header[:-1], [row[:-1] for row in rows]
    return header, rows


def _place(row: dict[str, object]) -> str:
    return f"{row['chromosome']}:{row['position']:,}" if row["position"] is not None else ""


def _some(names: list[str], n_all: int | None = None) -> str:
    """Return the first names of many."""
    more = (len(names) if n_all is None else n_all) - NAMES_SHOWN
    return one_line(", ".join(names[:NAMES_SHOWN])) + (f" and {more:,} more" if more > 0 else "")


def _doubts(fits: tuple[FileFit, ...]) -> Iterator[str]:
    """Yield what makes a panel doubtful, and for which file; what is said of all files, once."""
    lines = pl.DataFrame(
        [(line, one_line(fit.file)) for fit in fits for line in doubt_lines(fit)],
        schema={"line": pl.String, "file": pl.String}, orient="row",
    )  # fmt: skip
    for line, files in lines.group_by("line", maintain_order=True).agg("file").rows():
        yield line if len(files) == len(fits) else f"{line} ({', '.join(files)})"
