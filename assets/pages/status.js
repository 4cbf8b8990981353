/** The page at /status: its numbers, updated every two seconds, and plots of the last five minutes. */
const INTERVAL_MS = 2000;
const TIMEOUT_MS = 5000;
const SHOWN_MS = 300_000;
const [WIDTH, HEIGHT] = [300, 60]; // of the plots, as in the template

/** @type {Map<string, {at: number, value: number}[]>} */
const histories = new Map();
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** A number of the server's; NaN where a server of another version does not have it. */
/** @param {any} stats @param {string} path @returns {number} */
const valueAt = (stats, path) => Number(path.split(".").reduce((part, name) => part?.[name], stats));

/** @param {HTMLElement} element @param {any} stats */
function show(element, stats) {
  const { path = "", unit = "" } = element.dataset;
  const value = valueAt(stats, path);
  const output = element.querySelector("output");
  if (!Number.isFinite(value)) return;
  if (output) output.textContent = [number.format(value), unit].join(" ").trim();
  const line = element.querySelector("polyline");
  if (line) draw(element, line, remember(path, value), unit);
}

/** Add a value to its history, and return the history. @param {string} path @param {number} value */
function remember(path, value) {
  const now = performance.now();
  const recent = [...(histories.get(path) ?? []), { at: now, value }].filter(({ at }) => at > now - SHOWN_MS);
  histories.set(path, recent);
  return recent.map((each) => ({ ago: (now - each.at) / SHOWN_MS, value: each.value }));
}

/**
 * @param {HTMLElement} element
 * @param {SVGPolylineElement} line
 * @param {{ago: number, value: number}[]} recent  ago: from 0, now, to 1, SHOWN_MS ago
 * @param {string} unit
 */
function draw(element, line, recent, unit) {
  const most = Math.max(...recent.map(({ value }) => value));
  const y = (/** @type {number} */ value) => HEIGHT - 2 - (value / Math.max(1, most)) * (HEIGHT - 4);
  const points = recent.map(({ ago, value }) => `${((1 - ago) * WIDTH).toFixed(1)},${y(value).toFixed(1)}`);
  line.setAttribute("points", points.join(" "));
  const note = element.querySelector("small");
  if (note) note.textContent = `Peak ${[number.format(most), unit].join(" ").trim()}`;
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
