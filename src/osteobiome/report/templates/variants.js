// The table of a pair's variants, made when it is opened: strongest first, turned so that the exposure effect is positive.
const STRONGEST = 25;
const variantHeads = (stated) => [
  "Variant", `Allele of positive effect on ${stated} / other`, `On ${stated} (standard error)`,
  "On outcome (standard error)", "F", "Wald ratio (standard error)", "Share of Q", "Cook's distance",
];

function digits(value, places = 3) {
  if (value === null || value === undefined) return "–";
  const [mantissa, exponent] = Number(value).toExponential(places - 1).split("e");
  const small = value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e6);
  const superscript = (text) => text.replace("+", "").replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  const plain = () => {
    const text = Number(value).toPrecision(places);
    return text.includes("e") ? Number(text).toFixed(0) : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  };
  return (small ? `${mantissa} × 10${superscript(exponent)}` : plain()).replace("-", "−");
}

function fillVariants(details) {
  if (details.querySelector("table")) return;
  const { columns, variants, stated } = payload.pairs[Number(details.dataset.variants)];
  const keys = Object.keys(variants);
  const rows = columns[variants.rsid].map((_, i) => Object.fromEntries(keys.map((key) => [key, columns[variants[key]][i]])));
  rows.sort((a, b) => Math.abs(b.x / b.sx) - Math.abs(a.x / a.sx));
  const both = (value, error) => (value === null ? "–" : `${digits(value)} (${digits(error)})`);
  const cells = (row) => [
    row.rsid || "–", `${row.raises}/${row.other}`, both(row.x, row.sx), both(row.y, row.sy), digits((row.x / row.sx) ** 2),
    both(row.ratio, row.se), digits(row.q, 2), digits(row.cook, 2),
  ];
  const frame = document.createElement("div");
  frame.className = "table";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Variants");
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const title of variantHeads(stated)) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    head.append(cell);
  }
  const body = table.createTBody();
  const add = (some) => {
    for (const row of some) {
      const line = body.insertRow();
      cells(row).forEach((text, i) => {
        const cell = document.createElement(i ? "td" : "th");
        if (i) cell.className = "n"; else cell.scope = "row";
        cell.textContent = text;
        line.append(cell);
      });
    }
  };
  add(rows.slice(0, STRONGEST));
  frame.append(table);
  details.append(frame);
  if (rows.length <= STRONGEST) return;
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  more.textContent = `Show all ${rows.length}`;
  more.addEventListener("click", () => { add(rows.slice(STRONGEST)); more.remove(); });
  details.append(more);
}
