/**
 * Who stands in the globe's spotlight: the connection whose details are open, or the entry of the list that has the focus of
 * the keyboard, or, for some seconds, a meeting of the visitor's own. Escape and a click elsewhere end it.
 *
 * @typedef {object} SpotlightsOptions
 * @property {HTMLElement} list  the list of connections
 * @property {(item: Element) => Connection | undefined} connectionOf  of an entry of the list
 * @property {HTMLDialogElement} card  the details, which the arc must not lie under
 * @property {() => void} closeCard
 * @property {(act: (globe: import("../globe/view.js").Globe) => void) => void} withGlobe
 * @property {() => boolean} paused
 */

const TOLD_MS = 12_000; // for a meeting that nobody opened
const OWN_ESCAPE = "input, textarea, select, dialog:modal, [popover], [role=listbox]"; // these handle it themselves
const CONTROLS = "a, button, input, label, select, summary, dialog, [popover], #stage, #feed li, .tools";

/** @param {SpotlightsOptions} options */
export function createSpotlights({ list, connectionOf, card, closeCard, withGlobe, paused }) {
  /** By precedence. @type {{card: Connection | null, entry: Connection | null, told: Connection | null}} */
  const wanted = { card: null, entry: null, told: null };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let over = false; // the time of the one that is told, which ends after a pause
  let shown = false;
  let waiting = false;

  /** @param {boolean} flight */
  function update(flight) {
    const connection = wanted.card ?? wanted.entry ?? wanted.told;
    if (connection) {
      const clearOf = card.open ? card.getBoundingClientRect() : null;
      withGlobe((globe) => globe.spotlight(connection, { clearOf, flight }));
    } else if (shown) {
      withGlobe((globe) => globe.unspot());
    }
    shown = connection !== null;
  }

  /** Several changes at once, such as of the focus while the card opens, are one. @param {Partial<typeof wanted>} change */
  function want(change) {
    Object.assign(wanted, change);
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      update(true);
    });
  }

  function endTold() {
    clearTimeout(timer);
    over = false;
    want({ told: null });
  }

  function expire() {
    over = true;
    if (!paused()) endTold();
  }

  function dismiss() {
    if (wanted.card) closeCard();
    endTold();
    want({ card: null, entry: null });
  }

  /** @param {FocusEvent} event */
  function enter({ target }) {
    if (!(target instanceof Element) || !target.matches(":focus-visible")) return;
    const item = target.closest("li");
    want({ entry: (item && connectionOf(item)) ?? null });
  }

  /** @param {FocusEvent} event */
  function leave({ relatedTarget }) {
    if (!(relatedTarget instanceof Node && list.contains(relatedTarget))) want({ entry: null });
  }

  /** @param {KeyboardEvent} event */
  function press({ key, target }) {
    if (key === "Escape" && !(target instanceof Element && target.closest(OWN_ESCAPE))) dismiss();
  }

  /** @param {MouseEvent} event */
  function click({ target }) {
    if (target instanceof Element && target.isConnected && !target.closest(CONTROLS)) dismiss();
  }

  const resize = () => shown && update(false);
  const events = new AbortController();
  const { signal } = events;
  list.addEventListener("focusin", enter, { signal });
  list.addEventListener("focusout", leave, { signal });
  document.addEventListener("keydown", press, { signal });
  document.addEventListener("click", click, { signal });
  window.addEventListener("resize", resize, { signal });
  return {
    /** The details of a connection are open; null once they are closed. @param {Connection | null} connection */
    open: (connection) => want({ card: connection }),
    /** Tell a meeting for some seconds. @param {Connection} connection */
    tell(connection) {
      endTold();
      want({ told: connection });
      timer = setTimeout(expire, TOLD_MS);
    },
    /** A pause ends: what was told meanwhile ends with it. */
    resume: () => over && endTold(),
    /** The globe is there, or another one is. */
    renew: () => shown && update(false),
    /** End it, and close the details. */
    dismiss,
    destroy() {
      events.abort();
      clearTimeout(timer);
      if (shown) withGlobe((globe) => globe.unspot());
    },
  };
}
