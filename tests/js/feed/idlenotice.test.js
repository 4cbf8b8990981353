import assert from "node:assert/strict";
import { test } from "node:test";
import { createFormat } from "../../../assets/common/format.js";
import { createIdleNotice } from "../../../assets/feed/idlenotice.js";

const AT = 1_790_000_000;

/** A globe's words, and a clock that goes on with the timers. */
function silence(t) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let now = AT;
  const [element, words] = [{ hidden: false }, { textContent: "" }];
  const quiet = createIdleNotice(element, { words, now: () => now });
  t.after(quiet.destroy);
  const pass = (seconds) => {
    now += seconds;
    t.mock.timers.tick(2000);
    return element.hidden ? null : words.textContent;
  };
  return { quiet, pass };
}

test("it is quiet twenty seconds after the last two met, and no more once others do", (t) => {
  const { quiet, pass } = silence(t);
  quiet.setState({ name: "live" });
  quiet.met({ at: AT });
  assert.equal(pass(19), null);
  assert.equal(pass(2), "The last connection was 20 seconds ago.");
  assert.equal(pass(8), "The last connection was 20 seconds ago.", "it does not tick");
  assert.equal(pass(160), "The last connection was 3 minutes ago.");
  quiet.met({ at: AT + 100 });
  assert.equal(pass(0), "The last connection was 1 minute ago.");
  quiet.met({ at: AT + 20 });
  assert.equal(pass(0), "The last connection was 1 minute ago.", "older ones are no news");
  quiet.met({ at: AT + 188 });
  assert.equal(pass(0), null);
});

test("of a stream that is away, or brought nothing yet, nobody knows whether it is quiet", (t) => {
  const { quiet, pass } = silence(t);
  quiet.setState({ name: "live" });
  assert.equal(pass(100), null, "nothing was ever there: the list says so");
  quiet.met({ at: AT });
  assert.equal(pass(0), "The last connection was 1 minute ago.");
  quiet.setState({ name: "lost" });
  assert.equal(pass(0), null);
  quiet.setState({ name: "live" });
  assert.equal(pass(0), "The last connection was 1 minute ago.");
  quiet.clear();
  assert.equal(pass(0), null, "another filter has a last one of its own");
});

test("how long ago something was is said in the largest unit that fits, in the page's language", () => {
  const { ago } = createFormat("en");
  const said = [0, 59, 60, 3599, 7200, 86_399, 200_000].map(ago);
  const hours = ["59 minutes", "2 hours", "23 hours", "2 days"].map((time) => `${time} ago`);
  assert.deepEqual(said, ["0 seconds ago", "59 seconds ago", "1 minute ago", ...hours]);
  assert.equal(createFormat("de").ago(180), "vor 3 Minuten");
});
