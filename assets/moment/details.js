/** The details of a connection, with filters for more like it. Escape and its button close it. */
import { base } from "../common/baseurl.js";
import { apart, cityLabel, dateTime, distance, placeName } from "../common/format.js";
import { localTimes } from "../common/localtimes.js";
import { sayParts } from "../common/i18n.js";
import { sleeve } from "../common/sleeve.js";
import { listenElements } from "./listen.js";

const SLEEVE = 96; // pixels

/** The filters for more like a connection. @type {(connection: Connection) => Found[]} */
export function filtersFor({ track, from, to }) {
  /** @type {Found[]} */
  const found = [
    { kind: "artist", label: track.artist, detail: "", filter: { artist: track.artist } },
    { kind: "track", label: track.title, detail: track.artist, filter: { track: track.id } },
  ];
  for (const place of [from, to]) {
    const { geoname_id, country: detail, country_code, lon, lat } = place;
    found.push({ kind: "city", label: cityLabel(place), detail, filter: { city: String(geoname_id) }, lon, lat, country_code });
  }
  return found;
}

/**
 * @typedef {object} DetailsOptions
 * @property {(found: Found) => void} onFilter
 * @property {(connection: Connection) => void} onShare
 * @property {((track: Track) => void) | null} onPlay  null where visitors cannot play songs
 * @property {(connection: Connection | null) => void} [onShow]  null once it is closed
 * @property {(connection: Connection) => boolean} hasHeart  whether the visitor keeps it
 * @property {(connection: Connection, heart: boolean) => void} onHeart
 */

/** @param {HTMLDialogElement} dialog @param {DetailsOptions} options */
export function createDetails(dialog, { onFilter, onShare, onPlay, hasHeart, onHeart, onShow = () => {} }) {
  /** @type {(name: string) => HTMLElement} */
  const find = (name) => /** @type {HTMLElement} */ (dialog.querySelector(`[data-card="${name}"]`));
  const closer = /** @type {HTMLElement} */ (dialog.querySelector("[data-close]"));
  /** @type {Connection | null} */
  let shown = null;

  /** @param {Connection} connection */
  function fill(connection) {
    const { at, km, track, from, to, id } = connection;
    dialog.dataset.id = id;
    shown = connection;
    const page = /** @type {HTMLAnchorElement} */ (find("page"));
    [page.href, page.textContent] = [`${base}/c/${id}`, track.title];
    find("artist").textContent = track.artist;
    find("from").textContent = placeName(from);
    find("to").textContent = placeName(to);
    find("times").textContent = localTimes(connection);
    find("facts").textContent = [apart(connection), distance(km), dateTime(at)].join(" · ");
    find("sleeve").replaceChildren(sleeve(track.id, SLEEVE));
    find("listen").replaceChildren(...listenElements(track));
    showHeart();
    find("only").replaceChildren(...filtersFor(connection).map(filterButton));
  }

  /** @param {Found} found */
  function filterButton(found) {
    const [button, name] = [document.createElement("button"), document.createElement("bdi")];
    button.type = "button";
    name.textContent = found.label;
    button.append(...sayParts("Show {name}", { name }));
    button.addEventListener("click", () => {
      close();
      onFilter(found);
    });
    return button;
  }

  function close() {
    dialog.close();
    onShow(null);
  }

  const showHeart = () => find("heart").setAttribute("aria-pressed", String(shown !== null && hasHeart(shown)));
  const turnHeart = () => {
    if (shown) onHeart(shown, !hasHeart(shown));
    showHeart();
  };
  const share = () => shown && onShare(shown);
  const play = () => {
    close();
    if (shown) onPlay?.(shown.track);
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  closer.addEventListener("click", close);
  find("share").addEventListener("click", share);
  find("heart").addEventListener("click", turnHeart);
  find("play").hidden = !onPlay;
  find("play").addEventListener("click", play);
  dialog.addEventListener("keydown", press);
  return {
    /** @param {Connection} connection */
    open(connection) {
      fill(connection);
      if (!dialog.open) dialog.show();
      onShow(connection);
    },
    close,
    /** Show whether the visitor keeps the connection. */
    showHeart,
    destroy() {
      find("heart").removeEventListener("click", turnHeart);
      closer.removeEventListener("click", close);
      find("share").removeEventListener("click", share);
      find("play").removeEventListener("click", play);
      dialog.removeEventListener("keydown", press);
      close();
    },
  };
}
