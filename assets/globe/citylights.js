/**
 * Unpacks the cities' lights, which scripts/build_land.py packs: all longitudes, then all latitudes (int16,
 * little-endian, hundredths of a degree), then all sizes (uint8).
 */
import { unit } from "./geo.js";

/** Unit vectors, each followed by a size from 0 to 1. @type {(packed: Uint8Array) => Float32Array} */
export function cityLights(packed) {
  const count = packed.length / 5;
  const numbers = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const points = new Float32Array(count * 4);
  for (let i = 0; i < count; i++) {
    const lonDeg = numbers.getInt16(2 * i, true) / 100;
    const latDeg = numbers.getInt16(2 * (count + i), true) / 100;
    points.set([...unit(lonDeg, latDeg), packed[4 * count + i] / 255], 4 * i);
  }
  return points;
}
