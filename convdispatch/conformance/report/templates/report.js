"use strict";

// The list of cases, its filters, and the colours. The page's address is the only state: each
// filter is written into the part after '#', and every link to some cases is such an address.
(async () => {
  const page = await unpack(document.getElementById("data").textContent);
  const FIELDS = ["backend", "op", "level", "status", "q"];
  const SIGNS = { passed: "✓", failed: "✕", "known failure": "!", unsupported: "–", unavailable: "?" };
  const ORDER = ["failed", "known failure", "unavailable", "unsupported", "passed"];
  const AT_ONCE = 60;
  const LEFT_OUT = -1;

  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const more = document.getElementById("more");
  const shown = document.getElementById("shown");

  const outcomes = page.backends.flatMap((backend) =>
    [...backend.status].flatMap((digit, at) => {
      if (digit === ".") return [];
      const [kind, detail, script, drawing, works] = backend.notes[at] ?? [];
      const status = page.statuses[Number(digit)];
      return [{ backend, at, status, kind, detail, script, drawing, works: works === 1 }];
    }),
  );
  outcomes.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const word = (column, outcome) => page.words[page.cases[column][outcome.at]] ?? "";
  const id = (outcome) => page.cases.id[outcome.at];

  let chosen = [];

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  // Filters

  function fillSelect(name, values, labels = {}) {
    const select = form.elements[name];
    select.append(element("option", { value: "" }, "any"));
    for (const value of values) {
      select.append(element("option", { value }, labels[value] ?? value));
    }
  }

  function fillSelects() {
    const distinct = (column) => [...new Set(page.cases[column])].map((number) => page.words[number]);
    fillSelect("backend", page.backends.map((backend) => backend.name));
    fillSelect("op", distinct("op").sort());
    fillSelect("level", distinct("level"));
    fillSelect("status", [...ORDER, "works"], { works: "unsupported, yet works" });
  }

  function address() {
    const filters = new URLSearchParams();
    for (const name of FIELDS) {
      const value = form.elements[name].value.trim();
      if (value) filters.set(name, value);
    }
    return filters.toString();
  }

  function readAddress() {
    const filters = new URLSearchParams(location.hash.slice(1));
    for (const name of FIELDS) {
      const control = form.elements[name];
      control.value = filters.get(name) ?? "";
      if (control.selectedIndex === -1) control.value = ""; // a value that nothing here has
    }
  }

  function writeAddress() {
    const hash = address();
    history.replaceState(null, "", location.href.split("#")[0] + (hash ? `#${hash}` : "#"));
  }

  function searched(outcome) {
    outcome.text ??= [
      id(outcome), outcome.backend.name, word("claim", outcome), word("dtype", outcome),
      page.words[outcome.kind] ?? "", page.details[outcome.detail] ?? "",
    ].join("\n").toLowerCase();
    return outcome.text;
  }

  function choose() {
    const want = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    const words = want.q.toLowerCase().split(/\s+/).filter(Boolean);
    chosen = outcomes.filter((outcome) =>
      (!want.backend || outcome.backend.name === want.backend) &&
      (!want.op || word("op", outcome) === want.op) &&
      (!want.level || word("level", outcome) === want.level) &&
      (!want.status || (want.status === "works" ? outcome.works : outcome.status === want.status)) &&
      words.every((one) => searched(outcome).includes(one)),
    );
    const number = (count) => count.toLocaleString("en");
    shown.textContent = `${number(chosen.length)} of ${number(outcomes.length)} outcomes`;
    list.replaceChildren();
    showMore();
  }

  // Rows

  function showMore() {
    const from = list.children.length;
    list.append(...chosen.slice(from, from + AT_ONCE).map((one) => element("li", {}, row(one))));
    const left = chosen.length - list.children.length;
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(left, AT_ONCE)} more`;
  }

  function row(outcome) {
    const tone = outcome.status.replaceAll(" ", "-");
    const bounds = outcome.backend.bounds[outcome.at];
    const measure = outcome.kind != null ? page.words[outcome.kind]
      : outcome.works ? "works"
      : bounds != null ? (bounds ? `${bounds.toPrecision(2)} bound` : "exact") : "";
    const sign = element("span", { className: `sign ${tone}`, title: outcome.status }, SIGNS[outcome.status]);
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", outcome.status);
    const made = element("details", { className: `case ${tone}` },
      element("summary", {}, sign, element("code", {}, id(outcome)),
        element("span", { className: "on" }, outcome.backend.name),
        element("span", { className: "measure" }, measure)));
    made.addEventListener("toggle", () => made.append(body(outcome)), { once: true });
    return made;
  }

  function text(texts, number) {
    if (number === LEFT_OUT) return "Left out to keep this page small: report.json has it.";
    return texts[number] ?? "";
  }

  function body(outcome) {
    const detail = text(page.details, outcome.detail);
    const kind = page.words[outcome.kind];
    const message = detail || kind
      ? element("p", { className: "message" }, kind ? element("b", {}, `${kind}: `) : null, detail)
      : null;
    const works = outcome.works
      ? element("p", {}, "It was tried all the same, and the claim holds.") : null;
    const told = element("div", {},
      element("p", {}, word("claim", outcome)), message, works, facts(outcome));
    return element("div", { className: "body" },
      element("div", { className: "told" }, told, figure(outcome)), ...program(outcome));
  }

  function facts(outcome) {
    const { backend, at } = outcome;
    const listed = [
      ["Status", outcome.status],
      ["Error", backend.bounds[at] == null ? "" : `${backend.bounds[at]} of the bound, ${backend.ulps[at]} ULP`],
      ["Geometry", word("geometry", outcome)],
      ["Type", word("dtype", outcome)],
      ["Features", word("features", outcome)],
      ["Since", `specification ${word("since", outcome)}`],
      ["Time", `${backend.milliseconds[at]} ms`],
    ];
    return element("dl", {}, ...listed.filter(([, value]) => value)
      .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  }

  function figure(outcome) {
    const drawing = page.drawings[outcome.drawing];
    if (!drawing) return null;
    const parsed = new DOMParser().parseFromString(
      drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml");
    const keys = document.getElementById("keys").content.cloneNode(true);
    return element("figure", {}, document.importNode(parsed.documentElement, true), keys);
  }

  function program(outcome) {
    if (outcome.script == null) return [];
    const source = element("pre", { tabIndex: 0 }, text(page.scripts, outcome.script));
    const copy = element("button", { type: "button" }, "Copy");
    copy.addEventListener("click", () => copyText(source, copy));
    const title = element("span", {}, "A script that reproduces it");
    return [element("div", { className: "above" }, title, outcome.script === LEFT_OUT ? null : copy), source];
  }

  async function copyText(source, button) {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // No clipboard for this page: select the text, and let the reader copy it.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // Colours

  function followTheme() {
    const button = document.getElementById("theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => {
      const set = document.documentElement.dataset.theme;
      return set ? set === "dark" : system.matches;
    };
    const label = () => {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `Use ${button.textContent.toLowerCase()} colours`);
    };
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      label();
    });
    system.addEventListener("change", label);
    button.hidden = false;
    label();
  }

  function follow() {
    readAddress();
    choose();
    document.getElementById("cases").scrollIntoView();
    document.getElementById("cases").focus({ preventScroll: true });
  }

  fillSelects();
  followTheme();
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of FIELDS) {
    const change = () => { writeAddress(); choose(); };
    form.elements[name].addEventListener(name === "q" ? "input" : "change", change);
  }
  form.addEventListener("reset", () => setTimeout(() => { writeAddress(); choose(); }));
  more.addEventListener("click", showMore);
  addEventListener("hashchange", () => { if (location.hash.includes("=")) follow(); });
  if (location.hash.includes("=")) {
    follow();
  } else {
    if (outcomes.some((outcome) => outcome.status === "failed")) form.elements.status.value = "failed";
    choose();
  }
  form.hidden = false;
})().catch((error) => {
  // A browser from before 2023 cannot unpack the cases; the rest of the page needs no script.
  document.getElementById("shown").textContent = `The cases cannot be listed here: ${error}`;
});
