"""Write what `osteobiome mr estimate` prints today into the pages that show it; `python -m docs.samples`.

`tests/unit/cli/test_howto.py` holds these pages, and the sample of a study, to what the commands print.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

from osteobiome.cli.main import run

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "howto"
BLOCK = re.compile(r"```text\n(.*?)```", re.DOTALL)


def printed(command: str, *, folder: Path) -> str:
    """Return what a command prints in a folder."""
    words = [word.strip("'") for word in command.split()]
    out, before, arguments = io.StringIO(), Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = words
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            run()
    finally:
        os.chdir(before)
        sys.argv = arguments
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines()) + "\n"


def main() -> None:
    """Write the samples of one table: all that is printed, or its estimates and the line that starts as on the page."""
    page = FOLDER / "first-study.md"
    text = page.read_text(encoding="utf-8")
    place = text.index("    osteobiome mr estimate")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pair.csv").write_text(BLOCK.findall(text[:place])[-1], encoding="utf-8")
        made = printed(text[place:].split("\n", 1)[0].strip(), folder=Path(folder))
    page.write_text(text[:place] + BLOCK.sub(lambda _: f"```text\n{made}```", text[place:], count=1), encoding="utf-8")
    page = FOLDER / "check-against-r.md"
    text = page.read_text(encoding="utf-8")
    place = text.index("    osteobiome mr estimate")
    made = printed(text[place:].split("\n", 1)[0].strip(), folder=ROOT)
    estimates = made.partition("\n\ntest or quantity")[0] + "\n"
    old = BLOCK.findall(text[place:])[1]
    tail = made[made.index(old.split(":")[0] + ":") :]
    blocks = iter((estimates, tail))
    page.write_text(
        text[:place] + BLOCK.sub(lambda _: f"```text\n{next(blocks)}```", text[place:], count=2), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
