"""Row reports: how many rows came in, how many were kept, and why each other one was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from osteobiome.core.errors import Fault

MAX_LINES = 20
"""Line numbers kept per reason."""

DropKind = Literal["fault", "policy"]


@dataclass(frozen=True, slots=True)
class DroppedRows:
    """Rows that one step dropped for one reason.

    Parameters
    ----------
    reason : str
        Stable identifier such as ``missing_beta``.
    count : int
        Number of rows.
    lines : tuple of int
        First line numbers in the input file (1-based, the header is line 1); empty if the step sees no file.
    examples : tuple of str
        Values or variant names that belong to ``lines``, for the reader.
    kind : {"fault", "policy"}
        ``fault``: the row is broken. ``policy``: the row is fine and a declared rule leaves it out.
    columns : tuple of str
        Columns that the examples stand in, as the step names them; empty if the step does not say.
    """

    reason: str
    count: int
    lines: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    kind: DropKind = "fault"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowReport:
    """What one step did to its rows; ``n_in == n_kept + n_dropped`` always holds.

    Parameters
    ----------
    subject : str
        Trait, pair or file that the rows belong to.
    step : str
        Step that dropped them, such as ``ingest``.
    n_in, n_kept : int
        Rows before and after.
    dropped : tuple of DroppedRows
        One entry per reason.
    notes : tuple of (str, int)
        Counts of kept rows worth knowing: ``("p_value_derived", 12)``.

    Examples
    --------
    >>> RowReport("bmi", "ingest", 10, 9, (DroppedRows("missing_beta", 1, (4,)),)).n_dropped
    1
    """

    subject: str
    step: str
    n_in: int
    n_kept: int
    dropped: tuple[DroppedRows, ...] = ()
    notes: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a report in which a row has gone missing."""
        if self.n_in != self.n_kept + self.n_dropped:
            msg = f"{self.subject}/{self.step}: {self.n_in} rows in, {self.n_kept} kept, {self.n_dropped} accounted for"
            raise AssertionError(msg)

    @property
    def n_dropped(self) -> int:
        """Rows dropped for any reason."""
        return sum(drop.count for drop in self.dropped)

    def by_reason(self) -> dict[str, int]:
        """Return the number of dropped rows per reason."""
        return {drop.reason: drop.count for drop in self.dropped}

    def records(self) -> list[dict[str, object]]:
        """Return the report as rows of the ``ROW_REPORT`` schema."""
        base = {"subject": self.subject, "step": self.step, "n_in": self.n_in, "n_kept": self.n_kept}
        rows: list[dict[str, object]] = [
            base
            | {
                "kind": drop.kind,
                "reason": drop.reason,
                "count": drop.count,
                "lines": list(drop.lines),
                "examples": list(drop.examples),
            }
            for drop in self.dropped
        ]
        rows += [
            base | {"kind": "note", "reason": name, "count": count, "lines": [], "examples": []}
            for name, count in self.notes
        ]
        if not rows:
            rows = [base | {"kind": "note", "reason": "", "count": 0, "lines": [], "examples": []}]
        return rows

    def excess(self, *, max_bad_rows: float, allow: frozenset[str] = frozenset()) -> tuple[Fault, ...]:
        """Return the reasons that took so many rows that the file is probably misread.

        One single bad row is never enough, however short the table; nor are copies of rows that are kept, as nothing
        is lost with them.

        Parameters
        ----------
        max_bad_rows : float
            Largest share of rows that one reason may take.
        allow : frozenset of str
            Reasons that the study file permits in any number.
        """
        faults = []
        for drop in self.dropped:
            always = 2 if drop.reason == "duplicate_conflicting" else 1  # a contradiction takes two rows
            is_copy = drop.reason == "duplicate"
            if drop.kind != "fault" or is_copy or drop.reason in allow:
                continue
            if drop.count <= max(always, max_bad_rows * self.n_in):
                continue
            share = 100 * drop.count / self.n_in
            lines = ", ".join(map(str, drop.lines[:5]))
            value = f", value {drop.examples[0]!r}" if drop.examples and drop.examples[0] else ""
            shown = f" (first at line {lines}{value})" if lines else ""
            hint = f'Look at these lines; if they may be dropped, add "{drop.reason}" to `allow` under [ingest]'
            if drop.count > self.n_in / 2:
                hint = "Most rows have it, so the file is probably not what it is declared to be"
            faults.append(
                Fault(
                    code=drop.reason,
                    where=self.subject,
                    found=f"{drop.count} of {self.n_in} rows ({share:.1f} %) have the fault '{drop.reason}'{shown}",
                    expected=f"at most {100 * max_bad_rows:g} % of rows with one fault",
                    hint=hint,
                )
            )
        return tuple(faults)


