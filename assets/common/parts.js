/**
 * The parts of a page. Each may fail alone: a part that does not load, or throws, is removed and named in a note. The
 * others go on.
 *
 * @typedef {object} PartsOptions
 * @property {HTMLElement | null} note  where the page says what does not work
 * @property {Record<string, string>} names  what visitors call the parts; a part without a name fails silently
 * @property {Record<string, string>} [notes]  the note's whole text where one of these parts fails
 * @property {Record<string, string>} [controls]  selectors of the controls to hide when a part fails
 * @property {Record<string, () => void>} [onFail]  what else to do when a part fails
 */
import { listed } from "./format.js";
import { say } from "./i18n.js";

/** @template {Record<string, object>} Parts @param {PartsOptions} options */
export function createParts({ note, names, notes = {}, controls = {}, onFail = {} }) {
  /** @type {Partial<Parts>} */
  const running = {};
  /** @type {Set<string>} */
  const failed = new Set();

  /** Remove a part, and say so. @param {keyof Parts & string} name @param {unknown} error */
  function fail(name, error) {
    console.warn(`Unison: ${name} does not work:`, error);
    const part = /** @type {{destroy?: () => void} | undefined} */ (running[name]);
    delete running[name];
    attempt(() => part?.destroy?.());
    if (failed.has(name)) return;
    failed.add(name);
    attempt(() => onFail[name]?.());
    if (controls[name]) attempt(() => hide(controls[name]));
    attempt(showNote);
  }

  function showNote() {
    const named = [...new Set([...failed].map((name) => names[name]))].filter(Boolean);
    const whole = [...failed].map((name) => notes[name]).find(Boolean);
    if (!note || (!whole && named.length === 0)) return;
    note.textContent = whole ?? say("Not working: {parts}", { parts: listed(named) });
    note.hidden = false;
  }

  return {
    fail,
    /**
     * Load a part's module and create the part.
     *
     * @template {keyof Parts & string} Name @template Module
     * @param {Name} name @param {() => Promise<Module>} load @param {(module: Module) => Parts[Name]} create
     */
    async start(name, load, create) {
      try {
        running[name] = create(await load());
      } catch (error) {
        fail(name, error);
      }
    },
    /**
     * Call a part if it is running. An error in it removes it.
     *
     * @template {keyof Parts & string} Name @template Result
     * @param {Name} name @param {(part: Parts[Name]) => Result} act @returns {Result | undefined}
     */
    use(name, act) {
      const part = running[name];
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

/** Run something whose failure must not stop what follows. @param {() => void} run */
export function attempt(run) {
  try {
    run();
  } catch (error) {
    console.warn(error);
  }
}
