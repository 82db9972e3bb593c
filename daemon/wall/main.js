// The page in the hall: follows the stream of snapshots, shows one screen at a time, and says at
// every moment how old what it shows is.
import { AgentsPage } from "./agents.js";
import { element, setData, setHidden, setIcon, setName, setText } from "./dom.js";
import * as format from "./format.js";
import { HourPage } from "./hour.js";
import { Live } from "./live.js";
import { shopName } from "./names.js";
import { readOptions } from "./options.js";
import { OverviewPage } from "./overview.js";
import { Rotation } from "./rotation.js";
import { ShopsPage } from "./shops.js";
import { ageSeconds, hasNumbers, trust, withoutNumbers } from "./trust.js";
import { WaitingPage } from "./waiting.js";
import { WORDS } from "./words.js";

const PAGE_OF = { overview: OverviewPage, agents: AgentsPage, waiting: WaitingPage, hour: HourPage, shops: ShopsPage };

/** How often the age is looked at, and the rotation. */
const TICK_MILLISECONDS = 250;

const now = () => performance.now() / 1000;

class Wall {
  #options = readOptions(location.search, navigator.languages);
  #words = WORDS[this.#options.lang];
  #root = document.documentElement;
  #pages;
  #rotation;
  #dots = new Map();
  #snapshot = null;
  #receivedAt = now();
  #refused = null;
  #shown = { page: null, screen: -1 };
  #build = null; // the ETag of the page when it was loaded
  #wasLost = false;

  constructor() {
    const { lang, theme, pages, everySeconds, shop } = this.#options;
    this.#root.lang = this.#words.tag;
    this.#root.dataset.theme = theme;
    document.title = this.#words.title;
    byId("status").setAttribute("aria-label", this.#words.label.status);
    this.#pages = Object.fromEntries(pages.map((name) => [name, new PAGE_OF[name]({ words: this.#words, lang, shop, pages })]));
    for (const page of Object.values(this.#pages)) {
      page.root.hidden = true;
      byId("main").append(page.root);
    }
    for (const name of pages) {
      const dot = element("i");
      this.#dots.set(name, dot);
      byId("dots").append(dot);
    }
    this.#rotation = new Rotation(pages, everySeconds, now());
  }

  start() {
    new Live({
      shop: this.#options.shop,
      onSnapshot: (snapshot) => this.#take(snapshot),
      onRefused: (reason) => (this.#refused = reason),
    }).start();
    setInterval(() => this.#tick(), TICK_MILLISECONDS);
    addEventListener("resize", () => this.#show());
    this.#tick();
    this.#askForBuild();
  }

  #take(snapshot) {
    const isBack = this.#snapshot !== null && this.#wasLost;
    this.#snapshot = hasNumbers(snapshot) ? snapshot : withoutNumbers(snapshot);
    this.#receivedAt = now();
    this.#wasLost = false;
    if (isBack) this.#askForBuild();
    this.#tick();
    this.#show();
  }

  #tick() {
    this.#turn();
    const silent = now() - this.#receivedAt;
    const shown = this.#snapshot === null ? [] : this.#pages[this.#shown.page].windows(this.#snapshot);
    const verdict = trust(this.#snapshot, silent, this.#refused, shown);
    this.#wasLost ||= verdict.reason === "lost";
    this.#sayStatus(verdict, silent);
  }

  #turn() {
    const snapshot = this.#snapshot;
    const screens = (name) => (snapshot === null ? 1 : this.#pages[name].screens(snapshot));
    const { page, screen, screens: count } = this.#rotation.at(now(), screens);
    if (page === this.#shown.page && screen === this.#shown.screen && count === this.#shown.count) return;
    const isNew = page !== this.#shown.page || screen !== this.#shown.screen;
    this.#shown = { page, screen, count };
    for (const [name, { root }] of Object.entries(this.#pages)) setHidden(root, name !== page);
    for (const [name, dot] of this.#dots) {
      setData(dot, "current", String(name === page));
      setHidden(dot, this.#dots.size < 2 || screens(name) === 0);
    }
    setData(this.#root, "page", page);
    setData(this.#root, "screen", String(screen));
    setData(this.#root, "screens", String(count));
    setText(byId("page"), this.#words.pages[page] + (count > 1 ? ` ${this.#words.screenOf(screen + 1, count)}` : ""));
    if (isNew) this.#pages[page].enter?.();
    this.#show();
  }

  #show() {
    const snapshot = this.#snapshot;
    if (snapshot === null) return;
    const { page, screen } = this.#shown;
    setName(byId("title"), this.#title(snapshot));
    this.#pages[page].update(snapshot, { screen, now: now() });
    setData(this.#root, "watermark", String(snapshot.watermark));
    setData(this.#root, "at", String(snapshot.at));
  }

  #title({ shop, shops }) {
    const only = shop ?? (shops.length === 1 ? shops[0] : null);
    return only === null ? this.#words.allShops : shopName(only.shop, only, this.#words);
  }

  #sayStatus({ grey, reason, windows }, silent) {
    const words = this.#words;
    setData(this.#root, "trust", grey ? "grey" : "live");
    setData(this.#root, "reason", reason);
    const about = reason === "unknown_shop" ? this.#options.shop : this.#windowNames(windows);
    const sentence = byId("reason");
    setText(sentence, words.reasons[reason](about));
    if (sentence.title !== sentence.textContent) sentence.title = sentence.textContent;
    setIcon(byId("status").firstElementChild, grey ? "bad" : reason === "live" ? "good" : "missing");
    const age = ageSeconds(this.#snapshot, silent);
    setText(byId("at"), age === null ? words.noDataYet : words.dataAt(this.#clock(this.#snapshot)));
    setText(byId("ago"), age === null ? "" : age < 100 ? words.secondsAgo(Math.floor(age)) : words.ago(format.wait(age)));
  }

  #clock({ watermark, zone }) {
    return `${format.clock(watermark, zone)} ${format.zoneName(watermark, zone)}`.trim();
  }

  #windowNames(windows) {
    return windows.map(this.#words.window).join(this.#words.comma);
  }

  // A daemon that came back may be another version, whose page is another one: then load that, once
  // for each version.
  async #askForBuild() {
    try {
      const answer = await fetch("/wall", { method: "HEAD", cache: "no-store" });
      const build = answer.ok ? answer.headers.get("ETag") : null;
      if (build === null) return;
      this.#build ??= build;
      if (build !== this.#build) location.reload();
    } catch {
      // Gone again; the stream will tell.
    }
  }
}

const byId = (id) => document.getElementById(id);

new Wall().start();
