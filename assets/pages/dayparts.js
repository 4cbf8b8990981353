/** Starts what counts the day: what everyone was shown since the visitor's midnight, and what their city saw. */
import { browserStorage } from "../common/preferences.js";

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {import("./index.js").Page} page
 * @param {Promise<void>} city  the visitor's city is known, or its part has failed
 */
export function startDays({ parts: { start, use }, timeline, withGlobe, showDetails, beginDay }, city) {
  const today = start("today", () => import("../feed/today.js"), ({ createToday }) =>
    createToday(find("today"), { nowS: timeline.liveS, onChoose: showDetails }),
  );
  const importHomeDay = () => city.then(() => import("../visitor/homeday.js"));
  const homeDay = start("homeDay", importHomeDay, ({ createHomeDay }) => {
    const day = createHomeDay(find("home-day"), {
      nowS: timeline.liveS,
      storage: browserStorage(),
      onChoose: showDetails,
      onSpot(spot, chosen) {
        withGlobe((globe) => globe.beacon(spot));
        if (spot && chosen) withGlobe((globe) => globe.flyTo(spot.lon, spot.lat));
      },
    });
    day.setHome(use("homeCity", (made) => made.home()) ?? null, false);
    return day;
  });
  return [today.then(() => beginDay("today")), homeDay.then(() => beginDay("homeDay"))];
}
