"""A browser, reports of several kinds of studies, and pages that remember every message and request."""

from __future__ import annotations

import hashlib
import random
import shutil
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from osteobiome.study import run_study
from osteobiome.study.bundled import bundled_study

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
VENDOR = Path(__file__).parent / "_vendor"
MISSING = "no chromium on this machine: install it (Debian: apt-get install chromium) to run the browser tests"
N_EXPOSURES, N_OUTCOMES, N_VARIANTS = 40, 50, 20
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked=2'>"
GREEK = "β-υδροξυβουτυρικό"


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Return a function that opens a report and waits until it is ready."""
    contexts = []

    def open_it(report, *, width=1280, scheme="light", fragment=""):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.messages, page.requests = [], []
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(report.as_uri() + fragment)
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe():
    """Return the text of axe-core, after checking that it is the file whose origin is written down."""
    content = (VENDOR / "axe.min.js").read_bytes()
    origin = tomllib.loads((VENDOR / "ORIGIN.toml").read_text(encoding="utf-8"))
    assert hashlib.sha256(content).hexdigest() == origin["sha256"]
    return content.decode()


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return the run of the bundled study."""
    return run_study(bundled_study("sclerostin-bone"), out=tmp_path_factory.mktemp("demo") / "out")


@pytest.fixture(scope="session")
def odd(tmp_path_factory):
    """Return a run with a Greek label, a hostile one, and a pair that shares no variant."""
    folder = tmp_path_factory.mktemp("odd")
    simulated = random.Random(5)
    rows = [(f"rs{i}", 1 + i % 22, 1_000_000 + 3_000_000 * i) for i in range(12)]
    _write(folder / "x.tsv", rows, effects=[0.05 + 0.005 * i for i in range(12)], se=0.005)
    _write(folder / "y.tsv", rows, effects=[0.02 + simulated.gauss(0, 0.01) for _ in rows], se=0.01)
    _write(folder / "z.tsv", [(f"rs{900 + i}", 1, 200_000_000 + i) for i in range(12)], effects=[0.0] * 12, se=0.01)
    labels = {"x": GREEK, "y": HOSTILE, "z": "Shares no variant"}
    return run_study(_study(folder, labels, ["x"], ["y", "z"], title=f"{GREEK} {HOSTILE}?"))


@pytest.fixture(scope="session")
def one(tmp_path_factory):
    """Return a run of one pair with one variant."""
    folder = tmp_path_factory.mktemp("one")
    _write(folder / "x.tsv", [("rs1", 1, 1_000_000)], effects=[0.1], se=0.01)
    _write(folder / "y.tsv", [("rs1", 1, 1_000_000)], effects=[0.05], se=0.02)
    return run_study(_study(folder, {"x": "Exposure", "y": "Outcome"}, ["x"], ["y"], title="One pair, one variant?"))


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Return a run of 2,000 pairs."""
    folder = tmp_path_factory.mktemp("large")
    simulated = random.Random(11)
    xs, ys = [f"x{i}" for i in range(N_EXPOSURES)], [f"y{i}" for i in range(N_OUTCOMES)]
    places = [(f"rs{i}", 1 + i % 22, 1_000_000 + 1_200_000 * (i // 22)) for i in range(N_EXPOSURES * N_VARIANTS)]
    for i, name in enumerate(xs):
        chosen = places[i * N_VARIANTS : (i + 1) * N_VARIANTS]
        _write(folder / f"{name}.tsv", chosen, effects=[simulated.gauss(0.08, 0.01) for _ in chosen], se=0.008)
    for name in ys:
        _write(folder / f"{name}.tsv", places, effects=[simulated.gauss(0.002, 0.012) for _ in places], se=0.01)
    labels = {name: f"Exposure number {i}" for i, name in enumerate(xs)}
    labels |= {name: f"Outcome number {i}" for i, name in enumerate(ys)}
    return run_study(_study(folder, labels, xs, ys, title="Two thousand pairs?"))


def _write(path, rows, *, effects, se):
    """Write a simulated trait in GWAS-SSF."""
    head = "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\trsid\tn"
    lines = [
        f"{chromosome}\t{position}\tA\tG\t{beta:.6f}\t{se}\t{name}\t20000"
        for (name, chromosome, position), beta in zip(rows, effects, strict=True)
    ]
    path.write_text("\n".join([head, *lines]) + "\n")


def _study(folder, labels, exposures, outcomes, *, title):
    head = "trait_id,label,layer,type,unit,n,ancestry,genome_build,format,file,licence,citation"
    lines = [
        f'{name},"{label}",metabolite,quantitative,sd,20000,EUR,GRCh37,gwas_ssf,{name}.tsv,CC0,doi:10.1000/{name}'
        for name, label in labels.items()
    ]
    (folder / "traits.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    quoted = [", ".join(f'"{name}"' for name in names) for names in (exposures, outcomes)]
    (folder / "study.toml").write_text(
        f"""[study]
id = "simulated-pairs"
title = '''{title}'''
traits = "traits.csv"
genome_build = "GRCh37"
simulated = true

[[mr]]
id = "all"
exposures = [{quoted[0]}]
outcomes = [{quoted[1]}]
primary = "ivw"
sensitivity = ["egger", "ivw_fixed", "ivw_radial"]
""",
        encoding="utf-8",
    )
    return folder / "study.toml"
