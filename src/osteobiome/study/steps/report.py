"""Step `report`: the tables of all families side by side, and the page that shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from osteobiome.core.estimate import DOUBTS
from osteobiome.core.schema import polars_schema, table
from osteobiome.report import write_report
from osteobiome.store import read_table, write_atomic, write_csv, write_table
from osteobiome.study.controls import judge_controls
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path

FROM_FAMILIES = ("estimates", "diagnostics", "harmonised", "influence", "leave_one_out", "proxies", "evidence")
FROM_INSTRUMENTS = ("instruments", "thresholds")
FROM_LOCI = ("regional", "genes")
TABLES = (
    *FROM_FAMILIES, *FROM_INSTRUMENTS, "shared_instruments", "controls", "clumps", *FROM_LOCI, "methods", "row_report",
    "findings", "traits", "published",
)  # fmt: skip


def run(inputs: Inputs, out: Path) -> None:
    """Collect the tables, write them as Parquet and CSV, and build the page.

    Parameters
    ----------
    inputs : Inputs
        Params study (plain data for the page), traits, published; locations ``mr:<family>``, ``ingest:<trait>``,
        ``instruments:<trait>``, ``sharing:taxa``, ``clumping:<ancestry>``, ``locus:<locus>``.
    out : pathlib.Path
        Folder to fill: ``tables/``, ``study.json``, ``report.html``.
    """
    params = cast("dict[str, Any]", dict(inputs.params))
    families = [path for name, path in inputs.locations.items() if name.startswith("mr:")]
    tables = _from(inputs, "mr:", FROM_FAMILIES)
    methods = _stack("methods", [read_table(path / "methods.parquet", schema="methods") for path in families])
    # a method that is primary in one family and sensitivity in another is listed once, as primary
    order = methods.sort(pl.col("used_for") != "primary", maintain_order=True)
    tables["methods"] = order.unique("name", keep="first", maintain_order=True)
    tables["row_report"] = _stack(
        "row_report",
        [
            read_table(path / "row_report.parquet", schema="row_report")
            for name, path in inputs.locations.items()
            # a figure of a region loses no row of an analysis; what clumping leaves out, the instruments count
            if not name.startswith(("locus:", "clumping:", "sharing:"))
        ],
    ).unique(["subject", "step", "kind", "reason"], maintain_order=True)
    about_files = [path for name, path in inputs.locations.items() if name.startswith(("ingest:", "instruments:"))]
    tables["findings"] = _stack(
        "findings", [read_table(path / "findings.parquet", schema="findings") for path in about_files]
    )
    tables |= _from(inputs, "instruments:", FROM_INSTRUMENTS)
    tables |= _from(inputs, "sharing:", ("shared_instruments",))
    tables |= _from(inputs, "clumping:", ("clumps",))
    tables |= _from(inputs, "locus:", FROM_LOCI)
    tables["traits"] = table("traits", params["traits"])
    tables["published"] = table("published", params["published"])
    lowered = frozenset(f["id"] for f in params["study"]["families"] if f["exposure_direction"] == "lower")
    doubtful = tables["diagnostics"].filter(pl.col("name").is_in(DOUBTS)).to_dicts()
    doubts = {(row["family"], row["exposure"], row["outcome"]): row["message"] for row in doubtful}
    tables["controls"] = judge_controls(params["controls"], tables["estimates"], lowered=lowered, doubts=doubts)
    for name, frame in tables.items():
        write_table(frame, out / "tables" / f"{name}.parquet", schema=name)
        write_csv(frame, out / "tables" / f"{name}.csv")
    write_atomic(out / "study.json", json.dumps(params["study"], indent=1, sort_keys=True, ensure_ascii=False).encode())
    write_report(out, out / "report.html")


def _from(inputs: Inputs, prefix: str, names: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """Return tables of all tasks of a kind, one below the other."""
    folders = [path for name, path in inputs.locations.items() if name.startswith(prefix)]
    return {
        name: _stack(name, [read_table(folder / f"{name}.parquet", schema=name) for folder in folders])
        for name in names
    }


def _stack(name: str, frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=polars_schema(name)), *frames])


STEPS.add("report", Step("report", 5, TABLES, run))
