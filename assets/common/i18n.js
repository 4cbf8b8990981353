/**
 * The page's texts in its language. A key is the English sentence, with `{name}` where a value goes. The server puts the
 * translations into the page (webapp/web/languages.py). A key without a translation appears in English.
 *
 * @typedef {Record<string, string | Record<string, string>>} Messages  a sentence, or one per plural category
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
    /**
     * The sentence for a number, by the language's plural rules. A value named n replaces the plain number.
     *
     * @type {(one: string, many: string, n: number, values?: Record<string, unknown>) => string}
     */
    sayCount: (one, many, n, values = {}) => filled(counted(one, many, n), { n, ...values }).join(""),
    /** The same with elements as values, to append. @type {(key: string, values: Record<string, Node | string>) => (Node | string)[]} */
    sayParts: (key, values) => filled(translated(key), values),
  };
}

/** The plural category of a number; as in English where the browser does not know the language. */
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
const page = globalThis.document; // none in tests under node
export const language = page?.documentElement.lang || "en";
export const { say, sayCount, sayParts } = createTranslations(
  messagesIn(page?.getElementById("words")?.textContent || "{}"),
  language,
);
