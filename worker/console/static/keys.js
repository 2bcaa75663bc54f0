// The keys; each does what something on the page does, too.
export function handleKeys() {
  let here = -1;
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const row = () => rows()[here];
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    here = Math.min(Math.max(here + step, 0), all.length - 1);
    all.forEach((one, place) => one.classList.toggle("here", place === here));
    const target = all[here].querySelector("a.cause, input");
    target?.focus({ preventScroll: true });
    all[here].scrollIntoView({ block: "nearest" });
  };
  const marked = (key) => document.querySelector(`[data-key="${key}"]`);
  const actions = {
    j: () => go(1),
    k: () => go(-1),
    x: () => row()?.querySelector("input[type=checkbox]")?.click(),
    r: () => (document.querySelector("[data-chosen]:not([hidden])") ?? marked("r"))?.click(),
    e: () => marked("e")?.focus(),
    "/": () => marked("/")?.focus(),
    "?": () => document.getElementById("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
}
