// The customers who wait longest, twenty at most: as many columns and rows as there is room for.
import { element, icon, Pool, setData, setHidden, setIcon, setName, setShopName, setText } from "./dom.js";
import { mostTiles, roomOf } from "./field.js";
import * as format from "./format.js";
import { against } from "./judge.js";
import { agentName, shopName } from "./names.js";

const MOST = 20;
/** The smallest row that can be read, in the same lengths as field.js. */
const ROW = { width: 82, height: 6.8, gap: 0.8 };

export class WaitingPage {
  #words;
  #rows;
  #empty = element("p", { class: "nothing" }, icon("good"), element("span"));
  #list = element("ol", { class: "rows" });
  #heads;

  constructor({ words }) {
    this.#words = words;
    this.#rows = new Pool(this.#list, () => new Row());
    this.#heads = new Pool(element("div", { class: "heads", "aria-hidden": "true" }), () => ({ root: headOf(words) }));
    this.root = element("section", { class: "page waiting", "data-page": "waiting", "aria-label": words.label.waiting },
      this.#heads.parent, this.#list, this.#empty);
  }

  screens({ waiting }) {
    const { columns, rows } = this.#field();
    return Math.max(1, Math.ceil(Math.min(waiting.length, MOST) / (columns * rows)));
  }

  /** Who waits now is known whatever a window misses. */
  windows() {
    return [];
  }

  #field() {
    const { width, height } = roomOf(this.root.parentElement);
    const heads = Number.parseFloat(getComputedStyle(this.root).getPropertyValue("--heads"));
    const { columns, rows } = mostTiles({ width, height: height - heads - ROW.gap }, ROW);
    return { columns, rows: Math.min(rows, Math.ceil(MOST / columns)) };
  }

  update({ numbers, waiting, agents, shop, shops, targets }, { screen }) {
    setHidden(this.#empty, waiting.length > 0);
    const hasNumbers = Number.isFinite(numbers.waiting_customers);
    setIcon(this.#empty.firstChild, hasNumbers ? "good" : "none");
    setText(this.#empty.lastChild, hasNumbers ? this.#words.nobodyWaits : this.#words.noDataYet);
    const { columns, rows: height } = this.#field();
    this.root.style.setProperty("--columns", columns);
    this.root.style.setProperty("--rows", height);
    this.#heads.show(waiting.length === 0 ? 0 : columns);
    setData(this.root, "shops", shop !== null || shops.length < 2 ? "one" : "several");
    const first = screen * columns * height;
    const shown = waiting.slice(first, Math.min(first + columns * height, MOST));
    const rows = this.#rows.show(shown.length);
    shown.forEach((wait, i) => {
      const agent = agents.find((each) => each.agent === wait.agent && each.shop === wait.shop);
      const ofShop = shops.find((each) => each.shop === wait.shop);
      rows[i].update(wait, {
        agent: agentName(wait.agent, agent, this.#words),
        shop: shopName(wait.shop, ofShop, this.#words),
        state: stateOf(wait, targets),
      });
    });
  }
}

// Slow is near, over the target of the longest wait is bad.
function stateOf({ wait_seconds: seconds, slow }, targets) {
  const state = against(seconds, targets.oldest_wait_seconds);
  return state === "bad" ? "bad" : slow ? "near" : state === "none" ? "good" : state;
}

const headOf = ({ columns }) =>
  element("p", { class: "row" }, element("span"), ...["wait", "customer", "agent", "shop"].map((name) => element("span", { class: name }, columns[name])));

class Row {
  #icon = icon("good");
  #wait = element("span", { class: "wait" });
  #customer = element("bdi", { class: "name customer" });
  #agent = element("bdi", { class: "name agent" });
  #shop = element("bdi", { class: "name shop shop-name" });

  constructor() {
    this.root = element("li", { class: "row panel" }, this.#icon, this.#wait, this.#customer, this.#agent, this.#shop);
  }

  update(wait, { agent, shop, state }) {
    setData(this.root, "state", state);
    setIcon(this.#icon, state);
    setText(this.#wait, format.wait(wait.wait_seconds));
    setName(this.#customer, wait.customer);
    setName(this.#agent, agent);
    setShopName(this.#shop, shop);
  }
}
