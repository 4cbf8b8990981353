/**
 * The parts around the list. Each is loaded and created separately, with what it needs of the page and of other parts.
 *
 * @typedef {object} Parts
 * @property {{ready: Promise<unknown>, viewed: Promise<unknown>}} optional  ready: all parts run, or have failed; viewed:
 *   the globe's part does
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {ReturnType<typeof import("../feed/counters.js").createCounters>} counters
 * @property {ReturnType<typeof import("../feed/sourcebadge.js").createSourceBadge>} sourceBadge
 * @property {ReturnType<typeof import("../feed/idlenotice.js").createIdleNotice>} idleNotice
 * @property {ReturnType<typeof import("../ui/announcer.js").createAnnouncer>} announcer
 * @property {ReturnType<typeof import("../ui/sound.js").createSound>} sound
 * @property {ReturnType<typeof import("../ui/pause.js").createPause>} pause
 * @property {ReturnType<typeof import("../ui/help.js").createHelp>} help
 * @property {ReturnType<typeof import("../ui/shortcuts.js").createShortcuts>} shortcuts
 * @property {ReturnType<typeof import("../ui/settings.js").createSettings>} settings
 * @property {ReturnType<typeof import("../ui/rewind.js").createRewind>} rewind
 * @property {ReturnType<typeof import("../search/filters.js").createFilters>} filters
 * @property {ReturnType<typeof import("../search/search.js").createSearch>} search
 * @property {ReturnType<typeof import("../moment/sharedialog.js").createShareDialog>} shareDialog
 * @property {ReturnType<typeof import("../moment/details.js").createDetails>} details
 * @property {ReturnType<typeof import("../moment/spotlights.js").createSpotlights>} spotlights
 * @property {ReturnType<typeof import("../visitor/homecity.js").createHomeCity>} homeCity
 * @property {ReturnType<typeof import("../visitor/shelf.js").createShelf>} meetings
 * @property {ReturnType<typeof import("../visitor/play.js").createPlay>} play
 * @property {ReturnType<typeof import("../feed/crowd.js").createCrowd>} crowd
 * @property {ReturnType<typeof import("../feed/today.js").createToday>} today
 * @property {ReturnType<typeof import("../visitor/homeday.js").createHomeDay>} homeDay
 * @property {ReturnType<typeof import("../stage/leadstory.js").createLeadStory>} leadStory
 * @property {object} theme
 * @property {object} language
 * @property {object} clicks
 * @property {object} wall
 * @property {object} fpsMeter
 */
import { base } from "../common/baseurl.js";
import { browserStorage } from "../common/preferences.js";
import { filtersOf } from "../stream/stream.js";
import { startAppearance } from "../ui/appearance.js";
import { startDays } from "./dayparts.js";
import { filterWith, startCrowd, startLeadStory } from "./stageparts.js";

