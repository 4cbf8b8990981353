/**
 * Today: how many connections everyone was shown since the visitor's midnight, between how many countries, and the farthest
 * of them, as a link.
 *
 * @typedef {object} TodayOptions
 * @property {() => number} nowS  the server's clock
 * @property {(connection: Connection) => void} onChoose  the visitor picked the farthest one
 * @property {typeof import("../stream/todaytotals.js").fetchToday} [load]
 */
import { base } from "../common/baseurl.js";
import { cityLabel, count, distance } from "../common/format.js";
import { say, sayCount, sayParts } from "../common/i18n.js";
import { createTodayTotals } from "../stream/todaytotals.js";
import { isolated } from "./feed.js";

/**
 * A link to a connection's page. A plain click opens the connection on this page.
 *
 * @type {(connection: Connection, text: (Node | string)[], onChoose: (connection: Connection) => void) => HTMLAnchorElement}
 */
export function momentLink(connection, text, onChoose) {
  const link = document.createElement("a");
  link.href = `${base}/c/${connection.id}`;
  link.append(...text);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onChoose(connection);
  });
  return link;
}

/** Replace what an element has; if its link had the focus, the new one gets it. */
/** @param {HTMLElement} element @param {(Node | string)[]} parts */
export function replaceParts(element, parts) {
  const focused = element.contains(document.activeElement);
  element.replaceChildren(...parts);
  if (focused) element.querySelector("a")?.focus();
}

/** What stands for a link on a wall, which nobody can touch. @param {(Node | string)[]} parts */
function inOne(parts) {
  const element = document.createElement("span");
  element.append(...parts);
  return element;
}

/** @param {HTMLElement} element @param {TodayOptions} options */
export function createToday(element, { nowS, onChoose, load }) {
  /** @type {(name: string) => HTMLElement} */
  const find = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-today="${name}"]`));
  const isWall = "wall" in document.documentElement.dataset;
  /** @type {Connection | null} */
  let shown = null;

  /** @param {import("../stream/todaytotals.js").Totals} totals */
  function show({ meetings, countries, farthest }) {
    put("meetings", count(meetings));
    put("label", sayCount("meeting shown to everyone today", "meetings shown to everyone today", meetings));
    put("countries", sayCount("{n} country", "{n} countries", countries, { n: count(countries) }));
    if (farthest && farthest.id !== shown?.id) replaceParts(find("farthest"), farthestParts(farthest));
    else if (!farthest) find("farthest").replaceChildren();
    shown = farthest;
    element.dataset.known = "";
  }

  /** @param {Connection} farthest */
  function farthestParts(farthest) {
    const [one, other] = [farthest.from, farthest.to].map((place) => isolated(cityLabel(place)));
    const names = sayParts("{one} and {other}", { one, other });
    const link = isWall ? inOne(names) : momentLink(farthest, names, onChoose);
    const way = document.createElement("span");
    way.dataset.today = "way";
    way.append("(", isolated(distance(farthest.km)), ")"); // it may stand on a line of its own
    return [...sayParts("Farthest: {link}", { link }), " ", way];
  }

  /** @param {string} name @param {string} text */
  function put(name, text) {
    const target = find(name);
    if (target.textContent !== text) target.textContent = text;
  }

  return createTodayTotals({ nowS, onChange: show, load });
}
