/**
 * The lead story: one pair every 10 s in one large sentence, while the globe shows its arc. Any input ends it.
 *
 * @typedef {object} LeadStoryOptions
 * @property {() => boolean} isReady  whether the globe is there, or never will be
 * @property {() => boolean} isBlocked  whether the visitor does something else, such as reading a card
 * @property {(track: Track) => string[]} colours  of the song's arc, for CSS
 * @property {(connection: Connection, clearOf: DOMRect) => void} spotlight
 * @property {() => void} unspot
 * @property {() => string | null} spotlit  the id of the connection in the spotlight
 * @property {(connection: Connection) => void} [onChoose]  the visitor pressed the sentence
 * @property {boolean} [always]  on a wall: input ends nothing
 * @property {() => number} [now]  milliseconds of a steady clock
 */
import { apart, cityLabel, countryName, distance } from "../common/format.js";
import { say, sayParts } from "../common/i18n.js";
import { sleeve } from "../common/sleeve.js";
import { createStaging } from "./staging.js";

const LOOK_MS = 500; // between looks at what may begin or end a story without input
const LEAVE_MS = 900; // longer than the style sheet's fade
const TITLE_MAX = 64; // characters
const SLEEVE = 64; // units of its drawing: without the label's mark
const LONG = 96; // characters of a sentence that is set smaller
const INPUTS = ["pointerdown", "keydown", "wheel", "touchstart", "focusin"]; // no scroll: the list scrolls by itself
const PASSIVE = { capture: true, passive: true };

