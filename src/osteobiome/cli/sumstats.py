"""Commands about files of summary statistics: check, convert, head, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteobiome.cli.options import (
    Ancestry,
    Build,
    Columns,
    File,
    FormatName,
    Json,
    MapFile,
    MaxBadRows,
    Overwrite,
    Quiet,
    TraitName,
    Verbose,
)
from osteobiome.cli.shared import BAD_INPUT, errors_as_exit, print_json, print_table, say, set_up_logging

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    file: File,
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    ancestry: Ancestry = "",
    max_bad_rows: MaxBadRows = 0.05,
    show_all: Annotated[bool, typer.Option("--all", help="Every finding with its lines, not ten lines.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Read a file whole and say whether it can be used, and what is wrong with it."""
    set_up_logging(verbose)
    from osteobiome.cli.sumstats_text import finding_lines
    from osteobiome.sumstats.checking import check_sumstats
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json):
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file, ancestry=ancestry)
        result = check_sumstats(
            file,
            file_format=asked.file_format,
            columns=asked.columns,
            options=asked.options,
            max_bad_rows=max_bad_rows,
        )
    if as_json:
        print_json(result.as_dict())
    elif not quiet:
        say(result.summary())
        if show_all:
            for line in finding_lines(result.findings):
                say(line)
    if result.verdict == "unusable":
        raise typer.Exit(BAD_INPUT)


@app.command()
def convert(
    file: File,
    to: Annotated[str, typer.Option("--to", metavar="F", help="ssf, vcf, parquet, twosamplemr, csv or xlsx.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")],
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    lift_to: Annotated[
        str, typer.Option("--lift-to", metavar="B", help="Bring the positions to this build: GRCh37 or GRCh38.")
    ] = "",
    side: Annotated[str, typer.Option("--side", help="exposure or outcome, for TwoSampleMR tables.")] = "outcome",
    overwrite: Overwrite = False,
    max_bad_rows: MaxBadRows = 0.05,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write a file in another format, checked, sorted, and lifted to another build if wished."""
    set_up_logging(verbose)
    from osteobiome.core.text import count, reason
    from osteobiome.sumstats.converting import convert_sumstats
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json):
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file, lift_to=lift_to, side=side)
        result = convert_sumstats(file, out, to=to, request=asked, max_bad_rows=max_bad_rows, overwrite=overwrite)
    if as_json:
        print_json(result.as_dict())
    if as_json or quiet:
        return
    for path in result.paths:
        say(f"wrote {path}")
    say(f"{count(result.n_in, 'row')}, {result.n_written:,} written")
    for name, number in result.n_dropped.items():
        say(f"  {number:,} dropped: {reason(name)}")


@app.command()
def head(
    file: File,
    n_rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=1000, metavar="N", help="Rows to show.")] = 5,
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Show the first rows as they are understood: which column is what, which allele the effect belongs to."""
    set_up_logging(verbose)
    from osteobiome.cli.sumstats_text import column_lines, preview_rows
    from osteobiome.sumstats.reading import open_table
    from osteobiome.sumstats.request import request
    from osteobiome.sumstats.resolving import unused_columns
    from osteobiome.sumstats.table import begin

    with errors_as_exit(as_json=as_json):
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file)
        ingest = begin(
            file, trait_id=str(file), file_format=asked.file_format, columns=asked.columns, options=asked.options
        )
        unused = unused_columns(open_table(file).header, ingest.found)
        rows = ingest.preview(n_rows)
    if as_json:
        print_json(
            {
                "file": str(file),
                "format": ingest.fmt.name,
                "columns": ingest.found,
                "columns_not_used": unused,
                "rows": rows.to_dicts(),
            }
        )
    if as_json or quiet:
        return
    for line in column_lines(ingest, unused=unused):
        say(line)
    say("")
    print_table(*preview_rows(rows), right=frozenset({2, 5, 6, 7, 8, 9}))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Summary statistics.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Summary statistics to compare with.")],
    format_name: FormatName = None,
    build: Build = None,
    columns: Columns = None,
    trait: TraitName = None,
    map_file: MapFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Compare two files at the variants that they share: alleles, effects, frequencies; options hold for both."""
    set_up_logging(verbose)
    from osteobiome.cli.sumstats_text import comparison_lines
    from osteobiome.sumstats.comparing import compare_sumstats, read_for_comparison
    from osteobiome.sumstats.request import request

    with errors_as_exit(as_json=as_json):
        asked = request(format_name, build, columns or [], trait=trait, map_file=map_file)
        result = compare_sumstats(*(read_for_comparison(path, request=asked) for path in (first, second)))
    if as_json:
        print_json(result.as_dict())
    elif not quiet:
        for line in comparison_lines(result):
            say(line)


@app.command()
def formats(as_json: Json = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """List the formats that are read and written."""
    set_up_logging(verbose)
    from osteobiome.sumstats.formats import FORMATS
    from osteobiome.sumstats.writing import WRITERS

    if as_json:
        print_json(
            {
                "read": [{"name": f.name, "label": f.label, "source": f.source} for _, f in FORMATS.items()],
                "written": [
                    {"name": w.name, "label": w.label, "suffixes": list(w.suffixes)} for _, w in WRITERS.items()
                ],
            }
        )
    if as_json or quiet:
        return
    print_table(["read", ""], [[f.name, f.label] for _, f in FORMATS.items()])
    say("")
    print_table(["written", "", "ends in"], [[w.name, w.label, ", ".join(w.suffixes)] for _, w in WRITERS.items()])
