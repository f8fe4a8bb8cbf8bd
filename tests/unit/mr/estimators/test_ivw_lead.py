"""IVW on one variant per locus."""

import csv
import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import EstimationError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments


@pytest.fixture
def pair():
    """Loci: variants 0, 1 and 2 on chromosome 8, 3 on chromosome 9, 4 far away on chromosome 8."""
    return dataclasses.replace(
        Instruments.from_arrays(
            [0.1, 0.3, 0.2, 0.2, 0.1], [0.01] * 5, [0.05, 0.11, 0.12, 0.3, 0.0], [0.02] * 5, rsid=[*"abcde"]
        ),
        chromosome=np.array([8.0, 8, 8, 9, 8]),
        position=np.array([1e6, 1.5e6, 2.4e6, 1e6, 9e6]),
        exposure="x",
        outcome="y",
    )


def test_ivw_lead__takes_the_strongest_of_each_locus(pair):
    leads = mr.ivw(pair.subset(np.array([False, True, False, True, True])))
    result = mr.ivw_lead(pair)
    assert (result.beta, result.se, result.n_variants) == (leads.beta, leads.se, 3)
    assert result.diagnostic("n_variants_given").statistic == 5.0
    assert result.diagnostic("cochran_q") == leads.diagnostic("cochran_q")
    assert result.message == ""
    everything = mr.ivw(pair)
    assert mr.ivw_lead(pair, window_kb=1).beta == everything.beta


def test_ivw_lead__strongest_is_by_z_not_by_effect(pair):
    loud = dataclasses.replace(pair, se_exposure=np.array([0.01, 0.1, 0.01, 0.01, 0.01]))
    assert mr.ivw_lead(loud).beta == mr.ivw(loud.subset(np.array([False, False, True, True, True]))).beta


def test_ivw_lead__one_locus_is_a_wald_ratio_and_says_so(pair):
    one = pair.subset(np.array([True, True, True, False, False]))
    result = mr.ivw_lead(one)
    assert result.beta == pytest.approx(0.11 / 0.3)
    assert result.message == "One locus: Wald ratio of b, the strongest of 3 variants."
    assert result.diagnostic("cochran_q").statistic is None
    assert mr.ivw_lead(pair.subset(np.arange(5) == 3)).message == "One variant."


@pytest.mark.parametrize("column", ["chromosome", "position"])
def test_ivw_lead__unknown_places_have_a_status(pair, column):
    with pytest.raises(EstimationError, match="chromosome and position") as caught:
        mr.ivw_lead(dataclasses.replace(pair, **{column: None}))
    assert caught.value.status == Status.MISSING_POSITIONS
    some = getattr(pair, column).copy()
    some[2] = np.nan
    with pytest.raises(EstimationError, match="1 of 5 variants"):
        mr.ivw_lead(dataclasses.replace(pair, **{column: some}))


def test_ivw_lead__first_on_the_genome_wins_a_tie(pair):
    tie = dataclasses.replace(pair, beta_exposure=np.full(5, 0.2))
    assert mr.ivw_lead(tie).beta == mr.ivw(tie.subset(np.array([True, False, False, True, True]))).beta


def test_ivw_lead__592_variants_of_one_gene_are_one_locus():
    """A published analysis took them as independent: p = 9e-6. One variant per locus leaves nothing of it."""
    folder = Path(__file__).resolve().parents[4] / "examples" / "eqtl-osteoporosis" / "data"
    with gzip.open(folder / "YTHDF3_cis_eqtl_vs_ukb_osteoporosis_harmonised.csv.gz", "rt") as stream:
        rows = list(csv.DictReader(stream))
    names = ("beta.exposure", "se.exposure", "beta.outcome", "se.outcome", "chr", "pos")
    *effects, chromosome, position = (np.array([float(row[name]) for row in rows]) for name in names)
    pair = Instruments(*effects, rsid=tuple(row["SNP"] for row in rows), chromosome=chromosome, position=position)
    assert mr.ivw(pair).p_value == pytest.approx(9.1e-6, rel=0.01)
    result = mr.ivw_lead(pair)
    best = int(np.argmax(np.abs(effects[0] / effects[1])))
    assert result.beta == pytest.approx(effects[2][best] / effects[0][best], rel=1e-12)
    assert result.se == pytest.approx(effects[3][best] / abs(effects[0][best]), rel=1e-12)
    assert result.p_value > 0.9
    assert "strongest of 592 variants" in result.message
