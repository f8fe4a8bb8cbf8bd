"""Whether a file's positions, strand and frequencies agree with variants that are known.

The file is seen chunk by chunk; of each chunk only the rows are kept that share an rsID or a position with a marker.
That frequencies show whether the effect allele column is what it says is the idea of CheckSumStats (Haycock et al.
2023, doi:10.1093/ije/dyad018). Nothing here changes a row; the numbers are for the checks to speak about.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from osteobiome.core.findings import MAX_EXAMPLES, Example
from osteobiome.sumstats.marker_rows import (
    COLUMNS,
    FLIPPED,
    FORWARD,
    INCOMPATIBLE,
    KEYS,
    PLACE,
    Alignment,
    Met,
    met_markers,
    usable_markers,
)
from osteobiome.sumstats.reference import BUILDS, MARKER_ANCESTRY, markers

if TYPE_CHECKING:
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.int64]

MIN_BUILD_ROWS = 20
"""Rows needed to tell the build; our choice. By chance an unrelated position agrees in fewer than 1 of 300 rows, the
density of variants in files of eight million rows, so 20 that agree are no accident."""
BUILD_SHARE = 0.9
"""Share of rows that has to agree with one build; our choice. Merged rsIDs and single slips stay below a tenth."""
MIN_STRAND_ROWS = 20
"""Non-palindromic rows needed to judge the strand; our choice."""
STRAND_SHARE = 0.99
"""Share of rows on one strand from which a file counts as being on it; rule of design: a file that mixes strands has
far more than 1 % of the lesser one, and single wrong alleles have less."""
MIN_FREQUENCY_ROWS = 50
"""Rows needed to judge frequencies; our choice: a correlation of 50 unrelated pairs has a standard error of 0.14."""
AGREE_CORRELATION = 0.9
"""Correlation from which frequencies agree; our choice. Of the samples of 1000 Genomes and HapMap 3, Europeans reached
0.95 or more with the bundled markers, even with 88 people, South and East Asians and Africans at most 0.87. People who
are partly European, such as Puerto Ricans (0.95), do not stand out."""
OPPOSITE_CORRELATION = -0.5
"""Correlation up to which the frequency is that of the other allele; our choice. Variants that were not picked for
differing between populations correlate positively in all of them. A swapped file of another ancestry may lie between
-0.5 and 0 and is not recognised."""
MIN_OPPOSITE_ROWS, CLEARLY_OPPOSITE = 20, -0.8
"""With fewer rows than 50, but at least 20, only a correlation that no accident gives says opposite; our choice."""
LARGE_DIFFERENCE = 0.2
"""Difference of frequencies that is counted as large; customary in imputation and meta-analysis checks."""
CLEAR_OF_HALF = 0.1
"""Only markers further than this from one half say which allele is the minor one; our choice."""
BuildStatus = Literal["estimated", "too_few", "neither", "mixed"]
StrandVerdict = Literal["forward", "reverse", "mixed", "not_estimable"]
FrequencyVerdict = Literal["agree", "opposite", "other_ancestry_or_mixed", "not_estimable"]


@dataclass(frozen=True, slots=True)
class BuildEvidence:
    """On which build the positions are.

    Parameters
    ----------
    build : str
        ``GRCh37``, ``GRCh38`` or empty.
    status : {"estimated", "too_few", "neither", "mixed"}
        Why ``build`` is what it is.
    basis : {"rsid", "position", ""}
        What told the build: rows whose rsID is a marker, or, for want of those, rows at a marker's position.
    n_rsid : int
        Rows whose rsID is a marker and that have a position.
    n_rsid_grch37, n_rsid_grch38, n_rsid_neither : int
        Of these, rows at the marker's position on one build only, and on neither. Rows that agree with both say
        nothing.
    n_at_grch37, n_at_grch38 : int
        Rows without a marker's rsID at the position of a marker, read on each build; alleles of one letter only.
    n_at_grch37_compatible, n_at_grch38_compatible : int
        Of these, rows with the marker's alleles. On the right build nearly all have them, by chance about half.
    n_markers : int
        Markers that could have been met.
    n_rsid_one_below : int
        Of ``n_rsid_neither``, rows one base pair before the marker on a build, as positions that count from 0.
    """

    build: str
    status: BuildStatus
    basis: Literal["rsid", "position", ""]
    n_rsid: int
    n_rsid_grch37: int
    n_rsid_grch38: int
    n_rsid_neither: int
    n_at_grch37: int
    n_at_grch38: int
    n_at_grch37_compatible: int
    n_at_grch38_compatible: int
    n_markers: int
    n_rsid_one_below: int = 0


@dataclass(frozen=True, slots=True)
class StrandEvidence:
    """On which strand the alleles are; palindromic markers are left out.

    Parameters
    ----------
    verdict : {"forward", "reverse", "mixed", "not_estimable"}
        Judged on rows that are compatible.
    n_forward, n_flipped, n_incompatible : int
        Rows with the marker's alleles, with their complements, and with neither.
    """

    verdict: StrandVerdict
    n_forward: int
    n_flipped: int
    n_incompatible: int

    @property
    def n_rows(self) -> int:
        """Rows looked at."""
        return self.n_forward + self.n_flipped + self.n_incompatible

    def share(self, kind: Literal["forward", "flipped", "incompatible"]) -> float | None:
        """Return the share of one kind among the rows looked at; None if there are none."""
        count = {"forward": self.n_forward, "flipped": self.n_flipped, "incompatible": self.n_incompatible}[kind]
        return count / self.n_rows if self.n_rows else None


@dataclass(frozen=True, slots=True)
class FrequencyEvidence:
    """Whether frequencies are those of the effect allele, in people like the reference's.

    Parameters
    ----------
    verdict : {"agree", "opposite", "other_ancestry_or_mixed", "not_estimable"}
        What the correlation says.
    n : int
        Rows with a frequency whose alleles could be brought to the marker's.
    correlation : float or None
        Of the file's and the reference's frequencies of one allele, the one first in the alphabet; None if it does not
        exist.
    mean_absolute_difference, share_large_difference : float or None
        Mean difference; share of rows that differ by more than 0.2.
    share_opposite : float or None
        Share on the other side of one half, among ``n_clear`` rows whose marker is further than 0.1 from one half.
    n_clear : int
        See above.
    share_at_most_half : float or None
        Share of rows whose frequency, as it stands in the file, is at most one half; 1 suggests that the column holds
        the frequency of the minor allele.
    ancestry : str
        Whose frequencies they were compared with.
    """

    verdict: FrequencyVerdict
    n: int
    correlation: float | None
    mean_absolute_difference: float | None
    share_large_difference: float | None
    share_opposite: float | None
    n_clear: int
    share_at_most_half: float | None
    ancestry: str


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What the markers say about a file.

    Parameters
    ----------
    n_rows : int
        Rows of the file.
    n_met : int
        Rows that share an rsID or a position with a marker.
    build, strand, frequency : BuildEvidence, StrandEvidence, FrequencyEvidence
        The three comparisons.
    examples : dict of str to tuple of Example
        Up to 20 rows for ``other_build``, ``neither_build``, ``flipped``, ``incompatible``, ``large_difference`` and
        ``opposite``; kinds without rows are absent.
    """

    n_rows: int
    n_met: int
    build: BuildEvidence
    strand: StrandEvidence
    frequency: FrequencyEvidence
    examples: dict[str, tuple[Example, ...]]


