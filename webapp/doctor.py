"""The checks of `unison doctor`: whether this installation is complete."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile

from webapp.bus.log import NEEDS_NATS
from webapp.config import Settings
from webapp.core.counted import counted
from webapp.graphics.fonts import FOLDER, Fonts, load_fonts
from webapp.graphics.qrcodes import code_svg
from webapp.storage.accounts import AccountsError
from webapp.storage.accountsfile import FILE_NAME, check_file, is_damaged
from webapp.storage.datadir import read_secret
from webapp.storage.secretfiles import secret_or_file

SCRIPTS = {
    "Latin": "AZazÀÿĀžƏəȘțẠỹẸẹṢṣ",
    "Cyrillic": "АЯаяЁёЄєЇїҒғҚқӘәЉљЊњЂђ",
    "Greek": "ΑΩαωΆώϊΐ",
    "Arabic": "ءآأبةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژکگیٹڈڑںھہےًٌٍَُِّْ",
    "Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "Devanagari": "अआइईउऊऋएऐओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलळवशषसह़ािीुूृेैोौ्ँंः",
    "Bengali": "অআইঈউঊঋএঐওঔকখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযরলশষসহ়ািীুূৃেৈোৌ্ৎংঃঁ",
    "Tamil": "அஆஇஈஉஊஎஏஐஒஓஔகஙசஜஞடணதநனபமயரறலளழவஷஸஹாிீுூெேைொோௌ்",
    "Thai": "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะัาำิีึืุูเแโใไๅๆ็่้๊๋์",
    "Georgian": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "Armenian": "ԱԲԳՖաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
    "Ethiopic": "ሀለሐመሠረሰሸቀበተቸኀነኘአከኸወዐዘዠየደጀገጠጨጰጸፀፈፐ፡።",
    "Han": "的一是不了人我在有他這中大来上国時愛戀夜雨星夢歌",
    "kana": "あいうえおかがさざただなはばぱまやらわをんっゃアイウエオヴッャー",
    "Hangul": "가각나다라마바사아자차카타파하힣",
}
"""Letters of every script that the simulated titles use."""


def missing_glyphs(fonts: Fonts) -> dict[str, str]:
    """Return the letters without a glyph, by script."""
    found = {script: "".join(c for c in letters if not fonts.has(c)) for script, letters in SCRIPTS.items()}
    return {script: letters for script, letters in found.items() if letters}


def check_installation(data_dir: Path, fonts_folder: Path = FOLDER) -> Iterator[tuple[bool, str]]:
    """Yield the result of each check: whether it passed, and a sentence."""
    yield _data_folder(data_dir)
    yield from _accounts(data_dir / FILE_NAME)
    yield from _fonts(fonts_folder)
    yield _drawing()


def _data_folder(path: Path) -> tuple[bool, str]:
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    try:
        if not existing.is_dir():
            raise NotADirectoryError(f"{existing} is a file")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(f"{existing} is not writable")
        with TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = f"cannot create a file in {existing} ({error.strerror})" if error.strerror else error
        return False, f"data folder {path}: {reason}; choose another with UNISON_DATA_DIR"
    return True, f"data folder {path} " + ("is writable" if existing == path else "can be created")


def _accounts(path: Path) -> Iterator[tuple[bool, str]]:
    if not path.exists():
        return
    try:
        yield True, f"accounts {path}: {counted(check_file(path), 'token')}"
    except (sqlite3.Error, OSError) as error:
        advice = "restore a backup, or move it elsewhere to begin without tokens" if is_damaged(error) else "try again"
        yield False, f"accounts {path}: {error}; {advice}"
    except AccountsError as error:
        yield False, str(error)
    if readable := path.stat().st_mode & 0o077:
        yield False, f"accounts {path}: others have access ({readable:03o}); run chmod 600 on it"


def _fonts(folder: Path) -> Iterator[tuple[bool, str]]:
    try:
        fonts = load_fonts(folder)
    except (OSError, ValueError) as error:
        yield False, f"fonts: {error}; install Unison again"
        return
    missing = fonts.missing()
    yield not missing, f"fonts: {', '.join(path.name for path in missing)} missing" if missing else f"fonts in {folder}"
    incomplete = missing_glyphs(Fonts(face for face in fonts.faces() if face.path not in missing))
    for script, letters in incomplete.items():
        yield False, f"script {script}: no glyph for {letters}"
    if len(incomplete) < len(SCRIPTS):
        yield True, f"glyphs for {', '.join(script for script in SCRIPTS if script not in incomplete)}"


def _drawing() -> tuple[bool, str]:
    try:
        import resvg_py

        resvg_py.svg_to_bytes(svg_string=code_svg("https://example.org/"), skip_system_fonts=True)
    except (ImportError, ValueError) as error:
        return False, f"cannot draw pictures: {error}"
    return True, "pictures can be drawn"


def check_bus(settings: Settings) -> Iterable[tuple[bool, str]]:
    """Return the results of the checks of the bus that settings name, which take some seconds; none without one.

    Raises:
        SecretFileError: the file of the secret cannot be used.
    """
    if not settings.bus:
        return []
    if not find_spec("nats"):
        return [(False, NEEDS_NATS)]
    from webapp.bus import checks  # these need the extra
    from webapp.bus.credentials import ADMIN, access
    from webapp.engine.live import fold_rules

    secret = read_secret(settings.data_dir, secret_or_file(settings.secret, settings.secret_file, "UNISON_SECRET_FILE"))
    return checks.check(access(settings, ADMIN), fold_rules(settings), settings.shown_per_s, secret)
