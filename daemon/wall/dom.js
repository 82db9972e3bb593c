// The few things that the page does to its document. Text from outside goes in as text only, and
// what has not changed is not touched, so that a second costs little and nothing piles up.

/** element("div", {class: "tile", "data-x": "1"}, child, "text") */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setData(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** A name from outside: isolated, so that its direction stays its own, and whole in its title. */
export function setName(node, name) {
  setText(node, name);
  if (node.title !== name) node.title = name;
}

/** How much of a name's end stays on the screen, in letters as a reader counts them. */
const END = 4;
const LETTERS = new Intl.Segmenter();

/**
 * The name of one of several shops: what tells them apart is at the end as often as at the beginning
 * (旗舰店第1分店, 旗舰店第2分店), so that it is shortened before its end.
 */
export function setShopName(node, name) {
  if (node.title === name) return;
  node.title = name;
  const letters = [...LETTERS.segment(name)];
  const end = letters.length > 2 * END ? letters.at(-END).index : name.length;
  // A space where it is shortened would else be left out.
  const kept = name.replace(/\s/g, "\u00a0");
  node.replaceChildren(element("span", { class: "start" }, kept.slice(0, end)), element("span", { class: "end" }, kept.slice(end)));
}

const SVG = "http://www.w3.org/2000/svg";

/** A symbol of index.html; decoration, since a word stands beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(svg, name) {
  const use = svg.firstChild;
  if (use.getAttribute("href") !== `#${name}`) use.setAttribute("href", `#${name}`);
}

/**
 * As many nodes as are needed, made once each and kept: `show(n)` shows the first n and hides the
 * others. `make(i)` returns an object with the node in `root`.
 */
export class Pool {
  parent;
  #make;
  items = [];

  constructor(parent, make) {
    this.parent = parent;
    this.#make = make;
  }

  show(n) {
    while (this.items.length < n) {
      const item = this.#make(this.items.length);
      this.items.push(item);
      this.parent.append(item.root);
    }
    this.items.forEach((item, i) => setHidden(item.root, i >= n));
    return this.items;
  }
}
