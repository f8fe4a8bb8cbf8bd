"""Progress of long work: silent, in lines, or as a bar."""

import sys

import pytest

from osteobiome.core.progress import BarProgress, LineProgress, NoProgress, for_terminal


def test_no_progress__says_nothing(capsys):
    with NoProgress() as progress:
        progress.start(2)
        progress.advance("mr", "ok")
    assert capsys.readouterr() == ("", "")


def test_line_progress__one_line_per_task_on_standard_error(capsys):
    with LineProgress() as progress:
        progress.start(2)
        progress.advance("mr bmi", "ok")
        progress.advance("mr bmd", "cached")
    assert capsys.readouterr() == ("", "[1/2] mr bmi: ok\n[2/2] mr bmd: cached\n")


def test_bar_progress__leaves_standard_output_alone(capsys):
    with BarProgress() as progress:
        progress.start(2)
        progress.advance("mr bmi", "ok")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("quiet", "is_terminal", "kind"),
    [(True, True, NoProgress), (False, True, BarProgress), (False, False, LineProgress), (True, False, NoProgress)],
)
def test_for_terminal__suits_where_standard_error_goes(monkeypatch, quiet, is_terminal, kind):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    assert type(for_terminal(quiet=quiet)) is kind
