/**
 * Finds room for labels. Pure: rectangles in, sides out.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 * @typedef {{x: number, y: number}} Point
 * @typedef {object} Item
 * @property {number} x       the point that the label belongs to, in pixels
 * @property {number} y
 * @property {number} width   the label's size
 * @property {number} height
 * @property {string[]} sides  where it may be, best first
 * @property {string | null} side  where it is now
 * @property {boolean} [spot]  in the spotlight: it may cover what lies over the stage where there is no other room
 */

const GAP = 8;
const MARGIN = 4;

/** The rectangle of a label on a side of its point. @type {(item: Item, side: string) => Box} */
export function boxAt({ x, y, width, height }, side) {
  const across = side.includes("left") ? x - GAP - width : side.includes("right") ? x + GAP : x - width / 2;
  const lift = side.includes("top") ? GAP * 0.6 + height : side.includes("bottom") ? -GAP * 0.6 : height / 2;
  return { left: across, top: y - lift, right: across + width, bottom: y - lift + height };
}

/** @type {(a: Box, b: Box) => boolean} */
export function overlap(a, b) {
  return (
    a.left < b.right + MARGIN && b.left < a.right + MARGIN && a.top < b.bottom + MARGIN && b.top < a.bottom + MARGIN
  );
}

/** @type {(inner: Box, outer: Box) => boolean} */
const within = (inner, outer) =>
  inner.left >= outer.left && inner.top >= outer.top && inner.right <= outer.right && inner.bottom <= outer.bottom;

/**
 * The side that each item gets, or null where it has no room. The most important items come first. An item keeps its side
 * while it can, so that labels do not jump. `taken` lies over the stage, `kept` is part of the picture.
 *
 * @type {(items: Item[], bounds: Box, taken?: Box[], kept?: Box[]) => (string | null)[]}
 */
export function arrange(items, bounds, taken = [], kept = []) {
  const boxes = [...kept];
  return items.map((item) => {
    const sides = item.side ? [item.side, ...item.sides] : item.sides;
    const isFree = (/** @type {Box[]} */ others) => (/** @type {string} */ side) => {
      const box = boxAt(item, side);
      return within(box, bounds) && !others.some((other) => overlap(box, other));
    };
    const side = sides.find(isFree([...taken, ...boxes])) ?? (item.spot ? sides.find(isFree(boxes)) : undefined);
    if (side === undefined) return null;
    boxes.push(boxAt(item, side));
    return side;
  });
}

const LEVEL = ["left", "right"];
const UPRIGHT = ["top", "bottom"];
const ALL_SIDES = [...UPRIGHT, ...LEVEL, ...UPRIGHT.flatMap((end) => LEVEL.map((side) => `${end}-${side}`))];

/** All sides of a point, those beside a line through two points first. @type {(a: Point, b: Point) => string[]} */
export function sidesBeside(a, b) {
  const [x, y] = [b.x - a.x, b.y - a.y];
  const away = (/** @type {string} */ side) => {
    const across = Number(side.includes("right")) - Number(side.includes("left"));
    const down = Number(side.includes("bottom")) - Number(side.includes("top"));
    return Math.abs(across * y - down * x) / Math.hypot(across, down);
  };
  return [...ALL_SIDES].sort((one, other) => away(other) - away(one));
}

/**
 * All sides of a point, those that lead away from another point first.
 *
 * @type {(at: Point, other: Point) => string[]}
 */
export function sidesAway(at, other) {
  const [x, y] = [at.x - other.x, at.y - other.y];
  const across = x > 0 ? [...LEVEL].reverse() : LEVEL;
  const down = y > 0 ? [...UPRIGHT].reverse() : UPRIGHT;
  const corners = across.flatMap((side) => down.map((end) => `${end}-${side}`));
  const away = Math.abs(x) >= Math.abs(y) ? [across[0], down[0], down[1], across[1]] : [down[0], across[0], across[1], down[1]];
  return [away[0], corners[0], away[1], ...corners.slice(1), ...away.slice(2)];
}
