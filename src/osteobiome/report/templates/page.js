// Draws a figure when its place is open, in the colours of the reader's scheme, and again when scheme or width change.
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const views = new Map();

function colours() {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim();
  const soft = style.getPropertyValue("--soft").trim();
  const line = style.getPropertyValue("--line").trim();
  return {
    axis: { labelColor: ink, titleColor: ink, gridColor: line, tickColor: soft, domainColor: soft },
    legend: { labelColor: ink },
    title: { color: ink },
    rule: { color: soft },
  };
}

async function draw(figure) {
  const name = figure.dataset.figure;
  // the blue of the palette is too dark on a dark page; its light neighbour in the same palette is not
  const text = JSON.stringify(figures[name]);
  const spec = JSON.parse(dark.matches ? text.replaceAll("#0072B2", "#56B4E9") : text);
  const extra = colours();
  for (const key of Object.keys(extra)) spec.config[key] = { ...(spec.config[key] || {}), ...extra[key] };
  if (views.has(name)) views.get(name).finalize();
  const result = await window.vegaEmbed(figure.querySelector(".plot"), spec, { actions: false, renderer: "svg", logLevel: 1 });
  views.set(name, result);
  figure.dataset.drawn = "yes";
}

function visible(figure) {
  for (let node = figure.parentElement; node; node = node.parentElement) {
    if (node.tagName === "DETAILS" && !node.open) return false;
  }
  return true;
}

function drawAll(again) {
  for (const figure of document.querySelectorAll("[data-figure]")) {
    if (visible(figure) && (again || !figure.dataset.drawn)) draw(figure);
  }
}

function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (target && target.tagName === "DETAILS") target.open = true;
}

document.addEventListener("toggle", () => drawAll(false), true);
window.addEventListener("hashchange", openTarget);
window.addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; drawAll(false); });
dark.addEventListener("change", () => drawAll(true));
openTarget();
drawAll(false);
document.documentElement.dataset.ready = "yes";
