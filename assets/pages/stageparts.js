/** Starts the lead story. */
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
