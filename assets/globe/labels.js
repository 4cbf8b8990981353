/**
 * Labels over the globe: a song at the top of its arc, the cities at its ends. They are DOM elements, so that the browser
 * shapes every script. An element is created once there may be room for it.
 *
 * @typedef {object} Label
 * @property {Kind} kind
 * @property {string} id       of its connection
 * @property {Vector} point
 * @property {string[]} lines
 * @property {string[]} colours
 * @property {number} from     seconds of the page's clock
 * @property {number} until
 * @property {Made | null} made
 * @property {boolean} [own]     of the visitor's own play: it comes before all others
 * @property {boolean} [spot]    in the spotlight: it comes first of all, and at the globe's rim if it is behind it
 * @property {string | null} side  where it is, as seen from its point; null while it has no room
 *
 * @typedef {{element: HTMLElement, card: HTMLElement, width: number, height: number, x: number, y: number}} Made
 * @typedef {{sides: string[], rank: number, share: number}} Kind
 * @typedef {Label & {made: Made, x: number, y: number, width: number, height: number, sides: string[]}} Seen
 * @typedef {(point: Vector, toRim?: boolean) => [number, number] | null} Project  null on the far side; toRim: a place
 *   slightly behind the globe is moved to its rim
 */
import { cityLabel, placeNames } from "../common/format.js";
import { say } from "../common/i18n.js";
import { arrange, boxAt, sidesAway, sidesBeside } from "./labellayout.js";

const FADE_MS = 450;
const SHORTEST_S = 1.2; // a label with less time left could not be read, and does not appear
const MAX = 240; // waiting or shown
const STEP_PX = 0.5; // labels move only when one is farther off: moving them is the most expensive part of a frame
const OBSTACLES_S = 0.25; // how often to ask what lies over the stage
const ROOM_PX = 150_000; // of the stage per song
const DOT_PX = 0.8; // around an end in the spotlight: no label covers it

/** Of two labels for the same room, the one with the lower rank gets it. share: how many there may be per song. */
const KINDS = /** @type {Record<string, Kind>} */ ({
  song: { rank: 0, share: 1, sides: ["top", "top-right", "top-left", "bottom", "right", "left"] },
  city: { rank: 1, share: 2, sides: ["right", "left", "bottom", "top", "bottom-right", "bottom-left"] },
});

