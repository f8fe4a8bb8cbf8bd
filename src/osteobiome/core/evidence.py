"""The evidence record: one statement about one edge of the axis, with where it comes from and how good it is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Direction = Literal["increases", "decreases", "none", "unclear"]
Kind = Literal[
    "mr", "mvmr", "mediation", "genetic_correlation", "colocalisation", "pleiotropic_locus", "association",
    "experiment", "trial", "literature", "simulation",
]  # fmt: skip
Grade = Literal["exploratory", "low", "moderate", "high"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence, as engines write it and readers read it.

    Parameters
    ----------
    subject, object : str
        CURIEs of the traits, or ``trait:<id>`` where none is known.
    predicate : str
        Biolink predicate.
    direction : {"increases", "decreases", "none", "unclear"}
        Of the effect, if the data can tell.
    kind, method : str
        Engine and method.
    effect, se, unit : float, float, str
        Size, if there is one.
    neg_log_10_p_value, q_value : float or None
        Test of no effect, and its q over the family.
    status : str
        ok, or why there is no number.
    design, grade : str
        Kind of study; how well it was done.
    is_simulated : bool
        Simulated input makes simulated evidence.
    source, licence : str
        DOI, PMID, or study and step key.
    """

    subject: str
    predicate: str
    object: str
    direction: Direction
    kind: Kind
    method: str | None
    effect: float | None
    se: float | None
    unit: str | None
    neg_log_10_p_value: float | None
    q_value: float | None
    status: str
    design: str
    grade: Grade
    knowledge_level: str
    agent_type: str
    is_simulated: bool
    source: str
    licence: str

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return asdict(self)


def direction(effect: float | None, neg_log_10_p_value: float | None, *, alpha: float) -> Direction:
    """Return the direction that a test at level alpha supports; without one it is unclear.

    Parameters
    ----------
    effect : float or None
        Estimate.
    neg_log_10_p_value : float or None
        Of its test, or minus log10 q.
    alpha : float
        Level, between 0 and 1.

    Examples
    --------
    >>> direction(-0.2, 3.0, alpha=0.05)
    'decreases'
    >>> direction(-0.2, 0.5, alpha=0.05)
    'unclear'
    """
    if effect is None or neg_log_10_p_value is None or neg_log_10_p_value <= -math.log10(alpha):
        return "unclear"
    return "increases" if effect > 0 else "decreases"
