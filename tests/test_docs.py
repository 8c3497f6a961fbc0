"""The pages in docs/ say what the code does, and their links lead somewhere."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = [".", "docs", "docs/guides", "docs/api", "benchmarks"]
PAGES = [page for folder in FOLDERS for page in sorted((ROOT / folder).glob("*.md"))]


def test_the_table_of_algorithms_is_what_the_code_chooses():
    script = runpy.run_path(str(ROOT / "docs" / "algorithm_table.py"))
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    _, rest = page.split(script["BEGIN"])
    written, _ = rest.split(script["END"], 1)
    assert written == script["table"](), "to renew it: python docs/algorithm_table.py --write"


def test_the_table_has_every_convolution_of_a_net():
    layers = runpy.run_path(str(ROOT / "docs" / "algorithm_table.py"))["layers_of"]
    assert [sum(layers(net, 1).values()) for net in ("lenet5", "vgg16", "resnet20", "resnet18")] == [2, 13, 19, 20]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", text)
    local = [a or b for a, b in links if "://" not in (a or b)]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_a_page_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
