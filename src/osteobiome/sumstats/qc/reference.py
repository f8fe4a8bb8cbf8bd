"""What the comparison with reference markers says, as findings: build, strand, frequencies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osteobiome.sumstats.qc.checks import finding

if TYPE_CHECKING:
    from osteobiome.core.findings import Finding
    from osteobiome.sumstats.comparison import BuildEvidence, ComparisonResult, FrequencyEvidence

FLIPPED = 0.01
"""Share of rows on the reverse strand above which a file is not on the forward strand (design: 99 % must agree)."""
INCOMPATIBLE = 0.02
"""Share of rows whose alleles no strand makes fit (our choice: some sites have more alleles than two)."""
ONE_BELOW = 0.5
"""Share of misplaced markers one base pair below their place above which the file counts from 0 (our choice)."""
ENOUGH, AT_LEAST = 20, 4
"""Known variants below which nothing is said about strand, and rows that must be wrong among them (our choice)."""


def comparison_findings(result: ComparisonResult, *, declared_build: str, ancestry: str = "") -> list[Finding]:
    """Return what a comparison found.

    Parameters
    ----------
    result : ComparisonResult
        From :meth:`osteobiome.sumstats.comparison.MarkerComparison.result`.
    declared_build : str
        Build that the file is said to be on; empty if nothing is said.
    ancestry : str
        Ancestry of the sample as declared. Frequencies of another one than the reference's are expected to differ.
    """
    found = [
        _build(result, declared_build),
        _some_of_other_build(result),
        *_strand(result),
        _frequency(result, ancestry),
    ]
    return [one for one in found if one is not None]


def _build(result: ComparisonResult, declared: str) -> Finding | None:
    evidence = result.build
    n_told, at = _told(evidence)
    if evidence.status == "neither":
        if evidence.n_rsid_one_below > ONE_BELOW * evidence.n_rsid_neither:
            text = f"{evidence.n_rsid_one_below:,} of {evidence.n_rsid:,} known markers lie one base pair too low"
            return finding(
                "zero_based_positions",
                evidence.n_rsid_one_below,
                text,
                examples=result.examples.get("neither_build", ()),
            )
        text = f"{evidence.n_rsid_neither:,} of {evidence.n_rsid:,} markers lie elsewhere than on GRCh37 or GRCh38"
        name = "builds_differ" if declared else "build_not_known"
        text = f"declared as {declared}, but {text}" if declared else text
        shown = result.examples.get("neither_build", ())
        return finding(name, evidence.n_rsid_neither, text, examples=shown)
    if evidence.status == "mixed":
        text = f"{evidence.n_rsid_grch37:,} markers lie as on GRCh37 and {evidence.n_rsid_grch38:,} as on GRCh38"
        return finding("build_mixed", 1, text, examples=result.examples.get("other_build", ()))
    if not evidence.build:
        return None if declared else finding("build_not_estimable", 1, "too few known markers to tell the build")
    text = f"{at:,} of {n_told:,} known markers lie as on {evidence.build}"
    if declared and declared != evidence.build:
        return finding("builds_differ", at, f"declared as {declared}, but {text}")
    return None if declared else finding("build_inferred", at, text)


OTHER_BUILD, AT_LEAST_OTHER = 0.005, 3
"""Share of markers on the other build, and number of them, that are no accident (our choice): rsIDs were merged."""


def _some_of_other_build(result: ComparisonResult) -> Finding | None:
    """Speak of the few rows that lie as on the other build while most lie as on one."""
    evidence = result.build
    if evidence.basis != "rsid" or not evidence.build:
        return None
    n_told, ours = _told(evidence)
    other = n_told - evidence.n_rsid_neither - ours
    if other < max(AT_LEAST_OTHER, OTHER_BUILD * n_told):
        return None
    text = f"{other:,} of {n_told:,} known markers do not lie as on {evidence.build}, but as on the other build"
    return finding("build_mixed", other, text, examples=result.examples.get("other_build", ()))


def _told(evidence: BuildEvidence) -> tuple[int, int]:
    """Return how many markers could tell the build, and how many lie as on the inferred one."""
    if evidence.basis == "rsid":
        ours = {"GRCh37": evidence.n_rsid_grch37, "GRCh38": evidence.n_rsid_grch38}.get(evidence.build, 0)
        return evidence.n_rsid_grch37 + evidence.n_rsid_grch38 + evidence.n_rsid_neither, ours
    met = {
        "GRCh37": (evidence.n_at_grch37, evidence.n_at_grch37_compatible),
        "GRCh38": (evidence.n_at_grch38, evidence.n_at_grch38_compatible),
    }
    return met.get(evidence.build, (0, 0))


def _strand(result: ComparisonResult) -> list[Finding]:
    evidence = result.strand
    if evidence.n_rows < ENOUGH:
        return []
    found = []
    if evidence.n_incompatible > max(INCOMPATIBLE * evidence.n_rows, AT_LEAST - 1):
        text = f"{evidence.n_incompatible:,} of {evidence.n_rows:,} known variants have other alleles"
        found.append(
            finding(
                "alleles_do_not_fit", evidence.n_incompatible, text, examples=result.examples.get("incompatible", ())
            )
        )
    fitting = evidence.n_forward + evidence.n_flipped
    if evidence.n_flipped > max(FLIPPED * fitting, AT_LEAST - 1):
        text = f"{evidence.n_flipped:,} of {fitting:,} known variants are on the reverse strand"
        found.append(finding("strand_flipped", evidence.n_flipped, text, examples=result.examples.get("flipped", ())))
    return found


def _frequency(result: ComparisonResult, ancestry: str) -> Finding | None:
    evidence = result.frequency
    if evidence.verdict == "not_estimable" or evidence.correlation is None:
        return None
    people = f"the {evidence.ancestry} reference" if evidence.ancestry else "the reference"
    shown = f"{evidence.correlation:.2f}".replace("-", "−")
    text = f"at {evidence.n:,} known variants the frequencies correlate {shown} with those of {people}"
    if evidence.verdict == "agree":
        return finding("frequencies_agree", evidence.n, text)
    if evidence.verdict != "opposite" and is_other_ancestry(ancestry, evidence.ancestry):
        return finding("frequencies_of_another_ancestry", evidence.n, text)
    name = "frequencies_are_of_the_other_allele" if evidence.verdict == "opposite" else "frequencies_do_not_fit"
    kind = "opposite" if evidence.verdict == "opposite" else "large_difference"
    return finding(name, _disagreeing(evidence), text, examples=result.examples.get(kind, ()))


def is_other_ancestry(declared: str, reference: str) -> bool:
    """Tell whether a sample is declared to be of another ancestry than the reference; not if nothing is declared.

    Examples
    --------
    >>> is_other_ancestry("East Asian", "EUR"), is_other_ancestry("non-European", "EUR"), is_other_ancestry("", "EUR")
    (True, True, False)
    """
    words = set(re.findall(r"[a-z]+", declared.lower()))
    return reference == "EUR" and not words.isdisjoint(_OTHERS)


_OTHERS = frozenset(
    {"afr", "african", "africans", "amr", "american", "asian", "asians", "csa", "eas", "hispanic", "latino", "mid",
     "mixed", "multi", "non", "sas"}
)  # fmt: skip
"""Words that name samples whose frequencies need not be those of Europeans; other words count as undeclared."""


def _disagreeing(evidence: FrequencyEvidence) -> int:
    """Return how many rows disagree, for the count of the finding."""
    share = evidence.share_opposite if evidence.verdict == "opposite" else evidence.share_large_difference
    n = evidence.n_clear if evidence.verdict == "opposite" else evidence.n
    return max(1, round((share or 0.0) * n))
