/** What /embed.js offers to a page: `Unison.embed(element, options)`, and the `<unison-globe>` element. Version 1. */

/** The parameters of /embed; booleans become 0 or 1. The element's data-* attributes count, too. */
export interface Options {
  theme?: "dark" | "light" | "auto";
  /** A hex colour, such as "#ff5e8a". */
  accent?: string;
  /** A hex colour, or "transparent". */
  background?: string;
  lang?: string;
  artist?: string;
  track?: string;
  country?: string;
  city?: string | number;
  autorotate?: boolean;
  controls?: boolean;
  labels?: boolean;
  feed?: boolean;
  /** Tell about one pair every 10 seconds in one large sentence. */
  lead?: boolean;
  logo?: boolean;
  title?: string;
  poster?: boolean;
  /** The id of a connection. */
  moment?: string;
  at?: string | number;
  /** Of the frame, in CSS pixels, or a CSS length such as "100%"; the element's unless given. */
  width?: number | string;
  height?: number | string;
  /** false loads at once instead of near the viewport. */
  lazy?: boolean | string;
}

/** What connections must have to be shown; all of it. */
export interface Filter {
  artist?: string;
  track?: string;
  country?: string;
  city?: string | number;
}

export interface Place {
  geoname_id: number;
  city: string;
  country: string;
  country_code: string;
  lon: number;
  lat: number;
  /** null where it says nothing more than the city or the country. */
  region: string | null;
  /** An IANA time zone. */
  tz: string;
  /** The city's name, with its region where cities of a country share it: "Portland, Maine". */
  label: string;
}

/** Two plays of one song, together. */
export interface Connection {
  id: string;
  source: "live" | "synthetic" | "replay";
  /** Epoch seconds of the later press. */
  at: number;
  /** null where not both times are exact. */
  apart_ms: number | null;
  /** Where `apart_ms` is null: within about so many seconds. */
  within_s?: number;
  km: number;
  track: { id: string; title: string; artist: string };
  from: Place;
  to: Place;
}

export interface Status {
  /** "none" while a poster waits for a click. */
  stream: "none" | "connecting" | "live" | "stalled" | "lost" | "refused" | "moment" | "past";
  globe: "poster" | "loading" | "ready" | "none";
  paused: boolean;
  /** Where the plays come from, in the frame's language. */
  source: string;
}

export interface Events {
  /** A new connection. */
  connection: Connection;
  /** The frame shows a moment, or a visitor picked a connection. */
  moment: Connection;
  status: Status;
}

export interface Player {
  /** Resolves when the frame answers; rejects if the embed is destroyed before. */
  readonly ready: Promise<void>;
  readonly frame: HTMLIFrameElement;
  /** Listen to an event. "status" is called at once with the present one. Returns a function that stops listening. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
  pause(): Promise<void>;
  /** Resume; with a poster, load the globe. */
  play(): Promise<void>;
  /** Show what passes the filter, or everything: null. Rejects if the server does not know the filter. */
  setFilter(filter: Filter | null): Promise<void>;
  /** Bring a place to the centre, in degrees. */
  flyTo(place: { lon: number; lat: number }): Promise<void>;
  /** Remove the frame. */
  destroy(): Promise<void>;
}

export interface UnisonApi {
  readonly version: 1;
  embed(element: Element | string, options?: Options): Player;
  /** Embed `data-unison` elements and frames that were added later. */
  scan(): void;
}

declare global {
  var Unison: UnisonApi;
  interface Window {
    Unison: UnisonApi;
  }
  interface HTMLElementTagNameMap {
    "unison-globe": HTMLElement & { readonly player: Player | null };
  }
}
