/**
 * The filters of the page's address, such as /?artist=..., as chips. Adding or removing a filter does not reload the page,
 * and the browser's back button undoes it.
 *
 * @typedef {object} FiltersOptions
 * @property {Found[]} shown  the address's filters, with their names from the server
 * @property {(shown: Found[]) => void} onChange
 * @property {() => void} onFocusLost  the chip with the focus was removed
 * @property {Window} [view]
 */
import { countryName, placeName } from "../common/format.js";
import { say, sayParts } from "../common/i18n.js";
import { attempt } from "../common/parts.js";
import { filtersOf } from "../stream/stream.js";

/** A filter's name. @type {(found: Found) => string} */
export function nameOf({ kind, label, detail, filter, country_code }) {
  if (kind === "track") return label ? say("{title} by {artist}", { title: label, artist: detail }) : say("one song");
  if (kind === "city" && detail) return placeName({ city: label, country: detail, country_code });
  if (kind === "country") return countryName(filter.country, label);
  return label || Object.values(filter)[0];
}

/** The address with these filters instead of its own. @type {(href: string, shown: Found[]) => string} */
export function addressOf(href, shown) {
  const url = new URL(href);
  for (const name of filtersOf(url.search).keys()) url.searchParams.delete(name);
  for (const { filter } of shown) for (const [name, value] of Object.entries(filter)) url.searchParams.set(name, value);
  return url.pathname + url.search + url.hash;
}

/** The place of the filters, in degrees: a city's before a country's. */
/** @type {(shown: Found[]) => {lon: number, lat: number} | null} */
export function placeShown(shown) {
  const placed = shown.flatMap(({ kind, lon, lat }) => (lon === undefined || lat === undefined ? [] : [{ kind, lon, lat }]));
  const found = placed.find(({ kind }) => kind === "city") ?? placed[0];
  return found ? { lon: found.lon, lat: found.lat } : null;
}

/** The filters of a query, without names. @type {(query: string) => Found[]} */
export const unnamed = (query) =>
  [...filtersOf(query)].map(([name, value]) => ({
    kind: /** @type {Found["kind"]} */ (name),
    label: name === "track" ? "" : value,
    detail: "",
    filter: { [name]: value },
  }));

/** The filters in a history state; null for states of another version. @param {any} state @returns {Found[] | null} */
const shownIn = (state) =>
  Array.isArray(state?.shown) && state.shown.every((/** @type {any} */ each) => typeof each?.filter === "object") ? state.shown : null;

/** @param {HTMLElement} element  for the chips @param {FiltersOptions} options */
export function createFilters(element, { shown, onChange, onFocusLost, view = window }) {
  const { history, location } = view;
  let now = shown.length ? shown : unnamed(location.search);

  /** @param {Found[]} next */
  function show(next) {
    now = next;
    const focused = element.contains(document.activeElement);
    element.replaceChildren(...next.map(chip));
    if (focused) onFocusLost();
  }

  /** @param {Found[]} next */
  function go(next) {
    if (addressOf(location.href, next) === addressOf(location.href, now)) return;
    try {
      history.pushState({ shown: next }, "", addressOf(location.href, next));
    } catch {
      return location.assign(addressOf(location.href, next)); // some browsers limit pushState per minute
    }
    show(next);
    onChange(now);
  }

  /** @param {PopStateEvent} event */
  function back({ state }) {
    show(shownIn(state) ?? unnamed(location.search));
    onChange(now);
  }

  /** @param {Found} found */
  function chip(found) {
    const rest = now.filter((other) => other !== found);
    const [element, text, name, link] = ["p", "span", "bdi", "a"].map((tag) => document.createElement(tag));
    const leave = /** @type {HTMLAnchorElement} */ (link);
    element.className = "chip";
    name.textContent = nameOf(found);
    text.append(...sayParts("Filter: {name}", { name }));
    text.title = text.textContent ?? "";
    leave.href = addressOf(location.href, rest);
    leave.textContent = "×";
    leave.title = say("Remove filter: {name}", { name: nameOf(found) });
    leave.setAttribute("aria-label", leave.title);
    leave.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(rest);
    });
    element.append(text, leave);
    return element;
  }

  attempt(() => history.replaceState({ shown: now }, ""));
  view.addEventListener("popstate", back);
  show(now);
  return {
    /** Replace all filters by one. @param {Found} found */
    only: (found) => go([found]),
    destroy() {
      view.removeEventListener("popstate", back);
      element.replaceChildren();
    },
  };
}
