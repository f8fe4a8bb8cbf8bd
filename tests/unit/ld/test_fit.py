"""Panels that do not fit a trait, each with its one fault and the finding that must name it; simulated and real."""

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.fit import LIMITS, PANEL_CHECKS, check_fit, threshold_finding
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.panel import open_panel
from osteobiome.sumstats.identity import add_keys, orient

REAL = Path(__file__).parents[2] / "data" / "ld" / "panels"
PAIRS = (("A", "G"), ("C", "T"), ("A", "C"), ("G", "T"))
N = 400


def stored(rsid, position, pairs, eaf, chromosome=1):
    frame = pl.DataFrame(
        {
            "rsid": rsid, "chromosome": chromosome, "position": position, "effect_allele": [a for a, _ in pairs],
            "other_allele": [b for _, b in pairs], "eaf": eaf,
        },
        schema_overrides={"eaf": pl.Float64},
    ).with_columns(pl.col("chromosome").cast(pl.Int8), beta=pl.lit(0.0))  # fmt: skip
    return add_keys(orient(frame))


class World:
    """A trait and the genotypes of a panel drawn from the same frequencies."""

    def __init__(self, seed=7, n_people=150):
        self.rng = np.random.default_rng(seed)
        self.n_people = n_people
        self.frequency = self.rng.uniform(0.06, 0.94, N)
        self.names = [f"rs{i}" for i in range(N)]
        self.positions = [1000 + 100 * i for i in range(N)]
        self.pairs = [PAIRS[i % 4] for i in range(N)]
        self.trait = stored(self.names, self.positions, self.pairs, self.frequency)

    def draw(self, frequency):
        return self.rng.binomial(2, np.asarray(frequency)[:, None], (N, self.n_people))


@pytest.fixture
def world():
    return World()


@pytest.fixture
def fit(world, write_panel):
    def write_and_check(dosages=None, *, trait=None, options=None, **panel):
        dosages = world.draw(world.frequency) if dosages is None else dosages
        words = {"names": world.names, "positions": world.positions, "alleles": world.pairs} | panel
        opened = open_panel(write_panel(dosages, **words))
        return check_fit(world.trait if trait is None else trait, opened, **(options or {}))

    return write_and_check


def severities(found):
    return {finding.id: finding.severity for finding in found.findings}


def test_check_fit__the_right_panel_fits(fit, world):
    found = fit()
    assert (found.verdict, found.findings) == ("fits", ())
    assert (found.n_found, found.n_looked_at, found.n_variants) == (N, N, N)
    assert (found.share_found, found.share_alleles_agree, found.share_flipped) == (1.0, 1.0, 0.0)
    assert (found.n_same_name, found.n_same_place) == (N, N)
    assert found.noise_floor == 1 / world.n_people
    assert found.frequency_correlation > 0.98


def test_check_fit__correlation_is_that_of_the_same_allele(fit, world):
    dosages = world.draw(world.frequency)
    found = fit(dosages, alleles=[pair[::-1] if i % 3 else pair for i, pair in enumerate(world.pairs)])
    theirs = dosages.mean(axis=1) / 2
    first = np.where(np.arange(N) % 3, 1 - theirs, theirs)  # of the first allele in world.pairs
    is_turned = np.array([pair[1] == "T" for pair in world.pairs])  # their keys have T first
    mine, theirs = (np.where(is_turned, 1 - f, f) for f in (world.frequency, first))
    assert found.frequency_correlation == pytest.approx(np.corrcoef(mine, theirs)[0, 1], rel=1e-12)


def test_check_fit__the_other_strand_is_counted(fit, world):
    turn = str.maketrans("ACGT", "TGCA")
    flipped = [tuple(a.translate(turn) for a in pair) if i < 100 else pair for i, pair in enumerate(world.pairs)]
    found = fit(alleles=flipped)
    assert found.share_flipped == 0.25
    assert found.verdict == "fits"


def test_check_fit__all_alleles_the_wrong_way_round_are_refused(fit, world):
    found = fit(world.draw(1 - world.frequency))
    assert (found.verdict, severities(found)) == ("refused", {"panel_alleles_flipped": "fatal"})
    assert found.frequency_correlation < -0.98


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_check_fit__a_part_of_the_alleles_the_wrong_way_round_is_told_from_another_ancestry(fit, world, share):
    is_turned = np.arange(N) < share * N
    found = fit(world.draw(np.where(is_turned, 1 - world.frequency, world.frequency)))
    assert (found.verdict, severities(found)) == ("refused", {"panel_alleles_flipped": "fatal"})