/** @param {HTMLElement} stage @param {{obstacles?: () => import("./labellayout.js").Box[]}} [options] */
export function createLabels(stage, { obstacles = () => [] } = {}) {
  /** @type {Label[]} */
  let labels = [];
  /** @type {import("./labellayout.js").Box[]} */
  let taken = [];
  let takenAtS = -Infinity;

  /** @param {number} now @param {Project} project @returns {Label[]} */
  function inView(now, project) {
    const seen = [];
    for (const label of labels) {
      const soon = label.side === null && label.until - now < SHORTEST_S;
      const at = label.from <= now && !soon ? project(label.point, label.spot && label.kind === KINDS.city) : null;
      if (!at) {
        show(label, null);
        continue;
      }
      seen.push(Object.assign(label, { x: at[0], y: at[1] }));
    }
    return seen.sort(byImportance(labels));
  }

  /** @param {(label: Label) => boolean} which */
  function remove(which) {
    for (const label of labels) if (which(label)) fadeOut(label);
    labels = labels.filter((label) => !which(label));
  }

  return {
    /** @param {"song" | "city"} kind @param {Omit<Label, "kind" | "made" | "side">} what */
    add(kind, what) {
      const twin = (/** @type {Label} */ label) => label.lines.join() === what.lines.join() && label.until > what.from;
      const full = labels.length >= MAX && !what.own && !what.spot;
      if (kind === "city" && what.spot) remove(twin);
      if (full || (kind === "city" && labels.some(twin))) return;
      labels.push({ ...what, kind: KINDS[kind], made: null, side: null });
    },
    /**
     * @param {number} now @param {Project} project
     * @param {number} [share]  of the labels that there is room for; less than 1 on slow devices
     */
    update(now, project, share = 1) {
      for (const label of labels) if (label.until <= now) fadeOut(label);
      labels = labels.filter((label) => label.until > now);
      const { clientWidth: width, clientHeight: height } = stage;
      const bounds = { left: 6, top: 6, right: width - 6, bottom: height - 6 };
      const songs = Math.max(2, Math.min(6, Math.round((width * height) / ROOM_PX))) * share;
      const seen = atMost(inView(now, project), songs).map((label) => shaped(stage, label));
      const seconds = performance.now() / 1000; // unlike the page's clock, it does not stop in a pause
      if (seconds - takenAtS >= OBSTACLES_S) [taken, takenAtS] = [obstacles(), seconds];
      const sides = arrange(seen, bounds, taken, partSpots(seen));
      seen.forEach((label, i) => show(label, sides[i]));
      if (seen.some(isOff)) seen.forEach(place);
    },
    count: () => labels.length,
    /** The connection id of the label that covers a point, or null. @param {[number, number]} point */
    at([x, y]) {
      const standing = /** @type {Seen[]} */ (labels.filter(({ side }) => side !== null));
      const covers = (/** @type {Seen} */ label) => {
        const { left, top, right, bottom } = boxAt(label, /** @type {string} */ (label.side));
        return left <= x && x <= right && top <= y && y <= bottom;
      };
      return standing.find(covers)?.id ?? null;
    },
    /** Remove labels. @param {(id: string) => boolean} [which] by the id of their connection; all by default */
    drop: (which = () => true) => remove(({ id }) => which(id)),
    /** What lies over the stage may be elsewhere now. */
    look() {
      takenAtS = -Infinity;
    },
    /** Let the labels in the spotlight go: they fade soon. @param {number} until */
    unspot(until) {
      for (const label of labels.filter(({ spot }) => spot)) {
        Object.assign(label, { spot: false, until });
        label.made?.element.classList.remove("spot");
      }
    },
    destroy() {
      for (const { made } of labels) made?.element.remove();
      labels = [];
    },
  };
}

/**
 * @typedef {object} LabelOptions
 * @property {Vector[]} points  of the arc: its start, its top and its end
 * @property {string[]} colours  of its ends, for CSS
 * @property {"from" | "to" | null} you  the visitor's own end
 * @property {{born: number, lands: number, until: number, fadeS: number}} times  of its arc, seconds of the page's clock
 * @property {boolean} [spot]
 */

/**
 * The labels of a connection: its song and both cities.
 *
 * @param {Pick<Connection, "id" | "track" | "from" | "to">} connection @param {LabelOptions} options
 * @returns {["song" | "city", Omit<Label, "kind" | "made" | "side">][]}
 */
export function connectionLabels({ id, track, from, to }, { points: [start, top, end], colours, you, times, spot }) {
  const { born, lands, until, fadeS } = times;
  const all = { id, own: you !== null, until: until - fadeS, spot };
  const song = { ...all, point: top, lines: [track.title, track.artist], colours, from: (born + lands) / 2 };
  const one = { ...all, point: start, lines: nameOf(from, you === "from"), colours: [colours[0]], from: born };
  const other = { ...all, point: end, lines: nameOf(to, you === "to"), colours: [colours[1]], from: lands - 0.2 };
  return [
    ["song", song],
    ["city", one],
    ["city", { ...other, until: until - fadeS * 0.5 }],
  ];
}

/** A city and its country; for the visitor's own end, the city only. */
/** @type {(place: Place, you: boolean) => string[]} */
const nameOf = (place, you) => (you ? [say("You"), cityLabel(place)] : placeNames(place));

