"""What every registered writer must do: hold all that its format can, lose nothing in silence, leave nothing behind."""

from __future__ import annotations

import datetime
import errno
import gzip
import os
import pathlib

import polars as pl
import pytest

from osteobiome.core.errors import SchemaError, StoreWriteError, UnknownNameError
from osteobiome.core.schema import table
from osteobiome.sumstats.writing import WRITERS, TraitFacts, write_sumstats

NAMES = tuple(WRITERS)
FACTS = TraitFacts("bmd", "Bone mineral density", "GRCh37", 1000, source="bmd.tsv", source_sha256="ab" * 32)
DAY = datetime.date(2024, 2, 29)
BASE = {
    "allele_class": 1, "is_palindromic": False, "se": 0.05, "eaf": 0.25, "neg_log_10_p_value": 1.5, "n": 1000.0,
    "is_p_derived": False, "is_beta_derived": False, "is_se_derived": False, "effect_allele": "A", "other_allele": "G",
    "beta": 0.1,
}  # fmt: skip
ROWS = (
    {"rsid": "rs1", "chromosome": 1, "position": 500, "beta": -0.1 - 0.2, "neg_log_10_p_value": 400.0},
    {"rsid": "MARCH1", "chromosome": 2, "position": 100, "eaf": None, "n": None, "se": 1 / 3},
    {"rsid": "=cmd()", "chromosome": 23, "position": 7, "n": 1234.5, "is_p_derived": True},
    {"rsid": "rs4", "chromosome": 1, "position": 20, "effect_allele": "C", "other_allele": "CAT", "allele_class": 4},
    {"rsid": "rs5", "chromosome": None, "position": None, "beta": 2.5e-8},
)


def variants(rows=ROWS):
    """Return a table of schema ``variants``; one variant has a tiny p, one is longer, one has no place."""
    keyed = (BASE | row | {"variant_key": i, "id_key": i, "line": i + 2} for i, row in enumerate(rows))
    return table("variants", keyed)


def target(tmp_path, name, suffix=None):
    return tmp_path / f"bmd{suffix or WRITERS[name].suffixes[0]}"


def content(path):
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


@pytest.fixture(params=NAMES)
def name(request):
    """Return the name of each writer."""
    if request.param == "xlsx":
        pytest.importorskip("xlsxwriter")
    return request.param


def test_writer__makes_its_files_and_counts_rows(tmp_path, name):
    path = target(tmp_path, name)
    written = write_sumstats(variants(), path, to=name, facts=FACTS)
    assert written.paths == WRITERS[name].targets(path)
    assert sorted(tmp_path.iterdir()) == sorted(written.paths)
    assert written.rows.n_in == 5
    lost = {"vcf": {"no_position": 1}}.get(name, {})
    assert written.rows.by_reason() == lost
    assert written.rows.n_kept == 5 - sum(lost.values())
    assert all(path.stat().st_size for path in written.paths)


def test_writer__takes_every_suffix_that_it_names(tmp_path, name):
    for suffix in WRITERS[name].suffixes:
        path = target(tmp_path, name, suffix)
        write_sumstats(variants(), path, to=name, facts=FACTS)
        assert path.read_bytes().startswith(b"\x1f\x8b") == suffix.endswith((".gz", ".bgz"))


def test_writer__gives_the_same_bytes_for_the_same_rows(tmp_path, name):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        write_sumstats(variants(), target(folder, name), to=name, facts=FACTS, date=DAY)
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


@pytest.mark.parametrize("cut", [0, 1, 2, 5])
def test_writer__takes_a_stream_of_frames(tmp_path, name, cut):
    whole, parts = target(tmp_path / "whole", name), target(tmp_path / "parts", name)
    write_sumstats(variants(), whole, to=name, facts=FACTS)
    frames = (frame for frame in (variants()[:cut], variants()[cut:]))
    report = write_sumstats(frames, parts, to=name, facts=FACTS).rows
    assert report.n_in == 5
    for path in whole.parent.iterdir():
        assert path.read_bytes() == (parts.parent / path.name).read_bytes()


def test_writer__takes_frames_without_marks_of_derived_effects(tmp_path, name):
    with_marks, without = target(tmp_path / "a", name), target(tmp_path / "b", name)
    write_sumstats(variants(), with_marks, to=name, facts=FACTS)
    frame = variants().drop("is_beta_derived", "is_se_derived", strict=False)
    write_sumstats(frame, without, to=name, facts=FACTS)
    assert with_marks.read_bytes() == without.read_bytes()


def test_writer__refuses_to_overwrite(tmp_path, name):
    path = target(tmp_path, name)
    for taken in WRITERS[name].targets(path):
        taken.write_text("mine")
        with pytest.raises(StoreWriteError, match="there already") as caught:
            write_sumstats(variants(), path, to=name, facts=FACTS)
        assert [fault.code for fault in caught.value.faults] == ["file_exists"]
        assert caught.value.faults[0].where == str(taken)
        assert [entry.name for entry in tmp_path.iterdir()] == [taken.name]
        assert taken.read_text() == "mine"
        taken.unlink()


def test_writer__overwrites_when_asked(tmp_path, name):
    path = target(tmp_path, name)
    for taken in WRITERS[name].targets(path):
        taken.write_text("old")
    written = write_sumstats(variants(), path, to=name, facts=FACTS, overwrite=True)
    assert all(made.read_bytes() != b"old" for made in written.paths)
    assert sorted(tmp_path.iterdir()) == sorted(written.paths)


