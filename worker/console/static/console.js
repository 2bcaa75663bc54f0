// What pages do by themselves; without it, all of them still work.
import { listen } from "./events.js";
import { handleKeys } from "./keys.js";

// A section that is live is asked for again, while somebody can see it.
async function refresh(section) {
  const seconds = Number(section.dataset.live);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  if (!section.isConnected) return;
  let now = section;
  if (!document.hidden && !section.contains(document.activeElement)) {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && found.getElementById(section.id);
      if (fresh) section.replaceWith((now = fresh));
    } catch {
      section.classList.add("stale"); // the console is away; it is asked again
    }
  }
  if (now.dataset.live) refresh(now);
}
document.querySelectorAll("[data-live]").forEach(refresh);

// The number of chosen rows is in the button.
for (const form of document.querySelectorAll("[data-choice]")) {
  const buttons = [...form.querySelectorAll("[data-chosen]")].map((button) => [button, button.textContent]);
  form.addEventListener("change", () => {
    const count = form.querySelectorAll(":checked").length;
    for (const [button, text] of buttons) {
      button.hidden = count === 0;
      button.textContent = text.replace("chosen", `${count} chosen`);
    }
  });
}

// What is checked or sent tells of it beside the editor, where what was typed stays.
for (const form of document.querySelectorAll("[data-json]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const result = form.querySelector("[data-result]");
    const errors = form.querySelectorAll("[data-error]");
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const headers = { accept: "application/json" };
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers });
      const said = await answer.json();
      result.className = answer.ok ? "good" : "bad";
      result.textContent = answer.ok ? told(said) : said.error;
      for (const error of errors) error.textContent = said.errors?.[error.dataset.error]?.join(" ") ?? "";
      for (const [language, code] of Object.entries(said.programs ?? {})) {
        document.querySelector(`[data-program="${language}"]`).textContent = code;
      }
      if (answer.ok && !said.fits) form.querySelectorAll("button").forEach((b) => (b.disabled = true));
    } catch {
      result.className = "bad";
      result.textContent = "The console does not answer.";
    }
  });
  form.addEventListener("input", () => form.querySelectorAll("button").forEach((b) => (b.disabled = false)));
}
function told(said) {
  return said.fits ? "It fits the schema." : `Sent as command ${said.command_id}.`;
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = button.previousElementSibling;
    getSelection().selectAllChildren(source);
    if (navigator.clipboard) await navigator.clipboard.writeText(source.textContent);
    else document.execCommand("copy"); // on plain HTTP
    button.textContent = "Copied";
  });
}

document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
handleKeys();
const list = document.getElementById("events");
if (list) listen(list, document.getElementById("events-state"));