class MarkerComparison:
    """Collects the rows of a file that meet a marker, and compares them at the end.

    Parameters
    ----------
    reference : polars.DataFrame, optional
        Markers of the user in place of the bundled ones, with the columns of
        :func:`osteobiome.sumstats.reference.markers`; a position may be null on the build that is not known.
    ancestry : str
        Whose frequencies the reference holds; that of the bundled markers if there is no reference.

    Raises
    ------
    SchemaError
        If the reference lacks a column.
    """

    def __init__(self, reference: pl.DataFrame | None = None, *, ancestry: str = "") -> None:
        self._markers, self._places, self._names = _bundled() if reference is None else _sought(reference)
        self._ancestry = MARKER_ANCESTRY if reference is None else ancestry
        self._n_rows = 0
        self._result: ComparisonResult | None = None
        self._met: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Look at one chunk.

        Parameters
        ----------
        frame : polars.DataFrame, shape (n_rows, n_columns)
            Columns rsid, chromosome, position, effect_allele, other_allele (upper-case, as in the file), eaf and line;
            any cell may be null, further columns are ignored. It is to be given before effects are oriented.
        """
        self._n_rows += frame.height
        self._result = None
        table = frame.lazy().select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())
        meets = PLACE.is_in(self._places) | pl.col("rsid").is_in(self._names)
        rows = table.filter(meets.fill_null(value=False)).collect()
        if rows.height:
            self._met.append(rows)

    def result(self) -> ComparisonResult:
        """Return what the rows seen so far say."""
        if self._result is None:
            self._result = self._compared() if self._met else self._nothing()
        return self._result

    def _nothing(self) -> ComparisonResult:
        """Return what can be said of a file that meets no marker."""
        build = BuildEvidence("", "too_few", "", 0, 0, 0, 0, 0, 0, 0, 0, self._markers.height)
        frequency = FrequencyEvidence("not_estimable", 0, None, None, None, None, 0, None, self._ancestry)
        return ComparisonResult(self._n_rows, 0, build, StrandEvidence("not_estimable", 0, 0, 0), frequency, {})

    def _compared(self) -> ComparisonResult:
        rows = pl.concat(self._met)
        met = met_markers(rows, self._markers)
        build = _build(met)
        sides = Alignment.of(met, _marker_by_build(met, build.build))
        strand = _strand(sides)
        frequency, freq_examples = _frequency(sides, strand.verdict, self._ancestry)
        examples = _build_examples(met, build.build) | _allele_examples(sides) | freq_examples
        kept = {kind: shown for kind, shown in examples.items() if shown}
        return ComparisonResult(self._n_rows, rows.height, build, strand, frequency, kept)


def _sought(reference: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Return usable markers, and the places and names by which rows meet them."""
    table = usable_markers(reference)
    places = pl.concat([table[key].alias("place") for key in KEYS[1:]]).drop_nulls().unique().implode()
    names = table["rsid"].drop_nulls()
    return table, places, pl.concat([names, names.str.to_uppercase()]).unique().implode()


