"""Progress of long work: a bar on a terminal, plain lines elsewhere, nothing when asked to be quiet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType


class Progress(Protocol):
    """What a runner tells about its work."""

    def start(self, total: int) -> None:
        """Announce the number of tasks."""

    def advance(self, label: str, outcome: str) -> None:
        """Report one finished task."""

    def stop(self) -> None:
        """Take down whatever is on the screen."""


class NoProgress:
    """Says nothing; the default."""

    def start(self, total: int) -> None:
        """Ignore the number of tasks."""

    def advance(self, label: str, outcome: str) -> None:
        """Ignore a finished task."""

    def stop(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take down whatever is on the screen."""
        self.stop()


class LineProgress(NoProgress):
    """One line per finished task on standard error: for logs and pipes."""

    def __init__(self) -> None:
        self._total = 0
        self._done = 0

    def start(self, total: int) -> None:
        """Remember the number of tasks."""
        self._total = total

    def advance(self, label: str, outcome: str) -> None:
        """Write one line."""
        self._done += 1
        sys.stderr.write(f"[{self._done}/{self._total}] {label}: {outcome}\n")


class BarProgress(NoProgress):
    """A bar with the time left, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("time left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None)

    def start(self, total: int) -> None:
        """Show the bar."""
        self._bar.update(self._task, total=total)
        self._bar.start()

    def advance(self, label: str, outcome: str) -> None:
        """Move the bar by one task."""
        self._bar.update(self._task, advance=1, description=f"{label}: {outcome}")

    def stop(self) -> None:
        """Remove the bar."""
        self._bar.stop()


def for_terminal(*, quiet: bool) -> NoProgress:
    """Return the progress display that suits where standard error goes."""
    if quiet:
        return NoProgress()
    return BarProgress() if sys.stderr.isatty() else LineProgress()
