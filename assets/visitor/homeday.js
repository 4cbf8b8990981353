/**
 * What the visitor's city saw: "London today: 214 meetings, farthest Perth", and how many of them since the last visit. The
 * time of the last visit is stored in this browser only, and only once a city is chosen.
 *
 * @typedef {import("./homecity.js").Home} Home
 * @typedef {import("./homecity.js").Store} Store
 * @typedef {{lon: number, lat: number, label: string}} Spot
 * @typedef {object} HomeDayOptions
 * @property {() => number} nowS  the server's clock
 * @property {Store | null} storage
 * @property {(connection: Connection) => void} onChoose
 * @property {(spot: Spot | null, chosen: boolean) => void} onSpot  where the city is; chosen: the visitor chose it just now
 * @property {typeof fetchToday} [load]
 */
import { cityLabel, count } from "../common/format.js";
import { sayCount, sayParts } from "../common/i18n.js";
import { isolated } from "../feed/feed.js";
import { momentLink, replaceParts } from "../feed/today.js";
import { createTodayTotals, earliest, fetchToday, QUARTER_S, quarterOf } from "../stream/todaytotals.js";
import { otherEnd } from "./homecity.js";

const KEY = "unison.visit";
const VISIT_S = 1800; // who comes back sooner was not away
const SAVE_S = 300;

/** When the page was last open, epoch seconds, or null. @param {Store | null} storage */
export function readVisit(storage) {
  try {
    const at = JSON.parse(storage?.getItem(KEY) ?? "null");
    return Number.isFinite(at) ? Number(at) : null;
  } catch {
    return null;
  }
}

/** @type {(storage: Store | null, atS: number | null) => void} */
export function saveVisit(storage, atS) {
  try {
    if (atS === null) storage?.removeItem(KEY);
    else storage?.setItem(KEY, String(Math.round(atS)));
  } catch {
    // storage is full or forbidden
  }
}

/**
 * From when on to count what the visitor missed, or null if they were not away. It begins with the next quarter hour, so that
 * nothing counts that they saw. more: they were away for longer than the server counts.
 *
 * @type {(lastS: number | null, nowS: number) => {since: number, more: boolean} | null}
 */
export function awaySince(lastS, nowS) {
  if (lastS === null || nowS - lastS < VISIT_S) return null;
  const next = quarterOf(lastS + QUARTER_S - 1);
  return { since: Math.max(next, earliest(nowS)), more: next < earliest(nowS) };
}

/** @param {HTMLElement} element @param {HomeDayOptions} options */
export function createHomeDay(element, { nowS, storage, onChoose, onSpot, load = fetchToday }) {
  /** @type {Home | null} */
  let home = null;
  /** @type {ReturnType<typeof createTodayTotals> | null} */
  let totals = null;
  /** @type {Spot | null} */
  let spot = null;
  /** @type {Hello | "filtered" | null} */
  let stream = null; // null before it begins
  /** @type {number | null} */
  let lastVisitS = null;
  let turn = 0;
  const [today, absence] = ["span", "span"].map((tag) => document.createElement(tag));
  const saver = setInterval(save, 1000 * SAVE_S);
  element.replaceChildren(today, " ", absence);

  function save() {
    if (home && !document.hidden) saveVisit(storage, nowS());
  }

  /** @param {Spot} next @param {boolean} chosen */
  function setSpot(next, chosen) {
    spot = next;
    onSpot(spot, chosen);
  }

  /** @param {Home} mine @param {import("../stream/todaytotals.js").Totals} totals */
  function show(mine, { meetings, farthest }) {
    const city = isolated(mine.label);
    const other = farthest && otherEnd(mine.id, farthest);
    const counted = sayCount("{n} meeting", "{n} meetings", meetings, { n: count(meetings) });
    element.hidden = false;
    if (meetings === 0) replaceParts(today, sayParts("{city} today: no meeting shown to everyone yet", { city }));
    else if (!other) replaceParts(today, sayParts("{city} today: {meetings}", { city, meetings: counted }));
    else {
      const place = momentLink(farthest, [isolated(cityLabel(other))], onChoose);
      replaceParts(today, sayParts("{city} today: {meetings}, farthest {place}", { city, meetings: counted, place }));
    }
  }

  /** Begin to count, once the stream tells the server's time. */
  function start() {
    if (!totals || !home || stream === null) return;
    if (stream === "filtered") totals.suspend();
    else totals.begin(stream);
    const missed = awaySince(lastVisitS, nowS());
    lastVisitS = null;
    if (missed) showMissed(home, missed);
    save();
  }

  /** @param {Home} mine @param {{since: number, more: boolean}} away */
  async function showMissed(mine, { since, more }) {
    const asked = ++turn;
    const { meetings: n } = await load(since, mine.id).catch(() => ({ meetings: 0 }));
    if (asked !== turn || n === 0) return;
    const values = { n: count(n) };
    absence.textContent = more
      ? sayCount("More than {n} since your last visit", "More than {n} since your last visit", n, values)
      : sayCount("{n} since your last visit", "{n} since your last visit", n, values);
  }

  function clear() {
    totals?.destroy();
    totals = spot = null;
    turn += 1;
    element.hidden = true;
    today.textContent = absence.textContent = "";
  }

  const handleVisibility = () => home && saveVisit(storage, nowS());
  document.addEventListener("visibilitychange", handleVisibility);
  addEventListener("pagehide", handleVisibility);
  return {
    /** @param {Home | null} next @param {boolean} chosen  the visitor chose or removed it just now */
    setHome(next, chosen) {
      clear();
      home = next;
      if (chosen) saveVisit(storage, next && nowS());
      if (!next) return onSpot(null, chosen);
      const { id, label, lon, lat } = next;
      element.hidden = false;
      today.textContent = "\u00a0"; // keeps the line's room
      if (lon !== undefined && lat !== undefined) setSpot({ lon, lat, label }, chosen);
      totals = createTodayTotals({
        nowS,
        city: id,
        load,
        onChange(totals, { city }) {
          show(next, totals);
          if (city && !spot) setSpot({ lon: city.lon, lat: city.lat, label }, chosen);
        },
      });
      lastVisitS = chosen ? null : readVisit(storage);
      start();
    },
    /** Where the city is, once that is known. */
    spot: () => spot,
    /** @param {Hello} hello */
    begin(hello) {
      stream = hello;
      start();
    },
    /** @param {Frame} frame */
    add: (frame) => totals?.add(frame),
    suspend() {
      stream = "filtered";
      start();
    },
    destroy() {
      clear();
      clearInterval(saver);
      document.removeEventListener("visibilitychange", handleVisibility);
      removeEventListener("pagehide", handleVisibility);
    },
  };
}
