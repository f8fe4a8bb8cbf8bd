"""Commands about variants of files, with a panel: joint, proxies, conditional."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from osteobiome.cli.options import (
    AllowUnfit,
    Ancestry,
    Build,
    ClumpBy,
    ClumpKb,
    ClumpMode,
    ClumpP1,
    ClumpP2,
    ClumpR2,
    Columns,
    File,
    FormatName,
    Json,
    MapFile,
    MaxBadRows,
    Overwrite,
    PanelAncestry,
    PanelBuild,
    PanelPath,
    Quiet,
    TraitName,
    TrustStrand,
    Verbose,
)
from osteobiome.cli.shared import (
    errors_as_exit,
    print_json,
    print_table,
    say,
    set_up_logging,
    with_panel_options,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Summary statistics of several traits; options hold for all.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application, in the order in which help lists them."""
    for command in (joint, proxies, conditional):
        app.command(command.__name__)(command)


def joint(
    panel: PanelPath,
    files: Files,
    p1: ClumpP1 = 5e-8,
    p2: ClumpP2 = None,
    r2: ClumpR2 = 0.001,
    kb: ClumpKb = 10_000.0,
    mode: ClumpMode = "plink",
    by: ClumpBy = "p",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Every candidate, as .csv, .tsv or .parquet.")
    ] = None,
    allow_unfit: AllowUnfit = False,
    overwrite: Overwrite = False,
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    ancestry: Ancestry = "",
    panel_ancestry: PanelAncestry = "",
    panel_build: PanelBuild = "",
    max_bad_rows: MaxBadRows = 0.05,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Clump several files as one set, as multivariable MR needs: a variant ranks by its smallest p in any file."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_variants_text import joint_lines, joint_rows
    from osteobiome.ld.of_file import PanelFacts
    from osteobiome.ld.of_files import clump_files_jointly
    from osteobiome.ld.output import put_table, table_name
    from osteobiome.ld.panel_clumping import PanelClumpOptions
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json, reworded=with_panel_options):
        options = PanelClumpOptions(
            p1=p1,
            p2=p1 if p2 is None else p2,
            r2=r2,
            kb=kb,
            mode=cast("Literal['plink', 'genotype']", mode),
            by=cast("Literal['p', 'f']", by),
        )
        if out is not None:
            table_name(out, overwrite=overwrite)
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file, ancestry=ancestry)
        facts = PanelFacts(panel, panel_ancestry, panel_build)
        result = clump_files_jointly(
            files, facts, request=asked, options=options, allow_unfit=allow_unfit, max_bad_rows=max_bad_rows
        )
        if out is not None:
            put_table(result.table, out)
    if as_json:
        print_json(result.as_dict() | {"out": None if out is None else str(out)})
    elif not quiet:
        _show(joint_lines(result), joint_rows(result), result.index_variants.height, frozenset({1, 2, 3, 5, 6}), out)


def proxies(
    file: File,
    panel: PanelPath,
    variants: Annotated[
        Path, typer.Option("--variants", metavar="LIST", help="Variants wanted: a name to a line, or a table.")
    ],
    r2: Annotated[float, typer.Option("--r2", metavar="R2", help="Proxies have r² at least this.")] = 0.8,
    kb: Annotated[float, typer.Option("--kb", metavar="KB", help="Proxies lie at most this far away.")] = 500.0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Every variant, as .csv, .tsv or .parquet.")
    ] = None,
    trust_strand: TrustStrand = False,
    allow_unfit: AllowUnfit = False,
    overwrite: Overwrite = False,
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    ancestry: Ancestry = "",
    panel_ancestry: PanelAncestry = "",
    panel_build: PanelBuild = "",
    max_bad_rows: MaxBadRows = 0.05,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Find stand-ins for variants that a file lacks: in highest r², with the effect for the alleles of the variant."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_variants_text import proxy_lines, proxy_rows
    from osteobiome.ld.of_file import PanelFacts
    from osteobiome.ld.of_files import proxies_for_file
    from osteobiome.ld.output import put_table, table_name
    from osteobiome.ld.proxies import ProxyOptions
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json, reworded=with_panel_options):
        options = ProxyOptions(r2=r2, kb=kb)
        if out is not None:
            table_name(out, overwrite=overwrite)
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file, ancestry=ancestry)
        facts = PanelFacts(panel, panel_ancestry, panel_build)
        result = proxies_for_file(
            file,
            facts,
            variants,
            request=asked,
            options=options,
            trust_strand=trust_strand,
            allow_unfit=allow_unfit,
            max_bad_rows=max_bad_rows,
        )
        if out is not None:
            put_table(result.table, out)
    if as_json:
        print_json(result.as_dict() | {"out": None if out is None else str(out)})
    elif not quiet:
        _show(proxy_lines(result), proxy_rows(result), result.found.height, frozenset({2, 3, 5, 6, 7}), out)


