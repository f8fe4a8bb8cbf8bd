"""Does a panel fit a trait? Places, alleles, frequencies and calls are compared; each way not to fit has its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.findings import Finding
from osteobiome.core.registry import Registry
from osteobiome.ld.matching import ALLELE_MISMATCH, PanelIndex, PanelMatch, match_variants
from osteobiome.sumstats.identity import CLASS_INDEL

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from osteobiome.ld.panel import Panel

Verdict = Literal["fits", "flagged", "refused"]


@dataclass(frozen=True, slots=True)
class PanelCheck:
    """One way in which a panel may not fit.

    Parameters
    ----------
    id : str
        Stable name.
    hint : str
        What to do.
    """

    id: str
    hint: str


PANEL_CHECKS: Registry[PanelCheck] = Registry("panel check")
for _id, _hint in (
    ("panel_few_variants", "Use a panel with more variants, or of the chromosomes that the trait has"),
    ("panel_other_build", "Lift the trait or the panel over; positions of two builds meet by chance only"),
    ("panel_alleles_flipped", "Look which allele the panel counts and which one the frequency belongs to"),
    (
        "panel_other_ancestry",
        "Use a panel of the trait's ancestry; correlations of another one are those of other people",
    ),
    ("panel_frequencies_not_compared", "Without frequencies nobody can tell whether alleles and ancestry fit"),
    ("panel_monomorphic", "These variants have no correlation with any other; choose a larger panel"),
    ("panel_missing_calls", "Leave people or variants with many missing calls out, as with plink --geno and --mind"),
    ("panel_too_small_for_threshold", "Raise the r² threshold above 1/n, or use a panel of more people"),
):
    PANEL_CHECKS.add(_id, PanelCheck(_id, _hint))


@dataclass(frozen=True, slots=True)
class FitLimits:
    """Where a panel ceases to fit; measured on real data where nothing else is said.

    Parameters
    ----------
    n_needed : int
        Variants needed before frequencies, names or alleles are judged.
    correlation_refused : float
        Smallest correlation of frequencies with which a panel can be used.
    correlation_flagged : float
        Below it the panel is flagged.
    correlation_turned : float
        Below it alleles are taken to be the wrong way round.
    minor_correlation : float
        If frequencies of the rarer allele correlate more than this, a low correlation is due to turned alleles.
    same_place_refused, same_place_flagged : float
        Share of variants with one name that must lie at one place.
    agree_refused, agree_flagged : float
        Share of variants that meet by place or name whose alleles must be the same.
    found_flagged : float
        Share of the trait's variants that should be in the panel (our choice).
    monomorphic_refused, monomorphic_flagged : float
        Share of variants found without variation in the panel (our choice).
    missing_variant : float
        Share of people without a call above which a variant counts as badly called (our choice).
    missing_flagged : float
        Share of badly called variants (our choice).

    Notes
    -----
    Frequencies are compared at variants with a rarer allele above 5 % in the trait, as rare ones are rare everywhere.
    Correlation of UK Biobank frequencies with 489 Europeans of 1000 Genomes: 0.998 (42,706 variants), with 50 of them
    0.990; of 343 Europeans with HapMap 3 people from Utah 0.978 and Tuscany 0.953 (1,709 variants, 107 and 84 people);
    with Mexican 0.747, Gujarati 0.716, East Asian 0.51 to 0.73, African 0.50 to 0.62. So 0.85 stands between the
    nearest wrong and the farthest right one. Frequencies of the rarer allele correlate 0.90 to 0.99 in the right
    ancestry, whichever allele is counted, and at most 0.65 in a wrong one; 0.8 stands between them.
    """

    n_needed: int = 50
    correlation_refused: float = 0.85
    correlation_flagged: float = 0.95
    correlation_turned: float = -0.5
    minor_correlation: float = 0.8
    same_place_refused: float = 0.5
    same_place_flagged: float = 0.95
    agree_refused: float = 0.8
    agree_flagged: float = 0.97
    found_flagged: float = 0.5
    monomorphic_refused: float = 0.9
    monomorphic_flagged: float = 0.1
    missing_variant: float = 0.05
    missing_flagged: float = 0.05


LIMITS = FitLimits()
COMMON = 0.05
"""Frequency of the rarer allele, in the trait, from which a variant tells ancestries apart."""
MAX_VARIANTS = 200_000
"""Variants of the trait that are looked for, evenly spread over its rows."""
MAX_FREQUENCIES = 20_000
"""Variants whose genotypes are read; 10 MB for 503 people."""


@dataclass(frozen=True, slots=True)
class PanelFit:
    """How a panel fits a trait.

    Parameters
    ----------
    verdict : {"fits", "flagged", "refused"}
        ``refused``: a finding is fatal. ``flagged``: it can be used, but see the findings.
    findings : tuple of Finding
        What was found; a finding of small extent does not change the verdict.
    doubts : frozenset of str
        Names of the findings that do.
    n_variants : int
        Variants of the trait.
    n_looked_at : int
        Of these, how many were looked for.
    n_found : int
        Of these, how many have a row.
    n_allele_mismatch : int
        Of these, how many are in the panel with other alleles only.
    n_flipped : int
        Of those found, how many have the letters of the other strand.
    n_same_name, n_same_place : int
        Variants with a place whose name and alleles the panel has, too; those of them at the same place.
    n_compared : int
        Variants whose frequencies were compared.
    frequency_correlation : float
        Pearson correlation of the frequency of the same allele in trait and panel; NaN if too few can be compared.
    minor_frequency_correlation : float
        The same of the frequency of the rarer allele.
    n_read : int
        Variants whose genotypes were read.
    n_monomorphic : int
        Of these, how many have one allele only among the panel's people, or no call.
    n_badly_called : int
        Of these, how many lack more calls than the limit allows.
    share_missing : float
        Share of genotypes without a call.
    noise_floor : float
        1 / people of the panel.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    doubts: frozenset[str]
    n_variants: int
    n_looked_at: int
    n_found: int
    n_allele_mismatch: int
    n_flipped: int
    n_same_name: int
    n_same_place: int
    n_compared: int
    frequency_correlation: float
    minor_frequency_correlation: float
    n_read: int
    n_monomorphic: int
    n_badly_called: int
    share_missing: float
    noise_floor: float

    @property
    def share_found(self) -> float:
        """Share of the trait's variants that the panel has."""
        return _share(self.n_found, self.n_looked_at)

    @property
    def share_alleles_agree(self) -> float:
        """Share of the variants that meet by place or name whose alleles are the same; NaN if none meets."""
        return _share(self.n_found, self.n_found + self.n_allele_mismatch)

    @property
    def share_flipped(self) -> float:
        """Share of the variants found that have the letters of the other strand; NaN if none was found."""
        return _share(self.n_flipped, self.n_found)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else np.nan


