// What the page carries packed: gzip in base64, inflated here, nothing is fetched.
async function inflate(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const payload = JSON.parse(await inflate("packed-data"));

// The plotting library is started once, when the first figure is drawn.
let library = null;
function vegaReady() {
  library ??= inflate("packed-vega").then((code) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.type = "module";
    script.textContent = code + "\nwindow.dispatchEvent(new Event('vega-ready'));";
    window.addEventListener("vega-ready", resolve, { once: true });
    script.addEventListener("error", reject, { once: true });
    document.head.append(script);
  }));
  return library;
}

function save(name, type, content) {
  const link = document.createElement("a");
  link.href = content instanceof Blob ? URL.createObjectURL(content) : URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
