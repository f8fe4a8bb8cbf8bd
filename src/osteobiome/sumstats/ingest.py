"""From a file to a checked, oriented, sorted table: chunk by chunk, so that memory does not grow with the file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.core.findings import fault_of
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.schema import validate
from osteobiome.core.text import count
from osteobiome.core.threads import in_order
from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.store import write_frames
from osteobiome.sumstats.comparison import MarkerComparison
from osteobiome.sumstats.effects import FROM, with_effects
from osteobiome.sumstats.formats.applying import our_columns
from osteobiome.sumstats.formats.generic import assumed_effect_allele
from osteobiome.sumstats.identity import CLASS_INDEL, FROM_KEY, orient, turned_back, with_identity, with_variant_key
from osteobiome.sumstats.liftover import lift
from osteobiome.sumstats.options import IngestOptions
from osteobiome.sumstats.parsing import parsed
from osteobiome.sumstats.qc.checks import finding
from osteobiome.sumstats.qc.duplicates import drop_duplicates
from osteobiome.sumstats.qc.reference import comparison_findings
from osteobiome.sumstats.qc.rows import author_excluded, is_true, not_tested, p_tells_no_error, row_checks, split
from osteobiome.sumstats.qc.whole import WholeFile, places
from osteobiome.sumstats.reference import chromosome_lengths
from osteobiome.sumstats.resolving import resolve_columns, unused_columns
from osteobiome.sumstats.spool import OutOfOrderError, Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osteobiome.core.findings import Example, Finding
    from osteobiome.sumstats.formats.registry import Columns, Format
    from osteobiome.sumstats.reading import Piece, TextTable
    from osteobiome.sumstats.spool import Bucket
    from osteobiome.sumstats.stated import Stated

THREADS = 2
_PREVIEW_BYTES = 1_000_000
_ROW_BYTES, _PACKED = 70.0, 3.0
"""Text of a row, and how much smaller it is packed: about what files of large studies have."""
P_GAP, P_GAP_SHARE = 1.0, 0.2
"""A printed p and that of beta / se may differ by one plus a fifth on the scale of minus log10: printed numbers are
rounded, and some programs print p of another test. Our choice: it only decides about a note, never about a row."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one chunk became."""

    raw: pl.DataFrame
    typed: pl.DataFrame
    keyed: pl.DataFrame
    ledger: RowLedger
    counted: dict[str, tuple[int, tuple[Example, ...]]]
    traits: frozenset[str]


