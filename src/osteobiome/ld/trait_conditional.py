"""Conditional selection for a stored trait: which of its strong variants have effects of their own, with a panel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.findings import MAX_EXAMPLES, Example, Finding
from osteobiome.core.rows import RowLedger
from osteobiome.core.text import count, join
from osteobiome.core.thresholds import BASES_PER_KB, CANDIDATE_P, ROUNDING
from osteobiome.ld.conditional import ConditionalOptions, Marginal, select_conditional
from osteobiome.ld.matching import REASONS, match_variants
from osteobiome.ld.naming import variant_names
from osteobiome.sumstats.palindromes import account

if TYPE_CHECKING:
    from osteobiome.core.rows import RowReport
    from osteobiome.ld.conditional import ConditionalSelection
    from osteobiome.ld.matching import PanelIndex, PanelMatch
    from osteobiome.ld.panel import Panel

TELLING_Z = 2.0
"""Signals with |z| above this many roots of the number of people seem to leave second ones behind."""
RISEN = 2.0
"""Joint |z| over marginal |z| above which a chosen variant is doubted: a neighbour of a causal variant whose alleles
are swapped has 2 / sqrt(1 - r²)."""
FREQUENCY_DIFFERENCE = 0.2
"""Largest difference of frequencies of file and panel: GCTA's ``--diff-freq``."""
NAMED = 5
"""Variants named in a sentence."""
DIFFERS = "frequency_differs_from_panel"
COLUMNS = (
    "variant_key", "rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se",
    "neg_log_10_p_value",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TraitSelection:
    """Variants of a trait with effects of their own.

    Parameters
    ----------
    chosen : polars.DataFrame, shape (n_chosen, 13)
        variant_key, rsid, chromosome, position, effect_allele, other_allele, beta, se, neg_log_10_p_value of the trait;
        ``beta_joint``, ``se_joint``, ``neg_log_10_p_value_joint`` given all other chosen variants, per copy of the same
        effect allele; ``is_doubtful``: within the window of a chosen variant that is too strong for the panel, or with
        a joint |z| more than twice its |z| alone, see ``warnings``. In the order of places.
    rows : RowReport
        Rows of the trait; kept are those that could be chosen. Dropped: ``above_candidate_threshold``, ``no_p_value``,
        ``not_in_panel``, ``allele_mismatch``, ``palindromic_strand_unknown``, ``without_place`` (in the panel),
        ``no_effect``, ``no_sample_size``, ``no_frequency``, ``frequency_differs_from_panel``, ``monomorphic`` (in the
        panel). Notes: ``collinear`` with chosen ones, ``left_in_joint_model``, ``not_significant`` given the chosen
        ones of the chromosome, ``not_significant_alone`` where none was chosen on it.
    warnings : tuple of Finding
        ``signal_exceeds_panel`` and ``joint_exceeds_marginal``, with the doubtful variants as examples.
    phenotype_variance : float
        Of the trait, as effects and errors of the candidates imply it; NaN without candidates.
    """

    chosen: pl.DataFrame
    rows: RowReport
    warnings: tuple[Finding, ...]
    phenotype_variance: float


def select_conditional_of_trait(
    table: pl.DataFrame,
    panel: Panel,
    *,
    index: PanelIndex | None = None,
    options: ConditionalOptions | None = None,
    candidates_p: float = CANDIDATE_P,
    max_frequency_difference: float = FREQUENCY_DIFFERENCE,
    trust_strand: bool = False,
    trait_id: str = "",
) -> TraitSelection:
    r"""Choose the variants of a trait that have effects of their own.

    Parameters
    ----------
    table : polars.DataFrame, shape (n_variants, n_columns)
        The trait, schema ``variants``, or those of its rows that have p at most ``candidates_p``.
    panel : Panel
        Genotypes of the trait's ancestry; those of candidates are read, a chromosome at a time.
    index : PanelIndex, optional
        Of this panel, if it is at hand.
    options : ConditionalOptions, optional
        Thresholds; left out, the defaults.
    candidates_p : float
        Only variants with p at most this are looked at; from ``options.p_threshold`` to 1.
    max_frequency_difference : float
        Variants whose allele has a frequency further than this from that in the panel are left out; 1 takes all.
    trust_strand : bool
        Believe that trait and panel are on the forward strand.
    trait_id : str
        What the trait is called in the row report.

    Returns
    -------
    TraitSelection
        Chosen variants, in the trait's alleles; what became of the other rows; warnings.

    Raises
    ------
    ConfigError
        A threshold out of its range, or ``candidates_p`` below the threshold of selection.

    Notes
    -----
    The method is that of :func:`osteobiome.ld.conditional.select_conditional`, chromosome by chromosome, with one
    variance of the trait: the median over all candidates. Memory holds the genotypes of the candidates of one
    chromosome. A variant with p above ``candidates_p`` on its own is never chosen, although it may be strong given
    others, where two effects mask each other.

    Effects are turned to the allele that the panel counts, and joint effects back. An A/T or C/G variant takes part if
    frequencies of trait and panel tell its strand, or if strands are trusted.

    A frequency far from that of the same allele in the panel betrays swapped alleles, and one swapped neighbour of a
    strong variant makes both seem far stronger than they are. At frequencies near one half it betrays nothing; there
    a joint |z| of more than twice the |z| alone is marked as doubtful. Two effects that mask each other look the same.

    With m people in the panel, a chosen variant with :math:`|z| > 2\sqrt m` leaves seemingly significant effects
    behind at its neighbours, as r of m people is off by about :math:`1/\sqrt m` (``docs/methods/ld.md``). Other chosen
    variants in its window are then marked as doubtful; a larger panel, or LD of the study itself, decides.

    References
    ----------
    Yang et al. 2012, doi:10.1038/ng.2213
    """
    chosen_options = options or ConditionalOptions()
    _refuse(chosen_options, candidates_p, max_frequency_difference)
    ledger = RowLedger(trait_id, "conditional_selection", table.height)
    p = pl.col("neg_log_10_p_value").fill_nan(None)
    ledger.drop("no_p_value", table.select(p.is_null().sum()).item(), kind="policy")
    strong = table.filter(p >= -math.log10(candidates_p) - ROUNDING)
    ledger.drop("above_candidate_threshold", table.select(p.is_not_null().sum()).item() - strong.height, kind="policy")
    match = match_variants(strong, panel, index=index, trust_strand=trust_strand)
    usable = _usable(strong, match, panel, max_frequency_difference, ledger)
    variance = _phenotype_variance(usable)
    parts = [
        _of_chromosome(part, panel, chosen_options, variance, ledger)
        for part in usable.partition_by("panel_chromosome", maintain_order=True)
    ]
    joint = ("beta_joint", "se_joint", "neg_log_10_p_value_joint")
    none = usable.clear().with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in joint)
    chosen = _with_doubts(pl.concat([none, *(part for part, _ in parts)]), panel, chosen_options)
    rows = ledger.close(sum(n for _, n in parts))
    return TraitSelection(chosen.select(*COLUMNS, *joint, "is_doubtful"), rows, _warnings(chosen, panel), variance)


