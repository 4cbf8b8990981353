/** The dialog that lists the keyboard shortcuts. Escape, its button and a click beside it close it. */

/** @param {HTMLDialogElement} dialog @param {{opener: HTMLElement}} options */
export function createHelp(dialog, { opener }) {
  const open = () => dialog.open || dialog.showModal();
  const close = () => dialog.close();
  /** @param {MouseEvent} event */
  const closeOutside = ({ target }) => target === dialog && close();

  const closer = /** @type {HTMLElement} */ (dialog.querySelector("[data-close]"));
  opener.addEventListener("click", open);
  closer.addEventListener("click", close);
  dialog.addEventListener("click", closeOutside);
  return {
    open,
    destroy() {
      opener.removeEventListener("click", open);
      closer.removeEventListener("click", close);
      dialog.removeEventListener("click", closeOutside);
      close();
    },
  };
}
