// Figures: unpacked from what their kind has in common, drawn when their place is open, in the reader's colours.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const views = new WeakMap();
const FILE_WIDTH = 720;

function packedFigure(place) {
  const [group, index] = place.dataset.figure.split("/");
  const part = group === "study" ? payload.study : payload.pairs[Number(group)];
  return { packed: part.figures[Number(index)], columns: part.columns };
}

function specification(place) {
  const { packed, columns } = packedFigure(place);
  const spec = structuredClone(payload.skeletons[packed.kind]);
  for (const [path, value] of packed.changes) {
    const last = path[path.length - 1];
    path.slice(0, -1).reduce((node, key) => node[key], spec)[last] = structuredClone(value);
  }
  spec.datasets = {};
  for (const [name, places] of Object.entries(packed.datasets)) {
    const keys = Object.keys(places);
    const length = keys.length ? columns[places[keys[0]]].length : 0;
    spec.datasets[name] = Array.from({ length }, (_, i) => Object.fromEntries(keys.map((key) => [key, columns[places[key]][i]])));
  }
  return spec;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
  return {
    axis: { labelColor: ink, titleColor: ink, gridColor: line, tickColor: soft, domainColor: soft },
    legend: { labelColor: ink, titleColor: ink },
    title: { color: ink },
    rule: { color: soft },
    text: { color: ink },
  };
}

async function draw(place) {
  if (place.dataset.drawn === "drawing") return;
  place.dataset.drawn = "drawing";
  await vegaReady();
  // the blue of the palette is too dark on a dark page; its light neighbour in the same palette is not
  const text = JSON.stringify(specification(place));
  const spec = JSON.parse(dark.matches ? text.replaceAll("#0072B2", "#56B4E9") : text);
  const extra = colours();
  for (const key of Object.keys(extra)) spec.config[key] = { ...(spec.config[key] || {}), ...extra[key] };
  views.get(place)?.finalize();
  const result = await window.vegaEmbed(place.querySelector(".plot"), spec, { actions: false, renderer: "svg", logLevel: 1 });
  views.set(place, result);
  place.querySelector(".plot").setAttribute("aria-label", spec.description);
  addButtons(place);
  place.dataset.drawn = "yes";
}

function addButtons(place) {
  if (place.querySelector(".save")) return;
  const { packed } = packedFigure(place);
  const caption = place.querySelector("figcaption");
  caption.textContent = packed.caption;
  const bar = document.createElement("p");
  bar.className = "save";
  for (const [kind, label] of [["svg", "SVG"], ["png", "PNG"], ["csv", "CSV"], ["json", "Specification"]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.setAttribute("aria-label", `Save this ${packed.kind.replaceAll("_", " ")} figure as ${label}`);
    button.addEventListener("click", () => saveFigure(place, kind));
    bar.append(button);
  }
  place.append(bar);
}

async function saveFigure(place, kind) {
  const spec = { ...specification(place), width: FILE_WIDTH, background: "#ffffff" };
  const group = place.dataset.figure.split("/")[0];
  const part = group === "study" ? Number(place.dataset.figure.split("/")[1]) + 1 : `pair-${group}`;
  const name = `${payload.name}-${part}-${place.dataset.kind}`;
  if (kind === "json") return save(`${name}.vl.json`, "application/json", JSON.stringify(spec, null, 1));
  if (kind === "csv") return save(`${name}.csv`, "text/csv", csv(Object.values(spec.datasets)[0]));
  // drawn again out of sight: in the width and the light colours of a file, whatever the page looks like
  const stage = document.createElement("div");
  stage.style.cssText = "position: absolute; left: -10000px; top: 0";
  stage.setAttribute("aria-hidden", "true");
  document.body.append(stage);
  const result = await window.vegaEmbed(stage, spec, { actions: false, renderer: "svg", logLevel: 1 });
  try {
    if (kind === "svg") return save(`${name}.svg`, "image/svg+xml", await result.view.toSVG());
    const canvas = await result.view.toCanvas(2);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    return save(`${name}.png`, "image/png", blob);
  } finally {
    result.finalize();
    stage.remove();
  }
}

// The first dataset is what the figure is about. Cells that a spreadsheet would take for a formula are marked as text.
function csv(data) {
  const rows = data.map((row) => ("low" in row ? { ...row, high: 2 * row.beta - row.low } : row));
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const text = String(value).replaceAll("\n", " ").replaceAll("\u200b", "");
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const keys = rows.length ? Object.keys(rows[0]) : [];
  return [keys.join(","), ...rows.map((row) => keys.map((key) => cell(row[key])).join(","))].join("\n") + "\n";
}

function visible(place) {
  for (let node = place.parentElement; node; node = node.parentElement) {
    if (node.tagName === "DETAILS" && !node.open) return false;
  }
  return true;
}

function drawAll(again) {
  const places = [...document.querySelectorAll("[data-figure]")];
  return Promise.all(places.filter((p) => visible(p) && (again || !p.dataset.drawn)).map((p) => draw(p)));
}
