// Live events: the newest first, as many as somebody reads; paused while the page is hidden.
const MOST = 300;

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
  cause.append(part("b", "type", event.type ?? "–"), " ", part("code", "", event.body === null ? "" : JSON.stringify(event.body)));
  const version = event.headers["aggregate-version"];
  const id = event.headers["aggregate-id"];
  const facts = part("span", "facts", "");
  if (id) {
    const link = part("a", "", `${id} v${version}`);
    link.href = `/aggregate?${new URLSearchParams({ type: event.headers["aggregate-type"] ?? "", id })}`;
    facts.append(link);
  }
  item.append(cause, facts);
  return item;
}

function part(name, kind, text) {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}