@lru_cache(maxsize=1)
def _bundled() -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    return _sought(markers())


def _build(met: Met) -> BuildEvidence:
    """Tell the build from rows whose name is a marker, or else from rows at a marker's position."""
    on = [met.at(build) for build in BUILDS]
    named = (met.by_name >= 0) & met.has_place
    agree = [int((on[0] & ~on[1]).sum()), int((on[1] & ~on[0]).sum())]
    is_elsewhere = named & ~on[0] & ~on[1]
    neither = int(is_elsewhere.sum())
    index = [np.where(met.is_unnamed_letter, met.by_place[build], -1) for build in BUILDS]
    n_at = [int((which >= 0).sum()) for which in index]
    n_fit = [int((np.abs(Alignment.of(met, which).strand) == FORWARD).sum()) for which in index]
    basis: Literal["rsid", "position", ""] = ""
    build: str = ""
    status: BuildStatus = "too_few"
    if sum(agree) + neither >= MIN_BUILD_ROWS:
        basis, best = "rsid", int(np.argmax(agree))
        if agree[best] >= BUILD_SHARE * (sum(agree) + neither):
            build, status = BUILDS[best], "estimated"
        else:
            status = "neither" if neither > sum(agree) else "mixed"
    elif max(n_fit) >= MIN_BUILD_ROWS:
        basis, best = "position", int(np.argmax(n_fit))
        # by chance the alleles at a marker's position fit about every second time
        if n_fit[best] < BUILD_SHARE * n_at[best]:
            status = "neither"
        elif n_fit[best] >= BUILD_SHARE * sum(n_fit):
            build, status = BUILDS[best], "estimated"
        else:
            status = "mixed"
    return BuildEvidence(
        build,
        status,
        basis,
        n_rsid=int(named.sum()),
        n_rsid_grch37=agree[0],
        n_rsid_grch38=agree[1],
        n_rsid_neither=neither,
        n_at_grch37=n_at[0],
        n_at_grch38=n_at[1],
        n_at_grch37_compatible=n_fit[0],
        n_at_grch38_compatible=n_fit[1],
        n_markers=met.markers.height,
        n_rsid_one_below=int((is_elsewhere & (met.at(BUILDS[0], offset=-1) | met.at(BUILDS[1], offset=-1))).sum()),
    )


def _marker_by_build(met: Met, build: str) -> Indices:
    """Return the marker of each row: by name, or else, for rows without rs number, by position on the build found."""
    if not build:
        return met.by_name
    return np.where((met.by_name < 0) & met.is_unnamed_letter, met.by_place[build], met.by_name)


