"""The page in a real browser: nothing on the console, nothing fetched, nothing wider than it."""

import pytest

from posegan_plugin.report import write_report

PHONE, DESKTOP = (390, 844), (1440, 900)
# Text is clipped or pushes the page wide: neither may happen, but in boxes that scroll by themselves.
OUTSIDE = """
[...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .filter(e => !e.closest(".scroll, pre"))
  .map(e => e.outerHTML.slice(0, 80))
"""
LETTERS = """
Math.min(...[...document.querySelectorAll(".charts text")]
  .map(t => t.getScreenCTM().a * parseFloat(getComputedStyle(t).fontSize)))
"""


@pytest.fixture(scope="module")
def page(write_run, tmp_path_factory):
    """A page of one run, and one of two with a very long name."""
    folder = tmp_path_factory.mktemp("pages")
    one = write_run(folder / "work")
    other = write_run(folder / ("a_name_that_is_long_" * 6), pictures=False)
    config = next(one.glob("*/vis_data")) / "config.py"
    config.write_text(config.read_text() + f"x = '{'long ' * 80}'\n")
    return {"one": write_report([one]), "two": write_report([one, other], folder / "two.html")}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("runs", ["one", "two"])
def test_page(browser, page, runs, size, dark):
    said, fetched = browser.open(page[runs], *size, dark=dark)
    assert said == []
    assert [url for url in fetched if not url.startswith("data:")] == [page[runs].as_uri()]
    assert browser.evaluate("document.title").startswith("Report: work")
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.evaluate("window.innerWidth") == size[0]
    assert browser.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert browser.evaluate(OUTSIDE) == []
    assert browser.evaluate(LETTERS) >= 9.5
    images = "[...document.images].map(i => i.complete && i.naturalWidth)"
    assert browser.evaluate(images) == [1400, 1400]


@pytest.mark.parametrize(("dark", "ink"), [(False, 28), (True, 230)])
def test_colours_follow_the_reader(browser, page, dark, ink):
    browser.open(page["one"], *DESKTOP, dark=dark)
    letters = "getComputedStyle(document.querySelector('.charts text')).fill"
    assert browser.evaluate(letters).startswith(f"rgb({ink}, ")
    line = "getComputedStyle(document.querySelector('.charts path[style*=\"--run-0\"]')).stroke"
    assert browser.evaluate(line) == ("rgb(86, 180, 233)" if dark else "rgb(0, 114, 178)")


def test_the_browser_tells(browser, tmp_path):
    """What the other tests find nothing of is found where it is."""
    html = """<!DOCTYPE html><body><div style="width: 2000px">wide</div>
    <script>console.error("no"); undefined.x</script><img src="other.png">"""
    (tmp_path / "bad.html").write_text(html)
    said, fetched = browser.open(tmp_path / "bad.html", *PHONE)
    assert {event["method"] for event in said} >= {
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
    }
    assert any(url.endswith("other.png") for url in fetched)
    assert browser.evaluate("document.documentElement.scrollWidth") > 390
    assert browser.evaluate(OUTSIDE)