def _refuse(options: ConditionalOptions, candidates_p: float, difference: float) -> None:
    """Raise where a threshold excludes nothing or all; every fault is listed."""
    checks = (
        ("p_threshold", options.p_threshold, 0.0 < options.p_threshold < 1.0, "more than 0 and less than 1"),
        ("collinearity", options.collinearity, 0.0 < options.collinearity < 1.0, "more than 0 and less than 1"),
        ("window_kb", options.window_kb, 0.0 <= options.window_kb < math.inf, "a number of kilobases, at least 0"),
        ("candidates_p", candidates_p, options.p_threshold <= candidates_p <= 1.0, "from the threshold of p to 1"),
        ("max_frequency_difference", difference, 0.0 <= difference <= 1.0, "from 0 to 1"),
    )
    faults = [
        Fault("conditional_option_out_of_range", name, f"{value:g}", expected)
        for name, value, is_fine, expected in checks
        if not is_fine
    ]
    if faults:
        raise ConfigError(*faults)


def _usable(
    strong: pl.DataFrame, match: PanelMatch, panel: Panel, max_difference: float, ledger: RowLedger
) -> pl.DataFrame:
    """Return the candidates that can be chosen, with row, place and sign of the panel, sorted by place."""
    row = pl.Series(match.row).set(~pl.Series(match.is_found), None)
    places = panel.variants.select(pl.col("chromosome", "position").cast(pl.Int64).gather(row))
    frame = strong.with_columns(
        row.alias("row"),
        pl.Series("sign", match.sign.astype(np.float64)),
        match.reason.cast(pl.String).alias("reason"),
        places["chromosome"].alias("panel_chromosome"),
        places["position"].alias("panel_position"),
    )
    faults = {
        "without_place": pl.any_horizontal(pl.col("panel_chromosome", "panel_position").is_null()),
        "no_effect": ~(pl.col("beta").is_finite() & (pl.col("se") > 0.0) & pl.col("se").is_finite()),
        "no_sample_size": ~(pl.col("n").is_finite() & (pl.col("n") > 2.0)),
        "no_frequency": ~(pl.col("eaf").is_finite() & (pl.col("eaf") > 0.0) & (pl.col("eaf") < 1.0)),
    }
    for name, fault in faults.items():
        fault = fault.fill_null(value=True) & (pl.col("reason") == "")
        frame = frame.with_columns(pl.when(fault).then(pl.lit(name)).otherwise("reason").alias("reason"))
    differs = _frequency_differs(frame, panel, max_difference)
    frame = frame.with_columns(pl.when(differs).then(pl.lit(DIFFERS)).otherwise("reason").alias("reason"))
    for name in (*REASONS[1:], *faults, DIFFERS):
        account(ledger, name, frame.filter(reason=name))
    return frame.filter(reason="").sort("panel_chromosome", "panel_position", "row", maintain_order=True)


