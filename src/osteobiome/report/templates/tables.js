// Tables that can be sorted by their heads, searched, filtered, and shown in pieces if they are long.
const PIECE = 100;

function setUpTable(table) {
  const name = table.dataset.table;
  const body = table.tBodies[0];
  if (payload.rows[name]) body.innerHTML = payload.rows[name];
  const state = { rows: [...body.rows], key: null, ascending: true, limit: PIECE };
  state.order = new Map(state.rows.map((row, i) => [row, i]));
  state.text = new Map(state.rows.map((row) => [row, row.textContent.toLowerCase()]));
  const tools = document.querySelector(`[data-tools="${name}"]`);
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  more.addEventListener("click", () => { state.limit = Infinity; show(); });
  table.closest(".table").after(more);

  function chosen(row) {
    const wanted = tools.querySelector("[data-find]").value.toLowerCase().match(/"[^"]+"|\S+/g) ?? [];
    const words = wanted.map((word) => word.replaceAll('"', ""));
    const kind = tools.querySelector("[data-show]")?.value ?? "all";
    const fits = kind === "all" || (kind === "finding" ? "finding" in row.dataset : row.dataset.status === kind);
    return fits && words.every((word) => state.text.get(row).includes(word));
  }

  function show() {
    const found = state.rows.filter(chosen);
    body.replaceChildren(...found.slice(0, state.limit));
    const shown = Math.min(found.length, state.limit);
    tools.querySelector("[data-count]").textContent = shown < found.length ? `${shown} of ${found.length} shown` : `${found.length} of ${state.rows.length}`;
    more.hidden = shown === found.length;
    more.textContent = `Show all ${found.length}`;
  }

  function sortBy(head) {
    const key = head.dataset.sort;
    state.ascending = state.key === key ? !state.ascending : true;
    state.key = key;
    const value = (row) => (key === "text" ? state.text.get(row) : JSON.parse(row.dataset.values)[Number(key)]);
    const values = new Map(state.rows.map((row) => [row, value(row)]));
    state.rows.sort((a, b) => {
      const [x, y] = [values.get(a), values.get(b)];
      if (x === null || y === null) return (x === null) - (y === null) || state.order.get(a) - state.order.get(b);
      const order = x < y ? -1 : x > y ? 1 : 0;
      return (state.ascending ? order : -order) || state.order.get(a) - state.order.get(b);
    });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", state.ascending ? "ascending" : "descending");
    show();
  }

  for (const head of table.tHead.rows[0].cells) {
    if (!head.dataset.sort) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => sortBy(head));
  }
  tools.hidden = false;
  tools.addEventListener("input", show);
  show();
}
