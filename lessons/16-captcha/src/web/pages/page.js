// The same page without loading it again: the form and the links are sent as JSON. Without this file, or
// when it fails, they work as plain HTML does.
"use strict";

const at = (id) => document.getElementById(id);
const form = at("form");
const verdict = at("verdict");
const title = "Are you a person?";

const RIGHT = "That is right: you are let in for ten minutes.";
const SILENT = "The site did not answer. Please try again.";
const NO_PICTURE = "No picture came. Please try another one in a minute.";

/** What the site says, as an object with errno and errmsg. */
async function ask(path, body) {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  try {
    // Longer than the site takes for it: so it is the site that says what was too slow.
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(path, body === undefined ? { signal } : { ...post, signal });
    return await response.json();
  } catch {
    return { errno: "", errmsg: SILENT };
  }
}

/** Words above the form, which a screen reader reads out; never HTML. */
function say(tone, words) {
  verdict.className = tone;
  verdict.firstElementChild.textContent = words;
  const before = { good: "You are in: ", bad: "Not yet: " };
  document.title = (before[tone] ?? "") + title;
}

/** Shows a new captcha: a picture, or a question in words. True if there is one. */
async function fresh(kind) {
  const made = await ask("/api/v1.0/imagecode", { kind });
  const asked = made.errno === "0" && kind === "question" ? await ask(made.url) : made;
  if (asked.errno !== "0") {
    say("bad", asked.errmsg);
    return false;
  }
  const words = kind === "question";
  form.elements.id.value = made.id;
  form.elements.kind.value = kind;
  at("picture").hidden = words;
  at("question").hidden = !words;
  at("question").textContent = words ? asked.question : "";
  if (words) {
    at("picture").removeAttribute("src");
  } else {
    at("picture").src = made.url;
  }
  at("label").textContent = words ? "Your answer, in digits" : "The four digits";
  at("question-way").hidden = words;
  at("picture-way").hidden = !words;
  form.hidden = false;
  at("answer").value = "";
  at("answer").focus();
  return true;
}

/** One thing after the other: a second click while something is under way does nothing. */
let busy = false;
async function alone(work) {
  if (busy) {
    return;
  }
  busy = true;
  form.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    form.removeAttribute("aria-busy");
    busy = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void alone(async () => {
    const { id, answer, kind } = form.elements;
    const { errno, errmsg } = await ask("/api/v1.0/verify", { id: id.value, answer: answer.value });
    if (errno === "0") {
      say("good", RIGHT);
      form.hidden = true;
      verdict.focus();
    } else if (errno === "4004" || errno === "4002") {
      if (await fresh(kind.value)) {
        say("bad", `${errmsg} Here is another one.`);
      }
    } else {
      say("bad", errmsg);
    }
  });
});

for (const [link, kind] of [["again", () => form.elements.kind.value], ["question-way", () => "question"], ["picture-way", () => "picture"]]) {
  at(link).addEventListener("click", (event) => {
    // With a key held down a link opens somewhere else; that is left to the browser.
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    void alone(async () => {
      if (await fresh(kind())) {
        say("", "");
      }
    });
  });
}

const noPicture = () => say("bad", NO_PICTURE);
at("picture").addEventListener("error", noPicture);
if (at("picture").hasAttribute("src") && at("picture").complete && at("picture").naturalWidth === 0) {
  noPicture();
}
