"""The study file: every fault with its place and, for names, the nearest match; its JSON Schema."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.study.bundled import bundled_study
from osteobiome.study.config import StudyConfig, json_schema, read_config

REPOSITORY = Path(__file__).parents[3]
GOOD = """\
[study]
id = "s"
title = "Title?"
traits = "traits.csv"
genome_build = "GRCh38"
[ingest]
max_bad_rows = 0.1
allow = ["missing_beta"]
[ingest.palindromic]
policy = "drop"
[ld]
EUR = { matrix = "r.tsv", variants = "v.tsv" }
[instruments]
p_threshold = 1e-6
[instruments.given]
a = "a table"
[[mr]]
id = "first"
exposures = ["a"]
outcomes = { layer = "bone" }
primary = "ivw"
[[mr]]
id = "second"
pairs = [["a", "b"]]
[report]
published = "p.csv"
"""


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return read_config(path)

    return from_text


@pytest.fixture
def faults(read):
    """Return a function that reads a study in which one text was replaced, and gives the faults."""

    def of(old, new):
        assert old in GOOD
        with pytest.raises(ConfigError) as caught:
            read(GOOD.replace(old, new, 1))
        return caught.value.faults

    return of


def test_config__has_what_the_file_says(read):
    config = read(GOOD)
    assert config.study.genome_build == "GRCh38"
    assert config.ingest.allow == ("missing_beta",)
    assert config.ingest.palindromic.policy == "drop"
    assert config.ld["EUR"].matrix == "r.tsv"
    assert config.instruments.given == {"a": "a table"}
    assert config.mr[0].outcomes.layer == "bone"
    assert config.mr[1].pairs == (("a", "b"),)
    assert config.report.published == "p.csv"


def test_config__has_documented_defaults(read):
    config = read(
        '[study]\nid="s"\ntitle="t"\ntraits="t.csv"\ngenome_build="GRCh37"\n[[mr]]\nid="m"\npairs=[["a","b"]]\n'
    )
    assert config.study.seed == 1
    assert config.study.simulated is False
    assert config.ingest.max_bad_rows == 0.05
    assert config.ingest.palindromic.drop_between == (0.42, 0.58)
    assert config.instruments.p_threshold == 5e-8
    assert (config.mr[0].primary, config.mr[0].sensitivity, config.mr[0].direction) == ("ivw", (), "forward")
    assert config.mr[0].exposure_direction == "higher"


UNKNOWN = {
    # misspelt key: (old text, new text, place, nearest)
    "section": ("[report]", "[reprot]", "study.toml: reprot", "report"),
    "study": ('title = "Title?"', 'title = "T"\nsead = 3', "study.toml: study.sead", "seed"),
    "ingest": ("max_bad_rows", "max_badrows", "study.toml: ingest.max_badrows", "max_bad_rows"),
    "palindromic": ("policy", "polcy", "study.toml: ingest.palindromic.polcy", "policy"),
    "instruments": ("p_threshold", "p_treshold", "study.toml: instruments.p_treshold", "p_threshold"),
    "family": ("primary", "pimary", "study.toml: mr[0].pimary", "primary"),
    "second_family": ("pairs", 'sensitvity = []\npairs', "study.toml: mr[1].sensitvity", "sensitivity"),
    "report": ("published", "publshed", "study.toml: report.publshed", "published"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_key__is_one_fault_with_the_nearest_match(name, faults):
    old, new, place, near = UNKNOWN[name]
    (fault,) = faults(old, new)
    assert fault.code == "unknown_key"
    assert fault.where == place
    assert near in fault.expected
    assert fault.hint == f"Did you mean '{near}'?"


def test_unknown_key__in_a_layer_choice_names_the_nearest_match(faults):
    found = faults('{ layer = "bone" }', '{ layr = "bone" }')
    assert {fault.code for fault in found} <= {"unknown_key", "missing_key"}
    unknown = next(fault for fault in found if fault.code == "unknown_key")
    assert unknown.where == "study.toml: mr[0].outcomes.layr"
    assert unknown.hint == "Did you mean 'layer'?"


def test_unknown_key__of_ld_files_names_the_nearest_match(faults):
    found = faults("matrix", "matrx")
    assert {fault.code for fault in found} <= {"unknown_key", "missing_key"}
    unknown = next(fault for fault in found if fault.code == "unknown_key")
    assert unknown.where == "study.toml: ld.EUR.matrx"
    assert unknown.hint == "Did you mean 'matrix'?"
    assert not any("str" in fault.where.removeprefix("study.toml") for fault in found)


@pytest.mark.parametrize("key", ["id", "title", "traits", "genome_build"])
def test_missing_key__is_named(key, read):
    with pytest.raises(ConfigError) as caught:
        read(re.sub(rf"^{key} = .*\n", "", GOOD, count=1, flags=re.MULTILINE))
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("missing_key", f"study.toml: study.{key}")


def test_missing_family__is_named(read):
    with pytest.raises(ConfigError) as caught:
        read(GOOD[: GOOD.index("[[mr]]")])
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("missing_key", "study.toml: mr")


BAD = {
    # name: (old text, new text, place, a word of what was found)
    "empty_title": ('"Title?"', '""', "study.title", "''"),
    "blank_in_id": ('id = "s"', 'id = "my study"', "study.id", "my study"),
    "list_for_text": ('"traits.csv"', '["traits.csv"]', "study.traits", "traits.csv"),
    "build": ('"GRCh38"', '"hg38"', "study.genome_build", "hg38"),
    "negative_seed": ('title = "Title?"', 'title = "T"\nseed = -1', "study.seed", "-1"),
    "fractional_seed": ('title = "Title?"', 'title = "T"\nseed = 1.5', "study.seed", "1.5"),
    "no_boolean": ('title = "Title?"', 'title = "T"\nsimulated = "perhaps"', "study.simulated", "perhaps"),
    "share_above_1": ("max_bad_rows = 0.1", "max_bad_rows = 5", "ingest.max_bad_rows", "5"),
    "share_below_0": ("max_bad_rows = 0.1", "max_bad_rows = -0.1", "ingest.max_bad_rows", "-0.1"),
    "share_nan": ("max_bad_rows = 0.1", "max_bad_rows = nan", "ingest.max_bad_rows", "nan"),
    "policy": ('"drop"', '"dorp"', "ingest.palindromic.policy", "dorp"),
    "interval": ('policy = "drop"', "drop_between = [0.6, 0.7]", "ingest.palindromic.drop_between", "0.6"),
    "interval_of_three": ('policy = "drop"', "drop_between = [0.4, 0.5, 0.6]",
                          "ingest.palindromic.drop_between", "0.4"),
    "threshold_0": ("1e-6", "0", "instruments.p_threshold", "0"),
    "threshold_infinite": ("1e-6", "inf", "instruments.p_threshold", "inf"),
    "r2": ("p_threshold = 1e-6", "r2 = 1.0", "instruments.r2", "1.0"),
    "window": ("p_threshold = 1e-6", "window_kb = 0", "instruments.window_kb", "0"),
    "reason_no_text": ('a = "a table"', "a = 3", "instruments.given.a", "3"),
    "layer": ('{ layer = "bone" }', '{ layer = "bones" }', "mr[0].outcomes.layer", "bones"),
    "text_for_list": ('exposures = ["a"]', 'exposures = "a"', "mr[0].exposures", "a"),
    "number_in_list": ('exposures = ["a"]', "exposures = [3]", "mr[0].exposures[0]", "3"),
    "direction": ('primary = "ivw"', 'direction = "back"', "mr[0].direction", "back"),
    "exposure_direction": ('primary = "ivw"', 'exposure_direction = "up"', "mr[0].exposure_direction", "up"),
    "triple": ('[["a", "b"]]', '[["a", "b", "c"]]', "mr[1].pairs[0]", "c"),
    "pairs_and_outcomes": ('pairs = [["a", "b"]]', 'pairs = [["a", "b"]]\noutcomes = ["b"]', "mr[1]", "pairs"),
    "neither": ('pairs = [["a", "b"]]', "", "mr[1]", "pairs"),
    "exposures_alone": ('pairs = [["a", "b"]]', 'exposures = ["a"]', "mr[1]", "outcomes"),
    "empty_outcomes": ('pairs = [["a", "b"]]', 'exposures = ["a"]\noutcomes = []', "mr[1]", "outcomes"),
    "ld_number": ('{ matrix = "r.tsv", variants = "v.tsv" }', "3", "ld.EUR", "3"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_value__is_one_fault_that_says_what_was_expected(name, faults):
    old, new, place, word = BAD[name]
    (fault,) = faults(old, new)
    assert fault.where == f"study.toml: {place}"
    assert word in fault.found + fault.expected
    assert fault.expected, "what was expected has a field of its own"
    assert "after validation" not in fault.text()


def test_several_faults__are_all_listed(read):
    with pytest.raises(ConfigError) as caught:
        read(GOOD.replace("title", "titel").replace("0.1", "7").replace("publ", "pubbl"))
    assert {fault.where.removeprefix("study.toml: ") for fault in caught.value.faults} == {
        "study.title", "study.titel", "ingest.max_bad_rows", "report.pubblished",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"# only this\n", "empty_file"),
        (b"[study\n", "bad_toml"),
        (b'[study]\nid = "a"\nid = "b"\n', "bad_toml"),
        (b"\xff\xfe", "unreadable_file"),
    ],
)
def test_file__that_is_no_toml_is_named(content, code, tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == (code, str(path))
    assert fault.expected


def test_file__that_is_missing_or_a_folder_is_named(tmp_path):
    for path, code in ((tmp_path / "none.toml", "missing_file"), (tmp_path, "unreadable_file")):
        with pytest.raises(ConfigError) as caught:
            read_config(path)
        assert caught.value.faults[0].code == code


# --- JSON Schema -------------------------------------------------------------------------------------------------


def _complaints(value, schema, root, place="$"):
    """Return where a value breaks a JSON Schema: as much of the standard as pydantic writes for us."""
    if "$ref" in schema:
        return _complaints(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, place)
    if "anyOf" in schema:
        tried = [_complaints(value, option, root, place) for option in schema["anyOf"]]
        return [] if [] in tried else [f"{place}: no option fits"]
    kinds = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
        "integer": int, "number": (int, float),
    }  # fmt: skip
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{place}: not a {kind}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: not one of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{place}: does not match")
    limits = {"minimum": float.__ge__, "maximum": float.__le__, "exclusiveMinimum": float.__gt__,
              "exclusiveMaximum": float.__lt__}  # fmt: skip
    found += [f"{place}: {name}" for name, holds in limits.items()
              if name in schema and not holds(float(value), float(schema[name]))]  # fmt: skip
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{place}: {len(value)} items")
        parts = schema.get("prefixItems", [])
        for i, item in enumerate(value):
            found += _complaints(item, parts[i] if i < len(parts) else schema.get("items", {}), root, f"{place}[{i}]")
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        found += [f"{place}: no {name}" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name not in known and rest is False:
                found.append(f"{place}.{name}: not known")
            else:
                part = known.get(name, rest if isinstance(rest, dict) else {})
                found += _complaints(item, part, root, f"{place}.{name}")
    return found


EXAMPLES = [bundled_study("sclerostin-bone"), REPOSITORY / "examples" / "adiposity-bone" / "study.toml"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_schema__accepts_the_examples(path):
    schema = json_schema()
    assert _complaints(tomllib.loads(path.read_text()), schema, schema) == []


def test_schema__accepts_what_the_reader_accepts():
    schema = json_schema()
    assert _complaints(tomllib.loads(GOOD), schema, schema) == []


@pytest.mark.parametrize(
    "name", ["section", "ingest", "family", "build", "share_above_1", "policy", "threshold_0", "layer", "triple"]
)
def test_schema__refuses_what_the_reader_refuses(name):
    schema = json_schema()
    old, new = (UNKNOWN | BAD)[name][:2]
    assert _complaints(tomllib.loads(GOOD.replace(old, new, 1)), schema, schema) != []


def test_schema__is_json_and_describes_every_key():
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    sections = [schema, *schema["$defs"].values()]
    assert all(section["additionalProperties"] is False for section in sections)
    undescribed = [
        f"{section['title']}.{name}"
        for section in schema["$defs"].values()
        for name, part in section["properties"].items()
        if "description" not in part and "$ref" not in part and section["title"] != "LayerChoice"
    ]
    assert undescribed == []
    assert set(schema["properties"]) == set(StudyConfig.model_fields)
