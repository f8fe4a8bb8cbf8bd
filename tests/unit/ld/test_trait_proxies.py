"""Stand-ins of stored traits: choice, phase, alleles and effects against a plain loop over dosages and letters."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.columns import SCHEMAS
from osteobiome.core.errors import HarmonisationError
from osteobiome.core.schema import table
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.proxies import ProxyOptions
from osteobiome.ld.trait_proxies import trait_proxies, with_stand_ins
from osteobiome.sumstats import harmonise
from osteobiome.sumstats.identity import add_keys, orient
from osteobiome.sumstats.table import SumStats

LETTERS = [("A", "G"), ("T", "A"), ("C", "A"), ("G", "C"), ("C", "T")]
OTHER_STRAND = str.maketrans("ACGT", "TGCA")
N_PEOPLE = 80
COPIES = [0, 0, 1, 1, 2, 2, 1, 0, 0, 0]
NEARLY = [0, 0, 1, 1, 2, 2, 1, 1, 0, 0]


def variants(rows):
    """Rows in the letters of a file as a table of schema variants, sorted by key."""
    blank = {"chromosome": 1, "beta": 0.1, "se": 0.02, "eaf": None, "neg_log_10_p_value": 3.0, "n": 1000.0}
    filled = [
        blank | {"line": k + 2, "is_beta_derived": False, "is_se_derived": False, "is_p_derived": False} | row
        for k, row in enumerate(rows)
    ]
    plain = table("variants", filled).drop("variant_key", "id_key", "allele_class", "is_palindromic")
    return table("variants", add_keys(orient(plain)).to_dicts()).sort("variant_key")


def in_letters(rng, i, letters, place, frequency):
    """One variant as some file writes it: alleles in any order, on any strand where letters tell, with or without eaf.

    ``counted`` says whether the effect allele is the one that the panel counts.
    """
    a1, a2 = letters
    counted = bool(rng.random() < 0.5)
    effect, other = (a1, a2) if counted else (a2, a1)
    is_palindromic = effect == other.translate(OTHER_STRAND)
    if rng.random() < 0.3 and not is_palindromic:
        effect, other = effect.translate(OTHER_STRAND), other.translate(OTHER_STRAND)
    eaf = None if rng.random() < 0.2 else float(frequency if counted else 1 - frequency)
    row = {
        "rsid": f"rs{i}", "chromosome": place[0], "position": place[1], "effect_allele": effect, "other_allele": other,
        "beta": float(rng.normal()), "se": float(rng.uniform(0.01, 0.1)), "eaf": eaf, "n": float(rng.integers(99, 999)),
        "neg_log_10_p_value": float(rng.uniform(0, 9)),
    }  # fmt: skip
    return row, counted, is_palindromic


def simulated(rng, n_variants):
    """Copies of A1 in three blocks with exact copies, monomorphic variants and missing calls; places and letters."""
    haplotypes = rng.binomial(1, 0.35, (3, 2 * N_PEOPLE))[rng.integers(0, 3, n_variants)]
    haplotypes = haplotypes ^ (rng.random(haplotypes.shape) < 0.02 * rng.integers(0, 3, (n_variants, 1)))
    haplotypes ^= rng.random((n_variants, 1)) < 0.5
    copies = haplotypes[:, ::2] + haplotypes[:, 1::2]
    copies[rng.random(copies.shape) < 0.02] = -9
    copies[rng.random(n_variants) < 0.05] = 2
    positions = np.sort(rng.choice(np.arange(1, 60), n_variants, replace=False)) * 100
    letters = [LETTERS[k] for k in rng.integers(0, len(LETTERS), n_variants)]
    return copies, positions, letters


def side(frequency):
    """Which side of one half; 0 where it tells nothing."""
    return 0 if frequency is None or 0.42 < frequency < 0.58 else (1 if frequency > 0.5 else -1)


def sign_of(case, copies, *, trust):
    """+1 if the panel counts the effect allele, -1 if the other, 0 if nobody knows."""
    row, counted, is_palindromic = case
    if not is_palindromic or trust:
        return 1 if counted else -1
    called = copies[copies >= 0]
    return side(row["eaf"]) * side(called.mean() / 2)


def expected(k, cases, copies, positions, present, *, trust, r2, reach):
    """Best stand-in by looking at every row of the trait."""
    own = sign_of(cases[k], copies[k], trust=trust)
    if own == 0:
        return "palindromic_strand_unknown"
    near = [
        j for j in present if abs(positions[j] - positions[k]) <= reach and sign_of(cases[j], copies[j], trust=trust)
    ]
    if np.unique(copies[k][copies[k] >= 0]).size < 2:
        return "no_variation"
    if not near:
        return "no_candidate_in_window"
    found = []
    for j in near:
        both = (copies[k] >= 0) & (copies[j] >= 0)
        x, y = copies[k][both] * own, copies[j][both] * sign_of(cases[j], copies[j], trust=trust)
        if x.std() * y.std() == 0:
            continue
        r = np.corrcoef(x, y)[0, 1]
        distance = positions[j] - positions[k]
        if round(r * r, 10) >= r2:
            found.append((-round(r * r, 10), abs(distance), distance, j, r))
    return min(found)[3:] if found else "r2_below_threshold"


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    trust=st.booleans(),
    r2=st.sampled_from([0.3, 0.8, 1.0]),
    kb=st.sampled_from([0.3, 1.5, 500.0]),
)
def test_trait_proxies__is_what_a_plain_loop_finds(panel_of, seed, trust, r2, kb):
    rng = np.random.default_rng(seed)
    copies, positions, letters = simulated(rng, 30)
    panel = panel_of(copies, alleles=letters, positions=positions)
    frequencies = [max(c[c >= 0].mean() / 2, 0.001) for c in copies]
    cases = [in_letters(rng, i, letters[i], (1, int(positions[i])), frequencies[i]) for i in range(30)]
    wanted = [int(k) for k in rng.permutation(30)[:12]]
    present = [j for j in range(30) if j not in wanted]
    trait = variants([cases[j][0] for j in present])
    targets = pl.concat([variants([cases[k][0]]) for k in wanted])
    options = ProxyOptions(r2=r2, kb=kb)
    found = trait_proxies(targets, trait, panel, options=options, trust_strand=trust)
    assert found["variant_key"].equals(targets["variant_key"])
    answers = [expected(k, cases, copies, positions, present, trust=trust, r2=r2, reach=kb * 1000) for k in wanted]
    strength = [0.0 if isinstance(answer, str) else round(answer[1] ** 2, 10) for answer in answers]
    owner = {}  # each stands in once, for the target in highest r²
    for place in sorted(range(len(answers)), key=lambda place: -strength[place]):
        answer = answers[place]
        if not isinstance(answer, str):
            owner.setdefault(answer[0], place)
    for place, answer in enumerate(answers):
        if not isinstance(answer, str) and owner[answer[0]] != place:
            answers[place] = "proxy_taken"
    for k, answer, target, row in zip(wanted, answers, targets.to_dicts(), found.to_dicts(), strict=True):
        if isinstance(answer, str):
            assert row["reason"] == answer
            assert {row[name] for name in ("proxy_key", "proxy", "r", "r2", "distance", "beta", "se", "eaf", "n")} == {
                None
            }
            continue
        j, r = answer
        proxy, of_file = cases[j][0], cases[k][0]
        turned = target["beta"] != of_file["beta"]  # the table turned the effect when it was read
        sign = (1 if r > 0 else -1) * (-1 if turned else 1)
        assert (row["reason"], row["proxy"], row["proxy_position"]) == ("", f"rs{j}", proxy["position"])
        assert row["beta"] == pytest.approx(sign * proxy["beta"])
        assert (row["se"], row["n"]) == (proxy["se"], proxy["n"])
        assert row["neg_log_10_p_value"] == proxy["neg_log_10_p_value"]
        eaf = proxy["eaf"]
        assert row["eaf"] == (None if eaf is None else pytest.approx(eaf if sign > 0 else 1 - eaf))
        assert row["r"] == pytest.approx(abs(r), abs=1e-12)
        assert row["r2"] == pytest.approx(r * r, abs=1e-12)
        assert row["distance"] == positions[j] - positions[k]
        pair = row["proxy_effect_allele"], row["proxy_other_allele"]
        plain = (proxy["effect_allele"], proxy["other_allele"])
        assert pair == (plain if sign > 0 else plain[::-1]) or (
            tuple(a.translate(OTHER_STRAND) for a in pair) == (plain if sign > 0 else plain[::-1]) and not cases[j][2]
        )


def small(panel_of, *copies, alleles=None, positions=None):
    """A panel of few variants, 100 bases apart."""
    alleles = alleles or [LETTERS[0]] * len(copies)
    positions = positions or [100 * (k + 1) for k in range(len(copies))]
    return panel_of(np.array(copies), alleles=alleles, positions=positions)


def row_at(k, *, letters=LETTERS[0], **more):
    """Variant k as the small panel has it, its effect allele the counted one."""
    return {
        "rsid": f"rs{k}", "position": 100 * (k + 1), "effect_allele": letters[0], "other_allele": letters[1],
    } | more  # fmt: skip


def test_trait_proxies__one_that_the_panel_lacks_or_has_with_other_alleles(panel_of):
    panel = small(panel_of, COPIES, COPIES)
    absent = row_at(7)
    other = row_at(0, letters=("C", "A"))
    found = trait_proxies(variants([absent, other]), variants([row_at(1)]), panel)
    assert dict(found.select("rsid", "reason").rows()) == {"rs7": "not_in_panel", "rs0": "allele_mismatch"}
    assert found["proxy"].to_list() == [None, None]


@pytest.mark.parametrize("place", ["target", "candidate"])
def test_trait_proxies__palindrome_needs_a_known_strand(panel_of, place):
    """COPIES has frequency 0.35: an eaf of 0.3 tells the strand, one of 0.5 or none does not."""
    pair = ("A", "T")
    letters = [pair, LETTERS[0]] if place == "target" else [LETTERS[0], pair]
    panel = small(panel_of, COPIES, COPIES, alleles=letters)

    def found(eaf, *, trust=False, turned=False):
        rows = [row_at(k, letters=letters[k]) for k in (0, 1)]
        k = 0 if place == "target" else 1
        rows[k]["eaf"] = eaf
        if turned:
            rows[k]["effect_allele"], rows[k]["other_allele"] = pair[::-1]
        (row,) = trait_proxies(variants(rows[:1]), variants(rows[1:]), panel, trust_strand=trust).to_dicts()
        return row

    refused = "palindromic_strand_unknown" if place == "target" else "no_candidate_in_window"
    for eaf in (None, 0.5):
        assert (found(eaf)["reason"], found(eaf)["beta"]) == (refused, None)
        assert found(eaf, trust=True)["beta"] == 0.1
    assert found(0.3)["beta"] == 0.1
    assert found(0.7)["beta"] == -0.1  # A of the file is T of the panel
    # T of the file, of frequency 0.3, is A of the panel; tables count A of the file, which is T of the panel
    assert found(0.3, turned=True)["beta"] == (-0.1 if place == "target" else 0.1)


def test_trait_proxies__of_equal_ones_the_nearest_then_the_first(panel_of):
    panel = small(panel_of, COPIES, COPIES, COPIES, NEARLY, COPIES, positions=[100, 200, 300, 310, 400])
    names = [200, 300, 310, 400]
    trait = variants([row_at(k + 1, position=position) for k, position in enumerate(names)])
    for target, proxy in ((0, "rs1"), (2, "rs1"), (3, "rs2")):
        position = [100, 200, 300, 310, 400][target]
        without = trait.filter(pl.col("position") != position)
        (row,) = trait_proxies(variants([row_at(target, position=position)]), without, panel,
                               options=ProxyOptions(r2=0.5)).to_dicts()  # fmt: skip
        assert row["proxy"] == proxy


def test_trait_proxies__only_rows_near_a_target_are_read(panel_of):
    """2,000 variants over 20 Mb; two targets; a window of 25 kb holds two neighbours on either side."""
    n = 2000
    rng = np.random.default_rng(1)
    copies = rng.binomial(2, 0.4, (n, 20))
    panel = panel_of(copies, alleles=[LETTERS[0]] * n, positions=[10_000 * (k + 1) for k in range(n)])
    rows = [row_at(k, position=10_000 * (k + 1)) for k in range(n)]
    trait = variants([row for k, row in enumerate(rows) if k not in (50, 1500)])
    options = ProxyOptions(r2=0.01, kb=25)
    found = trait_proxies(variants([rows[1500], rows[50]]), trait, panel, options=options)
    read = set(np.concatenate(panel.sources[0].read_rows).tolist())
    assert read == {*range(48, 53), *range(1498, 1503)}
    assert found["rsid"].to_list() == ["rs50", "rs1500"]
    assert found["proxy"].null_count() == 0


def test_trait_proxies__more_targets_than_are_searched_at_once(panel_of):
    n = 60
    copies = np.repeat(np.random.default_rng(2).binomial(2, 0.4, (n // 2, 40)), 2, axis=0)
    chromosome = [1 + k % 20 // 10 for k in range(n)]
    positions = [500 * (k + 1) for k in range(n)]
    panel = panel_of(copies, alleles=[LETTERS[0]] * n, positions=positions, chromosome=chromosome)
    rows = [row_at(k, position=positions[k], chromosome=chromosome[k]) for k in range(n)]
    order = np.random.default_rng(3).permutation(n // 2) * 2
    targets = pl.concat([variants([rows[k]]) for k in order])
    found = trait_proxies(targets, variants(rows[1::2]), panel)
    assert found["proxy"].to_list() == [f"rs{k + 1}" for k in order]
    assert found["r2"].min() == 1.0


def test_trait_proxies__variants_without_place_meet_by_name(panel_of):
    panel = small(panel_of, COPIES, COPIES)
    nowhere = {"chromosome": None, "position": None}
    for target, candidate in ((nowhere, {}), ({}, nowhere), (nowhere, nowhere)):
        (row,) = trait_proxies(variants([row_at(0, **target)]), variants([row_at(1, **candidate)]), panel).to_dicts()
        assert (row["proxy"], row["beta"], row["distance"]) == ("rs1", 0.1, 100)


def test_trait_proxies__proxy_without_name_is_called_by_place_and_alleles(panel_of):
    panel = small(panel_of, COPIES, COPIES)
    (row,) = trait_proxies(variants([row_at(0)]), variants([row_at(1, rsid=None)]), panel).to_dicts()
    assert row["proxy"] == "1:200:A:G"


def test_trait_proxies__the_variant_by_another_name_is_no_proxy_of_itself(panel_of):
    """The trait has rs0 at another place, so that it meets the row of the target."""
    panel = small(panel_of, COPIES)
    (row,) = trait_proxies(variants([row_at(0)]), variants([row_at(0, position=130)]), panel).to_dicts()
    assert row["reason"] == "no_candidate_in_window"


def test_trait_proxies__of_two_rows_for_one_variant_the_one_at_its_place(panel_of):
    panel = small(panel_of, COPIES, COPIES)
    moved = row_at(1, position=150, beta=0.7)
    trait = variants([moved, row_at(1, rsid=None)])
    (row,) = trait_proxies(variants([row_at(0)]), trait, panel).to_dicts()
    assert (row["beta"], row["proxy_position"]) == (0.1, 200)


def test_trait_proxies__without_targets_or_rows(panel_of):
    panel = small(panel_of, COPIES, COPIES)
    nothing = table("variants")
    empty = trait_proxies(nothing, variants([row_at(1)]), panel)
    some = trait_proxies(variants([row_at(0)]), nothing, panel)
    assert empty.schema == some.schema
    assert (empty.height, some["reason"].to_list()) == (0, ["no_candidate_in_window"])


def test_trait_proxies__has_the_types_of_the_table_of_proxies(panel_of):
    panel = small(panel_of, COPIES, COPIES)
    found = trait_proxies(variants([row_at(0)]), variants([row_at(1)]), panel, index=PanelIndex(panel.variants))
    declared = table("proxies").schema
    shared = [name for name in declared if name in found.columns]
    assert set(SCHEMAS["proxies"]) - set(shared) == {"family", "exposure", "outcome"}
    assert found.select(shared).schema == pl.Schema({name: declared[name] for name in shared})


def pair_with_proxy(panel_of, *, proxy=COPIES):
    panel = small(panel_of, COPIES, proxy, COPIES)
    targets = variants([row_at(0, beta=0.5)])
    trait = variants([row_at(1, beta=0.2, eaf=0.3, is_beta_derived=True, line=77), row_at(9, line=3)])
    return targets, trait, trait_proxies(targets, trait, panel)


@pytest.mark.parametrize(("proxy", "beta", "eaf"), [(COPIES, 0.2, 0.3), ([2 - c for c in COPIES], -0.2, 0.7)])
def test_with_stand_ins__harmonise_finds_the_target(panel_of, proxy, beta, eaf):
    targets, trait, proxies = pair_with_proxy(panel_of, proxy=proxy)
    stood_in = with_stand_ins(trait, proxies)
    assert stood_in.schema == trait.schema
    assert stood_in["variant_key"].is_sorted()
    assert stood_in.height == trait.height + 1
    exposure, outcome = (SumStats(name, frame, rows=None) for name, frame in (("x", targets), ("y", stood_in)))
    (row,) = harmonise(exposure, outcome).frame.to_dicts()
    assert (row["rsid"], row["effect_allele"], row["beta_exposure"]) == ("rs0", "A", 0.5)
    assert row["beta_outcome"] == pytest.approx(beta)
    assert row["eaf_outcome"] == pytest.approx(eaf)
    (added,) = stood_in.filter(rsid="rs0").to_dicts()
    assert (added["line"], added["is_beta_derived"], added["is_p_derived"]) == (77, True, False)
    assert stood_in.filter(pl.col("rsid") != "rs0").equals(trait)


def test_with_stand_ins__is_the_trait_where_nothing_stands_in(panel_of):
    panel = small(panel_of, COPIES, NEARLY)
    trait = variants([row_at(1)])
    proxies = trait_proxies(variants([row_at(0)]), trait, panel, options=ProxyOptions(r2=1.0))
    assert proxies["reason"].to_list() == ["r2_below_threshold"]
    assert with_stand_ins(trait, proxies).equals(trait)


def test_with_stand_ins__refuses_what_the_trait_has_and_what_comes_twice(panel_of):
    targets, trait, proxies = pair_with_proxy(panel_of)
    with pytest.raises(HarmonisationError) as caught:
        with_stand_ins(pl.concat([targets, trait]).sort("variant_key"), pl.concat([proxies, proxies]))
    assert [fault.code for fault in caught.value.faults] == ["target_in_trait", "target_twice"]
    assert "rs0" in caught.value.faults[0].where


def test_with_stand_ins__effect_is_drawn_in_as_the_notes_say(panel_of):
    """Effect of the proxy over that of a causal target, fitted to a trait without noise: r sqrt(pq / pq)."""
    target, proxy = np.array(COPIES), np.array(NEARLY)
    effect = float(np.polyfit(proxy, 0.5 * target, 1)[0])
    panel = small(panel_of, COPIES, NEARLY)
    trait = variants([row_at(1, beta=effect)])
    (row,) = trait_proxies(variants([row_at(0)]), trait, panel).to_dicts()
    assert row["beta"] / 0.5 == pytest.approx(row["r"] * target.std() / proxy.std())
