"""What the machine has, for `osteobiome doctor`."""

from __future__ import annotations

import importlib.util
import os
import shutil

from osteobiome.core.provenance import provenance
from osteobiome.stats.wls import ivw_kernel
from osteobiome.study.executors import default_workers

OPTIONAL_PROGRAMS = ("chromium", "plink1.9", "plink2")


def machine_report() -> dict[str, object]:
    """Return versions, processors, memory, compile cache and optional programs as plain data."""
    made_by = provenance()
    dependencies = made_by.pop("dependencies")
    assert isinstance(dependencies, dict)
    facts: dict[str, object] = {key: made_by[key] for key in ("version", "python", "system", "machine")}
    facts |= dependencies
    facts["processors"] = default_workers()
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    facts["memory"] = f"{pages * size / 2**30:.1f} GiB"
    facts["compile_cache"] = _cache_folder() or "none writable: kernels are compiled in each process (about 3 s)"
    for name in OPTIONAL_PROGRAMS:
        facts[name] = shutil.which(name) or "not found (optional)"
    facts["pandas"] = "found" if importlib.util.find_spec("pandas") else "not found (optional)"
    return facts


def _cache_folder() -> str | None:
    """Return the folder that keeps the compiled kernels, or None if there is no writable one."""
    path = getattr(getattr(ivw_kernel, "stats", None), "cache_path", None)
    return str(path) if path else None
