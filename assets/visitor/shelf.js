/**
 * "Your meetings": a shelf with the sleeves of the visitor's own meetings and of those they kept, in a dialog. They take it
 * along as one picture or as a file, and one button removes all.
 *
 * @typedef {object} ShelfOptions
 * @property {HTMLButtonElement} opener
 * @property {import("./meetings.js").Store | null} storage
 * @property {string} origin  the server's address
 * @property {(connection: Connection) => void} onChoose  the visitor picked one
 * @property {(id: string) => void} [onHeart]  a connection got a heart or lost it
 */
import { cityLabel, count as countText, dateTime, distance } from "../common/format.js";
import { say, sayCount, sayParts } from "../common/i18n.js";
import { sleeve } from "../common/sleeve.js";
import { isolated, placeElement } from "../feed/feed.js";
import { heartIcon } from "./heart.js";
import { createMeetings, exported, KEY, sumsOf } from "./meetings.js";

const SLEEVE = 176; // pixels
const REVOKE_MS = 60_000;

/** @param {HTMLDialogElement} dialog @param {ShelfOptions} options */
export function createShelf(dialog, { opener, storage, origin, onChoose, onHeart = () => {} }) {
  /** @param {string} name */
  const find = (name) => /** @type {HTMLElement} */ (dialog.querySelector(`[data-meetings="${name}"]`));
  const number = /** @type {HTMLElement} */ (opener.querySelector("b"));
  const closer = /** @type {HTMLElement} */ (dialog.querySelector("[data-close]"));
  const listeners = new AbortController();
  const meetings = createMeetings(storage, showCount);

  function showCount() {
    const all = meetings.all().length;
    number.hidden = all === 0;
    number.textContent = countText(all);
    opener.setAttribute("aria-label", all ? say("Your meetings: {n}", { n: countText(all) }) : say("Your meetings"));
    find("keep").hidden = !meetings.isPassing();
    for (const name of ["picture", "json", "remove"]) find(name).hidden = all === 0;
    find("share").hidden = all === 0 || !("canShare" in navigator);
    find("none").hidden = all > 0;
    find("about").textContent = meetings.isPassing()
      ? say("Your own meetings are not saved yet: they go when you close this page.")
      : say("Saved only in this browser.");
    find("facts").textContent = all ? factsOf(sumsOf(meetings.all())).join(" · ") : "";
  }

  function fill() {
    find("list").replaceChildren(...meetings.all().map(item));
    find("note").textContent = "";
    ask(false);
    showCount();
  }

  /** @param {import("./meetings.js").Meeting} meeting */
  function item({ connection, you }) {
    const { track, from, to, at } = connection;
    const tags = ["li", "button", "b", "span", "span", "time"];
    const [li, open, title, artist, cities, when] = tags.map((tag) => document.createElement(tag));
    [open.className, cities.className, artist.className] = ["open", "cities", "artist"];
    title.append(isolated(track.title));
    artist.append(isolated(track.artist));
    const [one, other] = [from, to].map((place, end) => {
      const element = placeElement(place);
      if ((you === "from" && end === 0) || (you === "to" && end === 1)) element.prepend(youMark(), " ");
      return element;
    });
    cities.append(...sayParts("{one} and {other}", { one, other }));
    /** @type {HTMLTimeElement} */ (when).dateTime = new Date(at * 1000).toISOString();
    when.textContent = dateTime(at);
    /** @type {HTMLButtonElement} */ (open).type = "button";
    open.append(sleeve(track.id, SLEEVE), title, artist, cities, when);
    open.addEventListener("click", () => {
      dialog.close();
      onChoose(connection);
    });
    li.append(open, heartButton(connection));
    return li;
  }

  /** @param {Connection} connection */
  function heartButton(connection) {
    const button = document.createElement("button");
    [button.type, button.className] = ["button", "heart"];
    const has = () => meetings.hasHeart(connection.id);
    button.setAttribute("aria-label", say("Keep {title}", { title: connection.track.title }));
    button.setAttribute("aria-pressed", String(has()));
    button.append(heartIcon());
    button.addEventListener("click", () => {
      setHeart(connection, !has()); // it stays in the list until the next time, so that a slip can be undone
      button.setAttribute("aria-pressed", String(has()));
    });
    return button;
  }

  /** @param {Connection} connection @param {boolean} heart */
  function setHeart(connection, heart) {
    meetings.setHeart(connection, heart);
    onHeart(connection.id);
  }

  /** Ask whether to remove all, or stop asking. @param {boolean} asking */
  function ask(asking) {
    find("confirm").hidden = !asking;
    find("deeds").hidden = asking;
    const all = meetings.all().length;
    if (asking) find("question").textContent = sayCount(
      "Remove {n} meeting? It is only in this browser, so it cannot come back.",
      "Remove {n} meetings? They are only in this browser, so they cannot come back.",
      all,
      { n: countText(all) },
    );
  }

  function removeAll() {
    const ids = meetings.all().map(({ connection }) => connection.id);
    meetings.removeAll();
    fill();
    find("note").textContent = say("All meetings are removed.");
    ids.forEach(onHeart);
    closer.focus();
  }

  async function picture() {
    // preloading skips an import of this form: few visitors ask for a picture
    const [{ drawShelf }] = await Promise.all([import("./shelfpicture.js")]);
    const canvas = document.createElement("canvas");
    const all = meetings.all();
    const [countries, farthest] = factsOf(sumsOf(all));
    const counted = sayCount("meeting", "meetings", all.length);
    const { rtl, font } = { rtl: document.documentElement.dir === "rtl", font: getComputedStyle(document.body).fontFamily };
    await drawShelf(canvas, {
      meetings: all,
      number: countText(all.length),
      counted: `${counted} · ${countries}`,
      facts: farthest,
      motto: say("Two strangers, one song."),
      address: origin.replace(/^https?:\/\//, ""),
      rtl,
      font,
    });
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return new File([/** @type {Blob} */ (blob)], "unison-meetings.png", { type: "image/png" });
  }

  function json() {
    const text = JSON.stringify(exported(meetings.all(), { origin, nowMs: Date.now() }), null, 2);
    return new File([text], "unison-meetings.json", { type: "application/json" });
  }

  async function share() {
    const files = [await picture()];
    try {
      await navigator.share({ title: "Unison", files });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "AbortError") save(files[0]);
    }
  }

  /** @param {() => Promise<void> | void} act */
  const attempt = (act) => async () => {
    try {
      find("note").textContent = "";
      await act();
    } catch {
      find("note").textContent = say("Your browser could not make this file.");
    }
  };

  /** @param {string} name @param {() => void} act */
  const on = (name, act) => find(name).addEventListener("click", act, { signal: listeners.signal });
  const { signal } = listeners;
  opener.addEventListener("click", () => (fill(), dialog.showModal()), { signal });
  closer.addEventListener("click", () => dialog.close(), { signal });
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close(), { signal });
  window.addEventListener("storage", ({ key }) => (key === KEY || key === null) && showCount(), { signal });
  on("keep", () => {
    meetings.keep();
    find("note").textContent = say("Kept in this browser, and your next ones will be, too.");
    find("picture").focus();
  });
  on("picture", attempt(async () => save(await picture())));
  on("json", attempt(() => save(json())));
  on("share", attempt(share));
  on("remove", () => (ask(true), find("stay").focus()));
  on("stay", () => (ask(false), find("remove").focus()));
  on("removeall", removeAll);
  showCount();
  opener.hidden = false;

  return {
    /** The visitor met someone. @param {Connection} connection @param {import("./meetings.js").End} you */
    add: (connection, you) => meetings.add(connection, you),
    hasHeart: meetings.hasHeart,
    setHeart,
    destroy() {
      listeners.abort();
      dialog.close();
      opener.hidden = true;
    },
  };
}

/** What meetings amount to, in words: their countries, and the farthest. @param {ReturnType<typeof sumsOf>} sums */
function factsOf({ countries, farthest }) {
  const counted = sayCount("{n} country", "{n} countries", countries, { n: countText(countries) });
  if (!farthest) return [counted, ""];
  const [one, other] = [cityLabel(farthest.from), cityLabel(farthest.to)];
  return [counted, say("farthest: {one} and {other}, {distance}", { one, other, distance: distance(farthest.km) })];
}

/** Stands before the visitor's own city. */
function youMark() {
  const element = document.createElement("b");
  element.className = "you";
  element.textContent = say("You");
  return element;
}

/** Give the visitor a file. @param {File} file */
function save(file) {
  const link = document.createElement("a");
  [link.href, link.download] = [URL.createObjectURL(file), file.name];
  link.click();
  setTimeout(URL.revokeObjectURL, REVOKE_MS, link.href);
}
