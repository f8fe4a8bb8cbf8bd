"""Panels, clumps, scores and matrices as lines and tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.text import count, p_value, reason, significant, threshold_text
from osteobiome.sumstats.qc.readable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osteobiome.core.findings import Finding
    from osteobiome.core.rows import RowReport
    from osteobiome.ld.of_file import FileClumps, FileFit
    from osteobiome.ld.writing import WrittenMatrix, WrittenScores

MAX_LINES = 10
"""Lines of a verdict."""
SHOWN = 50
"""Index variants in the table of the terminal."""
NAMES_SHOWN = 10
FEW = 3
_VERDICTS = {
    "fits": "fits",
    "flagged": "can be used, but look at the doubts first:",
    "refused": "does not fit:",
}
_WORDS = {
    "not_in_panel": "not in the panel, or with other alleles there",
    "clumped": "correlated with a stronger variant (clumped)",
    "above_p_threshold": "in no clump, and p above p1",
    "no_p_value": "without p value",
    "monomorphic": "does not vary in the panel",
    "without_place": "without chromosome or position",
    "without_name": "without name; counted in the scores of others",
    "without_allele_name": "with an allele that the panel does not name",
    "no_alternate_allele": "site without alternate allele",
    "symbolic_allele": "alleles not spelt in letters (structural variants)",
    "no_genotypes": "without genotypes",
    "duplicate": "copy of another variant of the panel",
    "split_from_multi_allelic_site": "from a site with several alternate alleles, each its own row",
    "several_names": "with several names, of which the first is kept",
    "duplicate_name": "with a name that another row has, too",
    "haploid_call": "haploid call, written as two copies",
    "half_call": "half call, written as missing",
    "polyploid_call": "call of more than two alleles, written as missing",
    "missing_call": "missing call",
}
_CALLS = frozenset({"haploid_call", "half_call", "polyploid_call", "missing_call"})


def ld_words(name: str) -> str:
    """Return a reason of a command about panels in words."""
    return _WORDS.get(name, reason(name))


def _short(value: float) -> str:
    """Return a number as a person writes it: 1/343 is 0.0029."""
    return significant(value, 2)


def fit_lines(result: FileFit) -> list[str]:
    """Return the verdict, the numbers behind it, and the gravest findings: at most ten lines.

    Parameters
    ----------
    result : FileFit
        From :func:`osteobiome.ld.of_file.check_file`.
    """
    lines = [f"{one_line(result.panel)} {_VERDICTS[result.fit.verdict]} {one_line(result.file)}", *_numbers(result)]
    shown = _ordered(result)
    room = MAX_LINES - len(lines)
    if len(shown) > room:
        lines += [_sentence(found, result) for found in shown[: room - 1]]
        return [*lines, f"  ... and {count(len(shown) - room + 1, 'further finding')} (--json)"]
    return lines + [_sentence(found, result) for found in shown]


def doubt_lines(result: FileFit) -> list[str]:
    """Return the findings that make a panel doubtful, a line each.

    Parameters
    ----------
    result : FileFit
        From :func:`osteobiome.ld.of_file.check_file`.
    """
    return [_sentence(found, result) for found in _ordered(result) if found.id in result.fit.doubts]


def _ordered(result: FileFit) -> list[Finding]:
    """Return findings, the gravest first."""
    doubts = result.fit.doubts
    return sorted(result.fit.findings, key=lambda found: (found.severity != "fatal", found.id not in doubts))


def _sentence(found: Finding, result: FileFit) -> str:
    mark = "Fault" if found.severity == "fatal" else "Doubt" if found.id in result.fit.doubts else "Remark"
    return f"  {mark}: {found.found.rstrip('.')}. {found.hint.rstrip('.')}."


def _numbers(result: FileFit) -> Iterator[str]:
    fit = result.fit
    left_out = f" ({result.n_left_out:,} more are no founders and left out)" if result.n_left_out else ""
    people = count(result.n_people, "person", "people")
    yield f"  Panel: {count(result.n_panel_variants, 'variant')}, {people}{left_out}."
    yield (
        f"  Noise floor of r²: 1/n = {_short(fit.noise_floor)}; an r² threshold below it "
        "merges unlinked variants at random."
    )
    dropped = f" ({result.rows.n_dropped:,} rows of the file cannot be used)" if result.rows.n_dropped else ""
    of = count(fit.n_looked_at, "variant") + (" looked at" if fit.n_looked_at < fit.n_variants else "")
    yield f"  Found: {fit.n_found:,} of {of} ({100 * fit.share_found:.1f} %){dropped}."
    n_met = fit.n_found + fit.n_allele_mismatch
    if n_met:
        flipped = f"; {fit.n_flipped:,} stand on the other strand" if fit.n_flipped else ""
        yield f"  Alleles: the same for {fit.n_found:,} of {n_met:,} ({100 * fit.share_alleles_agree:.1f} %){flipped}."
    if fit.frequency_correlation == fit.frequency_correlation:
        compared = count(fit.n_compared, "variant")
        yield f"  Allele frequencies: correlation {fit.frequency_correlation:.3f} over {compared}."


def row_lines(rows: RowReport, *, unit: str, verb: str) -> Iterator[str]:
    """Yield what a step did to its rows.

    Parameters
    ----------
    rows : RowReport
        Report.
    unit : str
        What a row is, such as ``variant``.
    verb : str
        What was done with those kept, such as ``written``.
    """
    yield f"{count(rows.n_in, unit)}, {rows.n_kept:,} {verb}"
    for drop in rows.dropped:
        few = f" ({', '.join(drop.examples[:FEW])}{' ...' if drop.count > FEW else ''})" if drop.examples else ""
        yield f"  {drop.count:,} left out: {ld_words(drop.reason)}{one_line(few)}"
    for name, number in rows.notes:
        yield f"  {number:,} of all calls: {ld_words(name)}" if name in _CALLS else f"  {number:,}: {ld_words(name)}"


def wrote_lines(paths: tuple[Path, ...]) -> Iterator[str]:
    """Yield a line per file."""
    for path in paths:
        yield f"wrote {path}"


def clump_head(result: FileClumps) -> Iterator[str]:
    """Yield how many candidates and index variants there are, and what became of the others."""
    options = result.options
    candidates = count(result.table.height, "candidate")
    p = f"p at most {threshold_text(options.p1)}"
    if options.p2 > options.p1:
        p += f", members p below {threshold_text(options.p2)}"
    yield f"{one_line(result.fit.file)}: {candidates} ({p}), {count(result.index_variants.height, 'index variant')}"
    yield f"  r² above {options.r2:g} within {options.kb:,g} kb, {count(result.fit.n_people, 'person', 'people')}"
    for name, number in result.by_reason().items():
        yield f"  {number:,} {ld_words(name)}"
    if result.not_in_panel:
        names = result.not_in_panel
        more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
        yield f"  Not in the panel, so in no clump: {one_line(', '.join(names[:NAMES_SHOWN]))}{more}"
    yield from doubt_lines(result.fit)


def clump_rows(result: FileClumps) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of the index variants."""
    rows: list[tuple[str, ...]] = [
        (
            row["variant"] or "",
            f"{row['chromosome']}:{row['position']:,}" if row["position"] is not None else "",
            p_value(row["neg_log_10_p_value"]),
            significant(row["f_statistic"]),
            f"{row['n_members']:,}",
        )
        for row in result.index_variants.head(SHOWN).to_dicts()
    ]
    return ("index variant", "place", "p", "F", "others in clump"), rows


def scores_lines(result: WrittenScores) -> Iterator[str]:
    """Yield what was written of LD scores."""
    yield from wrote_lines(result.paths)
    yield from row_lines(result.rows, unit="variant", verb="with a score")
    yield f"mean score {significant(result.mean)}, M {result.m:,}, M_5_50 {result.m_common:,}"


def matrix_lines(result: WrittenMatrix) -> Iterator[str]:
    """Yield what was written of a matrix."""
    yield from wrote_lines(result.paths)
    yield from row_lines(result.rows, unit="variant", verb="in the matrix")
