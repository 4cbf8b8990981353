/**
 * The texts of the players' guides, with values in braces; webapp/web/clientguides.py has the guides, and the same rules.
 *
 * @typedef {"http" | "https" | "no_path"} Need
 */

/** @type {(base: string, token: string, user: string) => Record<string, string>} */
export function valuesOf(base, token, user) {
  const { protocol, host, hostname, port, pathname } = new URL(base);
  const path = pathname.replace(/\/+$/, "");
  return {
    base: `${protocol}//${host}${path}`,
    origin: `${protocol}//${host}`,
    address: host + path,
    plain: `${hostname}:${(protocol === "http:" && port) || 80}`,
    token,
    user,
  };
}

/** The text with its values; other braces stay. @type {(text: string, values: Record<string, string>) => string} */
export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** Whether a guide's text has something that only the visitor has. @param {string} text */
export const isPersonal = (text) => /\{(token|user)\}/.test(text);

/** Whether a server's address has what a player needs. @type {(need: Need, base: string) => boolean} */
export function fits(need, base) {
  const { protocol, pathname } = new URL(base);
  return need === "no_path" ? /^\/*$/.test(pathname) : protocol === `${need}:`;
}
