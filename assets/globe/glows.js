/**
 * What glows in a city: two people of that city, one who waits, an end of a connection, or a crowd.
 *
 * @typedef {object} GlowsOptions
 * @property {ReturnType<typeof import("./instances.js").createInstances>} instances
 * @property {ReturnType<typeof import("./labels.js").createLabels>} labels
 * @property {ReturnType<typeof import("./palette.js").songColours>} colours
 * @property {() => number[]} sparkColour
 * @property {(point: Vector) => void} notice  turn toward a point of the globe
 * @property {() => number} now  seconds of the page's clock
 */
import { placeNames } from "../common/format.js";
import { unit } from "./geo.js";
import { KIND } from "./instances.js";

const NAMED = 0.6; // flares above this strength have the city's name
const LABEL_FADES_S = 0.5; // before its flare ends

/** @param {GlowsOptions} options */
export function createGlows({ instances, labels, colours, sparkColour, notice, now }) {
  /** @param {Place} place @param {Omit<import("./instances.js").Shape, "from">} shape */
  const add = ({ lon, lat }, shape) => instances.add({ ...shape, from: unit(lon, lat) }, now());

  return {
    /** Two people in one city. @param {Pulse} pulse */
    pulse({ track, city }) {
      add(city, { colours: () => colours(track).rgb, kind: KIND.pulse });
    },
    /** A connection that matters to the viewer: a soft ring at both ends. @param {Connection} connection */
    glow({ track, from, to }) {
      for (const place of [from, to]) add(place, { colours: () => colours(track).rgb, kind: KIND.pulse });
    },
    /** One person who waits for another. @param {Spark} spark */
    spark({ city }) {
      add(city, { colours: () => [sparkColour()], kind: KIND.spark });
    },
    /** A city in which very many people play one song. @type {(place: Place, songColours: () => number[][], strength: number) => void} */
    flare(place, songColours, strength) {
      const begins = now();
      const until = begins + add(place, { colours: songColours, kind: KIND.flare, strength }) - LABEL_FADES_S;
      const point = unit(place.lon, place.lat);
      notice(point);
      if (strength > NAMED) labels.add("city", { id: "", point, lines: placeNames(place), colours: [], from: begins, until });
    },
  };
}
