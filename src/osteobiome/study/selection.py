"""How the instruments of each exposure are chosen, by what the study file declares; and what is wrong with that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, OsteobiomeError, nearest
from osteobiome.core.text import threshold_text
from osteobiome.core.thresholds import GENOME_WIDE_P
from osteobiome.instruments.known_loci import known_loci
from osteobiome.instruments.three_sample import shared_cohorts
from osteobiome.instruments.windows import Region, read_exclusions
from osteobiome.mr import ESTIMATORS

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.study.study import Family, Study

UNDECLARED, OVERLAP = "undeclared_threshold", "three_sample_overlap"
NO_PROXY_PANEL = "no_panel_for_proxies"
SELECTION_NOTES = (UNDECLARED, OVERLAP)
"""Codes of the notes about the choice of instruments."""


@dataclass(frozen=True, slots=True)
class Selection:
    """How the instruments of one exposure are chosen.

    Parameters
    ----------
    exposure : str
        Trait id.
    selected_in : str
        Trait whose study selects: the exposure itself, or another one in three-sample mode.
    p_threshold : float
        Largest p value.
    is_relaxed : bool
        The threshold is above genome-wide significance.
    is_given : bool
        The file is the list of instruments.
    ld : str
        Ancestry of the LD that they are clumped with; empty if they are not.
    cis : Region, optional
        Where they lie.
    shared_cohorts : tuple of str, optional
        Three-sample mode: cohorts that select and estimate; None if that is unknown.
    """

    exposure: str
    selected_in: str
    p_threshold: float
    is_relaxed: bool
    is_given: bool
    ld: str
    cis: Region | None = None
    shared_cohorts: tuple[str, ...] | None = None

    @property
    def is_three_sample(self) -> bool:
        """Whether one study selects and another one estimates."""
        return self.selected_in != self.exposure


def selection_of(study: Study, exposure: str) -> Selection:
    """Return how the instruments of an exposure are chosen.

    Parameters
    ----------
    study : Study
        With a config that has been checked for itself.
    exposure : str
        Trait id.
    """
    section = study.config.instruments
    is_given = exposure in section.given
    selected_in = section.three_sample.get(exposure, exposure)
    relaxed, threshold = section.relaxed, section.p_threshold
    if relaxed is not None and not is_given and (not relaxed.exposures or exposure in relaxed.exposures):
        threshold = relaxed.p_threshold
    cis = None
    if exposure in section.cis:
        block = section.cis[exposure]
        build = study.config.study.genome_build
        cis = Region(block.chromosome, block.start, block.end, build, block.gene).widened(kb=block.flank_kb)
    shared = None
    if selected_in != exposure and selected_in in study.traits:
        shared = shared_cohorts(study.traits[selected_in].cohorts, study.traits[exposure].cohorts)
    return Selection(
        exposure,
        selected_in,
        threshold,
        threshold > GENOME_WIDE_P and not is_given,
        is_given,
        _clumping_ld(study, exposure, selected_in),
        cis,
        shared,
    )


def _clumping_ld(study: Study, exposure: str, selected_in: str) -> str:
    """Return the ancestry of the LD: that of the trait that selects, or the only one if the trait's is unknown."""
    section, files = study.config.instruments, study.config.ld
    if section.r2 is None or exposure in section.given or selected_in not in study.traits:
        return ""
    ancestry = study.traits[selected_in].ancestry
    if ancestry:
        return ancestry if ancestry in files else ""
    return next(iter(files)) if len(files) == 1 else ""


def is_selection_corrected(study: Study, exposure: str, outcome: str) -> bool:
    """Return whether selection does no harm to an estimate: people who select are neither in exposure nor in outcome.

    Parameters
    ----------
    study : Study
        Checked study.
    exposure, outcome : str
        Trait ids of the pair. Cohorts that one of the three studies does not state may be anybody.
    """
    one = selection_of(study, exposure)
    return one.is_three_sample and one.shared_cohorts == () and shared_with_outcome(study, one, outcome) == ()


def shared_with_outcome(study: Study, one: Selection, outcome: str) -> tuple[str, ...] | None:
    """Return the cohorts that the selecting study shares with an outcome; None if one of them states none.

    Parameters
    ----------
    study : Study
        Checked study.
    one : Selection
        Of an exposure.
    outcome : str
        Trait id.
    """
    return shared_cohorts(study.traits[one.selected_in].cohorts, study.traits[outcome].cohorts)


def outcomes_of(study: Study, exposure: str) -> tuple[str, ...]:
    """Return the outcomes that an exposure is tested on, each once, itself left out."""
    pairs = (pair for family in study.families for pair in family.pairs)
    return tuple(dict.fromkeys(y for x, y in pairs if x == exposure != y))


def families_at_thresholds(study: Study) -> tuple[Family, ...]:
    """Return the families with the primary estimator that the relaxed threshold declares, where it applies.

    Parameters
    ----------
    study : Study
        With its families as the blocks ``[[mr]]`` declare them. The estimator named there becomes a sensitivity
        analysis of a family all of whose exposures are selected at the relaxed threshold.
    """
    relaxed = study.config.instruments.relaxed
    if relaxed is None or relaxed.primary is None or relaxed.primary not in ESTIMATORS:
        return study.families
    return tuple(
        replace(family, primary=relaxed.primary, sensitivity=family.methods)
        if family.pairs and all(selection_of(study, x).is_relaxed for x, _ in family.pairs)
        else family
        for family in study.families
    )


