"""Influence on real data: the definitions of R's hatvalues, rstudent and cooks.distance by refitting, slowly.

No frozen table of R exists for these; the definitions stand in, on the same 28 lipid variants as the other references,
and the sums that R did print: Cochran's and Ruecker's Q.
"""

import numpy as np
import pytest

from osteobiome.instruments import Instruments
from osteobiome.mr.checks import influence

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121")


def design(pair, method):
    sign = np.where(pair.beta_exposure < 0, -1.0, 1.0) if method == "egger" else np.ones(pair.n_variants)
    x = pair.beta_exposure * sign
    columns = [x] if method == "ivw" else [np.ones_like(x), x]
    return np.column_stack(columns), pair.beta_outcome * sign


def refit(x, y, weight):
    root = np.sqrt(weight)
    coefficients = np.linalg.lstsq(x * root[:, np.newaxis], y * root, rcond=None)[0]
    return coefficients, float(np.sum(weight * (y - x @ coefficients) ** 2))


@pytest.mark.parametrize("method", ["ivw", "egger"])
@pytest.mark.parametrize("name", SETS)
def test_influence__equals_refits_without_each_variant(load, name, method):
    data = load(name)
    pair = data.pair()
    x, y = design(pair, method)
    weight = pair.se_outcome**-2.0
    (n, p), (beta, q) = x.shape, refit(x, y, weight)
    information = x.T @ (weight[:, np.newaxis] * x)
    hat = np.diag(x @ np.linalg.inv(information) @ (x.T * weight))
    rows = influence(pair, method=method).columns
    np.testing.assert_allclose(rows["leverage"], hat, rtol=1e-8)
    np.testing.assert_allclose(rows["q_contribution"], weight * (y - x @ beta) ** 2, rtol=1e-8)
    frozen = data.methods["TwoSampleMR_mr_ivw" if method == "ivw" else "TwoSampleMR_mr_egger_regression"]
    np.testing.assert_allclose(sum(rows["q_contribution"]), frozen["Q"], rtol=1e-8)
    for j in range(n):
        keep = np.arange(n) != j
        without, q_without = refit(x[keep], y[keep], weight[keep])
        sigma = np.sqrt(q_without / (n - 1 - p))
        # prediction error of the variant by the others, over its standard error
        inverse = np.linalg.inv(x[keep].T @ (weight[keep, np.newaxis] * x[keep]))
        error = sigma * np.sqrt(1 / weight[j] + x[j] @ inverse @ x[j])
        np.testing.assert_allclose(rows["studentised_residual"][j], (y[j] - x[j] @ without) / error, rtol=1e-8)
        moved = beta - without
        cook = moved @ information @ moved / (p * q / (n - p))
        np.testing.assert_allclose(rows["cooks_distance"][j], cook, rtol=1e-7)


def test_influence__with_ld_equals_refits_with_struck_out_rows(load):
    """Calcium and fasting glucose: six variants of one gene and their real correlations."""
    data = load("calcium_fastgluc6")
    rho = np.loadtxt(data.folder / "rho.csv", delimiter=",")
    plain = data.pair()
    pair = Instruments.from_arrays(
        plain.beta_exposure, plain.se_exposure, plain.beta_outcome, plain.se_outcome, ld_r=rho
    )
    for method in ("ivw", "egger"):
        x, y = design(pair, method)
        sign = np.where(pair.beta_exposure < 0, -1.0, 1.0) if method == "egger" else np.ones(6)
        omega = rho * np.outer(sign * pair.se_outcome, sign * pair.se_outcome)
        result = influence(pair, method=method)
        assert set(result.columns["method"]) == {f"{method}_ld"}
        n, p = x.shape

        def gls(keep, x=x, y=y, omega=omega):
            v = np.linalg.inv(omega[np.ix_(keep, keep)])
            information = x[keep].T @ v @ x[keep]
            beta = np.linalg.solve(information, x[keep].T @ v @ y[keep])
            residual = y[keep] - x[keep] @ beta
            return beta, information, float(residual @ v @ residual)

        everything = np.ones(n, dtype=bool)
        beta, information, q = gls(everything)
        for j in range(n):
            keep = np.arange(n) != j
            without, information_without, q_without = gls(keep)
            row = result.rows()[j]
            others = omega[j, keep] @ np.linalg.inv(omega[np.ix_(keep, keep)])
            own_variance = omega[j, j] - others @ omega[keep, j]
            # residual of the variant given those of its neighbours, at the fit of all and at the fit without it
            given = lambda b: y[j] - x[j] @ b - others @ (y[keep] - x[keep] @ b)  # noqa: B023, E731
            own_design = x[j] - others @ x[keep]
            np.testing.assert_allclose(row["q_contribution"], given(beta) ** 2 / own_variance, rtol=1e-7)
            error = own_variance + own_design @ np.linalg.solve(information_without, own_design)
            expected = given(without) / np.sqrt(error * q_without / (n - 1 - p))
            np.testing.assert_allclose(row["studentised_residual"], expected, rtol=1e-7)
            moved = beta - without
            cook = moved @ information @ moved / (p * q / (n - p))
            np.testing.assert_allclose(row["cooks_distance"], cook, rtol=1e-7)
            leverage = 1 - own_variance / error
            np.testing.assert_allclose(row["leverage"], leverage, rtol=1e-7)
            if p == 1:  # the share of the information that goes with the variant
                np.testing.assert_allclose(leverage, 1 - information_without[0, 0] / information[0, 0], rtol=1e-7)