@dataclass(frozen=True, slots=True)
class _Frequencies:
    """What the genotypes of some variants say."""

    n_read: int
    n_monomorphic: int
    n_badly_called: int
    share_missing: float
    n_compared: int
    correlation: float
    minor_correlation: float


def check_fit(
    frame: pl.DataFrame,
    panel: Panel,
    *,
    index: PanelIndex | None = None,
    genome_build: str = "",
    ancestry: str = "",
    trust_strand: bool = False,
    r2_threshold: float | None = None,
    limits: FitLimits = LIMITS,
) -> PanelFit:
    """Compare a panel with a trait.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns of schema ``variants``. Of more than 200,000 rows as many are looked at, evenly spread.
    panel : Panel
        Genotypes of up to 20,000 variants are read.
    index : PanelIndex, optional
        Of this panel, if several traits are asked for.
    genome_build, ancestry : str
        Of the trait, as declared; empty if unknown.
    trust_strand : bool
        As in :func:`osteobiome.ld.matching.match_variants`.
    r2_threshold : float, optional
        Threshold that is to be used with the panel.
    limits : FitLimits, optional
        Where a panel ceases to fit.

    Returns
    -------
    PanelFit
        Verdict, numbers and findings.

    Notes
    -----
    Frequencies tell what letters cannot: whether the counted allele is the one named (correlation near -1 if not), and
    whether the people are of one ancestry. A/T and C/G variants are left out of the comparison, as they may have been
    oriented by frequency; so are variants that do not vary in the panel, which are a finding of their own. With fewer
    than ``limits.n_needed`` variants nothing is said about frequencies. On another build variants meet by chance only,
    so alleles and frequencies are not judged then.
    """
    index = index or PanelIndex(panel.variants)
    looked = _spread(frame, MAX_VARIANTS)
    match = match_variants(looked, panel, index=index, trust_strand=trust_strand)
    n_same_name, n_same_place = _same_places(looked, panel, index)
    read = _read(looked, panel, match, limits=limits)
    n_mismatch = match.counts().get(ALLELE_MISMATCH, 0)
    n_found = int(match.is_found.sum())
    found = [
        *_about_places(n_found, looked.height, (n_same_name, n_same_place), limits),
        *_about_builds(genome_build, panel.genome_build),
    ]
    is_other_build = any(finding.id == "panel_other_build" and finding.severity == "fatal" for finding, _ in found)
    if not is_other_build:  # variants that meet by chance say nothing
        found += _about_alleles(n_found, n_mismatch, limits)
        found += _about_frequencies(read, limits, has_declared=bool(ancestry and panel.ancestry))
        found += _about_ancestries(ancestry, panel.ancestry)
    found += _about_calls(read, index, limits)
    if r2_threshold is not None and (floor := threshold_finding(panel, r2_threshold)):
        found.append((floor, True))
    is_fatal = any(finding.severity == "fatal" for finding, _ in found)
    return PanelFit(
        verdict="refused" if is_fatal else "flagged" if any(is_doubt for _, is_doubt in found) else "fits",
        findings=tuple(finding for finding, _ in found),
        doubts=frozenset(finding.id for finding, is_doubt in found if is_doubt or finding.severity == "fatal"),
        n_variants=frame.height,
        n_looked_at=looked.height,
        n_found=n_found,
        n_allele_mismatch=n_mismatch,
        n_flipped=int(match.is_flipped.sum()),
        n_same_name=n_same_name,
        n_same_place=n_same_place,
        n_compared=read.n_compared,
        frequency_correlation=read.correlation,
        minor_frequency_correlation=read.minor_correlation,
        n_read=read.n_read,
        n_monomorphic=read.n_monomorphic,
        n_badly_called=read.n_badly_called,
        share_missing=read.share_missing,
        noise_floor=panel.noise_floor,
    )


