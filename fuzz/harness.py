"""What the targets share: a file to write to, and the loop."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import osteobiome.stats

# numba cannot compile what atheris has instrumented, so the kernels are imported before it begins
for _module in pkgutil.iter_modules(osteobiome.stats.__path__, "osteobiome.stats."):
    importlib.import_module(_module.name)


def file_for(name: str) -> Path:
    """Return a path in a folder of its own; the folder goes with the temporary files of the machine."""
    return Path(tempfile.mkdtemp(prefix="osteobiome-fuzz-")) / name


def fuzz(one_input: Callable[[bytes], None], seeds: list[bytes]) -> None:
    """Run a target until its time is over; arguments are those of libFuzzer.

    Parameters
    ----------
    one_input : callable
        Takes bytes; whatever it raises is a finding.
    seeds : list of bytes
        Inputs to begin with.
    """
    import atheris

    corpus = Path(tempfile.mkdtemp(prefix="osteobiome-corpus-"))
    for number, seed in enumerate(seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, str(corpus)], one_input)
    atheris.Fuzz()
