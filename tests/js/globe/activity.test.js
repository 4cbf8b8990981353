import assert from "node:assert/strict";
import { test } from "node:test";
import { createActivity } from "../../../assets/globe/activity.js";
import { createCamera } from "../../../assets/globe/camera.js";
import { unit, wrapDegrees } from "../../../assets/globe/geo.js";

const HABITS = { turnDegPerS: 3, restS: 4, followDegPerS: 6, easeDegPerS2: 2.5 };
const START = { longitude: 0, latitude: 20, zoom: 1 };
const STEP_S = 1 / 60;

/** Let time pass; each second `happen` says what goes on. Gives the speeds on the way. */
function lived(camera, seconds, happen = () => {}) {
  const speeds = [];
  for (let i = 0; i < seconds * 60; i++) {
    if (i % 60 === 0) happen(i / 60);
    const before = camera.view();
    camera.advance(STEP_S);
    const { longitude, latitude } = camera.view();
    speeds.push([wrapDegrees(longitude - before.longitude) / STEP_S, (latitude - before.latitude) / STEP_S]);
  }
  return speeds;
}

test("it leans toward where things happen, and stays there while they do", () => {
  const camera = createCamera(START, HABITS);
  lived(camera, 60, () => camera.notice(unit(140, 36)));
  const { longitude, latitude } = camera.view();
  assert.ok(Math.abs(wrapDegrees(longitude - 140)) < 5, `it looks at ${longitude}`);
  assert.ok(Math.abs(latitude - 36) < 3, `it looks at ${latitude}`);
  lived(camera, 60);
  assert.ok(Math.abs(wrapDegrees(camera.view().longitude - 140)) > 40, "then it drifts on");
  assert.ok(Math.abs(camera.view().latitude - 20) < 2, "and back to its own latitude");
});

test("whatever happens, it turns and changes its speed no faster than is pleasant", () => {
  const camera = createCamera(START, HABITS);
  let state = 11;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const speeds = lived(camera, 240, (second) => {
    const [lon, lat] = [((second >> 4) % 2) * 180 - 60, second % 40 < 20 ? 70 : -50]; // from one side to the other
    for (let i = 0; i < 4; i++) camera.notice(unit(lon + 30 * random(), lat));
  });
  const fastest = Math.max(...speeds.map((speed) => Math.hypot(...speed)));
  const steps = speeds.slice(1).map((speed, i) => Math.hypot(speed[0] - speeds[i][0], speed[1] - speeds[i][1]) / STEP_S);
  assert.ok(fastest > 3.5, "it did follow");
  assert.ok(fastest <= 6 + 1e-6, `${fastest} degrees a second`);
  assert.ok(Math.max(...steps) <= 2.5 + 1e-6, `${Math.max(...steps)} degrees a second, a second`);
});

test("where things happen everywhere it drifts as it would", () => {
  const camera = createCamera(START, HABITS);
  const speeds = lived(camera, 30, () => [0, 90, 180, 270].forEach((lon) => camera.notice(unit(lon, 0))));
  for (const [east] of speeds) assert.ok(Math.abs(east + 3) < 0.2, `${east} degrees a second`);
});

test("while it is not to follow it drifts whatever happens, and follows again from there", () => {
  const camera = createCamera(START, HABITS);
  camera.follow(false);
  const speeds = lived(camera, 30, () => camera.notice(unit(140, 36)));
  for (const [east, north] of speeds) assert.ok(Math.abs(east + 3) < 1e-6 && Math.abs(north) < 1e-6, `${east}, ${north}`);
  camera.follow(true);
  lived(camera, 60, () => camera.notice(unit(140, 36)));
  assert.ok(Math.abs(wrapDegrees(camera.view().longitude - 140)) < 5, `it looks at ${camera.view().longitude}`);
});

test("after the viewer's hand it rests, then starts gently", () => {
  const camera = createCamera(START, HABITS);
  camera.setView({ ...START, longitude: 50 });
  const speeds = lived(camera, 8, () => camera.notice(unit(-100, 0)));
  assert.ok(speeds.slice(0, 3.9 * 60).every(([east]) => east === 0));
  const first = speeds.find(([east]) => east !== 0);
  assert.ok(Math.abs(first[0]) < 0.1, "from standing");
  assert.ok(speeds[speeds.length - 1][0] < -1);
});

test("one event says less than many, and what was long ago nothing", () => {
  const interest = createActivity();
  interest.add(unit(30, 10));
  const one = interest.centre();
  for (let i = 0; i < 5; i++) interest.add(unit(30, 10));
  assert.ok(interest.centre().weight > 2 * one.weight);
  assert.ok(Math.abs(interest.centre().lon - 30) < 1e-9 && Math.abs(interest.centre().lat - 10) < 1e-9);
  interest.age(60);
  assert.ok(interest.centre().weight < 0.01);
});
