"""Compare the globe with globe.gl: frames a second, and processor time for each frame.

    python scripts/bench/render.py [--arcs 20 200 2000] [--seconds 6] [--rounds 3] [--lightest] [--whole]

One headless Chromium draws both in turns, in a view of 900x700 on software GL, with one device pixel per CSS pixel: the
same land as dots, the same number of arcs, rotating. Four connections a second arrive, each replaces the oldest, and
four have their song and cities as HTML labels. Ours is the page itself with all but the globe hidden. It draws night
and air, but city lights and stars, which globe.gl does not have, only with `--whole`. Neither lowers its resolution.
globe.gl draws land as a cloud of particles, its cheapest way, and arcs as tubes about as thick as ours with a moving
dash. It softens edges by multisampling, its default; our shaders soften their own.
`--lightest` draws its arcs as lines of one pixel with jagged edges, without labels and new connections.
It comes from npm into a cache and is not part of this project.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from webapp.graphics.earthdata import land_points

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import PATIENCE_MS, FakeStream, chromium, cpu_s, frames, machine, server
from bench.npm import package

GLOBE_GL = "2.46.2"
SIZE = {"width": 900, "height": 700}
GOAL = 5.0
SETTLE_S = 5.0
AT_ONCE = 200
"""Connections that come at once; a page that took longer than six seconds for them would leave old ones out."""
DOTS = "land-few.bin"
"""Land dots for a globe of this size."""

ALONE = """
  #stage { position: fixed !important; inset: 0 !important; }
  body > :not(main), main > :not(#stage) { display: none !important; }
"""
STAY = """document.addEventListener('readystatechange', () => {
  const scene = document.getElementById('scene');
  if (!scene) return;
  const described = JSON.parse(scene.textContent);
  const layer = (id) => described.layers.find((layer) => layer.id === id);
  Object.assign(layer('arcs'), {holdS: 3600, capacity: ARCS});
  Object.assign(layer('lights'), {visible: WHOLE});
  Object.assign(layer('stars'), {visible: WHOLE});
  scene.textContent = JSON.stringify({...described, quality: {slowS: 1e9}});
}, {once: true})"""
STYLE = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""
THEIRS = """<!doctype html><style>
  body { margin: 0; background: #04060f; font-family: sans-serif; color: #eaf0ff; }
  .song { padding: 6px 12px; border-radius: 11px; background: #0b1430; box-shadow: 0 2px 10px #000a; }
  .song span { display: block; font-size: 14px; text-align: center; }
  .city { display: flex; gap: 5px; padding: 2px 7px; border-radius: 10px; background: #04060fb0; font-size: 13px; }
</style><div id="globe"></div>
<script src="/bench/globe.gl.js"></script>
<script>
  const land = LAND.map(([lng, lat]) => ({lat, lng}));
  const random = ((state) => () => (state = (state * 16807) % 2147483647) / 2147483647)(7);
  const place = () => [random() * 115 - 50, random() * 360 - 180];
  const connection = () => {
    const [[startLat, startLng], [endLat, endLng]] = [place(), place()];
    return {startLat, startLng, endLat, endLng, wait: random()};
  };
  let arcs = Array.from({length: ARCS}, connection);
  const labels = LABELS ? arcs.slice(0, 4).flatMap(({startLat, startLng, endLat, endLng}, song) => [
    {kind: 'song', lat: (startLat + endLat) / 2, lng: (startLng + endLng) / 2, up: 0.2,
      lines: [`Song ${song}`, 'The Harbour Lamps']},
    {kind: 'city', lat: startLat, lng: startLng, up: 0, lines: [`City ${song}`, 'Land']},
    {kind: 'city', lat: endLat, lng: endLng, up: 0, lines: [`City ${9 - song}`, 'Land']},
  ]) : [];
  const written = ({kind, lines}) => {
    const card = document.createElement('div');
    card.className = kind;
    card.append(...lines.map((line) => Object.assign(document.createElement('span'), {textContent: line})));
    return card;
  };
  const globe = new Globe(document.getElementById('globe'), {animateIn: false, waitForGlobeReady: false,
      rendererConfig: {antialias: SMOOTH, alpha: false}})
    .width(900).height(700).backgroundColor('#04060f').showAtmosphere(true).showGraticules(false)
    .particlesData([land]).particlesSize(1.2).particlesSizeAttenuation(false).particlesColor(() => '#7fb4e2')
    .particleAltitude(0.001)
    .arcsData(arcs).arcColor(() => ['#ffb25e', '#ff5e8a']).arcStroke(STROKE).arcsTransitionDuration(0)
    .arcCurveResolution(48).arcCircularResolution(3)
    .arcDashLength(0.6).arcDashGap(0.4).arcDashInitialGap((arc) => arc.wait).arcDashAnimateTime(3000)
    .htmlElementsData(labels).htmlElement(written).htmlAltitude('up').htmlTransitionDuration(0);
  window.bring = (count) => {
    arcs = [...arcs.slice(count), ...Array.from({length: count}, connection)];
    globe.arcsData(arcs);
  };
  globe.globeMaterial().color.set('#0d2a52');
  globe.pointOfView({lat: 20, lng: 0, altitude: 1.9}, 0);
  globe.controls().autoRotate = true;
  globe.renderer().setPixelRatio(1);
  document.body.dataset.globe = 'ready';
</script>"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The measurement of a page."""

    per_s: float
    cpu_ms: float


def globe_gl() -> str:
    """Return globe.gl's bundle."""
    return (package("globe.gl", GLOBE_GL) / "dist" / "globe.gl.min.js").read_text()


@contextlib.contextmanager
def visit(browser: Browser) -> Iterator[Page]:
    """Open a page of the measured size."""
    page = browser.new_page(viewport=SIZE, device_scale_factor=1, color_scheme="dark")  # type: ignore[arg-type]
    try:
        yield page
    finally:
        page.close()


def ours(browser: Browser, url: str, arcs: int, seconds: float, whole: bool) -> Drawn:
    """Measure our globe with that many arcs."""
    with visit(browser) as page:
        page.add_init_script(STAY.replace("ARCS", str(arcs)).replace("WHOLE", str(whole).lower()))
        stream = FakeStream(page)
        page.goto(url)
        page.evaluate(STYLE, ALONE)
        page.wait_for_selector("body[data-globe=ready]", timeout=PATIENCE_MS)
        for count in range(1, arcs + 1):
            stream.send(1)
            if count % AT_ONCE == 0 or count == arcs:
                page.wait_for_selector(f"#stage[data-arcs='{count}']", state="attached", timeout=PATIENCE_MS)
        return look(page, seconds, stream.send)


def theirs(browser: Browser, url: str, arcs: int, seconds: float, lightest: bool) -> Drawn:
    """Measure globe.gl with that many arcs."""
    html = THEIRS.replace("ARCS", str(arcs)).replace("LAND", json.dumps(land_points(DOTS).tolist()))
    html = html.replace("STROKE", "null" if lightest else "0.35").replace("SMOOTH", "false" if lightest else "true")
    html = html.replace("LABELS", "false" if lightest else "true")
    with visit(browser) as page:
        page.route("**/bench/globe.html", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.route("**/bench/globe.gl.js", lambda route: route.fulfill(body=globe_gl(), content_type="text/javascript"))
        page.goto(f"{url}/bench/globe.html")
        page.wait_for_selector("body[data-globe=ready]", timeout=PATIENCE_MS)
        return look(page, seconds, lambda count: None if lightest else page.evaluate("count => bring(count)", count))


def look(page: Page, seconds: float, bring: Callable[[int], None]) -> Drawn:
    """Count frames while four connections a second arrive."""
    page.wait_for_timeout(1000 * SETTLE_S)
    count, took, began = 0, 0.0, cpu_s()
    while took < seconds:
        bring(4)
        more = frames(page, 1.0)
        count, took = count + more[0], took + more[1]
    return Drawn(count / took, 1000 * (cpu_s() - began) / count)


def main() -> int:
    """Measure and print; return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arcs", type=int, nargs="+", default=[20, 200, 2000])
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each look lasts (6)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is looked at (3)")
    parser.add_argument("--lightest", action="store_true", help="globe.gl's arcs as jagged lines of one pixel")
    parser.add_argument("--whole", action="store_true", help="with the cities' lights and the stars")
    options = parser.parse_args()
    print(f"{machine()}\n{'arcs':>5}  {'ours':>24}  {'globe.gl':>24}  ratio of frames, of cpu")
    missed = False
    with server() as running, chromium() as browser:
        for arcs in options.arcs:
            looks: tuple[list[Drawn], list[Drawn]] = ([], [])
            for _ in range(options.rounds):
                looks[0].append(ours(browser, running.url, arcs, options.seconds, options.whole))
                looks[1].append(theirs(browser, running.url, arcs, options.seconds, options.lightest))
            us, them = (Drawn(median(d.per_s for d in side), median(d.cpu_ms for d in side)) for side in looks)
            cells = "  ".join(f"{each.per_s:6.1f}/s {each.cpu_ms:7.0f} ms cpu" for each in (us, them))
            ratio = us.per_s / them.per_s
            missed = missed or ratio < GOAL
            print(f"{arcs:5}  {cells}  {ratio:.1f}x, {them.cpu_ms / us.cpu_ms:.1f}x", flush=True)
    print(f"{machine()}; goal {GOAL:g}x at each: {'missed' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
