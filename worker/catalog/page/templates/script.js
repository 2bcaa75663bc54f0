"use strict";
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Dark or light: what the system says, until somebody decides otherwise.
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const now = root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.style.colorScheme = now === "dark" ? "light" : "dark";
});

// A language that is chosen once is chosen everywhere.
function choose(wanted) {
  for (const programs of all(".programs")) {
    const tabs = all("[role=tab]", programs);
    if (!tabs.length) continue;
    const language = tabs.some((tab) => tab.dataset.language === wanted) ? wanted : tabs[0].dataset.language;
    for (const tab of tabs) {
      const chosen = tab.dataset.language === language;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    for (const panel of all("[role=tabpanel]", programs)) panel.hidden = panel.dataset.language !== language;
  }
}
for (const list of all("[role=tablist]")) {
  const tabs = all("[role=tab]", list);
  const go = (tab) => {
    const before = tab.getBoundingClientRect().top;
    choose(tab.dataset.language);
    scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
    tab.focus({ preventScroll: true });
  };
  list.addEventListener("click", (event) => event.target.matches("[role=tab]") && go(event.target));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) go(tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length]);
  });
}
choose("JSON");

for (const button of all(".copy")) {
  button.addEventListener("click", () => {
    const code = button.nextElementSibling;
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    // A page in a file has no other way in every browser.
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
    getSelection().removeAllRanges();
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

// On a narrow screen the menu is closed until somebody wants it.
const narrow = matchMedia("(max-width: 900px)");
const fold = () => (document.getElementById("menu").open = !narrow.matches);
narrow.addEventListener("change", fold);
fold();

const search = document.getElementById("search");
const articles = all("article").map((element) => ({ element, text: `${element.id} ${element.textContent}`.toLowerCase() }));
function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { element, text } of articles) {
    const fits = words.every((word) => text.includes(word));
    element.hidden = !fits;
    found += fits;
    for (const item of all("nav [data-for]")) if (item.dataset.for === element.id) item.hidden = !fits;
  }
  for (const heading of all("nav h2")) heading.hidden = !heading.nextElementSibling.querySelector(":scope > :not([hidden])");
  for (const group of all(".group")) group.hidden = !all("article", group).some((article) => !article.hidden);
  for (const section of all("main > section:not(.group)")) section.hidden = words.length > 0;
  const what = found === 1 ? "1 message" : `${found || "No"} messages`;
  document.getElementById("found").textContent = words.length ? `${what} with “${search.value.trim()}”` : "";
}
search.addEventListener("input", find);
addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input")) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && event.target === search) {
    search.value = "";
    find();
  }
});
// A link leads to its message, also where the search has hidden it.
addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const target = link && document.getElementById(link.hash.slice(1));
  if (target && search.value && target.closest("[hidden]")) {
    search.value = "";
    find();
  }
});

// The menu shows where the reader is.
const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    const link = links.get(entry.target.id);
    link.setAttribute("aria-current", "true");
    const nav = link.closest("nav");
    if (nav.scrollHeight > nav.clientHeight) nav.scrollTop = link.offsetTop - nav.clientHeight / 2;
  }
}, { rootMargin: "-15% 0px -75% 0px" });
for (const id of links.keys()) seen.observe(document.getElementById(id));
