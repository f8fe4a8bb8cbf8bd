"""A few rows of schema ``variants`` in canonical orientation, to be written and read back."""

from __future__ import annotations

import pytest

from osteobiome.core.schema import table
from osteobiome.sumstats.writing import TraitFacts, write_sumstats

BASE = {
    "allele_class": 1, "is_palindromic": False, "se": 0.05, "eaf": 0.25, "neg_log_10_p_value": 1.5, "n": 1000.0,
    "is_p_derived": False, "is_beta_derived": False, "is_se_derived": False, "effect_allele": "A", "other_allele": "G",
    "beta": 0.1,
}  # fmt: skip
ROWS = (
    {"rsid": "rs1", "chromosome": 1, "position": 500, "beta": -0.1 - 0.2, "neg_log_10_p_value": 400.0},
    {"rsid": "MARCH1", "chromosome": 2, "position": 100, "eaf": None, "n": None, "se": 1 / 3},
    {"rsid": "=cmd()", "chromosome": 23, "position": 7, "n": 1234.5, "neg_log_10_p_value": 1e-5},
    {"rsid": "rs4", "chromosome": 1, "position": 20, "effect_allele": "C", "other_allele": "CAT", "allele_class": 4},
    {"rsid": "rs5", "chromosome": None, "position": None, "beta": 2.5e-8},
    {"rsid": "1:100:A:G;x", "chromosome": 25, "position": 16000, "neg_log_10_p_value": 350.123456789012345},
)
FACTS = TraitFacts("bmd", "Bone mineral density", "GRCh37", 1000)


@pytest.fixture
def variants():
    """Return a function that makes a table of schema ``variants`` from changes to a default row."""

    def make(*rows):
        keyed = (BASE | row | {"variant_key": i, "id_key": i, "line": i + 2} for i, row in enumerate(rows or ROWS))
        return table("variants", keyed)

    return make


@pytest.fixture
def write(tmp_path, variants):
    """Return a function that writes the rows, or others, and returns the path of the table."""

    def to_file(name, *, to, frame=None, facts=FACTS, **options):
        frame = variants() if frame is None else frame
        return write_sumstats(frame, tmp_path / name, to=to, facts=facts, **options).paths[0]

    return to_file
