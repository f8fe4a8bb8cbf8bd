"""Studies that come with the package, and the template of a new one."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from osteobiome.core.errors import ConfigError, Fault, nearest
from osteobiome.core.paths import is_there
from osteobiome.store import write_atomic, writing

STUDIES = ("sclerostin-bone",)
TEMPLATES = ("two-sample",)


def bundled_study(name: str) -> Path:
    """Return the study file of a bundled study.

    Parameters
    ----------
    name : str
        One of ``STUDIES``.
    """
    return Path(str(resources.files("osteobiome"))) / "examples" / name / "study.toml"


def write_template(folder: Path, *, template: str = "two-sample") -> tuple[Path, ...]:
    """Write a study to fill in.

    Parameters
    ----------
    folder : pathlib.Path
        New folder, or one without a study.
    template : str
        One of ``TEMPLATES``.

    Returns
    -------
    tuple of pathlib.Path
        Files written.

    Raises
    ------
    ConfigError
        Unknown template, or a file of the template already stands there: nothing is overwritten.
    StoreWriteError
        The folder cannot be written.
    """
    if template not in TEMPLATES:
        raise ConfigError(
            Fault(
                "unknown_template",
                "--template",
                f"template '{template}'",
                "one of " + ", ".join(TEMPLATES),
                nearest(template, TEMPLATES),
            )
        )
    source = Path(str(resources.files("osteobiome"))) / "examples" / "templates" / template
    files = sorted(path for path in source.rglob("*") if path.is_file())
    targets = [folder / path.relative_to(source) for path in files]
    existing = [target for target in targets if is_there(target)]
    if existing:
        raise ConfigError(
            Fault(
                "file_exists",
                str(existing[0]),
                "a file that would be overwritten",
                "a new or empty folder",
                "Choose another folder",
            )
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for path, target in zip(files, targets, strict=True):
        write_atomic(target, path.read_bytes())
    return tuple(targets)
