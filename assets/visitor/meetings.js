/**
 * The visitor's meetings: their own, and those they kept with a heart. They are in this browser only, and nothing is written
 * before the visitor gives a heart or asks to keep their own. Pure, but for the storage that it is given.
 *
 * @typedef {"from" | "to" | null} End  the visitor's own end
 * @typedef {{connection: Connection, you: End, heart: boolean}} Meeting
 * @typedef {{keeps: boolean, meetings: Meeting[]}} Shelf  keeps: whether the visitor's own are stored as they come; the
 *   newest meeting first
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 */

export const KEY = "unison.meetings";
export const MOST = 500;
const VERSION = 1;

/** @returns {Shelf} */
const emptyShelf = () => ({ keeps: false, meetings: [] });

/** What is stored; what is not well-formed is left out. @type {(storage: Store | null) => Shelf} */
export function readShelf(storage) {
  try {
    const { keeps, meetings } = JSON.parse(storage?.getItem(KEY) ?? "null") ?? {};
    const found = Array.isArray(meetings) ? meetings.filter(isMeeting) : [];
    return { keeps: keeps === true, meetings: shortened(found) };
  } catch {
    return emptyShelf();
  }
}

/** Store a shelf; an empty one is removed. Returns whether the browser did. @type {(storage: Store | null, shelf: Shelf) => boolean} */
export function writeShelf(storage, shelf) {
  try {
    if (!storage) return false;
    if (shelf.keeps || shelf.meetings.length) storage.setItem(KEY, JSON.stringify({ version: VERSION, ...shelf }));
    else storage.removeItem(KEY);
    return true;
  } catch {
    return false; // storage is full or forbidden: the shelf lasts until the page closes
  }
}

/** @param {any} given */
function isMeeting(given) {
  const { connection: made, you, heart } = given ?? {};
  const isPlace = (/** @type {any} */ place) =>
    ["city", "country"].every((name) => typeof place?.[name] === "string") && [place.lon, place.lat].every(Number.isFinite);
  return (
    typeof made?.id === "string" && /^[0-9a-v]{23}$/.test(made.id) && Number.isFinite(made.at) && Number.isFinite(made.km) &&
    (made.apart_ms === null || Number.isFinite(made.apart_ms)) &&
    ["id", "title", "artist"].every((name) => typeof made.track?.[name] === "string") &&
    isPlace(made.from) && isPlace(made.to) && [null, "from", "to"].includes(you) && typeof heart === "boolean"
  );
}

/** The newest first, and at most MOST: the oldest without a heart go first. @type {(meetings: Meeting[]) => Meeting[]} */
export function shortened(meetings) {
  const sorted = [...meetings].sort((one, other) => other.connection.at - one.connection.at);
  const spare = Math.max(0, sorted.length - MOST);
  const byWorth = [...sorted.filter(({ heart }) => heart), ...sorted.filter(({ heart }) => !heart)];
  const gone = new Set(spare ? byWorth.slice(-spare) : []);
  return sorted.filter((meeting) => !gone.has(meeting));
}

/** With a meeting put in, in the place of one with its id. @type {(meetings: Meeting[], meeting: Meeting) => Meeting[]} */
export const withMeeting = (meetings, meeting) =>
  shortened([meeting, ...meetings.filter(({ connection }) => connection.id !== meeting.connection.id)]);

/**
 * What the visitor takes along as a file.
 *
 * @param {Meeting[]} meetings @param {{origin: string, nowMs: number}} options
 */
export function exported(meetings, { origin, nowMs }) {
  const time = (/** @type {number} */ ms) => new Date(ms).toISOString();
  /** @param {Place} place */
  const end = ({ city, region = null, country, lon, lat }) => ({ city, region, country, lon, lat });
  return {
    format: "unison-meetings",
    version: VERSION,
    exported_at: time(nowMs),
    meetings: meetings.map(({ connection: { id, at, source, apart_ms, within_s, km, track, from, to }, you, heart }) => ({
      id,
      page: `${origin}/c/${id}`,
      at: time(1000 * at),
      source,
      apart_ms,
      ...(within_s === undefined ? {} : { within_s }),
      km,
      title: track.title,
      artist: track.artist,
      from: end(from),
      to: end(to),
      you,
      heart,
    })),
  };
}

/** Sums of meetings: how many, in how many countries, and the farthest one. @param {Meeting[]} meetings */
export function sumsOf(meetings) {
  const countries = new Set(meetings.flatMap(({ connection: { from, to } }) => [from, to].map(({ country }) => country)));
  const farthest = meetings.reduce(
    (/** @type {Meeting | null} */ far, each) => (far && far.connection.km >= each.connection.km ? far : each),
    null,
  );
  return { count: meetings.length, countries: countries.size, farthest: farthest?.connection ?? null };
}

/** @param {Store | null} storage @param {() => void} [onChange] */
export function createMeetings(storage, onChange = () => {}) {
  /** @type {Meeting[]} the visitor's own that are not stored */
  let passing = [];
  /** @type {Shelf | null} where the browser stores nothing */
  let held = null;

  const stored = () => held ?? readShelf(storage); // read each time: another tab may have changed it

  /** @param {Shelf} shelf */
  function save(shelf) {
    held = writeShelf(storage, shelf) ? null : shelf;
    onChange();
  }

  /** @param {string} id */
  const find = (id) => all().find(({ connection }) => connection.id === id);

  /** @returns {Meeting[]} */
  function all() {
    const kept = stored().meetings;
    const ids = new Set(kept.map(({ connection }) => connection.id));
    return shortened([...kept, ...passing.filter(({ connection }) => !ids.has(connection.id))]);
  }

  return {
    /** All of them, the newest first. */
    all,
    /** Whether there are some that are gone when the page closes. */
    isPassing: () => passing.length > 0,
    /** Whether own meetings are stored as they come. */
    keeps: () => stored().keeps,
    /** @param {string} id */
    hasHeart: (id) => find(id)?.heart ?? false,
    /** The visitor met someone. @param {Connection} connection @param {End} you */
    add(connection, you) {
      const shelf = stored();
      const meeting = { connection, you, heart: find(connection.id)?.heart ?? false };
      if (shelf.keeps || meeting.heart) return save({ ...shelf, meetings: withMeeting(shelf.meetings, meeting) });
      passing = withMeeting(passing, meeting);
      onChange();
    },
    /** Give a connection a heart, or take it back. @param {Connection} connection @param {boolean} heart */
    setHeart(connection, heart) {
      const shelf = stored();
      const meeting = { connection, you: find(connection.id)?.you ?? null, heart };
      const others = shelf.meetings.filter((each) => each.connection.id !== connection.id);
      passing = passing.filter((each) => each.connection.id !== connection.id);
      if (heart || (meeting.you && shelf.keeps)) return save({ ...shelf, meetings: withMeeting(others, meeting) });
      if (meeting.you) passing = withMeeting(passing, meeting);
      save({ ...shelf, meetings: others });
    },
    /** Store the visitor's own, now and from now on. */
    keep() {
      const kept = passing.reduce(withMeeting, stored().meetings);
      passing = [];
      save({ keeps: true, meetings: kept });
    },
    /** Remove them all, and store none again until the visitor asks. */
    removeAll() {
      passing = [];
      save(emptyShelf());
    },
  };
}