@dataclass(slots=True)
class _Entry:
    """What a ledger holds of one reason: how many rows, and the first of them."""

    kind: DropKind
    count: int = 0
    shown: list[tuple[int, str, str]] = field(default_factory=list)


class RowLedger:
    """Collects dropped rows while a table is being filtered, at once or piece by piece.

    Parameters
    ----------
    subject, step : str
        As in :class:`RowReport`.
    n_in : int
        Rows before the first filter; :meth:`receive` adds further pieces.
    """

    def __init__(self, subject: str, step: str, n_in: int = 0) -> None:
        self.subject = subject
        self.step = step
        self.n_in = n_in
        self._dropped: dict[tuple[str, DropKind], _Entry] = {}
        self._notes: dict[str, int] = {}

    def receive(self, n_rows: int) -> None:
        """Count the rows of a further piece of the table."""
        self.n_in += n_rows

    def drop(
        self,
        reason: str,
        count: int,
        *,
        lines: list[int] | None = None,
        examples: list[str] | None = None,
        kind: DropKind = "fault",
        columns: list[str] | None = None,
    ) -> None:
        """Record ``count`` rows dropped for ``reason``; zero rows are not recorded.

        The same reason again adds up; of all lines the first 20 are kept.
        """
        if not count:
            return
        entry = self._dropped.setdefault((reason, kind), _Entry(kind))
        entry.count += count
        numbers = (lines or [])[:MAX_LINES]
        blank = [""] * len(numbers)
        entry.shown += zip(numbers, [*(examples or []), *blank], [*(columns or []), *blank], strict=False)
        entry.shown.sort(key=lambda place: place[0])
        del entry.shown[MAX_LINES:]

    def note(self, name: str, count: int) -> None:
        """Record that ``count`` kept rows share a property; zero rows are not recorded."""
        if count:
            self._notes[name] = self._notes.get(name, 0) + count

    def absorb(self, other: RowLedger) -> None:
        """Add what another ledger collected from a further piece of the same table."""
        self.receive(other.n_in)
        for (reason, kind), entry in other._dropped.items():
            mine = self._dropped.setdefault((reason, kind), _Entry(kind))
            mine.count += entry.count
            mine.shown = sorted([*mine.shown, *entry.shown], key=lambda place: place[0])[:MAX_LINES]
        for name, count in other._notes.items():
            self.note(name, count)

    def enter(self, part: RowReport) -> None:
        """Take up the losses and notes of a part of this step that kept an account of its own."""
        for drop in part.dropped:
            self.drop(drop.reason, drop.count, lines=list(drop.lines), examples=list(drop.examples), kind=drop.kind)
        for name, count in part.notes:
            self.note(name, count)

    def close(self, n_kept: int) -> RowReport:
        """Return the finished report; raises AssertionError if a row is unaccounted for."""
        dropped = tuple(
            DroppedRows(
                reason,
                entry.count,
                tuple(line for line, _, _ in entry.shown),
                tuple(text for _, text, _ in entry.shown),
                kind,
                tuple(column for _, _, column in entry.shown) if any(c for _, _, c in entry.shown) else (),
            )
            for (reason, kind), entry in self._dropped.items()
        )
        return RowReport(self.subject, self.step, self.n_in, n_kept, dropped, tuple(self._notes.items()))
