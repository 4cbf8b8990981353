/** The page put together: what is shown goes to the counters, the feed and the globe. The words come first. */
import { createAccess } from "./access.js";
import { createCard } from "./card.js";
import { createCity } from "./city.js";
import { createCounters } from "./counters.js";
import { createFeed } from "./feed.js";
import { createFilters, placeShown } from "./filters.js";
import { createLanguageChoice } from "./language.js";
import { createLookback } from "./lookback.js";
import { createMeter } from "./meter.js";
import { atOf, withoutAt } from "./past.js";
import { createPlay } from "./play.js";
import { browserStorage, createPrefs } from "./prefs.js";
import { createQuiet } from "./quiet.js";
import { createSearch } from "./search.js";
import { createShare } from "./share.js";
import { createSources } from "./sources.js";
import { createStatus } from "./status.js";
import { filtersOf } from "./stream.js";
import { createTaps } from "./taps.js";
import { createThemeChoice } from "./theme.js";
import { createTimeline } from "./timeline.js";
import { createView } from "./view.js";
import { createWall } from "./wall.js";

const OVER_STAGE = [".wordmark", ".tagline", "#explore", "#card", "#counters", ".tools", "#quiet", "#lookback", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const scene = JSON.parse(find("scene").textContent ?? "");
const prefs = createPrefs(browserStorage());
const stage = find("stage");
const view = createView(stage, {
  scene,
  over: OVER_STAGE,
  keep: (wish) => prefs.keep("theme", wish),
});
createThemeChoice(find("theme"), view.theme);
createLanguageChoice(find("languages"), { keep: (language) => prefs.keep("language", language) });
const onWall = "wall" in document.documentElement.dataset;
const taking = onWall ? null : document.getElementById("play"); // part, where the server lets visitors
/** @type {ReturnType<typeof createPlay> | null} */
let play = null;
const yours = (/** @type {Connection} */ connection) => play?.yours(connection) ?? null;
const onPlay = taking && ((/** @type {Track} */ track) => play?.press(track));
const feed = createFeed(find("feed"), {
  newer: /** @type {HTMLButtonElement} */ (find("newer")),
  colours: (track) => view.colours(track).css,
  onChoose: see,
  mine: (connection) => city.touches(connection),
  yours,
  onPlay,
});
const counters = createCounters(find("counters"));
const sources = createSources(find("sources"));
const status = createStatus(find("status"));
let streamId = "";
const quiet = createQuiet(find("quiet"), {
  words: /** @type {HTMLElement} */ (find("quiet").querySelector("span")),
  now: () => timeline.liveS(),
});
const access = createAccess({ globe: view.globe, feed, prefs });

/** The globe, while it moves. */
const onGlobe = () => (access.paused() ? null : view.globe());

/** Have a closer look. @param {Connection} connection */
function see(connection) {
  view.globe()?.replay(connection);
  card.open(connection);
}

const timeline = createTimeline({
  filters: () => filtersOf(location.search),
  onState(state) {
    document.body.dataset.stream = state.name;
    status.show(state);
    quiet.state(state);
    access.state(state);
    if (state.name === "past") sources.replay();
  },
  onHello(hello, unknown, news) {
    if (hello.stream !== streamId) counters.clear();
    streamId = hello.stream;
    sources.begin(hello);
    hello.recent.forEach(quiet.met);
    if (unknown.length) document.body.classList.remove("empty");
    feed.fill(unknown);
    if (!access.paused()) news.forEach(view.connect);
  },
  onConnection(connection, news) {
    document.body.classList.remove("empty");
    feed.add(connection, news);
    access.came(connection);
    return !timeline.isPast() && play?.see(connection);
  },
  onArc(connection) {
    if (access.paused()) return;
    view.connect(connection);
    access.note(connection);
  },
  onPulse: (pulse) => onGlobe()?.pulse(pulse),
  onSpark: (spark) => onGlobe()?.spark(spark),
  onFrame(frame) {
    counters.add(frame);
    sources.add(frame);
    if (!timeline.isPast()) [...frame.connections, ...frame.pulses].forEach(quiet.met);
  },
  onTime(atS, oldest) {
    if (atS <= timeline.liveS()) status.past(atS, oldest);
    lookback.show(atS);
  },
  onAhead: (atS) => access.say(status.ahead(atS)),
  onLive() {
    history.replaceState(history.state, "", withoutAt(location.href)); // when the page is loaded again, too
    lookback.show(null);
  },
  onLeave() {
    document.body.classList.toggle("filtered", filtersOf(location.search).size > 0);
    document.body.classList.add("empty");
    view.leave();
    feed.clear();
    counters.clear();
    quiet.clear();
  },
});
const lookback = createLookback(/** @type {HTMLFormElement} */ (find("lookback")), {
  opener: find("lookback-open"),
  nowS: timeline.liveS,
  look: timeline.lookBack,
  pace: timeline.pace,
  live: timeline.live,
});
timeline.begin(atOf(location.search));
const filters = createFilters(find("chips"), {
  shown: JSON.parse(find("filters").textContent ?? "[]"),
  onChange(shown) {
    timeline.again();
    const place = placeShown(shown);
    if (place) view.globe()?.flyTo(place.lon, place.lat);
  },
  onLeft: () => search.focus(),
});
const search = createSearch(find("explore"), { onPick: filters.only });
find("explore").hidden = false;
const share = createShare(/** @type {HTMLDialogElement} */ (find("share")), { prefs });
const card = createCard(/** @type {HTMLDialogElement} */ (find("card")), {
  onOnly: filters.only,
  onShare: share.open,
  onPlay,
});
createTaps(stage, {
  pick: (at, reach) => view.globe()?.pick(at, reach) ?? null,
  onPick: card.open,
  onMiss: card.close,
});
const city = createCity(find("city"), {
  origin: location.origin,
  storage: browserStorage(),
  quiet: (connection) => access.paused() || document.hidden || yours(connection) !== null,
  onTouch(connection) {
    if (timeline.isPast()) return;
    if (filtersOf(location.search).size === 0) timeline.add(connection);
    if (timeline.isNews(connection)) onGlobe()?.glow(connection);
  },
  onChoose: see,
  onNote: access.touched,
  onMove: (home) => play?.moved(home),
});
if (taking) {
  play = createPlay(taking, {
    home: city.home,
    onNoCity: city.ask,
    onBegin: () => timeline.isPast() && timeline.live(),
    onPress: (place, track) => onGlobe()?.spark({ source: "live", at: timeline.liveS(), city: place, track }),
    onTogether(connection) {
      if (timeline.isPast()) return;
      timeline.know(connection);
      feed.mark(connection);
      view.globe()?.replay(connection);
    },
    onShare: share.open,
  });
}
if (onWall) createWall(document, navigator.wakeLock);
if (new URLSearchParams(location.search).get("fps") === "1") createMeter(document.body);
view.start({
  calm: access.calm,
  nowS: timeline.shownS,
  mine: city.touches,
  yours,
  onGlobe(globe) {
    globe.pause(access.paused());
    globe.follow(access.follows());
  },
});
