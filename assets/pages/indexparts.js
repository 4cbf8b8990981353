/**
 * What is around the list: each part is loaded and made by itself, with what it needs of the page and of the others.
 *
 * @typedef {object} Parts
 * @property {{ready: Promise<unknown>}} optional  ready: the parts are there, or have failed
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {ReturnType<typeof import("../feed/counters.js").createCounters>} counters
 * @property {ReturnType<typeof import("../feed/sourcebadge.js").createSourceBadge>} sources
 * @property {ReturnType<typeof import("../feed/idlenotice.js").createIdleNotice>} quiet
 * @property {ReturnType<typeof import("../ui/announcer.js").createAnnouncer>} announcer
 * @property {ReturnType<typeof import("../ui/sound.js").createSound>} sound
 * @property {ReturnType<typeof import("../ui/pause.js").createPause>} pause
 * @property {ReturnType<typeof import("../ui/help.js").createHelp>} help
 * @property {ReturnType<typeof import("../ui/shortcuts.js").createShortcuts>} keys
 * @property {ReturnType<typeof import("../ui/settings.js").createSettings>} access
 * @property {ReturnType<typeof import("../ui/rewind.js").createRewind>} lookback
 * @property {ReturnType<typeof import("../search/filters.js").createFilters>} filters
 * @property {ReturnType<typeof import("../search/search.js").createSearch>} search
 * @property {ReturnType<typeof import("../moment/sharedialog.js").createShareDialog>} share
 * @property {ReturnType<typeof import("../moment/details.js").createDetails>} card
 * @property {ReturnType<typeof import("../visitor/homecity.js").createHomeCity>} city
 * @property {ReturnType<typeof import("../visitor/play.js").createPlay>} play
 * @property {object} theme
 * @property {object} language
 * @property {object} taps
 * @property {object} wall
 * @property {object} meter
 */
import { base } from "../common/baseurl.js";
import { browserStorage } from "../common/preferences.js";
import { filtersOf } from "../stream/stream.js";
import { startAppearance } from "../ui/appearance.js";

