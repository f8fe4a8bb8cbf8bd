"""From a file on disk to text cells with line numbers; anything unreadable is named, nothing is repaired silently."""

from osteobiome.sumstats.reading.containers import BGZF_END, GZIP_MAGIC
from osteobiome.sumstats.reading.layout import LINE
from osteobiome.sumstats.reading.small import read_bytes, read_header, read_text, read_text_table
from osteobiome.sumstats.reading.table import Piece, TextTable, open_table

__all__ = [
    "BGZF_END",
    "GZIP_MAGIC",
    "LINE",
    "Piece",
    "TextTable",
    "open_table",
    "read_bytes",
    "read_header",
    "read_text",
    "read_text_table",
]
