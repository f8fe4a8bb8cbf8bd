"""Step `sharing`: instruments that traits share with traits of their taxon, or of one that contains it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from osteobiome.core.schema import conform
from osteobiome.instruments.shared import shared_instruments
from osteobiome.store import read_table, write_table
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path


def run(inputs: Inputs, out: Path) -> None:
    """Mark them; nothing is dropped.

    Parameters
    ----------
    inputs : Inputs
        Params related (pairs of traits, the containing one first) and same (pairs of one taxon); locations
        ``instruments:<trait>``.
    out : pathlib.Path
        Folder to fill.
    """
    related, same = (
        [(one, other) for one, other in cast("list[list[str]]", inputs.params[name])] for name in ("related", "same")
    )
    tables = {
        name.removeprefix("instruments:"): read_table(folder / "variants.parquet", schema="variants")
        for name, folder in inputs.locations.items()
    }
    found = conform(shared_instruments(tables, related, same=same), "shared_instruments")
    write_table(found, out / "shared_instruments.parquet", schema="shared_instruments")


STEPS.add("sharing", Step("sharing", 2, ("shared_instruments",), run))
