"""Options that several commands take, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="Study file.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of results; by default `results` beside the study file."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")]
Verbose = Annotated[int, typer.Option("--verbose", "-v", count=True, help="-v information, -vv debugging.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, metavar="N", help="Processes; all processors by default.")
]

File = Annotated[Path, typer.Argument(metavar="FILE", help="Summary statistics: text, compressed text or Parquet.")]
FormatName = Annotated[
    str | None,
    typer.Option("--format", metavar="F", help="Format of the file; left out, its header tells (see `formats`)."),
]
Build = Annotated[
    str | None, typer.Option("--build", metavar="B", help="Genome build of the positions: GRCh37 or GRCh38.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="OURS=THEIRS", help="Column of a table of no known format; may be repeated."),
]
TraitName = Annotated[
    str | None, typer.Option("--trait", metavar="NAME", help="Which trait, of a table that holds several.")
]
Ancestry = Annotated[
    str,
    typer.Option("--ancestry", metavar="A", help="Ancestry of the sample, such as EUR or EAS, for its frequencies."),
]
MapFile = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE", help="Variants (.bim, .pvar or table) to fill positions and alleles from."),
]
MaxBadRows = Annotated[
    float,
    typer.Option(
        "--max-bad-rows", min=0.0, max=1.0, help="Share of rows that one fault may take; one row always passes."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
PanelPath = Annotated[
    str,
    typer.Argument(
        metavar="PANEL", help="Prefix of PLINK 1 or 2 files; {chromosome} stands for 1, 2, ... if there are several."
    ),
]
PanelAncestry = Annotated[
    str, typer.Option("--panel-ancestry", metavar="A", help="Ancestry of the panel's people, such as EUR or EAS.")
]
PanelBuild = Annotated[
    str, typer.Option("--panel-build", metavar="B", help="Genome build of the panel: GRCh37 or GRCh38.")
]
AllowUnfit = Annotated[bool, typer.Option("--allow-unfit", help="Go on although the panel does not fit.")]
TrustStrand = Annotated[
    bool, typer.Option("--trust-strand", help="Believe that file and panel are on the forward strand.")
]
ClumpP1 = Annotated[float, typer.Option("--p1", metavar="P", help="Index variants have p at most this.")]
ClumpP2 = Annotated[
    float | None, typer.Option("--p2", metavar="P", help="Weaker members have p below this; p1 if left out.")
]
ClumpR2 = Annotated[float, typer.Option("--r2", metavar="R2", help="Members have r² above this.")]
ClumpKb = Annotated[float, typer.Option("--kb", metavar="KB", help="Members lie closer than this.")]
ClumpMode = Annotated[str, typer.Option("--mode", metavar="MODE", help="plink: r² of haplotypes; genotype: of copies.")]
ClumpBy = Annotated[str, typer.Option("--by", metavar="p|f", help="Smallest p leads, or largest F.")]
