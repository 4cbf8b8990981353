/**
 * Asks about a token every two seconds while the page is visible, until it is destroyed or the token is gone.
 *
 * @typedef {import("./playertokens.js").TokenStatus} TokenStatus
 * @typedef {object} FirstPlayOptions
 * @property {(signal: AbortSignal) => Promise<TokenStatus>} ask
 * @property {(status: TokenStatus) => void} onStatus
 * @property {() => void} onGone  the token is nobody's any more
 * @property {Pick<Document, "hidden" | "addEventListener" | "removeEventListener">} [page]
 * @property {number} [everyMs]
 */
import { TokenError } from "./playertokens.js";

const EVERY_MS = 2000;

/** @param {FirstPlayOptions} options */
export function createFirstPlay({ ask, onStatus, onGone, page = document, everyMs = EVERY_MS }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let request = new AbortController();

  async function turn() {
    const mine = (request = new AbortController());
    try {
      const status = await ask(mine.signal);
      if (mine.signal.aborted) return;
      onStatus(status);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (error instanceof TokenError && error.invalid) return onGone();
    }
    if (!mine.signal.aborted) timer = setTimeout(turn, everyMs); // also after a failure: the server may be restarting
  }

  function stop() {
    clearTimeout(timer);
    request.abort();
  }

  function handleVisibility() {
    stop();
    if (!page.hidden) turn();
  }

  page.addEventListener("visibilitychange", handleVisibility);
  handleVisibility();
  return {
    destroy() {
      stop();
      page.removeEventListener("visibilitychange", handleVisibility);
    },
  };
}
