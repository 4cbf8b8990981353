/**
 * The core of the main page: the list, the stream and its status. All other parts (indexparts.js) are loaded separately,
 * and each may fail alone.
 */
import { say } from "../common/i18n.js";
import { mediaQuery } from "../common/mediaquery.js";
import { attempt, createParts } from "../common/parts.js";
import { browserStorage, createPreferences } from "../common/preferences.js";
import { sleeve } from "../common/sleeve.js";
import { createFeed } from "../feed/feed.js";
import { createStreamStatus } from "../feed/streamstatus.js";
import { startTimeOf, withoutStartTime } from "../stream/replay.js";
import { filtersOf } from "../stream/stream.js";
import { createTimeline } from "../stream/timeline.js";

const SLEEVE = 40; // pixels
const DAYS = /** @type {const} */ (["today", "homeDay"]);
const TIMEOUT_MS = 3000; // for the other parts, before the stream begins without them
const GREETING_MS = 1000; // for the stream, before the globe is loaded: its scripts keep the page busy

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {ReturnType<typeof createParts<import("./indexparts.js").Parts>>} */
const parts = createParts({
  note: find("failed-parts"),
  names: {
    theme: say("Theme"),
    language: say("Language"),
    counters: say("Counters"),
    sourceBadge: say("Source of the plays"),
    announcer: say("Announcements"),
    sound: say("Sound"),
    pause: say("Pause"),
    help: say("Keyboard shortcuts"),
    shortcuts: say("Keyboard shortcuts"),
    settings: say("Settings"),
    rewind: say("Rewind"),
    search: say("Search"),
    filters: say("Filters"),
    shareDialog: say("Share"),
    details: say("Details"),
    homeCity: say("Your city"),
    meetings: say("Your meetings"),
    play: say("Playing songs"),
    crowd: say("Most played right now"),
    today: say("Today"),
    homeDay: say("Your city"),
    leadStory: say("Lead story"),
  },
  notes: { optional: say("Only the list works. Reload the page to try again.") },
  controls: {
    counters: "#counters",
    sourceBadge: ".source",
    announcer: '.setting:has([data-switch="announce"])',
    sound: '.setting:has([data-switch="sound"]), #sound',
    shortcuts: '.setting:has([data-switch="keys"])',
    theme: "#theme",
    pause: "#pause",
    help: "#help-open",
    settings: "#settings-open, #zoom-in, #zoom-out",
    rewind: "#rewind-open",
    search: "#explore .finder",
    shareDialog: '[data-card="share"]',
    homeCity: "#city",
    crowd: "#crowd",
    meetings: '#meetings-open, [data-card="heart"]',
    today: "#today",
    homeDay: "#home-day",
    leadStory: '#story, .setting:has([data-switch="story"])',
    optional: "#counters, .source, .tools, #city",
  },
  onFail: {
    globe: () => (document.body.dataset.globe = "none"), // the style sheet then shows a notice on the stage
    optional: () => (document.body.dataset.globe = "none"),
  },
});
const { use } = parts;
const playElement = "wall" in document.documentElement.dataset ? null : document.getElementById("play");
const feed = createFeed(find("feed"), {
  newer: /** @type {HTMLButtonElement} */ (find("newer")),
  colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
  cover: ({ id }) => sleeve(id, SLEEVE),
  onChoose: showDetails,
  mine: (connection) => use("homeCity", (city) => city.touches(connection)) ?? false,
  yours,
  onPlay: playElement && ((track) => void use("play", (play) => play.press(track))),
});
const status = createStreamStatus(find("status"));
/** @type {Hello | null} */
let lastHello = null;
let greet = () => {};
/** The stream answered, or cannot. The first arcs are on the placeholder then. @type {Promise<void>} */
const greeted = new Promise((resolve) => (greet = resolve));

const paused = () => use("pause", (pause) => pause.paused()) ?? false;

/** Call the globe if it is loaded. @param {(globe: import("../globe/view.js").Globe) => void} act */
const withGlobe = (act) => void use("globe", (view) => view.withGlobe(act));

/** Call the globe if it is loaded and not paused. @param {(globe: import("../globe/view.js").Globe) => void} act */
const withMovingGlobe = (act) => void (paused() || withGlobe(act));

/** The visitor's own end of a connection, or null. @param {Connection} connection */
function yours(connection) {
  return use("play", (play) => play.yours(connection)) ?? null;
}

/** Let a part count from where the stream is. @param {"today" | "homeDay"} name */
function beginDay(name) {
  const hello = lastHello;
  if (hello) use(name, (day) => (filtersOf(location.search).size ? day.suspend() : day.begin(hello)));
}

/** Show a connection's details, and its arc in the spotlight. @param {Connection} connection */
function showDetails(connection) {
  const opened = use("details", (details) => (details.open(connection), true));
  if (!opened) use("spotlights", (spotlights) => spotlights.tell(connection));
}

