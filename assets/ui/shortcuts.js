/**
 * The page's keys. Single characters can be switched off, for people who speak to their computer; what a field, a
 * button or an open dialog makes of a key comes first.
 *
 * @typedef {{
 *   turn(east: number, north: number): void, nearer(by: number): void, pause(): void, search(): void, past?(): void, help(): void,
 * }} Actions
 */

const TURN_DEG = 15;
const NEARER = 0.4;
const FIELDS = "input, select, textarea, dialog:modal, [popover], [contenteditable], [role=listbox], [role=combobox]";
const PRESSED_BY_SPACE = "button, summary, [role=button]";

/** @type {Record<string, (actions: Actions) => void>} */
const REPEATED = {
  ArrowLeft: (go) => go.turn(-TURN_DEG, 0),
  ArrowRight: (go) => go.turn(TURN_DEG, 0),
  ArrowUp: (go) => go.turn(0, TURN_DEG),
  ArrowDown: (go) => go.turn(0, -TURN_DEG),
  "+": (go) => go.nearer(NEARER),
  "=": (go) => go.nearer(NEARER), // plus without shift, on many keyboards
  "-": (go) => go.nearer(-NEARER),
};

/** @type {Record<string, (actions: Actions) => void>} */
const ONCE = { " ": (go) => go.pause(), "/": (go) => go.search(), r: (go) => go.past?.(), "?": (go) => go.help() };

/**
 * What a key does where it was pressed, or undefined if it is not ours. Pure.
 *
 * @typedef {"ctrlKey" | "metaKey" | "altKey"} Held
 * @param {Pick<KeyboardEvent, "key" | "repeat" | "defaultPrevented" | Held | "isComposing">} event
 * @param {{closest(selectors: string): unknown} | null} target
 */
export function shortcutFor(event, target) {
  const { key, repeat, defaultPrevented, ctrlKey, metaKey, altKey, isComposing } = event;
  if (defaultPrevented || ctrlKey || metaKey || altKey || isComposing) return undefined;
  if (target?.closest(FIELDS) || (key === " " && target?.closest(PRESSED_BY_SPACE))) return undefined;
  if (Object.hasOwn(REPEATED, key)) return REPEATED[key];
  return Object.hasOwn(ONCE, key) && !repeat ? ONCE[key] : undefined;
}

/** @param {HTMLElement} element that hears all keys @param {Actions} actions */
export function createShortcuts(element, actions) {
  let on = true;

  /** @param {KeyboardEvent} event */
  function hear(event) {
    const act = on && shortcutFor(event, event.target instanceof Element ? event.target : null);
    if (!act) return;
    event.preventDefault();
    act(actions);
  }

  element.addEventListener("keydown", hear);
  return {
    /** @param {boolean} now */
    turn(now) {
      on = now;
    },
    destroy: () => element.removeEventListener("keydown", hear),
  };
}
