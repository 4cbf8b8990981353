/** What a frame shows, put together: what is shown goes to the globe, the list and the page around; or one moment does. */
import { base } from "../common/baseurl.js";
import { say } from "../common/i18n.js";
import { media } from "../common/mediaquery.js";
import { attempt, createParts } from "../common/parts.js";
import { createFeed } from "../feed/feed.js";
import { createStreamStatus } from "../feed/streamstatus.js";
import { createTimeline } from "../stream/timeline.js";
import { checkFilter, parsePlace } from "./arguments.js";

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {ReturnType<typeof import("./caption.js").createCaption>} caption
 * @property {ReturnType<typeof import("../feed/sourcebadge.js").createSourceBadge>} sources
 * @property {ReturnType<typeof import("../ui/pause.js").createPause>} pause
 * @property {object} keys
 * @property {object} taps
 */

const AGAIN_MS = 11_000; // a moment's arc flies, stands (HOLD_S in webapp/web/embed.py) and fades in less
const LISTED = 12;
const NEARER = 0.5;
const OVER_STAGE = [".heading", ".tools", ".state", "#caption", "footer", ".feed"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const nothing = () => {};

/**
 * @param {import("../pages/embed.js").Embed} embed
 * @param {{tell: (name: string, detail: unknown) => void}} bridge
 */
export async function show(embed, bridge) {
  const stage = find("stage");
  /** @type {ReturnType<typeof createParts<Parts>>} */
  const parts = createParts({
    note: find("trouble"),
    names: { caption: say("Details"), sources: say("Source of the plays"), pause: say("Pause"), keys: say("Keys") },
    controls: { sources: ".source", pause: "#pause" },
    onFail: { globe: () => (document.body.dataset.globe = "none") }, // a still stands in its place
  });
  const { start, use } = parts;
  const list = document.getElementById("feed");
  const feed = list && createFeed(list, {
    most: LISTED,
    newer: /** @type {HTMLButtonElement} */ (find("newer")),
    colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
    onChoose: see,
  });
  const status = createStreamStatus(find("status"));
  const wish = media("(prefers-reduced-motion: reduce)");
  let filters = embed.filters;
  let name = "connecting";
  let asked = 0; // filters, one after the other

  const paused = () => use("pause", (pause) => pause.paused()) ?? false;

  /** @param {(globe: import("../globe/view.js").Globe) => void} act */
  const withGlobe = (act) => void use("globe", (view) => view.draw(act));

  /** @param {(globe: import("../globe/view.js").Globe) => void} act */
  const onGlobe = (act) => void (paused() || withGlobe(act));

  const tellStatus = () => {
    const drawn = document.body.dataset.globe;
    bridge.tell("status", { stream: name, globe: drawn, paused: paused(), source: find("sources").textContent });
  };

  /** A visitor picked it. @param {Connection} connection */
  function see(connection) {
    withGlobe((globe) => globe.replay(connection));
    use("caption", (caption) => caption.show(connection));
    bridge.tell("moment", connection);
  }

  const turn = (/** @type {number} */ east, /** @type {number} */ north) => withGlobe((globe) => globe.turn(east, north));
  const nearer = (/** @type {number} */ by) => withGlobe((globe) => globe.nearer(by));
  await Promise.all([
    start("globe", () => import("../globe/view.js"), ({ createView }) =>
      createView(stage, { scene: JSON.parse(find("scene").textContent ?? ""), over: OVER_STAGE }),
    ),
    start("sources", () => import("../feed/sourcebadge.js"), ({ createSourceBadge }) => createSourceBadge(find("sources"))),
    start("caption", () => import("./caption.js"), ({ createCaption }) => createCaption(find("caption"))),
    start("pause", () => import("../ui/pause.js"), ({ createPause }) =>
      createPause(find("pause"), {
        note: find("meanwhile"),
        turn(now) {
          feed?.hold(now);
          withGlobe((globe) => globe.pause(now));
          tellStatus();
        },
        tell: nothing,
      }),
    ),
    start("taps", () => import("../globe/clicks.js"), ({ createClicks }) =>
      createClicks(stage, {
        pick: (at, reach) => use("globe", (view) => view.globe()?.pick(at, reach)) ?? null,
        onPick: see,
        onMiss: nothing,
      }),
    ),
    embed.controls &&
      start("keys", () => import("../ui/shortcuts.js"), ({ createShortcuts }) => {
        const pause = () => void use("pause", (made) => made.toggle());
        return createShortcuts(document.body, { turn, nearer, pause, search: nothing, help: nothing });
      }),
  ]);

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let again;
  const timeline = createTimeline({
    filters: () => new URLSearchParams(filters),
    onState(state) {
      name = state.name;
      status.show(state);
      if (state.name === "past") use("sources", (sources) => sources.replay());
      tellStatus();
    },
    onHello(hello, unknown, news) {
      use("sources", (sources) => sources.begin(hello));
      attempt(() => feed?.fill(unknown));
      if (!paused()) news.forEach((connection) => use("globe", (view) => view.connect(connection)));
    },
    onConnection(connection, news) {
      attempt(() => feed?.add(connection, news));
      bridge.tell("connection", connection);
      if (paused()) use("pause", (pause) => pause.miss());
    },
    onArc: (connection) => void (paused() || use("globe", (view) => view.connect(connection))),
    onPulse: (pulse) => onGlobe((globe) => globe.pulse(pulse)),
    onSpark: (spark) => onGlobe((globe) => globe.spark(spark)),
    onFrame: (frame) => void use("sources", (sources) => sources.add(frame)),
    onTime: status.past,
    onLeave() {
      clearInterval(again);
      delete document.documentElement.dataset.moment;
      use("caption", (caption) => caption.close());
      use("globe", (view) => view.leave());
      feed?.clear();
    },
  });

  /** Show one moment in its place. @param {Connection} connection */
  function stay(connection) {
    name = "moment";
    const before = { now: connection.at, plays_by_source: { [connection.source]: 1 }, recent: [] };
    use("sources", (sources) => sources.begin(before));
    status.show({ name: "live" });
    use("caption", (caption) => caption.show(connection, { stays: true }));
    feed?.fill([connection]);
    use("globe", (view) => view.connect(connection));
    bridge.tell("moment", connection);
    again = setInterval(() => document.hidden || onGlobe((globe) => globe.replay(connection)), AGAIN_MS);
  }

  if (embed.moment) stay(embed.moment);
  else timeline.begin(embed.at);
  wish.listen(() => withGlobe((globe) => globe.setReducedMotion(wish.matches)));
  if (embed.controls) {
    find("nearer").addEventListener("click", () => nearer(NEARER));
    find("farther").addEventListener("click", () => nearer(-NEARER));
  }
  const begun = Promise.resolve(
    use("globe", (view) =>
      view.start({
        calm: () => wish.matches,
        nowS: timeline.shownS,
        onGlobe(globe) {
          globe.pause(paused());
          globe.follow(embed.autorotate);
          if (embed.moment) globe.replay(embed.moment, { alone: true }); // in place of the still's
        },
      }),
    ),
  ).then(tellStatus);

  return {
    pause: () => void (paused() || use("pause", (pause) => pause.toggle())),
    play: () => void (paused() && use("pause", (pause) => pause.toggle())),
    /** Show what passes a filter, or everything. @param {unknown} next */
    async setFilter(next) {
      const wished = ++asked;
      const found = await checkFilter(base, next);
      if (wished !== asked) return; // a later wish is under way
      filters = found;
      embed.moment = null;
      timeline.again();
    },
    /** @param {unknown} place */
    async flyTo(place) {
      const { lon, lat } = parsePlace(place);
      await begun;
      withGlobe((globe) => globe.flyTo(lon, lat));
    },
  };
}
