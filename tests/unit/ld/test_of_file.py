"""A file beside a panel, called from Python: errors name no option of a command."""

from types import SimpleNamespace

import pytest

from osteobiome.cli.shared import with_panel_options
from osteobiome.core.errors import ConfigError, InputFileError
from osteobiome.core.findings import Finding
from osteobiome.ld.of_file import PanelFacts, refuse_unfit


def test_open__a_build_that_is_none():
    with pytest.raises(ConfigError) as caught:
        PanelFacts("panel", "", "hg20").open()
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("unknown_build", "genome build of the panel")
    assert with_panel_options(fault).where == "--panel-build"


def test_refuse__a_panel_that_does_not_fit():
    found = Finding("panel_other_build", "fatal", 1, "another build", "Take a panel on GRCh37")
    fit = SimpleNamespace(panel="eur", file="bmd.tsv", fit=SimpleNamespace(findings=(found,), verdict="refused"))
    with pytest.raises(InputFileError) as caught:
        refuse_unfit([fit], allow_unfit=False)
    (fault,) = caught.value.faults
    assert (fault.where, fault.hint) == ("eur for bmd.tsv", "Take a panel on GRCh37")
    assert with_panel_options(fault).hint == "Take a panel on GRCh37; --allow-unfit goes on all the same"
    refuse_unfit([fit], allow_unfit=True)
