"""From a checked study to its tasks: a small graph in which every key depends on all that is before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import osteobiome.study.steps  # noqa: F401 - registers the steps
from osteobiome.core.provenance import version
from osteobiome.instruments.shared import related_taxa, same_taxa
from osteobiome.ld.fit import PANEL_CHECKS
from osteobiome.mr import ESTIMATORS
from osteobiome.store import file_sha256
from osteobiome.study.loci import locus_ld
from osteobiome.study.page_facts import page_facts, trait_row
from osteobiome.study.selection import is_selection_corrected
from osteobiome.study.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osteobiome.store import StudyFolder
    from osteobiome.study.config import LdFiles, LocusSection
    from osteobiome.study.panels import PanelFiles
    from osteobiome.study.selection import Selection
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
    beside = [name for files in study.ld_files().values() for name in (files.matrix, files.variants) if name]
    beside += [study.name_of(file) for panel in study.panels().values() for file in panel.files]
    beside += [study.config.ingest.map] if study.config.ingest.map is not None else []
    beside += [study.config.instruments.exclude] if study.config.instruments.exclude is not None else []
    beside += [block.genes for block in study.config.locus if block.genes is not None]
    hashes |= {name: file_sha256(study.folder / name) for name in dict.fromkeys(beside)}
    ingest = {trait_id: _ingest(study, trait_id, hashes) for trait_id in study.sides()}
    clumping = {name: _clumping(study, name, ingest, store, hashes) for name in study.panels_in_use()}
    instruments = {name: _instruments(study, name, ingest, clumping, store, hashes) for name in study.exposures}
    shared = _sharing(study, instruments, store)
    loci = [_locus(study, block, ingest, store, hashes) for block in study.config.locus]
    families = [_mr(study, family, ingest, instruments, store, hashes) for family in study.families if family.pairs]
    rest = [*clumping.values(), *shared, *families, *loci]
    report = _report(study, ingest, instruments, rest, store, hashes)
    before = (*ingest.values(), *clumping.values(), *instruments.values())
    return Plan((*before, *shared, *families, *loci, report), hashes)


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
    named = {"ld:matrix": files.matrix} | ({"ld:variants": files.variants} if files.variants else {})
    paths = {key: str(study.folder / name) for key, name in named.items()}
    return {key: hashes[name] for key, name in named.items()}, paths


def _clumping(study: Study, name: str, ingest: dict[str, Task], store: StudyFolder, hashes: dict[str, str]) -> Task:
    """Return the task that clumps all exposures of one panel in one pass."""
    section, panel = study.config.instruments, study.panels()[name]
    chosen = [study.selection(x) for x in study.panels_in_use()[name]]
    tasks = {f"ingest:{one.exposure}": ingest[one.selected_in] for one in chosen}
    files = _panel_files(study, panel, "panel", hashes)
    inputs, locations = _exclusions(study, hashes)
    return Task(
        step="clumping",
        subject=name,
        params={
            "ancestry": name,
            "genome_build": study.config.study.genome_build,
            "exposures": {one.exposure: _selection(study, one) for one in chosen},
            "selecting": {
                one.exposure: {"selected_in": one.selected_in, "ancestry": study.traits[one.selected_in].ancestry}
                for one in chosen
            },
            "r2": section.r2,
            "window_kb": section.window_kb,
            "by": section.clump_by,
            "mode": section.clump_mode,
            "seed": study.config.study.seed,
            "allow": sorted(set(study.config.ingest.allow) & set(PANEL_CHECKS)),
        },
        inputs={key: task.key for key, task in tasks.items()} | files | inputs,
        locations={key: _location(store, task) for key, task in tasks.items()} | {"panel": panel.path} | locations,
        depends=tuple(dict.fromkeys(task.key for task in tasks.values())),
    )


def _panel_files(study: Study, panel: PanelFiles, role: str, hashes: dict[str, str]) -> dict[str, str]:
    """Return the hash of each file of a panel; the whole path is its name, as files of chromosomes may be namesakes."""
    return {f"{role}:{name}": hashes[name] for name in map(study.name_of, panel.files)}


def _selection(study: Study, one: Selection) -> dict[str, object]:
    """Return what decides which variants of an exposure become instruments, as plain data."""
    cis = one.cis
    return {
        "p_threshold": one.p_threshold,
        "given": one.is_given,
        "exclude_loci": sorted(study.config.instruments.exclude_loci),
        "cis": None if cis is None else {"chromosome": cis.chromosome, "start": cis.start, "end": cis.end},
    }


def _exclusions(study: Study, hashes: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return hash and path of the list of what is left out, if there is one, as a task names them."""
    name = study.config.instruments.exclude
    return ({}, {}) if name is None else ({"exclude": hashes[name]}, {"exclude": str(study.folder / name)})