const timeline = createTimeline({
  filters: () => filtersOf(location.search),
  onState(state) {
    document.body.dataset.stream = state.name;
    if (state.name !== "connecting") greet();
    status.show(state);
    use("idleNotice", (notice) => notice.setState(state));
    use("announcer", (announcer) => announcer.setState(state));
    if (state.name !== "live") use("crowd", (crowd) => crowd.clear());
    if (state.name === "past") use("sourceBadge", (badge) => badge.beginReplay());
  },
  onHello(hello, unknown, fresh) {
    if (hello.stream !== lastHello?.stream) use("counters", (counters) => counters.clear());
    lastHello = hello;
    use("sourceBadge", (badge) => badge.begin(hello));
    use("idleNotice", (notice) => hello.recent.forEach(notice.met));
    DAYS.forEach(beginDay);
    if (unknown.length) document.body.classList.remove("empty");
    attempt(() => feed.fill(unknown));
    if (!paused()) fresh.forEach((connection) => use("globe", (view) => view.connect(connection)));
  },
  onConnection(connection, fresh) {
    document.body.classList.remove("empty");
    attempt(() => feed.add(connection, fresh));
    if (paused()) use("pause", (pause) => pause.countMissed());
    else use("announcer", (announcer) => announcer.addConnection(connection));
    return !timeline.isPast() && use("play", (play) => play.see(connection));
  },
  onArc(connection) {
    if (paused()) return;
    use("globe", (view) => view.connect(connection));
    use("sound", (sound) => sound.play(connection));
  },
  onLead: (connection) => void use("leadStory", (story) => story.setLead(connection)),
  onPulse: (pulse) => withMovingGlobe((globe) => globe.pulse(pulse)),
  onSpark: (spark) => withMovingGlobe((globe) => globe.spark(spark)),
  onFrame(frame) {
    use("counters", (counters) => counters.add(frame));
    use("sourceBadge", (badge) => badge.add(frame));
    if (!timeline.isPast()) use("crowd", (crowd) => crowd.add(frame, timeline.isFresh({ at: frame.now })));
    if (!timeline.isPast()) DAYS.forEach((name) => use(name, (day) => day.add(frame)));
    if (!timeline.isPast()) use("idleNotice", (notice) => [...frame.connections, ...frame.pulses].forEach(notice.met));
  },
  onTime(atS, oldest) {
    if (atS <= timeline.liveS()) status.showTime(atS, oldest);
    use("rewind", (rewind) => rewind.show(atS));
  },
  onFuture: (atS) => void use("announcer", (announcer) => announcer.addMessage(status.noteFuture(atS))),
  onLive() {
    const dropTime = () => history.replaceState(history.state, "", withoutStartTime(location.href));
    attempt(dropTime); // so that a reload shows live; browsers refuse this where it is called very often
    use("rewind", (rewind) => rewind.show(null));
  },
  onClear() {
    document.body.classList.toggle("filtered", filtersOf(location.search).size > 0);
    document.body.classList.add("empty");
    use("globe", (view) => view.clear());
    use("leadStory", (story) => story.setLead(null));
    feed.clear();
    use("crowd", (crowd) => crowd.clear());
    use("counters", (counters) => counters.clear());
    use("idleNotice", (notice) => notice.clear());
  },
});

const page = {
  parts,
  prefs: createPreferences(browserStorage()),
  timeline,
  feed,
  /** Where the page shows the visitor's own plays, or null where visitors cannot play songs. */
  playElement,
  paused,
  withGlobe,
  withMovingGlobe,
  yours,
  showDetails,
  beginDay,
  /** The stream's last hello, for parts that are loaded later. */
  lastHello: () => lastHello,
};
/** @typedef {typeof page} Page */

const optional = parts.start("optional", () => import("./indexparts.js"), ({ startParts }) => startParts(page));
const ready = optional.then(() => use("optional", (made) => made.ready));
const viewed = optional.then(() => use("optional", (made) => made.viewed));
/** @param {number} ms */
const timeout = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const system = mediaQuery("(prefers-reduced-motion: reduce)");

const begun = Promise.race([ready, timeout(TIMEOUT_MS)]).then(() => timeline.begin(startTimeOf(location.search)));
const told = begun.then(() => Promise.race([greeted, timeout(GREETING_MS)]));
Promise.all([told, viewed]).then(() =>
  use("globe", (view) =>
    view.start({
      reducedMotion: () => use("settings", (settings) => settings.reducedMotion()) ?? system.matches,
      nowS: timeline.shownS,
      mine: (connection) => use("homeCity", (city) => city.touches(connection)) ?? false,
      yours,
      onGlobe(globe) {
        globe.pause(paused());
        globe.follow(use("settings", (settings) => settings.follows()) ?? true);
        use("spotlights", (spotlights) => spotlights.renew());
        globe.beacon(use("homeDay", (day) => day.spot()) ?? null);
      },
    }),
  ),
);
document.documentElement.dataset.started = ""; // boot.js checks it
