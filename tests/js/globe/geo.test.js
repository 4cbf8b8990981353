import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as geo from "../../../assets/globe/geo.js";

const { arcHeight, arcPoint, dot, greatCircle, hidden, latticePoints, subsolarPoint, toScreen, unit } = geo;

const near = (actual, expected, within, what = "") =>
  assert.ok(Math.abs(actual - expected) <= within, `${what}${actual} is not within ${within} of ${expected}`);
const length = (v) => Math.hypot(...v);

test("the axes are those of deck.gl's globe", () => {
  const axes = [[90, 0, [1, 0, 0]], [0, 0, [0, -1, 0]], [0, 90, [0, 0, 1]], [180, 0, [0, 1, 0]]];
  for (const [lon, lat, expected] of axes) unit(lon, lat).forEach((x, i) => near(x, expected[i], 1e-12));
});

test("a great circle is as long as published: London to New York is 5,570 km on a sphere of 6,371 km", () => {
  const { angle } = greatCircle(unit(-0.1278, 51.5074), unit(-74.006, 40.7128));
  near(angle * 6371, 5570, 3);
});

test("an arc begins and ends on the ground and is above it everywhere between", () => {
  const pairs = [
    [unit(0, 0), unit(0.01, 0.01)], // neighbours
    [unit(179, -18), unit(-179, -17)], // across the antimeridian
    [unit(10, 20), unit(-170, -20)], // exact antipodes
    [unit(10, 20), unit(-169.99, -20.01)], // near ones
    [unit(0, 90), unit(120, -90)], // the poles
  ];
  for (const [a, b] of pairs) {
    for (const [u, end] of [[0, a], [1, b]]) arcPoint(a, b, u).forEach((x, i) => near(x, end[i], 1e-6));
    for (let u = 0.05; u < 1; u += 0.05) assert.ok(length(arcPoint(a, b, u)) > 1.001);
  }
});

test("an arc across the antimeridian takes the short way", () => {
  const top = arcPoint(unit(170, 0), unit(-170, 0), 0.5);
  near(top[0] / length(top), 0, 1e-9);
  assert.ok(top[1] > 1, "its top is over 180°, not over Africa");
});

test("the tangent is a unit vector at a right angle to the start, between antipodes too", () => {
  for (const [a, b] of [[unit(3, 4), unit(50, -20)], [unit(3, 4), unit(-177, -4)], [unit(0, 90), unit(0, -90)]]) {
    const { tangent } = greatCircle(a, b);
    near(length(tangent), 1, 1e-9);
    near(dot(tangent, a), 0, 1e-9);
  }
});

test("farther arcs are higher", () => {
  for (let angle = 0; angle < 3; angle += 0.1) assert.ok(arcHeight(angle + 0.1) > arcHeight(angle));
});

test("what is hidden is what a march along the ray finds behind the Earth", () => {
  let state = 1;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const lowest = (point, eye) => {
    let low = Infinity;
    for (let t = 0; t < 1; t += 0.001) low = Math.min(low, length(eye.map((x, i) => x + (point[i] - x) * t)));
    return low;
  };
  let seen = 0;
  for (let i = 0; i < 300; i++) {
    const eye = unit(random() * 360, random() * 180 - 90).map((x) => x * (1.5 + 3 * random()));
    const point = unit(random() * 360, random() * 180 - 90).map((x) => x * (1.01 + random() * 0.3));
    const low = lowest(point, eye);
    if (Math.abs(low - 1) < 1e-3) continue; // too close to call by marching
    assert.equal(hidden(point, eye), low < 1);
    seen += Number(!hidden(point, eye));
  }
  assert.ok(seen > 50 && seen < 250, "both answers occur");
});

test("a point is put where the matrix says", () => {
  const flat = [1 / 256, 0, 0, 0, 0, 1 / 256, 0, 0, 0, 0, 1 / 256, 0, 0, 0, 0, 1];
  assert.deepEqual(toScreen([0, 0, 0], flat, 200, 100), [100, 50]);
  assert.deepEqual(toScreen([0.5, 0.5, 0], flat, 200, 100), [150, 25]);
});

test("the sun stands where the almanacs say", () => {
  const published = [
    // equinox and solstices of 2024 (USNO): declination 0 and ±23.44
    ["2024-03-20T03:06:00Z", null, 0],
    ["2024-06-20T20:51:00Z", null, 23.44],
    ["2024-12-21T09:20:00Z", null, -23.44],
    // the equation of time: +16.4 min on 3 November, -14.2 min on 11 February, at noon UTC
    ["2024-11-03T12:00:00Z", -16.4 / 4, null],
    ["2024-02-11T12:00:00Z", 14.2 / 4, null],
  ];
  for (const [time, lon, lat] of published) {
    const sun = subsolarPoint(Date.parse(time));
    if (lon !== null) near(sun.lonDeg, lon, 0.1, `${time} longitude: `);
    if (lat !== null) near(sun.latDeg, lat, 0.05, `${time} latitude: `);
  }
});

test("longitudes wrap to half a turn either way", () => {
  const turns = [[0, 0], [180, -180], [190, -170], [-190, 170], [725, 5]];
  for (const [given, expected] of turns) near(geo.wrapDegrees(given), expected, 1e-9);
});

test("the land's dots lie on land and on both sides of the antimeridian", () => {
  const points = latticePoints(readFileSync(new URL("../../../assets/data/land.bin", import.meta.url)));
  const nearest = (lon, lat) => {
    const to = unit(lon, lat);
    let best = -1;
    for (let i = 0; i < points.length; i += 4) best = Math.max(best, dot([points[i], points[i + 1], points[i + 2]], to));
    return (Math.acos(Math.min(1, best)) * 180) / Math.PI;
  };
  const land = [[2, 47], [-100, 40], [25, 0], [134, -25], [-60, -10], [100, 60], [-175, 66.5], [178, 67], [45, -80]];
  const sea = [[-30, 0], [-150, 0], [80, -30], [0, -50], [-40, 45], [0, 89]];
  for (const [lon, lat] of land) assert.ok(nearest(lon, lat) < 1, `land at ${lon}, ${lat}`);
  for (const [lon, lat] of sea) assert.ok(nearest(lon, lat) > 3, `sea at ${lon}, ${lat}`);
});

test("a globe begins above the place that is asked for, or about where the clock says the viewer is", () => {
  const scene = { layers: [], initialViewState: { longitude: -46.6, latitude: -23.5, zoom: 1 } };
  assert.equal(geo.initialLongitude({ ...scene, camera: { placed: true } }, -540), -46.6);
  assert.equal(geo.initialLongitude({ ...scene, camera: { placed: false } }, -540), 135);
});
