"""Paths of templates and assets: beside the package in a checkout, inside it in a wheel."""

from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    packed = PACKAGE / name
    return packed if packed.is_dir() else PACKAGE.parent / name


def pydeck_bundle() -> Path:
    """Return the path of pydeck's JavaScript: deck.gl, luma.gl and createDeck."""
    spec = find_spec("pydeck")
    if spec is None or spec.origin is None:
        raise RuntimeError("pydeck is not installed")
    return Path(spec.origin).parent / "nbextension" / "static" / "index.js"


ASSETS = _folder("assets")
TEMPLATES = _folder("templates")
