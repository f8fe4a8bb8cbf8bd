"""Tail probabilities against numbers computed once with mpmath, at ordinary size and far below the smallest double.

The constants were made with mpmath 1.3 at 60 digits: normal as -log10(erfc(z / sqrt 2)); t as the log of
x^a (1-x)^b / (a B(a, b)) 2F1(a + b, 1; a + 1; x); chi-squared as -log10(gammainc(df / 2, s / 2, regularized)).
For t with df >= 1e5 the density was integrated numerically at 40 digits. mpmath is not needed to run the tests.
"""

import numpy as np
import pytest

from osteobiome.stats.tails import (
    neg_log10_p_chi2,
    neg_log10_p_chi2_lower,
    neg_log10_p_normal,
    neg_log10_p_t,
    normal_quantile,
    t_quantile,
    z_from_neg_log10_p,
)

pytestmark = pytest.mark.kernel

NORMAL = [
    (0.5, 0.20966199360125957926),
    (1.0, 0.49851554582798930482),
    (1.959963984540054, 1.3010299956639810063),
    (5.0, 6.2416156767266733011),
    (10.0, 22.817023409822094699),
    (37.0, 298.94115118294594048),
    (38.0, 315.2387597082985267),
    (50.0, 544.6653058663326738),
    (100.0, 2173.5705128733703953),
    (1000.0, 217150.3390119987223),
]
T = [
    (0.5, 1, 0.1519139156100629629),
    (2.0, 10, 1.1343747419454271255),
    (2.055529438642871, 26, 1.3010299956639790743),
    (5.0, 3, 1.8126925849820349145),
    (12.0, 26, 11.37762080594947722),
    (1e3, 26, 60.415209516760286126),
    (300.0, 120, 173.67666696094288374),
    (38.0, 1000, 195.53480193520478145),
    (2e21, 26, 536.24184785687945482),
    (1e40, 26, 1022.4150679696159441),
    (1e5, 100, 401.09914587164474722),
    (1e5, 120, 476.38768087850988633),
    (60.0, 2000, 448.81083823569938839),
    (40.0, 10_000, 323.95811888441504299),
    (40.0, 100_000, 346.382342815391644),
    (2000.0, 100_000, 80641.7855355603383),
    (40.0, 1_000_000, 348.8579773536758),
    (1e200, 3, 599.65652925400634021),
    (1e300, 1, 300.19611987703015268),
]
CHI2 = [
    (0.1, 1, 0.12388056017455267814),
    (3.841458820694124, 1, 1.3010299956639806963),
    (10.0, 5, 1.1235786538122852026),
    (99.5304255484988, 27, 9.5123391741630457798),
    (1e3, 27, 192.63227701910023747),
    (1280.0, 1, 279.60047197384328483),
    (1284.0, 1, 280.46973741180489179),
    (1300.0, 3, 280.83216781141182551),
    (1400.0, 27, 277.66773170554125504),
    (1e5, 27, 21665.219995282869148),
    (3e3, 200, 492.94906061035900042),
    (5e3, 1500, 370.0612839832525267),
    (6e3, 1000, 699.10840518424195813),
    (1e5, 1000, 20501.321145586289408),
    (1e8, 2, 21714724.095162591383),
]

LOWER = [
    # even degrees of freedom: exp(-x) times the sum of x^k / k! over k >= df / 2, with 80 decimals
    (0.1, 2, 1.3118421196454728464),
    (1.0, 2, 0.40508910285453698124),
    (10.0, 6, 0.057819265862867396337),
    (50.0, 6, 2.0416483298028988363e-9),
    (1e-300, 2, 300.30102999566398120),
    (0.001, 100, 229.53478754510293959),
    (1.0, 600, 705.01122696864561970),
    (252.0, 592, 37.358481058309880892),
    (20.0, 1000, 638.42059747921780246),
    (300.0, 2000, 456.58706639009288031),
    (3000.0, 20_000, 4549.9128347595271323),
]


@pytest.mark.parametrize(("z", "expected"), NORMAL)
def test_neg_log10_p_normal__equals_mpmath(z, expected):
    np.testing.assert_allclose(neg_log10_p_normal([z, -z]), [expected, expected], rtol=1e-13)


@pytest.mark.parametrize(("t", "df", "expected"), T)
def test_neg_log10_p_t__equals_mpmath(t, df, expected):
    # scipy's incomplete beta function keeps about 12 digits of p at small t, the series about 9 at df = 1e6
    np.testing.assert_allclose(neg_log10_p_t([t, -t], df), [expected, expected], rtol=1e-8 if df > 1e4 else 1e-11)


@pytest.mark.parametrize(("statistic", "df", "expected"), CHI2)
def test_neg_log10_p_chi2__equals_mpmath(statistic, df, expected):
    np.testing.assert_allclose(neg_log10_p_chi2(statistic, df), expected, rtol=1e-12)


@pytest.mark.parametrize(("statistic", "df", "expected"), LOWER)
def test_neg_log10_p_chi2_lower__equals_exact_sums(statistic, df, expected):
    np.testing.assert_allclose(neg_log10_p_chi2_lower(statistic, df), expected, rtol=1e-12)


def test_neg_log10_p_chi2_lower__edges():
    got = neg_log10_p_chi2_lower([0.0, np.inf, np.nan, 1.0], [3.0, 3.0, 3.0, 0.0])
    assert got[:2].tolist() == [np.inf, 0.0]
    assert np.isnan(got[2:]).all()


