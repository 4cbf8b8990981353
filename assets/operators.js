/** The page at /status: its numbers, asked for again and again, and what they were over the last five minutes. */
const EVERY_MS = 2000;
const KEPT = 150;
const [WIDTH, HEIGHT] = [300, 60]; // of the plots, as the template says

/** @type {Map<string, number[]>} */
const past = new Map();
const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });

/** @param {any} stats @param {string} path @returns {number} */
const look = (stats, path) => path.split(".").reduce((part, name) => part[name], stats);

/** @param {HTMLElement} element @param {any} stats */
function show(element, stats) {
  const { path = "", unit = "" } = element.dataset;
  const value = look(stats, path);
  const output = element.querySelector("output");
  if (output) output.textContent = [number.format(value), unit].join(" ").trim();
  const line = element.querySelector("polyline");
  if (line) draw(element, line, [...(past.get(path) ?? []), value].slice(-KEPT), unit);
}

/** @param {HTMLElement} element @param {SVGPolylineElement} line @param {number[]} values @param {string} unit */
function draw(element, line, values, unit) {
  past.set(element.dataset.path ?? "", values);
  const most = Math.max(...values);
  const x = (/** @type {number} */ i) => WIDTH - ((values.length - 1 - i) * WIDTH) / (KEPT - 1);
  const y = (/** @type {number} */ value) => HEIGHT - 2 - (value / Math.max(1, most)) * (HEIGHT - 4);
  line.setAttribute("points", values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" "));
  const note = element.querySelector("small");
  if (note) note.textContent = `at most ${[number.format(most), unit].join(" ").trim()}`;
}

/** @param {string} words @param {"well" | "trouble" | "away"} state */
function tell(words, state) {
  const element = /** @type {HTMLElement} */ (document.getElementById("state"));
  element.dataset.state = state;
  if (element.textContent !== words) element.textContent = words;
}

async function lookAgain() {
  try {
    const [stats, ready] = await Promise.all(["api/stats", "readyz"].map(async (path) => (await fetch(path)).json()));
    for (const element of document.querySelectorAll("[data-path]")) show(/** @type {HTMLElement} */ (element), stats);
    const problems = ready.problems.join("; ");
    tell(problems || "All is well.", problems ? "trouble" : "well");
  } catch {
    tell("The server does not answer.", "away");
  }
  setTimeout(lookAgain, EVERY_MS);
}

lookAgain();