def _spread(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return at most so many rows, evenly spread."""
    return frame if frame.height <= most else frame[_evenly(frame.height, most)]


def _evenly(n: int, most: int) -> NDArray[np.int64]:
    return np.arange(n) if n <= most else np.arange(most, dtype=np.int64) * n // most


def _same_places(frame: pl.DataFrame, panel: Panel, index: PanelIndex) -> tuple[int, int]:
    """Return how many placed variants meet a placed row of their name, and how many of them lie at one place."""
    ours = frame.filter(frame["position"].is_not_null() & (frame["allele_class"] < CLASS_INDEL))
    row = index.places_of_names(ours)
    ours, row = ours[np.flatnonzero(row >= 0)], row[row >= 0]
    theirs = panel.variants[row]
    is_placed = theirs["position"].is_not_null() & theirs["chromosome"].is_not_null()
    same = (theirs["position"] == ours["position"]) & (theirs["chromosome"] == ours["chromosome"])
    return int(is_placed.sum()), int((same & is_placed).sum())


def _read(frame: pl.DataFrame, panel: Panel, match: PanelMatch, *, limits: FitLimits) -> _Frequencies:
    """Read genotypes of variants that were found, and compare their frequencies with those of the trait."""
    met = np.flatnonzero(match.is_found)
    met = met[_evenly(met.size, MAX_FREQUENCIES)]
    genotypes = panel.genotypes(match.row[met])
    called, frequency = genotypes.n_called(), genotypes.frequency()
    eaf = frame["eaf"].fill_null(np.nan).to_numpy()[met]
    theirs = np.where(match.sign[met] > 0, frequency, 1.0 - frequency)
    is_flat = np.isnan(frequency) | (frequency == 0.0) | (frequency == 1.0)
    is_compared = ~frame["is_palindromic"].to_numpy()[met] & ~is_flat & (np.minimum(eaf, 1.0 - eaf) >= COMMON)
    eaf, theirs = eaf[is_compared], theirs[is_compared]
    is_enough = eaf.size >= limits.n_needed
    minor = np.minimum(eaf, 1.0 - eaf), np.minimum(theirs, 1.0 - theirs)
    return _Frequencies(
        n_read=met.size,
        n_monomorphic=int(is_flat.sum()),
        n_badly_called=int((called < (1.0 - limits.missing_variant) * panel.n_people).sum()),
        share_missing=1.0 - float(called.mean()) / panel.n_people if met.size else np.nan,
        n_compared=eaf.size,
        correlation=_correlation(eaf, theirs) if is_enough else np.nan,
        minor_correlation=_correlation(*minor) if is_enough else np.nan,
    )


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's correlation, NaN if one side does not vary."""
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])


_Judged = list[tuple[Finding, bool]]
"""Findings, and whether each makes the panel doubtful."""


def _note(name: str, count: int, found: str, *, fatal: bool = False) -> Finding:
    return Finding(name, "fatal" if fatal else "note", count, found, PANEL_CHECKS[name].hint)


def _about_places(n_found: int, n_looked: int, names: tuple[int, int], limits: FitLimits) -> _Judged:
    """Judge how many variants meet, and whether names and places say the same."""
    judged: _Judged = []
    if n_found < limits.found_flagged * n_looked or not n_found:
        found = f"{n_found} of {n_looked} variants of the trait have a row in the panel"
        judged.append((_note("panel_few_variants", n_looked - n_found, found, fatal=not n_found), True))
    n_names, n_same = names
    share = _share(n_same, n_names)
    if n_names >= limits.n_needed and share < limits.same_place_flagged:
        found = f"of {n_names} variants that have one name in trait and panel, {n_same} lie at one place"
        is_fatal = share < limits.same_place_refused
        judged.append((_note("panel_other_build", n_names - n_same, found, fatal=is_fatal), True))
    return judged


