/**
 * The boxes of all elements that lie over the stage, relative to the stage's corner; without what is not shown.
 *
 * @type {(stage: HTMLElement, selectors: string[]) => import("./labellayout.js").Box[]}
 */
export function overlayBoxes(stage, selectors) {
  const { left, top } = stage.getBoundingClientRect();
  return selectors.flatMap((selector) =>
    [...document.querySelectorAll(selector)].flatMap((element) => {
      const box = element.getBoundingClientRect();
      if (!box.width) return [];
      return [{ left: box.left - left, top: box.top - top, right: box.right - left, bottom: box.bottom - top }];
    }),
  );
}
