/**
 * Tokens for players: made, asked about and deleted at the server. Only the page's memory has them.
 *
 * @typedef {object} MadeToken
 * @property {string} token @property {string} user @property {Place} city
 * @typedef {object} TokenStatus
 * @property {string} user
 * @property {Place | null} city
 * @property {"waiting" | "connected" | "polling" | "playing"} state
 * @property {number | null} pressed_at  epoch seconds
 * @property {Place | null} pressed_in
 * @property {{title: string, artist: string} | null} song
 * @property {number} presses @property {number} scrobbles
 */

/** What the server refused: `invalid` is a token that is nobody's, `waitS` the seconds until the next try. */
export class TokenError extends Error {
  /** @param {number} status @param {number} waitS */
  constructor(status, waitS) {
    super(`the server answered ${status}`);
    this.invalid = status === 401;
    this.waitS = waitS;
  }
}

/** @param {string} base  where the server's addresses begin @param {typeof fetch} [request] */
export function createPlayerTokens(base, request = (...args) => fetch(...args)) {
  /** @param {string} path @param {RequestInit} options */
  async function ask(path, options) {
    const answer = await request(base + path, { cache: "no-store", ...options });
    if (!answer.ok) throw new TokenError(answer.status, Number(answer.headers.get("Retry-After") ?? 0));
    return answer.json();
  }
  /** @param {string} token */
  const bearer = (token) => ({ Authorization: `Bearer ${token}` });

  return {
    /** @type {(city: number) => Promise<MadeToken>} */
    async make(city) {
      const { token } = await ask("/connect/csrf", {});
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
      return ask("/connect", { method: "POST", headers, body: JSON.stringify({ city }) });
    },
    /** @type {(token: string, signal?: AbortSignal) => Promise<TokenStatus>} */
    status: (token, signal) => ask("/connect/status", { headers: bearer(token), signal }),
    /** @type {(token: string) => Promise<{deleted: string}>} */
    remove: (token) => ask("/connect", { method: "DELETE", headers: bearer(token) }),
  };
}