def _frequency_differs(frame: pl.DataFrame, panel: Panel, max_difference: float) -> pl.Series:
    """Return where the same allele has another frequency in the panel; one that does not vary there is let through."""
    asked = frame.with_row_index("at").filter(reason="")
    theirs = panel.frequency(asked["row"].to_numpy().astype(np.int64))
    ours = np.where(asked["sign"].to_numpy() > 0, asked["eaf"].to_numpy(), 1.0 - asked["eaf"].to_numpy())
    differs = (np.abs(ours - theirs) > max_difference + ROUNDING) & (theirs > 0.0) & (theirs < 1.0)
    return pl.Series(np.isin(np.arange(frame.height), asked["at"].to_numpy()[differs]))


def _phenotype_variance(usable: pl.DataFrame) -> float:
    """Return the variance of the trait that effects and errors imply."""
    h = 2.0 * pl.col("eaf") * (1.0 - pl.col("eaf"))
    found = usable.select((h * ((pl.col("n") - 2.0) * pl.col("se").pow(2) + pl.col("beta").pow(2))).median()).item()
    return math.nan if found is None else float(found)


def _of_chromosome(
    part: pl.DataFrame, panel: Panel, options: ConditionalOptions, variance: float, ledger: RowLedger
) -> tuple[pl.DataFrame, int]:
    """Return the chosen variants of a chromosome with their joint effects, and how many could be chosen."""
    sign = part["sign"].to_numpy()
    eaf = part["eaf"].to_numpy()
    marginal = Marginal(
        beta=sign * part["beta"].to_numpy(),
        se=part["se"].to_numpy(),
        eaf=np.where(sign > 0, eaf, 1.0 - eaf),
        n=part["n"].to_numpy(),
        chromosome=part["panel_chromosome"].to_numpy(),
        position=part["panel_position"].to_numpy(),
    )
    genotypes = panel.genotypes(part["row"].to_numpy().astype(np.int64))
    found: ConditionalSelection = select_conditional(marginal, genotypes, options=options, phenotype_variance=variance)
    flat = part.filter(pl.Series(found.reason == "not_varying_in_panel"))
    account(ledger, "monomorphic", flat)
    for name in ("collinear", "left_in_joint_model", "not_significant"):
        is_alone = name == "not_significant" and not found.chosen.size
        ledger.note("not_significant_alone" if is_alone else name, int((found.reason == name).sum()))
    chosen = part.select(pl.all().gather(found.chosen)).with_columns(
        pl.Series("beta_joint", sign[found.chosen] * found.joint.beta),
        pl.Series("se_joint", found.joint.se, dtype=pl.Float64),
        pl.Series("neg_log_10_p_value_joint", found.joint.neg_log_10_p_value, dtype=pl.Float64),
    )
    return chosen, part.height - flat.height


