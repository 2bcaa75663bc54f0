// Live events: the newest first, as many as somebody reads; paused while the page is hidden.
const MOST = 300;
const OF_EVERY = ["event_id", "command_id", "timestamp"]; // which say nothing of this one

export function listen(list, state) {
  let source = null;
  let missed = 0;
  const open = () => {
    source = new EventSource(`/events/stream${location.search}`);
    source.onopen = () => (state.textContent = "Listening; it pauses while this page is hidden.");
    source.onerror = () => (state.textContent = "The console is away; it is tried again.");
    source.onmessage = ({ data }) => {
      const news = JSON.parse(data);
      missed += news.missed;
      list.prepend(...news.events.reverse().map(row));
      while (list.children.length > MOST) list.lastChild.remove();
      state.textContent = news.trouble ?? `Listening.${missed ? ` ${missed} more were too fast to be shown.` : ""}`;
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!source) open();
  });
  if (!document.hidden) open();
}

function row(event) {
  const item = document.createElement("li");
  item.className = "row";
  const cause = part("span", "cause", "");
  const id = event.headers["aggregate-id"];
  cause.append(part("b", "type", event.type ?? "–"), ...said(event.body, id));
  const version = event.headers["aggregate-version"];
  const facts = part("span", "facts", "");
  if (id) {
    const link = part("a", "", `${id} v${version}`);
    link.href = `/aggregate?${new URLSearchParams({ type: event.headers["aggregate-type"] ?? "", id })}`;
    facts.append(link);
  }
  item.append(cause, facts);
  return item;
}

function said(body, id) {
  if (body === null) return [];
  if (typeof body !== "object" || Array.isArray(body)) return [part("code", "pair", JSON.stringify(body))];
  const own = Object.entries(body).filter(([name, value]) => !OF_EVERY.includes(name) && value !== id);
  return own.map(([name, value]) => {
    const pair = part("span", "pair", "");
    pair.append(part("span", "sub", name), " ", part("code", "", typeof value === "string" ? value : JSON.stringify(value)));
    return pair;
  });
}

function part(name, kind, text) {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}