def test_writer__never_replaces_a_folder(tmp_path, name):
    path = target(tmp_path, name)
    path.mkdir()
    with pytest.raises(StoreWriteError, match="a folder of this name"):
        write_sumstats(variants(), path, to=name, facts=FACTS, overwrite=True)
    assert list(path.iterdir()) == []


def test_writer__refuses_another_suffix(tmp_path, name):
    with pytest.raises(StoreWriteError) as caught:
        write_sumstats(variants(), tmp_path / "bmd.doc", to=name, facts=FACTS)
    assert caught.value.faults[0].code == "wrong_suffix"
    assert WRITERS[name].suffixes[0] in caught.value.faults[0].expected
    assert list(tmp_path.iterdir()) == []


class FullDisk:
    """A file on a disk that is full after some bytes."""

    def __init__(self, handle, room):
        self.handle, self.room = handle, room

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.handle.write(data)

    def __getattr__(self, attribute):
        if attribute == "fileno":
            raise AttributeError(attribute)  # so that polars writes through this object
        return getattr(self.handle, attribute)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.handle.close()


@pytest.mark.parametrize("room", [0, 30, 200])
def test_writer__on_a_full_disk_leaves_the_old_files_and_nothing_else(tmp_path, name, room, monkeypatch):
    path = target(tmp_path, name)
    for taken in WRITERS[name].targets(path):
        taken.write_text("old")
    real = pathlib.Path.open

    def opened(self, mode="r", **options):
        handle = real(self, mode, **options)
        return FullDisk(handle, room) if mode == "wb" else handle

    monkeypatch.setattr(pathlib.Path, "open", opened)
    with pytest.raises(StoreWriteError, match="no space left") as caught:
        write_sumstats(variants(), path, to=name, facts=FACTS, overwrite=True)
    assert caught.value.faults[0].code == "disk_full"
    monkeypatch.undo()
    assert sorted(tmp_path.iterdir()) == sorted(WRITERS[name].targets(path))
    assert all(taken.read_text() == "old" for taken in tmp_path.iterdir())


@pytest.mark.parametrize("call", ["fsync", "mkdir"])
@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EACCES, "no_permission")])
def test_writer__that_the_system_stops_leaves_nothing(tmp_path, name, call, number, code, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(StoreWriteError) as caught:
        write_sumstats(variants(), target(tmp_path, name), to=name, facts=FACTS)
    assert caught.value.faults[0].code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "mkdir"])
def test_writer__that_the_system_stops_otherwise_says_its_words(tmp_path, name, call, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, call, refuse)
    path = target(tmp_path, name)
    with pytest.raises(StoreWriteError, match="does not let it be written: Input/output error") as caught:
        write_sumstats(variants(), path, to=name, facts=FACTS)
    assert [(fault.code, fault.where) for fault in caught.value.faults] == [("cannot_write", str(path))]
    assert list(tmp_path.iterdir()) == []


def test_writer__whose_last_rename_fails_takes_the_others_back(tmp_path, name, monkeypatch):
    real, calls = pathlib.Path.replace, []

    def refuse_last(self, target_path):
        calls.append(self)
        if len(calls) == len(WRITERS[name].targets(target(tmp_path, name))):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, target_path)

    monkeypatch.setattr(pathlib.Path, "replace", refuse_last)
    with pytest.raises(StoreWriteError):
        write_sumstats(variants(), target(tmp_path, name), to=name, facts=FACTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("the source of the rows broke")])
def test_writer__whose_frames_break_leaves_nothing(tmp_path, name, error):
    def frames():
        yield variants()
        raise error

    with pytest.raises(type(error)) as caught:
        write_sumstats(frames(), target(tmp_path, name), to=name, facts=FACTS)
    assert caught.value is error or isinstance(error, KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_writer__names_each_column_that_is_wrong(tmp_path, name):
    frame = variants().drop("se").with_columns(pl.col("beta").cast(pl.String))
    with pytest.raises(SchemaError) as caught:
        write_sumstats(frame, target(tmp_path, name), to=name, facts=FACTS)
    assert sorted(fault.code for fault in caught.value.faults) == ["missing_column", "wrong_dtype"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_simulated", [False, True])
def test_writer__labels_simulated_data(tmp_path, name, is_simulated):
    facts = TraitFacts("bmd", is_simulated=is_simulated)
    written = write_sumstats(variants(), target(tmp_path, name), to=name, facts=facts)
    text = b"".join(content(path) for path in written.paths)
    if name == "xlsx":
        import zipfile

        with zipfile.ZipFile(written.paths[0]) as book:
            text = b"".join(book.read(entry) for entry in book.namelist())
    assert (b"simulated" in text.lower()) == is_simulated


def test_writer__of_no_rows_writes_an_empty_table(tmp_path, name):
    written = write_sumstats(variants(())[:0], target(tmp_path, name), to=name, facts=FACTS)
    assert (written.rows.n_in, written.rows.n_kept) == (0, 0)
    assert written.paths[0].stat().st_size > 0


def test_write_sumstats__does_not_know_every_name(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'parquet'"):
        write_sumstats(variants(), tmp_path / "x.parquet", to="parket", facts=FACTS)