def _limit(panel: Panel) -> float:
    """Return the |z| from which on a signal is too strong for the panel."""
    return TELLING_Z * math.sqrt(panel.n_people)


def _with_doubts(chosen: pl.DataFrame, panel: Panel, options: ConditionalOptions) -> pl.DataFrame:
    """Mark the variants that are too strong for the panel, the weaker ones in their windows, and those that rose."""
    z = np.abs(chosen["beta"].to_numpy() / chosen["se"].to_numpy())
    chromosome, position = chosen["panel_chromosome"].to_numpy(), chosen["panel_position"].to_numpy()
    strong = z > _limit(panel)
    near_strong = np.zeros(z.size, dtype=bool)
    for k in np.flatnonzero(strong).tolist():
        near = np.abs(position - position[k]) <= options.window_kb * BASES_PER_KB
        weaker = (z < z[k]) | ((z == z[k]) & (np.arange(z.size) > k))
        near_strong |= near & (chromosome == chromosome[k]) & weaker
    z_joint = np.abs(chosen["beta_joint"].to_numpy() / chosen["se_joint"].to_numpy())
    risen = z_joint > RISEN * z
    marks = {"is_strong": strong, "is_near_strong": near_strong, "is_risen": risen, "is_doubtful": near_strong | risen}
    return chosen.with_columns(
        pl.Series("z", z), pl.Series("z_joint", z_joint), *(pl.Series(name, mark) for name, mark in marks.items())
    )


def _warnings(chosen: pl.DataFrame, panel: Panel) -> tuple[Finding, ...]:
    """Return what is to be doubted."""
    return (*_exceeds_panel(chosen, panel), *_exceeds_marginal(chosen.filter("is_risen")))


def _exceeds_marginal(risen: pl.DataFrame) -> tuple[Finding, ...]:
    """Return the doubt in variants that are far stronger given the others than alone."""
    if risen.is_empty():
        return ()
    names, z, joint = variant_names(risen).to_list(), risen["z"].to_list(), risen["z_joint"].to_list()
    most = max(range(len(names)), key=lambda k: joint[k] / z[k] if z[k] else math.inf)
    verb = "is" if len(names) == 1 else "are"
    found = (
        f"{_few(names)} {verb} more than twice as strong given the other chosen ones as alone "
        f"({names[most]}: |z| {joint[most]:.1f} against {z[most]:.1f})"
    )
    hint = "Effects that mask each other look so, and so do swapped alleles and LD of other people: compare alleles"
    examples = tuple(Example(None, "rsid", name) for name in names[:MAX_EXAMPLES])
    return (Finding("joint_exceeds_marginal", "note", len(names), found, hint, examples),)


def _exceeds_panel(chosen: pl.DataFrame, panel: Panel) -> tuple[Finding, ...]:
    """Return the doubt that the panel has too few people for so strong signals."""
    strong, doubtful = (
        variant_names(chosen.filter(pl.col(name))).to_list() for name in ("is_strong", "is_near_strong")
    )
    if not strong:
        return ()
    few = f"{_few(strong)} {'has' if len(strong) == 1 else 'have'} |z| above {_limit(panel):.0f}"
    found = f"{few}, twice the root of {count(panel.n_people, 'person', 'people')} in the panel"
    hint = "No second signal was chosen near"
    if doubtful:
        effects = "effect" if len(doubtful) == 1 else "effects"
        found += f"; {count(len(doubtful), 'further chosen variant')} near may be an artefact of LD from other people"
        hint = f"Do not believe in {effects} of {_few(doubtful)} without a larger panel, or LD of the study itself"
    examples = tuple(Example(None, "rsid", name) for name in doubtful[:MAX_EXAMPLES])
    return (Finding("signal_exceeds_panel", "note", len(strong), found, hint, examples),)


def _few(names: list[str]) -> str:
    """Return the first of some names in words."""
    more = len(names) - NAMED
    return join([*names[:NAMED], *([f"{more:,} more"] if more > 0 else [])])
