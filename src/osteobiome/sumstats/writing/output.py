"""`write_sumstats`: one trait to a file of any registered format, all of it or none of it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.columns import COLUMNS
from osteobiome.core.errors import Fault, SchemaError, StoreWriteError
from osteobiome.core.paths import is_folder, is_there
from osteobiome.core.rows import RowLedger
from osteobiome.core.schema import polars_schema
from osteobiome.store import writing
from osteobiome.store.files import remove_tree, sync_folder
from osteobiome.sumstats.writing.registry import WRITERS, Job, TraitFacts, Writer, Written

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator

    from osteobiome.core.rows import RowReport
    from osteobiome.sumstats.formats.registry import Side

OPTIONAL = ("is_beta_derived", "is_se_derived")
"""Columns of schema ``variants`` that a frame may lack: nothing was derived then."""


def write_sumstats(
    frames: pl.DataFrame | Iterable[pl.DataFrame],
    path: Path,
    *,
    to: str,
    facts: TraitFacts,
    side: Side = "outcome",
    date: datetime.date | None = None,
    overwrite: bool = False,
) -> Written:
    """Write the summary statistics of one trait.

    The file is made under a temporary name, flushed to disk and renamed. If anything fails, nothing is left and an old
    file of that name stands as it was.

    Parameters
    ----------
    frames : polars.DataFrame, or iterable of polars.DataFrame
        Rows of schema ``variants``, whole or in pieces. Pieces are held one at a time.
    path : pathlib.Path
        File to write; its suffix must be one of the format's. Its folder is made if needed.
    to : str
        Name of a registered writer.
    facts : TraitFacts
        What the file says about its trait.
    side : {"exposure", "outcome"}
        Suffix of the columns in TwoSampleMR tables.
    date : datetime.date, optional
        Day that the file says it was written on. By default it says none, so that the same rows give the same bytes.
    overwrite : bool
        Replace files that are there already.

    Returns
    -------
    Written
        Paths, the table first, and the row report.

    Raises
    ------
    UnknownNameError
        The format is not registered.
    SchemaError
        A frame is not of schema ``variants``.
    StoreWriteError
        A file is there already, the suffix is not the format's, the rows do not fit into the format, or the system
        does not let the file be written: a full disk, no permission, and all else.
    """
    writer = WRITERS[to]
    path = Path(path)
    targets = writer.targets(path)
    ledger = RowLedger(facts.trait_id, f"write_{to}", 0)
    with _no_system_error(path), writing(path):
        _refuse(path, targets, writer, overwrite=overwrite)
        path.parent.mkdir(parents=True, exist_ok=True)
        # the prefix is that of the study folder, whose next run removes what a killed one left
        folder = Path(tempfile.mkdtemp(prefix=".tmp-", dir=path.parent))
        try:
            n_written = writer.write(_checked(frames, ledger), Job(folder, path.name, facts, side, date, ledger))
            report = ledger.close(n_written)
            if report.n_in and not report.n_kept:
                raise _nothing_left(path, report, writer)
            _publish(folder, targets)
        finally:
            remove_tree(folder)
    return Written(targets, report)


@contextlib.contextmanager
def _no_system_error(path: Path) -> Iterator[None]:
    """Turn what the system says into a StoreWriteError."""
    try:
        yield
    except OSError as error:
        raise StoreWriteError(
            Fault(
                "cannot_write",
                str(path),
                f"the system does not let it be written: {error.strerror or error}",
                "a file that can be made",
                "Choose another folder or name",
            )
        ) from error


def _refuse(path: Path, targets: tuple[Path, ...], writer: Writer, *, overwrite: bool) -> None:
    """Raise if the name does not fit the format, or if files would be lost."""
    if not path.name.endswith(writer.suffixes):
        raise StoreWriteError(
            Fault(
                "wrong_suffix",
                str(path),
                f"a name that does not end as a file of format '{writer.name}' does",
                "one of " + ", ".join(writer.suffixes),
                "Change the name or the format",
            )
        )
    taken = [target for target in targets if is_folder(target) or (not overwrite and is_there(target))]
    if taken:
        raise StoreWriteError(
            *(
                Fault(
                    "file_exists",
                    str(target),
                    "a folder of this name" if is_folder(target) else "a file of this name is there already",
                    "a name that is free",
                    "Choose another name"
                    if is_folder(target)
                    else "Choose another name, or ask for it to be overwritten",
                )
                for target in taken
            )
        )


def _nothing_left(path: Path, report: RowReport, writer: Writer) -> StoreWriteError:
    """Return the error for a format that can hold none of the rows."""
    drop = report.dropped[0]
    return StoreWriteError(
        Fault(
            drop.reason,
            str(path),
            f"{_none_of(report.n_in)} be written as {writer.label}",
            "rows that the format can hold",
            "Choose another format, or give the rows what they lack",
        )
    )


def _none_of(n_rows: int) -> str:
    return f"none of {n_rows:,} rows can" if n_rows > 1 else "the one row cannot"


def _checked(frames: pl.DataFrame | Iterable[pl.DataFrame], ledger: RowLedger) -> Iterator[pl.DataFrame]:
    """Yield frames of schema ``variants`` and count their rows; a frame that lacks a column is an error."""
    schema = polars_schema("variants")
    for frame in (frames,) if isinstance(frames, pl.DataFrame) else frames:
        faults = []
        for column, dtype in schema.items():
            if column not in frame.columns:
                if column not in OPTIONAL:
                    found = f"no column '{column}'"
                    faults.append(Fault("missing_column", "table 'variants'", found, COLUMNS[column].doc))
            elif frame.schema[column] != dtype:
                found = f"type {frame.schema[column]}"
                faults.append(Fault("wrong_dtype", f"table 'variants', column '{column}'", found, f"type {dtype}"))
        if faults:
            raise SchemaError(*faults)
        ledger.receive(frame.height)
        yield frame


def _publish(folder: Path, targets: tuple[Path, ...]) -> None:
    """Move finished files to their places; if one cannot be moved, those that were new are taken back."""
    new: list[Path] = []
    try:
        for target in targets:
            is_new = not target.exists()
            (folder / target.name).replace(target)
            if is_new:
                new.append(target)
        sync_folder(targets[0].parent)
    except BaseException:
        for target in new:
            with contextlib.suppress(OSError):
                target.unlink()
        raise