def test_check_fit__other_alleles_are_refused(fit, world):
    other = [{"AG": ("A", "C"), "CT": ("C", "A"), "AC": ("A", "G"), "GT": ("G", "A")}["".join(p)] for p in world.pairs]
    mixed = [other[i] if i % 3 == 0 else pair for i, pair in enumerate(world.pairs)]
    found = fit(alleles=mixed)
    assert (found.verdict, severities(found)) == ("refused", {"panel_alleles_flipped": "fatal"})
    assert found.n_allele_mismatch == sum(i % 3 == 0 for i in range(N))
    few = fit(alleles=[other[i] if i % 20 == 0 else pair for i, pair in enumerate(world.pairs)], name="few")
    assert (few.verdict, severities(few)) == ("flagged", {"panel_alleles_flipped": "note"})


def test_check_fit__another_build_is_refused_by_names(fit, world):
    moved = [position + 37 for position in world.positions]
    found = fit(positions=moved)
    assert (found.verdict, severities(found)) == ("refused", {"panel_other_build": "fatal"})
    assert (found.n_same_name, found.n_same_place) == (N, 0)
    part = fit(positions=moved[:40] + world.positions[40:], name="part")
    assert (part.verdict, severities(part)) == ("flagged", {"panel_other_build": "note"})


def test_check_fit__another_build_without_names_finds_nothing(fit, world):
    found = fit(positions=[position + 37 for position in world.positions], names=["."] * N)
    assert found.verdict == "refused"
    assert severities(found)["panel_few_variants"] == "fatal"


def test_check_fit__positions_that_meet_by_chance_do_not_hide_another_build(fit, world):
    """All variants move by one place, so each meets its neighbour's position: letters and frequencies make no sense."""
    found = fit(positions=[*world.positions[1:], world.positions[-1] + 100])
    assert (found.verdict, severities(found)) == ("refused", {"panel_other_build": "fatal"})


def test_check_fit__declared_builds_must_be_one(fit, world, write_panel):
    opened = open_panel(
        write_panel(world.draw(world.frequency), names=world.names, positions=world.positions, alleles=world.pairs),
        genome_build="GRCh38",
        ancestry="EUR",
    )
    assert check_fit(world.trait, opened, genome_build="GRCh38", ancestry="eur").verdict == "fits"
    assert severities(check_fit(world.trait, opened, genome_build="GRCh37")) == {"panel_other_build": "fatal"}
    found = check_fit(world.trait, opened, ancestry="EAS")
    assert (found.verdict, severities(found)) == ("flagged", {"panel_other_ancestry": "note"})


def drifted(world, fst):
    """Return frequencies of a people that left the first one: the beta distribution of Balding and Nichols."""
    shape = (1 - fst) / fst
    return world.rng.beta(world.frequency * shape, (1 - world.frequency) * shape)


def test_check_fit__another_ancestry_is_refused(fit, world):
    found = fit(world.draw(drifted(world, 0.25)))
    assert (found.verdict, severities(found)["panel_other_ancestry"]) == ("refused", "fatal")


def test_check_fit__a_near_ancestry_is_flagged(fit, world):
    found = fit(world.draw(drifted(world, 0.06)))
    assert 0.85 < found.frequency_correlation < 0.95
    assert (found.verdict, severities(found)["panel_other_ancestry"]) == ("flagged", "note")


def test_check_fit__monomorphic_variants_are_counted(fit, world):
    dosages = world.draw(world.frequency)
    dosages[:5], dosages[5:8] = 0, 2
    few = fit(dosages)
    assert few.n_monomorphic == 8
    assert (few.verdict, severities(few)) == ("fits", {"panel_monomorphic": "note"})
    dosages[8:60], dosages[60:70] = 0, -9
    many = fit(dosages, name="many")
    assert many.n_monomorphic == 70
    assert many.verdict == "flagged"


def test_check_fit__variants_without_second_allele_are_counted_as_monomorphic(fit, world):
    pairs = [("0", pair[1]) if i < 50 else pair for i, pair in enumerate(world.pairs)]
    found = fit(alleles=pairs)
    assert (found.verdict, severities(found)) == ("flagged", {"panel_monomorphic": "note"})
    assert found.n_found == N - 50


def test_check_fit__missing_calls_are_counted(fit, world):
    dosages = world.draw(world.frequency)
    dosages[:100, :30] = -9  # 30 of 150 people
    dosages[100:, 0] = -9  # 1 of 150 people: below 5 %
    found = fit(dosages)
    assert (found.verdict, severities(found)) == ("flagged", {"panel_missing_calls": "note"})
    assert found.n_badly_called == 100
    assert found.share_missing == pytest.approx((100 * 30 + 300) / (N * 150), rel=1e-12)


