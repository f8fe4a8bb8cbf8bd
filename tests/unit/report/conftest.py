"""A finished study made of a few rows, for tests of sentences, references and checklists: no run is needed."""

from __future__ import annotations

import dataclasses

import pytest

from osteobiome.core.columns import SCHEMAS
from osteobiome.core.schema import table
from osteobiome.report.content import Content

PAIR = {"family": "main", "exposure": "x", "outcome": "y"}
OTHER = PAIR | {"outcome": "z"}
STUDY = {
    "id": "built", "title": "Does X change Y?", "seed": 7, "simulated": False, "genome_build": "GRCh37",
    "p_threshold": 5e-8, "given": {}, "palindromic": {"policy": "frequency", "drop_between": [0.42, 0.58]},
    "selection": {"relaxed": {}, "reason": "", "three_sample": {}, "cis": {}, "exclude": "", "clump_by": "p",
                  "proxies": None, "steiger_filter": False},
    "max_bad_rows": 0.05, "notes": [], "clumping": {"r2": None, "window_kb": None, "ld": {}}, "loci": [],
    "families": [
        {"id": "main", "primary": "ivw", "methods": ["ivw", "egger"], "exposure_direction": "higher", "n_pairs": 2,
         "ld": ""}
    ],
}  # fmt: skip


def estimate(pair, method, beta, se, **more):
    """Return a row of estimates with a 95 % interval, or a failure where ``beta`` is None."""
    numbers = {"status": "too_few_instruments", "message": "Not estimable: too few."}
    if beta is not None:
        numbers = {"beta": beta, "se": se, "ci_low": beta - 1.96 * se, "ci_high": beta + 1.96 * se, "status": "ok",
                   "neg_log_10_p_value": 6.0, "message": ""}  # fmt: skip
    base = {"method": method, "estimand": "total", "is_primary": method == "ivw", "level": 0.95, "n_variants": 5,
            "unit": "SD per SD", "distribution": "normal"}  # fmt: skip
    return pair | base | numbers | more


def diagnostic(pair, method, name, statistic, **more):
    """Return a row of diagnostics."""
    return pair | {"method": method, "name": name, "statistic": statistic, "null": "", "message": ""} | more


def method(name, label, used_for, doi):
    """Return a row of methods."""
    return {"name": name, "label": label, "used_for": used_for, "doi": doi, "assumptions": ["one"]}


def trait(trait_id, label, **more):
    """Return a row of traits."""
    base = {"trait_id": trait_id, "label": label, "layer": "bone", "type": "quantitative", "unit_label": "SD",
            "n_people": 1000, "adjusted_for": "age", "body_size_covariates": [], "ancestry": "EUR", "sex": "both",
            "cohorts": f"cohort of {trait_id}", "format": "gwas_ssf", "file": f"{trait_id}.tsv", "sha256": trait_id,
            "licence": "CC0", "citation": f"doi:10.1000/{trait_id}"}  # fmt: skip
    return base | more


def rows(subject, step, n_in, n_kept, kind="policy", reason="none", count=0):
    """Return a row of the row report."""
    return {"subject": subject, "step": step, "n_in": n_in, "n_kept": n_kept, "kind": kind, "reason": reason,
            "count": count, "lines": [], "examples": []}  # fmt: skip


ROWS = {
    "estimates": [
        estimate(PAIR, "ivw", 0.30, 0.05, q_value=1e-6),
        estimate(PAIR, "egger", 0.20, 0.10),
        estimate(OTHER, "ivw", -0.10, 0.10, q_value=0.3, neg_log_10_p_value=0.5),
        estimate(OTHER, "egger", None, None),
    ],
    "diagnostics": [
        diagnostic(PAIR, "ivw", "cochran_q", 9.5, df=4.0, neg_log_10_p_value=1.3011),
        diagnostic(PAIR, "ivw", "i2", 0.58),
        diagnostic(PAIR, "ivw", "mean_f", 120.0),
        diagnostic(OTHER, "ivw", "cochran_q", 2.0, df=4.0, neg_log_10_p_value=0.13),
        diagnostic(OTHER, "ivw", "i2", 0.0),
        diagnostic(OTHER, "ivw", "mean_f", 8.0),
        diagnostic(PAIR, "egger", "egger_intercept", 1.2, estimate=0.01, se=0.008, neg_log_10_p_value=0.64),
        diagnostic(OTHER, "egger", "egger_intercept", None),
        diagnostic(PAIR, "egger", "i2_gx", 0.97),
    ],
    "methods": [
        method("ivw", "Inverse-variance weighted", "primary", "10.1002/gepi.21758"),
        method("egger", "MR-Egger", "sensitivity", "10.1093/ije/dyv080"),
        method("cochran_q", "Cochran's Q", "diagnostic", "10.1002/sim.7221"),
        method("i2", "I²", "diagnostic", "10.1002/sim.1186"),
        method("mean_f", "F statistic", "diagnostic", "10.1093/ije/dyw220"),
        method("q_value", "q-value", "diagnostic", "10.1111/j.2517-6161.1995.tb02031.x"),
    ],
    "traits": [trait("x", "Exposure X"), trait("y", "Outcome Y"), trait("z", "Outcome Z")],
    "harmonised": [
        pair | {"rsid": f"rs{i}", "matched_by": "position", "neg_log_10_p_value_exposure": 9.0}
        for pair in (PAIR, OTHER)
        for i in range(5)
    ],
    "row_report": [
        rows("x", "ingest", 100, 98, "fault", "missing_beta", 2),
        rows("y", "ingest", 200, 200),
        rows("z", "ingest", 300, 300),
        rows("x", "instruments", 98, 6, "policy", "above_p_threshold", 92),
        rows("x -> y", "harmonise", 6, 5, "policy", "not_in_outcome", 1),
        rows("x -> z", "harmonise", 6, 5, "policy", "palindromic_ambiguous_frequency", 1),
    ],
}  # fmt: skip


def build(*, study=None, add=None, **replaced):
    """Return content of the rows above; ``add`` appends rows to tables, a keyword replaces a table's rows."""
    chosen = {**ROWS, **replaced}
    for name, more in (add or {}).items():
        chosen[name] = [*chosen.get(name, []), *more]
    names = [f.name for f in dataclasses.fields(Content) if f.name != "study"]
    assert set(chosen) <= set(names) <= set(SCHEMAS)
    return Content(study=STUDY | (study or {}), **{name: table(name, chosen.get(name, [])) for name in names})


class Built:
    """What tests need to build content: the functions above as attributes."""

    build = staticmethod(build)
    estimate = staticmethod(estimate)
    diagnostic = staticmethod(diagnostic)
    method = staticmethod(method)
    trait = staticmethod(trait)
    rows = staticmethod(rows)
    PAIR, OTHER, ROWS, STUDY = PAIR, OTHER, ROWS, STUDY


@pytest.fixture(scope="session")
def built():
    """Return the builder of small contents."""
    return Built
