/**
 * Connections on the globe: each is an arc (instances.js), labels, and something to click on. One of them can stand in the
 * spotlight: it stays until it is let go.
 *
 * @typedef {object} ConnectionsOptions
 * @property {ReturnType<typeof import("./instances.js").createInstances>} instances
 * @property {ReturnType<typeof import("./hittest.js").createHitTester>} hitTester
 * @property {ReturnType<typeof import("./labels.js").createLabels>} labels
 * @property {import("./instances.js").Durations & {fadeS: number}} durations
 * @property {ReturnType<typeof import("./palette.js").songColours>} colours
 * @property {(connection: Connection) => boolean} mine
 * @property {(connection: Connection) => "from" | "to" | null} yours
 */
import { arcPoint, greatCircle, unit } from "./geo.js";
import { flight, KIND, STANDS_S } from "./instances.js";
import { connectionLabels } from "./labels.js";

/** @param {ConnectionsOptions} options */
export function createConnections({ instances, hitTester, labels, durations, colours, mine, yours }) {
  /** How many seconds its arc grows. @param {Connection} connection */
  function flightS({ from, to }) {
    return flight(greatCircle(unit(from.lon, from.lat), unit(to.lon, to.lat)).angle, durations);
  }

  /**
   * Add a connection's arc and labels. Returns the place of the arc's top.
   *
   * @param {Connection} connection @param {number} now when its arc begins
   * @param {{whole?: boolean, spot?: boolean}} [how]  whole: it does not grow
   */
  function add(connection, now, { whole = false, spot = false } = {}) {
    const { track, from, to } = connection;
    const [a, b] = [unit(from.lon, from.lat), unit(to.lon, to.lat)];
    const { css } = colours(track);
    const you = yours(connection);
    const kind = spot ? KIND.spot : you || mine(connection) ? KIND.own : KIND.arc;
    const until = now + instances.add({ from: a, to: b, colours: () => colours(track).rgb, kind }, now);
    const lands = now + (whole ? 0 : flightS(connection));
    hitTester.add({ connection, from: a, to: b, born: now, lands, until });
    const top = arcPoint(a, b, 0.5);
    const times = { born: now, lands, until, fadeS: durations.fadeS };
    const all = connectionLabels(connection, { points: [a, top, b], colours: css, you, times, spot });
    for (const [kind, label] of all) labels.add(kind, label);
    return top;
  }

  return {
    add,
    flightS,
    /** How long ago an arc began that stands whole. @param {Connection} connection */
    standingS: (connection) => flightS(connection) + STANDS_S,
    /** Whether its arc is on the globe, and has landed. @param {string} id @param {number} now */
    hasLanded: (id, now) => hitTester.hasLanded(id, now),
    /** Remove the labels of a connection, or everything. @param {string | null} id */
    drop(id) {
      labels.drop((each) => id === null || each === id);
      if (id === null) [instances, hitTester].forEach((each) => each.clear());
    },
    /** Let the connection in the spotlight fade. @param {number} now */
    unspot(now) {
      instances.unspot(now);
      hitTester.unspot(now + durations.holdS);
      labels.unspot(now + durations.holdS);
    },
  };
}
