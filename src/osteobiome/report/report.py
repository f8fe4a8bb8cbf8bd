"""A finished study's report as an object: for Python, for notebooks, for files."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteobiome.core.errors import Fault, SchemaError, StoreError, nearest
from osteobiome.plot.figure import FORMATS
from osteobiome.report.cells import estimate_cells
from osteobiome.report.content import Content, read_content
from osteobiome.report.figures import all_figures
from osteobiome.report.flags import flags
from osteobiome.report.page import render
from osteobiome.report.sentences import q_text, study_sentences
from osteobiome.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osteobiome.plot import Figure

FILE_FORMATS = ("svg", "pdf", "png")
SHOWN_ROWS = 50


@dataclass(frozen=True)
class Report:
    """The report of a finished study.

    Parameters
    ----------
    content : Content
        Tables and facts, read once.
    """

    content: Content = field(repr=False)

    def sentences(self) -> list[str]:
        """Return the results in words."""
        return study_sentences(self.content)

    def figures(self) -> dict[str, Figure]:
        """Return every figure by name: forests, loci, and four per pair."""
        return dict(all_figures(self.content))

    def n_figures(self) -> int:
        """Return how many figures there are."""
        return sum(1 for _ in all_figures(self.content))

    def html(self) -> str:
        """Return the page that ``osteobiome run`` writes."""
        return render(self.content)

    def save(self, path: Path) -> None:
        """Write the page.

        Parameters
        ----------
        path : pathlib.Path
            HTML file.
        """
        write_atomic(path, self.html().encode())

    def save_figures(
        self,
        folder: Path,
        *,
        formats: Sequence[str] = FILE_FORMATS,
        told: Callable[[str], None] | None = None,
    ) -> list[Path]:
        """Write every figure to files.

        Parameters
        ----------
        folder : pathlib.Path
            Made if needed.
        formats : sequence of str
            Of svg, pdf, png, html, json.
        told : callable, optional
            Called with the name of each figure when it is written.

        Returns
        -------
        list of pathlib.Path
            What was written, in order.

        Raises
        ------
        SchemaError
            A format is not known; nothing is written.
        StoreWriteError
            Disk full or no permission; files written before stay.
        """
        unknown = [name for name in formats if name not in FORMATS]
        if unknown or not formats:
            found = f"format '{unknown[0]}'" if unknown else "no format"
            hint = nearest(unknown[0], FORMATS) if unknown else ""
            raise SchemaError(Fault("figure_format", "formats", found, ", ".join(FORMATS), hint))
        written = []
        for name, figure in all_figures(self.content):
            for ending in formats:
                path = folder / f"{name}.{ending}"
                figure.save(path)
                written.append(path)
            if told is not None:
                told(name)
        return written

    def _repr_html_(self) -> str:
        """Return what a notebook shows: title, results in words, cautions, the primary estimates."""
        content = self.content
        simulated = "<p><strong>Simulated data.</strong></p>" if content.study["simulated"] else ""
        words = "".join(f"<p>{html.escape(text)}</p>" for text in self.sentences())
        cautions = [flag for flag in flags(content) if flag.level == "caution"]
        points = "".join(
            f"<li><strong>{html.escape(flag.title)}</strong>: {html.escape(flag.text)}</li>" for flag in cautions
        )
        primary = content.primary().head(SHOWN_ROWS).to_dicts()
        body = "".join(_row(content, row) for row in primary)
        more = content.primary().height - len(primary)
        rest = f"<p>{more} more pairs.</p>" if more else ""
        head = "".join(
            f"<th>{name}</th>" for name in ("Pair", "Estimate", "95 % interval", "Unit", "p", "q", "Variants", "Status")
        )
        return (
            f"<h3>{html.escape(content.study['title'])}</h3>{simulated}{words}<ul>{points}</ul>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"
        )


def _row(content: Content, row: dict[str, Any]) -> str:
    cells = estimate_cells(row)
    pair = f"{content.label(str(row['exposure']))} → {content.label(str(row['outcome']))}"
    names = ("estimate", "interval", "unit", "p", "q", "n", "status")
    cells |= {"q": q_text(row), "status": cells["status"].replace("_", " ")}
    shown = (pair, *(cells[name] for name in names))
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in shown) + "</tr>"


def open_report(folder: Path) -> Report:
    """Open the report of a finished study.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of results, as ``osteobiome run`` leaves it.

    Raises
    ------
    SchemaError, StoreError
        The folder holds no finished results, or those of another version.
    """
    folder = Path(folder)
    if not (folder / "study.json").is_file():
        raise StoreError(
            Fault(
                "not_results",
                str(folder),
                "no results of a finished study",
                "a folder with study.json and tables, as `osteobiome run` leaves it",
            )
        )
    return Report(read_content(folder))
