// The shops side by side: in their own order while they fit on one screen, else the one with the
// longest queue first, on several screens.
import { element, icon, Pool, setData, setHidden, setIcon, setShopName, setText } from "./dom.js";
import { flattestField, mostTiles, roomOf } from "./field.js";
import * as format from "./format.js";
import { against, worst } from "./judge.js";
import { shopName } from "./names.js";
import { misses } from "./trust.js";

/** The smallest card whose words and names can be read. */
const CARD = { width: 52, height: 27.5, gap: 1.4 };
/** From these heights on a card's text is larger. */
const SIZES = [["large", 60], ["medium", 40], ["small", 0]];

export class ShopsPage {
  #words;
  #lang;
  #grid = element("div", { class: "grid" });
  #empty = element("p", { class: "nothing" });
  #cards;
  #keys = "";
  #order = [];
  #isChosen;

  constructor({ words, lang, shop, pages }) {
    this.#words = words;
    this.#lang = lang;
    // Side by side is for several; where it is all that was asked for, one is shown as well.
    this.#isChosen = shop !== null;
    this.alone = pages.length === 1;
    this.#cards = new Pool(this.#grid, () => new ShopCard(words));
    setText(this.#empty, words.noShops);
    this.root = element("section", { class: "page shops", "data-page": "shops", "aria-label": words.label.shops }, this.#grid, this.#empty);
  }

  screens({ shops }) {
    if (!this.alone && (this.#isChosen || shops.length < 2)) return 0;
    return shops.length === 0 ? 0 : Math.ceil(shops.length / this.#fieldFor(shops.length).tiles);
  }

  windows({ focus }) {
    return [...new Set([focus, "today"])];
  }

  enter() {
    this.#keys = "";
  }

  #fieldFor(shops) {
    const room = roomOf(this.root.parentElement);
    const field = flattestField(Math.max(shops, 1), mostTiles(room, CARD));
    const [size] = SIZES.find(([, least]) => room.height / field.rows >= least);
    return { ...field, size };
  }

  update(snapshot, { screen }) {
    const { shops, targets, focus } = snapshot;
    const field = this.#fieldFor(shops.length);
    setHidden(this.#empty, shops.length > 0);
    this.#grid.style.setProperty("--columns", field.columns);
    this.#grid.style.setProperty("--rows", field.rows);
    setData(this.root, "field", `${field.columns}x${field.rows}`);
    setData(this.root, "size", field.size);
    const keys = `${screen} ${shops.length}`;
    if (keys !== this.#keys) {
      this.#keys = keys;
      this.#order = shops.map((_, i) => i);
      if (shops.length > field.tiles) {
        this.#order.sort((a, b) => shops[b].waiting_customers - shops[a].waiting_customers
          || shops[b].oldest_wait_seconds - shops[a].oldest_wait_seconds || a - b);
      }
    }
    const shown = this.#order.slice(screen * field.tiles, (screen + 1) * field.tiles).map((i) => shops[i]);
    const cards = this.#cards.show(shown.length);
    const count = (value) => format.count(value, this.#lang);
    const missing = { focus: misses(snapshot, focus), today: misses(snapshot, "today") };
    shown.forEach((shop, i) => cards[i].update(shop, { targets, count, missing }));
  }
}

const ROWS = ["slow", "response", "unanswered", "conversations"];

class ShopCard {
  #words;
  #name = element("bdi", { class: "name shop-name" });
  #state = element("span", { class: "state" }, icon("none"), element("span"));
  #waiting = element("span", { class: "number" });
  #longest = element("span", { class: "longest" }, icon("hourglass"), element("span"));
  #rows;

  constructor(words) {
    this.#words = words;
    this.#rows = Object.fromEntries(ROWS.map((name) => {
      const value = element("b");
      const note = element("span", { class: "note" });
      const root = element("p", { class: "pair", "data-row": name }, icon("none"), element("span", {}, words.shopRows[name]), value, note);
      return [name, { root, icon: root.firstChild, value, note }];
    }));
    this.root = element("article", { class: "shop-card panel" },
      element("div", { class: "head" }, element("h2", {}, this.#name), this.#state),
      element("p", { class: "lead" }, this.#waiting, element("span", { class: "unit" }, words.shopRows.waiting), this.#longest),
      element("div", { class: "pairs" }, ...ROWS.map((name) => this.#rows[name].root)),
    );
  }

  /** `missing`: whether the numbers of `focus` and of `today` miss events. */
  update(shop, { targets, count, missing }) {
    const waiting = worst(against(shop.waiting_customers, targets.waiting_customers), against(shop.oldest_wait_seconds, targets.oldest_wait_seconds));
    const mean = format.quotient(shop.response_time_sum_seconds, shop.answered_turns);
    const slow = format.quotient(shop.slow_customers, shop.consulting_customers);
    const unanswered = format.quotient(shop.unanswered_customers_today, shop.received_customers_today);
    const load = format.quotient(shop.capacity_used, shop.capacity);
    const states = {
      slow: missing.focus ? "missing" : against(slow, targets.slow_share),
      response: missing.focus ? "missing"
        : worst(against(mean, targets.response_time_mean_seconds), against(shop.response_time_p90_seconds ?? NaN, targets.response_time_p90_seconds)),
      unanswered: missing.today ? "missing" : against(unanswered, targets.unanswered_share),
      conversations: against(load, targets.load),
    };
    const judged = worst(waiting, ...Object.values(states).filter((state) => state !== "missing"));
    const whole = judged === "none" && missing.focus ? "missing" : judged;
    // What has targets and is held against none of them lacks data.
    const lacksData = whole === "none" && (!Number.isFinite(shop.waiting_customers) || Object.keys(targets).length > 0);
    setData(this.root, "shop", shop.shop);
    setData(this.root, "state", whole);
    setIcon(this.#state.firstChild, whole);
    setText(this.#state.lastChild, this.#words.states[lacksData ? "nodata" : whole]);
    setShopName(this.#name, shopName(shop.shop, shop, this.#words));
    setText(this.#waiting, count(shop.waiting_customers));
    setText(this.#longest.lastChild, format.wait(shop.oldest_wait_seconds));
    const unit = format.hasSecondsUnit(mean) ? ` ${this.#words.second}` : "";
    this.#pair("slow", states.slow, count(shop.slow_customers), format.percent(slow));
    this.#pair("response", states.response, `${format.seconds(mean)}${unit}`, `${this.#words.shopRows.p90} ${format.wholeSeconds(shop.response_time_p90_seconds)}`);
    this.#pair("unanswered", states.unanswered, count(shop.unanswered_customers_today), format.percent(unanswered));
    this.#pair("conversations", states.conversations, count(shop.open_conversations), load === null ? "" : format.percent(load));
  }

  #pair(name, state, value, note) {
    const row = this.#rows[name];
    setData(row.root, "state", state);
    setIcon(row.icon, state);
    setText(row.value, value);
    setText(row.note, note);
  }
}
