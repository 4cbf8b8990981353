/** Starts what the page puts on stage: the lead story, and the song that very many people play at once. */
import { isBusy } from "../stage/busy.js";
import { filtersOf } from "../stream/stream.js";

/** @param {import("./index.js").Page} page */
export function startLeadStory({ parts: { start, use }, timeline, paused, withGlobe, showDetails }) {
  return start("leadStory", () => import("../stage/leadstory.js"), ({ createLeadStory }) =>
    createLeadStory(/** @type {HTMLElement} */ (document.getElementById("story")), {
      always: "wall" in document.documentElement.dataset,
      isReady: () => document.body.dataset.globe !== "loading",
      isBlocked: () => paused() || timeline.isPast() || filtersOf(location.search).size > 0 || isBusy(document),
      colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
      spotlit: () => use("globe", (view) => view.globe()?.spotlit()) ?? null,
      spotlight(connection, clearOf) {
        const flight = !use("settings", (settings) => settings.reducedMotion());
        withGlobe((globe) => globe.spotlight(connection, { clearOf, flight }));
      },
      unspot: () => withGlobe((globe) => globe.unspot()),
      onChoose: showDetails,
    }),
  );
}

/** Replaces all filters by one. @param {import("./index.js").Page["parts"]["use"]} use @returns {(found: Found) => void} */
export function filterWith(use) {
  return (found) => {
    const done = use("filters", (filters) => (filters.only(found), true));
    if (!done) location.search = String(new URLSearchParams(found.filter));
  };
}

/** The song that very many people play at once. @param {import("./index.js").Page} page */
export function startCrowd({ parts: { start, use }, paused, withGlobe, withMovingGlobe }) {
  const isWall = "wall" in document.documentElement.dataset;
  const filterByTrack = (/** @type {Track} */ { id, title, artist }) =>
    filterWith(use)({ kind: "track", label: title, detail: artist, filter: { track: id } });
  return [
    start("crowd", () => import("../feed/crowd.js"), ({ createCrowd }) =>
      createCrowd(/** @type {HTMLElement} */ (document.getElementById("crowd")), {
        colours: (track) => use("globe", (view) => view.colours(track).css) ?? [],
        isStill: paused,
        onLead: (track) => withGlobe((globe) => globe.suppress(track && track.id)),
        onFlare(city, track, strength) {
          const colours = () => use("globe", (view) => view.colours(track).rgb) ?? [[1, 1, 1]];
          withMovingGlobe((globe) => globe.flare(city, colours, strength));
        },
        announce: (text) => void use("announcer", (announcer) => announcer.addMessage(text)),
        onChoose: isWall ? null : filterByTrack,
      }),
    ),
  ];
}
