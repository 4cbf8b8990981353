"""Update the translations of the page's texts: `python scripts/build_words.py [--check]`.

It extracts the texts from `templates`, `assets` and `webapp`, adds new ones to each language's `messages.po` in
`webapp/translations`, removes old ones, and compiles the catalogues. `--check` writes nothing, and fails if a text is
not translated, a translation lacks a value, a compiled catalogue is not current, or a script has a text inside a
template literal, where Babel does not find it.
"""

import argparse
import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
TRANSLATIONS = ROOT / "webapp" / "translations"
METHODS = [("**.html", "jinja2"), ("**.js", "javascript"), ("**.py", "python")]
KEYWORDS = {
    "_": None,
    "ngettext": (1, 2),
    "say": None,
    "word": None,
    "sayParts": None,
    "sayCount": (1, 2),
    "sentence": None,
}
IN_TEMPLATE_LITERAL = re.compile(r"\$\{[^`]*?\b(say|sayCount|sayParts)\(")


def extracted() -> Catalog:
    """Return all texts of the page."""
    catalogue = Catalog(charset="utf-8")
    for folder in ("templates", "assets", "webapp"):
        found = extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS)
        for name, _line, message, _comments, _context in found:
            catalogue.add(message, locations=[(f"{folder}/{name}", 0)])
    return catalogue


def overlooked(folder: Path) -> list[str]:
    """Return a sentence for each text in a template literal of a folder's scripts: Babel overlooks these texts."""
    found = []
    for path in sorted(folder.rglob("*.js")):
        script = path.read_text()
        for match in IN_TEMPLATE_LITERAL.finditer(script):
            line = script.count("\n", 0, match.end()) + 1
            found.append(f"{path.relative_to(folder)}:{line}: call {match[1]} outside of the template literal")
    return found


def read(path: Path) -> Catalog:
    """Return a language's catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def problems(path: Path, template: Catalog) -> list[str]:
    """Return a sentence for each problem of a language's catalogue."""
    catalogue = read(path)
    name = path.parent.parent.name
    found = [f"{name}: {m.id!r} is no longer used" for m in catalogue if m.id and m.id not in template]
    for wanted in template:
        message = catalogue.get(wanted.id) if wanted.id else None
        if not wanted.id:
            continue
        if message is None or message.fuzzy or not all(texts(message.string)):
            found.append(f"{name}: {wanted.id!r} is not translated")
        elif wrong := [text for text in texts(message.string) if not same_values(wanted.id, text)]:
            found.append(f"{name}: {wrong[0]!r} does not have the values of {wanted.id!r}")
    if not found and not is_current(path.with_suffix(".mo"), catalogue):
        found.append(f"{name}: messages.mo is not current")
    return found


def texts(string: object) -> tuple[str, ...]:
    """Return a message's translation, or its plural forms."""
    return tuple(string) if isinstance(string, (tuple, list)) else (str(string or ""),)


def same_values(key: object, text: str) -> bool:
    """Return whether a translation has the values of its text; a plural form may omit the number."""
    values = re.compile(r"\{\w+\}")
    wanted, given = set(values.findall(texts(key)[-1])), set(values.findall(text))
    return given == wanted or (isinstance(key, tuple) and given == wanted - {"{n}"})


def is_current(path: Path, catalogue: Catalog) -> bool:
    """Return whether a compiled file matches its catalogue.

    It compares messages, because Babel writes its own version into each file.
    """
    with path.open("rb") as file:
        return sentences(read_mo(file)) == sentences(read_mo(io.BytesIO(compiled(catalogue))))


def sentences(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return each message's translation, and the language's plural rule under the empty key."""
    found = {texts(message.id): texts(message.string) for message in catalogue if message.id}
    return found | {(): (catalogue.plural_forms,)}


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue in compiled form."""
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def update(path: Path, template: Catalog) -> None:
    """Update a language's catalogue and compile it."""
    catalogue = read(path)
    template.creation_date = catalogue.creation_date  # else each run changes every file
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, omit_header=False, no_location=True)
    if not is_current(path.with_suffix(".mo"), read(path)):
        path.with_suffix(".mo").write_bytes(compiled(read(path)))


def main() -> int:
    """Update or check all languages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something is not current")
    options = parser.parse_args()
    template = extracted()
    paths = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    for path in [] if options.check else paths:
        update(path, template)
    found = overlooked(ROOT / "assets") + [problem for path in paths for problem in problems(path, template)]
    print("\n".join(found) or f"{len(paths)} languages have all {len(template)} texts")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
