// The messages of /stream (docs/api.md), and the globals of pydeck's bundle.

type Vector = [number, number, number];
type Source = "live" | "synthetic" | "replay";
type PlaysBySource = Partial<Record<Source, number>>;

interface Place {
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
  /** The city's name, with its region where cities share it. */
  label: string;
}

interface Track {
  id: string;
  title: string;
  artist: string;
  /** Where it can be listened to, if known. */
  url?: string | null;
}

interface Connection {
  id: string;
  source: Source;
  at: number;
  /** null where not both times are exact. */
  apart_ms: number | null;
  /** Where apart_ms is null: within about so many seconds. */
  within_s?: number;
  km: number;
  track: Track;
  from: Place;
  to: Place;
}

interface Pulse {
  source: Source;
  at: number;
  apart_ms: number | null;
  within_s?: number;
  track: Track;
  city: Place;
}

interface Spark {
  source: Source;
  at: number;
  track: Track;
  city: Place;
}

/** The most played song of a slice, and its busiest cities. */
interface Crowd {
  track: Track;
  plays: number;
  cities: { city: Place; plays: number }[];
}

interface Counts {
  plays: number;
  together: number;
  connections: number;
  shown: number;
  matching?: number;
  plays_by_source: PlaysBySource;
}

interface Hello {
  type: "hello";
  protocol: number;
  stream: string;
  seq: number;
  now: number;
  window_s: number;
  plays_by_source: PlaysBySource;
  recent: Connection[];
  gap: number | null;
}

interface Frame {
  type: "connections";
  seq: number;
  now: number;
  connections: Connection[];
  pulses: Pulse[];
  sparks?: Spark[];
  /** Only in live frames without a filter. */
  crowd?: Crowd | null;
  counts: Counts;
}

/** The connection that pages tell of in the next 10 s. */
interface Lead {
  type: "lead";
  connection: Connection | null;
}

/** The server is there, but has no news: each second, until there are. */
interface Delayed {
  type: "delayed";
}

interface Bye {
  type: "bye";
  retry_ms: number;
}

/** A result of /api/search: its name, a detail that tells it from others of that name, its filter, a place's position, a city's country,
 * and its other name that matched. */
interface Found {
  kind: "artist" | "track" | "country" | "city";
  label: string;
  detail: string;
  filter: Record<string, string>;
  lon?: number;
  lat?: number;
  country_code?: string;
  also?: string;
}

type Message = Hello | Frame | Lead | Delayed | Bye;

/** The state of the stream, as the page shows it. */
type StreamState =
  | { name: "connecting" }
  | { name: "past" }
  | { name: "live"; back?: { awayS: number; missed: number } }
  | { name: "stalled"; sinceMs: number }
  | { name: "lost"; sinceMs: number; retryAtMs: number }
  | { name: "refused"; reason: string };

interface Scene {
  initialViewState: { longitude: number; latitude: number; zoom: number; [key: string]: unknown };
  layers: Record<string, unknown>[];
  [key: string]: unknown;
}

interface Viewport {
  width: number;
  height: number;
  cameraPosition: number[];
  focalDistance: number;
  viewProjectionMatrix: number[];
}

interface ViewState {
  longitude: number;
  latitude: number;
  zoom: number;
  [key: string]: unknown;
}

interface Deck {
  readonly isInitialized: boolean;
  readonly width: number;
  readonly height: number;
  readonly device?: { lost: Promise<{ reason: string; message: string }> };
  readonly props: { layers: Layer[]; views: unknown[] };
  setProps(props: Record<string, unknown>): void;
  getViewports(): Viewport[];
  redraw(reason?: string): void;
  finalize(): void;
}

// pydeck's bundle has no type declarations; only assets/globe uses deck and luma
type Layer = any;
declare var deck: any;
declare var luma: any;
declare var createDeck: (options: Record<string, unknown>) => Deck;
declare var updateDeck: (jsonInput: Record<string, unknown>, deck: Deck) => void;
interface Window {
  UnisonLayers?: Record<string, unknown>;
}
