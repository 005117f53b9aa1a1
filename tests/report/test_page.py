import base64
import itertools
import re
from html.parser import HTMLParser

import pytest

from posegan_plugin import UserError
from posegan_plugin.report import read_run, render, write_report

VOID = {"meta", "link", "img", "line", "br"}


class Page(HTMLParser):
    """The text and tags of a page; raises for tags that are not closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data):
        self.words += data.split() if not {"style", "script"} & set(self.open) else []

    @property
    def text(self):
        return " ".join(self.words)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(*folders):
    return Page(render([read_run(folder) for folder in folders]))


def test_what_a_run_left(make_run):
    page = page_of(make_run())
    for words in (
        "trained with mmengine, reached epoch 4 of 8",
        "R1 queries whose first gallery image is the right person 50.0 % epoch 4 50.0 % epoch 4",
        "CMC of the last evaluation",
        "work left single ranks only",
        "r1 = (20.0, 50.0) max_epochs=8",
        "OpenCV <5>",
        "epoch_4.pth 2.0 MB",
        "epoch 4",
    ):
        assert words in page.text
    assert "No evaluation" not in page.text
    assert "No picture" not in page.text


def test_pictures_are_those_of_the_run(make_run):
    folder = make_run()
    images = page_of(folder).all("img")
    assert len(images) == 2
    for image, name in zip(images, ("epoch", "ranked_epoch"), strict=True):
        data = image["src"].removeprefix("data:image/png;base64,")
        assert base64.b64decode(data) == (folder / "pictures" / f"{name}_004.png").read_bytes()
        assert image["alt"].endswith("after epoch 4")


def test_page_needs_nothing_but_itself(make_run):
    html = render([read_run(make_run())])
    outside = re.findall(r'(?:src|href|action|data)="(?!#|data:)([^"]*)', html)
    assert outside == []
    assert "<script" not in html
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_structure_for_those_who_do_not_see_it(make_run):
    page = page_of(make_run())
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
    assert all(header.get("scope") for header in page.all("th"))
    assert all(image["alt"] for image in page.all("img"))
    assert all(a["aria-label"] for a in page.all("div") if a.get("role") in ("img", "region"))
    assert all("aria-hidden" in svg for svg in page.all("svg"))
    sections = {attributes["id"] for attributes in page.all("section")}
    assert {link["href"] for link in page.all("a")} == {f"#{name}" for name in sections}


def test_missing_parts_are_named(tmp_path):
    (tmp_path / "20260101_000000" / "vis_data").mkdir(parents=True)
    text = page_of(tmp_path).text
    for words in (
        "no training step logged yet",
        "No evaluation yet: the table comes with the first one.",
        "No losses were logged yet.",
        f"No picture of this training lies in {tmp_path}/pictures: it was not evaluated yet",
        "has no RankedListHook in its config",
        f"No checkpoint lies in {tmp_path}.",
        "the configuration is not known",
        "Unknown: the run left no log with a header.",
    ):
        assert words in text


def test_text_of_a_run_stays_text(make_run):
    folder = make_run(name="<script>alert(1)</script>&amp;"[:8])
    config = next(folder.glob("*/vis_data")) / "config.py"
    config.write_text("x = '</pre><script>alert(1)</script>'\n")
    scalars = config.with_name("scalars.json")
    evil = '{"<img src=x onerror=alert(1)>loss": 1, "iter": 1, "step": 1}\n'
    scalars.write_text(scalars.read_text() + evil + '{"a/<b>": 1, "step": 4}\n')
    html = render([read_run(folder)])
    page = Page(html)
    assert page.all("script") == page.all("b{") == []
    assert len(page.all("img")) == 2
    assert "</pre><script>alert(1)</script>" in page.text
    assert "<img src=x onerror=alert(1)>loss" in page.text


def test_notes_come_first(make_run):
    folder = make_run()
    scalars = next(folder.glob("*/vis_data")) / "scalars.json"
    scalars.write_text(scalars.read_text() + '{"loss"')
    page = page_of(folder)
    assert "the last line is not complete" in page.text
    assert page.text.index("the last line") < page.text.index("Summary Score")


def test_runs_side_by_side(make_run):
    first, second = make_run("joint"), make_run("baseline", r1=(40.0, 30.0), pictures=False)
    page = page_of(first, second)
    assert "joint and baseline" in page.text
    assert (
        "R1 queries whose first gallery image is the right person "
        "50.0 % epoch 4 50.0 % epoch 4 30.0 % epoch 4 40.0 % epoch 2"
    ) in page.text
    assert "baseline against joint" in page.text
    assert "-r1 = (20.0, 50.0) +r1 = (40.0, 30.0)" in page.text
    charts = [a["aria-label"] for a in page.all("div") if a.get("role") == "img"]
    assert all("joint, " in text and "; baseline, " in text for text in charts)
    assert "No picture of this training" in page.text


def test_same_configuration_and_same_name(make_run):
    folders = make_run("a/work"), make_run("b/work")
    text = page_of(*folders).text
    assert f"{folders[1]} against {folders[0]} The same configuration." in text


def test_many_checkpoints(make_run):
    folder = make_run()
    for epoch in range(5, 15):
        (folder / f"epoch_{epoch}.pth").write_bytes(b"x" * 1000)
    text = page_of(folder).text
    assert "epoch_7.pth 1.0 kB" in text
    assert "epoch_6.pth" not in text
    assert "and 3 older ones; 2.0 MB together" in text


def test_file(make_run, tmp_path):
    folder = make_run()
    assert write_report([folder]) == folder / "report.html"
    assert Page((folder / "report.html").read_text(encoding="utf-8")).all("title")
    out = tmp_path / "new" / "page.html"
    assert write_report([folder], out) == out
    assert out.is_file()
    assert {p.name for p in out.parent.iterdir()} == {"page.html"}


def test_too_many_runs(tmp_path):
    with pytest.raises(UserError, match="7 runs do not fit one page"):
        write_report([tmp_path] * 7)
