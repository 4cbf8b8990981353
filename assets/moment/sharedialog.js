/**
 * The dialog that shares a moment: by the system's share sheet with a picture, by a link, on a social network, or as embed
 * code. It is modal: Escape, its button and a click beside it close it.
 *
 * @typedef {object} ShareOptions
 * @property {import("../ui/switches.js").Prefs} prefs  store the visitor's Mastodon server
 * @property {string} [origin]
 */
import { base } from "../common/baseurl.js";
import { apart, placeName, regionalLanguage } from "../common/format.js";
import { say } from "../common/i18n.js";
import { iframeOf } from "../embed/snippets.js";
import { mastodonHost, mastodonAddress, shareTargets } from "./sharetargets.js";

const PICTURE_MS = 3000; // browsers open the share sheet only soon after a click, so do not wait longer for the picture

/** The text of a post. @param {Connection} connection */
export function sentence(connection) {
  const { track, from, to } = connection;
  return say("{title} by {artist}: {one} and {other} pressed play together, {apart}.", {
    title: track.title,
    artist: track.artist,
    one: placeName(from),
    other: placeName(to),
    apart: apart(connection),
  });
}

/** The address of its picture, in the visitor's language and region. @param {string} id */
const storyAddress = (id) => `${base}/c/${id}/story.png?lang=${regionalLanguage}`;

/** The preview picture of its link, which is removed if it does not load. @param {Connection} connection */
function pictureOf({ id, track, from, to }) {
  const picture = new Image();
  picture.alt = say("A globe with an arc from {one} to {other}: {song}", {
    one: placeName(from),
    other: placeName(to),
    song: say("{title} by {artist}", { title: track.title, artist: track.artist }),
  });
  picture.addEventListener("error", () => picture.remove());
  picture.src = `${base}/c/${id}/card.png?lang=${regionalLanguage}`;
  return picture;
}

/** Its picture for the system's share sheet, or null if it does not load. @param {string} id */
async function loadStory(id) {
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
  const listeners = new AbortController();
  const kept = new Set();
  let address = "";
  let text = "";
  let code = "";
  /** @type {Promise<File | null>} */
  let story = Promise.resolve(null);

  /** Ask the server to keep the moment for longer. @param {string} id */
  async function keep(id) {
    if (kept.has(id)) return;
    kept.add(id);
    const answer = await fetch(`${base}/c/${id}/share`, { method: "POST", keepalive: true }).catch(() => null);
    if (!answer?.ok) kept.delete(id); // such as too many shares at once: ask again the next time
  }

  /** @param {Connection} connection */
  function fill(connection) {
    const { id } = connection;
    [address, text] = [`${origin}/c/${id}`, sentence(connection)];
    code = iframeOf(origin, { moment: id }, undefined, text);
    find("what", HTMLElement).textContent = text;
    find("what", HTMLElement).title = text;
    field.value = address;
    note.textContent = "";
    server.value = prefs.text("mastodon");
    for (const [name, href] of Object.entries(shareTargets(text, address))) find(name, HTMLAnchorElement).href = href;
    find("picture", HTMLElement).replaceChildren(pictureOf(connection));
    setDownload("story", storyAddress(id), `unison-${id}.png`);
    setDownload("code", `${base}/c/${id}/code.svg`, `unison-${id}.svg`);
    system.hidden = !("share" in navigator);
    story = "canShare" in navigator && !system.hidden ? loadStory(id) : Promise.resolve(null);
    setFormOpen(false);
  }

  /** Make a link download a file. @param {string} name @param {string} href @param {string} file */
  function setDownload(name, href, file) {
    const link = find(name, HTMLAnchorElement);
    [link.href, link.download] = [href, file];
  }

  /** @param {boolean} open */
  function setFormOpen(open) {
    form.hidden = !open;
    mastodon.setAttribute("aria-expanded", String(open));
    if (open) server.focus();
  }

  async function send() {
    const timeout = new Promise((resolve) => setTimeout(resolve, PICTURE_MS, null));
    const [file, post] = [await Promise.race([story, timeout]), { title: "Unison", text, url: address }];
    const withFile = file ? { ...post, files: [file] } : post;
    try {
      await navigator.share(file && navigator.canShare(withFile) ? withFile : post);
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return; // the visitor closed the sheet
      note.textContent = say("Your browser could not share it. Copy the link instead.");
    }
  }

  /** @param {string} copied @param {string} done  what the note says then */
  async function copy(copied, done) {
    try {
      await navigator.clipboard.writeText(copied);
      [field.value, note.textContent] = [address, done];
    } catch {
      [field.value, note.textContent] = [copied, say("Copy it from the field above.")];
      field.select(); // pages without TLS have no clipboard
    }
  }

  /** @param {Event} event */
  function post(event) {
    event.preventDefault();
    const instance = mastodonHost(server.value);
    note.textContent = instance ? "" : say("Enter a server name, such as mastodon.social.");
    if (!instance) return;
    prefs.save("mastodon", instance);
    window.open(mastodonAddress(instance, text, address), "_blank", "noopener,noreferrer");
  }

  /** @param {EventTarget} target @param {string} event @param {(event: any) => void} act */
  const on = (target, event, act) => target.addEventListener(event, act, { signal: listeners.signal });
  on(closer, "click", () => dialog.close());
  on(dialog, "click", ({ target }) => target === dialog && dialog.close());
  on(system, "click", send);
  on(mastodon, "click", () => setFormOpen(Boolean(form.hidden)));
  on(form, "submit", post);
  on(field, "focus", () => field.select());
  on(find("copy", HTMLButtonElement), "click", () => copy(address, say("Link copied.")));
  on(find("embed", HTMLButtonElement), "click", () => copy(code, say("Embed code copied.")));
  return {
    /** @param {Connection} connection */
    open(connection) {
      fill(connection);
      keep(connection.id);
      if (!dialog.open) dialog.showModal();
    },
    destroy() {
      listeners.abort();
      dialog.close();
    },
  };
}
