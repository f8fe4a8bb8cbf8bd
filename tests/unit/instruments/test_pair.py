"""The harmonised pair: what it refuses, and what stays together when variants are left out."""

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments

ARRAYS = ([0.1, -0.2, 0.3], [0.01, 0.02, 0.03], [0.05, 0.06, 0.07], [0.1, 0.2, 0.3])


def arrays_with(place, value):
    arrays = [list(values) for values in ARRAYS]
    arrays[place][1] = value
    return arrays


def test_from_arrays__copies_and_converts():
    source = np.array([1, 2])
    pair = Instruments.from_arrays(source, [1, 1], (3, 4), [1, 1], rsid=["rs1", "rs2"])
    source[0] = 99
    assert pair.beta_exposure.tolist() == [1.0, 2.0]
    assert pair.beta_exposure.dtype == np.float64
    assert pair.rsid == ("rs1", "rs2")
    assert pair.n_variants == 2
    assert pair.ld_r is None
    assert (pair.exposure, pair.outcome, pair.unit) == ("exposure", "outcome", "")


def test_from_arrays__one_sample_size_stands_for_all_variants():
    pair = Instruments.from_arrays(*ARRAYS, n_exposure=1000, n_outcome=[1, 2, 3])
    assert pair.n_exposure.tolist() == [1000.0] * 3
    assert pair.n_outcome.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(SchemaError, match="n_outcome"):
        Instruments.from_arrays(*ARRAYS, n_outcome=[1, 2])


def test_from_arrays__no_variant_is_fine():
    assert Instruments.from_arrays([], [], [], []).n_variants == 0
    assert Instruments.from_arrays([], [], [], [], ld_r=np.empty((0, 0))).n_variants == 0


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pair__refuses_numbers_that_are_not_finite(place, value):
    with pytest.raises(SchemaError) as caught:
        Instruments.from_arrays(*arrays_with(place, value))
    (fault,) = caught.value.faults
    assert fault.code == "bad_value"
    assert fault.where.endswith("[1]")


@pytest.mark.parametrize("place", [1, 3])
@pytest.mark.parametrize("value", [0.0, -0.1])
def test_pair__refuses_standard_errors_that_are_not_positive(place, value):
    with pytest.raises(SchemaError, match="a finite number above 0"):
        Instruments.from_arrays(*arrays_with(place, value))


def test_pair__zero_and_negative_effects_are_fine():
    assert Instruments.from_arrays(*arrays_with(0, 0.0)).beta_exposure[1] == 0.0


def test_pair__lists_every_bad_array():
    with pytest.raises(SchemaError) as caught:
        Instruments.from_arrays([np.nan], [0.0], [np.inf], [-1.0])
    assert [fault.where for fault in caught.value.faults] == [
        "beta_exposure[0]",
        "se_exposure[0]",
        "beta_outcome[0]",
        "se_outcome[0]",
    ]


def test_pair__lists_every_wrong_shape():
    with pytest.raises(SchemaError) as caught:
        Instruments.from_arrays([0.1, 0.2], [0.1], [0.1, 0.2, 0.3], [0.1, 0.1], ld_r=np.eye(3))
    assert [fault.where for fault in caught.value.faults] == ["se_exposure", "beta_outcome", "ld_r"]


def test_pair__one_dimension_only():
    square = np.ones((2, 2))
    with pytest.raises(SchemaError, match="2 dimensions"):
        Instruments(square, square, square, square)


def test_from_frame__takes_names_and_alleles_if_there_are_any():
    frame = pl.DataFrame(
        {
            "rsid": ["rs1", None],
            "effect_allele": ["A", "C"],
            "beta_exposure": [0.1, 0.2],
            "se_exposure": [0.01, 0.02],
            "beta_outcome": [0.3, 0.4],
            "se_outcome": [0.05, 0.06],
        }
    )
    pair = Instruments.from_frame(frame, exposure="bmi", outcome="bmd")
    assert pair.rsid == ("rs1", "")
    assert pair.effect_allele == ("A", "C")
    assert pair.se_outcome.tolist() == [0.05, 0.06]
    assert (pair.exposure, pair.outcome) == ("bmi", "bmd")
    bare = Instruments.from_frame(frame.drop("rsid", "effect_allele"))
    assert bare.rsid == ()
    assert bare.effect_allele == ()


def test_from_frame__each_sample_keeps_its_own_frequency():
    frame = pl.DataFrame(
        dict(zip(("beta_exposure", "se_exposure", "beta_outcome", "se_outcome"), ARRAYS, strict=True))
        | {"eaf_exposure": [0.1, None, 0.3], "eaf_outcome": [0.2, 0.4, None], "n_outcome": [None, None, None]}
    )
    pair = Instruments.from_frame(frame)
    np.testing.assert_array_equal(pair.eaf_exposure, [0.1, np.nan, 0.3])
    np.testing.assert_array_equal(pair.eaf_outcome, [0.2, 0.4, np.nan])
    assert pair.n_outcome is None
    part = pair.subset(np.array([False, True, True]))
    np.testing.assert_array_equal(part.eaf_exposure, [np.nan, 0.3])
    np.testing.assert_array_equal(part.eaf_outcome, [0.4, np.nan])
    one = Instruments.from_frame(frame.drop("eaf_exposure"))
    assert one.eaf_exposure is None
    assert one.eaf_outcome is not None


def test_pair__frequencies_have_one_value_per_variant():
    with pytest.raises(SchemaError, match="eaf_outcome"):
        Instruments(*(np.array(values) for values in ARRAYS), eaf_outcome=np.array([0.1]))


def test_from_frame__null_is_no_number():
    frame = pl.DataFrame({name: [0.1, None] for name in ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")})
    with pytest.raises(SchemaError):
        Instruments.from_frame(frame)


def test_subset__keeps_everything_together():
    ld = np.array([[1.0, 0.1, 0.2], [0.1, 1.0, 0.3], [0.2, 0.3, 1.0]])
    pair = Instruments.from_arrays(*ARRAYS, ld_r=ld, rsid=["a", "b", "c"])
    part = pair.subset(np.array([True, False, True]))
    assert part.rsid == ("a", "c")
    assert part.beta_exposure.tolist() == [0.1, 0.3]
    assert part.se_outcome.tolist() == [0.1, 0.3]
    assert part.ld_r.tolist() == [[1.0, 0.2], [0.2, 1.0]]
    assert part.effect_allele == ()
    assert pair.n_variants == 3  # the original is untouched


def test_subset__to_nothing():
    assert Instruments.from_arrays(*ARRAYS).subset(np.zeros(3, dtype=bool)).n_variants == 0


def test_subset__alleles_follow():
    arrays = [np.array(values) for values in ARRAYS]
    pair = Instruments(*arrays, effect_allele=("A", "C", "G"))
    assert pair.subset(np.array([False, True, True])).effect_allele == ("C", "G")
