"""From a checked study to its tasks: a small graph in which every key depends on all that is before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import osteobiome.study.steps  # noqa: F401 - registers the steps
from osteobiome.core.provenance import version
from osteobiome.mr import ESTIMATORS
from osteobiome.store import file_sha256
from osteobiome.study.loci import locus_ld, locus_ld_name
from osteobiome.study.panels import NOISE
from osteobiome.study.task import Task

if TYPE_CHECKING:
    from osteobiome.store import StudyFolder
    from osteobiome.study.config import LdFiles, LocusSection
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
    exposures = dict.fromkeys(_exposures(study))
    beside = [name for files in study.ld_files().values() for name in (files.matrix, files.variants)]
    beside += [study.name_of(file) for name in study.panels_in_use() for file in study.panels()[name].files]
    beside += [study.config.ingest.map] if study.config.ingest.map is not None else []
    beside += [block.genes for block in study.config.locus if block.genes is not None]
    hashes |= {name: file_sha256(study.folder / name) for name in dict.fromkeys(beside)}
    ingest = {trait_id: _ingest(study, trait_id, hashes) for trait_id in study.sides()}
    clumping = {name: _clumping(study, name, ingest, store, hashes) for name in study.panels_in_use()}
    instruments = {trait_id: _instruments(study, ingest[trait_id], clumping, store, hashes) for trait_id in exposures}
    loci = [_locus(study, block, ingest, store, hashes) for block in study.config.locus]
    families = [_mr(study, family, ingest, instruments, store, hashes) for family in study.families if family.pairs]
    rest = [*clumping.values(), *families, *loci]
    report = _report(study, ingest, instruments, rest, store, hashes)
    before = (*ingest.values(), *clumping.values(), *instruments.values())
    return Plan((*before, *families, *loci, report), hashes)


def _exposures(study: Study) -> list[str]:
    return [exposure for family in study.families for exposure, _ in family.pairs]


def _location(store: StudyFolder, task: Task) -> str:
    return str(store.task_folder(task.step, task.subject, task.key))


def _ingest(study: Study, trait_id: str, hashes: dict[str, str]) -> Task:
    trait, config = study.traits[trait_id], study.config
    return Task(
        step="ingest",
        subject=trait_id,
        params={
            "trait_id": trait_id,
            "reading": study.reading(trait_id).params(),
            "max_bad_rows": config.ingest.max_bad_rows,
            "allow": sorted(config.ingest.allow),
        },
        inputs={"file": hashes[trait.file]} | ({"map": hashes[str(config.ingest.map)]} if config.ingest.map else {}),
        locations={"file": str(study.file_of(trait_id))}
        | ({"map": str(study.variant_map)} if config.ingest.map else {}),
    )


def _ld_inputs(study: Study, files: LdFiles | None, hashes: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the hashes and the paths of an LD matrix, if there is one, as a task names them."""
    if files is None:
        return {}, {}
    named = {"ld:matrix": files.matrix, "ld:variants": files.variants}
    paths = {key: str(study.folder / name) for key, name in named.items()}
    return {key: hashes[name] for key, name in named.items()}, paths


def _clumping(study: Study, name: str, ingest: dict[str, Task], store: StudyFolder, hashes: dict[str, str]) -> Task:
    """Return the task that clumps all exposures of one panel in one pass."""
    section, panel = study.config.instruments, study.panels()[name]
    tasks = {f"ingest:{x}": ingest[x] for x in study.panels_in_use()[name]}
    files = {f"panel:{file.name}": hashes[study.name_of(file)] for file in panel.files}
    return Task(
        step="clumping",
        subject=name,
        params={
            "ancestry": name,
            "genome_build": study.config.study.genome_build,
            "exposures": list(study.panels_in_use()[name]),
            "p_threshold": section.p_threshold,
            "r2": section.r2,
            "window_kb": section.window_kb,
            "exclude_loci": sorted(section.exclude_loci),
        },
        inputs={key: task.key for key, task in tasks.items()} | files,
        locations={key: _location(store, task) for key, task in tasks.items()} | {"panel": panel.path},
        depends=tuple(task.key for task in tasks.values()),
    )


