/** The page on which people put an embed together: it shows a preview, and the code to copy. */
import { base as ownBase } from "../common/baseurl.js";
import { count } from "../common/format.js";
import { language, say } from "../common/i18n.js";
import { createParts } from "../common/parts.js";
import { addressOf, contrastOf, iframeOf, oembedOf, pickedColour, scriptOf } from "../embed/snippets.js";

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../embed/preview.js").createPreview>} preview
 * @property {{value(name: string, written: string): string, complaint(name: string): string}} search  the name fields
 */

const WAIT_MS = 400; // after the last key in a field
const VISIBLE = 3; // the contrast that WCAG asks of graphics
const COLOURS = ["accent", "background"];
/** @type {Record<string, string>} by theme */
const PLACES = { dark: say("On the dark theme"), light: say("On the light theme") };

/** @type {<T extends HTMLElement>(id: string) => T} */
const find = (id) => /** @type {any} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (find("choice"));
const size = /** @type {HTMLSelectElement} */ (find("size"));
/** @param {string} name */
const named = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
const background = named("background");
const transparent = /** @type {HTMLInputElement} */ (find("transparent"));
/** @type {ReturnType<typeof createParts<Parts>>} */
const { start, use } = createParts({
  note: document.getElementById("failed-parts"),
  names: { preview: say("Preview"), search: say("Search") },
});
const base = document.body.dataset.base || ownBase;
const grounds = JSON.parse(document.body.dataset.grounds ?? "{}");
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let checks = 0;

/** The options that differ from the defaults. @returns {Record<string, string>} */
function chosen() {
  const fields = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([...form.querySelectorAll("[name]")]);
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]).filter(([, value]) => value !== ""));
}

/** @param {HTMLInputElement | HTMLSelectElement} field */
function valueOf(field) {
  const value = field.type === "checkbox" ? String(Number(/** @type {HTMLInputElement} */ (field).checked)) : field.value.trim();
  return value === field.dataset.usual ? "" : parameterOf(field.name, value);
}

/** The parameter for a field's text. @type {(name: string, value: string) => string} */
function parameterOf(name, value) {
  if (COLOURS.includes(name)) return value.replace(/^#/, "");
  return use("search", (search) => search.value(name, value)) ?? value;
}

/** @returns {{width: number | null, height: number}} */
function sizeChosen() {
  const [width, height] = size.value.split("x").map(Number);
  return { width: width || null, height };
}

function show() {
  const choice = chosen();
  const { width, height } = sizeChosen();
  const address = addressOf("", choice);
  use("preview", (preview) => preview.show(address, { width, height }));
  find("as-iframe").textContent = iframeOf(base, choice, { width, height });
  find("as-script").textContent = scriptOf(base, choice, { width, height });
  find("as-oembed").textContent = oembedOf(base, choice);
  find("contrast").textContent = contrastText(choice);
  checkAddress(address).catch(() => {}); // without the server there is no preview either
}

/** How well the accent is visible behind the globe. @param {Record<string, string>} choice */
function contrastText({ accent, background, theme }) {
  if (!accent) return "";
  if (contrastOf(accent, accent) === null) return say("Enter a hex colour, such as #ff5e8a.");
  const own = background && background !== "transparent" ? [[say("On this background"), background]] : null;
  const themes = Object.entries(PLACES).filter(([name]) => !theme || name === theme);
  const all = own ?? themes.map(([name, place]) => [place, grounds[name]]);
  const found = all.map(([place, ground]) => sentenceFor(place, contrastOf(accent, ground)));
  if (background === "transparent") found.push(say("The contrast with your page's background is unknown."));
  return found.join(" ");
}

/** @param {string} place @param {number | null} contrast  null where the background is no colour yet */
function sentenceFor(place, contrast) {
  if (contrast === null) return "";
  const values = { place, ratio: count(contrast) };
  return contrast >= VISIBLE
    ? say("{place} the contrast is {ratio}:1, which is good.", values)
    : say("{place} the contrast is {ratio}:1, which is too low. The colour is made lighter or darker there.", values);
}

/** Show at each field why the server cannot use it. @param {string} address */
async function checkAddress(address) {
  checks += 1;
  const mine = checks;
  const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
  const { notes } = JSON.parse(page.getElementById("embed")?.textContent ?? '{"notes": []}');
  if (mine === checks) showNotes(notes);
}

/** @param {string[]} notes  in English; each begins with its parameter */
function showNotes(notes) {
  const named = notes.map((text) => /** @type {[string, string]} */ (text.split(/=(.*)/s)));
  for (const field of form.querySelectorAll("[aria-describedby][name]")) {
    const name = field.getAttribute("name") ?? "";
    const note = named.find(([about]) => about === name)?.[1];
    const found = note ?? use("search", (search) => search.complaint(name));
    const place = document.getElementById(`wrong-${name}`);
    if (place) Object.assign(place, { textContent: found ?? "", lang: note ? "en" : language });
    field.setAttribute("aria-invalid", String(Boolean(found)));
  }
  find("notes").textContent = notes.filter((text) => !document.getElementById(`wrong-${text.split("=")[0]}`)).join("\n");
}

/** Keep a colour's field and its picker the same. @param {HTMLInputElement} changed */
function syncColour(changed) {
  const { picks } = changed.dataset;
  if (picks) named(picks).value = changed.value;
  const picker = /** @type {HTMLInputElement | null} */ (document.getElementById(`pick-${changed.name}`));
  const colour = pickedColour(changed.value);
  if (picker && colour) picker.value = colour;
}

/** @param {Event} event */
function change({ target }) {
  if (target === transparent) background.value = transparent.checked ? "transparent" : "";
  else if (target instanceof HTMLInputElement) syncColour(target);
  transparent.checked = background.value.trim() === "transparent";
  showSoon(WAIT_MS);
}

/** @param {number} afterMs */
function showSoon(afterMs) {
  clearTimeout(timer);
  timer = setTimeout(show, afterMs);
}

/** @param {MouseEvent} event */
async function copy({ target }) {
  const button = target instanceof Element ? target.closest("button") : null;
  if (!button?.dataset.copies) return;
  const text = find(button.dataset.copies);
  getSelection()?.selectAllChildren(text); // for copying by hand where scripts may not copy
  const write = async () => navigator.clipboard.writeText(text.textContent ?? "");
  const done = await write().then(() => true, () => false); // pages without TLS have no clipboard
  find("copied").textContent = done ? say("Copied.") : say("Selected. Press Ctrl+C or ⌘C.");
}

/** The fields that search by name. @param {typeof import("../search/namefield.js")} module @returns {Parts["search"]} */
function createNameFields({ createNameField, momentIdIn }) {
  const elements = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-search]")]);
  const fields = elements.map((element) => createNameField(element, { onChange: () => showSoon(0) }));
  const field = (/** @type {string} */ name) => fields.find((each) => each.name === name);
  return {
    value: (name, written) => (name === "moment" ? momentIdIn(written) : (field(name)?.value() ?? written)),
    complaint: (name) => field(name)?.complaint() ?? "",
  };
}

form.addEventListener("input", change);
form.addEventListener("submit", (event) => event.preventDefault());
document.body.addEventListener("click", copy);
Promise.all([
  start("preview", () => import("../embed/preview.js"), ({ createPreview }) => createPreview(find("stage"))),
  start("search", () => import("../search/namefield.js"), createNameFields),
]).then(show);
document.documentElement.dataset.started = ""; // boot.js checks it