const OVERLAYS = [".wordmark", ".tagline", "#explore", "#card", "#counters", ".tools > *", "#crowd", "#idle-notice", "#rewind", "footer", ".story"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {(id: string) => HTMLDialogElement} */
const findDialog = (id) => /** @type {HTMLDialogElement} */ (find(id));
/** @type {(id: string) => any} */
const readJson = (id) => JSON.parse(find(id).textContent ?? "");

/** @typedef {import("./index.js").Page} Page */

/** @param {Page} page */
export function startParts(page) {
  const [viewed, ...others] = startView(page);
  const groups = [startCounters, startControls, startSearch, startVisitor, startCrowd];
  return { viewed, ready: Promise.all([viewed, ...others, ...groups.flatMap((start) => start(page))]) };
}

/** The globe, clicks on it, theme and language. @param {Page} page */
function startView({ parts, prefs }) {
  const { start, use } = parts;
  const view = start("globe", () => import("../globe/view.js"), ({ createView }) => {
    const saveTheme = (/** @type {string} */ choice) => prefs.save("theme", choice);
    return createView(find("stage"), { scene: readJson("scene"), overlays: OVERLAYS, saveTheme });
  });
  const clicks = start("clicks", () => import("../globe/clicks.js"), ({ createClicks }) =>
    createClicks(find("stage"), {
      pick: (at, reach) => use("globe", (made) => made.globe()?.pick(at, reach)) ?? null,
      onPick: (connection) => void use("details", (details) => details.open(connection)),
      onMiss: () => void (use("spotlights", (made) => (made.dismiss(), true)) ?? use("details", (made) => made.close())),
    }),
  );
  const started = [view, ...startAppearance(parts, view, prefs), clicks];
  if ("wall" in document.documentElement.dataset)
    started.push(start("wall", () => import("../ui/wall.js"), ({ createWall }) => {
      const clock = /** @type {HTMLTimeElement | null} */ (document.querySelector("#clock time"));
      return createWall(document, { wakeLock: navigator.wakeLock, clock, nowMs: Date.now });
    }));
  if (new URLSearchParams(location.search).get("fps") === "1")
    started.push(
      start("fpsMeter", () => import("../ui/fpsmeter.js"), ({ createFpsMeter }) => createFpsMeter(document.body)),
    );
  return started;
}

/** @param {Page} page */
function startCounters({ parts: { start }, timeline, lastHello }) {
  return [
    start("counters", () => import("../feed/counters.js"), ({ createCounters }) => createCounters(find("counters"))),
    start("sourceBadge", () => import("../feed/sourcebadge.js"), ({ createSourceBadge }) => {
      const badge = createSourceBadge(find("sources"));
      const hello = lastHello();
      if (hello) badge.begin(hello);
      return badge;
    }),
    start("idleNotice", () => import("../feed/idlenotice.js"), ({ createIdleNotice }) => {
      const words = /** @type {HTMLElement} */ (find("idle-notice").querySelector("span"));
      return createIdleNotice(find("idle-notice"), { words, now: timeline.liveS });
    }),
  ];
}

/** Pause, rewind, shortcuts, help, announcements, sound, and the settings with the switches of these parts. */
/** @param {Page} page */
function startControls(page) {
  const { parts: { start, use, fail }, prefs, feed, withGlobe, timeline } = page;
  const switchable = [
    startLeadStory(page),
    start("announcer", () => import("../ui/announcer.js"), ({ createAnnouncer }) => createAnnouncer(find("announcer"))),
    start("sound", () => import("../ui/sound.js"), ({ createSound }) =>
      createSound({
        button: find("sound"),
        flip: () => /** @type {HTMLElement} */ (find("settings").querySelector('[data-switch="sound"]')).click(),
        onFail: (error) => fail("sound", error),
      }),
    ),
    start("shortcuts", () => import("../ui/shortcuts.js"), ({ createShortcuts }) =>
      createShortcuts(document.body, {
        turn: (east, north) => withGlobe((globe) => globe.turn(east, north)),
        zoomBy: (levels) => withGlobe((globe) => globe.zoomBy(levels)),
        pause: () => void use("pause", (pause) => pause.toggle()),
        search: () => find("q")?.focus(),
        rewind: () => find("rewind-open").click(),
        sound: () => find("sound").click(),
        help: () => void use("help", (help) => help.open()),
      }),
    ),
  ];
  const importSettings = () => Promise.all(switchable).then(() => import("../ui/settings.js"));
  return [
    ...switchable,
    start("settings", importSettings, ({ createSettings }) =>
      createSettings({
        globe: {
          setReducedMotion: (now) => withGlobe((globe) => globe.setReducedMotion(now)),
          follow: (now) => withGlobe((globe) => globe.follow(now)),
          zoomBy: (levels) => withGlobe((globe) => globe.zoomBy(levels)),
        },
        prefs,
        switches: {
          announce: { on: true, set: (on) => void use("announcer", (announcer) => announcer.setOn(on)) },
          sound: { on: false, set: (on, byHand) => void use("sound", (sound) => sound.setOn(on, byHand)) },
          story: { on: true, set: (on) => void use("leadStory", (story) => story.setOn(on)) },
          keys: { on: true, set: (on) => void use("shortcuts", (shortcuts) => shortcuts.setOn(on)) },
        },
      }),
    ),
    start("pause", () => import("../ui/pause.js"), ({ createPause }) =>
      createPause(find("pause"), {
        note: find("pause-note"),
        onChange(paused) {
          feed.hold(paused);
          use("sound", (sound) => sound.pause(paused));
          withGlobe((globe) => globe.pause(paused));
          if (!paused) use("spotlights", (spotlights) => spotlights.resume());
        },
        announce: (text) => void use("announcer", (announcer) => announcer.addMessage(text)),
      }),
    ),
    start("help", () => import("../ui/help.js"), ({ createHelp }) =>
      createHelp(findDialog("help"), { opener: find("help-open") }),
    ),
    start("rewind", () => import("../ui/rewind.js"), ({ createRewind }) =>
      createRewind(/** @type {HTMLFormElement} */ (find("rewind")), {
        opener: find("rewind-open"),
        nowS: timeline.liveS,
        rewind: timeline.rewind,
        setSpeed: timeline.setSpeed,
        live: timeline.live,
        stage: find("stage"),
      }),
    ),
  ];
}

/** Filters, the search that sets them, the details of a connection, and the dialog that shares it. */
/** @param {Page} page */
function startSearch({ parts: { start, use }, prefs, timeline, feed, paused, withGlobe, playElement }) {
  const filterBy = filterWith(use);
  findDialog("card").addEventListener("close", feed.takeFocusBack); // after the browser has moved the focus
  return [
    start("filters", () => import("../search/filters.js"), ({ createFilters, placeShown }) =>
      createFilters(find("chips"), {
        shown: readJson("filters"),
        onChange(shown) {
          timeline.restart();
          const place = placeShown(shown);
          if (place) withGlobe((globe) => globe.flyTo(place.lon, place.lat));
        },
        onFocusLost: () => void use("search", (search) => search.focus()),
      }),
    ),
    start("search", () => import("../search/search.js"), ({ createSearch }) =>
      createSearch(find("explore"), { onPick: filterBy }),
    ),
    start("shareDialog", () => import("../moment/sharedialog.js"), ({ createShareDialog }) =>
      createShareDialog(findDialog("share"), { prefs }),
    ),
    start("details", () => import("../moment/details.js"), ({ createDetails }) =>
      createDetails(findDialog("card"), {
        onFilter: filterBy,
        onShare: (connection) => void use("shareDialog", (dialog) => dialog.open(connection)),
        onPlay: playElement && ((track) => void use("play", (play) => play.press(track))),
        hasHeart: ({ id }) => use("meetings", (meetings) => meetings.hasHeart(id)) ?? false,
        onHeart: (connection, on) => void use("meetings", (meetings) => meetings.setHeart(connection, on)),
        onShow: (connection) => void use("spotlights", (spotlights) => spotlights.open(connection)),
      }),
    ),
    start("spotlights", () => import("../moment/spotlights.js"), ({ createSpotlights }) =>
      createSpotlights({
        list: find("feed"),
        connectionOf: feed.connectionOf,
        card: findDialog("card"),
        closeCard: () => void use("details", (details) => details.close()),
        withGlobe,
        paused,
      }),
    ),
  ].map((part) => part.finally(() => (find("explore").hidden = false)));
}

/** The visitor's city, and their own plays. @param {Page} page */
function startVisitor(page) {
  const { parts, timeline, feed, playElement, paused, withMovingGlobe, withGlobe, yours, showDetails } = page;
  const { start, use } = parts;
  const city = start("homeCity", () => import("../visitor/homecity.js"), ({ createHomeCity }) =>
    createHomeCity(find("city"), {
      origin: base,
      storage: browserStorage(),
      isQuiet: (connection) => paused() || document.hidden || yours(connection) !== null,
      onConnection(connection) {
        if (timeline.isPast()) return;
        if (filtersOf(location.search).size === 0) timeline.add(connection);
        if (timeline.isFresh(connection)) withMovingGlobe((globe) => globe.glow(connection));
      },
      onChoose: showDetails,
      onNote: (connection, text) => void use("announcer", (announcer) => announcer.addOwn(connection, text)),
      onChange(home) {
        use("play", (play) => play.setHome(home));
        use("homeDay", (day) => day.setHome(home, true));
      },
    }),
  );
  const meetings = start("meetings", () => import("../visitor/shelf.js"), ({ createShelf }) =>
    createShelf(findDialog("meetings"), {
      opener: /** @type {HTMLButtonElement} */ (find("meetings-open")),
      storage: browserStorage(),
      origin: base,
      onChoose: showDetails,
      onHeart: () => void use("details", (details) => details.showHeart()),
    }),
  );
  const days = startDays(page, city);
  if (!playElement) return [city, meetings, ...days];
  const play = start("play", () => import("../visitor/play.js"), ({ createPlay }) =>
    createPlay(playElement, {
      home: () => use("homeCity", (made) => made.home()) ?? null,
      onNoCity: () => void use("homeCity", (made) => made.ask()),
      onBegin: () => timeline.isPast() && timeline.live(),
      onPress: ({ place, source }, track) =>
        withMovingGlobe((globe) => globe.spark({ source, at: timeline.liveS(), city: place, track })),
      onNear: (ends) => timeline.isPast() || withGlobe((globe) => globe.nearMiss(ends)),
      onTogether(connection) {
        if (timeline.isPast()) return;
        timeline.markShown(connection);
        feed.mark(connection);
        use("sound", (sound) => sound.playChord(connection));
        use("spotlights", (spotlights) => spotlights.tell(connection));
        use("meetings", (meetings) => meetings.add(connection, yours(connection)));
      },
      onShare: (connection) => void use("shareDialog", (dialog) => dialog.open(connection)),
    }),
  );
  return [city, meetings, play, ...days];
}
