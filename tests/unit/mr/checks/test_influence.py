"""The table of influence: columns, outliers, and reasons why there are no rows."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.core.schema import polars_schema
from osteobiome.instruments import Instruments
from osteobiome.mr.checks import influence


def pair_of(n, *, ld_r=None):
    rng = np.random.default_rng(n)
    x = rng.normal(0.2, 0.05, n) * rng.choice([-1, 1], n)
    pair = Instruments.from_arrays(
        x, [0.01] * n, 0.5 * x + 0.02 * rng.normal(size=n), [0.02] * n, rsid=[f"rs{i}" for i in range(n)], ld_r=ld_r
    )
    return dataclasses.replace(pair, exposure="bmi", outcome="bmd")


def test_influence__fits_the_schema():
    frame = influence(pair_of(5), family="one").to_frame()
    assert dict(frame.schema) == polars_schema("influence")
    assert frame["rsid"].to_list() == [f"rs{i}" for i in range(5)]
    assert set(frame["family"]) == {"one"}
    assert set(frame["exposure"]) == {"bmi"}
    assert frame.null_count().sum_horizontal().item() == 0
    assert frame["leverage"].sum() == pytest.approx(1.0)


def test_influence__outlier_is_beyond_bonferroni():
    pair = pair_of(12)
    y = pair.beta_outcome.copy()
    y[3] += 0.1  # five standard errors
    rows = influence(dataclasses.replace(pair, beta_outcome=y)).rows()
    assert [row["rsid"] for row in rows if row["is_outlier"]] == ["rs3"]
    assert rows[3]["neg_log_10_p_value"] > -np.log10(0.05 / 12)
    assert max(rows, key=lambda row: abs(row["studentised_residual"]))["rsid"] == "rs3"
    assert not any(row["is_outlier"] for row in influence(pair).rows())


@pytest.mark.parametrize("method", ["ivw", "egger"])
def test_influence__alleles_do_not_matter(method):
    pair = pair_of(6, ld_r=0.5 ** np.abs(np.subtract.outer(np.arange(6), np.arange(6))))
    sign = np.array([1.0, -1, 1, 1, -1, -1])
    turned = dataclasses.replace(
        pair,
        beta_exposure=pair.beta_exposure * sign,
        beta_outcome=pair.beta_outcome * sign,
        ld_r=pair.ld_r * np.outer(sign, sign),
    )
    one, other = influence(pair, method=method).columns, influence(turned, method=method).columns
    for name in ("leverage", "q_contribution", "cooks_distance"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9)
    np.testing.assert_allclose(np.abs(one["studentised_residual"]), np.abs(other["studentised_residual"]), rtol=1e-9)


def test_influence__identity_matrix_changes_the_name_only():
    plain, with_ld = influence(pair_of(6)), influence(pair_of(6, ld_r=np.eye(6)))
    assert set(with_ld.columns["method"]) == {"ivw_ld"}
    for name in ("leverage", "q_contribution", "studentised_residual", "cooks_distance"):
        np.testing.assert_allclose(plain.columns[name], with_ld.columns[name], rtol=1e-10)


def test_influence__too_few_variants_is_said():
    assert influence(pair_of(1)).message == "Not estimable: influence needs 2 variants, there are 1."
    result = influence(pair_of(2), method="egger")
    assert len(result) == 0
    assert result.to_frame().height == 0
    assert "3 variants" in result.message


def test_influence__values_that_do_not_exist_are_none():
    for method, n in (("ivw", 2), ("egger", 3)):
        rows = influence(pair_of(n), method=method).rows()
        assert [row["studentised_residual"] for row in rows] == [None] * n
        assert all(row["cooks_distance"] is not None for row in rows)


def test_influence__no_fit_has_the_reason_of_the_fit():
    pair = pair_of(4)
    assert "no effect on the exposure" in influence(dataclasses.replace(pair, beta_exposure=np.zeros(4))).message
    same = dataclasses.replace(pair, beta_exposure=np.full(4, 0.2))
    assert "Use IVW" in influence(same, method="egger").message
    copies = pair_of(4, ld_r=np.ones((4, 4)))
    assert "singular" in influence(copies).message
    huge = dataclasses.replace(pair, se_outcome=pair.se_outcome * 1e-200)
    assert influence(huge).message.startswith("Not estimable")


def test_influence__unknown_method_is_refused():
    with pytest.raises(SchemaError, match="option method"):
        influence(pair_of(4), method="median")
