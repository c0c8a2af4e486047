"use strict";
// Decompression of embedded data on first use, creation of elements, and formatting of values.
const medattn = {};
(() => {
  const unpacked = new Map();

  const read = (name) => {
    const block = document.getElementById(`block-${name}`);
    if (!block) throw new Error(`no block '${name}' in this page`);
    const bytes = Uint8Array.from(atob(block.textContent), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  };

  medattn.block = (name) => {
    if (!unpacked.has(name)) unpacked.set(name, read(name));
    return unpacked.get(name);
  };

  // Elements are built from text, never from markup, so text in the data cannot inject any.
  medattn.element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };

  // A line above a region says that it scrolls sideways, as long as it does.
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const region = target.classList.contains("scroll") ? target : target.closest(".scroll");
      if (region) region.previousElementSibling.hidden = region.scrollWidth <= region.clientWidth + 1;
    }
  });
  medattn.hint = (region) => {
    region.before(medattn.element("p", { class: "sideways", hidden: "" }, "This table is wider than the screen: scroll it sideways →"));
    watch.observe(region);
    if (region.firstElementChild) watch.observe(region.firstElementChild);
  };

  // One color a seed, as in the figures, and one pattern of dashes a fold.
  medattn.seedColor = (seed) => `color-${seed % 6}`;
  medattn.foldDash = (fold) => `fold-${(fold ?? 0) % 5}`;

  const SIGNS = { reproduced: "✓", "not reproduced": "✗", inconclusive: "?", "not measured": "–" };
  medattn.verdictClass = (verdict) => String(verdict).replaceAll(" ", "-");
  medattn.mark = (verdict) =>
    medattn.element("span", { class: `mark ${medattn.verdictClass(verdict)}`, title: verdict }, SIGNS[verdict] ?? "");

  medattn.decimals = (unit) => ({ fraction: 4, million: 3, giga: 3 })[unit] ?? 2;
  medattn.number = (value, decimals = 2) =>
    value === null || value === undefined || value === "" || Number.isNaN(Number(value)) ? "" : Number(value).toFixed(decimals);
  medattn.probability = (value) =>
    value === null || value === undefined || value === "" ? "" : value < 0.001 ? Number(value).toExponential(1) : Number(value).toFixed(3);
  medattn.seconds = (value) =>
    value < 120 ? `${value.toFixed(1)} s` : value < 7200 ? `${(value / 60).toFixed(1)} min` : `${(value / 3600).toFixed(1)} h`;
})();
