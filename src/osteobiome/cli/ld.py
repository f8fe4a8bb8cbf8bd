"""Commands about linkage disequilibrium: check a panel, convert, clump, scores, matrix."""

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
    Verbose,
)
from osteobiome.cli.shared import (
    BAD_INPUT,
    errors_as_exit,
    print_json,
    print_table,
    say,
    set_up_logging,
    with_panel_options,
)

if TYPE_CHECKING:
    from osteobiome.ld.of_file import FileClumps

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    file: File,
    panel: PanelPath,
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    ancestry: Ancestry = "",
    panel_ancestry: PanelAncestry = "",
    panel_build: PanelBuild = "",
    r2: Annotated[
        float | None, typer.Option("--r2", metavar="R2", help="Threshold of r² that is to be used with the panel.")
    ] = None,
    max_bad_rows: MaxBadRows = 0.05,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Say whether a panel fits a file: variants, alleles, frequencies, people; exit code 2 if it must not be used."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_text import fit_lines
    from osteobiome.ld.of_file import PanelFacts, check_file
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json, reworded=with_panel_options):
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file, ancestry=ancestry)
        facts = PanelFacts(panel, panel_ancestry, panel_build)
        result = check_file(file, facts, request=asked, r2=r2, max_bad_rows=max_bad_rows)
    if as_json:
        print_json(result.as_dict())
    elif not quiet:
        for line in fit_lines(result):
            say(line)
    if result.fit.verdict == "refused":
        raise typer.Exit(BAD_INPUT)


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Genotypes: VCF, plain or packed, or BCF.")],
    prefix: Annotated[Path, typer.Argument(metavar="PREFIX", help=".bed, .bim and .fam are put behind it.")],
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write the genotypes of a VCF or BCF file as PLINK 1 files, once, to be used as a panel."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_text import row_lines, wrote_lines
    from osteobiome.ld.of_file import convert_panel

    with errors_as_exit(as_json=as_json):
        paths, rows = convert_panel(file, prefix, overwrite=overwrite)
    if as_json:
        print_json(
            {
                "files": [str(path) for path in paths],
                "n_in": rows.n_in,
                "n_kept": rows.n_kept,
                "n_dropped": rows.by_reason(),
                "notes": dict(rows.notes),
            }
        )
    elif not quiet:
        for line in (*wrote_lines(paths), *row_lines(rows, unit="alternate allele", verb="written")):
            say(line)


@app.command()
def clump(
    file: File,
    panel: PanelPath,
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
    """Clump the variants of a file by the rule of PLINK: unlinked index variants, and what became of the others."""
    set_up_logging(verbose)
    from osteobiome.ld.of_file import PanelFacts, clump_file
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
        result = clump_file(
            file, facts, request=asked, options=options, allow_unfit=allow_unfit, max_bad_rows=max_bad_rows
        )
        if out is not None:
            put_table(result.table, out)
    if as_json:
        print_json(result.as_dict() | {"out": None if out is None else str(out)})
    elif not quiet:
        _show_clumps(result, out)


def _show_clumps(result: FileClumps, out: Path | None) -> None:
    """Write clumps to the terminal."""
    from osteobiome.cli.ld_text import SHOWN, clump_head, clump_rows

    for line in clump_head(result):
        say(line)
    if result.index_variants.height:
        say("")
        print_table(*clump_rows(result), right=frozenset({1, 2, 3, 4}))
    if result.index_variants.height > SHOWN:
        say(f"... and {result.index_variants.height - SHOWN:,} more index variants (--out FILE, --json)")
    if out is not None:
        say(f"wrote {out}")


@app.command()
def scores(
    panel: PanelPath,
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="Prefix of .l2.ldscore.gz, .l2.M, .l2.M_5_50; with {chromosome}, a set for each."
        ),
    ],
    kb: Annotated[float, typer.Option("--kb", metavar="KB", help="Pairs up to this distance count.")] = 1000.0,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Work out the LD scores of a panel, with exact windows, in the files that LDSC reads."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_text import scores_lines
    from osteobiome.ld.panel import open_panel
    from osteobiome.ld.writing import write_ldsc_scores

    with errors_as_exit(as_json=as_json):
        result = write_ldsc_scores(open_panel(panel), out, window_kb=kb, overwrite=overwrite)
    if as_json:
        print_json(
            {
                "files": [str(path) for path in result.paths],
                "n_in": result.rows.n_in,
                "n_kept": result.rows.n_kept,
                "n_dropped": result.rows.by_reason(),
                "m": result.m,
                "m_5_50": result.m_common,
                "mean_score": result.mean,
            }
        )
    elif not quiet:
        for line in scores_lines(result):
            say(line)


@app.command()
def matrix(
    panel: PanelPath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="NAME.npz, or NAME.tsv with NAME.variants.tsv.")],
    variants: Annotated[
        Path | None, typer.Option("--variants", metavar="FILE", help="Variants wanted: a name to a line, or a table.")
    ] = None,
    region: Annotated[
        str, typer.Option("--region", metavar="CHR:START-END", help="Variants wanted: those that lie here.")
    ] = "",
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write the signed correlation r of some variants, with the alleles that it was counted in."""
    set_up_logging(verbose)
    from osteobiome.cli.ld_text import matrix_lines
    from osteobiome.ld.panel import open_panel
    from osteobiome.ld.writing import write_ld_matrix

    with errors_as_exit(as_json=as_json):
        result = write_ld_matrix(open_panel(panel), out, region=region, variants=variants, overwrite=overwrite)
    if as_json:
        print_json(
            {
                "files": [str(path) for path in result.paths],
                "n_in": result.rows.n_in,
                "n_kept": result.rows.n_kept,
                "n_dropped": result.rows.by_reason(),
                "left_out": {drop.reason: list(drop.examples) for drop in result.rows.dropped},
            }
        )
    elif not quiet:
        for line in matrix_lines(result):
            say(line)
