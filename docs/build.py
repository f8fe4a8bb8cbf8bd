"""Write the reference pages that are made from the code; run it as ``make docs``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs import method_pages
from osteobiome.core.diagnostics import GROUPS
from osteobiome.core.text import reason
from osteobiome.mr.profiles import NOT_COVERED, PROFILES, VERSIONS
from osteobiome.study.config import json_schema
from osteobiome.sumstats.qc import CHECKS

FOLDER = Path(__file__).resolve().parent / "reference"
START, END = "<!-- made by `make docs`: start -->", "<!-- made by `make docs`: end -->"
SECTIONS = (
    ("[study]", "StudySection"),
    ("[ingest]", "Ingest"),
    ("palindromic, under [ingest]", "Palindromic"),
    ("[ld]", "LdFiles"),
    ("[instruments]", "InstrumentsSection"),
    ("relaxed, under [instruments]", "RelaxedSection"),
    ("cis.<exposure>, under [instruments]", "CisSection"),
    ("proxies, under [instruments]", "ProxiesSection"),
    ("[[mr]]", "MrFamily"),
    ("[[control]]", "ControlSection"),
    ("[[locus]]", "LocusSection"),
    ("[report]", "ReportSection"),
)
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def kind(spec: dict[str, Any]) -> str:
    """Return the type of a key in words."""
    if "$ref" in spec:
        name = spec["$ref"].rsplit("/", 1)[-1]
        return {"LayerChoice": "`{ layer = ... }`", "Palindromic": "table, see below"}.get(name, "table")
    if "enum" in spec:
        return ", ".join(f"`{value}`" for value in spec["enum"])
    if "anyOf" in spec:
        return " or ".join(kind(part) for part in spec["anyOf"] if part.get("type") != "null")
    if "prefixItems" in spec:
        return f"[{', '.join(kind(part) for part in spec['prefixItems'])}]"
    if spec["type"] == "array":
        return f"list of {kind(spec['items'])}"
    if spec["type"] == "object":
        return f"table of name = {kind(spec['additionalProperties'])}"
    name = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}[spec["type"]]
    limits = [f"{sign} {spec[key]:g}" for key, sign in BOUNDS.items() if key in spec]
    return " ".join([name, ", ".join(limits)]).strip()


def default(name: str, spec: dict[str, Any], required: list[str]) -> str:
    """Return the default of a key in words."""
    if name in required:
        return "required"
    if "$ref" in spec:
        return "that of each key"
    value = spec.get("default")
    if value in (None, [], {}):
        return "none"
    return f"`{json.dumps(value)}`"


def row(name: str, spec: dict[str, Any], section: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return one row of a table: key, type, default, meaning."""
    meaning = spec.get("description")
    if meaning is None:
        reference = spec.get("$ref") or spec["items"]["$ref"]
        meaning = schema["$defs"][reference.rsplit("/", 1)[-1]]["description"]
    cells = (f"`{name}`", kind(spec), default(name, spec, section.get("required", [])), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def tables(schema: dict[str, Any]) -> str:
    """Return one Markdown table per section of the study file, the sections themselves first."""
    parts = []
    for title, section in [("Sections", schema), *((title, schema["$defs"][name]) for title, name in SECTIONS)]:
        lines = [f"### {title}", "", section["description"], ""]
        lines += ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
        lines += [row(name, spec, section, schema) for name, spec in section["properties"].items()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def meaning(name: str) -> str:
    """Return a check in words, or nothing where its name says it."""
    words = reason(name)
    return "" if words == name.replace("_", " ") else words


def checks() -> str:
    """Return the checks on files, one Markdown table per severity."""
    parts = []
    for title, severity, doubt in (
        ("The file is refused", "fatal", False),
        ("Rows are dropped", "row", False),
        ("Doubts", "note", True),
        ("Remarks", "note", False),
    ):
        lines = [f"### {title}", "", "| check | meaning | what to do |", "| --- | --- | --- |"]
        lines += [
            f"| `{name}` | {meaning(name)} | {check.hint} |"
            for name, check in CHECKS.items()
            if check.severity == severity and check.casts_doubt == doubt
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def diagnostics() -> str:
    """Return every test and quantity of the results, one Markdown table per group."""
    parts = []
    for title, group in GROUPS.items():
        lines = [f"## {title}", "", "| name | in the report | meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{name}` | {entry.label} | {entry.meaning} |".replace("|r|", "\\|r\\|") for name, entry in group.items()
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def profiles() -> str:
    """Return the calls of R packages with our method, its options and what differs, one Markdown table per package."""
    parts = []
    for profile, entries in PROFILES.items():
        lines = [f"### {VERSIONS[profile]} (`--as {profile}`)", ""]
        lines += ["| call | our method | its options | difference |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{entry.call}` | [`{entry.method}`](../methods/{entry.method}.md) | {method_pages.as_options(entry)} | "
            f"{entry.differs or 'none'} |"
            for entry in entries
        ]
        lines += ["", "Not covered:", "", *(f"- `{call}`: {why}" for call, why in NOT_COVERED[profile].items())]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def fill(page: Path, made: str) -> None:
    """Put what was made between the marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n{made}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Write the JSON Schema, and the tables between the marks of the pages."""
    schema = json_schema()
    text = json.dumps(schema, indent=1, sort_keys=True) + "\n"
    (FOLDER / "study.schema.json").write_text(text, encoding="utf-8")
    fill(FOLDER / "study-file.md", tables(schema))
    fill(FOLDER / "checks.md", checks())
    fill(FOLDER / "diagnostics.md", diagnostics())
    fill(FOLDER.parent / "howto" / "check-against-r.md", profiles())
    method_pages.main()


if __name__ == "__main__":
    main()
