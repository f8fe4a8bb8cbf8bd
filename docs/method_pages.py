"""The page of each estimator, made from the registry and its docstring; remarks by hand stand below what is made."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path

from osteobiome.mr import ESTIMATORS, Estimator
from osteobiome.mr.profiles import FEW, PROFILES, VERSIONS, Entry

FOLDER = Path(__file__).resolve().parent / "methods"
START, END = "<!-- made by `make docs`: start -->", "<!-- made by `make docs`: end -->"
BEHAVIOUR = FOLDER / "behaviour"
"""Figures made by `python -m docs.behaviour`."""
_SECTION = re.compile(r"^(\w[\w ]+)\n-{3,}\n", re.MULTILINE)
_ROLE = re.compile(r":(?:func|class|meth|mod|data):`~?([\w.]+)`")
_INTERNAL = re.compile(r"\s*\(:(?:func|mod):`~?osteobiome\.stats\.[\w.]+`\)")
"""A kernel named in brackets: of use to who reads the code, and left out of the page."""
_ESTIMATOR = re.compile(r"osteobiome\.mr\.estimators\.(\w+)\.\1")
_MATH_LINE = re.compile(r"^( *)\.\. math:: *(.*(?:\n\1 {2,}.*|\n(?= *\n\1 {3,}))*)", re.MULTILINE)


OTHER = {
    "sensitivity": "What a pair says beyond its estimates: Rücker's framework, SIMEX, weak-instrument sets, "
    "thresholds, clusters, sign test",
    "steiger": "Direction: the Steiger test",
    "power": "Power and the smallest detectable effect",
    "leave_one_out": "Leave-one-out",
    "influence": "Influence of single variants",
    "harmonisation": "Harmonisation",
    "quality-control": "Quality control of files",
    "ld": "Linkage disequilibrium",
    "instruments": "Instruments",
    "winners_curse": "Winner's curse",
    "calibration": "Calibration: error rates and coverage by simulation",
    "../reference/diagnostics": "Every test and quantity that comes with an estimate, in a line each",
    "../howto/check-against-r": "Checking the estimates against R",
}
"""Pages written by hand."""


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring in numpydoc, taken apart.

    Parameters
    ----------
    summary : str
        First line.
    sections : dict of str
        Text of each section by its title.
    """

    summary: str
    sections: dict[str, str]

    @classmethod
    def of(cls, thing: object) -> Docstring:
        """Take the docstring of a function apart."""
        text = inspect.getdoc(thing) or ""
        parts = _SECTION.split(text)
        titles, bodies = parts[1::2], parts[2::2]
        return cls(parts[0].strip().split("\n", 1)[0], dict(zip(titles, map(str.strip, bodies), strict=True)))


def page(name: str) -> str:
    """Return what is made of the page of an estimator."""
    entry, doc = ESTIMATORS[name], Docstring.of(ESTIMATORS[name].function)
    parts = [f"# {entry.label} (`{name}`)", doc.summary, _facts(entry)]
    parts += ["## Formula", markdown(doc.sections["Notes"])]
    options = _options(doc.sections["Parameters"])
    if options:
        parts += ["## Options", options]
    parts += ["## Assumptions", "\n".join(f"- {text}" for text in entry.assumptions)]
    if (BEHAVIOUR / f"{name}.svg").is_file():
        parts += [
            "## Behaviour under pleiotropy",
            f"![Median estimate of {_with_ivw(name)} as more variants are invalid](behaviour/{name}.svg)",
            f"Simulated: {_simulated(entry)}, effect 0.3 (dashed), 200 pairs at each point; line: median of the "
            "estimates, band: the middle 80 % of them. Made by `python -m docs.behaviour`, which says how.",
        ]
    elsewhere = _elsewhere(name)
    if elsewhere:
        parts += ["## What other packages report", elsewhere]
    parts += ["## When there is no number", _raises(doc.sections["Raises"])]
    parts += ["## Example", _example(doc.sections["Examples"])]
    parts += ["## References", markdown(doc.sections["References"])]
    return "\n\n".join(parts)


def _with_ivw(name: str) -> str:
    """Return whose estimates a figure shows."""
    return name if name == "ivw" else f"{name} and of ivw"


def _simulated(entry: Estimator) -> str:
    """Return what the pairs of a figure are."""
    if entry.needs_candidates:
        return "600 candidates (IVW: those with p below 5e-8)"
    return "10 loci of three linked variants" if entry.needs_ld or entry.needs_positions else "30 variants"


