/** The player in an embed's frame: the stream, or one moment, on the globe, in the list and as events to the host page. */
import { base } from "../common/baseurl.js";
import { say } from "../common/i18n.js";
import { mediaQuery } from "../common/mediaquery.js";
import { attempt, createParts } from "../common/parts.js";
import { createFeed } from "../feed/feed.js";
import { createStreamStatus } from "../feed/streamstatus.js";
import { createTimeline } from "../stream/timeline.js";
import { isBusy } from "../stage/busy.js";
import { checkFilter, parsePlace } from "./arguments.js";

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {ReturnType<typeof import("./caption.js").createCaption>} caption
 * @property {ReturnType<typeof import("../feed/sourcebadge.js").createSourceBadge>} sourceBadge
 * @property {ReturnType<typeof import("../ui/pause.js").createPause>} pause
 * @property {ReturnType<typeof import("../stage/leadstory.js").createLeadStory>} leadStory
 * @property {object} shortcuts
 * @property {object} clicks
 */

const REPLAY_MS = 11_000; // between two times that a moment's arc grows
const LISTED = 12;
const ZOOM_LEVELS = 0.5; // per press of a button
const OVERLAYS = [".heading", ".tools > *", ".state", "#caption", "footer", ".feed", ".story"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const nothing = () => {};

/**
 * @param {import("../pages/embed.js").Embed} embed
 * @param {{emit: (name: string, detail: unknown) => void}} host
 */
export async function createPlayer(embed, host) {
  const stage = find("stage");
  /** @type {ReturnType<typeof createParts<Parts>>} */
  const parts = createParts({
    note: find("failed-parts"),
    names: {
      caption: say("Details"),
      sourceBadge: say("Source of the plays"),
      pause: say("Pause"),
      shortcuts: say("Keyboard shortcuts"),
    },
    controls: { sourceBadge: ".source", pause: "#pause" },
    onFail: { globe: () => (document.body.dataset.globe = "none") }, // the style sheet then shows the placeholder
  });
  const { start, use } = parts;
  const list = document.getElementById("feed");
  const feed = list && createFeed(list, {
    max: LISTED,
    newer: /** @type {HTMLButtonElement} */ (find("newer")),
    colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
    onChoose: showCaption,
  });
  const status = createStreamStatus(find("status"));
  const reducedMotion = mediaQuery("(prefers-reduced-motion: reduce)");
  let filters = embed.filters;
  let streamState = "connecting";
  let filterCalls = 0;

  const paused = () => use("pause", (pause) => pause.paused()) ?? false;

  /** @param {(globe: import("../globe/view.js").Globe) => void} act */
  const withGlobe = (act) => void use("globe", (view) => view.withGlobe(act));

  /** @param {(globe: import("../globe/view.js").Globe) => void} act */
  const withMovingGlobe = (act) => void (paused() || withGlobe(act));

  const emitStatus = () => {
    const globe = document.body.dataset.globe;
    host.emit("status", { stream: streamState, globe, paused: paused(), source: find("sources").textContent });
  };

  /** Call the source badge, and tell the host if it changed. @param {(badge: Parts["sourceBadge"]) => void} act */
  function updateSource(act) {
    const before = find("sources").textContent;
    use("sourceBadge", act);
    if (find("sources").textContent !== before) emitStatus();
  }

  /** What the caption covers of the page, or null. */
  function captionBox() {
    const caption = find("caption");
    return caption.hidden ? null : caption.getBoundingClientRect();
  }

  const endSpotlight = () => withGlobe((globe) => globe.unspot());
  /** @param {Connection} connection */
  const drawMoment = (connection) =>
    withGlobe((globe) => globe.spotlight(connection, { again: true, alone: true, clearOf: captionBox() }));

  /** A visitor picked a connection. @param {Connection} connection */
  function showCaption(connection) {
    use("caption", (caption) => caption.show(connection));
    withGlobe((globe) => globe.spotlight(connection, { clearOf: captionBox() }));
    host.emit("moment", connection);
  }

  const turn = (/** @type {number} */ east, /** @type {number} */ north) => withGlobe((globe) => globe.turn(east, north));
  const zoomBy = (/** @type {number} */ levels) => withGlobe((globe) => globe.zoomBy(levels));
  await Promise.all([
    start("globe", () => import("../globe/view.js"), ({ createView }) =>
      createView(stage, { scene: JSON.parse(find("scene").textContent ?? ""), overlays: OVERLAYS }),
    ),
    start("sourceBadge", () => import("../feed/sourcebadge.js"), ({ createSourceBadge }) => createSourceBadge(find("sources"))),
    start("caption", () => import("./caption.js"), ({ createCaption }) => createCaption(find("caption"), { onClose: endSpotlight })),
    start("pause", () => import("../ui/pause.js"), ({ createPause }) =>
      createPause(find("pause"), {
        note: find("pause-note"),
        onChange(now) {
          feed?.hold(now);
          withGlobe((globe) => globe.pause(now));
          emitStatus();
        },
        announce: nothing,
      }),
    ),
    start("clicks", () => import("../globe/clicks.js"), ({ createClicks }) =>
      createClicks(stage, {
        pick: (at, reach) => use("globe", (view) => view.globe()?.pick(at, reach)) ?? null,
        onPick: showCaption,
        onMiss: () => void use("caption", (caption) => caption.dismiss()),
      }),
    ),
    embed.controls &&
      start("shortcuts", () => import("../ui/shortcuts.js"), ({ createShortcuts }) => {
        const pause = () => void use("pause", (made) => made.toggle());
        return createShortcuts(document.body, { turn, zoomBy, pause });
      }),
  ]);

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let replayTimer;
  const timeline = createTimeline({
    filters: () => new URLSearchParams(filters),
    onState(state) {
      streamState = state.name;
      status.show(state);
      if (state.name === "past") use("sourceBadge", (badge) => badge.beginReplay());
      emitStatus();
    },
    onHello(hello, unknown, fresh) {
      use("sourceBadge", (badge) => badge.begin(hello));
      attempt(() => feed?.fill(unknown));
      if (!paused()) fresh.forEach((connection) => use("globe", (view) => view.connect(connection)));
    },
    onConnection(connection, fresh) {
      attempt(() => feed?.add(connection, fresh));
      host.emit("connection", connection);
      if (paused()) use("pause", (pause) => pause.countMissed());
    },
    onLead: (connection) => void use("leadStory", (story) => story.setLead(connection)),
    onArc: (connection) => void (paused() || use("globe", (view) => view.connect(connection))),
    onPulse: (pulse) => withMovingGlobe((globe) => globe.pulse(pulse)),
    onSpark: (spark) => withMovingGlobe((globe) => globe.spark(spark)),
    onFrame: (frame) => updateSource((badge) => badge.add(frame)),
    onTime: status.showTime,
    onClear() {
      clearInterval(replayTimer);
      delete document.documentElement.dataset.moment;
      use("caption", (caption) => caption.close());
      use("globe", (view) => view.clear());
      use("leadStory", (story) => story.setLead(null));
      feed?.clear();
    },
  });

  /** The lead story, where nothing else is shown on purpose. */
  function startLeadStory() {
    return start("leadStory", () => import("../stage/leadstory.js"), ({ createLeadStory }) =>
      createLeadStory(find("story"), {
        isReady: () => !["poster", "loading"].includes(document.body.dataset.globe ?? ""),
        isBlocked: () =>
          paused() ||
          timeline.isPast() ||
          streamState === "moment" ||
          Object.keys(filters).length > 0 ||
          !find("caption").hidden ||
          isBusy(document),
        colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
        spotlit: () => use("globe", (view) => view.globe()?.spotlit()) ?? null,
        spotlight(connection, clearOf) {
          withGlobe((globe) => globe.spotlight(connection, { clearOf, flight: !reducedMotion.matches }));
        },
        unspot: () => withGlobe((globe) => globe.unspot()),
        onChoose: showCaption,
      }),
    );
  }

  /** Show one moment instead of the stream. @param {Connection} connection */
  function showMoment(connection) {
    streamState = "moment";
    const hello = { now: connection.at, plays_by_source: { [connection.source]: 1 }, recent: [] };
    use("sourceBadge", (badge) => badge.begin(hello));
    status.show({ name: "live" });
    use("caption", (caption) => caption.show(connection, { closable: false }));
    feed?.fill([connection]);
    use("globe", (view) => view.connect(connection));
    host.emit("moment", connection);
    const replay = () => document.hidden || paused() || drawMoment(connection);
    replayTimer = setInterval(replay, REPLAY_MS);
  }

  if (embed.lead) await startLeadStory();
  if (embed.moment) showMoment(embed.moment);
  else timeline.begin(embed.at);
  reducedMotion.listen(() => withGlobe((globe) => globe.setReducedMotion(reducedMotion.matches)));
  if (embed.controls) {
    find("zoom-in").addEventListener("click", () => zoomBy(ZOOM_LEVELS));
    find("zoom-out").addEventListener("click", () => zoomBy(-ZOOM_LEVELS));
  }
  const viewStarted = Promise.resolve(
    use("globe", (view) =>
      view.start({
        reducedMotion: () => reducedMotion.matches,
        nowS: timeline.shownS,
        onGlobe(globe) {
          globe.pause(paused());
          globe.follow(embed.autorotate);
          if (embed.moment) drawMoment(embed.moment); // instead of the placeholder's arc
        },
      }),
    ),
  ).then(emitStatus);

  return {
    pause: () => void (paused() || use("pause", (pause) => pause.toggle())),
    play: () => void (paused() && use("pause", (pause) => pause.toggle())),
    /** Show what passes a filter, or everything. @param {unknown} next */
    async setFilter(next) {
      const call = ++filterCalls;
      const checked = await checkFilter(base, next);
      if (call !== filterCalls) return; // there was a later call
      filters = checked;
      embed.moment = null;
      timeline.restart();
    },
    /** @param {unknown} place */
    async flyTo(place) {
      const { lon, lat } = parsePlace(place);
      await viewStarted;
      withGlobe((globe) => globe.flyTo(lon, lat));
    },
  };
}
