"""Selected in one study, estimated in another: whose effects, which losses, and whether people are in both."""

import numpy as np
import pytest
from scipy import stats

from osteobiome.core.columns import VARIANTS
from osteobiome.core.errors import GenomeBuildError
from osteobiome.instruments.three_sample import three_sample
from osteobiome.sumstats import read_sumstats

HEAD = (
    "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\teffect_allele_frequency\t"
    "p_value\trsid\tn\n"
)


def study(tmp_path, name, rows, build="GRCh37"):
    path = tmp_path / f"{name}.tsv"
    path.write_text(HEAD + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return read_sumstats(path, file_format="gwas_ssf", trait_id=name, genome_build=build)


FIRST = [
    (1, 1000, "A", "G", 0.30, 0.04, 0.3, 6e-14, "rs1", 5000),
    (2, 2000, "C", "T", -0.20, 0.03, 0.4, 3e-11, "rs2", 5000),
    (3, 3000, "G", "T", 0.25, 0.04, 0.2, 4e-10, "rs3", 5000),
    (4, 4000, "A", "C", 0.22, 0.03, 0.2, 2e-13, "rs4", 5000),
]
SECOND = [
    (1, 1000, "G", "A", -0.21, 0.05, 0.7, 3e-5, "rs1", 9000),  # alleles swapped
    (2, 2000, "C", "T", 0.01, 0.05, 0.4, 0.84, "rs2", 9000),  # other direction, far from any threshold
    (3, 3000, "G", "A", 0.25, 0.04, 0.2, 4e-10, "rs3", 9000),  # other alleles
    (7, 7000, "G", "A", 0.25, 0.04, 0.2, 4e-10, "rs7", 9000),
]


def test_three_sample__effects_are_those_of_the_second_study(tmp_path):
    first = study(tmp_path, "first", FIRST)
    found = three_sample(first, study(tmp_path, "second", SECOND))
    assert found.frame.columns == list(VARIANTS)
    by_name = {row["rsid"]: row for row in found.frame.iter_rows(named=True)}
    assert set(by_name) == {"rs1", "rs2"}
    effect = {"A": 0.21, "G": -0.21}[by_name["rs1"]["effect_allele"]]
    assert by_name["rs1"]["beta"] == pytest.approx(effect)
    assert by_name["rs1"]["se"] == 0.05
    assert by_name["rs1"]["n"] == 9000
    assert by_name["rs1"]["eaf"] == pytest.approx({"A": 0.3, "G": 0.7}[by_name["rs1"]["effect_allele"]])
    assert by_name["rs1"]["neg_log_10_p_value"] == pytest.approx(-np.log10(2 * stats.norm.sf(4.2)))
    keys = dict(zip(first.frame["rsid"], first.frame["variant_key"], strict=True))
    assert {name: row["variant_key"] for name, row in by_name.items()} == {name: keys[name] for name in by_name}


def test_three_sample__every_loss_has_its_reason(tmp_path):
    rows = three_sample(study(tmp_path, "first", FIRST), study(tmp_path, "second", SECOND)).rows
    assert (rows.step, rows.n_in, rows.n_kept) == ("three_sample", 4, 2)
    assert rows.by_reason() == {"allele_mismatch": 1, "not_in_estimation_gwas": 1}
    assert dict(rows.notes)["opposite_direction"] == 1


def test_three_sample__nothing_in_common(tmp_path):
    found = three_sample(study(tmp_path, "first", FIRST[3:]), study(tmp_path, "second", SECOND))
    assert found.frame.height == 0
    assert found.rows.by_reason() == {"not_in_estimation_gwas": 1}


def test_three_sample__builds_are_not_mixed(tmp_path):
    with pytest.raises(GenomeBuildError):
        three_sample(study(tmp_path, "first", FIRST), study(tmp_path, "second", SECOND, build="GRCh38"))


@pytest.mark.parametrize(
    ("one", "two", "shared", "says"),
    [
        ("UK Biobank; Rotterdam", "rotterdam,FinnGen", ("Rotterdam",), "remains"),
        ("UK Biobank", "FinnGen", (), "No cohort"),
        ("", "FinnGen", None, "not known"),
        ("unknown", "FinnGen", None, "not known"),
    ],
)
def test_three_sample__cohorts_in_both_are_named(tmp_path, one, two, shared, says):
    found = three_sample(
        study(tmp_path, "first", FIRST), study(tmp_path, "second", SECOND),
        selection_cohorts=one, estimation_cohorts=two,
    )  # fmt: skip
    assert found.shared_cohorts == shared
    assert says in found.message
