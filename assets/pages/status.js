/** The page at /status: its numbers, asked for again and again, and what they were over the last five minutes. */
const EVERY_MS = 2000;
const PATIENCE_MS = 5000;
const SHOWN_MS = 300_000;
const [WIDTH, HEIGHT] = [300, 60]; // of the plots, as the template says

/** @type {Map<string, {at: number, value: number}[]>} */
const past = new Map();
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** A number of the server's; none where another version does not tell it. */
/** @param {any} stats @param {string} path @returns {number} */
const look = (stats, path) => Number(path.split(".").reduce((part, name) => part?.[name], stats));

/** @param {HTMLElement} element @param {any} stats */
function show(element, stats) {
  const { path = "", unit = "" } = element.dataset;
  const value = look(stats, path);
  const output = element.querySelector("output");
  if (!Number.isFinite(value)) return;
  if (output) output.textContent = [number.format(value), unit].join(" ").trim();
  const line = element.querySelector("polyline");
  if (line) draw(element, line, remember(path, value), unit);
}

/** What a number was of late. @param {string} path @param {number} value */
function remember(path, value) {
  const now = performance.now();
  const recent = [...(past.get(path) ?? []), { at: now, value }].filter(({ at }) => at > now - SHOWN_MS);
  past.set(path, recent);
  return recent.map((each) => ({ ago: (now - each.at) / SHOWN_MS, value: each.value }));
}

/**
 * @param {HTMLElement} element
 * @param {SVGPolylineElement} line
 * @param {{ago: number, value: number}[]} recent  ago: as a share of what is shown
 * @param {string} unit
 */
function draw(element, line, recent, unit) {
  const most = Math.max(...recent.map(({ value }) => value));
  const y = (/** @type {number} */ value) => HEIGHT - 2 - (value / Math.max(1, most)) * (HEIGHT - 4);
  const points = recent.map(({ ago, value }) => `${((1 - ago) * WIDTH).toFixed(1)},${y(value).toFixed(1)}`);
  line.setAttribute("points", points.join(" "));
  const note = element.querySelector("small");
  if (note) note.textContent = `at most ${[number.format(most), unit].join(" ").trim()}`;
}

/** @param {string} words @param {"well" | "trouble" | "away"} state */
function tell(words, state) {
  const element = /** @type {HTMLElement} */ (document.getElementById("state"));
  element.dataset.state = state;
  if (element.textContent !== words) element.textContent = words;
}

/** @param {string} path */
async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout?.(PATIENCE_MS) });
  return answer.json();
}

async function lookAgain() {
  try {
    const stats = await ask("status.json");
    for (const element of document.querySelectorAll("[data-path]")) show(/** @type {HTMLElement} */ (element), stats);
    const problems = stats.problems.join("; ");
    tell(problems || "All is well.", problems ? "trouble" : "well");
  } catch {
    tell("The server does not answer.", "away");
  }
  setTimeout(lookAgain, EVERY_MS);
}

lookAgain();
document.documentElement.dataset.started = ""; // boot.js looks for it
