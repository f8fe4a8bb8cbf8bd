"""One exposure and one outcome at the same variants and alleles: what every estimator takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self, get_args

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.rows import RowReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import ArrayLike, NDArray


OPTIONAL = ("eaf_exposure", "eaf_outcome", "n_exposure", "n_outcome", "chromosome", "position")
"""Facts of variants that only some methods need."""
Selection = Literal["undeclared", "complete", "other_study", "corrected"]
"""What is known of how the variants were selected; see :class:`Instruments`."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """A harmonised pair of traits.

    Parameters
    ----------
    beta_exposure, se_exposure, beta_outcome, se_outcome : numpy.ndarray, shape (n_variants,)
        Effects and standard errors of the same allele, in the units of the traits. Errors are > 0 and finite.
    rsid, effect_allele : tuple of str
        Names of variants and the allele that the effects refer to; may be empty.
    ld_r : numpy.ndarray, shape (n_variants, n_variants), optional
        Signed correlation (r, not r²) of the variants, counted in the same effect alleles.
    eaf_exposure, eaf_outcome : numpy.ndarray, shape (n_variants,), optional
        Frequency of the effect allele in each sample; NaN where unknown, None where no variant has it.
    n_exposure, n_outcome, chromosome, position : numpy.ndarray, shape (n_variants,), optional
        People behind each association, place on the genome (base pairs); NaN and None as above.
    exposure, outcome : str
        Names of the traits.
    unit : str
        Unit of the ratio: outcome unit per exposure unit.
    selection : {"undeclared", "complete", "other_study", "corrected"}
        How the variants and their exposure effects came about, so that winner's curse is never corrected twice.
        ``complete``: every independent candidate of the exposure study, none selected by its effect. ``other_study``:
        a study without common people selected, the effects are raw. ``corrected``: the effects are no longer raw, as
        those of :mod:`osteobiome.instruments.winners_curse`. Methods that correct for selection refuse the last two;
        ``three_sample_ivw`` refuses the last.
    rows : RowReport
        What was lost on the way to this pair.

    Examples
    --------
    >>> pair = Instruments.from_arrays([0.1, 0.2], [0.01, 0.01], [0.05, 0.1], [0.02, 0.02])
    >>> pair.n_variants
    2
    """

    beta_exposure: NDArray[np.float64]
    se_exposure: NDArray[np.float64]
    beta_outcome: NDArray[np.float64]
    se_outcome: NDArray[np.float64]
    rsid: tuple[str, ...] = ()
    effect_allele: tuple[str, ...] = ()
    ld_r: NDArray[np.float64] | None = field(default=None, repr=False)
    eaf_exposure: NDArray[np.float64] | None = field(default=None, repr=False)
    eaf_outcome: NDArray[np.float64] | None = field(default=None, repr=False)
    n_exposure: NDArray[np.float64] | None = field(default=None, repr=False)
    n_outcome: NDArray[np.float64] | None = field(default=None, repr=False)
    chromosome: NDArray[np.float64] | None = field(default=None, repr=False)
    position: NDArray[np.float64] | None = field(default=None, repr=False)
    exposure: str = "exposure"
    outcome: str = "outcome"
    unit: str = ""
    selection: Selection = "undeclared"
    rows: RowReport = field(default_factory=lambda: RowReport("pair", "harmonise", 0, 0), repr=False)

    def __post_init__(self) -> None:
        """Check shapes and values once, so that estimators need not."""
        n = self.beta_exposure.shape
        faults = [
            Fault("shape", name, f"shape {getattr(self, name).shape}", f"shape {n} as beta_exposure")
            for name in ("se_exposure", "beta_outcome", "se_outcome")
            if getattr(self, name).shape != n
        ]
        faults += [
            Fault("shape", name, f"shape {values.shape}", f"shape {n} as beta_exposure")
            for name in OPTIONAL
            if (values := getattr(self, name)) is not None and values.shape != n
        ]
        if self.selection not in get_args(Selection):
            faults.append(Fault("bad_value", "selection", f"'{self.selection}'", ", ".join(get_args(Selection))))
        if len(n) != 1:
            faults.append(Fault("shape", "beta_exposure", f"{len(n)} dimensions", "one value per variant"))
        if self.ld_r is not None and self.ld_r.shape != n + n:
            faults.append(Fault("shape", "ld_r", f"shape {self.ld_r.shape}", f"shape {n + n}: one row per variant"))
        if faults:
            raise SchemaError(*faults)
        for name in ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome"):
            values = getattr(self, name)
            bad = ~np.isfinite(values) | ((values <= 0) if name.startswith("se_") else False)
            if bad.any():
                where = f"{name}[{int(np.argmax(bad))}]"
                wanted = "a finite number above 0" if name.startswith("se_") else "a finite number"
                faults.append(
                    Fault("bad_value", where, f"value {values[bad][0]}", wanted, "Drop the variant or repair it")
                )
        if faults:
            raise SchemaError(*faults)

    @classmethod
    def from_arrays(
        cls,
        beta_exposure: ArrayLike,
        se_exposure: ArrayLike,
        beta_outcome: ArrayLike,
        se_outcome: ArrayLike,
        *,
        ld_r: ArrayLike | None = None,
        rsid: Sequence[str] = (),
        n_exposure: ArrayLike | None = None,
        n_outcome: ArrayLike | None = None,
        selection: Selection = "undeclared",
    ) -> Self:
        """Build a pair from anything numpy understands.

        Parameters
        ----------
        beta_exposure, se_exposure, beta_outcome, se_outcome : array_like, shape (n_variants,)
            As in the class.
        ld_r : array_like, shape (n_variants, n_variants), optional
            Signed correlation of the variants.
        rsid : sequence of str
            Names of the variants.
        n_exposure, n_outcome : array_like, shape (n_variants,) or (), optional
            People behind each association; one number stands for all variants.
        selection : {"undeclared", "complete", "other_study", "corrected"}
            As in the class.
        """
        shape = np.shape(beta_exposure)
        people = [
            None if n is None else np.array(np.broadcast_to(n, shape) if np.ndim(n) == 0 else n, dtype=np.float64)
            for n in (n_exposure, n_outcome)
        ]
        return cls(
            np.array(beta_exposure, dtype=np.float64),
            np.array(se_exposure, dtype=np.float64),
            np.array(beta_outcome, dtype=np.float64),
            np.array(se_outcome, dtype=np.float64),
            ld_r=None if ld_r is None else np.array(ld_r, dtype=np.float64),
            rsid=tuple(rsid),
            n_exposure=people[0],
            n_outcome=people[1],
            selection=selection,
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, *, exposure: str = "exposure", outcome: str = "outcome") -> Self:
        """Build a pair from a table with the columns of the ``HARMONISED`` schema.

        Parameters
        ----------
        frame : polars.DataFrame
            At least ``beta_exposure``, ``se_exposure``, ``beta_outcome``, ``se_outcome``.
        exposure, outcome : str
            Names of the traits.
        """
        names = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")
        bx, sx, by, sy = (np.asarray(frame[name].to_numpy(), dtype=np.float64) for name in names)
        text = {
            name: tuple(value or "" for value in frame[name].to_list()) if name in frame.columns else ()
            for name in ("rsid", "effect_allele")
        }
        return cls(
            bx,
            sx,
            by,
            sy,
            rsid=text["rsid"],
            effect_allele=text["effect_allele"],
            eaf_exposure=_optional(frame, "eaf_exposure"),
            eaf_outcome=_optional(frame, "eaf_outcome"),
            n_exposure=_optional(frame, "n_exposure"),
            n_outcome=_optional(frame, "n_outcome"),
            chromosome=_optional(frame, "chromosome"),
            position=_optional(frame, "position"),
            exposure=exposure,
            outcome=outcome,
        )

    @property
    def n_variants(self) -> int:
        """Number of variants."""
        return int(self.beta_exposure.shape[0])

    def subset(self, keep: NDArray[np.bool_]) -> Instruments:
        """Return the pair restricted to the variants where ``keep`` is true.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape (n_variants,)
            True for variants that stay.
        """
        return replace(
            self,
            beta_exposure=self.beta_exposure[keep],
            se_exposure=self.se_exposure[keep],
            beta_outcome=self.beta_outcome[keep],
            se_outcome=self.se_outcome[keep],
            rsid=tuple(x for x, k in zip(self.rsid, keep, strict=True) if k) if self.rsid else (),
            effect_allele=tuple(x for x, k in zip(self.effect_allele, keep, strict=True) if k)
            if self.effect_allele
            else (),
            ld_r=None if self.ld_r is None else self.ld_r[np.ix_(keep, keep)],
            **{name: values[keep] for name in OPTIONAL if (values := getattr(self, name)) is not None},
        )


def _optional(frame: pl.DataFrame, name: str) -> NDArray[np.float64] | None:
    """Return a column, NaN where it is unknown; None if it is missing or unknown everywhere."""
    import polars as pl

    if name not in frame.columns:
        return None
    values = np.asarray(frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)
    return None if np.isnan(values).all() else values
