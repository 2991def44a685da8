"""The report is one file that needs nothing else, says what was found, and hides nothing."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agent.ledger import summarise
from agent.report import write_report

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects resources and alt texts, and notices tags that were not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        self.links += [value or "" for key, value in attrs if key in ("src", "href", "srcset", "data", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(run: Any, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = write_report(tmp_path_factory.mktemp("report"), run.result, run.cycles, run.decisions)
    return Page(path.read_text())


def changed(run: Any, **changes: Any) -> dict[str, Any]:
    result: dict[str, Any] = run.result | changes
    return result


def test_page_is_well_formed_and_needs_no_network(page: Page, run: Any, tmp_path: Path) -> None:
    assert page.open == []
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    source = write_report(tmp_path, run.result, run.cycles, run.decisions).read_text()
    assert not re.search(r"https?://|@import|url\(|<script", source)


def test_pictures_are_svg_without_outside_resources(page: Page) -> None:
    assert len(page.images) == 6
    for image in page.images:
        picture = base64.b64decode((image["src"] or "").partition(",")[2]).decode()
        assert "</svg>" in picture
        assert re.findall(r'href="(?!#)', picture) == []


def test_every_picture_is_described_in_words(page: Page) -> None:
    assert all(len(image["alt"] or "") > 60 for image in page.images)


def test_titles_say_the_finding(page: Page) -> None:
    assert "No limit was breached." in page.text
    assert "depositors brought $2.1m of that." in page.text
    assert "below the target of 4.00 %." in page.text
    assert "Gross leverage came closest to its limit" in page.text


def test_synthetic_market_is_labelled_and_a_recorded_one_is_not(page: Page, run: Any, tmp_path: Path) -> None:
    assert "SYNTHETIC" in page.text
    recorded = write_report(tmp_path, changed(run, synthetic=False), run.cycles, run.decisions)
    assert "SYNTHETIC" not in recorded.read_text()


def test_decisions_come_with_scalers_and_sentences(page: Page, run: Any) -> None:
    first = run.decisions[0]
    assert first.note in page.text
    assert all(scaler.sentence in page.text for scaler in first.scalers)


def test_breaches_and_books_that_do_not_add_up_are_shouted(run: Any, tmp_path: Path) -> None:
    breach = {"limit": "net_delta", "cycles": 3, "worst_headroom": -0.25, "first": "2025-07-01T00:00:00Z"}
    bad = changed(run, breached_limits=[breach], attribution_adds_up=False)
    text = Page(write_report(tmp_path, bad, run.cycles, run.decisions).read_text()).text
    assert "1 limit was breached: net delta." in text
    assert "25.0 %" in text
    assert "does NOT add up" in text


def test_text_of_a_decision_cannot_become_markup(run: Any, tmp_path: Path) -> None:
    hostile = [replace(run.decisions[0], note="<script>alert(1)</script>")]
    source = write_report(tmp_path, run.result, run.cycles, hostile).read_text()
    assert "<script>" not in source
    assert "&lt;script&gt;" in source


@pytest.mark.parametrize("cycles", [1, 2, 30])
def test_a_run_that_has_only_begun_has_a_page_too(run: Any, cycles: int, tmp_path: Path) -> None:
    from carry_run import RUN

    table = run.cycles.head(cycles).drop(columns=[name for name in run.cycles if name.startswith("headroom_")])
    young = replace(RUN, target_volatility=None)
    result = summarise(young, table, liquidations=0, wall_seconds=0.0, deterministic_digest="ab")
    text = Page(write_report(tmp_path, result, table, []).read_text()).text
    assert "Too few days since the first plan" in text
    assert "Nothing was traded." in text


def test_a_spot_only_vault_has_a_page_too(run: Any, tmp_path: Path) -> None:
    table = run.cycles.assign(mark_price=None, perp_base=0.0, liquidation_distance=None)
    assert write_report(tmp_path, run.result, table, run.decisions).exists()


def test_the_same_run_gives_the_same_bytes(run: Any, tmp_path: Path) -> None:
    first, second = (write_report(tmp_path, run.result, run.cycles, run.decisions).read_bytes() for _ in range(2))
    assert first == second
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_year_fits_into_one_and_a_half_megabytes(run: Any, tmp_path: Path) -> None:
    import pandas as pd

    year = pd.concat([run.cycles] * 6, ignore_index=True)
    year["time_s"] = run.cycles["time_s"].iloc[0] + 3_600 * year.index
    path = write_report(tmp_path, run.result, year, run.decisions)
    assert path.stat().st_size < 1_500_000
