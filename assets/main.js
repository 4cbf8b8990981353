/** The page put together: the stream goes to the counters, the feed and the globe. The words come first. */
import { createAccess } from "./access.js";
import { loadGlobe } from "./bundle.js";
import { createCard } from "./card.js";
import { createCity } from "./city.js";
import { createClock } from "./clock.js";
import { createCounters } from "./counters.js";
import { createFeed } from "./feed.js";
import { createFilters } from "./filters.js";
import { beginsAbove } from "./geo.js";
import { createLanguageChoice } from "./language.js";
import { createLookback } from "./lookback.js";
import { createMeter } from "./meter.js";
import { boxesOver } from "./over.js";
import { songColours } from "./palette.js";
import { atOf, createPast, loadPast, withoutAt } from "./past.js";
import { browserStorage, createPrefs } from "./prefs.js";
import { createPlay } from "./play.js";
import { createPresence } from "./presence.js";
import { createQuiet } from "./quiet.js";
import { createRecent } from "./recent.js";
import { createSearch } from "./search.js";
import { createShare } from "./share.js";
import { createSources } from "./sources.js";
import { createStatus } from "./status.js";
import { createStill } from "./still.js";
import { createStream, filtersOf } from "./stream.js";
import { createTaps } from "./taps.js";
import { createTheme, createThemeChoice } from "./theme.js";
import { createWall } from "./wall.js";

