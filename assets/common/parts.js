/**
 * The parts of a page. Each may fail alone: one that does not load, or throws, is left out and named once, and the others
 * go on.
 *
 * @typedef {object} PartsOptions
 * @property {HTMLElement | null} note  says what does not work
 * @property {Record<string, string>} names  what a visitor calls the parts; one without a name is left out silently
 * @property {Record<string, string>} [controls]  selectors of what does nothing without a part, and is hidden then
 * @property {Record<string, () => void>} [onFail]  what is to be done where a part failed
 */
import { listed } from "./format.js";
import { say } from "./i18n.js";

/** @template {Record<string, object>} Parts @param {PartsOptions} options */
export function createParts({ note, names, controls = {}, onFail = {} }) {
  /** @type {Partial<Parts>} */
  const up = {};
  /** @type {Set<string>} */
  const failed = new Set();

  /** Leave a part out, and say so. @param {keyof Parts & string} name @param {unknown} error */
  function fail(name, error) {
    console.warn(`Unison: ${name} does not work:`, error);
    const part = /** @type {{destroy?: () => void} | undefined} */ (up[name]);
    delete up[name];
    attempt(() => part?.destroy?.());
    if (failed.has(name)) return;
    failed.add(name);
    attempt(() => onFail[name]?.());
    if (controls[name]) attempt(() => hide(controls[name]));
    attempt(tell);
  }

  function tell() {
    const named = [...new Set([...failed].map((name) => names[name]))].filter(Boolean);
    if (!note || named.length === 0) return;
    note.textContent = say("Not working here: {parts}", { parts: listed(named) });
    note.hidden = false;
  }

  return {
    fail,
    /**
     * Load a part and make it.
     *
     * @template {keyof Parts & string} Name @template Module
     * @param {Name} name @param {() => Promise<Module>} load @param {(module: Module) => Parts[Name]} make
     */
    async start(name, load, make) {
      try {
        up[name] = make(await load());
      } catch (error) {
        fail(name, error);
      }
    },
    /**
     * Have a part do something, if it is there.
     *
     * @template {keyof Parts & string} Name @template Result
     * @param {Name} name @param {(part: Parts[Name]) => Result} act @returns {Result | undefined}
     */
    use(name, act) {
      const part = up[name];
      if (part === undefined) return undefined;
      try {
        return act(part);
      } catch (error) {
        fail(name, error);
        return undefined;
      }
    },
  };
}

/** @param {string} selector */
function hide(selector) {
  const found = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));
  for (const element of found) element.style.display = "none";
}

/** Do what others must not wait for. @param {() => void} run */
export function attempt(run) {
  try {
    run();
  } catch (error) {
    console.warn(error);
  }
}
