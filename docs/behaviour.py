"""Figures of what pleiotropy does to each estimator: simulated pairs, more and more invalid variants.

    python -m docs.behaviour            # all that have no figure yet
    python -m docs.behaviour ivw egger  # these, again

30 uncorrelated variants; exposure effects 0.05 to 0.15 in size, either sign, standard error 0.01; outcome effects with
standard errors 0.01 to 0.03; effect 0.3. Of 0 to 60 % of the variants the direct effect on the outcome is not 0:
balanced, 0.05 to 0.15 in size with either sign; directional, the same along the allele that raises the exposure. 200
pairs at each point, seed 1. Estimators that need LD, positions or one variant only have no figure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, Estimator, grid
from osteobiome.plot.figure import Figure
from osteobiome.plot.style import Spec
from osteobiome.stats.random import stream_key, uniforms

FOLDER = Path(__file__).resolve().parent / "methods" / "behaviour"
N_VARIANTS, N_PAIRS, EFFECT = 30, 200, 0.3
SHARES = tuple(round(0.1 * k, 1) for k in range(7))
KINDS = ("balanced", "directional")
SEED = 1
COMPARED = "ivw"


def pairs(kind: str, share: float) -> list[Instruments]:
    """Return simulated pairs with a share of invalid variants."""
    made = []
    for number in range(N_PAIRS):
        u = uniforms(stream_key(SEED, "behaviour", kind, f"{share:g}", str(number)), N_VARIANTS, 8)
        sign = np.where(u[:, 0] < 0.5, -1.0, 1.0)
        effect = sign * (0.05 + 0.1 * u[:, 1])
        se_outcome = 0.01 + 0.02 * u[:, 2]
        invalid = np.arange(N_VARIANTS) < round(share * N_VARIANTS)
        way = sign if kind == "directional" else np.where(u[:, 3] < 0.5, -1.0, 1.0)
        direct = np.where(invalid, way * (0.05 + 0.1 * u[:, 4]), 0.0)
        noise = np.sqrt(-2.0 * np.log1p(-u[:, 5]))
        x = effect + 0.01 * noise * np.cos(2.0 * np.pi * u[:, 6])
        y = EFFECT * effect + direct + se_outcome * noise * np.sin(2.0 * np.pi * u[:, 6])
        made.append(Instruments.from_arrays(x, np.full(N_VARIANTS, 0.01), y, se_outcome))
    return made


def measured(name: str) -> list[dict[str, object]]:
    """Return quantiles of the estimates of a method and of IVW at each share of invalid variants."""
    rows: list[dict[str, object]] = []
    methods = [name] if name == COMPARED else [name, COMPARED]
    for kind in KINDS:
        for share in SHARES:
            fitted = grid(pairs(kind, share), methods, seed=SEED)
            for k, method in enumerate(methods):
                found = np.array([np.nan if row[k].beta is None else row[k].beta for row in fitted], dtype=np.float64)
                if np.isnan(found).all():
                    continue
                low, middle, high = np.nanquantile(found, [0.1, 0.5, 0.9])
                rows.append(
                    {"kind": f"{kind} pleiotropy", "share": 100 * share, "method": method, "low": float(low),
                     "middle": float(middle), "high": float(high)}
                )  # fmt: skip
    return rows


def figure(name: str) -> Figure:
    """Return the figure of a method."""
    rows = measured(name)
    x = {"field": "share", "type": "quantitative", "title": "invalid variants (%)"}
    colour = {
        "field": "method", "type": "nominal", "title": None,
        "scale": {"domain": [name, COMPARED], "range": ["#0072B2", "#999999"]},
    }  # fmt: skip
    y = {"type": "quantitative", "title": "estimate", "scale": {"domain": [-0.3, 1.3], "clamp": True}}
    band = {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}
    layers = [
        {"mark": {"type": "area", "opacity": 0.2}, "encoding": band},
        {"mark": {"type": "line", "point": True}, "encoding": {"x": x, "y": y | {"field": "middle"}, "color": colour}},
        {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"y": {"datum": EFFECT}}},
    ]
    spec: Spec = {
        "data": {"name": "behaviour"},
        "datasets": {"behaviour": rows},
        "facet": {"column": {"field": "kind", "type": "nominal", "title": None}},
        "spec": {"width": 300, "height": 220, "layer": layers},
    }
    return Figure(spec, "behaviour")


def has_figure(entry: Estimator) -> bool:
    """Tell whether an estimator can be shown so."""
    return not (entry.needs_ld or entry.needs_positions or entry.max_variants == 1)


def main() -> None:
    """Make the figures that are asked for."""
    FOLDER.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or [n for n in ESTIMATORS if not (FOLDER / f"{n}.svg").is_file()]
    for name in wanted:
        if has_figure(ESTIMATORS[name]):
            (FOLDER / f"{name}.svg").write_text(figure(name).svg() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