def _instruments(
    study: Study, ingest: Task, clumping: dict[str, Task], store: StudyFolder, hashes: dict[str, str]
) -> Task:
    section = study.config.instruments
    params: dict[str, object] = {
        "trait_id": ingest.subject,
        "p_threshold": section.p_threshold,
        "given": ingest.subject in section.given,
        "exclude_loci": sorted(section.exclude_loci),
        "genome_build": study.config.study.genome_build,
    }
    name = study.clumping_ld(ingest.subject)
    clumps = clumping.get(name)
    ld = study.ld_files().get(name)
    if ld is not None:
        forward = study.config.ingest.palindromic.policy == "keep_forward"
        params["clump"] = {"r2": section.r2, "window_kb": section.window_kb, "trust_strand": forward}
    inputs, locations = _ld_inputs(study, ld, hashes)
    if clumps is not None:
        inputs, locations = {"clumping": clumps.key}, {"clumping": _location(store, clumps)}
    return Task(
        step="instruments",
        subject=ingest.subject,
        params=params,
        inputs={"ingest": ingest.key, **inputs},
        locations={"ingest": _location(store, ingest), **locations},
        depends=(ingest.key,) if clumps is None else (ingest.key, clumps.key),
    )


def _locus(
    study: Study, block: LocusSection, ingest: dict[str, Task], store: StudyFolder, hashes: dict[str, str]
) -> Task:
    tasks = {f"trait:{trait_id}": ingest[trait_id] for trait_id in dict.fromkeys(block.traits)}
    inputs, locations = _ld_inputs(study, locus_ld(study, block), hashes)
    if block.genes is not None:
        inputs["genes"], locations["genes"] = hashes[block.genes], str(study.folder / block.genes)
    return Task(
        step="locus",
        subject=block.id,
        params={
            "locus": block.id,
            "chromosome": block.chromosome,
            "start": block.start,
            "end": block.end,
            "traits": list(dict.fromkeys(block.traits)),
            "lead": block.lead,
        },
        inputs={name: task.key for name, task in tasks.items()} | inputs,
        locations={name: _location(store, task) for name, task in tasks.items()} | locations,
        depends=tuple(task.key for task in tasks.values()),
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
    ld_inputs, ld_locations = _ld_inputs(study, study.ld_for(family), hashes)
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
            "clumped": [x for x in xs if x not in config.instruments.given and study.clumping_ld(x)],
            "palindromic": {"policy": palindromic.policy, "drop_between": list(palindromic.drop_between)},
            "traits": {name: _facts(study.traits[name]) for name in dict.fromkeys([*xs, *ys])},
            "study_id": config.study.id,
            # closed forms do not depend on it: another seed then changes no key
            "seed": config.study.seed if any(ESTIMATORS[name].stochastic for name in family.methods) else 0,
            "simulated": config.study.simulated,
        },
        inputs=inputs | ld_inputs,
        locations=locations | ld_locations,
        depends=tuple(dict.fromkeys(task.key for task in tasks.values())),
    )


def _facts(trait: Trait) -> dict[str, object]:
    return {
        "identifier": trait.identifier,
        "unit_label": trait.unit_label,
        "licence": trait.licence,
        "type": trait.type,
        "unit": trait.unit,
        "n": trait.n,
        "n_cases": trait.n_cases,
        "prevalence": trait.prevalence,
    }


def _report(
    study: Study,
    ingest: dict[str, Task],
    instruments: dict[str, Task],
    rest: list[Task],
    store: StudyFolder,
    hashes: dict[str, str],
) -> Task:
    tasks = {f"ingest:{name}": task for name, task in ingest.items()}
    tasks |= {f"instruments:{name}": task for name, task in instruments.items()}
    tasks |= {f"{task.step}:{task.subject}": task for task in rest}
    return Task(
        step="report",
        subject=study.config.study.id,
        params={
            "study": _page_facts(study),
            "traits": [_trait_row(study.traits[name], hashes) for name in ingest],
            "published": study.published.to_dicts(),
            "controls": [control.model_dump(mode="json") for control in study.config.control],
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
        "exclude_loci": sorted(config.instruments.exclude_loci),
        "clumping": {
            "r2": config.instruments.r2,
            "window_kb": config.instruments.window_kb,
            "ld": {x: name for x in dict.fromkeys(_exposures(study)) if (name := study.clumping_ld(x))},
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
        "notes": [note.text() for note in study.notes if note.code != NOISE],
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