/**
 * The labels in the spotlight come first, then the visitor's own, and songs before cities. Among these, first the labels that are shown already, then
 * the cities of a song that is shown, then the newest.
 *
 * @param {Label[]} labels @returns {(a: Label, b: Label) => number}
 */
function byImportance(labels) {
  const shown = new Set(labels.filter(({ kind, side }) => kind === KINDS.song && side).map(({ id }) => id));
  const score = (/** @type {Label} */ label) =>
    (label.side ? 2 : Number(shown.has(label.id))) -
    4 * label.kind.rank +
    8 * Number(label.own ?? false) +
    16 * Number(label.spot ?? false);
  return (a, b) => score(b) - score(a) || b.from - a.from;
}

/** The label with its element, and so with its size. @param {HTMLElement} stage @param {Label} label @returns {Seen} */
function shaped(stage, label) {
  label.made ??= make(stage, label);
  const { width, height } = label.made;
  return /** @type {Seen} */ (Object.assign(label, { width, height, sides: label.kind.sides }));
}

/**
 * Give the labels in the spotlight sides that lead away from each other, and return their ends as boxes.
 *
 * @param {Seen[]} seen
 */
function partSpots(seen) {
  const spots = seen.filter(({ spot }) => spot);
  const ends = spots.filter(({ kind }) => kind === KINDS.city);
  ends.forEach((label, i) => (label.sides = sidesAway(label, ends[1 - i] ?? label)));
  const songs = spots.filter(({ kind }) => kind === KINDS.song);
  for (const label of songs) label.sides = sidesBeside(ends[0] ?? label, ends[1] ?? { x: label.x + 1, y: label.y });
  return ends.map(({ x, y }) => ({ left: x - DOT_PX, top: y - DOT_PX, right: x + DOT_PX, bottom: y + DOT_PX }));
}

/** The first labels of each kind; the others are hidden. @param {Label[]} seen @param {number} songs */
function atMost(seen, songs) {
  /** @type {Map<Kind, number>} */
  const taken = new Map();
  return seen.filter((label) => {
    const count = (taken.get(label.kind) ?? 0) + 1;
    taken.set(label.kind, count);
    const isRoom = label.spot || count <= songs * label.kind.share;
    if (!isRoom) show(label, null);
    return isRoom;
  });
}

/** @param {HTMLElement} stage @param {Label} label @returns {Made} */
function make(stage, { kind, lines, colours, spot }) {
  const element = document.createElement("div");
  const card = document.createElement("div");
  element.className = `label ${kind === KINDS.song ? "song" : "city"}${spot ? " spot" : ""}`;
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
  element.classList.toggle("stacked", kind === KINDS.city && lines.length > 1 && isWrapped(card));
  return { element, card, width: card.offsetWidth, height: card.offsetHeight, x: NaN, y: NaN };
}

/** Whether a city and its country need two lines. @param {HTMLElement} card */
function isWrapped({ children }) {
  const [first, second] = /** @type {HTMLElement[]} */ ([...children]);
  return second.offsetTop > first.offsetTop;
}

/** @param {Label} label */
function fadeOut({ made }) {
  made?.element.classList.remove("shown");
  setTimeout(() => made?.element.remove(), FADE_MS);
}

/** @param {Label} label @param {string | null} side */
function show(label, side) {
  if (side === label.side) return;
  label.made?.element.classList.toggle("shown", side !== null);
  label.side = side;
}

/** Whether it is visibly out of place. @param {Seen} label */
const isOff = ({ made, side, x, y }) =>
  side !== null && (made.element.dataset.side !== side || !(Math.hypot(x - made.x, y - made.y) < STEP_PX));

/** Move a label to its point. @param {Seen} label */
function place({ made, x, y, side, ...label }) {
  made.element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  Object.assign(made, { x, y });
  if (!side || made.element.dataset.side === side) return;
  const { left, top } = boxAt({ ...label, x: 0, y: 0, side }, side);
  made.element.dataset.side = side;
  made.card.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
}
