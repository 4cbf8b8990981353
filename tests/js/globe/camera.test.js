import assert from "node:assert/strict";
import { test } from "node:test";
import { createCamera } from "../../../assets/globe/camera.js";

const HABITS = { turnDegPerS: 4, restS: 3 };
const START = { longitude: 170, latitude: 0, zoom: 1, minZoom: 0, maxZoom: 2 };

/** The globe's size in zoomSteps: deck draws it larger away from the equator. */
const size = ({ zoom, latitude }) => zoom - Math.log2(Math.cos((latitude * Math.PI) / 180));

/** Fly to the end; gives the views on the way. */
function flown(camera) {
  const views = [];
  while (camera.advance(0.05)) views.push(camera.view());
  return views;
}

test("the globe turns, leaves the viewer's hand alone, and goes on after a rest", () => {
  const camera = createCamera({ longitude: 179, latitude: 20, zoom: 1 }, { turnDegPerS: 4, restS: 3 });
  const longitude = () => camera.view().longitude;
  assert.ok(camera.advance(0.5));
  assert.equal(longitude(), 177);
  camera.hold(true);
  assert.equal(camera.advance(10), false);
  camera.setView({ longitude: 50, latitude: 0, zoom: 2 });
  camera.hold(false);
  assert.equal(camera.advance(2.9), false, "it rests");
  assert.ok(camera.advance(2));
  assert.ok(longitude() < 50);
  camera.stop(true);
  assert.equal(camera.advance(100), false);
});

test("a flight takes the shorter way to the place, gently, and keeps the globe's size", () => {
  const camera = createCamera(START, HABITS);
  camera.flyTo(-150, 60);
  const views = flown(camera);
  const end = views[views.length - 1];
  assert.ok(Math.abs(end.longitude - -150) < 1e-6 && Math.abs(end.latitude - 60) < 1e-6);
  assert.ok(views.length > 10);
  assert.ok(views.every(({ longitude }) => longitude >= 170 || longitude <= -150), "not around the back");
  assert.ok(views.every((view) => Math.abs(size(view) - size(START)) < 1e-9));
  assert.equal(camera.advance(1), false, "it rests there");
});

test("while it may not move, the camera is there at once", () => {
  const camera = createCamera(START, HABITS);
  camera.stop(true);
  camera.flyTo(20, 30);
  assert.deepEqual([camera.view().longitude, camera.view().latitude], [20, 30]);
  assert.equal(camera.advance(1), false);
  camera.stop(false);
  camera.flyTo(-100, 0);
  camera.advance(0.2);
  camera.stop(true);
  assert.equal(camera.view().longitude, -100, "a flight under way ends where it was going");
});

test("turns by key add up, and stop short of the poles", () => {
  const camera = createCamera(START, HABITS);
  for (let i = 0; i < 3; i++) camera.turn(15, 0);
  flown(camera);
  assert.ok(Math.abs(camera.view().longitude - -145) < 1e-6);
  for (let i = 0; i < 20; i++) camera.turn(0, 15);
  flown(camera);
  assert.equal(camera.view().latitude, 80);
});

test("going nearer stays within the view's limits", () => {
  const camera = createCamera(START, HABITS);
  camera.zoomBy(0.5);
  flown(camera);
  assert.equal(camera.view().zoom, 1.5);
  for (let i = 0; i < 9; i++) camera.zoomBy(0.5);
  flown(camera);
  assert.equal(camera.view().zoom, 2);
  const north = createCamera({ ...START, latitude: 60 }, HABITS);
  north.zoomBy(9);
  flown(north);
  assert.ok(Math.abs(size(north.view()) - START.maxZoom) < 1e-9, "no nearer where deck draws the globe larger");
});

test("the viewer's hand ends a flight", () => {
  const camera = createCamera(START, HABITS);
  camera.flyTo(0, 0);
  camera.advance(0.1);
  camera.hold(true);
  camera.advance(0.1);
  camera.setView({ ...START, longitude: 99 });
  camera.hold(false);
  camera.advance(1);
  assert.equal(camera.view().longitude, 99);
});

test("a frame is held, and after it the globe has the viewer's own size again", () => {
  const camera = createCamera(START, HABITS);
  camera.zoomBy(0.5);
  flown(camera);
  const own = size(camera.view());
  camera.frame({ lon: 20, lat: 60, size: 3.5, shift: [-40, 10] }, true);
  const views = flown(camera);
  assert.ok(views.length > 10);
  assert.ok(Math.abs(size(camera.view()) - 3.5) < 1e-9);
  assert.deepEqual([camera.view().longitude, camera.view().latitude, camera.shift()], [20, 60, [-40, 10]]);
  assert.equal(camera.advance(60), false, "it does not drift");
  camera.frame({ lon: 50, lat: 0, size: 2.5, shift: [0, 0] }, false);
  assert.equal(camera.view().longitude, 50, "at once");
  camera.rescale(0.25);
  camera.unframe();
  flown(camera);
  assert.ok(Math.abs(size(camera.view()) - own - 0.25) < 1e-9);
  assert.deepEqual([camera.view().longitude, camera.shift()], [50, [0, 0]]);
  camera.unframe();
  assert.ok(Math.abs(size(camera.view()) - own - 0.25) < 1e-9, "twice is once");
  camera.advance(10);
  assert.ok(camera.advance(1), "it drifts again");
});

test("a frame that ends in the middle of its flight leaves nothing behind", () => {
  const camera = createCamera(START, HABITS);
  const own = size(camera.view());
  camera.frame({ lon: 20, lat: 60, size: 3.5, shift: [-40, 10] }, true);
  camera.advance(0.5);
  camera.hold(true);
  camera.advance(0.1);
  camera.setView({ ...camera.view(), longitude: 99 });
  camera.hold(false);
  camera.unframe();
  flown(camera);
  assert.ok(Math.abs(size(camera.view()) - own) < 1e-9);
  assert.deepEqual(camera.shift(), [0, 0]);
});
