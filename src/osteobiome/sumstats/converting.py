"""`convert_sumstats`: from one format to another, checked on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.store import file_sha256
from osteobiome.sumstats.table import begin
from osteobiome.sumstats.writing import WRITERS, TraitFacts, write_sumstats

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.sumstats.request import Request


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion did.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files written, the table first.
    format : str
        Format that was read.
    n_in, n_written : int
        Rows of the file, and of the new one.
    n_dropped : dict of str to int
        Rows by the reason why they are not in the new one.
    """

    paths: tuple[Path, ...]
    format: str
    n_in: int
    n_written: int
    n_dropped: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        return {
            "files": [str(path) for path in self.paths],
            "format": self.format,
            "n_in": self.n_in,
            "n_kept": self.n_written,
            "n_dropped": self.n_dropped,
        }


def convert_sumstats(
    path: Path, out: Path, *, to: str, request: Request, max_bad_rows: float = 0.05, overwrite: bool = False
) -> Converted:
    """Write a file of summary statistics in another format.

    Rows are checked as at ingest and written sorted along the genome. Effect allele, sign and frequency stay as they
    are in the file, except in Parquet, the stored table: there each effect belongs to the first allele of the variant's
    class. Nothing is written if the file cannot be used.

    Parameters
    ----------
    path : pathlib.Path
        File to read.
    out : pathlib.Path
        File to write.
    to : str
        Registered writer.
    request : Request
        How to read. A build that it does not declare is taken from what the file says about itself.
    max_bad_rows : float
        Share of rows that one fault may take.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    ConfigError
        The positions are to be lifted, and nobody says from which build.
    InputFileError, SchemaError
        The file cannot be read as declared.
    UnknownNameError
        The writer is not registered.
    StoreWriteError
        The new file cannot be written.
    """
    options = replace(request.options, as_in_file=WRITERS[to].as_in_file)
    ingest = begin(
        path,
        trait_id=path.name.split(".")[0],
        file_format=request.file_format,
        columns=request.columns,
        options=options,
    )
    build = ingest.options.genome_build
    if options.lift_to and not build:
        raise ConfigError(
            Fault("no_build", "--lift-to", "no build to lift from", "the build of the file", "Name it with --build")
        )
    facts = TraitFacts(
        trait_id=path.name.split(".")[0],
        genome_build=options.lift_to or build,
        source=path.name,
        source_sha256=file_sha256(path),
    )
    known = ingest.stated.metadata
    if known is not None:
        facts = replace(
            facts, label=known.trait, n=known.sample_size, n_cases=known.n_cases, ancestry=known.ancestry, sex=known.sex
        )
    frames = ingest.checked_frames(max_bad_rows=max_bad_rows)
    written = write_sumstats(frames, out, to=to, facts=facts, side=options.side, overwrite=overwrite)
    rows = ingest.report()
    dropped = rows.by_reason()
    for name, number in written.rows.by_reason().items():
        dropped[name] = dropped.get(name, 0) + number
    return Converted(written.paths, ingest.fmt.name, rows.n_in, written.rows.n_kept, dropped)