def exclusion_file(study: Study) -> Path | None:
    """Return the path of the list of what is left out, if there is one."""
    name = study.config.instruments.exclude
    return study.folder / name if name is not None else None


def selection_faults(study: Study) -> list[Fault]:
    """Return what is wrong with the section ``[instruments]``, and with the files that it names.

    Parameters
    ----------
    study : Study
        Traits and families resolved.
    """
    return [
        *_unknown_names(study),
        *_given_faults(study),
        *_loci_faults(study),
        *_file_faults(study),
        *_three_sample_faults(study),
        *_selecting_outcomes(study),
        *_relaxed_faults(study),
        *_needs_panel(study),
        *_needs_candidates(study),
    ]


def _named(study: Study) -> dict[str, list[str]]:
    """Return the exposures that each key of the section names."""
    section = study.config.instruments
    return {
        "given": list(section.given),
        "cis": list(section.cis),
        "three_sample": list(section.three_sample),
        "relaxed.exposures": [] if section.relaxed is None else list(section.relaxed.exposures),
    }


def _unknown_names(study: Study) -> list[Fault]:
    """Name traits that are none, and exposures that no pair has."""
    where, faults = f"{study.path.name}: instruments", []
    exposures = set(study.exposures)
    for key, names in _named(study).items():
        for name in names:
            place = f"{where}.{key}" if "." in key else f"{where}.{key}.{name}"
            if name not in study.traits:
                found = f"trait '{name}' is not in the trait table"
                faults.append(Fault("unknown_trait", place, found, "a trait_id", nearest(name, study.traits)))
            elif name not in exposures:
                found, hint = f"trait '{name}' is no exposure of any pair", nearest(name, exposures)
                faults.append(Fault(f"unused_{key.split('.')[0]}", place, found, "an exposure in use", hint))
    return faults


def _given_faults(study: Study) -> list[Fault]:
    where, section = f"{study.path.name}: instruments", study.config.instruments
    faults = [
        Fault("no_reason", f"{where}.given.{name}", "an empty reason", "where the list of instruments comes from")
        for name, reason in section.given.items()
        if not reason.strip()
    ]
    relaxed = () if section.relaxed is None else section.relaxed.exposures
    twice = {"three_sample": section.three_sample, "relaxed.exposures": relaxed}
    return faults + [
        Fault("given_twice", f"{where}.{key}", f"'{name}', whose instruments are given", "an exposure not under given")
        for key, names in twice.items()
        for name in names
        if name in section.given
    ]


def _loci_faults(study: Study) -> list[Fault]:
    known = known_loci(study.config.study.genome_build)["locus"].to_list()
    where = f"{study.path.name}: instruments.exclude_loci"
    return [
        Fault("unknown_locus", where, f"'{name}'", "a name of `osteobiome instruments loci`", nearest(name, known))
        for name in study.config.instruments.exclude_loci
        if name not in known
    ]


def _file_faults(study: Study) -> list[Fault]:
    path, name = exclusion_file(study), study.config.instruments.exclude
    if path is None:
        return []
    try:
        read_exclusions(path, build=study.config.study.genome_build)
    except OsteobiomeError as error:
        place = f"{study.path.name}: instruments.exclude, '{name}'"
        return [replace(fault, where=fault.where.replace(str(path), place)) for fault in error.faults]
    return []


def _three_sample_faults(study: Study) -> list[Fault]:
    faults = []
    for exposure, selector in study.config.instruments.three_sample.items():
        place = f"{study.path.name}: instruments.three_sample.{exposure}"
        if selector not in study.traits:
            found, hint = f"trait '{selector}' is not in the trait table", nearest(selector, study.traits)
            faults.append(Fault("unknown_trait", place, found, "a trait_id", hint))
        elif selector == exposure:
            wanted = "another study of the same trait, as a row of its own in the trait table"
            faults.append(Fault("selects_itself", place, f"'{selector}' selects for itself", wanted))
        elif exposure in study.traits and study.file_of(selector) == study.file_of(exposure):
            found = f"'{selector}' and '{exposure}' are one file"
            faults.append(Fault("selects_itself", place, found, "the file of another study of the same trait"))
    return faults


def _selecting_outcomes(study: Study) -> list[Fault]:
    """Refuse pairs whose outcome chooses the instruments: they would be chosen by what they are to explain."""
    section = study.config.instruments
    return [
        Fault(
            "outcome_selects",
            f"{study.path.name}: instruments.three_sample.{exposure}",
            f"'{outcome}' chooses the instruments of '{exposure}' and is its outcome in family '{family.id}'",
            "another study of the exposure",
        )
        for family in study.families
        for exposure, outcome in family.pairs
        if section.three_sample.get(exposure) == outcome and exposure != outcome
    ]


