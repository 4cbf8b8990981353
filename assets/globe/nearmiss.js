/**
 * The dashed arc from the visitor's city to that of the play which came closest to theirs. There is one at most. It stays
 * longer than other arcs; in one city it is a pulse.
 *
 * @typedef {{from: Place, to: Place, track: Track}} Ends
 * @typedef {object} NearMissOptions
 * @property {ReturnType<typeof import("./instances.js").createInstances>} instances
 * @property {ReturnType<typeof import("./labels.js").createLabels>} labels
 * @property {ReturnType<typeof import("./palette.js").songColours>} colours
 * @property {import("./instances.js").Durations} durations
 */
import { arcPoint, greatCircle, unit } from "./geo.js";
import { flight, KIND, STANDS_S } from "./instances.js";
import { connectionLabels } from "./labels.js";

const ID = "near-miss"; // of its labels

/** @param {NearMissOptions} options */
export function createNearMiss({ instances, labels, colours, durations }) {
  return {
    /**
     * Draw it in place of the one before.
     *
     * @param {Ends | null} ends  null only removes that
     * @param {number} now
     * @param {{landed?: boolean, whole?: boolean}} [how]  landed: it stands already; whole: it does not grow
     */
    show(ends, now, { landed = false, whole = false } = {}) {
      instances.drop(KIND.dashed);
      labels.drop((id) => id === ID);
      if (!ends) return;
      const { from, to, track } = ends;
      const [a, b] = [unit(from.lon, from.lat), unit(to.lon, to.lat)];
      const kind = from.geoname_id === to.geoname_id ? KIND.pulse : KIND.dashed;
      const flightS = flight(greatCircle(a, b).angle, durations);
      const born = now - (landed ? flightS + STANDS_S : 0);
      const until = born + instances.add({ from: a, to: b, colours: () => colours(track).rgb, kind }, born);
      const times = { born, lands: born + (whole ? 0 : flightS), until, fadeS: durations.fadeS };
      const points = [a, arcPoint(a, b, 0.5), b];
      const all = connectionLabels({ id: ID, track, from, to }, { points, colours: colours(track).css, you: "from", times });
      const cities = all.filter(([name]) => name === "city").slice(0, kind === KIND.pulse ? 1 : 2);
      for (const [name, label] of cities) labels.add(name, label);
    },
  };
}