def _strand(sides: Alignment) -> StrandEvidence:
    """Count rows on either strand, palindromic markers left out."""
    strand = sides.strand[~sides.is_palindromic]
    n_forward, n_flipped = int((strand == FORWARD).sum()), int((strand == FLIPPED).sum())
    n_fit = n_forward + n_flipped
    verdict: StrandVerdict = "mixed"
    if n_fit < MIN_STRAND_ROWS:
        verdict = "not_estimable"
    elif n_forward >= STRAND_SHARE * n_fit:
        verdict = "forward"
    elif n_flipped >= STRAND_SHARE * n_fit:
        verdict = "reverse"
    return StrandEvidence(verdict, n_forward, n_flipped, int((strand == INCOMPATIBLE).sum()))


def _frequency(
    sides: Alignment, strand: StrandVerdict, ancestry: str
) -> tuple[FrequencyEvidence, dict[str, tuple[Example, ...]]]:
    """Compare frequencies; a palindromic marker counts only where the whole file is on the forward strand."""
    eaf = sides.rows["eaf"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = sides.markers["frequency"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    use = np.isin(sides.strand, (FORWARD, FLIPPED)) & (eaf >= 0.0) & (eaf <= 1.0) & np.isfinite(known)
    if strand != "forward":
        use &= ~sides.is_palindromic
    found = np.where(sides.is_allele_1, eaf, 1.0 - eaf)
    is_large = use & (np.abs(found - known) > LARGE_DIFFERENCE)
    is_clear = use & (np.abs(known - 0.5) > CLEAR_OF_HALF)
    is_opposite = is_clear & ((found - 0.5) * (known - 0.5) < 0.0)
    n, n_clear = int(use.sum()), int(is_clear.sum())
    r = _correlation(found[use], known[use])
    verdict: FrequencyVerdict = "other_ancestry_or_mixed"
    if n < MIN_FREQUENCY_ROWS:
        is_clear_cut = n >= MIN_OPPOSITE_ROWS and r is not None and r <= CLEARLY_OPPOSITE
        verdict = "opposite" if is_clear_cut else "not_estimable"
    elif r is not None and r >= AGREE_CORRELATION:
        verdict = "agree"
    elif r is not None and r <= OPPOSITE_CORRELATION:
        verdict = "opposite"
    evidence = FrequencyEvidence(
        verdict,
        n,
        r,
        float(np.abs(found - known)[use].mean()) if n else None,
        float(is_large.sum() / n) if n else None,
        float(is_opposite.sum() / n_clear) if n_clear else None,
        n_clear,
        float((eaf[use] <= 0.5).mean()) if n else None,
        ancestry,
    )
    shown = {"large_difference": sides.examples(is_large, "eaf"), "opposite": sides.examples(is_opposite, "eaf")}
    return evidence, shown


def _correlation(x: Floats, y: Floats) -> float | None:
    """Return Pearson's correlation; None if one side does not vary or there are fewer than two pairs."""
    if x.size < 2 or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def _build_examples(met: Met, build: str) -> dict[str, tuple[Example, ...]]:
    """Return rows that stand elsewhere than their name says."""
    on: dict[str, Bools] = {name: met.at(name) for name in BUILDS}
    neither = (met.by_name >= 0) & met.has_place & ~on["GRCh37"] & ~on["GRCh38"]
    other = np.zeros_like(neither)
    if build:
        other = (on["GRCh37"] | on["GRCh38"]) & ~on[build]
    shown = {}
    for kind, chosen in (("other_build", other), ("neither_build", neither)):
        index = np.flatnonzero(chosen)[:MAX_EXAMPLES]
        shown[kind] = tuple(
            Example(
                row["line"],
                "position",
                f"{row['rsid']} {row['chromosome']}:{row['position']} against {marker['chromosome']}:"
                f"{marker['position_grch37']} (GRCh37) and {marker['position_grch38']} (GRCh38)",
            )
            for row, marker in zip(
                met.rows[index].iter_rows(named=True),
                met.markers[met.by_name[index]].iter_rows(named=True),
                strict=True,
            )
        )
    return shown


def _allele_examples(sides: Alignment) -> dict[str, tuple[Example, ...]]:
    """Return rows on the other strand and rows with other alleles."""
    return {
        "flipped": sides.examples((sides.strand == FLIPPED) & ~sides.is_palindromic, "effect_allele"),
        "incompatible": sides.examples(sides.strand == INCOMPATIBLE, "effect_allele"),
    }
