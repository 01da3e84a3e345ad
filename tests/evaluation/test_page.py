from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from hot.errors import MissingDependencyError
from hot.evaluation import LeftOut, Still, draw_still, matrix, summarise, write_report
from hot.evaluation.page import to_html
from hot.hands import load_hand
from hot.objects import load_object
from tests.evaluation.cells import report_of, row

_VOID = {"meta", "img", "br"}
_LOADING = {"src", "href", "srcset", "data", "action", "poster", "background"}


class Page(HTMLParser):
    """Reads a page; fails if a tag is not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.loaded, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.loaded += [value for name, value in attrs if name in _LOADING]
        self.cells += [found["data-cell"]] if "data-cell" in found else []
        self.open += [] if tag in _VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def report():
    rows = []
    for name in ("Bottle", "Box"):
        for skill in ("grasp", "move"):
            rows += [row(name, skill, [True, False], each) for each in ("policy A", "policy B", "open loop")]
    rows += [row("Box", "grasp", [True], each, size=0.6) for each in ("policy A", "policy B", "open loop")]
    return report_of(*rows, left_out=[LeftOut(object="Mug", reason="no grasps <here>")])


@pytest.fixture(scope="module")
def stills():
    return {("Bottle", "grasp", 1.0): Still(b"jpeg", "clip 3"), ("Box", "grasp", 0.6): Still(b"small", "clip 4")}


@pytest.fixture(scope="module")
def page(report, stills):
    return to_html(report, stills)


def test_every_cell_stands_in_every_table(page, report):
    cells = Page(page).cells
    expected = {"|".join((name, *column)) for name, column in matrix(report).cells}
    assert len(expected) == 5 and set(cells) == expected
    assert {cells.count(cell) for cell in expected} == {11}  # five measures, their five differences, the clips


def test_the_page_needs_no_other_file(page):
    loaded = Page(page).loaded
    assert loaded and all(value.startswith("data:image/") for value in loaded)
    outside = re.sub(r'"data:[^"]*"', "", page)
    assert not re.search(r"https?://|//\w|url\(|@import|<link|<script|<iframe", outside)


def test_plots_and_stills_are_in_the_page(page):
    kinds = [value.split(";")[0] for value in Page(page).loaded]
    assert kinds.count("data:image/svg+xml") == 4 and kinds.count("data:image/jpeg") == 2
    assert "clip 3" in page and "Box, grasp (size 0.6): clip 4" in page


def test_what_was_left_out_and_why_is_text_and_no_markup(page):
    text = " ".join(Page(page).text)
    assert "Mug" in text and "no grasps <here>" in text


def test_without_matplotlib_the_page_says_so_and_has_everything_else(report, stills, monkeypatch):
    def fails(_):
        raise MissingDependencyError("plots need matplotlib: pip install it")

    monkeypatch.setattr("hot.evaluation.page.draw_plots", fails)
    page = to_html(report, stills)
    assert "None: plots need matplotlib" in page
    assert "svg" not in page and len(set(Page(page).cells)) == 5


def test_the_page_of_an_open_loop_alone_compares_nothing(tmp_path):
    write_report(report_of(row("Bottle", "grasp", [True], "open loop")), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert set(Page(text).cells) == {"Bottle|held out|grasp"} and " - " not in text


def test_a_still_is_a_strip_of_one_clip(make_trace):
    trace, spec = make_trace(frames=22), load_object("Bottle")
    still = draw_still(trace, summarise(trace, spec).scores, load_hand("allegro"), spec)
    assert still.jpeg[:2] == b"\xff\xd8" and "E_op 0.00 cm" in still.caption
