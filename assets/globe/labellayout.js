/**
 * Finds room for labels. Pure: rectangles in, sides out.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 * @typedef {object} Item
 * @property {number} x       the point that the label belongs to, in pixels
 * @property {number} y
 * @property {number} width   the label's size
 * @property {number} height
 * @property {string[]} sides  where it may be, best first
 * @property {string | null} side  where it is now
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
 * while it can, so that labels do not jump.
 *
 * @type {(items: Item[], bounds: Box, taken?: Box[]) => (string | null)[]}
 */
export function arrange(items, bounds, taken = []) {
  const boxes = [...taken];
  return items.map((item) => {
    const sides = item.side ? [item.side, ...item.sides] : item.sides;
    const side = sides.find((candidate) => {
      const box = boxAt(item, candidate);
      return within(box, bounds) && !boxes.some((other) => overlap(box, other));
    });
    if (side === undefined) return null;
    boxes.push(boxAt(item, side));
    return side;
  });
}
