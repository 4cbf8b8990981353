/**
 * Whether one song has the crowd, and which of its cities flare. A frame names the most played song of its slice; this sums
 * ten seconds of them. A song needs less to stay than to come, so that it does not flicker. Pure: time is an argument.
 *
 * @typedef {{track: Track, plays: number}} Leader  a song with the crowd, and its plays in the ten seconds
 */

const SPAN_S = 10;
const COMES = { share: 0.3, plays: 50 }; // more than this share of all plays, and at least so many
const STAYS = { share: 0.2, plays: 30 };
const OVERTAKES = 1.5; // another song needs so many times the plays to take its place
const PATIENCE_S = 4; // how long it stays with less than it needs
const SHORTEST_S = 8; // from its beginning

export function createCrowdTally() {
  /** @type {{at: number, plays: number, crowd: Crowd | null}[]} */
  let entries = [];
  /** @type {Leader | null} */
  let leader = null;
  let [beganAt, ledAt, heldAt] = [Infinity, 0, 0];

  /** The songs of the ten seconds, by their ids. */
  function songs() {
    /** @type {Map<string, Leader>} */
    const found = new Map();
    for (const { crowd } of entries) {
      if (!crowd) continue;
      const { track, plays } = crowd;
      found.set(track.id, { track, plays: plays + (found.get(track.id)?.plays ?? 0) });
    }
    return found;
  }

  /** @param {number} now */
  function decide(now) {
    const all = entries.reduce((sum, { plays }) => sum + plays, 0);
    const found = songs();
    const most = [...found.values()].reduce((a, b) => (b.plays > a.plays ? b : a), NOBODY);
    const has = (/** @type {Leader} */ song, least = STAYS) => song.plays >= least.plays && song.plays > least.share * all;
    const next = now - beganAt >= SPAN_S && has(most, COMES) ? most : null;
    if (!leader) return lead(next, now);
    const own = found.get(leader.track.id) ?? NOBODY;
    if (has(own)) leader = { track: leader.track, plays: own.plays };
    if (has(own) && most.plays < OVERTAKES * own.plays) heldAt = now;
    if (now - heldAt > PATIENCE_S && now - ledAt > SHORTEST_S) lead(next, now);
  }

  /** @param {Leader | null} song @param {number} now */
  function lead(song, now) {
    leader = song;
    ledAt = heldAt = now;
  }

  function clear() {
    entries = [];
    leader = null;
    beganAt = Infinity;
  }

  return {
    /** Add a frame; a time before the last one clears the sums. Returns the song with the crowd, if any. */
    /** @type {(now: number, plays: number, crowd: Crowd | null) => Leader | null} */
    add(now, plays, crowd) {
      if (now < (entries.at(-1)?.at ?? -Infinity)) clear();
      beganAt = Math.min(beganAt, now);
      entries = [...entries.filter(({ at }) => at > now - SPAN_S), { at: now, plays, crowd }];
      decide(now);
      return leader;
    },
    clear,
  };
}

/** @type {Leader} */
const NOBODY = { track: { id: "", title: "", artist: "" }, plays: 0 };

const AGAIN_S = 2; // until a city flares again
const AT_ONCE = 8; // cities of one frame

/** Chooses the cities that flare: the busiest of each frame, each at most once in two seconds, so that they are few rows. */
export function createFlareChoice() {
  /** When a city flared last, and its plays since then. @type {Map<number, {at: number, plays: number}>} */
  let cities = new Map();
  let most = 1;

  return {
    /**
     * The cities that flare now, with a strength from 0 to 1: by their plays, relative to the busiest of late.
     *
     * @param {number} now @param {Crowd} crowd @returns {{city: Place, strength: number}[]}
     */
    choose(now, { cities: playing }) {
      cities = new Map([...cities].filter(([, { at }]) => Math.abs(now - at) < SPAN_S));
      most = Math.max(1, most * 0.97);
      const ready = playing.filter(({ city, plays }) => {
        const last = cities.get(city.geoname_id) ?? { at: now - AGAIN_S, plays: 0 };
        last.plays += plays;
        cities.set(city.geoname_id, last);
        most = Math.max(most, last.plays);
        return now - last.at >= AGAIN_S;
      });
      const plays = (/** @type {Place} */ { geoname_id }) => cities.get(geoname_id)?.plays ?? 0;
      const chosen = ready.sort((a, b) => plays(b.city) - plays(a.city)).slice(0, AT_ONCE);
      return chosen.map(({ city }) => {
        const strength = Math.sqrt(plays(city) / most);
        cities.set(city.geoname_id, { at: now, plays: 0 });
        return { city, strength };
      });
    },
    clear() {
      cities.clear();
      most = 1;
    },
  };
}