def conditional(
    file: File,
    panel: PanelPath,
    p: Annotated[float, typer.Option("--p", metavar="P", help="Chosen variants have p at most this, jointly.")] = 5e-8,
    candidates_p: Annotated[
        float, typer.Option("--candidates-p", metavar="P", help="Only variants with p at most this are looked at.")
    ] = 1e-4,
    kb: Annotated[
        float, typer.Option("--kb", metavar="KB", help="Variants further apart count as unlinked.")
    ] = 10_000.0,
    collinearity: Annotated[
        float, typer.Option("--collinearity", metavar="R2", help="Largest share of a variant that others explain.")
    ] = 0.9,
    diff_freq: Annotated[
        float, typer.Option("--diff-freq", metavar="D", help="Largest difference of frequency from the panel's.")
    ] = 0.2,
    n_people: Annotated[
        float | None, typer.Option("--n", metavar="N", help="Sample size, for rows that give none.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Chosen variants, as .csv, .tsv or .parquet.")
    ] = None,
    trust_strand: TrustStrand = False,
    allow_unfit: AllowUnfit = False,
    overwrite: Overwrite = False,
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    ancestry: Ancestry = "",
    panel_ancestry: PanelAncestry = "",
    panel_build: PanelBuild = "",
    max_bad_rows: MaxBadRows = 0.05,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Choose variants with effects of their own, each given the others (COJO), and say which of them to doubt."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_variants_text import selection_lines, selection_rows
    from osteobiome.ld.conditional import ConditionalOptions
    from osteobiome.ld.of_file import PanelFacts
    from osteobiome.ld.of_files import select_in_file
    from osteobiome.ld.output import put_table, table_name
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json, reworded=with_panel_options):
        options = ConditionalOptions(p_threshold=p, collinearity=collinearity, window_kb=kb)
        if out is not None:
            table_name(out, overwrite=overwrite)
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file, ancestry=ancestry)
        facts = PanelFacts(panel, panel_ancestry, panel_build)
        result = select_in_file(
            file,
            facts,
            request=asked,
            options=options,
            candidates_p=candidates_p,
            max_frequency_difference=diff_freq,
            n_people=n_people,
            trust_strand=trust_strand,
            allow_unfit=allow_unfit,
            max_bad_rows=max_bad_rows,
        )
        if out is not None:
            put_table(result.table, out)
    if as_json:
        print_json(result.as_dict() | {"out": None if out is None else str(out)})
    elif not quiet:
        right = frozenset({1, 3, 4, 5, 6, 7, 8})
        _show(selection_lines(result), selection_rows(result), result.table.height, right, out)


def _show(
    head: Iterable[str],
    rows: tuple[Sequence[str], Sequence[Sequence[str]]],
    n_rows: int,
    right: frozenset[int],
    out: Path | None,
) -> None:
    """Write lines, a table of some of its rows, and the file that was written."""
    for line in head:
        say(line)
    if rows[1]:
        say("")
        print_table(*rows, right=right)
    if n_rows > len(rows[1]):
        say(f"... and {n_rows - len(rows[1]):,} more (--out FILE, --json)")
    if out is not None:
        say(f"wrote {out}")
