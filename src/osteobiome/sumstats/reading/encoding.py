"""Whether bytes are the text of a table: UTF-8, no NUL, lines that end in a newline."""

from __future__ import annotations

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading.containers import container_of
from osteobiome.sumstats.reading.faults import fault

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SAMPLE = 4096
"""Bytes at the beginning that are looked at for what is no text."""
MIN_CONTROL, MAX_CONTROL_SHARE = 8, 0.05
"""Our choice: text has hardly any control characters; of random bytes 11 in 100 are such."""
CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r"))
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
TAR_MAGIC_AT = 257
OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
"""Compound file, as Excel wrote until 2003 (MS-CFB, section 2.2)."""
NAMED = {
    b"BZh": "a bzip2 file",
    b"7z\xbc\xaf": "a 7-Zip file",
    b"Rar!": "a RAR file",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"RDX": "a workspace of R",
    b"X\n\x00\x00": "an object saved by R",
    b"BAM\x01": "a BAM file",
    b"BCF\x02": "a BCF file",
    b"SQLite format 3": "an SQLite database",
    b"\x6c\x1b\x01": "a bed file of PLINK",
    b"TBI\x01": "an index that tabix wrote",
}
WEB = (b"<!doctype html", b"<html", b"<?xml")
PIECE = 1 << 20


def check_start(head: bytes, where: str, *, container: str) -> None:
    """Refuse content that cannot be a table, by its first bytes.

    Parameters
    ----------
    head : bytes
        First bytes of the content after unpacking; some kB.
    where : str
        The file, for messages.
    container : str
        What the content was packed in.

    Raises
    ------
    InputFileError
        Packed twice, a tar archive, a spreadsheet, UTF-16, a web page, or binary.
    """
    inner = container_of(head)
    if inner != "plain" and container != "plain":
        found = f"a {container} file that holds a {inner} file"
        hint = "Unpack it once, for example with gunzip, and read the result"
        raise InputFileError(fault("nested_gzip", where, found, expected="text after unpacking", hint=hint))
    if head[TAR_MAGIC_AT : TAR_MAGIC_AT + 5] == b"ustar":
        name = head[:100].split(b"\x00")[0].decode(errors="replace")
        found = f"a tar archive, of which the first member is '{name}'"
        hint = "Unpack it with tar and name the table"
        raise InputFileError(fault("tar_archive", where, found, expected="one table", hint=hint))
    if head.startswith(OLE_MAGIC):
        hint = "Open it and save the sheet as tab-separated text; look whether gene names and p values survived"
        raise InputFileError(fault("spreadsheet_file", where, "an old Excel file", expected="a text file", hint=hint))
    if _is_utf16(head):
        hint = "Convert it, for example with iconv -f UTF-16 -t UTF-8"
        raise InputFileError(
            fault("utf16", where, "text in UTF-16 or UTF-32", expected="UTF-8 text", hint=hint, line=1)
        )
    start = head[:SAMPLE].removeprefix(BYTE_ORDER_MARK).lstrip().lower()
    if start.startswith(WEB):
        found = "an XML document" if start.startswith(b"<?xml") else "a web page"
        hint = "The download returned a page, often an error or a login; open it in a browser and download again"
        raise InputFileError(fault("html_page", where, found, expected="a table", hint=hint, line=1))
    _refuse_binary(head, where)


def _is_utf16(head: bytes) -> bool:
    """Tell whether text is in UTF-16: by its mark, or because every second byte is NUL."""
    if head.startswith(UTF16_MARKS):
        return True
    odd, even = head[1:1024:2], head[0:1024:2]
    if len(odd) < MIN_CONTROL:
        return False
    shares = (odd.count(0) / len(odd), even.count(0) / len(even))
    return max(shares) > 0.9 and min(shares) < 0.1


def _refuse_binary(head: bytes, where: str) -> None:
    sample = head[:SAMPLE]
    kind = next((kind for magic, kind in NAMED.items() if head.startswith(magic) and not sample.isascii()), None)
    n_control = len(sample) - len(sample.translate(None, CONTROL))
    if kind or (n_control >= MIN_CONTROL and n_control > MAX_CONTROL_SHARE * len(sample)):
        found = kind or f"binary content ({n_control} control characters in the first {len(sample)} bytes)"
        hint = "Export it as tab-separated text, packed with gzip if at all"
        raise InputFileError(fault("binary_rubbish", where, found, expected="text", hint=hint, line=1))


def check_text(text: bytes, where: str, *, first_line: int = 1, first_byte: int = 0) -> None:
    """Refuse NUL bytes and bytes that are not UTF-8, with the line.

    Parameters
    ----------
    text : bytes
        Whole lines.
    where : str
        The file, for messages.
    first_line : int
        Number of the first line, 1-based.
    first_byte : int
        Bytes of unpacked text before this piece.

    Raises
    ------
    InputFileError
        ``nul_bytes`` or ``not_utf8``.
    """
    if not text.isascii():
        position = 0
        while position < len(text):  # piece by piece: a str of the whole would be up to four times as large
            end = text.find(b"\n", position + PIECE) + 1 or len(text)
            try:
                text[position:end].decode()
            except UnicodeDecodeError as error:
                at = position + error.start
                raise _not_utf8(text, at, where, first_line=first_line, first_byte=first_byte) from None
            position = end
    at = text.find(b"\x00")
    if at >= 0:
        line, hint = first_line + _newlines(text, at), "The file is binary or damaged"
        raise InputFileError(fault("nul_bytes", where, "NUL bytes", expected="text", hint=hint, line=line))


def _newlines(text: bytes, end: int) -> int:
    return text.count(b"\n", 0, end)


def _not_utf8(text: bytes, at: int, where: str, *, first_line: int, first_byte: int) -> InputFileError:
    start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
    shown = text[max(start, at - 20) : at + 20 if end < 0 else min(end, at + 20)].decode("latin-1").strip()
    return InputFileError(
        fault(
            "not_utf8",
            where,
            f"bytes that are not UTF-8 text (first at byte {first_byte + at}; read as Latin-1: '{shown}')",
            expected="UTF-8 text",
            hint="Convert it, for example with iconv -f LATIN1 -t UTF-8",
            line=first_line + _newlines(text, at),
        )
    )


def even_line_ends(text: bytes, where: str, *, first_line: int) -> bytes:
    r"""Return text whose lines end in a newline alone.

    Parameters
    ----------
    text : bytes
        Whole lines.
    where : str
        The file, for messages.
    first_line : int
        Number of the first line, 1-based.

    Raises
    ------
    InputFileError
        ``old_mac_line_ends``: a carriage return that no newline follows.

    Examples
    --------
    >>> even_line_ends(b"1,2\r\n3,4\r", "t.csv", first_line=2)
    b'1,2\n3,4'
    """
    if b"\r" not in text:
        return text
    while b"\r\n" in text:  # \r\r\n is what two conversions leave
        text = text.replace(b"\r\n", b"\n")
    text = text.rstrip(b"\r")
    at = text.find(b"\r")
    if at >= 0:
        raise InputFileError(
            fault(
                "old_mac_line_ends",
                where,
                "a carriage return that no newline follows",
                expected="lines that end in a newline",
                hint="Convert the line ends, for example with mac2unix or tr '\\r' '\\n'",
                line=first_line + _newlines(text, at),
            )
        )
    return text
