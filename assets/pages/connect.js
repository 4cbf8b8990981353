/**
 * The page on which listeners connect their players: a city, a token, how to set the player up, and its first play.
 *
 * The token is in the page's memory only, unless the visitor keeps it in the tab.
 */
import { base as ownBase } from "../common/baseurl.js";
import { dateTime, placeName, time } from "../common/format.js";
import { say, sayParts } from "../common/i18n.js";
import { createNameField } from "../search/namefield.js";
import { createFirstPlay } from "../visitor/firstplay.js";
import { filled, fits, isPersonal, valuesOf } from "../visitor/guidetexts.js";
import { createPlayerTokens, TokenError } from "../visitor/playertokens.js";

/** @typedef {import("../visitor/playertokens.js").TokenStatus} TokenStatus */

const KEY = "unison.token"; // in the session's storage, if the visitor wants it there
const [TOKEN, USER] = [say("token"), say("user name")]; // stand in the guides until there is a token
const COPIED_MS = 2000;
const SOON_S = 12 * 3600;

/** @type {<T extends HTMLElement>(id: string) => T} */
const find = (id) => /** @type {any} */ (document.getElementById(id));
/** @type {<T extends HTMLElement>(selector: string) => T[]} */
const all = (selector) => /** @type {any} */ ([...document.querySelectorAll(selector)]);
const isCityAlwaysNamed = document.body.dataset.k === "0";
const base = document.body.dataset.base || ownBase;
const tokens = createPlayerTokens(ownBase);
const dialog = /** @type {HTMLDialogElement} */ (find("confirm"));
const keep = /** @type {HTMLInputElement} */ (find("keep"));
const given = /** @type {HTMLInputElement} */ (find("given"));
const city = createNameField(/** @type {HTMLElement} */ (document.querySelector("#ask .finder")), { onChange: showProblem });

/** @type {{token: string, user: string} | null} */
let mine = null;
/** @type {ReturnType<typeof createFirstPlay> | null} */
let firstPlay = null;
let isSafe = true; // whether nothing is lost if the visitor leaves
let said = "";

function showProblem() {
  find("problem").textContent = city.complaint();
}

/** What to say of a failed request. @param {unknown} error */
function sentenceFor(error) {
  if (!(error instanceof TokenError)) return say("The server can't be reached. Try again.");
  if (error.invalid) return say("This token is not valid.");
  if (error.waitS) return say("Too many requests. Try again in {seconds} s.", { seconds: error.waitS });
  return say("The server can't do this now. Try again later.");
}

/** @param {SubmitEvent} event */
async function make(event) {
  event.preventDefault();
  const id = city.value();
  if (!id) {
    find("problem").textContent = city.complaint() || say("Choose a city first.");
    return find("city-q").focus();
  }
  await busy(event.submitter, find("problem"), async () => {
    const made = await tokens.make(Number(id));
    isSafe = false;
    show(made, made.city);
  });
}

/** @param {SubmitEvent} event */
async function showGiven(event) {
  event.preventDefault();
  const token = given.value.trim();
  await busy(event.submitter, find("wrong"), async () => {
    const status = await tokens.status(token);
    given.value = "";
    show({ token, user: status.user }, status.city);
  });
}

/** Do something with a button that waits, and say what fails. */
/** @type {(button: HTMLElement | null, problem: HTMLElement, act: () => Promise<void>) => Promise<void>} */
async function busy(button, problem, act) {
  if (button?.getAttribute("aria-disabled") === "true") return;
  button?.setAttribute("aria-disabled", "true");
  problem.textContent = "";
  try {
    await act();
  } catch (error) {
    problem.textContent = sentenceFor(error);
  } finally {
    button?.removeAttribute("aria-disabled");
  }
}

/** Show a token, and wait for its first play. @type {(owner: {token: string, user: string}, place: Place | null) => void} */
function show(owner, place) {
  mine = owner;
  find("place").textContent = place ? placeName(place) : "";
  find("once").hidden = isSafe;
  setState("waiting");
  fillTexts();
  firstPlay?.destroy();
  const { token } = owner;
  firstPlay = createFirstPlay({ ask: (signal) => tokens.status(token, signal), onStatus: showStatus, onGone: forget });
  find("token-title").focus();
}

/** @param {string} state */
function setState(state) {
  document.body.dataset.state = find("arrival").dataset.state = state;
  find("get").hidden = state !== "none";
  find("token").hidden = state === "none";
  if (state === "none") sayThat(say("Get a token first."));
  if (state === "waiting") sayThat(say("Waiting for your first play…"));
  if (state === "connected") sayThat(say("Your player is connected. Waiting for the next song…"));
  if (state === "polling") sayThat(say("Your player is connected. Its plays are counted, but not drawn."));
}

/** @param {TokenStatus} status */
function showStatus(status) {
  setState(status.state);
  if (status.state !== "waiting") isSafe = true; // the player has it
  if (status.state === "playing") sayThat(...playing(status));
}

