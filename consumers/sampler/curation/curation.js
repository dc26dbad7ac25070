"use strict";
// Everything that tools say goes into the page by `textContent`.
const rows = JSON.parse(document.getElementById("data").textContent);
const byId = new Map(rows.map((row) => [row.id, row]));
const AT_ONCE = 60;
const MOST_WORDS = 400;

for (const row of rows) row.members = [];
for (const row of rows) if (row.decision === "merged_into") byId.get(row.representative).members.push(row);

const percent = (value) => `${Math.round(value * 100)} %`;
const number = (value) => value.toLocaleString("en");
const titles = { kept: "kept", not_chosen: "not chosen", left_out: "left out" };

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const text = (content, kind = "") => element("span", { class: `text ${kind}` }, content);

/** A `<details>` whose inside is only made when it is opened. */
function lazy(summary, inside) {
  const details = element("details", {}, element("summary", {}, ...summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(element("div", { class: "inside" }, ...inside()));
  });
  return details;
}

/** Two texts as marked words: what one has and the other has not, by their longest common sequence. */
function marked(left, right) {
  const one = left.split(/(?<=\s)/), two = right.split(/(?<=\s)/);
  if (one.length > MOST_WORDS || two.length > MOST_WORDS) return [[left], [right]];
  const same = (i, j) => one[i].trim() === two[j].trim();
  const length = Array.from({ length: one.length + 1 }, () => new Uint16Array(two.length + 1));
  for (let i = one.length - 1; i >= 0; i--)
    for (let j = two.length - 1; j >= 0; j--)
      length[i][j] = same(i, j) ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const shown = [[], []];
  const mark = (side, word) => shown[side].push(element("mark", {}, word));
  let i = 0, j = 0;
  while (i < one.length && j < two.length) {
    if (same(i, j)) { shown[0].push(one[i++]); shown[1].push(two[j++]); }
    else if (length[i + 1][j] >= length[i][j + 1]) mark(0, one[i++]);
    else mark(1, two[j++]);
  }
  while (i < one.length) mark(0, one[i++]);
  while (j < two.length) mark(1, two[j++]);
  return shown;
}

function kindOf(schema) {
  if (schema === null || typeof schema !== "object") return "";
  const kind = Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "any");
  return Array.isArray(schema.enum) ? `${kind}: ${schema.enum.map((option) => JSON.stringify(option)).join(", ")}` : kind;
}

const words = (schema) => (schema && typeof schema === "object" ? String(schema.description ?? "") : "");
const isRequired = (row, name) => row.required.includes(name);

function parameter(row, name, said = [words(row.parameters[name])]) {
  const kind = kindOf(row.parameters[name]) + (isRequired(row, name) ? ", required" : "");
  return [text(kind, "kind"), element("br"), element("span", { class: "text" }, ...said)];
}

/** One definition: its parameters with type and meaning. */
function specification(row) {
  const names = Object.keys(row.parameters);
  const lines = names.map((name) =>
    element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)), element("td", {}, ...parameter(row, name))));
  if (!names.length) lines.push(element("tr", {}, element("th", { scope: "row" }, "parameters"), element("td", {}, "none")));
  if (row.returns) lines.push(element("tr", {}, element("th", { scope: "row" }, "returns"), element("td", {}, text(JSON.stringify(row.returns)))));
  lines.push(element("tr", {}, element("th", { scope: "row" }, "source"), element("td", {}, text(row.source))));
  return element("table", { class: "spec" }, element("tbody", {}, ...lines));
}

/** Two definitions side by side; a coloured edge where they differ. */
function comparison(first, second, heads) {
  const cell = (of, ...children) => element("td", { "data-of": of }, ...children);
  const line = (title, left, right, differs) =>
    element("tr", differs ? { class: "differs" } : {}, element("th", { scope: "row" }, title), cell(heads[0], ...left), cell(heads[1], ...right));
  const absent = () => [element("span", { class: "absent" }, "not there")];
  const lines = [line("name", [element("code", {}, first.name)], [element("code", {}, second.name)], first.name !== second.name)];
  const [left, right] = marked(first.description, second.description);
  lines.push(line("description", [element("span", { class: "text" }, ...left)], [element("span", { class: "text" }, ...right)], first.description !== second.description));
  for (const name of new Set([...Object.keys(first.parameters), ...Object.keys(second.parameters)])) {
    const has = [first, second].map((row) => Object.hasOwn(row.parameters, name));
    const differs = !has[0] || !has[1] || isRequired(first, name) !== isRequired(second, name)
      || JSON.stringify(first.parameters[name]) !== JSON.stringify(second.parameters[name]);
    const said = has[0] && has[1] ? marked(words(first.parameters[name]), words(second.parameters[name])) : [];
    const cells = [first, second].map((row, side) => (has[side] ? parameter(row, name, said[side]) : absent()));
    lines.push(line(element("code", {}, name), ...cells, differs));
  }
  if (first.returns || second.returns) {
    const said = [first, second].map((row) => (row.returns ? [text(JSON.stringify(row.returns))] : absent()));
    lines.push(line("returns", said[0], said[1], JSON.stringify(first.returns) !== JSON.stringify(second.returns)));
  }
  lines.push(line("source", [text(first.source)], [text(second.source)], false));
  lines.push(line("quality", [first.quality.toFixed(2)], [second.quality.toFixed(2)], false));
  const titles = ["", ...heads].map((head) => element("th", { scope: "col" }, head));
  return element("table", { class: "spec two" }, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...lines));
}