def _relaxed_faults(study: Study) -> list[Fault]:
    """Look at the primary estimator that a relaxed threshold asks for."""
    section, place = study.config.instruments, f"{study.path.name}: instruments.relaxed"
    relaxed = section.relaxed
    if relaxed is None:
        return []
    if relaxed.p_threshold <= section.p_threshold:
        found = f"p_threshold = {threshold_text(relaxed.p_threshold)}, no looser than the general one"
        wanted = f"more than {threshold_text(section.p_threshold)}"
        return [Fault("relaxed_is_stricter", f"{place}.p_threshold", found, wanted)]
    if relaxed.primary is None:
        return []
    where = f"{place}.primary"
    if relaxed.primary not in ESTIMATORS:
        return [ESTIMATORS.fault(relaxed.primary, where=where)]
    mixed = [
        family.id
        for family in study.families
        if len({selection_of(study, x).is_relaxed for x, _ in family.pairs if x in study.traits}) > 1
    ]
    return [
        Fault(
            "mixed_thresholds",
            where,
            f"family '{name}' with exposures at the relaxed threshold and others",
            "families of one kind, as a family has one primary estimator",
            "Split the family, or leave `primary` out",
        )
        for name in mixed
    ]


def _needs_panel(study: Study) -> list[Fault]:
    """Refuse options that only a genotype panel can serve."""
    section, where = study.config.instruments, f"{study.path.name}: instruments"
    panels = {ancestry for ancestry, name in study.config.ld.items() if isinstance(name, str)}
    rule = {"clump_by": section.clump_by == "f", "clump_mode": section.clump_mode != "plink"}
    if not panels:
        asked = {"proxies": section.proxies is not None, **rule}
        return [
            Fault("no_panel", f"{where}.{key}", f"{key} without a genotype panel", "a panel under [ld]")
            for key, wanted in asked.items()
            if wanted
        ]
    by_matrix = [
        x for x in study.exposures if x in study.traits and (ld := selection_of(study, x).ld) and ld not in panels
    ]
    return [
        Fault(
            "no_panel",
            f"{where}.{key}",
            f"{key}, but {', '.join(repr(x) for x in by_matrix)} is clumped with an LD matrix",
            "a panel of its ancestry under [ld]",
            "A matrix clumps by p and by its own r",
        )
        for key, wanted in rule.items()
        if wanted and by_matrix
    ]


def _needs_candidates(study: Study) -> list[Fault]:
    """Refuse estimators that select by themselves: a study hands over what passed its threshold, nothing weaker."""
    return [
        Fault(
            "needs_candidates",
            f"{study.path.name}: [[mr]] {family.id}",
            f"{name}, which needs every candidate of the exposure, while a study chooses instruments beforehand",
            "another estimator, or three_sample under [instruments]",
            f"From Python: osteobiome.mr.{name}, or `osteobiome mr estimate` with a table of all candidates",
        )
        for family in study.families
        for name in family.methods
        if name in ESTIMATORS and ESTIMATORS[name].needs_candidates
    ]


def selection_notes(study: Study) -> list[Fault]:
    """Return what a user should know about the choice of instruments before running.

    Parameters
    ----------
    study : Study
        Checked study.
    """
    section, where = study.config.instruments, f"{study.path.name}: instruments"
    chosen = [selection_of(study, name) for name in study.exposures]
    notes = [
        Fault(
            OVERLAP,
            f"{where}.three_sample.{one.exposure}",
            f"'{one.selected_in}' and '{one.exposure}' share {', '.join(one.shared_cohorts)}",
            "studies without people in common",
            "Winner's curse remains in part",
            severity="note",
        )
        for one in chosen
        if one.is_three_sample and one.shared_cohorts
    ]
    notes += [
        Fault(
            OVERLAP,
            f"{where}.three_sample.{one.exposure}",
            f"'{one.selected_in}', which selects, and the outcome '{outcome}' share {', '.join(shared)}",
            "studies without people in common",
            "Chance that made a variant look strong is in the outcome's effects, too",
            severity="note",
        )
        for one in chosen
        if one.is_three_sample
        for outcome in outcomes_of(study, one.exposure)
        if (shared := shared_with_outcome(study, one, outcome))
    ]
    without = [x for x in study.exposures if section.proxies is not None and not study.panel_of(x)]
    if without:
        notes.append(
            Fault(
                NO_PROXY_PANEL,
                f"{where}.proxies",
                f"no panel of the ancestry of {', '.join(repr(x) for x in without)}",
                "a panel of its ancestry under [ld]",
                "Without one nothing stands in for what an outcome lacks",
                severity="note",
            )
        )
    covered = () if section.relaxed is None else section.relaxed.exposures or study.exposures
    if any(one.is_relaxed and one.exposure not in covered for one in chosen):
        notes.append(
            Fault(
                UNDECLARED,
                f"{where}.p_threshold",
                f"p_threshold = {threshold_text(section.p_threshold)} without a reason",
                f"at most {threshold_text(GENOME_WIDE_P)}, or a section [instruments.relaxed] with its reason",
                "Results are exploratory",
                severity="note",
            )
        )
    return notes
