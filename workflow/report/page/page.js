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

  const enlarged = document.getElementById("enlarged");
  const enlarge = (link) => {
    const picture = link.querySelector("img");
    document.getElementById("enlarged-title").textContent = picture.alt;
    document.getElementById("enlarged-file").href = link.getAttribute("href");
    document.getElementById("enlarged-body").replaceChildren(
      medattn.element("img", { src: picture.src, width: picture.getAttribute("width"), height: picture.getAttribute("height"), alt: picture.alt }));
    enlarged.showModal();
    document.getElementById("enlarged-title").focus();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.enlarge");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    enlarge(link);
  });
  enlarged.querySelector(".close").addEventListener("click", () => enlarged.close());
  enlarged.addEventListener("click", (event) => event.target === enlarged && enlarged.close());

  document.querySelectorAll("main .scroll").forEach((region) => region.previousElementSibling?.matches(".sideways") || medattn.hint(region));

  // Printed pages cannot be unfolded.
  addEventListener("beforeprint", () => document.querySelectorAll("details.caption, details.reasons").forEach((one) => (one.open = true)));
  addEventListener("hashchange", medattn.openAddressed);
  medattn.openAddressed();
})();
