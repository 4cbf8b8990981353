/** What a frame shows, put together: what is shown goes to the globe, the list and the page around; or one moment does. */
import { createCaption } from "./caption.js";
import { createFeed } from "./feed.js";
import { createKeys } from "./keys.js";
import { createPause } from "./pause.js";
import { createSources } from "./sources.js";
import { createStatus } from "./status.js";
import { createTaps } from "./taps.js";
import { createTimeline } from "./timeline.js";
import { createView } from "./view.js";
import { lookUp, placeOf } from "./wishes.js";

const AGAIN_MS = 11_000; // a moment's arc flies, stands (HOLD_S in webapp/web/embed.py) and fades in less
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
  const view = createView(stage, { scene, over: OVER_STAGE });
  const list = document.getElementById("feed");
  const feed = list && createFeed(list, {
    most: LISTED,
    newer: /** @type {HTMLButtonElement} */ (find("newer")),
    colours: (track) => view.colours(track).css,
    onChoose: see,
  });
  const sources = createSources(find("sources"));
  const status = createStatus(find("status"));
  const caption = createCaption(find("caption"));
  const wish = matchMedia("(prefers-reduced-motion: reduce)");
  let filters = embed.filters;
  let name = "connecting";
  let asked = 0; // filters, one after the other
  const pause = createPause(find("pause"), {
    note: find("meanwhile"),
    turn(paused) {
      feed?.hold(paused);
      view.globe()?.pause(paused);
      tellStatus();
    },
    tell: nothing,
  });
  const onGlobe = () => (pause.paused() ? null : view.globe());

  const tellStatus = () => {
    const drawn = document.body.dataset.globe;
    bridge.tell("status", { stream: name, globe: drawn, paused: pause.paused(), source: find("sources").textContent });
  };

  /** A visitor picked it. @param {Connection} connection */
  function see(connection) {
    view.globe()?.replay(connection);
    caption.show(connection);
    bridge.tell("moment", connection);
  }

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let again;
  const timeline = createTimeline({
    filters: () => new URLSearchParams(filters),
    onState(state) {
      name = state.name;
      status.show(state);
      if (state.name === "past") sources.replay();
      tellStatus();
    },
    onHello(hello, unknown, news) {
      sources.begin(hello);
      feed?.fill(unknown);
      if (!pause.paused()) news.forEach(view.connect);
    },
    onConnection(connection, news) {
      feed?.add(connection, news);
      bridge.tell("connection", connection);
      if (pause.paused()) pause.miss();
    },
    onArc: (connection) => pause.paused() || view.connect(connection),
    onPulse: (pulse) => onGlobe()?.pulse(pulse),
    onSpark: (spark) => onGlobe()?.spark(spark),
    onFrame: sources.add,
    onTime: status.past,
    onLeave() {
      clearInterval(again);
      delete document.documentElement.dataset.moment;
      caption.close();
      view.leave();
      feed?.clear();
    },
  });

  /** Show one moment in its place. @param {Connection} connection */
  function stay(connection) {
    name = "moment";
    sources.begin({ now: connection.at, plays_by_source: { [connection.source]: 1 }, recent: [] });
    status.show({ name: "live" });
    caption.show(connection, { stays: true });
    feed?.fill([connection]);
    view.connect(connection);
    bridge.tell("moment", connection);
    again = setInterval(() => document.hidden || onGlobe()?.replay(connection), AGAIN_MS);
  }

  if (embed.moment) stay(embed.moment);
  else timeline.begin(embed.at);
  wish.addEventListener("change", () => view.globe()?.soothe(wish.matches));
  createTaps(stage, { pick: (at, reach) => view.globe()?.pick(at, reach) ?? null, onPick: see, onMiss: nothing });
  if (embed.controls) {
    const turn = (/** @type {number} */ east, /** @type {number} */ north) => view.globe()?.turn(east, north);
    const nearer = (/** @type {number} */ by) => view.globe()?.nearer(by);
    createKeys(document.body, { turn, nearer, pause: pause.toggle, search: nothing, help: nothing });
    find("nearer").addEventListener("click", () => nearer(NEARER));
    find("farther").addEventListener("click", () => nearer(-NEARER));
  }
  const begun = view.start({
    calm: () => wish.matches,
    nowS: timeline.shownS,
    onGlobe(globe) {
      globe.pause(pause.paused());
      globe.follow(embed.autorotate);
      if (embed.moment) globe.replay(embed.moment, { alone: true }); // in place of the still's
    },
  }).then(tellStatus);

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
      timeline.again();
    },
    /** @param {unknown} place */
    async flyTo(place) {
      const { lon, lat } = placeOf(place);
      await begun;
      view.globe()?.flyTo(lon, lat);
    },
  };
}
