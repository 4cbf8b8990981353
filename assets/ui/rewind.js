/**
 * The rewind bar: a button opens it, its slider covers an hour, and another button returns to live. The hour is the last
 * one, or for older times the hour around them.
 *
 * @typedef {object} RewindOptions
 * @property {HTMLElement} opener  the button that opens and closes the bar
 * @property {() => number} nowS  epoch seconds by the server's clock
 * @property {(fromS: number, speed: number) => void} rewind
 * @property {(speed: number) => void} setSpeed
 * @property {() => void} live
 * @property {HTMLElement} [stage]  gets the focus when the bar closes; the opener would open it again with the next key
 */
import { dateTime, time } from "../common/format.js";
import { say } from "../common/i18n.js";

const SPAN_S = 3600;
const SLACK_S = 120; // the slider moves on only beyond this: time goes on while the past is fetched
const HALF_DAY_S = 43_200;
const NOW_S = 5; // closer to the slider's end than this is live
const FIRST_S = 60; // how far back the bar opens

/** @param {HTMLFormElement} form @param {RewindOptions} options */
export function createRewind(form, { opener, nowS, rewind, setSpeed, live, stage = opener }) {
  const slider = /** @type {HTMLInputElement} */ (form.elements.namedItem("line"));
  const speeds = /** @type {HTMLSelectElement} */ (form.elements.namedItem("pace"));
  const output = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
  let endS = 0; // how long ago the slider's hour ends
  let dragging = false;

  /** Move the slider to a time, and write the time. @param {number} atS */
  function update(atS) {
    const backS = nowS() - atS;
    const outside = backS > endS + SPAN_S + SLACK_S || backS < endS;
    if (outside) cover(backS);
    slider.value = String(-Math.round(backS));
    write(atS);
  }

  /** Let the slider cover the last hour, or the hour around an older time. @param {number} backS */
  function cover(backS) {
    endS = backS <= SPAN_S + SLACK_S ? 0 : Math.round(backS - SPAN_S / 2);
    slider.min = String(-endS - SPAN_S);
    slider.max = String(-endS);
  }

  /** @param {number} atS */
  function write(atS) {
    const backS = nowS() - atS;
    const past = backS < HALF_DAY_S ? time : dateTime; // a time of day is not enough for another day
    const text = backS < NOW_S ? say("Live") : past(atS);
    if (output.textContent === text) return;
    output.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }

  const chosenS = () => nowS() + Number(slider.value);
  const speed = () => Number(speeds.value);

  function drag() {
    dragging = true;
    write(chosenS());
  }

  function drop() {
    dragging = false;
    if (Number(slider.value) > -NOW_S) return live();
    if (endS) cover(-Number(slider.value));
    rewind(chosenS(), speed());
  }

  function toggle() {
    const opening = form.hidden;
    if (opening) rewind(nowS() - FIRST_S, speed());
    else live();
    if (opening) slider.focus();
  }

  const changeSpeed = () => setSpeed(speed());
  const leave = (/** @type {Event} */ event) => {
    event.preventDefault();
    live();
  };
  /** @param {KeyboardEvent} event */
  const escape = (event) => {
    if (event.key === "Escape") leave(event);
  };
  slider.addEventListener("input", drag);
  slider.addEventListener("change", drop);
  speeds.addEventListener("change", changeSpeed);
  form.addEventListener("submit", leave);
  form.addEventListener("keydown", escape);
  opener.addEventListener("click", toggle);
  return {
    /** The page shows this time, epoch seconds, or live: null. @param {number | null} atS */
    show(atS) {
      const hadFocus = atS === null && form.contains(document.activeElement);
      form.hidden = atS === null;
      opener.setAttribute("aria-expanded", String(!form.hidden));
      if (atS === null) cover(0);
      else if (!dragging) update(atS);
      if (!hadFocus) return;
      stage.tabIndex = -1;
      stage.focus({ preventScroll: true });
    },
    destroy() {
      slider.removeEventListener("input", drag);
      slider.removeEventListener("change", drop);
      speeds.removeEventListener("change", changeSpeed);
      form.removeEventListener("submit", leave);
      form.removeEventListener("keydown", escape);
      opener.removeEventListener("click", toggle);
    },
  };
}
