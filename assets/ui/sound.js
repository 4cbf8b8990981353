/**
 * Sound on stage: each song's motif when its arc begins, from the left for the west and from the right for the east. A
 * meeting of the visitor's own is a chord. There is no audio context before the sound is on and the visitor clicked or
 * pressed a key, as browsers play nothing before that. Under Pause and in a hidden tab it is silent.
 *
 * @typedef {object} SoundOptions
 * @property {HTMLElement} button  shows whether the sound is on
 * @property {() => void} flip  the button was pressed: move the switch in the settings, which calls `setOn`
 * @property {() => AudioContext} [context]
 * @property {Document} [page]
 * @property {(error: unknown) => void} [onFail]  the browser cannot play sound
 */
import { createInstrument, RING_S } from "./instrument.js";
import { chordOf, motifOf } from "./motif.js";
import { createVoices } from "./voices.js";

const FADE_MS = 150; // before the context is suspended
const GESTURES = ["pointerup", "keydown"];

/** The stereo position, from -0.8 in the far west to 0.8 in the far east. @param {number} lon  in degrees */
export const side = (lon) => Math.max(-1, Math.min(1, lon / 180)) * 0.8;

/** @param {SoundOptions} options */
export function createSound({ button, flip, onFail = () => {}, page = document, ...options }) {
  const make = options.context ?? (() => new AudioContext({ latencyHint: "playback" }));
  /** @type {{context: AudioContext, instrument: ReturnType<typeof createInstrument>, voices: ReturnType<typeof createVoices>} | null} */
  let audio = null;
  let [on, touched, paused] = [false, false, false];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const isSilent = () => paused || page.hidden;

  /** The visitor did something, so that browsers let the page play sound; not with every key. */
  function touch() {
    touched = globalThis.navigator?.userActivation?.hasBeenActive ?? true;
    begin();
  }

  function begin() {
    if (!on || !touched || isSilent()) return;
    try {
      audio ??= built(make());
      resume(audio.context);
    } catch (error) {
      end();
      onFail(error);
    }
  }

  /** @param {AudioContext} context */
  const built = (context) => ({ context, instrument: createInstrument(context), voices: createVoices() });

  /** @param {AudioContext} context */
  function resume(context) {
    clearTimeout(timer);
    context.resume()?.catch(() => {});
  }

  /** The page was paused, or hidden, or neither any more. */
  function update() {
    if (!audio) return begin();
    const { context, instrument } = audio;
    instrument.hush(isSilent());
    if (!isSilent()) return resume(context);
    clearTimeout(timer);
    timer = setTimeout(() => void context.suspend()?.catch(() => {}), FADE_MS);
  }

  function end() {
    clearTimeout(timer);
    for (const gesture of GESTURES) removeEventListener(gesture, touch);
    audio?.context.close()?.catch(() => {});
    audio = null;
  }

  /** @param {Connection} connection @param {import("./motif.js").Note[]} notes @param {boolean} own */
  function play({ track, to }, notes, own) {
    if (audio?.context.state !== "running" || isSilent()) return;
    const lastsS = Math.max(...notes.map(({ afterS }) => afterS)) + RING_S;
    const at = audio.voices.take(track.id, audio.context.currentTime, lastsS, own);
    if (at !== null) audio.instrument.play(notes, { at, pan: own ? 0 : side(to.lon) });
  }

  button.addEventListener("click", flip);
  page.addEventListener("visibilitychange", update);
  return {
    /** @param {boolean} now @param {boolean} byHand  whether the visitor just asked for it */
    setOn(now, byHand) {
      end();
      on = now;
      button.setAttribute("aria-pressed", String(on));
      if (on) for (const gesture of GESTURES) addEventListener(gesture, touch);
      if (on && byHand) touch();
    },
    /** Be silent while the page is paused. @param {boolean} now */
    pause(now) {
      paused = now;
      update();
    },
    /** A connection's arc begins. @param {Connection} connection */
    play: (connection) => play(connection, motifOf(connection.track.id), false),
    /** The visitor met somebody. @param {Connection} connection */
    playChord: (connection) => play(connection, chordOf(connection.track.id), true),
    destroy() {
      end();
      button.removeEventListener("click", flip);
      page.removeEventListener("visibilitychange", update);
    },
  };
}
