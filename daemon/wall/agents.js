// The agents as a field of tiles, the most loaded first. Tiles grow smaller down to a limit that can
// be read from five metres; from there on the field has several screens, and a profile below it
// shows everybody's load at once, with the screen's own part marked.
import { element, icon, Pool, setData, setHidden, setIcon, setName, setShopName, setText } from "./dom.js";
import { largestField, mostTiles, roomOf } from "./field.js";
import * as format from "./format.js";
import { against, byLoad, loadOf, loadState } from "./judge.js";
import { agentName, isPerson, QUEUE, shopName } from "./names.js";

/** The smallest tile that can be read; with the shop as its third line where there are several. */
const TILE = { width: 33.5, height: 9.7, gap: 0.7 };
const TILE_WITH_SHOP = { ...TILE, height: 13.9 };

/** On a screen that stays, tiles change places no more often than this. */
const REORDER_SECONDS = 10;

export class AgentsPage {
  #words;
  #lang;
  #summary;
  #profile;
  #grid = element("div", { class: "grid" });
  #empty = element("p", { class: "nothing" });
  #tiles;
  #keys = []; // the agents of the screen, by shop and id, in their places
  #shownScreen = -1;
  #orderedAt = -Infinity;

  constructor({ words, lang }) {
    this.#words = words;
    this.#lang = lang;
    this.#summary = new Summary(words);
    this.#profile = new LoadProfile(words);
    this.#tiles = new Pool(this.#grid, () => new Tile(words));
    this.root = element("section", { class: "page agents", "data-page": "agents", "aria-label": words.label.agents },
      this.#summary.root, this.#grid, this.#profile.root, this.#empty);
    setText(this.#empty, words.noAgents);
  }

  screens(snapshot) {
    const all = people(snapshot).length;
    return all === 0 ? 0 : Math.ceil(all / this.#fieldFor(all, snapshot).tiles);
  }

  /** All that it shows is of the moment. */
  windows() {
    return [];
  }

  /** Called when the page comes onto the screen: the order is made anew. */
  enter() {
    this.#orderedAt = -Infinity;
  }

  update(snapshot, { screen, now }) {
    const agents = people(snapshot).sort(byLoad);
    const field = this.#fieldFor(agents.length, snapshot);
    setHidden(this.#empty, agents.length > 0);
    setData(this.root, "field", `${field.columns}x${field.rows}`);
    this.#grid.style.setProperty("--columns", field.columns);
    this.#grid.style.setProperty("--rows", field.rows);
    this.#grid.style.setProperty("--scale", field.scale.toFixed(3));

    const first = screen * field.tiles;
    const shown = this.#places(agents, agents.slice(first, first + field.tiles), screen, now);
    setData(this.root, "shops", hasSeveralShops(snapshot) ? "several" : "one");
    const tiles = this.#tiles.show(shown.length);
    shown.forEach((agent, i) => tiles[i].update(agent, snapshot));

    const queue = snapshot.agents.filter(({ agent }) => agent === QUEUE);
    this.#summary.update(snapshot, agents, queue, (value) => format.count(value, this.#lang));
    const isPaged = agents.length > field.tiles;
    setData(this.root, "paged", String(isPaged));
    setHidden(this.#profile.root, !isPaged);
    if (isPaged) this.#profile.update(agents, first, first + shown.length, snapshot.targets);
  }

  // On one screen if they fit there, else above the profile of all of them.
  #fieldFor(agents, snapshot) {
    const tile = hasSeveralShops(snapshot) ? TILE_WITH_SHOP : TILE;
    const style = getComputedStyle(this.root);
    const taken = (...names) => names.reduce((sum, name) => sum + Number.parseFloat(style.getPropertyValue(name)), 0);
    const { width, height } = roomOf(this.root.parentElement);
    const above = taken("--summary", "--gap-of-agents");
    const whole = mostTiles({ width, height: height - above }, tile);
    const fits = agents <= whole.columns * whole.rows;
    const most = fits ? whole : mostTiles({ width, height: height - above - taken("--profile", "--gap-of-agents") }, tile);
    const field = largestField(agents, most);
    return { ...field, scale: Math.max(1, Math.min(3, most.rows / field.rows, most.columns / field.columns)) };
  }

  // The same agents keep their places for some seconds, so that a tile can be read; who has left
  // the snapshot makes room at once.
  #places(agents, wanted, screen, now) {
    const isSame = screen === this.#shownScreen && now - this.#orderedAt < REORDER_SECONDS;
    if (isSame && this.#keys.length === wanted.length) {
      const byKey = new Map(agents.map((agent) => [keyOf(agent), agent]));
      const kept = this.#keys.map((key) => byKey.get(key));
      if (kept.every((agent) => agent !== undefined)) return kept;
    }
    this.#shownScreen = screen;
    this.#orderedAt = now;
    this.#keys = wanted.map(keyOf);
    return wanted;
  }
}

const people = (snapshot) => snapshot.agents.filter(isPerson);
const keyOf = ({ shop, agent }) => JSON.stringify([shop, agent]);

const hasSeveralShops = ({ shop, shops }) => shop === null && shops.length > 1;

class Tile {
  #words;
  #icon = icon("good");
  #name = element("bdi", { class: "name" });
  #load = element("span", { class: "load" });
  #busy = icon("busy");
  #of = element("span", { class: "of" });
  #wait = element("span", { class: "wait" }, icon("hourglass"), element("span"));
  #shop = element("bdi", { class: "name shop shop-name" });
  #bar = element("div", { class: "bar", "aria-hidden": "true" }, element("i"));

  constructor(words) {
    this.#words = words;
    this.root = element("article", { class: "tile panel" },
      element("div", { class: "line" }, this.#icon, this.#name, this.#load),
      this.#shop,
      element("div", { class: "line" }, this.#busy, this.#of, this.#wait),
      this.#bar,
    );
  }

  update(agent, { targets, shops }) {
    const load = loadOf(agent);
    const isAway = agent.status === "offline" && agent.open_conversations === 0;
    const state = isAway ? "offline" : loadState(load, targets);
    setData(this.root, "state", state);
    setData(this.root, "agent", agent.agent);
    setData(this.root, "shop", agent.shop);
    setIcon(this.#icon, state);
    setName(this.#name, agentName(agent.agent, agent, this.#words));
    setShopName(this.#shop, shopName(agent.shop, shops.find((row) => row.shop === agent.shop), this.#words));
    setText(this.#load, isAway ? this.#words.presence.offline
      : load === null ? format.count(agent.open_conversations) : load === Infinity ? "∞" : format.percent(load));
    // Once hidden, an SVG is not hidden by its property.
    this.#busy.toggleAttribute("hidden", agent.status !== "busy");
    const wait = agent.waiting_customers > 0
      ? `${agent.waiting_customers} · ${format.shortWait(agent.oldest_wait_seconds)}` : "0";
    setText(this.#wait.lastChild, wait);
    setText(this.#of, load === null ? (this.#words.presence[agent.status] ?? format.NO_DATA) : inHand(agent, wait));
    const waiting = agent.waiting_customers > 0 ? against(agent.oldest_wait_seconds, targets.oldest_wait_seconds) : "idle";
    setData(this.#wait, "state", waiting);
    setIcon(this.#wait.firstChild, waiting === "near" || waiting === "bad" ? waiting : "hourglass");
    // The mark of 100 % stands at two thirds of the bar; beyond it the bar is hatched.
    const drawn = Math.min(load ?? 0, 1.5) / 1.5;
    this.#bar.style.setProperty("--load", drawn.toFixed(3));
    setHidden(this.#bar, load === null);
  }
}

// Conversations of the capacity, "14/12"; only "140" where long numbers leave no room for both. The
// share above says the rest.
function inHand({ open_conversations: open, capacity, status }, wait) {
  const room = status === "busy" ? 6.2 : 7.3;
  const both = `${open}/${capacity}`;
  return widthOf(both) + widthOf(wait) <= room ? both : String(open);
}

// In ems, nearly: digits are all of one width, what stands between them is half as wide.
const widthOf = (text) => [...text].reduce((sum, character) => sum + (/\d/.test(character) ? 0.56 : 0.3), 0);

/** One line over the field: who is there, and how many are in trouble. */
class Summary {
  #items;

  constructor(words) {
    const item = (name, label, shape) => {
      const value = element("b");
      const root = element("li", { "data-item": name }, ...(shape ? [icon(shape)] : []), element("span", {}, label), value);
      return { root, value };
    };
    this.#items = {
      online: item("online", words.presence.online),
      busy: item("busy", words.presence.busy, "busy"),
      offline: item("offline", words.presence.offline, "offline"),
      overloaded: item("overloaded", words.overloaded, "bad"),
      near: item("near", words.nearFull, "near"),
      queue: item("queue", words.queue, "hourglass"),
    };
    this.root = element("ul", { class: "summary" }, ...Object.values(this.#items).map(({ root }) => root));
  }

  update({ numbers, targets }, agents, queue, count) {
    const states = agents.map((agent) => loadState(loadOf(agent), targets));
    const waiting = queue.reduce((sum, row) => sum + row.waiting_customers, 0);
    const longest = Math.max(0, ...queue.map((row) => row.oldest_wait_seconds));
    const presence = numbers.agents;
    const hasNumbers = Number.isFinite(numbers.waiting_customers);
    for (const status of ["online", "busy", "offline"]) {
      setHidden(this.#items[status].root, !presence);
      setText(this.#items[status].value, count(presence?.[status]));
    }
    for (const [item, state] of [["overloaded", "bad"], ["near", "near"]]) {
      const n = states.filter((each) => each === state).length;
      setText(this.#items[item].value, count(hasNumbers ? n : null));
      this.#items[item].root.toggleAttribute("data-none", n === 0);
    }
    setText(this.#items.queue.value, waiting > 0 ? `${count(waiting)} · ${format.wait(longest)}` : count(hasNumbers ? 0 : null));
  }
}

/** Everybody's load in one picture: a column for each agent, the most loaded at the left. */
class LoadProfile {
  #canvas = element("canvas", { "aria-hidden": "true" });
  #range = element("span", { class: "range" });
  #words;

  constructor(words) {
    this.#words = words;
    this.root = element("div", { class: "profile panel" },
      element("p", {}, element("span", {}, words.profile), this.#range), this.#canvas);
  }

  update(agents, first, last, targets) {
    setText(this.#range, this.#words.range(first + 1, last, agents.length));
    const canvas = this.#canvas;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * devicePixelRatio));
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const colours = { bad: colour("--bad"), near: colour("--near"), good: colour("--good"), none: colour("--text-2") };
    const loads = agents.map((agent) => loadOf(agent));
    const top = Math.max(1.25, Math.min(3, ...loads.filter(Number.isFinite).slice(0, 1)));
    const step = width / agents.length;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    // Below the columns, which of them are on this screen.
    const mark = Math.round(height / 8);
    const floor = height - Math.round(mark * 1.6);
    context.fillStyle = colour("--text-1");
    context.fillRect(first * step, height - mark, Math.max(mark, (last - first) * step), mark);
    loads.forEach((load, i) => {
      const drawn = Math.min(load ?? 0, top) / top * floor;
      context.fillStyle = colours[loadState(load, targets)];
      context.fillRect(i * step, floor - drawn, Math.max(1, step * 0.8), drawn);
    });
    const line = Math.max(1, Math.round(height / 40));
    context.fillStyle = colour("--text-1");
    context.fillRect(0, floor - floor / top - line / 2, width, line);
  }
}
