/**
 * A field in which something is looked for by its name, and which then stands for its id; whoever knows the id may
 * give it. What is left in it has to mean something, or it says that it does not.
 *
 * @typedef {{label: string, value: string}} Taken
 */
import { say } from "../common/i18n.js";
import { createCombobox } from "./combobox.js";
import { resultNodes, searchFor, said } from "./search.js";

const PLAIN = /** @type {Record<Found["kind"], RegExp>} */ ({
  artist: /\S/,
  track: /^[0-9a-v]{16}$/,
  country: /^[a-z]{2}$/i,
  city: /^\d{1,9}$/,
});

/** A text that needs no looking for, or "". @type {(kind: Found["kind"], text: string) => string} */
export const literalValue = (kind, text) => (PLAIN[kind].test(text) ? text : "");

/** The id of a moment, of which somebody may have a link. @param {string} text */
export const momentIdIn = (text) => /\/c\/([^/?#]+)/.exec(text)?.[1] ?? text;

/** What a result is called where it stands alone. @type {(found: Found) => string} */
export const nameOf = ({ kind, label, detail }) => (kind === "country" || !detail ? label : `${label}, ${detail}`);

/** The one that was meant, if its name was typed in full. @type {(found: Found[], text: string) => Found | undefined} */
export function exactMatch(found, text) {
  const wanted = text.toLowerCase();
  return found.find((one) => [one.label, nameOf(one)].some((name) => name.toLowerCase() === wanted));
}

/** @param {HTMLElement} element with a field, a list, a note and a button @param {{onChange: () => void}} options */
export function createNameField(element, { onChange }) {
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const button = /** @type {HTMLButtonElement} */ (element.querySelector("button"));
  const kind = /** @type {Found["kind"]} */ (input.name);
  /** @type {Taken | null} */
  let taken = null;
  let complaint = "";

  /** @param {Taken | null} next */
  function take(next) {
    forget();
    taken = next;
    input.value = next?.label ?? "";
    button.hidden = next === null;
    onChange();
  }

  function forget() {
    taken = null;
    complaint = "";
    button.hidden = input.value === "";
  }

  /** @param {Found} found */
  const pick = (found) => take({ label: nameOf(found), value: found.filter[kind] });

  /** Whoever leaves the field with a name in it meant that, or has to choose. */
  async function settle() {
    const text = input.value.trim();
    if (taken || text === "" || literalValue(kind, text)) return;
    const found = await searchFor(text, { kind }).catch(() => []);
    if (taken || input.value.trim() !== text) return;
    const meant = exactMatch(found, text);
    if (meant) return pick(meant);
    complaint = found.length
      ? say("Choose one of those that “{text}” can mean.", { text })
      : say("Nothing found for “{text}”.", { text });
    onChange();
  }

  /** @param {KeyboardEvent} event */
  function emptied({ key }) {
    if (key === "Escape" && input.value === "") take(null);
  }

  function clear() {
    combobox.clear();
    take(null);
    input.focus();
  }

  const combobox = createCombobox(input, /** @type {HTMLElement} */ (element.querySelector("[role=listbox]")), {
    ask: (text, signal) => searchFor(text, { kind, signal }),
    draw: (/** @type {Found} */ found) => resultNodes(found, true),
    onPick: pick,
    note: /** @type {HTMLElement} */ (element.querySelector("[role=status]")),
    said,
  });
  /** @type {[EventTarget, string, (event: any) => void][]} */
  const heard = [
    [input, "input", forget],
    [input, "change", settle],
    [input, "keydown", emptied],
    [button, "click", clear],
  ];
  for (const [target, name, act] of heard) target.addEventListener(name, act);
  return {
    name: kind,
    value: () => taken?.value ?? literalValue(kind, input.value.trim()),
    complaint: () => complaint,
    destroy() {
      combobox.destroy();
      for (const [target, name, act] of heard) target.removeEventListener(name, act);
    },
  };
}
