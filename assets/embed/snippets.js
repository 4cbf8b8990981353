/**
 * The code that the embed builder offers, and the contrast of colours. Pure.
 *
 * @typedef {Record<string, string>} Choice  parameters by name; empty ones are omitted
 * @typedef {{width: number | null, height: number}} Size  width: null is the full width
 */

/** As in webapp/web/oembed.py. @type {Size} */
const DEFAULT_SIZE = { width: 640, height: 360 };
const TITLE = "Unison: two strangers, one song, the same second";
const ESCAPES = /** @type {Record<string, string>} */ ({ "&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;" });

/** Escaped for HTML. @param {string} text */
const escaped = (text) => text.replace(/[&"<>]/g, (sign) => ESCAPES[sign]);

/** @param {Choice} choice @returns {[string, string][]} */
const given = (choice) => Object.entries(choice).filter(([, value]) => value !== "");

/** The frame's address. @param {string} base  without a slash at its end @param {Choice} choice */
export function addressOf(base, choice) {
  const query = new URLSearchParams(given(choice));
  return `${base}/embed${query.size ? `?${query}` : ""}`;
}

/** The frame as HTML. @type {(base: string, choice: Choice, size?: Size, title?: string) => string} */
export function iframeOf(base, choice, { width, height } = DEFAULT_SIZE, title = choice.title || TITLE) {
  const scheme = choice.background === "transparent" ? "; color-scheme: light" : "";
  return [
    `<iframe src="${escaped(addressOf(base, choice))}"`,
    `  title="${escaped(title)}" width="${width ?? "100%"}" height="${height}"`,
    `  style="border: 0; max-width: 100%${scheme}" loading="lazy"></iframe>`,
  ].join("\n");
}

/** The script and its element as HTML. @type {(base: string, choice: Choice, size: Size) => string} */
export function scriptOf(base, choice, { width, height }) {
  /** @type {[string, string][]} */
  const size = [["height", String(height)]];
  if (width !== null) size.unshift(["width", String(width)]);
  const data = [...given(choice), ...size].map(([name, value]) => ` data-${name}="${escaped(value)}"`);
  return `<script async src="${escaped(base)}/embed.js"></script>\n<div data-unison${data.join("")}></div>`;
}

/** @param {string} base @param {Choice} choice */
export const oembedOf = (base, choice) => `${base}/oembed?${new URLSearchParams({ url: addressOf(base, choice) })}`;

/** Red, green and blue of a hex colour, from 0 to 1; null for other texts. @param {string} text */
export function partsOf(text) {
  const digits = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (!digits) return null;
  const six = digits.length === 6 ? digits : [...digits].map((digit) => digit + digit).join("");
  return [0, 2, 4].map((at) => Number.parseInt(six.slice(at, at + 2), 16) / 255);
}

/** A hex colour as a colour picker takes it, "#rrggbb"; null for other texts. @param {string} text */
export function pickedColour(text) {
  const parts = partsOf(text);
  const digits = (/** @type {number} */ part) => Math.round(part * 255).toString(16).padStart(2, "0");
  return parts && `#${parts.map(digits).join("")}`;
}

/** WCAG's relative luminance, as in webapp/graphics/contrast.py. @param {number[]} parts */
function luminance(parts) {
  const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG's contrast of two hex colours, from 1 to 21; null for other texts. @param {string} one @param {string} other */
export function contrastOf(one, other) {
  const both = [one, other].map(partsOf);
  if (!both[0] || !both[1]) return null;
  const [darker, lighter] = [luminance(both[0]), luminance(both[1])].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}
