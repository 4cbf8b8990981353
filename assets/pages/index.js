/**
 * The core of the page: the list, the stream, and how it is doing. Every other part (indexparts.js) is loaded by itself and
 * may fail alone; what comes over the stream goes to those that are there.
 */
import { say } from "../common/i18n.js";
import { media } from "../common/mediaquery.js";
import { attempt, createParts } from "../common/parts.js";
import { browserStorage, createPreferences } from "../common/preferences.js";
import { createFeed } from "../feed/feed.js";
import { createStreamStatus } from "../feed/streamstatus.js";
import { startTimeOf, withoutStartTime } from "../stream/replay.js";
import { filtersOf } from "../stream/stream.js";
import { createTimeline } from "../stream/timeline.js";

const PATIENCE_MS = 3000; // for the other parts, before the stream begins without them

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {ReturnType<typeof createParts<import("./indexparts.js").Parts>>} */
const parts = createParts({
  note: find("trouble"),
  names: {
    optional: say("Everything but the list"),
    theme: say("Theme"),
    language: say("Language"),
    counters: say("Numbers"),
    sources: say("Source of the plays"),
    announcer: say("Announcements"),
    sound: say("Sound"),
    pause: say("Pause"),
    help: say("Keys"),
    keys: say("Keys"),
    access: say("Settings"),
    lookback: say("Look back"),
    search: say("Search"),
    filters: say("Filters"),
    share: say("Share"),
    card: say("Details"),
    city: say("Your city"),
    play: say("Press play"),
  },
  controls: {
    counters: "#counters",
    sources: ".source",
    announcer: '.setting:has([data-switch="announce"])',
    sound: '.setting:has([data-switch="sound"])',
    keys: '.setting:has([data-switch="keys"])',
    theme: "#theme",
    pause: "#pause",
    help: "#help-open",
    access: "#settings-open, #nearer, #farther",
    lookback: "#lookback-open",
    search: "#explore .finder",
    share: '[data-card="share"]',
    city: "#city",
    optional: "#counters, .source, .tools, #city",
  },
  onFail: {
    globe: () => (document.body.dataset.globe = "none"), // which says so on the stage
    optional: () => (document.body.dataset.globe = "none"),
  },
});
const { use } = parts;
const taking = "wall" in document.documentElement.dataset ? null : document.getElementById("play");
const feed = createFeed(find("feed"), {
  newer: /** @type {HTMLButtonElement} */ (find("newer")),
  colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
  onChoose: see,
  mine: (connection) => use("city", (city) => city.touches(connection)) ?? false,
  yours,
  onPlay: taking && ((track) => void use("play", (play) => play.press(track))),
});
const status = createStreamStatus(find("status"));
/** @type {Hello | null} */
let greeted = null;

const paused = () => use("pause", (pause) => pause.paused()) ?? false;

/** Do something with the globe, once it is there. @param {(globe: import("../globe/view.js").Globe) => void} act */
const withGlobe = (act) => void use("globe", (view) => view.draw(act));

/** The same, while it moves. @param {(globe: import("../globe/view.js").Globe) => void} act */
const onGlobe = (act) => void (paused() || withGlobe(act));

/** Which end of a connection the visitor is. @param {Connection} connection */
function yours(connection) {
  return use("play", (play) => play.yours(connection)) ?? null;
}

/** Have a closer look. @param {Connection} connection */
function see(connection) {
  withGlobe((globe) => globe.replay(connection));
  use("card", (card) => card.open(connection));
}

const timeline = createTimeline({
  filters: () => filtersOf(location.search),
  onState(state) {
    document.body.dataset.stream = state.name;
    status.show(state);
    use("quiet", (quiet) => quiet.state(state));
    use("announcer", (announcer) => announcer.state(state));
    if (state.name === "past") use("sources", (sources) => sources.replay());
  },
  onHello(hello, unknown, news) {
    if (hello.stream !== greeted?.stream) use("counters", (counters) => counters.clear());
    greeted = hello;
    use("sources", (sources) => sources.begin(hello));
    use("quiet", (quiet) => hello.recent.forEach(quiet.met));
    if (unknown.length) document.body.classList.remove("empty");
    attempt(() => feed.fill(unknown));
    if (!paused()) news.forEach((connection) => use("globe", (view) => view.connect(connection)));
  },
  onConnection(connection, news) {
    document.body.classList.remove("empty");
    attempt(() => feed.add(connection, news));
    if (paused()) use("pause", (pause) => pause.miss());
    else use("announcer", (announcer) => announcer.connection(connection));
    return !timeline.isPast() && use("play", (play) => play.see(connection));
  },
  onArc(connection) {
    if (paused()) return;
    use("globe", (view) => view.connect(connection));
    use("sound", (sound) => sound.note(connection));
  },
  onPulse: (pulse) => onGlobe((globe) => globe.pulse(pulse)),
  onSpark: (spark) => onGlobe((globe) => globe.spark(spark)),
  onFrame(frame) {
    use("counters", (counters) => counters.add(frame));
    use("sources", (sources) => sources.add(frame));
    if (!timeline.isPast()) use("quiet", (quiet) => [...frame.connections, ...frame.pulses].forEach(quiet.met));
  },
  onTime(atS, oldest) {
    if (atS <= timeline.liveS()) status.past(atS, oldest);
    use("lookback", (lookback) => lookback.show(atS));
  },
  onAhead: (atS) => void use("announcer", (announcer) => announcer.say(status.ahead(atS))),
  onLive() {
    const state = () => history.replaceState(history.state, "", withoutStartTime(location.href));
    attempt(state); // for when the page is loaded again; browsers refuse it where it is called very often
    use("lookback", (lookback) => lookback.show(null));
  },
  onLeave() {
    document.body.classList.toggle("filtered", filtersOf(location.search).size > 0);
    document.body.classList.add("empty");
    use("globe", (view) => view.leave());
    feed.clear();
    use("counters", (counters) => counters.clear());
    use("quiet", (quiet) => quiet.clear());
  },
});

const page = {
  parts,
  prefs: createPreferences(browserStorage()),
  timeline,
  feed,
  taking,
  paused,
  withGlobe,
  onGlobe,
  yours,
  see,
  /** What the stream began with, for parts that come later. */
  greeted: () => greeted,
};
/** @typedef {typeof page} Page */

const furnished = parts
  .start("optional", () => import("./indexparts.js"), ({ startParts }) => startParts(page))
  .then(() => use("optional", (optional) => optional.ready));
const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
const system = media("(prefers-reduced-motion: reduce)");

Promise.race([furnished, patience]).then(() => {
  timeline.begin(startTimeOf(location.search));
  use("globe", (view) =>
    view.start({
      calm: () => use("access", (access) => access.calm()) ?? system.matches,
      nowS: timeline.shownS,
      mine: (connection) => use("city", (city) => city.touches(connection)) ?? false,
      yours,
      onGlobe(globe) {
        globe.pause(paused());
        globe.follow(use("access", (access) => access.follows()) ?? true);
      },
    }),
  );
});
document.documentElement.dataset.started = ""; // boot.js looks for it
