"use strict";
// Entry point: activates tables, the scatter plot and the details once the page is loaded.
(() => {
  document.querySelectorAll("table.numbers").forEach(medattn.paperTable);
  document.querySelectorAll("table.big").forEach(medattn.bigTable);

  const scatter = document.getElementById("scatter");
  if (scatter)
    medattn.block("points").then((points) => medattn.scatter(scatter, points, (point) => point.target && medattn.open(point.target)));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (button) medattn.open(button.dataset.target);
  });

  // Printed pages cannot be unfolded.
  addEventListener("beforeprint", () => document.querySelectorAll("details.caption, details.reasons").forEach((one) => (one.open = true)));
  addEventListener("hashchange", medattn.openAddressed);
  medattn.openAddressed();
})();
