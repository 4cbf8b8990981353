/** One connection in words, over the globe in a frame: the moment that is shown, or a connection that a visitor picked. */
import { base } from "../common/baseurl.js";
import { apart, dateTime, distance } from "../common/format.js";
import { sayParts } from "../common/i18n.js";
import { placeElement } from "../feed/feed.js";

/** @param {HTMLElement} element @param {{onClose?: () => void}} [options] */
export function createCaption(element, { onClose = () => {} } = {}) {
  /** @type {(name: string) => HTMLElement} */
  const find = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-caption="${name}"]`));
  const closer = /** @type {HTMLElement} */ (element.querySelector(".close"));

  function close() {
    if (element.hidden) return;
    element.hidden = true;
    onClose();
  }

  /** Close it, unless it is the moment that is shown. */
  const dismiss = () => closer.hidden || close();
  /** @param {KeyboardEvent} event */
  const press = ({ key }) => key === "Escape" && dismiss();

  closer.addEventListener("click", close);
  document.addEventListener("keydown", press);
  return {
    /** @param {Connection} connection @param {{closable?: boolean}} [how] */
    show(connection, { closable = true } = {}) {
      const { id, track, from, to, km, at } = connection;
      find("title").textContent = track.title;
      find("artist").textContent = track.artist;
      const [one, other] = [from, to].map(placeElement);
      find("cities").replaceChildren(...sayParts("{one} and {other}", { one, other }));
      find("facts").textContent = [apart(connection), distance(km), dateTime(at)].join(" · ");
      /** @type {HTMLAnchorElement} */ (find("page")).href = `${base}/c/${id}`;
      closer.hidden = !closable;
      element.hidden = false;
    },
    close,
    dismiss,
    destroy() {
      closer.removeEventListener("click", close);
      document.removeEventListener("keydown", press);
    },
  };
}
