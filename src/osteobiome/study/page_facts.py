"""What the report says about a study and cannot read from its tables, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.study.loci import locus_ld_name
from osteobiome.study.panels import NOISE
from osteobiome.study.selection import SELECTION_NOTES, outcomes_of, shared_with_outcome

if TYPE_CHECKING:
    from osteobiome.study.selection import Selection
    from osteobiome.study.study import Study
    from osteobiome.study.traits import Trait

TOLD_ELSEWHERE = (NOISE, *SELECTION_NOTES)
"""Codes of notes that are no setting without effect."""


def page_facts(study: Study) -> dict[str, object]:
    """Return what the report says about a study and cannot read from its tables.

    Parameters
    ----------
    study : Study
        Checked study.
    """
    config = study.config
    return {
        "id": config.study.id,
        "title": config.study.title,
        "seed": config.study.seed,
        "simulated": config.study.simulated,
        "genome_build": config.study.genome_build,
        "p_threshold": config.instruments.p_threshold,
        "selection": _page_selection(study),
        "given": dict(config.instruments.given),
        "exclude_loci": sorted(config.instruments.exclude_loci),
        "clumping": {
            "r2": config.instruments.r2,
            "window_kb": config.instruments.window_kb,
            "ld": {x: name for x in study.exposures if (name := study.selection(x).ld)},
            "panels": sorted(study.panels_in_use()),
        },
        "loci": [
            {
                "id": block.id,
                "chromosome": block.chromosome,
                "start": block.start,
                "end": block.end,
                "traits": list(dict.fromkeys(block.traits)),
                "ld": locus_ld_name(study, block),
            }
            for block in config.locus
        ],
        "palindromic": {
            "policy": config.ingest.palindromic.policy,
            "drop_between": list(config.ingest.palindromic.drop_between),
        },
        "max_bad_rows": config.ingest.max_bad_rows,
        "notes": [note.text() for note in study.notes if note.code not in TOLD_ELSEWHERE],
        "noise": [note.text() for note in study.notes if note.code == NOISE],
        "families": [
            {
                "id": family.id,
                "primary": family.primary,
                "methods": list(family.methods),
                "exposure_direction": family.exposure_direction,
                "n_pairs": len(family.pairs),
                "ld": study.ld_name(family),
            }
            for family in study.families
        ],
    }


def _page_selection(study: Study) -> dict[str, object]:
    """Return what the report says about the choice of instruments."""
    section = study.config.instruments
    chosen = [study.selection(name) for name in study.exposures]
    return {
        "relaxed": {one.exposure: one.p_threshold for one in chosen if one.is_relaxed},
        "reason": "" if section.relaxed is None else section.relaxed.reason,
        "reasons": {one.exposure: _reason(study, one) for one in chosen if one.is_relaxed},
        "three_sample": {
            one.exposure: {
                "selected_in": one.selected_in,
                "shared_cohorts": None if one.shared_cohorts is None else list(one.shared_cohorts),
                "with_outcomes": {
                    y: None if (shared := shared_with_outcome(study, one, y)) is None else list(shared)
                    for y in outcomes_of(study, one.exposure)
                },
            }
            for one in chosen
            if one.is_three_sample
        },
        "cis": {
            one.exposure: {
                "name": one.cis.name,
                "chromosome": one.cis.chromosome,
                "start": one.cis.start,
                "end": one.cis.end,
            }
            for one in chosen
            if one.cis is not None
        },
        "exclude": section.exclude or "",
        "clump_by": section.clump_by,
        "proxies": None if section.proxies is None else section.proxies.model_dump(),
        "steiger_filter": section.steiger_filter,
    }


def _reason(study: Study, one: Selection) -> str:
    """Return why the threshold of an exposure was relaxed; empty if the study does not say."""
    relaxed = study.config.instruments.relaxed
    return relaxed.reason if relaxed is not None and one.p_threshold == relaxed.p_threshold else ""


def trait_row(trait: Trait, hashes: dict[str, str]) -> dict[str, object]:
    """Return a trait as a row of schema ``traits``.

    Parameters
    ----------
    trait : Trait
        Row of the trait table.
    hashes : dict of str
        SHA-256 of each file, by its path in the study.
    """
    return {
        "trait_id": trait.trait_id,
        "label": trait.label,
        "layer": trait.layer,
        "lineage": trait.lineage,
        "curie": trait.curie,
        "type": trait.type,
        "unit": trait.unit,
        "unit_label": trait.unit_label,
        "n_people": trait.n,
        "n_cases": trait.n_cases,
        "prevalence": trait.prevalence,
        "case_definition": trait.case_definition,
        "age_range": trait.age_range,
        "adjusted_for": trait.adjusted_for,
        "body_size_covariates": list(trait.adjusted_for_body_size),
        "ancestry": trait.ancestry,
        "sex": trait.sex,
        "cohorts": trait.cohorts,
        "transformation": trait.transformation,
        "format": trait.format,
        "file": trait.file,
        "sha256": hashes[trait.file],
        "licence": trait.licence,
        "citation": trait.citation,
    }