const OVER_STAGE = [".wordmark", ".tagline", "#explore", "#card", "#counters", ".tools", "#quiet", "#lookback", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {(id: string) => HTMLDialogElement} */
const dialog = (id) => /** @type {HTMLDialogElement} */ (find(id));
/** @type {(id: string) => any} */
const told = (id) => JSON.parse(find(id).textContent ?? "");

/** @param {import("./index.js").Page} page */
export function startParts(page) {
  const ready = Promise.all([...looks(page), ...numbers(page), ...access(page), ...exploring(page), ...people(page)]);
  return { ready };
}

/** @param {import("./index.js").Page} page */
function looks({ parts, prefs }) {
  const { start, use } = parts;
  const view = start("globe", () => import("../globe/view.js"), ({ createView }) => {
    const keep = (/** @type {string} */ wish) => prefs.keep("theme", wish);
    return createView(find("stage"), { scene: told("scene"), over: OVER_STAGE, keep });
  });
  const taps = start("taps", () => import("../globe/clicks.js"), ({ createClicks }) =>
    createClicks(find("stage"), {
      pick: (at, reach) => use("globe", (made) => made.globe()?.pick(at, reach)) ?? null,
      onPick: (connection) => void use("card", (card) => card.open(connection)),
      onMiss: () => void use("card", (card) => card.close()),
    }),
  );
  const started = [view, ...startAppearance(parts, view, prefs), taps];
  if ("wall" in document.documentElement.dataset)
    started.push(start("wall", () => import("../ui/wall.js"), ({ createWall }) => createWall(document, navigator.wakeLock)));
  if (new URLSearchParams(location.search).get("fps") === "1")
    started.push(start("meter", () => import("../ui/fpsmeter.js"), ({ createFpsMeter }) => createFpsMeter(document.body)));
  return started;
}

/** @param {import("./index.js").Page} page */
function numbers({ parts: { start }, timeline, greeted }) {
  return [
    start("counters", () => import("../feed/counters.js"), ({ createCounters }) => createCounters(find("counters"))),
    start("sources", () => import("../feed/sourcebadge.js"), ({ createSourceBadge }) => {
      const sources = createSourceBadge(find("sources"));
      const hello = greeted();
      if (hello) sources.begin(hello);
      return sources;
    }),
    start("quiet", () => import("../feed/idlenotice.js"), ({ createIdleNotice }) => {
      const words = /** @type {HTMLElement} */ (find("quiet").querySelector("span"));
      return createIdleNotice(find("quiet"), { words, now: timeline.liveS });
    }),
  ];
}

/** What makes the page everybody's: pause, keys, help, announcements, sound, and the settings with their switches. */
/** @param {import("./index.js").Page} page */
function access({ parts: { start, use, fail }, prefs, feed, withGlobe, timeline }) {
  const tell = (/** @type {string} */ text) => void use("announcer", (announcer) => announcer.say(text));
  const switched = [
    start("announcer", () => import("../ui/announcer.js"), ({ createAnnouncer }) => createAnnouncer(find("announcer"))),
    start("sound", () => import("../ui/sound.js"), ({ createSound }) =>
      createSound({ onFail: (error) => fail("sound", error) }),
    ),
    start("keys", () => import("../ui/shortcuts.js"), ({ createShortcuts }) =>
      createShortcuts(document.body, {
        turn: (east, north) => withGlobe((globe) => globe.turn(east, north)),
        nearer: (by) => withGlobe((globe) => globe.nearer(by)),
        pause: () => void use("pause", (pause) => pause.toggle()),
        search: () => find("q")?.focus(),
        past: () => find("lookback-open").click(),
        help: () => void use("help", (help) => help.open()),
      }),
    ),
  ];
  const settings = () => Promise.all(switched).then(() => import("../ui/settings.js"));
  return [
    ...switched,
    start("access", settings, ({ createSettings }) =>
      createSettings({
        globe: {
          setReducedMotion: (calm) => withGlobe((globe) => globe.setReducedMotion(calm)),
          follow: (now) => withGlobe((globe) => globe.follow(now)),
          nearer: (by) => withGlobe((globe) => globe.nearer(by)),
        },
        prefs,
        switches: {
          announce: { on: true, turn: (on) => void use("announcer", (announcer) => announcer.turn(on)) },
          sound: { on: false, turn: (on, byHand) => void use("sound", (sound) => sound.turn(on, byHand)) },
          keys: { on: true, turn: (on) => void use("keys", (keys) => keys.turn(on)) },
        },
      }),
    ),
    start("pause", () => import("../ui/pause.js"), ({ createPause }) =>
      createPause(find("pause"), {
        note: find("meanwhile"),
        turn(paused) {
          feed.hold(paused);
          withGlobe((globe) => globe.pause(paused));
        },
        tell,
      }),
    ),
    start("help", () => import("../ui/help.js"), ({ createHelp }) => createHelp(dialog("help"), { opener: find("help-open") })),
    start("lookback", () => import("../ui/rewind.js"), ({ createRewind }) =>
      createRewind(/** @type {HTMLFormElement} */ (find("lookback")), {
        opener: find("lookback-open"),
        nowS: timeline.liveS,
        look: timeline.rewind,
        pace: timeline.pace,
        live: timeline.live,
      }),
    ),
  ];
}

/** Filters, the search that puts them on, and the card of a connection, from which it is shared. */
/** @param {import("./index.js").Page} page */
function exploring({ parts: { start, use }, prefs, timeline, withGlobe, taking }) {
  /** @param {Found} found */
  function only(found) {
    const shown = use("filters", (filters) => (filters.only(found), true));
    if (!shown) location.search = String(new URLSearchParams(found.filter));
  }
  return [
    start("filters", () => import("../search/filters.js"), ({ createFilters, placeShown }) =>
      createFilters(find("chips"), {
        shown: told("filters"),
        onChange(shown) {
          timeline.again();
          const place = placeShown(shown);
          if (place) withGlobe((globe) => globe.flyTo(place.lon, place.lat));
        },
        onLeft: () => void use("search", (search) => search.focus()),
      }),
    ),
    start("search", () => import("../search/search.js"), ({ createSearch }) => createSearch(find("explore"), { onPick: only })),
    start("share", () => import("../moment/sharedialog.js"), ({ createShareDialog }) => createShareDialog(dialog("share"), { prefs })),
    start("card", () => import("../moment/details.js"), ({ createDetails }) =>
      createDetails(dialog("card"), {
        onOnly: only,
        onShare: (connection) => void use("share", (share) => share.open(connection)),
        onPlay: taking && ((track) => void use("play", (play) => play.press(track))),
      }),
    ),
  ].map((part) => part.finally(() => (find("explore").hidden = false)));
}

/** The visitor's city, and taking part from there. @param {import("./index.js").Page} page */
function people({ parts: { start, use }, timeline, feed, taking, paused, onGlobe, withGlobe, yours, see }) {
  const city = start("city", () => import("../visitor/homecity.js"), ({ createHomeCity }) =>
    createHomeCity(find("city"), {
      origin: base,
      storage: browserStorage(),
      quiet: (connection) => paused() || document.hidden || yours(connection) !== null,
      onTouch(connection) {
        if (timeline.isPast()) return;
        if (filtersOf(location.search).size === 0) timeline.add(connection);
        if (timeline.isFresh(connection)) onGlobe((globe) => globe.glow(connection));
      },
      onChoose: see,
      onNote: (connection, text) => void use("announcer", (announcer) => announcer.touch(connection, text)),
      onMove: (home) => void use("play", (play) => play.moved(home)),
    }),
  );
  if (!taking) return [city];
  const play = start("play", () => import("../visitor/play.js"), ({ createPlay }) =>
    createPlay(taking, {
      home: () => use("city", (made) => made.home()) ?? null,
      onNoCity: () => void use("city", (made) => made.ask()),
      onBegin: () => timeline.isPast() && timeline.live(),
      onPress: (place, track) =>
        onGlobe((globe) => globe.spark({ source: "live", at: timeline.liveS(), city: place, track })),
      onTogether(connection) {
        if (timeline.isPast()) return;
        timeline.know(connection);
        feed.mark(connection);
        withGlobe((globe) => globe.replay(connection));
      },
      onShare: (connection) => void use("share", (share) => share.open(connection)),
    }),
  );
  return [city, play];
}
