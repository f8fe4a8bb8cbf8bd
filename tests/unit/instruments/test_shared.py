"""Instruments of taxa that contain one another."""

import polars as pl
import pytest

from osteobiome.core.errors import ConfigError, SchemaError
from osteobiome.instruments.shared import related_taxa, same_taxa, shared_instruments


def instruments(*rows):
    schema = {"variant_key": pl.Int64, "rsid": pl.String, "chromosome": pl.Int8, "position": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_related_taxa__any_distance_and_all_separators():
    found = related_taxa(
        {
            "phylum": "k__Bacteria|p__Actinobacteria",
            "genus": "k__Bacteria;p__Actinobacteria;c__Actinobacteria;g__Bifidobacterium",
            "species": "k__Bacteria.p__Actinobacteria.c__Actinobacteria.g__Bifidobacterium.s__longum",
            "else": "k__Bacteria|p__Firmicutes|c__Actinobacteria",
            "pathway": "PWY-1042",
        }
    )
    assert found == (("phylum", "genus"), ("phylum", "species"), ("genus", "species"))


def test_related_taxa__a_name_that_begins_alike_is_another_taxon():
    assert related_taxa({"a": "k__B|g__Dialister", "b": "k__B|g__Dialisterella|s__x", "none": ""}) == ()


@pytest.mark.parametrize(
    "family", ["k__B;f__F;g__;s__", "K__b|F__f", "k__B; f__F ;g ; s_", " k__B | f__F | ", "k__B;f__F;g__;"]
)
def test_related_taxa__ranks_without_a_name_at_the_end_do_not_count(family):
    lineages = {"family": family, "genus": "k__B;f__F;g__G;s__"}
    assert related_taxa(lineages) == (("family", "genus"),)
    assert same_taxa(lineages) == ()


def test_related_taxa__ranks_of_silva():
    lineages = {"f": "D_0__Bacteria;D_4__F;D_5__", "g": "D_0__Bacteria;D_4__F;D_5__G"}
    assert related_taxa(lineages) == (("f", "g"),)


def test_related_taxa__a_lineage_without_any_name_is_none():
    lineages = {"nothing": "k__;p__;c__", "dash": "k;p", "empty": "", "again": "k__;p__;c__", "genus": "k__;p__;g__G"}
    assert related_taxa(lineages) == same_taxa(lineages) == ()


def test_same_taxa__traits_of_one_taxon_in_the_order_of_the_mapping():
    lineages = {"abundance": "k__B;g__G", "other": "k__B;g__H", "presence": "k__b; g__g;s__", "women": "k__B|g__G"}
    assert same_taxa(lineages) == (("abundance", "presence"), ("abundance", "women"), ("presence", "women"))
    assert related_taxa(lineages) == ()


def test_shared_instruments__of_one_taxon_stand_from_both_sides():
    one, two = instruments((1, "rs1", 1, 5)), instruments((1, "rs1", 1, 5), (2, "rs2", 1, 9))
    found = shared_instruments({"a": one, "b": two, "c": one}, [("a", "c")], same=[("a", "b"), ("a", "b")])
    assert found.select("trait_id", "rsid", "related_trait", "relation", "shared_by", "related_variant").rows() == [
        ("a", "rs1", "c", "child", "variant", "rs1"),
        ("c", "rs1", "a", "parent", "variant", "rs1"),
        ("a", "rs1", "b", "same", "variant", "rs1"),
        ("a", "rs1", "b", "same", "window", "rs2"),
        ("b", "rs1", "a", "same", "variant", "rs1"),
        ("b", "rs2", "a", "same", "window", "rs1"),
    ]


def test_shared_instruments__same_variant_and_near_variant():
    family = instruments((1, "rs1", 2, 136_608_646), (2, "rs2", 9, 136_149_000), (3, "rs3", 5, 1))
    genus = instruments((1, "rs1", 2, 136_608_646), (4, "rs4", 9, 136_649_000), (5, "rs5", 9, 136_649_001))
    found = shared_instruments({"f": family, "g": genus, "x": family}, [("f", "g")])
    assert found.select("trait_id", "rsid", "related_trait", "relation", "shared_by", "related_variant").rows() == [
        ("f", "rs1", "g", "child", "variant", "rs1"),
        ("f", "rs2", "g", "child", "window", "rs4"),
        ("g", "rs1", "f", "parent", "variant", "rs1"),
        ("g", "rs4", "f", "parent", "window", "rs2"),
    ]


def test_shared_instruments__without_position_only_the_same_variant_counts():
    one, two = instruments((1, "rs1", None, None), (2, "rs2", None, None)), instruments((1, "rs1", None, None))
    found = shared_instruments({"f": one, "g": two}, [("f", "g")])
    assert found["shared_by"].to_list() == ["variant", "variant"]


def test_shared_instruments__nothing_related_nothing_marked():
    table = instruments((1, "rs1", 1, 1))
    assert shared_instruments({"f": table, "g": table}, []).height == 0
    assert shared_instruments({"f": table, "g": instruments()}, [("f", "g")]).height == 0


def test_shared_instruments__refuses_what_it_cannot_use():
    table = instruments((1, "rs1", 1, 1))
    for pair in (("f", "f"), ("f", "missing")):
        with pytest.raises(ConfigError):
            shared_instruments({"f": table}, [pair])
        with pytest.raises(ConfigError) as caught:
            shared_instruments({"f": table}, [], same=[pair])
        assert caught.value.faults[0].where == "same"
    with pytest.raises(SchemaError):
        shared_instruments({"f": table, "g": table}, [("f", "g")], window_kb=-1.0)
