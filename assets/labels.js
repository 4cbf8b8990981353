/**
 * Labels over the globe: a song at the top of its arc, the cities at the ends. They are DOM elements, so the browser
 * shapes every script; text only ever goes in as text.
 *
 * @typedef {object} Label
 * @property {HTMLElement} element
 * @property {HTMLElement} card
 * @property {Vector} point
 * @property {string[]} sides
 * @property {number} from     seconds of the page's clock
 * @property {number} until
 * @property {number} rank     of two that want one place the lower wins
 * @property {number} width
 * @property {number} height
 * @property {string | null} side
 * @property {string} transform
 */
import { arrange, boxAt } from "./arrange.js";

const SONG_SIDES = ["top", "top-right", "top-left", "bottom", "right", "left"];
const CITY_SIDES = ["right", "left", "bottom", "top", "bottom-right", "bottom-left"];
const LEAVE_MS = 450;
const ROOM_PX = 52_000; // of the stage for each song: more would be a crowd

/** @param {HTMLElement} stage @param {{obstacles?: () => import("./arrange.js").Box[]}} [options] */
export function createLabels(stage, { obstacles = () => [] } = {}) {
  /** @type {Label[]} */
  let labels = [];

  /** @param {string} kind @param {string[]} lines @param {string[]} colours */
  function build(kind, lines, colours) {
    const element = document.createElement("div");
    const card = document.createElement("div");
    element.className = `label ${kind}`;
    card.className = "card";
    colours.forEach((colour, i) => element.style.setProperty(`--colour-${i}`, colour));
    for (const text of lines) {
      const line = document.createElement("span");
      line.textContent = text;
      line.dir = "auto";
      line.title = text;
      card.append(line);
    }
    element.append(card);
    stage.append(element);
    return { element, card, width: card.offsetWidth, height: card.offsetHeight };
  }

  /** @param {Label} label */
  function leave({ element }) {
    element.classList.remove("shown");
    setTimeout(() => element.remove(), LEAVE_MS);
  }

  /** @param {"song" | "city"} kind */
  const most = (kind) => {
    const songs = Math.max(2, Math.min(9, Math.round((stage.clientWidth * stage.clientHeight) / ROOM_PX)));
    return kind === "song" ? songs : songs * 2;
  };

  return {
    /**
     * @param {"song" | "city"} kind
     * @param {{point: Vector, lines: string[], colours: string[], from: number, until: number}} what
     */
    add(kind, { point, lines, colours, from, until }) {
      if (kind === "city" && labels.some((label) => label.until > from && sameText(label, lines))) return;
      const alike = labels.filter((label) => label.element.classList.contains(kind));
      if (alike.length >= most(kind) * 2) return;
      const sides = kind === "song" ? SONG_SIDES : CITY_SIDES;
      const rank = kind === "song" ? 0 : 1;
      labels.push({ ...build(kind, lines, colours), point, sides, from, until, rank, side: null, transform: "" });
    },
    /**
     * @param {number} now
     * @param {(point: Vector) => [number, number] | null} project  null on the far side
     */
    update(now, project) {
      for (const label of labels) if (label.until <= now) leave(label);
      labels = labels.filter((label) => label.until > now);
      /** @type {(Label & {x: number, y: number})[]} */
      const seen = [];
      for (const label of labels) {
        const at = label.from <= now ? project(label.point) : null;
        if (at) seen.push(Object.assign(label, { x: at[0], y: at[1] }));
        else show(label, null);
      }
      seen.sort((a, b) => Number(b.side !== null) - Number(a.side !== null) || a.rank - b.rank || a.from - b.from);
      const bounds = { left: 6, top: 6, right: stage.clientWidth - 6, bottom: stage.clientHeight - 6 };
      const room = { song: most("song"), city: most("city") };
      const sides = arrange(seen, bounds, obstacles());
      seen.forEach((label, i) => {
        const kind = label.rank === 0 ? "song" : "city";
        const side = room[kind] > 0 ? sides[i] : null;
        if (side) room[kind] -= 1;
        show(label, side);
        place(label);
      });
    },
    count: () => labels.length,
    destroy() {
      for (const { element } of labels) element.remove();
      labels = [];
    },
  };
}

/** @type {(label: Label, lines: string[]) => boolean} */
const sameText = (label, lines) => label.card.textContent === lines.join("");

/** @param {Label} label @param {string | null} side */
function show(label, side) {
  if (side === label.side) return;
  label.element.classList.toggle("shown", side !== null);
  label.side = side;
}

/** Follow the point, touching the element only if that moved it. @param {Label & {x: number, y: number}} label */
function place(label) {
  const transform = `translate(${label.x.toFixed(1)}px, ${label.y.toFixed(1)}px)`;
  if (transform !== label.transform) label.element.style.transform = transform;
  label.transform = transform;
  if (!label.side || label.element.dataset.side === label.side) return;
  const box = boxAt(label, label.side);
  label.element.dataset.side = label.side;
  label.card.style.transform = `translate(${(box.left - label.x).toFixed(1)}px, ${(box.top - label.y).toFixed(1)}px)`;
}