@pytest.mark.parametrize(("threshold", "is_below"), [(1 / 150, False), (0.0066, True), (0.001, True), (0.1, False)])
def test_check_fit__a_threshold_below_the_noise_floor_is_flagged(fit, threshold, is_below):
    found = fit(options={"r2_threshold": threshold})
    assert (found.verdict == "flagged") == is_below
    assert ("panel_too_small_for_threshold" in severities(found)) == is_below


def test_threshold_finding__names_people_and_floor(world, write_panel):
    opened = open_panel(write_panel(world.draw(world.frequency)))
    assert "1/n = 0.0067 of 150 people" in threshold_finding(opened, 0.001).found


def test_check_fit__few_variants_are_flagged(fit, world):
    more = stored([f"x{i}" for i in range(N + 1)], [9_000_000 + i for i in range(N + 1)], [("A", "G")] * (N + 1), 0.2)
    found = fit(trait=pl.concat([world.trait, more]))
    assert (found.verdict, severities(found)) == ("flagged", {"panel_few_variants": "note"})
    assert found.share_found == N / (2 * N + 1)


def test_check_fit__a_trait_without_frequencies_cannot_be_compared(fit, world):
    found = fit(trait=world.trait.with_columns(eaf=pl.lit(None, dtype=pl.Float64)))
    assert (found.verdict, severities(found)) == ("flagged", {"panel_frequencies_not_compared": "note"})
    assert np.isnan(found.frequency_correlation)


def test_check_fit__limits_can_be_set(fit, world):
    dosages = world.draw(drifted(world, 0.06))
    strict = dataclasses.replace(LIMITS, correlation_refused=0.95)
    assert fit(dosages, options={"limits": strict}).verdict == "refused"


def test_check_fit__of_many_variants_a_spread_is_looked_at(world, write_panel, monkeypatch):
    opened = open_panel(
        write_panel(world.draw(world.frequency), names=world.names, positions=world.positions, alleles=world.pairs)
    )
    monkeypatch.setattr("osteobiome.ld.fit.MAX_VARIANTS", 200)
    monkeypatch.setattr("osteobiome.ld.fit.MAX_FREQUENCIES", 60)
    found = check_fit(world.trait, opened, index=PanelIndex(opened.variants))
    assert (found.n_variants, found.n_looked_at, found.n_found, found.n_read) == (N, 200, 200, 60)
    assert found.verdict == "fits"


def test_findings__are_all_registered_with_a_hint():
    assert all(check.hint for _, check in PANEL_CHECKS.items())


def real_trait():
    frame = pl.read_csv(REAL / "uk_biobank_frequencies.tsv", separator="\t")
    pairs = list(frame.select("effect_allele", "other_allele").iter_rows())
    return stored(frame["rsid"], frame["position"], pairs, frame["eaf"], frame["chromosome"])


def test_check_fit__real_europeans_fit_uk_biobank():
    found = check_fit(real_trait(), open_panel(REAL / "eur"), r2_threshold=0.01)
    assert (found.verdict, found.findings) == ("fits", ())
    assert found.frequency_correlation > 0.98


def test_check_fit__real_east_asians_are_refused_as_another_ancestry():
    found = check_fit(real_trait(), open_panel(REAL / "eas"))
    assert found.verdict == "refused"
    assert severities(found)["panel_other_ancestry"] == "fatal"
    assert 0.5 < found.frequency_correlation < 0.8


def real_copy(tmp_path, change):
    """Copy the real European panel with another list of variants."""
    for ending in ("bed", "fam"):
        (tmp_path / f"copy.{ending}").write_bytes((REAL / f"eur.{ending}").read_bytes())
    lines = [line.split("\t") for line in (REAL / "eur.bim").read_text().splitlines()]
    (tmp_path / "copy.bim").write_text("".join("\t".join(change(*line)) + "\n" for line in lines))
    return open_panel(tmp_path / "copy")


def test_check_fit__real_europeans_with_alleles_swapped_are_refused(tmp_path):
    panel = real_copy(tmp_path, lambda c, name, cm, position, a1, a2: (c, name, cm, position, a2, a1))
    assert severities(check_fit(real_trait(), panel)) == {"panel_alleles_flipped": "fatal"}


def test_check_fit__real_europeans_on_another_build_are_refused(tmp_path):
    def moved(c, name, cm, position, a1, a2):
        return c, name, cm, str(int(position) + 31_337), a1, a2  # a shift of the size between GRCh37 and GRCh38

    assert severities(check_fit(real_trait(), real_copy(tmp_path, moved))) == {"panel_other_build": "fatal"}
