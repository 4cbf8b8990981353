/**
 * Where the things that stand over the stage are, seen from its corner; what is not there takes no room.
 *
 * @type {(stage: HTMLElement, selectors: string[]) => import("./labellayout.js").Box[]}
 */
export function overlayBoxes(stage, selectors) {
  const { left, top } = stage.getBoundingClientRect();
  return selectors.flatMap((selector) => {
    const box = document.querySelector(selector)?.getBoundingClientRect();
    if (!box?.width) return [];
    return [{ left: box.left - left, top: box.top - top, right: box.right - left, bottom: box.bottom - top }];
  });
}