const OLD_S = 6; // what is older than this when it comes is news for the feed only
const BACKLOG_MS = 150; // between the arcs of one frame, so that they do not all start at once
const OVER_STAGE = [".wordmark", ".tagline", "#explore", "#card", "#counters", ".tools", "#quiet", "#lookback", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const scene = JSON.parse(find("scene").textContent ?? "");
/** @type {ReturnType<typeof import("./globe.js").createGlobe> | null} */
let globe = null;
const prefs = createPrefs(browserStorage());
const theme = createTheme(document.documentElement, {
  themes: scene.themes,
  onLook: () => globe?.repaint(theme.layers()),
  keep: (wish) => prefs.keep("theme", wish),
});
createThemeChoice(find("theme"), theme);
createLanguageChoice(find("languages"), { keep: (language) => prefs.keep("language", language) });
const colours = songColours(() => theme.layers().arcs.pairs);
const stage = find("stage");
const longitude = beginsAbove(scene);
const still = createStill(/** @type {HTMLElement} */ (stage.querySelector(".poster")), {
  lonDeg: longitude,
  latDeg: scene.initialViewState.latitude,
  away: 3.8, // about where the camera is when all of the globe is to be seen
});
const onWall = "wall" in document.documentElement.dataset;
const taking = onWall ? null : document.getElementById("play"); // part, where the server lets visitors
/** @type {ReturnType<typeof createPlay> | null} */
let play = null;
const yours = (/** @type {Connection} */ connection) => play?.yours(connection) ?? null;
const onPlay = taking && ((/** @type {Track} */ track) => play?.press(track));
const feed = createFeed(find("feed"), {
  newer: /** @type {HTMLButtonElement} */ (find("newer")),
  colours: (track) => colours(track).css,
  onChoose: see,
  mine: (connection) => city.touches(connection),
  yours,
  onPlay,
});
const counters = createCounters(find("counters"));
const sources = createSources(find("sources"));
const status = createStatus(find("status"));
const presence = createPresence(document);
let recent = createRecent();
let serverAheadS = 0;
let streamId = "";
/** What is shown in place of now. @type {ReturnType<typeof createPast> | null} */
let past = null;
const liveS = () => Date.now() / 1000 + serverAheadS;
const shownS = () => past?.atS() ?? liveS();
const quiet = createQuiet(find("quiet"), {
  words: /** @type {HTMLElement} */ (find("quiet").querySelector("span")),
  now: liveS,
});
const access = createAccess({ globe: () => globe, feed, prefs });

/** @param {Connection} connection @param {number} turn its place in the frame */
function show(connection, turn) {
  if (!recent.add(connection.id)) return;
  document.body.classList.remove("empty");
  feed.add(connection, isNew(connection));
  access.came(connection);
  if (!past && play?.see(connection)) return;
  if (isNew(connection)) setTimeout(draw, turn * BACKLOG_MS, connection);
}

/** @param {Connection} connection */
function draw(connection) {
  if (access.paused() || !isSeen(connection)) return;
  join(connection);
  access.note(connection);
}

/** Draw an arc on the globe, or on what stands in its place. @param {Connection} connection */
function join(connection) {
  if (globe) globe.connect(connection);
  else still.connect(connection, colours(connection.track).css);
}

/** Have a closer look. @param {Connection} connection */
function see(connection) {
  globe?.replay(connection);
  card.open(connection);
}

/** Whether somebody looked when it happened. @param {{at: number}} event */
const isSeen = ({ at }) => (past ? !document.hidden : at - serverAheadS > presence.sinceMs() / 1000);

/** @param {{at: number}} event */
const isNew = (event) => isSeen(event) && shownS() - event.at < OLD_S;

/** The globe, while it moves. */
const onGlobe = () => (access.paused() ? null : globe);

const openStream = () => createStream({
  origin: location.origin,
  filters: filtersOf(location.search),
  onState(state) {
    document.body.dataset.stream = state.name;
    status.show(state);
    quiet.state(state);
    access.state(state);
  },
  onHello(hello) {
    serverAheadS = hello.now - Date.now() / 1000;
    if (hello.stream !== streamId) counters.clear();
    streamId = hello.stream;
    sources.begin(hello);
    hello.recent.forEach(quiet.met);
    const unknown = hello.recent.filter(({ id }) => recent.add(id));
    if (unknown.length) document.body.classList.remove("empty");
    feed.fill(unknown);
    if (!access.paused()) unknown.filter(isNew).forEach(join);
  },
  onFrame(frame) {
    showFrame(frame);
    [...frame.connections, ...frame.pulses].forEach(quiet.met);
  },
});

/** @param {Frame} frame */
function showFrame(frame) {
  frame.connections.forEach(show);
  frame.pulses.filter(isNew).forEach((pulse) => onGlobe()?.pulse(pulse));
  (frame.sparks ?? []).filter(isNew).forEach((spark) => onGlobe()?.spark(spark));
  counters.add(frame);
  sources.add(frame);
}

let stream = openStream();
window.addEventListener("online", () => [past ?? stream, city].forEach((each) => each.hurry()));

/** Show what the address asks for, from the beginning: of now, or of the time that is shown. */
function begin() {
  if (past) lookBack(past.atS(), past.speed());
  else live();
}

/** Show now, when the page is loaded again, too. */
function live() {
  clear();
  history.replaceState(history.state, "", withoutAt(location.href));
  stream = openStream();
  lookback.show(null);
}

/** Show what was shown then. @param {number} fromS @param {number} pace */
function lookBack(fromS, pace) {
  clear();
  past = createPast({
    load: (from, seconds) => loadPast(filtersOf(location.search), from, seconds),
    fromS,
    pace,
    onFrame: showFrame,
    onTime(atS, oldest) {
      if (atS <= liveS()) status.past(atS, oldest);
      lookback.show(atS);
    },
    onNow(nowS) {
      serverAheadS = nowS - Date.now() / 1000;
    },
    onEnd(ahead) {
      if (ahead) access.say(status.ahead(fromS));
      live();
    },
  });
  document.body.dataset.stream = "past";
  quiet.state({ name: "past" });
  sources.replay();
}

/** Leave what is shown. */
function clear() {
  document.body.classList.toggle("filtered", filtersOf(location.search).size > 0);
  stream.destroy();
  past?.destroy();
  past = null;
  recent = createRecent();
  still.leave();
  feed.clear();
  counters.clear();
  quiet.clear();
  document.body.classList.add("empty");
}

const lookback = createLookback(/** @type {HTMLFormElement} */ (find("lookback")), {
  opener: find("lookback-open"),
  nowS: liveS,
  look: lookBack,
  pace: (next) => past?.pace(next),
  live,
});
const asked = atOf(location.search);
if (asked !== null) lookBack(asked, 1);
const filters = createFilters(find("chips"), {
  shown: JSON.parse(find("filters").textContent ?? "[]"),
  onChange: begin,
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
  pick: (at, reach) => globe?.pick(at, reach) ?? null,
  onPick: card.open,
  onMiss: card.close,
});
const city = createCity(find("city"), {
  origin: location.origin,
  storage: browserStorage(),
  quiet: (connection) => access.paused() || document.hidden || yours(connection) !== null,
  onTouch(connection) {
    if (past) return;
    if (filtersOf(location.search).size === 0) show(connection, 0);
    if (isNew(connection)) onGlobe()?.glow(connection);
  },
  onChoose: see,
  onNote: access.touched,
  onMove: (home) => play?.moved(home),
});
if (taking) {
  play = createPlay(taking, {
    home: city.home,
    onNoCity: city.ask,
    onBegin: () => past && live(),
    onPress: (place, track) => onGlobe()?.spark({ source: "live", at: liveS(), city: place, track }),
    onTogether(connection) {
      if (past) return;
      recent.add(connection.id);
      feed.mark(connection);
      globe?.replay(connection);
    },
    onShare: share.open,
  });
}
if (onWall) createWall(document, navigator.wakeLock);
if (new URLSearchParams(location.search).get("fps") === "1") createMeter(document.body);
startGlobe().catch((error) => {
  console.warn(error);
  document.body.dataset.globe = "none";
  still.stay();
});

async function startGlobe() {
  const { createGlobe, fields } = await loadGlobe();
  globe = createGlobe(stage, {
    scene,
    fields,
    clock: createClock(location.search, () => shownS() * 1000),
    calm: access.calm(),
    longitude,
    colours,
    mine: city.touches,
    yours,
    paint: theme.layers(),
    obstacles: () => boxesOver(stage, OVER_STAGE),
  });
  for (const { connection } of still.leave()) globe.connect(connection, { landed: true });
  globe.pause(access.paused());
  globe.follow(access.follows());
  document.body.dataset.globe = "ready";
}
