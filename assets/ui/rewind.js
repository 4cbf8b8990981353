/**
 * The line of time: a button opens it, dragging goes back within the last hour, and a press returns to now.
 *
 * @typedef {{look(fromS: number, pace: number): void, pace(pace: number): void, live(): void}} Doing
 */
import { time } from "../common/format.js";
import { say } from "../common/i18n.js";

const SPAN_S = 3600;
const SLACK_S = 120; // so far behind its end the line is no longer: now goes on while the past is fetched
const NOW_S = 5; // so near to the line's end is now
const FIRST_S = 60; // who opens it is that far back

/**
 * @param {HTMLFormElement} form
 * @param {Doing & {opener: HTMLElement, nowS: () => number}} options  nowS: epoch seconds by the server's clock
 */
export function createRewind(form, { opener, nowS, look, pace, live }) {
  const line = /** @type {HTMLInputElement} */ (form.elements.namedItem("line"));
  const paces = /** @type {HTMLSelectElement} */ (form.elements.namedItem("pace"));
  const told = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
  let spanS = SPAN_S;
  let held = false;

  /** Have the line and the words say a time. @param {number} atS */
  function tell(atS) {
    const backS = nowS() - atS;
    spanS = Math.max(spanS, Math.ceil((backS - SLACK_S) / SPAN_S) * SPAN_S);
    line.min = String(-spanS);
    line.value = String(-Math.round(backS));
    write(atS);
  }

  /** @param {number} atS */
  function write(atS) {
    const text = nowS() - atS < NOW_S ? say("Now") : time(atS);
    if (told.textContent === text) return;
    told.textContent = text;
    line.setAttribute("aria-valuetext", text);
  }

  const chosenS = () => nowS() + Number(line.value);

  function drag() {
    held = true;
    write(chosenS());
  }

  function drop() {
    held = false;
    if (Number(line.value) > -NOW_S) live();
    else look(chosenS(), Number(paces.value));
  }

  function open() {
    const opening = form.hidden;
    if (opening) look(nowS() - FIRST_S, Number(paces.value));
    else live();
    if (opening) line.focus();
  }

  const repace = () => pace(Number(paces.value));
  const leave = (/** @type {Event} */ event) => {
    event.preventDefault();
    live();
  };
  /** @param {KeyboardEvent} event */
  const escape = (event) => {
    if (event.key === "Escape") leave(event);
  };
  line.addEventListener("input", drag);
  line.addEventListener("change", drop);
  paces.addEventListener("change", repace);
  form.addEventListener("submit", leave);
  form.addEventListener("keydown", escape);
  opener.addEventListener("click", open);
  return {
    /** What is shown is of that time, epoch seconds; of now where it is null. @param {number | null} atS */
    show(atS) {
      const left = atS === null && form.contains(document.activeElement);
      form.hidden = atS === null;
      opener.setAttribute("aria-expanded", String(!form.hidden));
      if (atS === null) spanS = SPAN_S;
      else if (!held) tell(atS);
      if (left) opener.focus();
    },
    /** Do what a press of the button does. */
    toggle: open,
    destroy() {
      line.removeEventListener("input", drag);
      line.removeEventListener("change", drop);
      paces.removeEventListener("change", repace);
      form.removeEventListener("submit", leave);
      form.removeEventListener("keydown", escape);
      opener.removeEventListener("click", open);
    },
  };
}
