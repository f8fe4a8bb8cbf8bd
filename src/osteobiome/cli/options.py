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
