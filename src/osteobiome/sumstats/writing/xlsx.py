"""XLSX through XlsxWriter, the optional extra ``xlsx``: text cells are text cells, so names like MARCH1 stay names."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl

from osteobiome.core.errors import Fault, StoreWriteError
from osteobiome.sumstats.metadata import SIMULATED
from osteobiome.sumstats.writing.csv import SHOWN, TEXT, shown
from osteobiome.sumstats.writing.files import new_file
from osteobiome.sumstats.writing.parquet import facts_as_text
from osteobiome.sumstats.writing.registry import WRITERS, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.sumstats.writing.registry import Job

MAX_ROWS = 1_048_576
"""Rows of a sheet, the header among them (ECMA-376 leaves it open; Excel 2007 and later have these)."""
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_TEXT_FORMAT = 49
"""The built-in number format "@", text (ECMA-376 part 1, section 18.8.30)."""
_CREATED = datetime.datetime(1980, 1, 1)
"""A fixed day, so that the same rows give the same bytes."""


class _Exact(float):
    """A number that is written with all digits that it needs; XlsxWriter asks for 16, and some need 17."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


class _Book:
    """The file below the ZIP. Once it has failed or is done, it takes bytes and keeps none.

    XlsxWriter leaves a ZIP open when it fails, and that tries to write its end whenever it is collected.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._position = 0
        self.is_done = False

    def write(self, data: bytes) -> int:
        if not self.is_done:
            try:
                self._handle.write(data)
            except OSError:
                self.is_done = True
                raise
        self._position += len(data)
        return len(data)

    def seek(self, position: int) -> int:
        self._position = position
        return position if self.is_done else self._handle.seek(position)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        if not self.is_done:
            self._handle.flush()


def write(frames: Iterator[pl.DataFrame], job: Job) -> int:
    """Write a sheet of rows and a sheet about them.

    Parameters
    ----------
    frames : iterator of polars.DataFrame
        Schema ``variants``.
    job : Job
        Where to, and what is known about the trait.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    StoreWriteError
        XlsxWriter is not installed, or there are more rows than a sheet has.
    """
    try:
        import xlsxwriter  # type: ignore[import-untyped]
        from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]
    except ImportError:
        raise StoreWriteError(
            Fault(
                "missing_extra",
                job.name,
                "XlsxWriter, which writes this format, is not installed",
                "the optional extra 'xlsx'",
                "Run: pip install osteobiome[xlsx]",
            )
        ) from None
    with new_file(job.path) as handle:
        below = _Book(handle)
        book = xlsxwriter.Workbook(below, _OPTIONS | {"tmpdir": str(job.spool)})
        created = datetime.datetime.combine(job.date, datetime.time()) if job.date else _CREATED
        book.set_properties({"title": job.facts.name, "created": created})
        try:
            n_rows = _rows(book, frames, job)
            _about(book, job)
            book.close()
        except FileCreateError as error:
            raise error.args[0] from None  # the system's own words, which say whether the disk is full
        finally:
            below.is_done = book.fileclosed = True  # else it would try to write the file when it is collected
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
    return n_rows


def _rows(book: Any, frames: Iterator[pl.DataFrame], job: Job) -> int:  # noqa: ANN401 - XlsxWriter has no types
    """Write the sheet of rows, one cell after the other, as the library wants it."""
    sheet = book.add_worksheet("variants")
    text_format, head = book.add_format({"num_format": _TEXT_FORMAT}), book.add_format({"bold": True})
    names = [*SHOWN, *(["is_simulated"] if job.facts.is_simulated else [])]
    for column, name in enumerate(names):
        sheet.write_string(0, column, name, head)
    sheet.freeze_panes(1, 0)
    n_rows = 0
    for frame in frames:
        if n_rows + frame.height >= MAX_ROWS:
            raise _too_many(job)
        for row in shown(frame, is_simulated=job.facts.is_simulated).iter_rows():
            n_rows += 1
            for column, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, bool):
                    sheet.write_boolean(n_rows, column, value)
                elif isinstance(value, str) or not math.isfinite(value):
                    sheet.write_string(n_rows, column, str(value), text_format if names[column] in TEXT else None)
                else:
                    sheet.write_number(n_rows, column, _Exact(value) if isinstance(value, float) else value)
    return n_rows


def _about(book: Any, job: Job) -> None:  # noqa: ANN401 - XlsxWriter has no types
    """Write the sheet that says what the rows are."""
    sheet = book.add_worksheet("about")
    text_format, bold = book.add_format({"num_format": _TEXT_FORMAT}), book.add_format({"bold": True})
    facts = facts_as_text(job.facts, date=job.date.isoformat() if job.date else "")
    if job.facts.is_simulated:
        facts = {"data": SIMULATED} | facts
    for row, (name, value) in enumerate(facts.items()):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value, text_format)


def _too_many(job: Job) -> StoreWriteError:
    return StoreWriteError(
        Fault(
            "too_many_rows_for_xlsx",
            job.name,
            f"more than {MAX_ROWS - 1} rows",
            f"at most {MAX_ROWS - 1} rows below the header of a sheet",
            "Write CSV or Parquet, or keep fewer rows",
        )
    )


WRITERS.add("xlsx", Writer("xlsx", "XLSX for spreadsheets", (".xlsx",), write))