def _instruments(
    study: Study,
    exposure: str,
    ingest: dict[str, Task],
    clumping: dict[str, Task],
    store: StudyFolder,
    hashes: dict[str, str],
) -> Task:
    section, one = study.config.instruments, study.selection(exposure)
    params: dict[str, object] = {
        "trait_id": exposure,
        "selected_in": one.selected_in,
        "genome_build": study.config.study.genome_build,
        "selection": _selection(study, one),
        "by": section.clump_by,
    }
    clumps, ld = clumping.get(one.ld), study.ld_files().get(one.ld)
    tasks = {"ingest": ingest[one.selected_in]}
    if one.is_three_sample:
        tasks["estimation"] = ingest[exposure]
        policy = study.config.ingest.palindromic
        params["palindromic"] = {"policy": policy.policy, "drop_between": list(policy.drop_between)}
    if clumps is not None:
        tasks["clumping"] = clumps
    if ld is not None:
        forward = study.config.ingest.palindromic.policy == "keep_forward"
        params["clump"] = {"r2": section.r2, "window_kb": section.window_kb, "trust_strand": forward}
        params["seed"] = study.config.study.seed
    ld_inputs, ld_locations = _ld_inputs(study, ld, hashes)
    inputs, locations = _exclusions(study, hashes)
    return Task(
        step="instruments",
        subject=exposure,
        params=params,
        inputs={name: task.key for name, task in tasks.items()} | inputs | ld_inputs,
        locations={name: _location(store, task) for name, task in tasks.items()} | locations | ld_locations,
        depends=tuple(dict.fromkeys(task.key for task in tasks.values())),
    )


def _sharing(study: Study, instruments: dict[str, Task], store: StudyFolder) -> list[Task]:
    """Return the task that marks instruments of one taxon, or of taxa that contain each other, if there are such."""
    lineages = {name: study.traits[name].lineage for name in instruments}
    related, same = related_taxa(lineages), same_taxa(lineages)
    if not related and not same:
        return []
    named = dict.fromkeys(name for pair in (*related, *same) for name in pair)
    tasks = {f"instruments:{name}": instruments[name] for name in named}
    return [
        Task(
            step="sharing",
            subject="taxa",
            params={"related": [list(pair) for pair in related], "same": [list(pair) for pair in same]},
            inputs={name: task.key for name, task in tasks.items()},
            locations={name: _location(store, task) for name, task in tasks.items()},
            depends=tuple(task.key for task in tasks.values()),
        )
    ]


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
    panels = _panels(study, family)
    for role, name in panels.items():
        panel = study.panels()[name]
        ld_inputs |= _panel_files(study, panel, role, hashes)
        ld_locations[role] = panel.path
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
            "selection": {x: _facts_of_selection(study, x, [y for e, y in family.pairs if e == x]) for x in xs},
            "proxies": _proxies(study, xs),
            "steiger_filter": config.instruments.steiger_filter,
            "genome_build": config.study.genome_build,
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


def _panels(study: Study, family: Family) -> dict[str, str]:
    """Return the panels that a family needs for its estimators and for stand-ins: what for, and the ancestry."""
    wanted = {} if study.ld_for(family) is not None else {"ld:panel": study.ld_panel(family)}
    if study.config.instruments.proxies is not None:
        names = {study.panel_of(x) for x, _ in family.pairs}
        wanted |= {f"panel:{name}": name for name in sorted(names)}
    return {role: name for role, name in wanted.items() if name}


def _proxies(study: Study, exposures: Iterable[str]) -> dict[str, object] | None:
    """Return what may stand in for a variant, and the panel for each exposure; None if nothing may."""
    section = study.config.instruments.proxies
    if section is None:
        return None
    return {**section.model_dump(), "panels": {x: study.panel_of(x) for x in exposures}}


def _facts_of_selection(study: Study, exposure: str, outcomes: list[str]) -> dict[str, object]:
    """Return what estimates need to know about the choice of their instruments."""
    one = study.selection(exposure)
    return {
        "clumped": bool(one.ld),
        "is_relaxed": one.is_relaxed,
        "selected_in": one.selected_in,
        "in_region": one.cis is not None,
        "selection_corrected": [y for y in outcomes if is_selection_corrected(study, exposure, y)],
    }


def _facts(trait: Trait) -> dict[str, object]:
    return {
        "trait_id": trait.trait_id,
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
            "study": page_facts(study),
            "traits": [trait_row(study.traits[name], hashes) for name in ingest],
            "published": study.published.to_dicts(),
            "controls": [control.model_dump(mode="json") for control in study.config.control],
            "version": version(),
        },
        inputs={name: task.key for name, task in tasks.items()},
        locations={name: _location(store, task) for name, task in tasks.items()},
        depends=tuple(dict.fromkeys(task.key for task in tasks.values())),
    )
