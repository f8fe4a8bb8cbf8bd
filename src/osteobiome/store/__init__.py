"""The study folder on disk: tables, keys, atomic writes, lock and log."""

from osteobiome.store.files import publish, write_atomic, writing
from osteobiome.store.folder import STORE_VERSION, AttemptLog, StudyFolder
from osteobiome.store.keys import canonical_json, file_sha256, task_key
from osteobiome.store.tables import read_table, write_csv, write_frames, write_table

__all__ = [
    "STORE_VERSION",
    "AttemptLog",
    "StudyFolder",
    "canonical_json",
    "file_sha256",
    "publish",
    "read_table",
    "task_key",
    "write_atomic",
    "write_csv",
    "write_frames",
    "write_table",
    "writing",
]
