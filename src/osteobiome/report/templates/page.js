// Starts everything: tables, pairs that open on demand, figures, downloads, print.
const FEW = 30;

function fill(details) {
  if (details.dataset.filled) return;
  details.dataset.filled = "yes";
  const body = document.createElement("div");
  body.innerHTML = payload.pairs[Number(details.dataset.pair)].html;
  details.append(body);
}

// The part of a pair; in large studies it is made when it is first asked for.
function pairPart(id) {
  const index = /^pair-(\d+)$/.exec(id)?.[1];
  if (index === undefined || !payload.pairs[Number(index)]) return document.getElementById(id);
  let details = document.getElementById(id);
  if (!details) {
    details = document.createElement("details");
    details.id = id;
    details.dataset.pair = index;
    const summary = document.createElement("summary");
    summary.textContent = payload.pairs[Number(index)].title;
    details.append(summary);
    document.querySelector("#pairs h2").after(details);
  }
  return details;
}

function openTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id ? pairPart(id) : null;
  if (!target) return;
  if (target.tagName === "DETAILS") {
    fill(target);
    target.open = true;
    markWide();
    target.querySelector("summary").focus({ preventScroll: true });
  }
  target.scrollIntoView();
}

// Says so where a table is wider than its place.
function markWide() {
  for (const frame of document.querySelectorAll(".table")) frame.classList.toggle("wide", frame.scrollWidth > frame.clientWidth + 1);
}

document.addEventListener("toggle", (event) => {
  if (event.target.dataset?.pair && event.target.open) fill(event.target);
  if (event.target.dataset?.variants && event.target.open) fillVariants(event.target);
  markWide();
  drawAll(false);
}, true);
window.addEventListener("resize", markWide);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && link.hash === location.hash) openTarget();  // a second click on the same link is no change of the hash
});
window.addEventListener("hashchange", openTarget);
function openAll() {
  const pairs = [...document.querySelectorAll("details[data-pair]")];
  if (pairs.length <= FEW) for (const details of pairs) { fill(details); details.open = true; }
  for (const details of document.querySelectorAll("details.inner")) {
    details.open = true;
    if (details.dataset.variants) fillVariants(details);
  }
}
window.addEventListener("beforeprint", openAll);
// The print dialogue does not wait for drawings, so this button draws first.
for (const bar of document.querySelectorAll("[data-print]")) {
  bar.hidden = false;
  bar.addEventListener("click", async () => { openAll(); await drawAll(false); window.print(); });
}
dark.addEventListener("change", () => drawAll(true));

for (const table of document.querySelectorAll("[data-table]")) setUpTable(table);
for (const bar of document.querySelectorAll("[data-files]")) {
  bar.hidden = false;
  bar.addEventListener("click", (event) => {
    const file = payload.files[event.target.dataset.file];
    if (file) save(file.name, file.type, file.text);
  });
}
markWide();
openTarget();
await drawAll(false);
document.documentElement.dataset.ready = "yes";
