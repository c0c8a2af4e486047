"use strict";
// Details of a cell in a dialog: opened by a click on a value, closed by Escape, addressable by the fragment of the URL.
(() => {
  const { element, mark, number, probability } = medattn;
  const dialog = document.getElementById("details");
  const body = document.getElementById("details-body");
  const COSTS = { params_m: ["params", 1e6], gflops: ["macs", 1e9] };

  // Columns without any value are left out.
  const table = (name, headings, rows) => {
    const filled = (_, index) => rows.some((row) => row[index] !== "");
    const shown = headings.filter(filled);
    const kind = (index) => (shown[index] === "Note" ? { class: "note" } : {});
    return element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `Table: ${name}` },
      element("table", { class: "plain" },
        element("thead", {}, element("tr", {}, ...shown.map((text, index) => element("th", { scope: "col", ...kind(index) }, text)))),
        element("tbody", {}, ...rows.map((row) =>
          element("tr", {}, ...row.filter(filled).map((field, index) => element("td", kind(index), field)))))));
  };

  const part = (title, ...children) => {
    const kept = children.filter(Boolean);
    return kept.length ? element("section", {}, element("h3", {}, title), ...kept) : null;
  };

  const copy = (text) => {
    const button = element("button", { type: "button", class: "copy" }, "Copy");
    button.addEventListener("click", async () => {
      const range = document.createRange();
      range.selectNodeContents(button.previousElementSibling);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected";
      }
    });
    return button;
  };

  const code = (text) => element("div", { class: "code" }, element("pre", { tabindex: "0" }, text), copy(text));

  const chosenBy = (target) => (row) => row.metric === target.metric && (row.class_name ?? "") === target.class_name;

  const claims = (details, target) => {
    const rows = details.claims.filter(chosenBy(target));
    return part("Published claims", ...rows.map((row) =>
      element("p", { class: `claim ${medattn.verdictClass(row.verdict)}` },
        mark(row.verdict), " ", element("b", {}, row.fragile ? `${row.verdict} (fragile)` : row.verdict), row.reason ? `: ${row.reason}` : "", element("br"),
        `${row.statement || row.table}: published ${row.published}${row.published_spread ? ` (${row.published_spread})` : ""} ${row.unit ?? ""}`,
        row.measured === null ? "" : `, reproduced ${Number(row.measured.toPrecision(5))}`, row.interval ? `, interval ${row.interval}` : "",
        row.p === null || row.p === undefined ? "" : `, p ${probability(row.p)}`, element("br"),
        row.stability ? element("span", { class: "stability" }, `${row.stability}. `) : "", element("code", {}, row.claim))));
  };

  const procedures = {
    epochs: "epochs of one run", fold: "one fold", folds: "over folds", pooled: "all folds pooled", runs: "over runs",
  };
  const measured = (rows) => {
    const facts = rows.map((row) => [
      procedures[row.procedure] ?? row.procedure,
      row.seed ?? "", row.fold ?? "",
      row.status === "measured" ? number(row.value, medattn.decimals(row.unit)) : "—",
      number(row.spread, medattn.decimals(row.unit)), row.n ?? "", row.n_test ?? "",
      [row.status === "measured" ? "" : row.status, row.reason, row.leak].filter(Boolean).join("; "),
    ]);
    return rows.length ? table("measurements", ["Procedure", "Seed", "Fold", "Value", "SD", "n", "Test images", "Note"], facts) : null;
  };

  const cost = (details, target) => {
    const [column, unit] = COSTS[target.metric] ?? [];
    const row = details.costs[0];
    if (!column || !row || row[column] === null) return null;
    const published = target.metric === "params_m" ? row.published_params_m : row.published_gflops;
    return table("costs", ["Published", "Counted", "Input", "Verdict", "Note"],
      [[published || "—", number(row[column] / unit, 3), row.height ? `${row.height} × ${row.width}` : "", row.verdict ?? "", row.note ?? ""]]);
  };

  const runName = (run) => `seed ${run.seed}${run.fold === null ? "" : `, fold ${run.fold}`}`;

  const lanes = (details, target, rows) => {
    const single = rows.filter((row) => row.value !== null && ["epochs", "fold", "folds"].includes(row.procedure));
    const runs = single.map((row) => ({ at: row.value, name: runName(row), seed: row.seed }));
    const found = runs.length ? [{ name: "runs", values: runs }] : [];
    if (target.metric !== "accuracy") return found;
    const bySeed = new Map();
    for (const row of details.epochs) {
      const key = runName(row);
      bySeed.set(key, [...(bySeed.get(key) ?? []), { at: row.value, name: `${key}, epoch ${row.epoch}`, seed: row.seed }]);
    }
    return [...found, ...[...bySeed].filter(([, values]) => values.length > 1).slice(0, 12).map(([name, values]) => ({ name, values }))];
  };

  const distribution = (details, target, rows) => {
    const drawn = lanes(details, target, rows);
    if (!drawn.length) return null;
    const claim = details.claims.find((row) => chosenBy(target)(row) && row.kind === "number");
    const unit = rows[0]?.unit ?? "";
    const factor = claim?.unit === "fraction" && unit === "percent" ? 100 : 1;
    const published = claim && claim.published !== "" && !Number.isNaN(Number(claim.published)) ? Number(claim.published) * factor : null;
    const plot = element("div", { class: "plot" });
    medattn.strip(plot, drawn, published, `${details.metrics[target.metric]?.[0] ?? target.metric} (${unit})`);
    return part("Runs and measured epochs", plot, element("p", { class: "hint" },
      "Each dot is a run, or an epoch that the paper's procedure measures; the vertical stroke is the mean."));
  };

  const swatch = (run) => {
    const made = element("span", { class: "swatch" });
    d3.select(made).append("svg").attr("viewBox", "0 0 24 4").attr("aria-hidden", "true").append("path")
      .attr("class", `curve ${medattn.seedColor(run.seed)} ${medattn.foldDash(run.fold)}`).attr("d", "M0 2H24");
    return made;
  };

  const learning = (details) => {
    const epochs = new Map();
    for (const row of details.epochs) epochs.set(runName(row), (epochs.get(runName(row)) ?? new Set()).add(row.epoch));
    const runs = details.runs.filter((run) => run.curve && run.curve.epoch.length > 1)
      .map((run) => ({ ...run, name: runName(run), measured: epochs.get(runName(run)) ?? new Set() }));
    if (!runs.length) return null;
    const plot = element("div", { class: "plot" });
    medattn.curves(plot, runs, "evaluated", "test accuracy (%)");
    medattn.curves(plot, runs, "loss", "training loss");
    const legend = element("ul", { class: "legend" }, ...runs.slice(0, 12).map((run) => element("li", {}, swatch(run), run.name)));
    return part("Learning curves", plot, legend, element("p", { class: "hint" }, "Dots: measured epochs."));
  };

  const map = (details) => {
    const run = details.runs.find((candidate) => candidate.map);
    if (!run) return null;
    const picture = (time, words) => element("figure", {},
      element("img", { src: run.map[time], alt: `Attention map ${words}` }), element("figcaption", {}, words));
    return part("Attention map", element("div", { class: "maps" }, picture("before", "before training"), picture("after", "after training")),
      element("p", { class: "scale" }, element("span", {}, `${run.map.low} (low attention)`), element("img", { src: run.map.scale, alt: "from light to dark" }),
        element("span", {}, `${run.map.high} (high)`)),
      element("p", { class: "hint" }, `Run with ${runName(run)}. Both maps share this scale.`));
  };

  const comparisons = (details, target) => {
    const rows = details.comparisons.filter(chosenBy(target)).map((row) => [
      `${row.arm} vs. ${row.against}`, `${row.procedure}, ${row.test}`, row.n ?? "", row.quantity, number(row.estimate),
      row.low === null ? "" : `${number(row.low)} to ${number(row.high)}`, probability(row.p), probability(row.p_adjusted),
      row.note ?? "",
    ]);
    return rows.length
      ? part("Comparison with other arms", table("comparisons", ["Arms", "Replicates, test", "n", "Effect", "Estimate", "Interval", "p", "Adjusted p", "Note"], rows))
      : null;
  };

  const kindOfReading = (row) => [
    row.is_default ? "verdicts rest on it" : "",
    row.leak ? `leak: ${row.leak}` : row.is_open ? "" : "ruled out by the paper",
  ].filter(Boolean).join("; ");

  // The readings of the cell's own values, then those of its differences from each other arm.
  const readings = (details, target) => {
    const rows = details.readings.filter(chosenBy(target));
    const own = rows.filter((row) => row.level === "cell").sort((first, second) => first.mean - second.mean);
    const against = [...new Set(rows.filter((row) => row.level === "comparison").map((row) => row.against))];
    if (own.length < 2) return null;
    const differences = (name) => rows.filter((row) => row.level === "comparison" && row.against === name)
      .sort((first, second) => first.difference - second.difference)
      .map((row) => [row.title, number(row.difference), row.low === null ? "" : `${number(row.low)} to ${number(row.high)}`, probability(row.p), row.n ?? "", kindOfReading(row)]);
    return part("Other readings of the paper",
      element("p", { class: "hint" }, "The same runs, measured in every way that their scores allow."),
      table("readings", ["Reading", "Value", "SD", "n", "Note"], own.map((row) => [row.title, number(row.mean), number(row.sd), row.n ?? "", kindOfReading(row)])),
      ...against.flatMap((name) => [element("h4", {}, `Difference from ${name}`), table(`readings of the difference from ${name}`, ["Reading", "Difference", "Interval", "p", "n", "Note"], differences(name))]));
  };

  const retraining = (details, run) =>
    `mv ${details.folder}/runs/${run.id} /elsewhere/\nmedattn train --plan ${details.folder}/plan.json --pack ${run.pack}`;

  const run = (details, one) => {
    const facts = [one.status, one.reason, one.epochs ? `${one.epochs} epochs` : "", one.seconds ? medattn.seconds(one.seconds) : ""];
    return element("details", { class: "run" },
      element("summary", {}, element("b", {}, runName(one)), ` ${facts.filter(Boolean).join(", ")} `, element("code", {}, one.id)),
      element("p", {}, "To re-train this run, with byte-identical results on the same kind of machine:"),
      code(retraining(details, one)),
      one.record ? element("h4", {}, "record.json") : null,
      one.record ? code(JSON.stringify(one.record, null, 2)) : null);
  };

  const runs = (details) =>
    part("Runs and their records", ...details.runs.map((one) => run(details, one)),
      details.tuned ? element("p", { class: "hint" }, `${details.tuned} further runs tuned the settings.`) : null,
      details.tuning ? element("details", { class: "run" }, element("summary", {}, "Tuning result: the chosen settings and all candidates"),
        code(JSON.stringify(details.tuning, null, 2))) : null);

  const kindsOf = (details) => {
    const kinds = new Map();
    for (const row of [...details.measurements, ...details.claims])
      if (row.metric in details.metrics) kinds.set(`${row.metric}|${row.class_name ?? ""}`, [row.metric, row.class_name ?? ""]);
    if (details.costs.length && details.costs[0].params !== null)
      for (const name of Object.keys(COSTS)) kinds.set(`${name}|`, [name, ""]);
    return [...kinds.values()];
  };

  const kindChooser = (details, target) => {
    const select = element("select", { "aria-label": "Metric" });
    for (const [metric, className] of kindsOf(details)) {
      const selected = metric === target.metric && className === target.class_name;
      select.append(new Option([details.metrics[metric]?.[0] ?? metric, className].filter(Boolean).join(", "), `${metric}|${className}`, false, selected));
    }
    select.addEventListener("change", () => medattn.open(`${target.cell}|${select.value}`));
    return select.options.length > 1 ? select : null;
  };

  const fill = (details, target) => {
    const rows = details.measurements.filter(chosenBy(target));
    const [, words] = details.metrics[target.metric] ?? [target.metric, ""];
    document.getElementById("details-title").textContent = details.title;
    body.replaceChildren(...[
      element("p", { class: "about" }, element("span", { class: "tag" }, details.paper), " ", element("code", {}, details.id)),
      kindChooser(details, target),
      words ? element("p", { class: "hint" }, `${target.class_name ? `${target.class_name}: ` : ""}${words[0].toUpperCase()}${words.slice(1)}.`) : null,
      details.stand_in ? element("p", { class: "banner" }, "† Measured on stand-in images: this does not reproduce the published value.") : null,
      details.missing ? element("p", { class: "banner" }, `Not measured: ${details.missing}`) : null,
      details.leak ? element("p", { class: "banner" }, `‡ ${details.leak}`) : null,
      claims(details, target),
      part("Measurements", measured(rows), cost(details, target),
        rows.length || COSTS[target.metric] ? null : element("p", { class: "empty" }, details.missing || "Not measured yet.")),
      distribution(details, target, rows),
      map(details),
      learning(details),
      comparisons(details, target),
      readings(details, target),
      runs(details),
    ].filter(Boolean));
  };

  medattn.open = async (name) => {
    const [cell, metric = "accuracy", class_name = ""] = name.split("|");
    fill(await medattn.block(`cell-${cell}`), { cell, metric, class_name });
    if (!dialog.open) dialog.showModal();
    body.scrollTop = 0;
    dialog.scrollTop = 0;
    document.getElementById("details-title").focus();
    history.replaceState(null, "", `#number=${encodeURIComponent(name)}`);
  };

  medattn.openAddressed = () => {
    const name = decodeURIComponent((location.hash.match(/^#number=(.+)$/) ?? [])[1] ?? "");
    if (name && document.getElementById(`block-cell-${name.split("|")[0]}`)) medattn.open(name);
  };

  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => history.replaceState(null, "", "#"));
})();
