"""The file of what is hidden, and the file that says who changed it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from webapp.core.moderationlist import RuleError
from webapp.core.trackids import NO_ALIASES, TrackAliases
from webapp.engine.moderation import WHILE_STOPPED, Moderation
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.moderationfile import FILE, MAX_BYTES, AuditFile, ListFile, ListFileError

GAZETTEER = load_gazetteer()
ADMIN = "admin token"


class World:
    """A list in a folder."""

    def __init__(self, folder: Path, *, is_required: bool = False) -> None:
        self.list, self.audit = folder / "moderation.txt", folder / "audit.jsonl"
        self.aliases = NO_ALIASES
        file = ListFile(self.list, is_required=is_required)
        self.moderation = Moderation(
            file, AuditFile(self.audit), GAZETTEER, lambda: self.aliases, lambda: 1_790_000_000
        )

    def audited(self) -> list[dict[str, Any]]:
        """Return the lines about changes."""
        return [json.loads(line) for line in self.audit.read_text().splitlines()] if self.audit.exists() else []

    def changes(self) -> list[tuple[str, str, str]]:
        return [(line["who"], line["did"], line["rule"]) for line in self.audited()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_without_a_file_nothing_is_hidden_and_nothing_is_wrong(world: World) -> None:
    world.moderation.open()
    world.moderation.reload()
    assert (world.moderation.rules.rules, world.moderation.problem, world.audited()) == (frozenset(), None, [])


def test_a_change_by_the_operator_is_in_the_file_and_in_the_audit(world: World) -> None:
    world.list.write_text("# ours\nword: one")
    world.moderation.open()
    assert world.moderation.add(" artist: Ana ", ADMIN)
    assert not world.moderation.add("artist: ANA feat. Bo", ADMIN)
    assert world.list.read_text() == "# ours\nword: one\nartist: Ana\n"
    assert world.moderation.remove("word: ÓNE", ADMIN)
    assert not world.moderation.remove("word: one", ADMIN)
    assert world.list.read_text() == "# ours\nartist: Ana\n"
    assert [rule.value for rule in world.moderation.rules.rules] == ["ana"]
    found, *changes = world.audited()
    assert (found["who"], found["did"]) == (WHILE_STOPPED, "found")
    assert world.changes()[1:] == [(ADMIN, "added", "artist: Ana"), (ADMIN, "removed", "word: one")]
    assert changes[-1]["version"] == world.moderation.rules.version
    assert changes[-1]["time"] == "2026-09-21T14:13:20Z"


def test_a_change_of_the_file_is_audited_rule_by_rule(world: World) -> None:
    world.moderation.open()
    world.list.write_text("word: one\nword: two\nword: ONE\n")
    world.moderation.reload()
    world.list.write_text("word: two\n# word: one\nnothing\n")
    world.moderation.reload()
    added = [(FILE, "added", "word: ONE"), (FILE, "added", "word: two")]
    assert world.changes() == [*added, (FILE, "removed", "word: ONE")]


def test_a_list_that_changed_while_no_server_ran_is_audited_once(tmp_path: Path) -> None:
    first = World(tmp_path)
    first.moderation.open()
    first.moderation.add("word: one", ADMIN)
    World(tmp_path).moderation.open()
    assert len(first.audited()) == 1
    first.list.write_text("word: two\n")
    for _ in range(2):
        World(tmp_path).moderation.open()
    assert first.changes()[1:] == [(WHILE_STOPPED, "found", "")]


def test_lines_that_cannot_be_used_are_named_and_logged_and_stop_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.list.write_text("\n".join(["word: good", *["bad"] * 7]))
    world.moderation.open()
    assert len(world.moderation.rules.rules) == 1
    assert world.moderation.warnings == ["lines of the moderation list cannot be used: 2, 3, 4, 5, 6 and 2 more"]
    assert caplog.messages[0] == (
        f"{world.list}, line 2: 'bad': expected one of word:, artist:, song:, city:, token: and a value"
    )


def test_a_file_that_cannot_be_read_leaves_the_rules_of_before(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.list.write_text("word: one\n")
    world.moderation.open()
    world.list.write_bytes(b"#" * (MAX_BYTES + 1))
    for _ in range(2):
        world.moderation.reload()
    assert len(world.moderation.rules.rules) == 1
    assert world.moderation.warnings == ["the moderation list cannot be read; the one read before remains in force"]
    assert sum("too large" in message for message in caplog.messages) == 1
    world.list.unlink()
    world.moderation.reload()
    assert (world.moderation.rules.rules, world.moderation.warnings) == (frozenset(), [])


def test_a_file_that_a_setting_names_must_be_there(tmp_path: Path) -> None:
    world = World(tmp_path, is_required=True)
    world.moderation.open()
    assert world.moderation.warnings
    with pytest.raises(ListFileError, match="cannot be read"):
        world.moderation.add("word: one", ADMIN)
    world.list.write_text("word: one\n")
    world.moderation.reload()
    world.list.unlink()
    world.moderation.reload()
    assert len(world.moderation.rules.rules) == 1


def test_a_rule_that_cannot_be_used_changes_nothing(world: World) -> None:
    world.moderation.open()
    with pytest.raises(RuleError):
        world.moderation.add("word: a\nword: b", ADMIN)
    assert not world.list.exists()


def test_the_file_keeps_its_permissions_and_its_link_and_a_new_one_is_private(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (linked := tmp_path / "config" / "list").write_text("")
    linked.chmod(0o640)
    world = World(tmp_path)
    world.list.symlink_to(linked)
    world.moderation.open()
    world.moderation.add("word: one", ADMIN)
    assert (linked.read_text(), world.list.is_symlink()) == ("word: one\n", True)
    assert stat.S_IMODE(linked.stat().st_mode) == 0o640
    world.list.unlink()
    world.moderation.add("word: two", ADMIN)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (world.list, world.audit)} == {0o600}


def test_an_earlier_id_counts_as_the_songs_once_its_alias_is_known_and_that_is_no_change(world: World) -> None:
    world.list.write_text(f"song: {'0' * 16}\n")
    world.moderation.open()
    world.aliases = TrackAliases([("0" * 16, "1" * 16)])
    world.moderation.reload()
    assert world.moderation.rules.songs == {"1" * 16}
    assert len(world.audited()) == 1


def test_an_audit_that_cannot_be_written_is_logged_and_the_rule_holds(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.audit.mkdir()
    world.moderation.open()
    world.moderation.add("word: one", ADMIN)
    assert len(world.moderation.rules.rules) == 1
    assert f"{world.audit} cannot be written (Is a directory)" in caplog.messages