class Ingest:
    """One pass over one file.

    Parameters
    ----------
    table : TextTable
        Opened file.
    fmt : Format
        What its columns mean.
    trait_id : str
        Name for the row report.
    options : IngestOptions
        How to read. A build that is not declared there is taken from what the file says about itself.
    stated : Stated
        What the file says about itself.

    Raises
    ------
    SchemaError
        The file lacks a column that is needed.
    """

    def __init__(self, table: TextTable, *, fmt: Format, trait_id: str, options: IngestOptions, stated: Stated) -> None:
        self._table = table
        self.fmt = fmt
        self._declared_build = options.genome_build
        options = replace(options, genome_build=options.genome_build or stated.genome_build)
        self.options = options
        self.stated = stated
        provided = options.variant_map.provides if options.variant_map is not None else frozenset[str]()
        self.found: Columns = resolve_columns(
            table.header, fmt, side=options.side, where=str(table.path), provided=provided
        )
        self._trait_id = trait_id
        self._lengths = chromosome_lengths(self.options.genome_build) if self.options.genome_build else None
        self._begin()

    def _begin(self) -> None:
        """Forget what was read."""
        self.ledger = RowLedger(self._trait_id, "ingest")
        self.whole = WholeFile(self.found)
        self.comparison = MarkerComparison(self.options.reference) if self.options.compare else None
        self._traits: set[str] = set()
        self._found: list[Finding] | None = None
        self.n_kept = 0
        self.n_placed = 0

    def store(self, path: Path, *, max_bad_rows: float, allow: frozenset[str] = frozenset()) -> None:
        """Read the file and write its rows as Parquet, sorted by key.

        A file that is sorted along the genome is written while it is read. If one only seemed to be, it is read again.

        Parameters
        ----------
        path : pathlib.Path
            File to write, in a folder that is not final yet; rows wait beside it if they must.
        max_bad_rows, allow
            As in :meth:`checked_frames`.

        Raises
        ------
        InputFileError
            As :meth:`checked_frames`; the file that was written is then to be thrown away.
        """
        for hopeful in (True, False):
            self._begin()
            frames = self.checked_frames(
                max_bad_rows=max_bad_rows, allow=allow, spool_folder=path.parent, hopeful=hopeful
            )
            try:
                write_frames(frames, path, schema="variants")
            except OutOfOrderError:
                continue
            return

    def sorted_frames(self, *, spool_folder: Path | None = None, hopeful: bool = False) -> Iterator[pl.DataFrame]:
        """Read the file and give back its rows, oriented and sorted by key, without duplicates.

        Row report and findings are complete once the last frame was taken.

        Parameters
        ----------
        spool_folder : pathlib.Path, optional
            Where rows wait on disk when they do not fit into memory.
        hopeful : bool
            Give rows back as soon as the file seems to have passed them.

        Raises
        ------
        OutOfOrderError
            Hope was in vain; see :meth:`store`.
        """
        with Spool(spool_folder, key="variant_key", n_rows=self._about_rows()) as spool:
            buckets = self._buckets(spool, hopeful=hopeful)
            yield from map(self._taken, in_order(self._finished, buckets, threads=THREADS))

    def _about_rows(self) -> float:
        """Return about how many rows the file has, from its size."""
        packed = 1.0 if self._table.container == "plain" else _PACKED
        return packed * self._table.path.stat().st_size / _ROW_BYTES

    def _buckets(self, spool: Spool, *, hopeful: bool) -> Iterator[Bucket]:
        """Read the file into a spool, and give back its buckets in the order of the genome."""
        with closing(self._table.pieces(n_bytes=self.options.chunk_bytes)) as texts:
            for piece in in_order(self._piece, texts, threads=THREADS):
                self._collect(piece)
                spool.add(piece.keyed)
                if hopeful:
                    yield from spool.passed()
        self._need_rows()
        yield from spool.buckets()

    def _taken(self, finished: tuple[pl.DataFrame, RowLedger]) -> pl.DataFrame:
        """Count the rows of a finished bucket on their way out."""
        frame, ledger = finished
        self.ledger.absorb(ledger)
        self.n_kept += frame.height
        self.n_placed += frame.height - frame["position"].null_count()
        return frame

    def checked_frames(
        self,
        *,
        max_bad_rows: float,
        allow: frozenset[str] = frozenset(),
        spool_folder: Path | None = None,
        hopeful: bool = False,
    ) -> Iterator[pl.DataFrame]:
        """Give back the rows as :meth:`sorted_frames` does, and raise after the last one if the file is not to be used.

        Parameters
        ----------
        max_bad_rows : float
            Share of rows that one fault may take.
        allow : frozenset of str
            Faults that may take any share, and whole-file faults that are known and accepted.
        spool_folder, hopeful
            As in :meth:`sorted_frames`.

        Raises
        ------
        InputFileError
            One fault took too many rows, or the whole file is not what it is declared to be.
        """
        yield from self.sorted_frames(spool_folder=spool_folder, hopeful=hopeful)
        self.raise_if_unusable(max_bad_rows=max_bad_rows, allow=allow)

    def raise_if_unusable(self, *, max_bad_rows: float, allow: frozenset[str] = frozenset()) -> None:
        """Raise if one fault took too many rows, or the whole file is not what it is declared to be.

        Parameters
        ----------
        max_bad_rows, allow
            As in :meth:`checked_frames`.

        Raises
        ------
        InputFileError
            With every such fault.
        """
        where = str(self._table.path)
        rows = self.report()
        faults = list(rows.excess(max_bad_rows=max_bad_rows, allow=allow))
        if rows.n_in and not rows.n_kept and "all_rows_dropped" not in allow:
            nothing = finding("all_rows_dropped", rows.n_in, f"not one of {count(rows.n_in, 'row')} was kept")
            faults.append(fault_of(nothing, where=where))
        faults += [
            fault_of(found, where=where)
            for found in self.findings()
            if found.severity == "fatal" and found.id not in allow
        ]
        if faults:
            raise InputFileError(*faults)

    def preview(self, n_rows: int) -> pl.DataFrame:
        """Return the first good rows as they are understood, in the order of the file, without reading on.

        Parameters
        ----------
        n_rows : int
            Rows wanted.

        Returns
        -------
        polars.DataFrame
            Alleles and effects as in the file, not turned.
        """
        for lines in self._table.pieces(n_bytes=_PREVIEW_BYTES):
            piece = self._piece(lines)
            self._collect(piece)
            if self.options.trait is None or piece.typed.height:
                return piece.typed.head(n_rows)
        self._need_rows()
        return pl.DataFrame()

    def report(self) -> RowReport:
        """Return the row report; call it after the last frame."""
        rows = self.ledger.close(self.n_kept)
        # in which chunk a reason came up first must not show
        dropped = sorted(rows.dropped, key=lambda drop: (drop.lines[:1], drop.reason))
        return replace(rows, dropped=tuple(dropped), notes=tuple(sorted(rows.notes)))

    def findings(self) -> list[Finding]:
        """Return what reading and whole-file checks found; call it after the last frame."""
        if self._found is not None:
            return self._found
        stated = self.stated.findings(declared_build=self._declared_build)
        found = [
            *self._table.findings,
            *stated,
            *self._assumed(),
            *self._unused(),
            *self.whole.findings(n_kept=self.n_kept),
        ]
        if self.comparison is not None:
            found += comparison_findings(
                self.comparison.result(), declared_build=self.options.genome_build, ancestry=self.options.ancestry
            )
        self._found = self._sensible(found)
        return self._found

    def _sensible(self, found: list[Finding]) -> list[Finding]:
        """Leave out doubts that another finding settles, and those that the role of the trait makes pointless."""
        names = {one.id for one in found}
        settled = {"eaf_is_maf"} if "frequencies_agree" in names else set()
        kept = [one for one in found if one.id not in settled]
        if self.options.side == "exposure":  # a list of instruments is no whole GWAS, and need not be
            kept = [
                finding("selected_rows", one.count, one.found) if one.id == "only_significant_rows" else one
                for one in kept
            ]
        return kept

    def _assumed(self) -> list[Finding]:
        """Say so if the effect allele rests on a convention only."""
        column = assumed_effect_allele(self._table.header) if self.fmt.name == "generic" else ""
        if not column:
            return []
        return [finding("effect_allele_assumed", 1, f"column '{column}' is taken as the effect allele by convention")]

    def _unused(self) -> list[Finding]:
        """Name the columns that nothing is taken from."""
        names = unused_columns(self._table.header, self.found)
        if not names:
            return []
        return [finding("unused_columns", len(names), f"columns that are not used: {', '.join(names[:12])}")]

    def inferred_build(self) -> str:
        """Return the build that the positions show; empty if they do not."""
        return self.comparison.result().build.build if self.comparison is not None else ""

    @property
    def genome_build(self) -> str:
        """Build of the positions in the result; empty if there are none."""
        if not self.n_placed:
            return ""
        return self.options.lift_to or self.options.genome_build or self.inferred_build()

    def _piece(self, lines: Piece) -> _Piece:
        """Turn some lines of text into checked, oriented rows; runs in a thread and changes nothing of this object."""
        text = our_columns(self._table.parsed(lines), self.fmt, self.found)
        text, traits = self._of_trait(text)
        ledger = RowLedger(self.ledger.subject, "ingest", text.height)
        raw = parsed(text)
        if self.options.variant_map is not None:
            raw = self._filled(raw, ledger)
        raw = self._of_rule(with_effects(raw), ledger)
        kept = split(raw, row_checks(frozenset(raw.columns), names=self.found, lengths=self._lengths), ledger)
        kept = self._left_out(kept, ledger)
        typed, counted = self._typed(kept, ledger)
        keyed = typed
        if self.options.lift_to and self.options.lift_to != self.options.genome_build:
            keyed, _ = lift(typed, source=self.options.genome_build, target=self.options.lift_to, ledger=ledger)
        keyed = with_variant_key(orient(keyed, remember=self.options.as_in_file)).drop(FROM_KEY, strict=False)
        return _Piece(raw, typed, keyed, ledger, counted, traits)

    def _of_trait(self, text: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
        """Return the rows of the trait that was asked for, and the names of all traits."""
        if "_trait" not in text.columns:
            if self.options.trait is not None:
                found = f"no column that says which trait a row belongs to, so not '{self.options.trait}'"
                raise InputFileError(Fault("no_such_trait", str(self._table.path), found, "a table of several traits"))
            return text, frozenset()
        names = frozenset(text["_trait"].drop_nulls().unique().to_list())
        if self.options.trait is not None:
            text = text.filter(pl.col("_trait") == self.options.trait)
        return text, names

    def _filled(self, raw: pl.DataFrame, ledger: RowLedger) -> pl.DataFrame:
        """Fill what the file lacks from the map of variants."""
        lacking = {
            name: pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in (("effect_allele", pl.String), ("other_allele", pl.String), ("eaf", pl.Float64))
            if name not in raw.columns
        }
        texts = [pl.lit(None, dtype=pl.String).alias(f"{name}__text") for name in lacking]
        if self.options.variant_map is None:
            return raw
        filled, _ = self.options.variant_map.fill(raw.with_columns(*lacking.values(), *texts), ledger=ledger)
        return filled

    def _of_rule(self, raw: pl.DataFrame, ledger: RowLedger) -> pl.DataFrame:
        """Drop rows that a rule of the format leaves out; what else is wrong with them does not matter."""
        if "_drop" in raw.columns:
            reasons = raw["_drop"].drop_nulls().unique().sort().to_list()
            rules = [(str(name), pl.col("_drop") == name, "rsid") for name in reasons]
            raw = split(raw, rules, ledger, kind="policy") if rules else raw
        silent = [
            ("not_tested", not_tested(raw.columns), "rsid"),
            ("no_se_from_p_value", p_tells_no_error(raw.columns), "p_value__text"),
        ]
        return split(raw, silent, ledger, kind="policy")

    def _left_out(self, kept: pl.DataFrame, ledger: RowLedger) -> pl.DataFrame:
        """Drop good rows that the authors marked as not to be used."""
        if "keep" in self.found:
            kept = split(kept, [("excluded_by_authors", author_excluded(), "rsid")], ledger, kind="policy")
        if "proxy" in self.found:
            ledger.note("proxy_in_place_of_variant", kept.filter(is_true("proxy")).height)
        return kept

    def _typed(
        self, kept: pl.DataFrame, ledger: RowLedger
    ) -> tuple[pl.DataFrame, dict[str, tuple[int, tuple[Example, ...]]]]:
        """Return good rows with the columns of the store that do not depend on orientation."""
        for name in FROM:
            if name in kept.columns:
                ledger.note(name, int(kept[name].sum()))
        with np.errstate(over="ignore"):  # an absurd effect ends as a status of the estimate
            from_z = neg_log10_p_normal(kept["beta_"].to_numpy() / kept["se_"].to_numpy())
        logs = [name for name in ("neg_log_10_p_value", "p") if name in kept.columns]
        printed = kept.select(pl.coalesce(logs)).to_series().fill_null(np.nan).to_numpy() if logs else from_z * np.nan
        derived = ~np.isfinite(printed)
        is_zero = np.isposinf(printed)
        ledger.note("p_value_printed_as_0", int(is_zero.sum()))
        ledger.note("p_value_from_beta_and_se", int(derived.sum()))
        # a standard error computed from p cannot contradict it
        with np.errstate(invalid="ignore"):  # both infinite: a p of 0 beside an absurd effect
            doubtful = np.abs(printed - from_z) > P_GAP + P_GAP_SHARE * np.maximum(printed, from_z)
        doubtful |= np.isposinf(from_z)
        doubtful &= ~derived & ~kept["is_se_derived"].to_numpy()
        ledger.note("p_value_contradicts_beta_and_se", int(doubtful.sum()))
        counted = {}
        for name, where in (("p_value_contradicts_beta_and_se", doubtful), ("p_value_printed_as_0", is_zero)):
            if where.any():
                source = "p_value__text" if "p_value__text" in kept.columns else f"{logs[0]}__text"
                shown = self.found.get(source.removesuffix("__text"), source)
                counted[name] = places(kept, pl.lit(pl.Series(where)), column=source, shown=shown)
        nothing = pl.lit(None, dtype=pl.Float64)
        typed = kept.select(
            "rsid", "chromosome", "position", "effect_allele", "other_allele",
            pl.col("beta_").alias("beta"), pl.col("se_").alias("se"),
            *[(pl.col(name) if name in kept.columns else nothing.alias(name)) for name in ("eaf", "n")],
            pl.Series("neg_log_10_p_value", np.where(derived, from_z, printed)),
            "is_beta_derived", "is_se_derived", pl.Series("is_p_derived", derived), pl.col("__line__").alias("line"),
        )  # fmt: skip
        return typed, counted

    def _collect(self, piece: _Piece) -> None:
        self.ledger.absorb(piece.ledger)
        self.whole.add(piece.raw)
        for name, found in piece.counted.items():
            self.whole.count(name, found)
        if self.comparison is not None:
            self.comparison.add(piece.typed)
        self._traits |= piece.traits
        if len(self._traits) > 1 and self.options.trait is None:
            raise InputFileError(
                Fault("several_traits", str(self._table.path), f"rows of {self._some_traits()}", "one trait",
                      "Name the one to be read: --trait, or trait_in_file in the trait table")
            )  # fmt: skip

    def _some_traits(self) -> str:
        names = sorted(self._traits)
        return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")

    def _need_rows(self) -> None:
        """Raise if the file has no row, or none of the trait that was asked for."""
        if self.ledger.n_in:
            return
        where = str(self._table.path)
        if self.options.trait is not None:
            raise InputFileError(
                Fault("no_such_trait", where, f"no row of trait '{self.options.trait}'",
                      f"one of {self._some_traits()}", "Name one that the table has")
            )  # fmt: skip
        raise InputFileError(Fault("no_rows", where, "no rows below the header", "a header and rows"))

    def _finished(self, bucket: Bucket) -> tuple[pl.DataFrame, RowLedger]:
        """Return the rows of a bucket sorted and without copies, with what a reader should know about them."""
        ledger = RowLedger(self.ledger.subject, "ingest")
        kept = drop_duplicates(with_identity(bucket.sorted()), ledger)
        is_placed = kept["position"].is_not_null()
        ledger.note("identified_by_rsid_only", int((~is_placed).sum()))
        ledger.note("palindromic", int(kept["is_palindromic"].sum()))
        ledger.note("eaf_missing", kept["eaf"].null_count())
        ledger.note("indel_matched_exactly", int((kept["allele_class"] == CLASS_INDEL).sum()))
        # rows of one place follow each other, and all of them are in one bucket
        same = ((pl.col("position").diff() == 0) & (pl.col("chromosome").diff() == 0)).fill_null(value=False)
        begins = same & ~same.shift(1, fill_value=False)
        ledger.note("multi_allelic_sites", int(kept.filter(is_placed).select(begins.sum()).item() or 0))
        kept = turned_back(kept) if self.options.as_in_file else kept
        return validate(kept, "variants"), ledger
