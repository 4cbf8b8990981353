"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from webapp.config import Settings

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_table_of_settings_is_the_one_in_the_code() -> None:
    rows = re.findall(
        r"^\| `(UNISON_\w+)` \| (.*) \| (.*) \| (.*) \|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    expected = [(name, kind, f"`{default}`" if default else "", text) for name, kind, default, text in Settings.table()]
    assert rows == expected


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", README.read_text(encoding="utf-8"))
    missing = [link for link in links if not (README.parent / link).exists()]
    assert missing == []