def _facts(entry: Estimator) -> str:
    """Return what an estimator needs, as a sentence."""
    needs = [f"{entry.min_variants} {'variant' if entry.min_variants == 1 else 'variants'} or more"]
    if entry.max_variants:
        needs = [f"{entry.min_variants} to {entry.max_variants} variants" if entry.max_variants > 1 else "one variant"]
    needs += ["an LD matrix"] if entry.needs_ld else []
    needs += ["chromosome and position"] if entry.needs_positions else []
    needs += ["candidates that no threshold selected"] if entry.needs_candidates else []
    drawn = " Draws random numbers: takes a seed, and reports the Monte Carlo error." if entry.stochastic else ""
    return f"Needs {', '.join(needs)}.{drawn} doi:{entry.doi}."


def _options(text: str) -> str:
    """Return the options of a function as a table; the pair itself is none."""
    rows = []
    for block in re.split(r"\n(?=\S)", text):
        head, _, body = block.partition("\n")
        names, _, kind = head.partition(" : ")
        if names in {"inst", "seed"}:
            continue
        meaning = " ".join(markdown(inspect.cleandoc(body)).split())
        cells = (", ".join(f"`{part}`" for part in names.split(", ")), kind.replace('"', "`"), meaning)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(["| option | values | meaning |", "| --- | --- | --- |", *rows]) if rows else ""


def _elsewhere(name: str) -> str:
    """Return which calls of R packages are this method, with which options, and where numbers differ."""
    rows = [
        f"| {VERSIONS[profile]} | `{entry.call}` | {as_options(entry)} | {entry.differs or 'every number is equal'} |"
        for profile, entries in PROFILES.items()
        for entry in entries
        if entry.method == name
    ]
    if not rows:
        return ""
    lead = "`osteobiome mr estimate TABLE --as` `twosamplemr` or `mendelianrandomization` runs these."
    return "\n".join([lead, "", "| package | call | our options | difference |", "| --- | --- | --- | --- |", *rows])


def as_options(entry: Entry) -> str:
    """Return the options of a call of a package in our words."""
    words = [f"`{key}={value!r}`" for key, value in entry.options.items()]
    few = [f"`{key}={value!r}`" for key, value in entry.few.items()]
    words += [f"{', '.join(few)} for up to {FEW} variants"] if few else []
    words += ["then as the package writes it"] if entry.finish is not None else []
    return ", ".join(words) or "defaults"


def _raises(text: str) -> str:
    """Return the errors of a function as a list."""
    lines = []
    for block in re.split(r"\n(?=\S)", text):
        head, _, body = block.partition("\n")
        lines.append(f"- {head}: {' '.join(markdown(inspect.cleandoc(body)).split())}")
    return "\n".join(lines)


def _example(text: str) -> str:
    return f"```python\n{text}\n```"


def markdown(text: str) -> str:
    """Return reStructuredText of a docstring as Markdown."""
    text = _MATH_LINE.sub(lambda found: f"$${' '.join(found[2].split())}$$", text)
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    text = _ROLE.sub(_reference, _INTERNAL.sub("", text))
    return text.replace("``", "`")


def _reference(found: re.Match[str]) -> str:
    """Return what stands for a reference: a link to a method's page, or the name to import."""
    method = _ESTIMATOR.fullmatch(found[1])
    return f"[`{method[1]}`]({method[1]}.md)" if method else f"`{found[1]}`"


def fill(path: Path, made: str) -> None:
    """Put what was made at the head of a page; what stands below the marks stays."""
    after = ""
    if path.is_file():
        _, _, after = path.read_text(encoding="utf-8").partition(END)
    path.write_text(f"{START}\n\n{made}\n\n{END}{after or chr(10)}", encoding="utf-8")


def index() -> str:
    """Return the list of all estimators."""
    lines = [
        "# Estimators",
        "",
        "| method | name | variants | random numbers | source |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, entry in sorted(ESTIMATORS.items()):
        most = f" to {entry.max_variants}" if entry.max_variants else " or more"
        drawn = "yes" if entry.stochastic else ""
        lines.append(
            f"| [`{name}`]({name}.md) | {entry.label} | {entry.min_variants}{most} | {drawn} | doi:{entry.doi} |"
        )
    return "\n".join([*lines, "", "## Other pages", "", *(f"- [{words}]({name}.md)" for name, words in OTHER.items())])


def main() -> None:
    """Write the pages of all estimators, and their list."""
    for name in ESTIMATORS:
        fill(FOLDER / f"{name}.md", page(name))
    fill(FOLDER / "README.md", index())


if __name__ == "__main__":
    main()
