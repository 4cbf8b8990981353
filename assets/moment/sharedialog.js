/**
 * The menu that passes a moment on: by the system's own sheet with its picture, by a link, to a network, as code for
 * another page. It is modal: Escape, its button and a click beside it close it, and the focus goes back.
 *
 * @typedef {object} ShareOptions
 * @property {import("../ui/switches.js").Prefs} prefs  which keep the visitor's Mastodon server
 * @property {string} [origin]
 */
import { base } from "../common/baseurl.js";
import { apart, placeName } from "../common/format.js";
import { language, say } from "../common/i18n.js";
import { iframeOf } from "../embed/snippets.js";
import { mastodonHost, mastodonAddress, shareTargets } from "./sharetargets.js";

const PICTURE_MS = 3000; // a browser opens its sheet soon after a press only: rather without the picture than not at all

/** What is said of it where it goes. @param {Connection} connection */
export const sentence = ({ track, from, to, apart_ms }) =>
  say("{title} by {artist}: {one} and {other} pressed play together, {apart}.", {
    title: track.title,
    artist: track.artist,
    one: placeName(from),
    other: placeName(to),
    apart: apart(apart_ms),
  });

/** Where its picture is, in the visitor's words. @param {string} id */
const storyAddress = (id) => `${base}/c/${id}/story.png?lang=${language}`;

/** What its link unfolds to elsewhere, which disappears if it cannot be had. @param {Connection} connection */
function pictureOf({ id, track, from, to }) {
  const picture = new Image();
  picture.alt = say("A globe with an arc from {one} to {other}: {song}", {
    one: placeName(from),
    other: placeName(to),
    song: say("{title} by {artist}", { title: track.title, artist: track.artist }),
  });
  picture.addEventListener("error", () => picture.remove());
  picture.src = `${base}/c/${id}/card.png?lang=${language}`;
  return picture;
}

/** Its picture, for the system's sheet; null where it cannot be had. @param {string} id */
async function storyOf(id) {
  const answer = await fetch(storyAddress(id)).catch(() => null);
  return answer?.ok ? new File([await answer.blob()], `unison-${id}.png`, { type: "image/png" }) : null;
}

/** @param {HTMLDialogElement} dialog @param {ShareOptions} options */
export function createShareDialog(dialog, { prefs, origin = base }) {
  /** @template {HTMLElement} T @param {string} name @param {new () => T} _kind @returns {T} */
  const find = (name, _kind) => /** @type {T} */ (dialog.querySelector(`[data-share="${name}"]`));
  const field = find("link", HTMLInputElement);
  const form = find("instance", HTMLFormElement);
  const server = /** @type {HTMLInputElement} */ (form.querySelector("input"));
  const system = find("system", HTMLButtonElement);
  const mastodon = find("Mastodon", HTMLButtonElement);
  const note = find("note", HTMLElement);
  const closer = /** @type {HTMLElement} */ (dialog.querySelector("[data-close]"));
  const leaving = new AbortController();
  const told = new Set();
  let address = "";
  let text = "";
  let code = "";
  /** @type {Promise<File | null>} */
  let story = Promise.resolve(null);

  /** Have the server keep it. @param {string} id */
  async function keep(id) {
    if (told.has(id)) return;
    told.add(id);
    const answer = await fetch(`${base}/c/${id}/share`, { method: "POST", keepalive: true }).catch(() => null);
    if (!answer?.ok) told.delete(id); // too much is being shared just now: the next time, then
  }

  /** @param {Connection} connection */
  function fill(connection) {
    const { id } = connection;
    [address, text] = [`${origin}/c/${id}`, sentence(connection)];
    code = iframeOf(origin, { moment: id }, undefined, text);
    find("what", HTMLElement).textContent = text;
    field.value = address;
    note.textContent = "";
    server.value = prefs.text("mastodon");
    for (const [name, href] of Object.entries(shareTargets(text, address))) find(name, HTMLAnchorElement).href = href;
    find("picture", HTMLElement).replaceChildren(pictureOf(connection));
    offer("story", storyAddress(id), `unison-${id}.png`);
    offer("code", `${base}/c/${id}/code.svg`, `unison-${id}.svg`);
    system.hidden = !("share" in navigator);
    story = "canShare" in navigator && !system.hidden ? storyOf(id) : Promise.resolve(null);
    unfold(false);
  }

  /** Have a link save a file. @param {string} name @param {string} href @param {string} file */
  function offer(name, href, file) {
    const link = find(name, HTMLAnchorElement);
    [link.href, link.download] = [href, file];
  }

  /** @param {boolean} open */
  function unfold(open) {
    form.hidden = !open;
    mastodon.setAttribute("aria-expanded", String(open));
    if (open) server.focus();
  }

  async function send() {
    const late = new Promise((resolve) => setTimeout(resolve, PICTURE_MS, null));
    const [file, words] = [await Promise.race([story, late]), { title: "Unison", text, url: address }];
    const whole = file ? { ...words, files: [file] } : words;
    try {
      await navigator.share(file && navigator.canShare(whole) ? whole : words);
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return; // the visitor left it
      note.textContent = say("Your browser did not send it; the link can be copied.");
    }
  }

  /** @param {string} what @param {string} done */
  async function copy(what, done) {
    try {
      await navigator.clipboard.writeText(what);
      [field.value, note.textContent] = [address, done];
    } catch {
      [field.value, note.textContent] = [what, say("Copy it from the field above.")];
      field.select(); // there is no clipboard for pages that came without TLS
    }
  }

  /** @param {Event} event */
  function post(event) {
    event.preventDefault();
    const instance = mastodonHost(server.value);
    note.textContent = instance ? "" : say("That is no server’s name; one is mastodon.social.");
    if (!instance) return;
    prefs.keep("mastodon", instance);
    window.open(mastodonAddress(instance, text, address), "_blank", "noopener,noreferrer");
  }

  /** @param {EventTarget} target @param {string} event @param {(event: any) => void} act */
  const on = (target, event, act) => target.addEventListener(event, act, { signal: leaving.signal });
  on(closer, "click", () => dialog.close());
  on(dialog, "click", ({ target }) => target === dialog && dialog.close());
  on(system, "click", send);
  on(mastodon, "click", () => unfold(Boolean(form.hidden)));
  on(form, "submit", post);
  on(field, "focus", () => field.select());
  on(find("copy", HTMLButtonElement), "click", () => copy(address, say("The link is copied.")));
  on(find("embed", HTMLButtonElement), "click", () => copy(code, say("The embed code is copied.")));
  return {
    /** @param {Connection} connection */
    open(connection) {
      fill(connection);
      keep(connection.id);
      if (!dialog.open) dialog.showModal();
    },
    destroy() {
      leaving.abort();
      dialog.close();
    },
  };
}
