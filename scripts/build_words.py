"""Find what the page says and bring the translations up to date: `python scripts/build_words.py [--check]`.

Sentences are found in `templates`, `assets` and `webapp`; each language's `messages.po` in `webapp/translations` gets
the new, untranslated, and loses those that are said no more; then it is compiled. `--check` writes nothing and fails
where a sentence is not translated, a value got lost in a translation, or a compiled catalogue is not current.
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


def said() -> Catalog:
    """Return all that the page says."""
    catalogue = Catalog(charset="utf-8")
    for folder in ("templates", "assets", "webapp"):
        found = extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS)
        for name, _line, message, _comments, _context in found:
            catalogue.add(message, locations=[(f"{folder}/{name}", 0)])
    return catalogue


def read(path: Path) -> Catalog:
    """Return a language's catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def problems(path: Path, template: Catalog) -> list[str]:
    """Return what is wrong with a language's catalogue, a sentence each."""
    catalogue = read(path)
    name = path.parent.parent.name
    found = [f"{name}: {m.id!r} is said no more" for m in catalogue if m.id and m.id not in template]
    for wanted in template:
        message = catalogue.get(wanted.id) if wanted.id else None
        if not wanted.id:
            continue
        if message is None or message.fuzzy or not all(texts(message.string)):
            found.append(f"{name}: {wanted.id!r} is not translated")
        elif wrong := [text for text in texts(message.string) if not same_values(wanted.id, text)]:
            found.append(f"{name}: {wrong[0]!r} has not the values of {wanted.id!r}")
    if not found and not is_current(path.with_suffix(".mo"), catalogue):
        found.append(f"{name}: messages.mo is not current")
    return found


def texts(string: object) -> tuple[str, ...]:
    """Return a message's translation, or its forms."""
    return tuple(string) if isinstance(string, (tuple, list)) else (str(string or ""),)


def same_values(key: object, text: str) -> bool:
    """Tell whether a translation has the values of its sentence; one that counts may say its number in words."""
    values = re.compile(r"\{\w+\}")
    wanted, given = set(values.findall(texts(key)[-1])), set(values.findall(text))
    return given == wanted or (isinstance(key, tuple) and given == wanted - {"{n}"})


def is_current(path: Path, catalogue: Catalog) -> bool:
    """Tell whether a compiled file says what its catalogue says.

    Babel writes its own version into each file, so bytes would differ from one version to the next.
    """
    with path.open("rb") as file:
        return sentences(read_mo(file)) == sentences(read_mo(io.BytesIO(compiled(catalogue))))


def sentences(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return each message's translation, and the language's plural rule under the empty key."""
    found = {texts(message.id): texts(message.string) for message in catalogue if message.id}
    return found | {(): (catalogue.plural_forms,)}


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as the program reads it."""
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def bring_up_to_date(path: Path, template: Catalog) -> None:
    """Write a language's catalogue, new sentences in and old ones out, and what it compiles to."""
    catalogue = read(path)
    template.creation_date = catalogue.creation_date  # else each run changes every file
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, omit_header=False, no_location=True)
    if not is_current(path.with_suffix(".mo"), read(path)):
        path.with_suffix(".mo").write_bytes(compiled(read(path)))


def main() -> int:
    """Bring every language up to date, or tell what is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something is not current")
    options = parser.parse_args()
    template = said()
    paths = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    for path in [] if options.check else paths:
        bring_up_to_date(path, template)
    found = [problem for path in paths for problem in problems(path, template)]
    print("\n".join(found) or f"{len(paths)} languages say all {len(template)} sentences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
