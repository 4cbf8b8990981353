/**
 * The banner of the song that very many people play at once. Its cities flare on the globe, which leaves its arcs out.
 *
 * @typedef {object} CrowdOptions
 * @property {(track: Track) => string[]} colours  for CSS
 * @property {() => boolean} isStill  nothing on the page may move now
 * @property {(track: Track | null) => void} onLead  the song with the crowd, told with each frame
 * @property {(city: Place, track: Track, strength: number) => void} onFlare  strength: from 0 to 1
 * @property {(text: string) => void} announce
 * @property {((track: Track) => void) | null} onChoose  null where nothing can be clicked
 */
import { count } from "../common/format.js";
import { say, sayCount } from "../common/i18n.js";
import { createCrowdTally, createFlareChoice } from "./crowdtally.js";

const UPDATE_S = 1; // between changes of the number

/** How many people played it. @param {number} plays */
const peopleText = (plays) =>
  sayCount("{n} person in ten seconds", "{n} people in ten seconds", plays, { n: count(plays) });

/** @param {HTMLElement} element @param {CrowdOptions} options */
export function createCrowd(element, { colours, isStill, onLead, onFlare, announce, onChoose }) {
  const [tally, flares] = [createCrowdTally(), createFlareChoice()];
  const button = /** @type {HTMLButtonElement} */ (element.querySelector("button"));
  const people = /** @type {HTMLElement} */ (element.querySelector(".people"));
  /** @type {Set<string>} */
  const announced = new Set();
  /** @type {Track | null} */
  let shown = null;
  let changedS = 0;
  button.disabled = !onChoose;

  /** @param {import("./crowdtally.js").Leader} leader @param {number} now */
  function show({ track, plays }, now) {
    const same = shown?.id === track.id;
    if (same && now - changedS < UPDATE_S) return;
    changedS = now;
    putPeople(plays);
    if (!same) begin(track, plays);
  }

  /** Say how many, with the number emphasized. @param {number} plays */
  function putPeople(plays) {
    const parts = peopleText(plays).split(count(plays));
    const numbers = parts.slice(1).map(() => document.createElement("b"));
    numbers.forEach((number) => (number.textContent = count(plays)));
    people.replaceChildren(...parts.flatMap((part, i) => (i ? [numbers[i - 1], part] : [part])));
  }

  /** @param {Track} track @param {number} plays */
  function begin(track, plays) {
    shown = track;
    button.textContent = track.title;
    button.title = onChoose ? say("Show {name}", { name: track.title }) : track.title;
    colours(track).forEach((colour, i) => element.style.setProperty(`--colour-${i}`, colour));
    element.hidden = false;
    if (announced.has(track.id)) return;
    announced.add(track.id);
    announce(say("{title}: {people}", { title: track.title, people: peopleText(plays) }));
  }

  function hide() {
    shown = null;
    element.hidden = true;
  }

  function clear() {
    tally.clear();
    flares.clear();
    hide();
    onLead(null);
  }

  const choose = () => shown && onChoose?.(shown);
  button.addEventListener("click", choose);
  return {
    /** A live frame; one with a filter has no crowd. @param {Frame} frame @param {boolean} fresh  whether its cities may flare */
    add({ now, counts, crowd }, fresh) {
      if (crowd === undefined) return clear();
      const leader = tally.add(now, counts.plays, crowd);
      onLead(leader && leader.track);
      if (isStill()) return;
      if (leader) show(leader, now);
      else hide();
      if (!fresh || !crowd || crowd.track.id !== leader?.track.id) return;
      for (const { city, strength } of flares.choose(now, crowd)) onFlare(city, crowd.track, strength);
    },
    clear,
    destroy() {
      button.removeEventListener("click", choose);
      clear();
    },
  };
}
