"""A genotype panel in a study: exposures are clumped with it in one pass, and what does not fit is said."""

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import ConfigError, RunStoppedError
from osteobiome.study import load_study, run_study

PEOPLE = 200
PANEL = '[ld]\nEUR = "panel/eur"\n\n[instruments]\np_threshold = 5e-8\nr2 = 0.1\nwindow_kb = 10000\n'


@pytest.fixture
def panelled(tiny):
    """The tiny study with a panel in which its first two variants on chromosome 1 are one, and its last is absent."""
    exposure = pl.read_csv(tiny.folder / "x.tsv", separator="\t")
    rng = np.random.default_rng(4)
    dosages = rng.binomial(2, 0.4, (exposure.height, PEOPLE)).astype(np.int8)
    first, second = np.flatnonzero(exposure["chromosome"].to_numpy() == 1)[:2]
    dosages[second] = dosages[first]
    tiny.add_panel(dosages[:-1].tolist())
    tiny.replace("study.toml", "[instruments]\np_threshold = 5e-8\n", PANEL)
    return tiny, exposure["rsid"][int(first)], exposure["rsid"][int(second)]


def test_run__clumps_with_a_panel(panelled):
    tiny, first, second = panelled
    result = run_study(tiny.file, workers=1)
    assert result.n_failed == 0
    rows = pl.read_parquet(result.tables["row_report"]).filter(subject="x", step="instruments")
    assert dict(rows.select("reason", "count").rows()) == {"not_in_panel": 1, "clumped": 1}
    kept = pl.read_parquet(result.tables["harmonised"])["rsid"].to_list()
    assert second in kept  # the stronger one of the pair
    assert first not in kept
    page = (tiny.results / "report.html").read_text(encoding="utf-8")
    assert "clumped at r² 0.1 within 10000 kb by the genotype panel of EUR, which left out 1 variant" in page
    assert "1 candidate instrument of Exposure X was not in the genotype panel" in page


def test_note__threshold_below_the_noise_of_the_panel(panelled):
    tiny, _, _ = panelled
    assert [note.code for note in load_study(tiny.file).notes] == []
    tiny.replace("study.toml", "r2 = 0.1", "r2 = 0.001")
    (note,) = load_study(tiny.file).notes
    assert note.code == "r2_below_noise"
    assert "200 people" in note.found
    assert "0.005" in note.expected


def test_fault__panel_that_is_not_there_or_cut_off(panelled):
    tiny, _, _ = panelled
    bed = tiny.folder / "panel" / "eur.bed"
    bed.write_bytes(bed.read_bytes()[:-5])
    with pytest.raises(ConfigError) as caught:
        load_study(tiny.file)
    assert "eur.bed" in str(caught.value)
    tiny.replace("study.toml", "panel/eur", "panel/other")
    with pytest.raises(ConfigError, match="no such panel"):
        load_study(tiny.file)


def test_panel__that_changes_is_read_again(panelled):
    tiny, _, _ = panelled
    run_study(tiny.file, workers=1)
    bed = tiny.folder / "panel" / "eur.bed"
    data = bytearray(bed.read_bytes())
    data[10] ^= 0xFF
    bed.write_bytes(bytes(data))
    again = run_study(tiny.file, workers=1)
    assert again.n_done >= 3  # clumping, instruments of x, and what follows; both files are kept
    assert again.n_cached == 2


def test_panel__that_does_not_fit_stops_the_run_unless_it_is_allowed(make_study):
    tiny = make_study(n_variants=120)
    rng = np.random.default_rng(2)
    dosages = rng.binomial(2, rng.uniform(0.1, 0.9, 120)[:, None], (120, PEOPLE))
    tiny.add_panel(dosages.tolist())
    tiny.replace("study.toml", "[instruments]\np_threshold = 5e-8\n", PANEL)
    with pytest.raises(RunStoppedError, match='add "panel_other_ancestry" to `allow`'):
        run_study(tiny.file, workers=1)
    name = "panel_other_ancestry"
    tiny.replace("study.toml", "max_bad_rows = 0.05\n", f'max_bad_rows = 0.05\nallow = ["{name}"]\n')
    allowed = run_study(tiny.file, workers=1)
    assert allowed.n_failed == 0
    found = pl.read_parquet(allowed.tables["findings"]).filter(check=name)
    assert found["casts_doubt"].to_list() == [True]
    tiny.replace("study.toml", f'["{name}"]', '["panel_other_people"]')
    with pytest.raises(ConfigError, match="panel_other"):
        load_study(tiny.file)
