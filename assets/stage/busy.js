/** Whether a visitor does something on a page that a story must not interrupt. */

const FIELDS = "input:not([type=checkbox], [type=radio], [type=range], [type=color]), textarea, select, [contenteditable]";

/** Whether a dialog or a popover is open, or the visitor types. @param {Document} page */
export function isBusy(page) {
  if (page.querySelector("dialog[open]")) return true;
  if ([...page.querySelectorAll("[popover]")].some(isShown)) return true;
  return page.hasFocus() && page.activeElement !== null && isTyping(page.activeElement);
}

/** An empty field that offers nothing keeps the focus after a choice: nobody types there. @param {Element} element */
function isTyping(element) {
  if (!element.matches(FIELDS)) return false;
  return !(element instanceof HTMLInputElement) || element.value !== "" || element.ariaExpanded === "true";
}

/** @param {Element} popover */
function isShown(popover) {
  try {
    return popover.matches(":popover-open");
  } catch {
    return false; // the browser knows no popovers, and shows them as part of the page
  }
}
