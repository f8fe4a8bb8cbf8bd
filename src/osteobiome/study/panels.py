"""Genotype panels of a study: which files they are, and which exposures are clumped with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, OsteobiomeError
from osteobiome.ld.panel import open_panel, panel_files

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.study.study import Study

NOISE = "r2_below_noise"
"""Code of the note that a threshold is below the noise of a panel."""


@dataclass(frozen=True, slots=True)
class PanelFiles:
    """A panel as the study file names it.

    Parameters
    ----------
    path : str
        Where it is; a prefix may hold ``{chromosome}``.
    files : tuple of pathlib.Path
        Its files; empty if there are none.
    """

    path: str
    files: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path, name: str) -> PanelFiles:
        """Find the files of a panel.

        Parameters
        ----------
        folder : pathlib.Path
            Folder of the study file.
        name : str
            As in the study file.
        """
        path = str(folder / name)
        try:
            return cls(path, panel_files(path))
        except OsteobiomeError:
            return cls(path, ())


def panel_faults(study: Study, name: str) -> list[Fault]:
    """Return what is wrong with a panel: missing, cut off, files that do not belong together.

    Parameters
    ----------
    study : Study
        Study whose ``[ld]`` names the panel.
    name : str
        Ancestry there.
    """
    try:
        open_panel(study.panels()[name].path, ancestry=name, genome_build=study.config.study.genome_build)
    except OsteobiomeError as error:
        return list(error.faults)
    return []


def noise_notes(study: Study) -> list[Fault]:
    """Return a note for each panel whose noise exceeds the threshold of clumping.

    r² of two unlinked variants is 1 / n on average: a threshold below it removes variants at random.

    Parameters
    ----------
    study : Study
        Checked study.
    """
    section, notes = study.config.instruments, []
    for name in study.panels_in_use():
        panel = open_panel(study.panels()[name].path)
        if section.r2 is not None and section.r2 < panel.noise_floor:
            notes.append(
                Fault(
                    NOISE,
                    f"{study.path.name}: instruments.r2",
                    f"r2 = {section.r2:g} with a panel of {panel.n_people:,} people ({name})",
                    f"at least {panel.noise_floor:.2g}, the mean r² of unlinked variants in so many people",
                    "Unlinked variants are removed at random there; take a larger panel, or a larger r2",
                    severity="note",
                )
            )
    return notes
