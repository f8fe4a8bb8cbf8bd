"""Step `sharing`: instruments that taxa share with taxa that contain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from osteobiome.core.schema import polars_schema
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
        Params related (pairs of traits, the containing one first); locations ``instruments:<trait>``.
    out : pathlib.Path
        Folder to fill.
    """
    related = [(above, below) for above, below in cast("list[list[str]]", inputs.params["related"])]
    tables = {
        name.removeprefix("instruments:"): read_table(folder / "variants.parquet", schema="variants")
        for name, folder in inputs.locations.items()
    }
    schema = polars_schema("shared_instruments")
    found = shared_instruments(tables, related).select(list(schema)).cast(schema)  # type: ignore[arg-type]
    write_table(found, out / "shared_instruments.parquet", schema="shared_instruments")


STEPS.add("sharing", Step("sharing", 1, ("shared_instruments",), run))
