// The customers who wait longest, twenty at most, in two columns of ten.
import { element, icon, Pool, setData, setHidden, setIcon, setName, setText } from "./dom.js";
import * as format from "./format.js";
import { against } from "./judge.js";
import { agentName, shopName } from "./names.js";

export class WaitingPage {
  #words;
  #rows;
  #empty = element("p", { class: "nothing" }, icon("good"), element("span"));
  #list = element("ol", { class: "rows" });
  #heads;

  constructor({ words }) {
    this.#words = words;
    this.#rows = new Pool(this.#list, () => new Row());
    this.#heads = element("div", { class: "heads", "aria-hidden": "true" }, headOf(words), headOf(words));
    this.root = element("section", { class: "page waiting", "data-page": "waiting", "aria-label": words.label.waiting },
      this.#heads, this.#list, this.#empty);
  }

  screens() {
    return 1;
  }

  /** Who waits now is known whatever a window misses. */
  windows() {
    return [];
  }

  update({ numbers, waiting, agents, shop, shops, targets }) {
    setHidden(this.#empty, waiting.length > 0);
    const hasNumbers = Number.isFinite(numbers.waiting_customers);
    setIcon(this.#empty.firstChild, hasNumbers ? "good" : "none");
    setText(this.#empty.lastChild, hasNumbers ? this.#words.nobodyWaits : this.#words.noDataYet);
    setHidden(this.#heads, waiting.length === 0);
    setData(this.root, "shops", shop !== null || shops.length < 2 ? "one" : "several");
    const rows = this.#rows.show(Math.min(waiting.length, 20));
    rows.forEach((row, i) => {
      const wait = waiting[i];
      if (wait === undefined) return;
      const agent = agents.find((each) => each.agent === wait.agent && each.shop === wait.shop);
      const ofShop = shops.find((each) => each.shop === wait.shop);
      row.update(wait, {
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
  #shop = element("bdi", { class: "name shop" });

  constructor() {
    this.root = element("li", { class: "row panel" }, this.#icon, this.#wait, this.#customer, this.#agent, this.#shop);
  }

  update(wait, { agent, shop, state }) {
    setData(this.root, "state", state);
    setIcon(this.#icon, state);
    setText(this.#wait, format.wait(wait.wait_seconds));
    setName(this.#customer, wait.customer);
    setName(this.#agent, agent);
    setName(this.#shop, shop);
  }
}
