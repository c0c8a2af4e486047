"use strict";
// Brings the page to life once it stands.
(() => {
  document.querySelectorAll("table.numbers").forEach(medattn.paperTable);
  document.querySelectorAll("table.big").forEach(medattn.bigTable);

  const scatter = document.getElementById("scatter");
  if (scatter)
    medattn.block("points").then((points) => medattn.scatter(scatter, points, (point) => point.place && medattn.open(point.place)));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (button) medattn.open(button.dataset.place);
  });

  // On paper nothing can be unfolded.
  addEventListener("beforeprint", () => document.querySelectorAll("details.caption, details.reasons").forEach((one) => (one.open = true)));
  addEventListener("hashchange", medattn.openAddressed);
  medattn.openAddressed();
})();
