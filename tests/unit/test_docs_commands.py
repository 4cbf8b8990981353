"""The commands in the docs for operators are those that there are."""

from __future__ import annotations

import re

import click
import pytest

from tests.serving import ROOT
from webapp.cli import main

PAGES = ["cluster.md", "deploy.md", "history.md", "operations.md", "runbook.md", "security.md"]
COMMAND = re.compile(r"(?<!-n )(?>(?:\bunison )+)([a-z]+\b[^`'\n|;&>()]*)")


def commands(page: str) -> list[list[str]]:
    """Return the words of each command `unison ...` in the code of a page."""
    text = (ROOT / "docs" / page).read_text("utf-8").replace("\\\n", " ")
    code = [*re.findall(r"```sh\n(.*?)```", text, re.DOTALL), *re.findall(r"(?<!`)`([^`]*\bunison [^`]+)`(?!`)", text)]
    found = [match for each in code for line in each.splitlines() for match in COMMAND.findall(line.split(" #")[0])]
    return [each.split() for each in found]


def unknown(words: list[str]) -> str:
    """Return what is wrong with a command, in words; "" if nothing is."""
    command: click.Command = main
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return "" if command.invoke_without_command else f"no command {words[0]}"
        command, words = found, words[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return ", ".join(word for word in words if word.startswith("--") and word.partition("=")[0] not in known)


@pytest.mark.parametrize("page", PAGES)
def test_each_command_is_there_with_its_options(page: str) -> None:
    found = commands(page)
    assert found
    assert [(words, wrong) for words in found if (wrong := unknown(words))] == []
