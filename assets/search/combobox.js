/**
 * A field with suggestions, by WAI-ARIA's combobox pattern: the focus stays in the field, the arrow keys move through the
 * list, Enter picks, Escape closes the list, and a second Escape empties the field.
 *
 * @template T
 * @typedef {object} ComboboxOptions
 * @property {(text: string, signal: AbortSignal) => Promise<T[]>} ask
 * @property {(choice: T, text: string) => void} onPick
 * @property {(choice: T) => Node[]} draw  the content of a choice's entry
 * @property {HTMLElement} note  a live region for the number of results
 * @property {(count: number) => string} countText
 * @property {number} [waitMs]  between the last key and the request
 */

/**
 * The entry that an arrow key leads to, or -1 for none. Beyond either end it wraps around.
 *
 * @type {(active: number, count: number, key: string) => number}
 */
export function nextActive(active, count, key) {
  if (count === 0) return -1;
  if (key === "ArrowDown") return (active + 1) % count;
  return active <= 0 ? count - 1 : active - 1;
}

/**
 * @template T
 * @param {HTMLInputElement} input @param {HTMLElement} list @param {ComboboxOptions<T>} options
 */
export function createCombobox(input, list, { ask, onPick, draw, note, countText, waitMs = 150 }) {
  /** @type {T[]} */
  let choices = [];
  let active = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let request = new AbortController();

  /** @param {boolean} now */
  function setOpen(now) {
    const shown = now && choices.length > 0;
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    if (!shown) setActive(-1);
    if (!now) note.textContent = "";
  }

  /** @param {number} next */
  function setActive(next) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = next;
    const option = list.children[next];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  /** @param {T[]} found */
  function fill(found) {
    setActive(-1);
    choices = found;
    list.replaceChildren(...found.map((choice, i) => optionOf(`${list.id}-${i}`, draw(choice))));
    setOpen(true);
    note.textContent = countText(found.length);
    note.classList.toggle("unseen", found.length > 0);
  }

  function stop() {
    clearTimeout(timer);
    request.abort();
  }

  function handleInput() {
    stop();
    const text = input.value.trim();
    if (text === "") {
      choices = [];
      return setOpen(false);
    }
    timer = setTimeout(find, waitMs, text);
  }

  /** @param {string} text */
  async function find(text) {
    const mine = (request = new AbortController());
    try {
      const found = await ask(text, mine.signal);
      if (!mine.signal.aborted) fill(found);
    } catch (error) {
      if (!mine.signal.aborted) setOpen(false);
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
    setOpen(false);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (list.hidden) setOpen(true);
      setActive(nextActive(active, choices.length, key));
    } else if (key === "Enter" && !list.hidden) pick(Math.max(0, active));
    else if (key === "Escape" && !list.hidden) setOpen(false);
    else if (key === "Escape") clear();
    else return;
    event.preventDefault();
  }

  const leave = () => {
    stop();
    setOpen(false);
  };
  /** @param {Event} event */
  const keepFocus = (event) => event.preventDefault();
  /** @param {Event} event */
  const choose = ({ target }) => {
    const at = [...list.children].findIndex((option) => option.contains(/** @type {Node} */ (target)));
    if (at >= 0) pick(at);
  };

  /** @type {[EventTarget, string, (event: any) => void][]} */
  const listeners = [
    [input, "input", handleInput],
    [input, "keydown", press],
    [input, "blur", leave],
    [list, "pointerdown", keepFocus],
    [list, "click", choose],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  return {
    clear,
    destroy() {
      clear();
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
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
