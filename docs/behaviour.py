"""Figures of what pleiotropy does to each estimator: simulated pairs, more and more invalid variants.

    python -m docs.behaviour            # all that have no figure yet
    python -m docs.behaviour ivw egger  # these, again

30 uncorrelated variants; exposure effects 0.05 to 0.15 in size, either sign, standard error 0.01; outcome effects with
standard errors 0.01 to 0.03; effect 0.3. Of 0 to 60 % of the variants the direct effect on the outcome is not 0:
balanced, 0.05 to 0.15 in size with either sign; directional, the same along the allele that raises the exposure. 200
pairs at each point, seed 1.

Estimators that need LD or positions have 10 loci of three variants with r = 0.5 between neighbours of a locus; causal
effects are those above, each variant also shows its neighbours'. Estimators that select by themselves have 600
candidates, effects normal with 4 standard errors, and direct effects of 0.02 to 0.06; IVW beside them has those with p
below 5e-8. An estimator of one variant has no figure: nothing can tell whether that one is valid.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, Estimator, grid
from osteobiome.plot.figure import Figure
from osteobiome.plot.style import Spec
from osteobiome.stats.random import stream_key, uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent / "methods" / "behaviour"
N_VARIANTS, N_CANDIDATES, PER_LOCUS, N_PAIRS, EFFECT = 30, 600, 3, 200, 0.3
CUTOFF = 5.4513
"""z at which p is 5e-8."""
SHARES = tuple(round(0.1 * k, 1) for k in range(7))
KINDS = ("balanced", "directional")
SEED = 1
COMPARED = "ivw"


def _normal(radius: NDArray[np.float64], turn: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return two independent normal numbers from two uniform ones."""
    size = np.sqrt(-2.0 * np.log1p(-radius))
    return size * np.cos(2.0 * np.pi * turn), size * np.sin(2.0 * np.pi * turn)


def pairs(kind: str, share: float, entry: Estimator) -> list[Instruments]:
    """Return simulated pairs with a share of invalid variants, of the sort that an estimator can use."""
    n = N_CANDIDATES if entry.needs_candidates else N_VARIANTS
    is_linked = entry.needs_ld or entry.needs_positions
    place = np.arange(n)
    r = np.where(place[:, None] // PER_LOCUS == place // PER_LOCUS, 0.5 ** np.abs(place[:, None] - place), 0.0)
    root = np.linalg.cholesky(r) if is_linked else np.eye(n)
    made = []
    for number in range(N_PAIRS):
        u = uniforms(stream_key(SEED, "behaviour", kind, f"{share:g}", str(number)), n, 8)
        sign = np.where(u[:, 0] < 0.5, -1.0, 1.0)
        effect = sign * (0.05 + 0.1 * u[:, 1])
        direct_size = 0.05 + 0.1 * u[:, 4]
        if entry.needs_candidates:
            effect, direct_size = 0.04 * _normal(u[:, 1], u[:, 7])[0], 0.02 + 0.04 * u[:, 4]
            sign = np.sign(effect)
        se_outcome = 0.01 + 0.02 * u[:, 2]
        invalid = place < round(share * n)
        way = sign if kind == "directional" else np.where(u[:, 3] < 0.5, -1.0, 1.0)
        on_outcome = EFFECT * effect + np.where(invalid, way * direct_size, 0.0)
        if is_linked:  # standard errors of a locus are alike, so that r of the effects is r of the variants
            se_outcome = se_outcome[place // PER_LOCUS * PER_LOCUS]
            effect, on_outcome = r @ effect, r @ on_outcome
        noise_x, noise_y = _normal(u[:, 5], u[:, 6])
        x, y = effect + 0.01 * root @ noise_x, on_outcome + se_outcome * (root @ noise_y)
        pair = Instruments.from_arrays(x, np.full(n, 0.01), y, se_outcome, ld_r=r if entry.needs_ld else None)
        if is_linked:
            where = {"chromosome": 1.0 + place // PER_LOCUS, "position": 1e6 + 1e4 * place}
            pair = replace(pair, **where)
        size = np.full(n, 1e5)
        made.append(replace(pair, n_exposure=size, n_outcome=size))
    return made


def hits(pair: Instruments) -> Instruments:
    """Return the variants with an exposure p value below 5e-8."""
    return pair.subset(np.abs(pair.beta_exposure / pair.se_exposure) > CUTOFF)


def _fit(name: str, simulated: list[Instruments]) -> NDArray[np.float64]:
    """Return the estimates of a method, NaN where it has none."""
    rows = grid(simulated, [name], seed=SEED)
    return np.array([np.nan if row[0].beta is None else row[0].beta for row in rows], dtype=np.float64)


def measured(name: str) -> list[dict[str, object]]:
    """Return quantiles of the estimates of a method and of IVW at each share of invalid variants."""
    rows: list[dict[str, object]] = []
    methods = [name] if name == COMPARED else [name, COMPARED]
    for kind in KINDS:
        for share in SHARES:
            simulated = pairs(kind, share, ESTIMATORS[name])
            for method in methods:
                strong = method != name and ESTIMATORS[name].needs_candidates
                found = _fit(method, [hits(pair) for pair in simulated] if strong else simulated)
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
    return entry.max_variants != 1


def main() -> None:
    """Make the figures that are asked for."""
    FOLDER.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or [n for n in ESTIMATORS if not (FOLDER / f"{n}.svg").is_file()]
    for name in wanted:
        if has_figure(ESTIMATORS[name]):
            (FOLDER / f"{name}.svg").write_text(figure(name).svg() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
