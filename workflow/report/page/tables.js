"use strict";
// Sorting and filtering of tables: the papers' tables are in the page, the large ones are filled from compressed blocks.
(() => {
  const LEGEND = { search: "", searchPlaceholder: "Filter rows", zeroRecords: "No row matches.", emptyTable: "No rows." };
  const FILTERED = ["paper", "metric", "procedure", "test", "verdict", "state"];

  const scrollable = (table, name) => {
    const region = table.closest(".dt-layout-table") ?? table.parentElement;
    region.classList.add("scroll");
    region.setAttribute("role", "region");
    region.setAttribute("tabindex", "0");
    region.setAttribute("aria-label", `Table: ${name}`);
    medattn.hint(region);
  };

  const nameSearch = (container, name) =>
    container.querySelector("input[type=search]")?.setAttribute("aria-label", `Filter the rows of ${name}`);

  const finish = (table, name) => {
    scrollable(table, name);
    const container = table.closest(".dt-container");
    nameSearch(container, name);
    container.querySelector(".dt-paging nav")?.setAttribute("aria-label", `Pages of ${name}`);
  };

  medattn.paperTable = (table) => {
    const name = document.getElementById(table.getAttribute("aria-labelledby")).textContent.trim();
    new DataTable(table, {
      autoWidth: false,
      info: false,
      language: LEGEND,
      layout: { topStart: "search", topEnd: null, bottomStart: null, bottomEnd: null },
      order: [],
      paging: false,
      titleRow: table.tHead.rows.length - 1,  // sort by the lowest line of headings
    });
    finish(table, name);
  };

  const opener = (text, target) =>
    target
      ? medattn.element("button", { type: "button", class: "open", "data-target": target, "aria-haspopup": "dialog" }, text)
      : medattn.element("span", {}, text);

  const text = (value) => document.createTextNode(value ?? "");

  const shown = {
    text,
    long: text,
    number: (value) => document.createTextNode(typeof value === "number" ? String(Number(value.toPrecision(4))) : value ?? ""),
    p: (value) => document.createTextNode(medattn.probability(value)),
    verdict: (value) => medattn.element("span", { class: "verdict" }, medattn.mark(value), " ", value),
    target: (value, row) => opener(value, row.target),
  };

  const column = ([key, title, kind]) => ({
    data: key,
    title,
    className: kind === "number" || kind === "p" ? "number" : key === "interval" ? "interval" : kind,
    defaultContent: "",
    type: kind === "number" || kind === "p" ? "num" : "string",
    // Sorting and filtering use escaped text; the display uses elements.
    render: (value, purpose, row) =>
      purpose === "display" ? shown[kind](value, row) : typeof value === "string" ? DataTable.util.escapeHtml(value) : value ?? "",
  });

  const chooser = (api, index, title, values) => {
    const select = medattn.element("select", { "aria-label": title }, new Option(`${title}: all`, ""));
    values.forEach((value) => select.append(new Option(value, value)));
    select.addEventListener("change", () =>
      api.column(index).search(select.value, { exact: select.value !== "", caseInsensitive: false }).draw());
    return select;
  };

  medattn.bigTable = async (table) => {
    const rows = await medattn.block(table.dataset.block);
    // The column of papers is left out if there is a single one.
    const severalPapers = new Set(rows.map((row) => row.paper)).size > 1;
    const columns = JSON.parse(table.dataset.shown).filter(([key]) => key !== "paper" || severalPapers);
    const choosers = medattn.element("div", { class: "choosers" });
    const api = new DataTable(table, {
      autoWidth: false,
      columns: columns.map(column),
      data: rows,
      deferRender: true,
      language: { ...LEGEND, entries: { _: "rows", 1: "row" }, lengthMenu: "_MENU_ rows a page" },
      layout: { topStart: "search", topEnd: () => choosers, bottomStart: "info", bottomEnd: ["pageLength", "paging"] },
      lengthMenu: [20, 50, 100, { label: "all", value: -1 }],
      order: [],
      pageLength: 20,
    });
    columns.forEach(([key, title], index) => {
      const values = [...new Set(rows.map((row) => row[key]).filter(Boolean))].sort();
      if (FILTERED.includes(key) && values.length > 1) choosers.append(chooser(api, index, title, values));
    });
    finish(table, table.getAttribute("aria-label"));
  };
})();
