from __future__ import annotations

from pathlib import Path

from webapp.web.assets import MAIN, Assets, shipped_assets

MODULES = {
    "pages/index.js": 'import { a } from "../z/core.js";\nconst more = () => import("./aparts.js");\n',
    "z/core.js": 'import { b } from "./deep.js";\n',
    "z/deep.js": "",
    "pages/aparts.js": 'import { c } from "../z/deep.js";\nexport const load = () => import("../a/globe.js");\n',
    "a/globe.js": "",
}


def test_modules_come_in_the_order_in_which_a_browser_needs_them(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in MODULES}
    for name, text in MODULES.items():
        files[name].parent.mkdir(exist_ok=True)
        files[name].write_text(text)
    assets = Assets(files)
    core, later = ["pages/index.js", "z/core.js"], ["pages/aparts.js", "z/deep.js", "a/globe.js"]
    assert assets.imported("pages/index.js") == core + later
    assert assets.imported("pages/index.js", later=False) == [*core, "z/deep.js"]


def test_what_draws_the_globe_comes_after_what_begins_the_stream() -> None:
    order = shipped_assets().imported(MAIN)
    assert order.index("stream/stream.js") < order.index("feed/counters.js") < order.index("globe/globe.js")
