"""From tables to the one HTML file: sections in reading order, figures as specifications, no request to anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from osteobiome.core.provenance import provenance
from osteobiome.plot.style import VEGA_LITE
from osteobiome.report.bibliography import entries, to_bibtex, to_csl_json
from osteobiome.report.content import Content, read_content
from osteobiome.report.figures import locus_figures, pair_figures, study_figures
from osteobiome.report.flags import flags
from osteobiome.report.instruments_view import (
    corrected_view,
    exposures_view,
    proxies_sentence,
    proxies_view,
    shared_sentence,
    shared_view,
)
from osteobiome.report.methods_text import methods_paragraphs, references
from osteobiome.report.packing import Packer, packed_json, squeeze
from osteobiome.report.pair_view import pair_view, variant_rows
from osteobiome.report.sentences import study_sentences
from osteobiome.report.strobe import strobe_items
from osteobiome.report.study_view import controls_view, flow_view, published_view, traits_view
from osteobiome.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.plot import Figure

INLINE_ROWS = 300
"""Rows of a table up to which they stand in the page itself; of longer tables they come packed."""
INLINE_PAIRS = 60
"""Pairs up to which each has its place in the page from the start; else it is made when asked for."""
FIRST_FORESTS = 2
"""Forests that stand under the title; further ones stand above the table of results."""
SCRIPTS = ("inflate.js", "figures.js", "tables.js", "variants.js", "page.js")
_VEGA_GLOBALS = "window.vegaEmbed = vegaEmbed;"


def write_report(folder: Path, target: Path) -> None:
    """Build the page of a finished study.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``study.json`` and ``tables``.
    target : pathlib.Path
        HTML file to write.
    """
    write_atomic(target, render(read_content(folder)).encode())


def render(content: Content) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    environment = _environment()
    primary = content.primary().to_dicts()
    views = [pair_view(content, row, i) for i, row in enumerate(primary)]
    flow = flow_view(content)
    forests, loci = study_figures(content), locus_figures(content)
    rows = _rows(environment, views, flow) | _instrument_rows(environment, content)
    sources = entries(content)
    return environment.get_template("report.html.j2").render(
        study=content.study,
        sentences=study_sentences(content),
        controls=controls_view(content),
        flags=flags(content),
        forests=_places(forests, first=0)[:FIRST_FORESTS],
        more_forests=_places(forests, first=0)[FIRST_FORESTS:],
        loci=_places(loci, first=len(forests)),
        pairs=views if len(views) <= INLINE_PAIRS else [],
        n_pairs=len(views),
        n_flow=len(flow),
        rows={name: text if lines <= INLINE_ROWS else "" for name, (text, lines) in rows.items()},
        chosen=_chosen(content),
        published=published_view(content),
        traits=traits_view(content),
        methods=methods_paragraphs(content),
        estimators=[row for row in content.methods.to_dicts() if row["used_for"] != "diagnostic"],
        strobe=strobe_items(content),
        references=references(content),
        uses_random_numbers=content.estimates["n_draws"].is_not_null().any(),
        provenance=provenance(),
        made=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
        data=_data(environment, content, views, primary, [*forests, *loci], rows, sources),
        vega=_vega(),
        style=_resource("style.css"),
        script="\n".join(_resource(name) for name in SCRIPTS),
    )


def _data(
    environment: jinja2.Environment,
    content: Content,
    views: list[dict[str, Any]],
    primary: list[dict[str, Any]],
    figures: Sequence[Figure],
    rows: dict[str, tuple[str, int]],
    sources: list[Any],
) -> str:
    """Return all that is shown on demand, packed: details and figures of pairs, long tables, references as files."""
    packer = Packer()
    template = environment.get_template("pair.html.j2")
    pairs = []
    for view, row in zip(views, primary, strict=True):
        made = pair_figures(content, row)
        html = template.render(pair=view, figures=[{"index": i, "name": f.name} for i, f in enumerate(made)])
        pairs.append(
            {
                "title": _title(view),
                "stated": view["stated"],
                "html": html,
                **packer.pack(made, variant_rows(content, row)),
            }
        )
    return packed_json(
        {
            "name": content.study["id"],
            "study": packer.pack(figures),
            "pairs": pairs,
            "skeletons": packer.skeletons,
            "rows": {name: text for name, (text, lines) in rows.items() if lines > INLINE_ROWS},
            "files": {
                "bib": {"name": f"{content.study['id']}.bib", "type": "text/plain", "text": to_bibtex(sources)},
                "csl": {
                    "name": f"{content.study['id']}.csl.json",
                    "type": "application/json",
                    "text": to_csl_json(sources),
                },
            },
        }
    )


def _rows(
    environment: jinja2.Environment, views: list[dict[str, Any]], flow: list[dict[str, Any]]
) -> dict[str, tuple[str, int]]:
    """Return the rows of the long tables as HTML, with how many they are."""
    macros: Any = environment.get_template("rows.html.j2").module
    return {
        "results": ("".join(str(macros.result(view)) for view in views), len(views)),
        "sensitivity": ("".join(str(macros.sensitivity(view)) for view in views), len(views)),
        "flow": ("".join(str(macros.flow(step)) for step in flow), len(flow)),
    }


def _instrument_rows(environment: jinja2.Environment, content: Content) -> dict[str, tuple[str, int]]:
    """Return the rows of the tables of instruments as HTML, with how many they are."""
    macros: Any = environment.get_template("rows.html.j2").module
    exposures = exposures_view(content)
    thresholds = [str(macros.threshold(one["label"], row)) for one in exposures for row in one["sweep"]]
    made = {
        "exposures": [str(macros.exposure(one)) for one in exposures],
        "thresholds": thresholds,
        "corrected": [str(macros.corrected(row)) for row in corrected_view(content)],
        "proxies": [str(macros.proxy(row)) for row in proxies_view(content)],
        "shared": [str(macros.shared(row)) for row in shared_view(content)],
    }
    return {name: ("".join(lines), len(lines)) for name, lines in made.items()}


def _chosen(content: Content) -> dict[str, Any]:
    """Return which tables of instruments the page has, and the sentences above them."""
    return {
        # the declared threshold alone stands in the table of exposures
        "has_sweep": not content.thresholds["is_declared"].all(),
        "has_instruments": content.instruments.height > 0,
        "is_three_sample": bool(content.study["selection"]["three_sample"]),
        "proxies": proxies_sentence(content) if content.proxies.height else "",
        "shared": shared_sentence(content) if content.shared.height else "",
    }


def _places(figures: Sequence[Figure], *, first: int) -> list[dict[str, Any]]:
    """Return where the page shows the study's figures."""
    return [{"index": first + i, "name": figure.name, "caption": figure.caption} for i, figure in enumerate(figures)]


def _title(view: dict[str, Any]) -> str:
    result = f"{view['estimate']} {view['unit']}" if view["status"] == "ok" else view["status"].replace("_", " ")
    return f"{view['exposure']} → {view['outcome']}: {result}"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(_resource)
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _resource(name: str) -> str:
    return resources.files("osteobiome.report").joinpath("templates", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one squeezed script, made without network."""
    import vl_convert

    return squeeze(str(vl_convert.javascript_bundle(_VEGA_GLOBALS, vl_version=VEGA_LITE)))