/** A text in the first characters that a reader sees, with an ellipsis where that is not all. */
/** @type {(text: string, most: number) => string} */
export function shortened(text, most) {
  const letters = globalThis.Intl?.Segmenter
    ? [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment)
    : [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("").trimEnd()}…`;
}

/** Whether a text may be set in italics: other scripts have none. @param {string} text */
export const isSlanted = (text) => /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}\p{M}]+$/u.test(text);

/** The sentence in parts. Only exact times are told in milliseconds. */
/** @type {<T extends Node | string>(connection: Connection, values: Record<"one" | "other" | "title", T>) => (T | Node | string)[]} */
export function storyParts({ apart_ms }, values) {
  return apart_ms === 0
    ? sayParts("Someone in {one} and someone in {other} pressed play on {title} in the same millisecond", values)
    : sayParts("Someone in {one} and someone in {other} just pressed play on {title}", values);
}

/** What stands below the sentence. @param {Connection} connection */
function factsOf(connection) {
  const { track, from, to, km, apart_ms } = connection;
  const [one, other] = [from, to].map(({ country_code, country }) => countryName(country_code, country));
  const countries = one === other ? one : say("{one} and {other}", { one, other });
  return [track.artist, countries, distance(km), ...(apart_ms === 0 ? [] : [apart(connection)])];
}

/** @param {"bdi" | "cite" | "b"} kind @param {string} text */
function isolated(kind, text) {
  const element = document.createElement(kind);
  element.dir = "auto";
  element.textContent = text;
  return element;
}

/** A fact with the dot that follows it, and a space for the end of a line. */
/** @type {(fact: string, i: number, facts: string[]) => (Node | string)[]} */
function factNodes(fact, i, { length }) {
  const element = document.createElement("span");
  element.append(isolated("bdi", shortened(fact, TITLE_MAX)), i < length - 1 ? "\u00a0·" : "");
  return [element, " "];
}

/** @param {Connection} connection @param {string[]} colours  of its arc */
function storyElement(connection, [colour = ""]) {
  const { track, from, to } = connection;
  const [story, sentence, below, facts] = ["div", "p", "div", "p"].map((name) => document.createElement(name));
  const title = isolated("cite", shortened(track.title, TITLE_MAX));
  title.classList.toggle("slanted", isSlanted(track.title));
  const [one, other] = [from, to].map((place) => isolated("bdi", cityLabel(place)));
  sentence.append(...storyParts(connection, { one, other, title }));
  sentence.className = "sentence";
  sentence.classList.toggle("long", (sentence.textContent ?? "").length > LONG);
  facts.className = "facts";
  facts.append(...factsOf(connection).flatMap(factNodes));
  facts.firstElementChild?.classList.add("artist");
  story.className = "story";
  story.style.setProperty("--song", colour);
  below.className = "below";
  below.append(sleeve(track.id, SLEEVE), facts);
  story.append(sentence, below);
  return story;
}

/** @param {HTMLElement} element @param {LeadStoryOptions} options */
export function createLeadStory(element, options) {
  const { isReady, isBlocked, colours, spotlight, unspot, spotlit, onChoose = () => {}, always = false } = options;
  const now = options.now ?? (() => performance.now());
  const staging = createStaging({ always });
  /** @type {Connection | null} */
  let told = null;
  /** @type {HTMLElement | null} */
  let story = null;
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  const leaving = new Set();

  /** Tell what is to be told now, or nothing. */
  function update() {
    const blocked = isBlocked() || ![told?.id, null].includes(spotlit()); // or another one has the spotlight
    const next = isReady() ? staging.staged(now(), blocked) : null;
    if (next?.id === told?.id) return;
    if (story) leave(story);
    const ended = told;
    [told, story] = [next, null];
    document.documentElement.toggleAttribute("data-staged", next !== null);
    if (next) tell(next);
    else if (spotlit() === ended?.id) unspot();
  }

  /** @param {Connection} connection */
  function tell(connection) {
    story = storyElement(connection, colours(connection.track));
    element.append(story);
    spotlight(connection, story.getBoundingClientRect());
  }

  /** Let a story fade. @param {HTMLElement} old */
  function leave(old) {
    old.classList.add("leaving");
    old.setAttribute("aria-hidden", "true");
    const timer = setTimeout(() => {
      old.remove();
      leaving.delete(timer);
    }, LEAVE_MS);
    leaving.add(timer);
  }

  function end() {
    staging.noteInput(now());
    update();
  }

  /** @param {PointerEvent} event */
  function move({ clientX, clientY }) {
    staging.noteMove(clientX, clientY, now());
    if (told) update();
  }

  /** @type {Connection | null} */
  let pressed = null; // the story under the pointer when it went down, which ended the story
  /** @param {PointerEvent} event */
  const press = ({ target }) => (pressed = target instanceof Node && story?.contains(target) ? told : null);
  /** @param {Event} event */
  function choose(event) {
    if (!pressed) return;
    event.stopPropagation(); // a click beside a card would close it
    onChoose(pressed);
    pressed = null;
  }

  if (!always) {
    window.addEventListener("pointerdown", press, PASSIVE);
    for (const name of INPUTS) window.addEventListener(name, end, PASSIVE);
    window.addEventListener("pointermove", move, PASSIVE);
    element.addEventListener("click", choose);
  }
  const timer = setInterval(update, LOOK_MS);
  return {
    /** The server's choice for the next 10 s. @param {Connection | null} connection */
    setLead(connection) {
      staging.setLead(connection, now());
      update();
    },
    /** Whether the visitor wants stories. @param {boolean} on */
    setOn(on) {
      staging.setOn(on);
      update();
    },
    /** Look now at whether a story may begin or must end. */
    update,
    destroy() {
      clearInterval(timer);
      leaving.forEach(clearTimeout);
      window.removeEventListener("pointerdown", press, PASSIVE);
      for (const name of INPUTS) window.removeEventListener(name, end, PASSIVE);
      window.removeEventListener("pointermove", move, PASSIVE);
      element.removeEventListener("click", choose);
      element.replaceChildren();
      document.documentElement.removeAttribute("data-staged");
      if (told && spotlit() === told.id) unspot();
    },
  };
}
