// Sends the form as JSON and shows what comes back. No library: nothing here needs one.
"use strict";

const form = document.getElementById("form");
const answer = document.getElementById("answer");
const button = form.querySelector("button");

/** Shows lines of text; never HTML, because a name may look like it. */
function show(lines, failed) {
  answer.classList.toggle("failed", failed);
  answer.replaceChildren(
    ...lines.map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    }),
  );
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const response = await fetch("/example/call", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: form.elements.name.value }),
      // Longer than the server takes: so it is the server that says what was too slow.
      signal: AbortSignal.timeout(5000),
    });
    const json = await response.json();
    if (response.ok) {
      show([json.msg, `ref ${json.ref}`], false);
    } else {
      show([`${response.status}: ${json.message}`, `request ${json.request_id}`], true);
    }
  } catch (error) {
    show([`The web service did not answer: ${error.message}`], true);
  } finally {
    button.disabled = false;
  }
});
