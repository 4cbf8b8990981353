/**
 * A field that offers what is typed might mean, after the combobox pattern of WAI-ARIA: the focus stays in the field,
 * the arrows move through the list, Enter takes, Escape closes and then empties.
 *
 * @template T
 * @typedef {object} ComboboxOptions
 * @property {(text: string, signal: AbortSignal) => Promise<T[]>} ask
 * @property {(choice: T, text: string) => void} onPick
 * @property {(choice: T) => Node[]} draw  what stands in the list for a choice
 * @property {HTMLElement} note  a live region that says how many there are, or that there are none
 * @property {(count: number) => string} said
 * @property {number} [waitMs]  after the last key, before it asks
 */

/**
 * Where the arrows lead in a list of so many, none being -1: past either end it begins anew.
 *
 * @type {(active: number, count: number, key: string) => number}
 */
export function moved(active, count, key) {
  if (count === 0) return -1;
  if (key === "ArrowDown") return (active + 1) % count;
  return active <= 0 ? count - 1 : active - 1;
}

/**
 * @template T
 * @param {HTMLInputElement} input @param {HTMLElement} list @param {ComboboxOptions<T>} options
 */
export function createCombobox(input, list, { ask, onPick, draw, note, said, waitMs = 150 }) {
  /** @type {T[]} */
  let choices = [];
  let active = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asking = new AbortController();

  /** @param {boolean} now */
  function open(now) {
    const shown = now && choices.length > 0;
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    if (!shown) point(-1);
    if (!now) note.textContent = "";
  }

  /** @param {number} to */
  function point(to) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = to;
    const option = list.children[to];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  /** @param {T[]} found */
  function fill(found) {
    point(-1);
    choices = found;
    list.replaceChildren(...found.map((choice, i) => optionOf(`${list.id}-${i}`, draw(choice))));
    open(true);
    note.textContent = said(found.length);
    note.classList.toggle("unseen", found.length > 0);
  }

  function stop() {
    clearTimeout(timer);
    asking.abort();
  }

  function typed() {
    stop();
    const text = input.value.trim();
    if (text === "") {
      choices = [];
      return open(false);
    }
    timer = setTimeout(find, waitMs, text);
  }

  /** @param {string} text */
  async function find(text) {
    const mine = (asking = new AbortController());
    try {
      const found = await ask(text, mine.signal);
      if (!mine.signal.aborted) fill(found);
    } catch (error) {
      if (!mine.signal.aborted) open(false);
    }
  }

  /** @param {number} at */
  function pick(at) {
    const [choice, text] = [choices[at], input.value.trim()];
    clear();
    onPick(choice, text);
  }

  function clear() {
    stop();
    input.value = "";
    choices = [];
    list.replaceChildren();
    open(false);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (list.hidden) open(true);
      point(moved(active, choices.length, key));
    } else if (key === "Enter" && !list.hidden) pick(Math.max(0, active));
    else if (key === "Escape" && !list.hidden) open(false);
    else if (key === "Escape") clear();
    else return;
    event.preventDefault();
  }

  const leave = () => {
    stop();
    open(false);
  };
  /** @param {Event} event */
  const keepFocus = (event) => event.preventDefault();
  /** @param {Event} event */
  const choose = ({ target }) => {
    const at = [...list.children].findIndex((option) => option.contains(/** @type {Node} */ (target)));
    if (at >= 0) pick(at);
  };

  /** @type {[EventTarget, string, (event: any) => void][]} */
  const heard = [
    [input, "input", typed],
    [input, "keydown", press],
    [input, "blur", leave],
    [list, "pointerdown", keepFocus],
    [list, "click", choose],
  ];
  for (const [target, name, act] of heard) target.addEventListener(name, act);
  return {
    clear,
    destroy() {
      clear();
      for (const [target, name, act] of heard) target.removeEventListener(name, act);
    },
  };
}

/** @param {string} id @param {Node[]} parts */
function optionOf(id, parts) {
  const option = document.createElement("li");
  option.id = id;
  option.role = "option";
  option.setAttribute("aria-selected", "false");
  option.append(...parts);
  return option;
}
