/**
 * A field that finds something by its name and has its id as the value. An id can be typed, too. A text that is neither
 * gets a complaint.
 *
 * @typedef {{label: string, value: string}} Picked
 */
import { say } from "../common/i18n.js";
import { createCombobox } from "./combobox.js";
import { countText, localised, resultNodes, searchFor } from "./search.js";

const LITERAL = /** @type {Record<Found["kind"], RegExp>} */ ({
  artist: /\S/,
  track: /^[0-9a-v]{16}$/,
  country: /^[a-z]{2}$/i,
  city: /^\d{1,9}$/,
});

/** The text if it is a value already, such as an id, or "". @type {(kind: Found["kind"], text: string) => string} */
export const literalValue = (kind, text) => (LITERAL[kind].test(text) ? text : "");

/** The id of a moment, from its id or its link. @param {string} text */
export const momentIdIn = (text) => /\/c\/([^/?#]+)/.exec(text)?.[1] ?? text;

/** A result's full name. @type {(found: Found) => string} */
export function nameOf(found) {
  const { kind, label, detail } = localised(found);
  return kind === "country" || !detail ? label : `${label}, ${detail}`;
}

/** The result whose whole name was typed. @type {(found: Found[], text: string) => Found | undefined} */
export function exactMatch(found, text) {
  const wanted = text.toLowerCase();
  return found.find((one) => [one.label, nameOf(one)].some((name) => name.toLowerCase() === wanted));
}

/** @param {HTMLElement} element  has a field, a list, a note and a button @param {{onChange: () => void}} options */
export function createNameField(element, { onChange }) {
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const button = /** @type {HTMLButtonElement} */ (element.querySelector("button"));
  const kind = /** @type {Found["kind"]} */ (input.name);
  /** @type {Picked | null} */
  let picked = null;
  let complaint = "";

  /** @param {Picked | null} next */
  function set(next) {
    reset();
    picked = next;
    input.value = next?.label ?? "";
    button.hidden = next === null;
    onChange();
  }

  function reset() {
    picked = null;
    complaint = "";
    button.hidden = input.value === "";
  }

  /** @param {Found} found */
  const pick = (found) => set({ label: nameOf(found), value: found.filter[kind] });

  /** The field lost the focus: pick the result of that exact name, or complain. */
  async function resolve() {
    const text = input.value.trim();
    if (picked || text === "" || literalValue(kind, text)) return;
    const found = await searchFor(text, { kind }).catch(() => []);
    if (picked || input.value.trim() !== text) return;
    const match = exactMatch(found, text);
    if (match) return pick(match);
    complaint = found.length
      ? say("“{text}” has several matches. Choose one.", { text })
      : say("No results for “{text}”.", { text });
    onChange();
  }

  /** @param {KeyboardEvent} event */
  function handleKey({ key }) {
    if (key === "Escape" && input.value === "") set(null);
  }

  function clear() {
    combobox.clear();
    set(null);
    input.focus();
  }

  const combobox = createCombobox(input, /** @type {HTMLElement} */ (element.querySelector("[role=listbox]")), {
    ask: (text, signal) => searchFor(text, { kind, signal }),
    draw: (/** @type {Found} */ found) => resultNodes(found, true),
    onPick: pick,
    note: /** @type {HTMLElement} */ (element.querySelector("[role=status]")),
    countText,
  });
  /** @type {[EventTarget, string, (event: any) => void][]} */
  const listeners = [
    [input, "input", reset],
    [input, "change", resolve],
    [input, "keydown", handleKey],
    [button, "click", clear],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  return {
    name: kind,
    value: () => picked?.value ?? literalValue(kind, input.value.trim()),
    complaint: () => complaint,
    destroy() {
      combobox.destroy();
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
    },
  };
}
