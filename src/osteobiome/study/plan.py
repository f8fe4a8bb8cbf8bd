"""From a checked study to its tasks: a small graph in which every key depends on all that is before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import osteobiome.study.steps  # noqa: F401 - registers the steps
from osteobiome.core.provenance import version
from osteobiome.store import file_sha256
from osteobiome.study.task import Task

if TYPE_CHECKING:
    from osteobiome.store import StudyFolder
    from osteobiome.study.study import Family, Study
    from osteobiome.study.traits import Trait


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks of a study in an order in which they can run.

    Parameters
    ----------
    tasks : tuple of Task
        A task comes after all it depends on; the last one is the report.
    inputs : dict of str
        SHA-256 of each input file, by the path written in the study.
    """

    tasks: tuple[Task, ...]
    inputs: dict[str, str]

    @property
    def report(self) -> Task:
        """The last task."""
        return self.tasks[-1]


def make_plan(study: Study, store: StudyFolder) -> Plan:
    """Return the tasks of a study.

    Parameters
    ----------
    study : Study
        Checked study.
    store : StudyFolder
        Where artefacts stand, or will stand.
    """
    hashes = {study.traits[t].file: file_sha256(study.file_of(t)) for t in study.sides()}
    ingest = {trait_id: _ingest(study, trait_id, hashes) for trait_id in study.sides()}
    exposures = dict.fromkeys(x for family in study.families for x, _ in family.pairs)
    instruments = {trait_id: _instruments(study, ingest[trait_id], store) for trait_id in exposures}
    for files in study.ld_files().values():
        for name in (files.matrix, files.variants):
            hashes[name] = file_sha256(study.folder / name)
    families = [_mr(study, family, ingest, instruments, store, hashes) for family in study.families if family.pairs]
    report = _report(study, ingest, instruments, families, store, hashes)
    return Plan((*ingest.values(), *instruments.values(), *families, report), hashes)


def _location(store: StudyFolder, task: Task) -> str:
    return str(store.task_folder(task.step, task.subject, task.key))


def _ingest(study: Study, trait_id: str, hashes: dict[str, str]) -> Task:
    trait, config = study.traits[trait_id], study.config
    return Task(
        step="ingest",
        subject=trait_id,
        params={
            "trait_id": trait_id,
            "format": trait.format,
            "side": study.sides()[trait_id],
            "genome_build": config.study.genome_build,
            "max_bad_rows": config.ingest.max_bad_rows,
            "allow": sorted(config.ingest.allow),
        },
        inputs={"file": hashes[trait.file]},
        locations={"file": str(study.file_of(trait_id))},
    )


def _instruments(study: Study, ingest: Task, store: StudyFolder) -> Task:
    section = study.config.instruments
    return Task(
        step="instruments",
        subject=ingest.subject,
        params={
            "trait_id": ingest.subject,
            "p_threshold": section.p_threshold,
            "given": ingest.subject in section.given,
        },
        inputs={"ingest": ingest.key},
        locations={"ingest": _location(store, ingest)},
        depends=(ingest.key,),
    )


def _mr(
    study: Study,
    family: Family,
    ingest: dict[str, Task],
    instruments: dict[str, Task],
    store: StudyFolder,
    hashes: dict[str, str],
) -> Task:
    config = study.config
    xs = dict.fromkeys(x for x, _ in family.pairs)
    ys = dict.fromkeys(y for _, y in family.pairs)
    tasks = {f"x:{x}": instruments[x] for x in xs} | {f"y:{y}": ingest[y] for y in ys}
    inputs = {name: task.key for name, task in tasks.items()}
    locations = {name: _location(store, task) for name, task in tasks.items()}
    ld = study.ld_for(family)
    if ld is not None:
        inputs |= {"ld:matrix": hashes[ld.matrix], "ld:variants": hashes[ld.variants]}
        locations |= {"ld:matrix": str(study.folder / ld.matrix), "ld:variants": str(study.folder / ld.variants)}
    palindromic = config.ingest.palindromic
    return Task(
        step="mr",
        subject=family.id,
        params={
            "family": family.id,
            "pairs": [list(pair) for pair in family.pairs],
            "methods": list(family.methods),
            "primary": family.primary,
            "exposure_direction": family.exposure_direction,
            "palindromic": {"policy": palindromic.policy, "drop_between": list(palindromic.drop_between)},
            "traits": {name: _facts(study.traits[name]) for name in dict.fromkeys([*xs, *ys])},
            "study_id": config.study.id,
            "simulated": config.study.simulated,
        },
        inputs=inputs,
        locations=locations,
        depends=tuple(dict.fromkeys(task.key for task in tasks.values())),
    )


def _facts(trait: Trait) -> dict[str, object]:
    return {"identifier": trait.identifier, "unit_label": trait.unit_label, "licence": trait.licence}


def _report(
    study: Study,
    ingest: dict[str, Task],
    instruments: dict[str, Task],
    families: list[Task],
    store: StudyFolder,
    hashes: dict[str, str],
) -> Task:
    tasks = {f"ingest:{name}": task for name, task in ingest.items()}
    tasks |= {f"instruments:{name}": task for name, task in instruments.items()}
    tasks |= {f"mr:{task.subject}": task for task in families}
    return Task(
        step="report",
        subject=study.config.study.id,
        params={
            "study": _page_facts(study),
            "traits": [_trait_row(study.traits[name], hashes) for name in ingest],
            "published": study.published.to_dicts(),
            "version": version(),
        },
        inputs={name: task.key for name, task in tasks.items()},
        locations={name: _location(store, task) for name, task in tasks.items()},
        depends=tuple(dict.fromkeys(task.key for task in tasks.values())),
    )


def _page_facts(study: Study) -> dict[str, object]:
    """Return what the report says about the study and cannot read from its tables."""
    config = study.config
    return {
        "id": config.study.id,
        "title": config.study.title,
        "seed": config.study.seed,
        "simulated": config.study.simulated,
        "genome_build": config.study.genome_build,
        "p_threshold": config.instruments.p_threshold,
        "given": dict(config.instruments.given),
        "palindromic": {
            "policy": config.ingest.palindromic.policy,
            "drop_between": list(config.ingest.palindromic.drop_between),
        },
        "max_bad_rows": config.ingest.max_bad_rows,
        "notes": [note.text() for note in study.notes],
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


def _trait_row(trait: Trait, hashes: dict[str, str]) -> dict[str, object]:
    return {
        "trait_id": trait.trait_id,
        "label": trait.label,
        "layer": trait.layer,
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