def _about_builds(ours: str, theirs: str) -> _Judged:
    """Judge declared builds."""
    if not ours or not theirs or ours == theirs:
        return []
    return [(_note("panel_other_build", 1, f"the trait is on {ours}, the panel on {theirs}", fatal=True), True)]


def _about_alleles(n_found: int, n_mismatch: int, limits: FitLimits) -> _Judged:
    """Judge whether variants that meet have the same alleles."""
    n_met = n_found + n_mismatch
    share = _share(n_found, n_met)
    if n_met < limits.n_needed or share >= limits.agree_flagged:
        return []
    found = f"of {n_met} variants that meet by place or name, {n_mismatch} have other alleles in the panel"
    return [(_note("panel_alleles_flipped", n_mismatch, found, fatal=share < limits.agree_refused), True)]


def _about_frequencies(read: _Frequencies, limits: FitLimits, *, has_declared: bool) -> _Judged:
    """Judge the correlation of frequencies."""
    r = read.correlation
    if np.isnan(r):
        found = f"{read.n_compared} variants with a frequency in trait and panel, where {limits.n_needed} are needed"
        return [(_note("panel_frequencies_not_compared", read.n_compared, found), not has_declared)]
    if r >= limits.correlation_flagged:
        return []
    is_fatal = r < limits.correlation_refused
    shown = f"frequencies of one allele in trait and panel have the correlation {r:.3f} over {read.n_compared} variants"
    is_turned = r < limits.correlation_turned
    if is_fatal and (is_turned or read.minor_correlation >= limits.minor_correlation):
        which = "all alleles are the wrong way round" if is_turned else "a part of the alleles is the wrong way round"
        found = f"{shown}, those of the rarer allele {read.minor_correlation:.3f}: {which}"
        return [(_note("panel_alleles_flipped", read.n_compared, found, fatal=True), True)]
    return [(_note("panel_other_ancestry", read.n_compared, shown, fatal=is_fatal), True)]


def _about_ancestries(ours: str, theirs: str) -> _Judged:
    """Judge declared ancestries."""
    if not ours or not theirs or ours.casefold() == theirs.casefold():
        return []
    return [(_note("panel_other_ancestry", 1, f"the trait is declared as {ours}, the panel as {theirs}"), True)]


def _about_calls(read: _Frequencies, index: PanelIndex, limits: FitLimits) -> _Judged:
    """Judge variation and calls of the variants that were read."""
    judged: _Judged = []
    n_unnamed = index.n_without_allele
    if read.n_monomorphic or n_unnamed:
        found = f"{read.n_monomorphic} of {read.n_read} variants do not vary among the people of the panel"
        if n_unnamed:
            found += f"; {n_unnamed} of {index.n_variants} rows of the panel name one allele only and are not used"
        is_doubt = read.n_monomorphic > limits.monomorphic_flagged * read.n_read
        is_doubt |= n_unnamed > limits.monomorphic_flagged * index.n_variants
        is_fatal = read.n_monomorphic > limits.monomorphic_refused * read.n_read
        judged.append((_note("panel_monomorphic", read.n_monomorphic + n_unnamed, found, fatal=is_fatal), is_doubt))
    if read.n_badly_called:
        most = 100 * limits.missing_variant
        found = f"{read.n_badly_called} of {read.n_read} variants lack more than {most:g} % of calls"
        found += f"; of all genotypes {100 * read.share_missing:.1f} % are missing"
        is_doubt = read.n_badly_called > limits.missing_flagged * read.n_read
        judged.append((_note("panel_missing_calls", read.n_badly_called, found), is_doubt))
    return judged


def threshold_finding(panel: Panel, r2_threshold: float) -> Finding | None:
    """Return a finding if a threshold lies below what unlinked variants have by chance.

    Parameters
    ----------
    panel : Panel
        Its people count.
    r2_threshold : float
        Threshold on r², between 0 and 1.

    Returns
    -------
    Finding or None
        ``panel_too_small_for_threshold`` if the threshold is below ``1 / n_people``.

    Notes
    -----
    r² of two unlinked variants has mean ``1 / (n - 1)`` in n people: with 343 people 0.0029, so r² 0.001 joins most
    unlinked pairs within the window.
    """
    if r2_threshold >= panel.noise_floor:
        return None
    found = f"r² threshold {r2_threshold:g} is below 1/n = {panel.noise_floor:.2g} of {panel.n_people} people"
    return _note("panel_too_small_for_threshold", panel.n_people, found)
