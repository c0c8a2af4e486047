"use strict";
// Plots drawn with D3: reproduced against published values, values of runs and epochs, learning curves.
(() => {
  const SYMBOLS = {
    reproduced: d3.symbolCircle,
    "not reproduced": d3.symbolDiamond,
    inconclusive: d3.symbolTriangle,
    "not measured": d3.symbolSquare,
  };
  // Use the available width, because text would shrink with the plot.
  const widest = () => Math.max(280, Math.min(620, innerWidth - 48));
  const canvas = (container, width, height, name) =>
    d3.select(container).append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "group").attr("aria-label", name);

  const axes = (svg, x, y, box, names) => {
    const [left, top, right, bottom] = box;
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${bottom})`).call(d3.axisBottom(x).ticks(6).tickSizeOuter(0));
    svg.append("g").attr("class", "axis").attr("transform", `translate(${left},0)`).call(d3.axisLeft(y).ticks(6).tickSizeOuter(0));
    svg.append("text").attr("class", "axis-name").attr("x", right).attr("y", bottom + 34).attr("text-anchor", "end").text(names[0]);
    svg.append("text").attr("class", "axis-name").attr("x", left - 34).attr("y", top - 8).text(names[1]);
  };

  const padded = (values) => {
    const [low, high] = d3.extent(values);
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    return [low - room, high + room];
  };

  // Arrow keys move to the next point in the order of published values; a single point is in the tab order.
  const byKeys = (points, open) => {
    const nodes = points.nodes();
    points.attr("tabindex", (_, index) => (index === 0 ? 0 : -1)).on("keydown", (event, point) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (event.key === "Enter" || event.key === " ") open(point);
      if (step === undefined && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      if (step === undefined) return;
      const next = nodes[(nodes.indexOf(event.currentTarget) + step + nodes.length) % nodes.length];
      event.currentTarget.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  };

  const inWords = (point) =>
    `${point.statement || point.claim}: published ${+point.x.toFixed(4)}, reproduced ${+point.y.toFixed(4)}, ${point.verdict}` +
    (point.stand_in ? ", stand-in images" : "");

  const cloud = (container, points, open) => {
    container.replaceChildren();
    const width = Math.min(520, widest());
    const [height, box] = [0.85 * width, [52, 26, width - 12, 0.85 * width - 48]];
    const both = padded(points.flatMap((point) => [point.x, point.y]));
    const x = d3.scaleLinear(both, [box[0], box[2]]).nice();
    const y = d3.scaleLinear(both, [box[3], box[1]]).nice();
    const svg = canvas(container, width, height, "Reproduced against published values, one point for each claim");
    const unit = points[0].group;
    axes(svg, x, y, box, [`published (${unit})`, `reproduced (${unit})`]);
    const [low, high] = x.domain();
    svg.append("line").attr("class", "identity").attr("x1", x(low)).attr("y1", y(low)).attr("x2", x(high)).attr("y2", y(high));
    const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
    const drawn = svg.append("g").selectAll("path").data(sorted).join("path")
      .attr("class", (point) => `point ${medattn.verdictClass(point.verdict)}${point.stand_in ? " hollow" : ""}`)
      .attr("d", (point) => d3.symbol(SYMBOLS[point.verdict] ?? d3.symbolCircle, 46)())
      .attr("transform", (point) => `translate(${x(point.x)},${y(point.y)})`)
      .attr("role", "button").attr("aria-label", inWords)
      .on("click", (_, point) => open(point));
    drawn.append("title").text(inWords);
    byKeys(drawn, open);
  };

  medattn.scatter = (container, points, open) => {
    const plot = medattn.element("div");
    const of = { paper: [...new Set(points.map((p) => p.paper))], metric: [...new Set(points.map((p) => p.metric))] };
    const groups = [...new Set(points.map((p) => p.group))];
    const choices = medattn.element("div", { class: "choosers" });
    const select = (name, options) => {
      const made = medattn.element("select", { "aria-label": name }, ...options.map(([text, value]) => new Option(text, value)));
      made.addEventListener("change", draw);
      if (options.length > 1) choices.append(made);
      return made;
    };
    const paper = select("Paper", [["all papers", ""], ...of.paper.map((name) => [name, name])]);
    const metric = select("Metric", [
      ...groups.map((name) => [name === "percent" ? "all metrics in percent" : `all in ${name}`, `*${name}`]),
      ...of.metric.map((name) => [name, name]),
    ]);
    function draw() {
      const chosen = points.filter((point) =>
        (paper.value === "" || point.paper === paper.value) &&
        (metric.value.startsWith("*") ? point.group === metric.value.slice(1) : point.metric === metric.value));
      const units = [...new Set(chosen.map((point) => point.group))];
      if (units.length === 1) cloud(plot, chosen, open);
      else plot.replaceChildren(medattn.element("p", { class: "empty" }, "No claim matches this choice."));
    }
    const verdicts = [...new Set(points.map((point) => point.verdict))];
    const legend = medattn.element("ul", { class: "legend" }, ...verdicts.map((verdict) => {
      const item = medattn.element("li");
      d3.select(item).append("svg").attr("viewBox", "-8 -8 16 16").attr("aria-hidden", "true").append("path")
        .attr("class", `point ${medattn.verdictClass(verdict)}`).attr("d", d3.symbol(SYMBOLS[verdict] ?? d3.symbolCircle, 60)());
      item.append(verdict);
      return item;
    }));
    container.append(choices, plot, legend);
    draw();
  };

  // Strip plot: a dot for each value, a vertical line at the published value.
  medattn.strip = (container, lanes, published, unit) => {
    const [width, left] = [widest(), 76];
    const height = 44 * lanes.length + 46;
    const values = [...lanes.flatMap((lane) => lane.values.map((value) => value.at)), ...(published === null ? [] : [published])];
    const x = d3.scaleLinear(padded(values), [left, width - 12]).nice();
    const svg = canvas(container, width, height, "Values of runs and epochs").attr("role", "img");
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 36})`).call(d3.axisBottom(x).ticks(width / 90).tickSizeOuter(0));
    svg.append("text").attr("class", "axis-name").attr("x", width - 12).attr("y", height - 4).attr("text-anchor", "end").text(unit);
    if (published !== null) {
      svg.append("line").attr("class", "published").attr("x1", x(published)).attr("x2", x(published)).attr("y1", 12).attr("y2", height - 36);
      svg.append("text").attr("class", "axis-name").attr("x", x(published)).attr("y", 10).attr("text-anchor", "middle").text(`published ${published}`);
    }
    lanes.forEach((lane, index) => {
      const middle = 36 + 44 * index;
      svg.append("text").attr("class", "lane").attr("x", left - 12).attr("y", middle + 4).attr("text-anchor", "end").text(lane.name);
      // Offset the dots vertically, so that equal values do not hide each other.
      svg.append("g").selectAll("circle").data(lane.values).join("circle").attr("class", (value) => `dot ${medattn.seedColor(value.seed)}`)
        .attr("cx", (value) => x(value.at)).attr("cy", (_, position) => middle + ((position % 5) - 2) * 4).attr("r", 4)
        .append("title").text((value) => `${value.name}: ${value.at}`);
      const mean = d3.mean(lane.values, (value) => value.at);
      svg.append("line").attr("class", "mean").attr("x1", x(mean)).attr("x2", x(mean)).attr("y1", middle - 14).attr("y2", middle + 14);
    });
  };

  medattn.curves = (container, runs, key, name) => {
    const width = widest();
    const [height, box] = [240, [52, 24, width - 12, 196]];
    const x = d3.scaleLinear(d3.extent(runs.flatMap((run) => run.curve.epoch)), [box[0], box[2]]);
    const y = d3.scaleLinear(padded(runs.flatMap((run) => run.curve[key]).filter((value) => value !== null)), [box[3], box[1]]).nice();
    const svg = canvas(container, width, height, name).attr("role", "img");
    axes(svg, x, y, box, ["epoch", name]);
    runs.forEach((run) => {
      const line = d3.line((_, at) => x(run.curve.epoch[at]), (value) => y(value)).defined((value) => value !== null);
      svg.append("path").attr("class", `curve ${medattn.seedColor(run.seed)} ${medattn.foldDash(run.fold)}`).attr("d", line(run.curve[key])).append("title").text(run.name);
      if (run.curve.epoch.length === 1 || run.measured.size)
        svg.append("g").selectAll("circle").data(run.curve.epoch.filter((epoch) => run.measured.has(epoch) || run.curve.epoch.length === 1))
          .join("circle").attr("class", `dot ${medattn.seedColor(run.seed)}`).attr("r", 2.6)
          .attr("cx", (epoch) => x(epoch)).attr("cy", (epoch) => y(run.curve[key][run.curve.epoch.indexOf(epoch)]));
    });
  };
})();
