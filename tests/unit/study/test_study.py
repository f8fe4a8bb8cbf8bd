"""A study as a whole: families of pairs, sides of traits, and faults that only the whole can show."""

from __future__ import annotations

import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.study import load_study

EXTRA = "z,Outcome Z,bone,,quantitative,sd,20000,none,EUR,third,GRCh37,gwas_ssf,z.tsv,CC0,doi:10.1000/z\n"


@pytest.fixture
def study(tiny):
    """Return a tiny study with a third trait: x is a metabolite, y and z are of bone."""
    with (tiny.folder / "traits.csv").open("a") as handle:
        handle.write(EXTRA)
    tiny.write("z", tiny.rows("y"))
    return tiny


def _with_families(study, *blocks):
    head = study.file.read_text().split("[[mr]]")[0]
    study.file.write_text(head + "\n".join(f"[[mr]]\n{block}" for block in blocks))
    return load_study(study.file)


def _faults(study):
    with pytest.raises(ConfigError) as caught:
        load_study(study.file)
    return caught.value.faults


# --- families ----------------------------------------------------------------------------------------------------


def test_family__pairs_each_exposure_with_each_outcome(study):
    loaded = _with_families(study, 'id = "f"\nexposures = ["x"]\noutcomes = ["y", "z"]')
    (family,) = loaded.families
    assert family.pairs == (("x", "y"), ("x", "z"))
    assert loaded.sides() == {"x": "exposure", "y": "outcome", "z": "outcome"}


def test_family__of_layers_takes_all_their_traits(study):
    (family,) = _with_families(
        study, 'id = "f"\nexposures = { layer = "metabolite" }\noutcomes = { layer = "bone" }'
    ).families  # fmt: skip
    assert family.pairs == (("x", "y"), ("x", "z"))


def test_family__never_pairs_a_trait_with_itself(study):
    (family,) = _with_families(
        study, 'id = "f"\nexposures = { layer = "bone" }\noutcomes = { layer = "bone" }'
    ).families  # fmt: skip
    assert family.pairs == (("y", "z"), ("z", "y"))


def test_family__of_listed_pairs_keeps_them_in_order_and_once(study):
    (family,) = _with_families(study, 'id = "f"\npairs = [["z", "x"], ["x", "y"], ["z", "x"]]').families
    assert family.pairs == (("z", "x"), ("x", "y"))


def test_family__in_both_directions_is_two_families(study):
    loaded = _with_families(
        study, 'id = "f"\nexposures = ["x"]\noutcomes = ["y", "z"]\ndirection = "both"\nprimary = "egger"'
    )  # fmt: skip
    forward, backward = loaded.families
    assert (forward.id, backward.id) == ("f", "f-reverse")
    assert backward.pairs == (("y", "x"), ("z", "x"))
    assert backward.primary == forward.primary == "egger"
    assert loaded.sides() == {"x": "exposure", "y": "exposure", "z": "exposure"}


def test_family__in_both_directions_tests_no_pair_twice(study):
    """If each trait is on both sides, the reverse pairs are there already: no second family, empty or not."""
    loaded = _with_families(
        study, 'id = "f"\nexposures = ["x", "y"]\noutcomes = ["x", "y"]\ndirection = "both"'
    )  # fmt: skip
    assert [(family.id, family.pairs) for family in loaded.families] == [("f", (("x", "y"), ("y", "x")))]


def test_family__lists_its_methods_once_primary_first(study):
    (family,) = _with_families(
        study, 'id = "f"\npairs = [["x", "y"]]\nprimary = "egger"\nsensitivity = ["ivw", "egger", "ivw"]'
    ).families  # fmt: skip
    assert family.methods == ("egger", "ivw")


PAIR = 'pairs = [["x", "y"]]'


@pytest.mark.parametrize(
    "blocks",
    [
        (f'id = "f"\n{PAIR}', f'id = "f"\n{PAIR}'),
        (f'id = "f"\n{PAIR}\ndirection = "both"', f'id = "f-reverse"\n{PAIR}'),
        (f'id = "f-reverse"\n{PAIR}', f'id = "f"\n{PAIR}\ndirection = "both"'),
    ],
)
def test_family__of_a_name_that_is_taken_is_a_fault(blocks, study):
    """Also if the name is that of a reverse family: two families of one name would hide each other's results."""
    with pytest.raises(ConfigError) as caught:
        _with_families(study, *blocks)
    (fault,) = caught.value.faults
    assert fault.code == "duplicate_family"
    assert fault.where == "study.toml: mr[1]"


