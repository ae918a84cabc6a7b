// Makes the islands of a page work: does what Leptos' own inline script does,
// from a file, so that the content security policy needs no exception.
import init, * as wasm from "/pkg/emporion.js";

// What is to be called before an island below children that another island got.
const onHydrate = [];

async function hydrateIsland(island) {
  const name = island.dataset.component || null;
  const hydrate = wasm[name];
  if (!hydrate) {
    console.warn(`There is no island ${name} in the WASM.`);
    return;
  }
  onHydrate.at(-1)?.();
  await hydrate(island);
}

async function hydrateBelow(element) {
  const tag = element.tagName.toLowerCase();
  if (tag === "leptos-island") await hydrateIsland(element);
  if (tag === "leptos-children") onHydrate.push(element.$$on_hydrate);
  for (const child of element.children) await hydrateBelow(child);
  if (tag === "leptos-children") onHydrate.pop();
}

async function start() {
  await init({ module_or_path: "/pkg/emporion.wasm" });
  wasm.hydrate();
  await hydrateBelow(document.body);
  document.documentElement.dataset.hydrated = "";
}

// Not before the page is painted; not later than people can reach a button.
if ("requestIdleCallback" in window) requestIdleCallback(start, { timeout: 500 });
else start();
