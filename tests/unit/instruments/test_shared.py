"""Instruments of taxa that contain one another."""

import polars as pl
import pytest

from osteobiome.core.errors import ConfigError, SchemaError
from osteobiome.instruments.shared import related_taxa, shared_instruments


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
    with pytest.raises(SchemaError):
        shared_instruments({"f": table, "g": table}, [("f", "g")], window_kb=-1.0)
