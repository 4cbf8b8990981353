/** The page at /status: its numbers, updated every two seconds, and plots of what the server kept of the last 15 minutes. */
const INTERVAL_MS = 2000;
const TIMEOUT_MS = 5000;
const SHOWN_S = 900;
const [WIDTH, HEIGHT] = [300, 60]; // of the plots, as in webapp/web/status.py

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

/** A value of the server's, by its path; undefined where a server of another version does not have it. */
/** @param {any} stats @param {string} path @returns {any} */
const valueAt = (stats, path) => path.split(".").reduce((part, name) => part?.[name], stats);

/** @param {HTMLElement} element @param {any} stats */
function show(element, stats) {
  const { path = "", unit = "", recent } = element.dataset;
  const value = Number(valueAt(stats, path));
  const output = element.querySelector("output");
  if (!Number.isFinite(value)) return;
  if (output) output.textContent = withUnit(value, unit);
  const values = recent && stats.recent?.[recent];
  if (values) draw(element, { agoS: stats.recent.ago_s, values, unit });
}

/** @param {number} value @param {string} unit */
const withUnit = (value, unit) => [number.format(value), unit].join(" ").trim();

/** Draw a line of values, and write their peak. @param {HTMLElement} element @param {{agoS: number[], values: number[], unit: string}} recent */
function draw(element, { agoS, values, unit }) {
  const most = Math.max(...values);
  const x = (/** @type {number} */ i) => (1 - agoS[i] / SHOWN_S) * WIDTH;
  const y = (/** @type {number} */ value) => HEIGHT - 2 - (value / (most || 1)) * (HEIGHT - 4);
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
  element.querySelector("polyline")?.setAttribute("points", points.join(" "));
  const note = element.querySelector("small");
  if (note) note.textContent = `Peak of 15 min: ${withUnit(most, unit)}`;
}

/** @param {string} text @param {"well" | "trouble" | "away"} state */
function showState(text, state) {
  const element = /** @type {HTMLElement} */ (document.getElementById("state"));
  element.dataset.state = state;
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} path */
async function fetchJson(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout?.(TIMEOUT_MS) });
  return answer.json();
}

async function update() {
  try {
    const stats = await fetchJson("status.json");
    for (const element of document.querySelectorAll("[data-path]")) show(/** @type {HTMLElement} */ (element), stats);
    const problems = stats.problems.join("; ");
    showState(problems || "No problems.", problems ? "trouble" : "well");
  } catch {
    showState("The server is not responding.", "away");
  }
  setTimeout(update, INTERVAL_MS);
}

update();
document.documentElement.dataset.started = ""; // boot.js checks it
