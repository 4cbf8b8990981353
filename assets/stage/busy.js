/** Whether a visitor does something on a page that a story must not interrupt. */

const FIELDS = "input:not([type=checkbox], [type=radio], [type=range], [type=color]), textarea, select, [contenteditable]";

/** Whether a dialog or a popover is open, or the visitor types. @param {Document} page */
export function isBusy(page) {
  if (page.querySelector("dialog[open]")) return true;
  if ([...page.querySelectorAll("[popover]")].some(isShown)) return true;
  return page.hasFocus() && (page.activeElement?.matches(FIELDS) ?? false);
}

/** @param {Element} popover */
function isShown(popover) {
  try {
    return popover.matches(":popover-open");
  } catch {
    return false; // the browser knows no popovers, and shows them as part of the page
  }
}
