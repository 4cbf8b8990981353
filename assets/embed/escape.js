/** HTML, for code that is given to be copied. */

const ESCAPES = /** @type {Record<string, string>} */ ({ "&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;" });

/** @param {string} text */
export const escaped = (text) => text.replace(/[&"<>]/g, (sign) => ESCAPES[sign]);