/** @param {TokenStatus} status */
function playing({ song, pressed_in, city, pressed_at }) {
  const where = pressed_in ?? city;
  const parts = {
    song: marked("b", song ? `${song.title} · ${song.artist}` : ""),
    city: marked("bdi", where?.label ?? ""),
    time: marked("bdi", timeOf(pressed_at ?? 0)),
  };
  return sayParts(sentenceOf(Boolean(song)), parts);
}

/** What to say of a play: where few listen, the globe may only count it, or name another city. @param {boolean} hasSong */
function sentenceOf(hasSong) {
  if (!isCityAlwaysNamed) return hasSong ? say("Your play arrived: {song}, at {time}.") : say("Your play arrived at {time}.");
  return hasSong ? say("You are on the globe: {song}, from {city}, at {time}.") : say("You are on the globe, from {city}, at {time}.");
}

/** The time of day, with the date where it is long ago. @param {number} at epoch seconds */
const timeOf = (at) => (Date.now() / 1000 - at < SOON_S ? time(at) : dateTime(at));

/** @param {string} tag @param {string} text */
function marked(tag, text) {
  const element = document.createElement(tag);
  element.dir = "auto";
  element.textContent = text;
  return element;
}

/** Say something where it is announced, once. @param {(Node | string)[]} parts */
function sayThat(...parts) {
  const text = parts.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
  if (text === said) return;
  said = text;
  find("said-text").replaceChildren(...parts);
}

/** Fill the guides with the server's address, and with the token if there is one. */
function fillTexts() {
  const values = valuesOf(base, mine?.token ?? `‹${TOKEN}›`, mine?.user ?? `‹${USER}›`);
  for (const element of all("[data-text]")) {
    const text = element.dataset.text ?? "";
    element.textContent = filled(text, values);
    const button = document.querySelector(`[data-copies="${element.id}"]`);
    button?.toggleAttribute("hidden", !mine && isPersonal(text));
    element.classList.toggle("open", !mine && isPersonal(text));
  }
}

function showNeeds() {
  for (const element of all("[data-need]")) {
    const isFit = fits(/** @type {import("../visitor/guidetexts.js").Need} */ (element.dataset.need), base);
    element.hidden = isFit;
    element.classList.toggle("warning", !isFit);
  }
}

/** Show the guide of one player. @param {string} id */
function choosePlayer(id) {
  for (const guide of all(".guide")) guide.hidden = guide.id !== id;
  history.replaceState(null, "", `#${id}`);
}

/** @param {MouseEvent} event */
async function copy({ target }) {
  const button = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[data-copies]")) : null;
  if (!button) return;
  const text = find(button.dataset.copies ?? "");
  getSelection()?.selectAllChildren(text); // for copying by hand where scripts may not copy
  const write = async () => navigator.clipboard.writeText(text.textContent ?? "");
  const done = await write().then(() => true, () => false); // pages without TLS have no clipboard
  find("copied").textContent = done ? say("Copied.") : say("Selected. Press Ctrl+C or ⌘C.");
  button.classList.toggle("done", done);
  setTimeout(() => {
    button.classList.remove("done");
    find("copied").textContent = "";
  }, COPIED_MS);
}

/** Keep the token in the tab, or no longer. */
function store() {
  try {
    if (keep.checked && mine) sessionStorage.setItem(KEY, JSON.stringify(mine));
    else sessionStorage.removeItem(KEY);
  } catch {
    keep.checked = false; // storage is forbidden
  }
}

/** Show the token that the tab has kept. */
async function showStored() {
  try {
    const { token, user } = JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? {};
    if (typeof token !== "string" || typeof user !== "string") return;
    const status = await tokens.status(token);
    keep.checked = true;
    show({ token, user }, status.city);
  } catch (error) {
    if (error instanceof TokenError && error.invalid) sessionStorage.removeItem(KEY);
  }
}

async function remove() {
  if (!mine) return;
  const { token } = mine;
  await busy(find("really"), find("refused"), async () => {
    await tokens.remove(token);
    dialog.close();
    forget();
  });
}

/** The token is gone: begin again. */
function forget() {
  firstPlay?.destroy();
  [firstPlay, mine, isSafe, keep.checked] = [null, null, true, false];
  dialog.close();
  store();
  setState("none");
  fillTexts();
  sayThat(say("Your token is deleted."));
  find("city-q").focus();
}

/** @param {BeforeUnloadEvent} event */
function warn(event) {
  if (!isSafe && !keep.checked) event.preventDefault();
}

find("ask").addEventListener("submit", make);
find("show").addEventListener("submit", showGiven);
find("choice").addEventListener("change", ({ target }) => choosePlayer(/** @type {HTMLInputElement} */ (target).value));
document.body.addEventListener("click", copy);
keep.addEventListener("change", store);
find("delete").addEventListener("click", () => dialog.showModal());
find("cancel").addEventListener("click", () => dialog.close());
find("really").addEventListener("click", remove);
addEventListener("beforeunload", warn);

fillTexts();
showNeeds();
const players = /** @type {HTMLInputElement[]} */ (all('#choice input[type="radio"]'));
const asked = players.find(({ value }) => `#${value}` === location.hash);
for (const guide of all(".guide")) guide.hidden = guide.id !== asked?.value;
if (asked) asked.checked = true;
showStored();
document.documentElement.dataset.started = ""; // boot.js checks it
