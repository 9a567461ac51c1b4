/* What a page offers on top of itself: sorting and filtering. Every table and list is complete without
   this file, and nothing is sent anywhere. */
"use strict";

(() => {
  const FEW = 6; // rows below which nobody needs a filter

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return null;
    const text = (cell.dataset.sort ?? cell.textContent).trim();
    const number = Number(text.replace(/[,\u00a0 %£€$<>]/g, ""));
    return text !== "" && Number.isFinite(number) ? number : text.toLocaleLowerCase();
  };

  // Numbers before words; what a row does not have, such as a store without an export, stays last.
  const compare = (a, b) => {
    if (a === null || b === null) return 0;
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  };

  const sortBy = (table, header, announce) => {
    const column = header.cellIndex;
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    for (const body of table.tBodies) {
      const rows = [...body.rows].map((row, place) => ({ row, place, value: valueOf(row, column) }));
      rows.sort((a, b) => {
        if ((a.value === null) !== (b.value === null)) return a.value === null ? 1 : -1;
        return (ascending ? 1 : -1) * compare(a.value, b.value) || a.place - b.place;
      });
      body.append(...rows.map(({ row }) => row));
    }
    announce(`Sorted by ${header.textContent.trim()}, ${ascending ? "ascending" : "descending"}`);
  };

  const sortable = (table) => {
    const status = make("p", { role: "status", class: "unseen" });
    (table.closest(".scroll") ?? table).after(status);
    for (const header of table.tHead.rows[0].cells) {
      const button = make("button", { type: "button", class: "sort" });
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, header, (text) => { status.textContent = text; }));
    }
  };

  // A list of things that can be filtered: rows of a table, or cases.
  const filterable = (anchor, name, items, choices) => {
    const status = make("output", { class: "found" });
    const search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const panel = make("div", { class: "filters", role: "search", "aria-label": `Filter: ${name}` },
      make("label", {}, "Show only those with ", search));
    const texts = items.map((item) => item.textContent.toLocaleLowerCase());
    const selects = choices.map(([label, key]) => {
      const values = [...new Set(items.map((item) => item.dataset[key]))].sort();
      if (values.length < 2) return null;
      const select = make("select", {}, make("option", { value: "" }, "all"));
      for (const value of values) select.append(make("option", { value }, value));
      panel.append(make("label", {}, `${label} `, select));
      return [select, key];
    }).filter(Boolean);
    const apply = () => {
      const wanted = search.value.trim().toLocaleLowerCase();
      let shown = 0;
      items.forEach((item, place) => {
        const fits = texts[place].includes(wanted)
          && selects.every(([select, key]) => !select.value || item.dataset[key] === select.value);
        item.hidden = !fits;
        shown += fits;
      });
      status.value = shown === items.length ? "" : `${shown} of ${items.length} shown`;
    };
    panel.addEventListener("input", apply);
    panel.append(status);
    anchor.before(panel);
    // A link to something that is filtered away shows it again.
    const reveal = () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!target || !items.includes(target) || !target.hidden) return;
      search.value = "";
      for (const [select] of selects) select.value = "";
      apply();
      target.scrollIntoView();
    };
    addEventListener("hashchange", reveal);
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    if (rows.length > 1) sortable(table);
    if (rows.length > FEW) filterable(table.closest(".scroll") ?? table, table.caption.textContent, rows, []);
  }

  for (const list of document.querySelectorAll("[data-filterable]")) {
    const items = [...list.children];
    const choices = JSON.parse(list.dataset.filterable);
    if (items.length > 2) filterable(list, list.getAttribute("aria-label"), items, choices);
  }
})();
