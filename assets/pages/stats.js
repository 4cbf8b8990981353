/** The tiles of /stats: the server gives the last 24 hours, and this the visitor's own day, from their midnight on. */
import { base } from "../common/baseurl.js";
import { count, distance } from "../common/format.js";
import { say, sayCount, sayParts } from "../common/i18n.js";
import { placeElement } from "../feed/feed.js";
import { createTodayTotals } from "../stream/todaytotals.js";

const PATIENCE_MS = 1500;
const element = /** @type {HTMLElement} */ (document.getElementById("today"));
/** @type {(name: string) => HTMLElement} */
const find = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-today="${name}"]`));

/** @param {import("../stream/todaytotals.js").Totals} totals */
function show({ meetings, countries, farthest }) {
  ready();
  find("title").textContent = say("Today");
  find("meetings").textContent = count(meetings);
  find("meetings-label").textContent = sayCount("meeting", "meetings", meetings);
  find("countries").textContent = count(countries);
  find("countries-label").textContent = sayCount("country took part", "countries took part", countries);
  find("way").hidden = !farthest;
  if (!farthest) return;
  const [one, other] = [farthest.from, farthest.to].map(placeElement);
  const link = /** @type {HTMLAnchorElement} */ (find("farthest"));
  find("distance").textContent = distance(farthest.km);
  link.href = `${base}/c/${farthest.id}`;
  link.replaceChildren(...sayParts("{one} and {other}", { one, other }));
}

const ready = () => void (element.dataset.ready = "");
setTimeout(ready, PATIENCE_MS); // then the last 24 hours stand there
createTodayTotals({ nowS: () => Date.now() / 1000, onChange: show }).suspend();
document.documentElement.dataset.started = ""; // boot.js checks it