FAMILY_FAULTS = {
    # name: (block, code, place, hint)
    "exposure": ('exposures = ["x", "xx"]\noutcomes = ["y"]', "unknown_trait", "exposures[1]", "'x'"),
    "outcome": ('exposures = ["x"]\noutcomes = ["yy"]', "unknown_trait", "outcomes[0]", "'y'"),
    "pair": ('pairs = [["x", "y"], ["x", "zz"]]', "unknown_trait", "pairs[1][1]", "'z'"),
    "empty_layer": ('exposures = { layer = "gut" }\noutcomes = ["y"]', "empty_layer", "exposures", ""),
    "itself": ('exposures = ["x"]\noutcomes = ["x"]', "no_pairs", "", ""),
    "primary": (f'{PAIR}\nprimary = "ivv"', "unknown_method", "primary", "'ivw'"),
    "sensitivity": (f'{PAIR}\nsensitivity = ["ivw", "egr"]', "unknown_method", "sensitivity[1]", "'egger'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILY_FAULTS)
def test_family__with_a_fault_names_the_place(name, study):
    block, code, place, hint = FAMILY_FAULTS[name]
    with pytest.raises(ConfigError) as caught:
        _with_families(study, f'id = "ok"\n{PAIR}', f'id = "f"\n{block}')
    (fault,) = caught.value.faults
    assert fault.code == code
    assert fault.where == "study.toml: mr[1]" + (f".{place}" if place else "")
    assert hint in fault.hint


# --- the rest of the study ---------------------------------------------------------------------------------------


def test_traits__out_of_use_are_not_looked_at(study):
    """A file that is not there yet stops only the studies that use it."""
    (study.folder / "z.tsv").unlink()
    assert list(load_study(study.file).sides()) == ["x", "y"]


GIVEN_FAULTS = {
    # name: (key and reason, code, place)
    "unknown": ('xx = "a list"', "unknown_trait", "instruments.given"),
    "no_reason": ('x = " "', "no_reason", "instruments.given.x"),
    "no_exposure": ('y = "a list"', "", "instruments.given"),
}


@pytest.mark.parametrize("name", GIVEN_FAULTS)
def test_given_instruments__belong_to_an_exposure_and_have_a_reason(name, tiny):
    """A setting that silently does nothing is a fault, too."""
    line, code, place = GIVEN_FAULTS[name]
    tiny.replace("study.toml", "p_threshold = 5e-8", f"p_threshold = 5e-8\n[instruments.given]\n{line}")
    (fault,) = _faults(tiny)
    assert code in fault.code
    assert place in fault.where


def test_excluded_loci__must_be_known_ones(tiny):
    tiny.replace("study.toml", "p_threshold = 5e-8", 'exclude_loci = ["HLA", "APOF"]')
    (fault,) = _faults(tiny)
    assert (fault.code, fault.where, fault.found) == ("unknown_locus", "study.toml: instruments.exclude_loci", "'APOF'")
    assert "APOE" in fault.hint


def test_clumping__without_a_panel_is_a_note(tiny):
    tiny.replace("study.toml", "p_threshold = 5e-8", "r2 = 0.001")
    (note,) = load_study(tiny.file).notes
    assert (note.code, note.severity) == ("no_clumping", "note")


def test_ld_method__without_ld_is_a_note(tiny):
    tiny.replace("study.toml", '"ivw"', '"ivw_ld"')
    (note,) = load_study(tiny.file).notes
    assert (note.code, note.where) == ("no_ld", "family 'main'")


def test_panel_of_genotypes__must_be_there(tiny):
    tiny.replace("study.toml", "[instruments]", '[ld]\nEUR = "panel.bed"\n[instruments]')
    (fault,) = _faults(tiny)
    assert (fault.code, fault.found) == ("missing_file", "no such file")


LD_FAULTS = {
    # name: (file, content, code)
    "missing": ("ld_r.tsv", None, "missing_file"),
    "not_square": ("ld_r.tsv", "rsid\trs1\trs2\nrs1\t1\t0\n", "ld_not_square"),
    "other_order": ("ld_r.tsv", "rsid\trs1\trs2\nrs2\t0\t1\nrs1\t1\t0\n", "ld_not_square"),
    "not_symmetric": ("ld_r.tsv", "rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\t0\t1\n", "ld_not_symmetric"),
    "no_number": ("ld_r.tsv", "rsid\trs1\trs2\nrs1\t1\tx\nrs2\tx\t1\n", "ld_bad_value"),
    "above_one": ("ld_r.tsv", "rsid\trs1\trs2\nrs1\t1\t3\nrs2\t3\t1\n", "ld_bad_value"),
    "no_alleles": ("ld_variants.tsv", "rsid\tgene\nrs1\tA\nrs2\tB\n", "no_allele_column"),
    "variant_without_alleles": ("ld_variants.tsv", "rsid\teffect_allele\tother_allele\nrs1\tA\tG\n",
                                "ld_without_alleles"),
}  # fmt: skip


@pytest.mark.parametrize("name", LD_FAULTS)
def test_ld_matrix__with_a_fault_is_named(name, tiny):
    tiny.add_ld([[1, 0.1], [0.1, 1]])
    file, content, code = LD_FAULTS[name]
    (tiny.folder / file).unlink()
    if content is not None:
        (tiny.folder / file).write_text(content)
    (fault,) = _faults(tiny)
    assert fault.code == code
    assert file in fault.where


def test_ld_for__takes_the_matrix_of_the_exposures_ancestry(tiny):
    tiny.add_ld([[1, 0.1], [0.1, 1]])
    tiny.replace("study.toml", "EUR = {", 'AFR = { matrix = "ld_r.tsv", variants = "ld_variants.tsv" }\nEUR = {')
    tiny.replace("study.toml", 'primary = "ivw"', 'primary = "ivw_ld"')
    loaded = load_study(tiny.file)
    assert loaded.ld_for(loaded.families[0]) is loaded.config.ld["EUR"]
    tiny.replace("traits.csv", "none,EUR,first", "none,EAS,first")
    loaded = load_study(tiny.file)
    assert loaded.ld_for(loaded.families[0]) is None  # two to choose from, neither fits: not guessed


def test_ld_for__needs_a_method_that_uses_it(tiny):
    tiny.add_ld([[1, 0.1], [0.1, 1]])
    loaded = load_study(tiny.file)
    assert loaded.ld_for(loaded.families[0]) is None


def test_prealigned_file__has_one_role(tiny):
    """A harmonised table is one pair: its trait cannot be exposure here and outcome there."""
    sides = [f"{name}.{side}" for side in ("exposure", "outcome")
             for name in ("beta", "se", "effect_allele", "other_allele")]  # fmt: skip
    rows = ["\t".join(["SNP", "mr_keep", *sides]), "\t".join(["rs1", "TRUE", *("0.1", "0.01", "A", "G") * 2])]
    (tiny.folder / "x.tsv").write_text("\n".join(rows) + "\n")
    tiny.replace("traits.csv", "gwas_ssf,x.tsv", "twosamplemr_harmonised,x.tsv")
    tiny.replace("study.toml", 'primary = "ivw"', 'direction = "both"\nprimary = "ivw"')
    (fault,) = _faults(tiny)
    assert (fault.code, fault.where) == ("two_roles", "trait 'x'")


PUBLISHED = "exposure,outcome,method,beta,se,n_variants,q,source,note\n"
PUBLISHED_FAULTS = {
    # name: (content, place, found)
    "unknown_column": (PUBLISHED.replace("beta", "bta") + "x,y,ivw,1,1,5,3,doi:1,\n", "header", "bta"),
    "missing_column": ("exposure,outcome,method,beta\nx,y,ivw,1\n", "header", "source"),
    "unknown_trait": (PUBLISHED + "x,yy,ivw,1,1,5,3,doi:1,\n", "line 2", "yy"),
    "unknown_method": (PUBLISHED + "x,y,ivww,1,1,5,3,doi:1,\n", "line 2", "ivww"),
    "no_number": (PUBLISHED + "x,y,ivw,high,1,5,3,doi:1,\n", "line 2", "high"),
    "no_beta": (PUBLISHED + "x,y,ivw,,1,5,3,doi:1,\n", "line 2", "beta"),
    "infinite": (PUBLISHED + "x,y,ivw,inf,1,5,3,doi:1,\n", "line 2", "inf"),
    "nan": (PUBLISHED + "x,y,ivw,nan,1,5,3,doi:1,\n", "line 2", "nan"),
    "negative_se": (PUBLISHED + "x,y,ivw,1,-1,5,3,doi:1,\n", "line 2", "-1"),
    "infinite_variants": (PUBLISHED + "x,y,ivw,1,1,inf,3,doi:1,\n", "line 2", "inf"),
    "half_a_variant": (PUBLISHED + "x,y,ivw,1,1,2.5,3,doi:1,\n", "line 2", "2.5"),
    "absurd_variants": (PUBLISHED + "x,y,ivw,1,1,99999999999999999999999,3,doi:1,\n", "line 2", "999"),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED_FAULTS)
def test_published_numbers__with_a_fault_are_named(name, tiny):
    content, place, found = PUBLISHED_FAULTS[name]
    (tiny.folder / "published.csv").write_text(content)
    tiny.file.write_text(tiny.file.read_text() + '\n[report]\npublished = "published.csv"\n')
    faults = _faults(tiny)
    assert place in faults[0].where
    assert "published.csv" in faults[0].where
    assert any(found in fault.found for fault in faults)


def test_published_numbers__keep_the_decimals_of_their_source(tiny):
    (tiny.folder / "published.csv").write_text(
        PUBLISHED + "x,y,ivw,-0.030,,,,doi:1,\nx,y,egger,3e-4,0.1,5,2.5,doi:1,n\n"
    )
    tiny.file.write_text(tiny.file.read_text() + '\n[report]\npublished = "published.csv"\n')
    first, second = load_study(tiny.file).published.to_dicts()
    assert (first["published_beta"], first["decimals"], first["published_se"]) == (-0.03, 3, None)
    assert (second["decimals"], second["published_n_variants"], second["published_q"]) == (4, 5, 2.5)
    assert second["note"] == "n"


def test_published_numbers__that_are_missing_are_named(tiny):
    tiny.file.write_text(tiny.file.read_text() + '\n[report]\npublished = "none.csv"\n')
    (fault,) = _faults(tiny)
    assert fault.code == "missing_file"
    assert "none.csv" in fault.where


def test_load_study__reads_the_bundled_one():
    from osteobiome.study.bundled import STUDIES, bundled_study

    for name in STUDIES:
        assert load_study(bundled_study(name)).config.study.id == name
