/** The page at /docs/api: a button that copies each example, and the group of the operation that the address names. */
const COPIED_MS = 2000;

/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  const write = async () => navigator.clipboard.writeText(text);
  const done = await write().then(() => true, () => false); // pages without TLS have no clipboard
  if (!done) getSelection()?.selectAllChildren(button.parentElement?.querySelector("code") ?? button);
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
}

for (const example of document.querySelectorAll(".curl")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => copy(button, example.querySelector("code")?.textContent ?? ""));
  example.append(button);
}

function openGroup() {
  const link = document.querySelector(`nav a[href="${CSS.escape(location.hash).replace("\\#", "#")}"]`);
  link?.closest("details")?.setAttribute("open", "");
}

addEventListener("hashchange", openGroup);
document.documentElement.dataset.started = ""; // boot.js checks it
openGroup();
