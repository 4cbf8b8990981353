/**
 * What the page says, in its language. A key is the English sentence, with `{name}` where a value goes; the server
 * puts the translations into the page (webapp/web/languages.py), and what has none is said in English.
 *
 * @typedef {Record<string, string | Record<string, string>>} Messages  a sentence, or one for each plural category
 */

/** @param {Messages} messages @param {string} language */
export function createTranslations(messages, language) {
  const plural = pluralOf(language);

  /** @param {string} key */
  function translated(key) {
    const message = messages[key];
    return typeof message === "string" ? message : key;
  }

  /** @param {string} one @param {string} many @param {number} n */
  function counted(one, many, n) {
    const forms = messages[one];
    if (typeof forms !== "object") return n === 1 ? one : many;
    return forms[plural(n)] ?? forms.other ?? many;
  }

  return {
    /** @type {(key: string, values?: Record<string, unknown>) => string} */
    say: (key, values = {}) => filled(translated(key), values).join(""),
    /** The one or the other, as the language counts; n may be given in words as a value of the same name. */
    /** @type {(one: string, many: string, n: number, values?: Record<string, unknown>) => string} */
    sayCount: (one, many, n, values = {}) => filled(counted(one, many, n), { n, ...values }).join(""),
    /** The same with elements for values, to be appended. */
    /** @type {(key: string, values: Record<string, Node | string>) => (Node | string)[]} */
    sayParts: (key, values) => filled(translated(key), values),
  };
}

/** Which plural form a number takes; a browser may not know the language. */
/** @param {string} language @returns {(n: number) => string} */
function pluralOf(language) {
  try {
    const plurals = new Intl.PluralRules(language);
    return (n) => plurals.select(n);
  } catch {
    return (n) => (n === 1 ? "one" : "other");
  }
}

/** @param {string} text @returns {Messages} */
function messagesIn(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** @template T @param {string} sentence @param {Record<string, T>} values @returns {(T | string)[]} */
function filled(sentence, values) {
  return sentence
    .split(/\{(\w+)\}/)
    .map((part, i) => (i % 2 ? (values[part] ?? `{${part}}`) : part))
    .filter((part) => part !== "");
}

/** @type {Document | undefined} */
const page = globalThis.document; // none where the pure parts are tested
export const language = page?.documentElement.lang || "en";
export const { say, sayCount, sayParts } = createTranslations(
  messagesIn(page?.getElementById("words")?.textContent || "{}"),
  language,
);
