/** What a frame shows, put together: the stream goes to the globe, the list and the page around; or one moment does. */
import { loadGlobe } from "./bundle.js";
import { createCaption } from "./caption.js";
import { createClock } from "./clock.js";
import { createFeed } from "./feed.js";
import { beginsAbove } from "./geo.js";
import { createKeys } from "./keys.js";
import { boxesOver } from "./over.js";
import { songColours } from "./palette.js";
import { createPast, loadPast } from "./past.js";
import { createPause } from "./pause.js";
import { createPresence } from "./presence.js";
import { createRecent } from "./recent.js";
import { createSources } from "./sources.js";
import { createStatus } from "./status.js";
import { createStill } from "./still.js";
import { createStream } from "./stream.js";
import { createTaps } from "./taps.js";
import { createTheme } from "./theme.js";
import { lookUp, placeOf } from "./wishes.js";

const OLD_S = 6; // what is older than this when it comes is no news for the globe
const BACKLOG_MS = 150;
const AGAIN_MS = 11_000; // a moment's arc flies, stands (HOLD_S in webapp/embed.py) and fades in less
const LISTED = 12;
const NEARER = 0.5;
const OVER_STAGE = [".heading", ".tools", ".state", "#caption", "footer", ".feed"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const nothing = () => {};

/**
 * @param {import("./framed.js").Embed} embed
 * @param {{tell: (name: string, detail: unknown) => void}} bridge
 */
export function show(embed, bridge) {
  const scene = JSON.parse(find("scene").textContent ?? "");
  const stage = find("stage");
  /** @type {ReturnType<typeof import("./globe.js").createGlobe> | null} */
  let globe = null;
  const theme = createTheme(document.documentElement, {
    themes: scene.themes,
    onLook: () => globe?.repaint(theme.layers()),
    keep: nothing,
  });
  const colours = songColours(() => theme.layers().arcs.pairs);
  const longitude = beginsAbove(scene);
  const still = createStill(/** @type {HTMLElement} */ (stage.querySelector(".poster")), {
    lonDeg: longitude,
    latDeg: scene.initialViewState.latitude,
    away: 3.8,
  });
  const list = document.getElementById("feed");
  const feed = list && createFeed(list, {
    most: LISTED,
    newer: /** @type {HTMLButtonElement} */ (find("newer")),
    colours: (track) => colours(track).css,
    onChoose: see,
  });
  const sources = createSources(find("sources"));
  const status = createStatus(find("status"));
  const presence = createPresence(document);
  const caption = createCaption(find("caption"));
  const wish = matchMedia("(prefers-reduced-motion: reduce)");
  let recent = createRecent();
  let serverAheadS = 0;
  /** What is shown in place of now. @type {ReturnType<typeof createPast> | null} */
  let past = null;
  let filters = embed.filters;
  let name = "connecting";
  let asked = 0; // filters, one after the other
  const pause = createPause(find("pause"), {
    note: find("meanwhile"),
    turn(paused) {
      feed?.hold(paused);
      globe?.pause(paused);
      tellStatus();
    },
    tell: nothing,
  });

  const tellStatus = () => {
    const drawn = document.body.dataset.globe;
    bridge.tell("status", { stream: name, globe: drawn, paused: pause.paused(), source: find("sources").textContent });
  };

  /** @param {Connection} connection @param {number} turn its place in the frame */
  function came(connection, turn) {
    if (!recent.add(connection.id)) return;
    feed?.add(connection, isNew(connection));
    bridge.tell("connection", connection);
    if (pause.paused()) pause.miss();
    else if (isNew(connection)) setTimeout(draw, turn * BACKLOG_MS, connection);
  }

  /** @param {Connection} connection */
  function draw(connection) {
    if (pause.paused() || !isSeen(connection)) return;
    join(connection);
  }

  /** @param {Connection} connection */
  function join(connection) {
    if (globe) globe.connect(connection);
    else still.connect(connection, colours(connection.track).css);
  }

  /** A visitor picked it. @param {Connection} connection */
  function see(connection) {
    globe?.replay(connection);
    caption.show(connection);
    bridge.tell("moment", connection);
  }

  /** @param {{at: number}} event */
  const isSeen = ({ at }) => (past ? !document.hidden : at - serverAheadS > presence.sinceMs() / 1000);
  const shownS = () => past?.atS() ?? Date.now() / 1000 + serverAheadS;
  /** @param {{at: number}} event */
  const isNew = (event) => isSeen(event) && shownS() - event.at < OLD_S;
  const onGlobe = () => (pause.paused() ? null : globe);

  const openStream = () => createStream({
    origin: location.origin,
    filters: new URLSearchParams(filters),
    onState(state) {
      status.show(state);
      name = state.name;
      tellStatus();
    },
    onHello(hello) {
      serverAheadS = hello.now - Date.now() / 1000;
      sources.begin(hello);
      const unknown = hello.recent.filter(({ id }) => recent.add(id));
      feed?.fill(unknown);
      if (!pause.paused()) unknown.filter(isNew).forEach(join);
    },
    onFrame: showFrame,
  });

  /** @param {Frame} frame */
  function showFrame(frame) {
    frame.connections.forEach(came);
    frame.pulses.filter(isNew).forEach((pulse) => onGlobe()?.pulse(pulse));
    (frame.sparks ?? []).filter(isNew).forEach((spark) => onGlobe()?.spark(spark));
    sources.add(frame);
  }

  /** @type {ReturnType<typeof createStream> | null} */
  let stream = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let again;

  /** Show the stream, from the beginning. */
  function live() {
    clear();
    stream = openStream();
  }

  /** Show what was shown then, and then now if it comes so far. @param {number} fromS */
  function lookBack(fromS) {
    clear();
    past = createPast({
      load: (from, seconds) => loadPast(new URLSearchParams(filters), from, seconds),
      fromS,
      pace: 1,
      onFrame: showFrame,
      onTime: status.past,
      onNow(nowS) {
        serverAheadS = nowS - Date.now() / 1000;
      },
      onEnd: live,
    });
    name = "past";
    sources.replay();
    tellStatus();
  }

  /** Leave what is shown. */
  function clear() {
    clearInterval(again);
    delete document.documentElement.dataset.moment;
    caption.close();
    stream?.destroy();
    past?.destroy();
    stream = past = null;
    recent = createRecent();
    still.leave();
    feed?.clear();
  }

  /** Show one moment in its place. @param {Connection} connection */
  function stay(connection) {
    name = "moment";
    sources.begin({ now: connection.at, plays_by_source: { [connection.source]: 1 }, recent: [] });
    status.show({ name: "live" });
    caption.show(connection, { stays: true });
    feed?.fill([connection]);
    bridge.tell("moment", connection);
    again = setInterval(() => document.hidden || onGlobe()?.replay(connection), AGAIN_MS);
  }

  if (embed.moment) stay(embed.moment);
  else if (embed.at !== null) lookBack(embed.at);
  else live();
  window.addEventListener("online", () => (past ?? stream)?.hurry());
  wish.addEventListener("change", () => globe?.soothe(wish.matches));
  createTaps(stage, { pick: (at, reach) => globe?.pick(at, reach) ?? null, onPick: see, onMiss: nothing });
  if (embed.controls) {
    const turn = (/** @type {number} */ east, /** @type {number} */ north) => globe?.turn(east, north);
    const nearer = (/** @type {number} */ by) => globe?.nearer(by);
    createKeys(document.body, { turn, nearer, pause: pause.toggle, search: nothing, help: nothing });
    find("nearer").addEventListener("click", () => nearer(NEARER));
    find("farther").addEventListener("click", () => nearer(-NEARER));
  }
  const begun = startGlobe().catch((error) => {
    console.warn(error);
    document.body.dataset.globe = "none";
    still.stay();
    if (embed.moment) still.connect(embed.moment, colours(embed.moment.track).css);
  }).then(tellStatus);

  async function startGlobe() {
    const { createGlobe, fields } = await loadGlobe();
    globe = createGlobe(stage, {
      scene,
      fields,
      clock: createClock(location.search, () => shownS() * 1000),
      calm: wish.matches,
      longitude,
      colours,
      mine: () => false,
      paint: theme.layers(),
      obstacles: () => boxesOver(stage, OVER_STAGE),
    });
    for (const { connection } of still.leave()) globe.connect(connection, { landed: true });
    globe.pause(pause.paused());
    globe.follow(embed.autorotate);
    if (embed.moment) globe.replay(embed.moment);
    document.body.dataset.globe = "ready";
  }

  return {
    pause: () => void (pause.paused() || pause.toggle()),
    play: () => void (pause.paused() && pause.toggle()),
    /** Show what passes a filter, or everything. @param {unknown} next */
    async setFilter(next) {
      const turn = ++asked;
      const found = await lookUp(location.origin, next);
      if (turn !== asked) return; // a later wish is under way
      filters = found;
      embed.moment = null;
      if (past) lookBack(past.atS());
      else live();
    },
    /** @param {unknown} place */
    async flyTo(place) {
      const { lon, lat } = placeOf(place);
      await begun;
      globe?.flyTo(lon, lat);
    },
  };
}