/** A list that grows by a button. */
function growing(items, make) {
  const list = element("ul", { class: "members" });
  const more = element("button", { type: "button", class: "link" });
  const grow = () => {
    list.append(...items.slice(list.children.length, list.children.length + AT_ONCE).map(make));
    const left = items.length - list.children.length;
    more.textContent = `${number(left)} more`;
    more.hidden = left === 0;
  };
  more.addEventListener("click", grow);
  grow();
  return [list, more];
}

const tag = (content, kind = "") => element("span", { class: `tag ${kind}` }, content);
const who = (row) => `${row.by}${row.model ? ` (${row.model}, prompt ${row.prompt_version})` : ""}`;

function related(row, other, heads, similarity, by, reason, detail) {
  return element("li", {}, lazy(
    [element("code", {}, other.name), element("span", { class: "marks" }, tag(percent(similarity)), tag(by)), text(reason, "says")],
    () => [...(detail ? [element("p", { class: "reason" }, detail)] : []), comparison(row, other, heads)],
  ));
}

function cluster(row) {
  const inside = () => {
    const parts = [element("p", { class: "reason" }, text(`${titles[row.decision]}: ${row.reason}`)), specification(row)];
    if (row.decision === "not_chosen") {
      const near = byId.get(row.representative);
      parts.push(element("h4", {}, "Nearest tool that is kept"), element("ul", { class: "members" },
        related(row, near, ["not chosen", "kept"], row.similarity, "rule", near.description, "")));
    }
    if (row.members.length) {
      const members = [...row.members].sort((a, b) => b.similarity - a.similarity);
      parts.push(element("h4", {}, `Merged into it: ${number(members.length)}`),
        ...growing(members, (other) => related(row, other, ["kept", "merged"], other.similarity, other.by, other.reason, `decided by the ${who(other)}`)));
    }
    if (row.apart.length) parts.push(element("h4", {}, "Close, but other tools"),
      ...growing(row.apart, (link) => related(row, byId.get(link.id), ["this one", "the other"], link.similarity, link.by, link.reason, "")));
    return parts;
  };
  const size = row.members.length ? tag(`${number(row.members.length + 1)} definitions`) : null;
  const renamed = row.name_in_pool && row.name_in_pool !== row.name ? text(` now ${row.name_in_pool}`) : null;
  return element("li", {}, lazy(
    [element("span", {}, element("code", {}, row.name), renamed), element("span", { class: "marks" }, size, tag(titles[row.decision], row.decision)), text(row.description, "says")],
    inside,
  ));
}

const least = (row) => Math.min(1, ...row.members.map((other) => other.similarity));
const orders = {
  size: (a, b) => b.members.length - a.members.length || a.name.localeCompare(b.name, "en"),
  name: (a, b) => a.name.localeCompare(b.name, "en"),
  unlike: (a, b) => least(a) - least(b) || a.name.localeCompare(b.name, "en"),
};
const states = {
  tools: (row) => row.decision === "kept" || row.decision === "not_chosen",
  kept: (row) => row.decision === "kept",
  not_chosen: (row) => row.decision === "not_chosen",
  renamed: (row) => row.decision === "kept" && row.name_in_pool !== row.name,
  left_out: (row) => row.decision === "left_out",
};
const merged = {
  "": () => true,
  merged: (row) => row.members.length > 0,
  alone: (row) => row.members.length === 0,
  model: (row) => row.members.some((other) => other.by === "model"),
  "cheap pass": (row) => row.members.some((other) => other.by === "cheap pass"),
};
const hay = new Map();

/** Lower-case text of a tool and of all that was merged into it, made when first searched. */
function said(row) {
  if (!hay.has(row)) hay.set(row, [row, ...row.members].map((one) => `${one.name} ${one.name_in_pool} ${one.description} ${one.source}`).join("\n").toLowerCase());
  return hay.get(row);
}

const find = (id) => document.getElementById(id);
const list = find("clusters"), more = find("more");
let found = [];

function grow() {
  const from = list.children.length;
  list.append(...found.slice(from, from + AT_ONCE).map(cluster));
  more.hidden = list.children.length >= found.length;
}

let waiting = 0;

function filter() {
  clearTimeout(waiting); // what was typed is filtered by now
  const wanted = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  found = rows
    .filter(states[find("state").value])
    .filter(merged[find("by").value])
    .filter((row) => wanted.every((word) => said(row).includes(word)))
    .sort(orders[find("order").value]);
  find("shown").textContent = found.length === 1 ? "1 tool" : `${number(found.length)} tools`;
  list.replaceChildren();
  grow();
  find("shown").dataset.for = find("search").value;
}

find("search").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(filter, 120);
});
for (const id of ["state", "by", "order"]) find(id).addEventListener("change", filter);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", grow);
new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && grow()).observe(more);
filter();
