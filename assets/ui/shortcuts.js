/**
 * Keyboard shortcuts. They can be switched off, for people who control their computer by speech. Fields, buttons and open
 * dialogs handle their keys first.
 *
 * @typedef {object} Actions
 * @property {(east: number, north: number) => void} turn
 * @property {(levels: number) => void} zoomBy
 * @property {() => void} pause
 * @property {() => void} [search]
 * @property {() => void} [rewind]
 * @property {() => void} [sound]
 * @property {() => void} [help]
 */

const TURN_DEG = 15;
const ZOOM_LEVELS = 0.4;
const FIELDS =
  "input:not([type=range]), select, textarea, dialog:modal, [popover], [contenteditable], [role=listbox], [role=combobox]";
const SLIDER = "input[type=range]"; // has keys of its own: arrows, + and - in some browsers
const PRESSED_BY_SPACE = "button, summary, [role=button]";

/** @type {Record<string, (actions: Actions) => void>} */
const REPEATED = {
  ArrowLeft: (go) => go.turn(-TURN_DEG, 0),
  ArrowRight: (go) => go.turn(TURN_DEG, 0),
  ArrowUp: (go) => go.turn(0, TURN_DEG),
  ArrowDown: (go) => go.turn(0, -TURN_DEG),
  "+": (go) => go.zoomBy(ZOOM_LEVELS),
  "=": (go) => go.zoomBy(ZOOM_LEVELS), // plus without shift, on many keyboards
  "-": (go) => go.zoomBy(-ZOOM_LEVELS),
};

/** @type {Record<string, "pause" | "search" | "rewind" | "sound" | "help">} */
const ONCE = { " ": "pause", "/": "search", r: "rewind", m: "sound", "?": "help" };

/**
 * The action of a key where it was pressed, or undefined. Pure.
 *
 * @typedef {"ctrlKey" | "metaKey" | "altKey"} Held
 * @param {Pick<KeyboardEvent, "key" | "repeat" | "defaultPrevented" | Held | "isComposing">} event
 * @param {{closest(selectors: string): unknown} | null} target
 * @param {Actions} actions
 * @returns {(() => void) | undefined}
 */
export function shortcutFor(event, target, actions) {
  const { key, repeat, defaultPrevented, ctrlKey, metaKey, altKey, isComposing } = event;
  if (defaultPrevented || ctrlKey || metaKey || altKey || isComposing) return undefined;
  if (target?.closest(FIELDS) || (key === " " && target?.closest(PRESSED_BY_SPACE))) return undefined;
  if (Object.hasOwn(REPEATED, key)) return target?.closest(SLIDER) ? undefined : () => REPEATED[key](actions);
  return Object.hasOwn(ONCE, key) && !repeat ? actions[ONCE[key]] : undefined;
}

/** @param {HTMLElement} element  an ancestor of all focusable elements @param {Actions} actions */
export function createShortcuts(element, actions) {
  let on = true;

  /** @param {KeyboardEvent} event */
  function handleKey(event) {
    const act = on && shortcutFor(event, event.target instanceof Element ? event.target : null, actions);
    if (!act) return;
    event.preventDefault();
    act();
  }

  element.addEventListener("keydown", handleKey);
  return {
    /** @param {boolean} now */
    setOn(now) {
      on = now;
    },
    destroy: () => element.removeEventListener("keydown", handleKey),
  };
}
