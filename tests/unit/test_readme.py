"""The README and the docs say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp.config import Settings

README = Path(__file__).resolve().parents[2] / "README.md"
DOCS = README.parent / "docs"


def test_the_table_of_settings_is_the_one_in_the_code() -> None:
    rows = re.findall(
        r"^\| `(UNISON_\w+)` \| (.*) \| (.*) \| (.*) \|$", (DOCS / "settings.md").read_text("utf-8"), re.MULTILINE
    )
    expected = [(name, kind, f"`{default}`" if default else "", text) for name, kind, default, text in Settings.table()]
    assert rows == expected


@pytest.mark.parametrize("page", [README, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:|/)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_way_through_the_code_names_each_module_once_and_in_its_folder() -> None:
    table = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("| to read |")[2].partition("\n\n")[0]
    folder, named = "", []
    for row in table.splitlines():
        found = re.match(r"\| \*\*.*\*\* \| `(\w+/)` \|", row)
        folder = found[1] if found else folder
        named += [folder + name for name in re.findall(r"`(\w+\.py)`", row)]
    package = README.parent / "webapp"
    there = [path.relative_to(package).as_posix() for path in package.rglob("*.py") if path.stem != "__init__"]
    assert sorted(named) == sorted(there)


def test_every_module_that_the_page_is_said_to_have_is_there() -> None:
    assets = README.parent / "assets"
    there = {path.name for path in assets.rglob("*.js")} | {
        f"{path.name}/" for path in assets.rglob("*") if path.is_dir()
    }
    pages = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("| in `assets/` |")[2]
    named = re.findall(r"`(\w+(?:\.js|/))`", pages)
    assert len(named) > 20
    assert set(named) <= there


def test_every_folder_of_assets_is_named() -> None:
    pages = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("| in `assets/` |")[2]
    folders = [path.name for path in (README.parent / "assets").iterdir() if path.is_dir()]
    assert [name for name in folders if f"`{name}/`" not in pages] == []