def test_tails_of_chi2__add_up_to_one():
    q = np.array([0.5, 5.0, 20.0, 60.0])
    both = 10.0 ** -neg_log10_p_chi2(q, 20.0) + 10.0 ** -neg_log10_p_chi2_lower(q, 20.0)
    np.testing.assert_allclose(both, 1.0, rtol=1e-13)


@pytest.mark.parametrize("df", [1e7, 1e8])
def test_neg_log10_p_t__many_degrees_of_freedom_approach_the_normal(df):
    """mpmath: 349.108150139664343 for t = 40 and 1e7 degrees of freedom, 349.133193824079234 for 1e8."""
    expected = {1e7: 349.108150139664343, 1e8: 349.133193824079234}[df]
    np.testing.assert_allclose(neg_log10_p_t(40.0, df), expected, rtol=1e-8)


def test_tails__zero_statistic_has_p_of_one():
    assert neg_log10_p_normal(0.0) == 0.0
    assert neg_log10_p_t(0.0, 5.0) == 0.0
    assert neg_log10_p_chi2(0.0, 5.0) == 0.0


def test_tails__infinite_statistic_has_p_of_zero():
    assert neg_log10_p_normal(-np.inf) == np.inf
    assert neg_log10_p_t(np.inf, 3.0) == np.inf
    assert neg_log10_p_chi2(np.inf, 3.0) == np.inf


def test_tails__missing_statistic_stays_missing():
    assert np.isnan(neg_log10_p_normal(np.nan))
    assert np.isnan(neg_log10_p_t(np.nan, 3.0))
    assert np.isnan(neg_log10_p_t(1.0, np.nan))
    assert np.isnan(neg_log10_p_chi2(np.nan, 3.0))


@pytest.mark.parametrize("statistic", [0.0, 1.0, 1e9, np.inf])
def test_neg_log10_p_chi2__no_degrees_of_freedom_is_no_test(statistic):
    assert np.isnan(neg_log10_p_chi2(statistic, 0.0))


def test_tails__arrays_mix_all_branches():
    values = neg_log10_p_t([0.0, 2.0, np.inf, np.nan, 1e40], [10.0, 10.0, 3.0, 3.0, 26.0])
    np.testing.assert_allclose(values, [0.0, T[1][2], np.inf, np.nan, T[9][2]], rtol=1e-11, atol=1e-15)
    values = neg_log10_p_chi2([[0.1, 1e5], [np.inf, np.nan]], [[1.0, 27.0], [1.0, 1.0]])
    np.testing.assert_allclose(values, [[CHI2[0][2], CHI2[9][2]], [np.inf, np.nan]], rtol=1e-12)


def test_neg_log10_p_t__one_df_is_cauchy():
    """With one degree of freedom p = 2 atan(1 / t) / pi."""
    t = np.array([0.1, 1.0, 10.0, 1e6])
    np.testing.assert_allclose(neg_log10_p_t(t, 1.0), -np.log10(2.0 * np.arctan(1.0 / t) / np.pi), rtol=1e-12)


def test_neg_log10_p_chi2__two_df_is_exponential():
    """With two degrees of freedom p = exp(-s / 2)."""
    s = np.array([0.5, 10.0, 1e3, 1e4, 1e7])
    np.testing.assert_allclose(neg_log10_p_chi2(s, 2.0), s / 2.0 / np.log(10.0), rtol=1e-12)


def test_neg_log10_p_chi2__one_df_is_the_squared_normal():
    z = np.array([0.5, 3.0, 20.0, 35.6, 36.2, 60.0])
    np.testing.assert_allclose(neg_log10_p_chi2(z**2, 1.0), neg_log10_p_normal(z), rtol=1e-12)


@pytest.mark.parametrize(("level", "expected"), [(0.9, 1.6448536269514727), (0.95, 1.9599639845400543)])
def test_normal_quantile__equals_tables(level, expected):
    assert normal_quantile(level) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("level", "df", "expected"),
    [(0.95, 1, 12.706204736174707), (0.95, 26, 2.055529438642871), (0.9, 10, 1.8124611228107335)],
)
def test_t_quantile__equals_tables(level, df, expected):
    assert float(t_quantile(level, df)) == pytest.approx(expected, rel=1e-12)


def test_quantiles__invert_the_tails():
    assert 10.0 ** -float(neg_log10_p_normal(normal_quantile(0.99))) == pytest.approx(0.01, rel=1e-12)
    df = np.array([1.0, 2.0, 7.0, 300.0])
    np.testing.assert_allclose(10.0 ** -neg_log10_p_t(t_quantile(0.99, df), df), 0.01, rtol=1e-10)


@pytest.mark.parametrize("z", [0.0, 1e-9, 0.5, 1.959963984540054, 8.0, 38.0, 100.0, 5000.0])
def test_z_from_neg_log10_p__inverts_the_tail(z):
    log_p = float(neg_log10_p_normal(z))
    assert float(z_from_neg_log10_p(log_p)) == pytest.approx(z, rel=1e-9, abs=1e-15)


def test_z_from_neg_log10_p__ends_of_the_scale():
    assert float(z_from_neg_log10_p(0.0)) == 0.0
    assert np.isinf(float(z_from_neg_log10_p(np.inf)))
    assert np.isnan(float(z_from_neg_log10_p(np.nan)))
