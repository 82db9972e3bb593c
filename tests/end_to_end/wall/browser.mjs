// Debian's Chromium, driven over its debugging pipe, and what every test asks of a page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// What comes from npm lies in the build directory.
const npm = createRequire(join(process.env.WALL_MODULES, "package.json"));
const { chromium } = npm("playwright-core");
const axe = readFileSync(npm.resolve("axe-core/axe.min.js"), "utf8");

export const SIZES = {
  hd: { width: 1920, height: 1080 }, uhd: { width: 3840, height: 2160 }, upright: { width: 1080, height: 1920 },
  five_to_four: { width: 1280, height: 1024 }, four_to_three: { width: 1024, height: 768 }, small: { width: 640, height: 360 },
};

export const launch = () => chromium.launch({
  executablePath: process.env.WALL_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** A page that notes whatever should not happen: errors, refusals by the policy, another host. */
export async function openPage(browser, origin, { size = "hd", locale = "zh-CN", timezoneId = undefined } = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], locale, timezoneId });
  await context.addInitScript(observe);
  const page = await context.newPage();
  const complaints = [];
  // A server that is gone is what some tests are about, and what the browser prints about it.
  page.on("console", (message) => {
    if (message.type() === "error" && !/net::ERR_|status of (401|404|503)/.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("dialog", (dialog) => (complaints.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`asked another host: ${request.url()}`);
  });
  return { page, complaints, close: () => context.close() };
}

// Runs before the page's own scripts: how small a canvas is written on, what, and what of it is cut,
// where dashed lines are drawn, and when the page turned grey and live again.
function observe() {
  const seen = (window.seen = { smallestCanvasFont: Infinity, labels: new Set(), cutLabels: new Set(), dashed: new Set(), greyAt: NaN, liveAt: NaN });
  const { fillText, setLineDash } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    fillText.call(this, text, x, y);
    seen.labels.add(text);
    const { actualBoundingBoxLeft, actualBoundingBoxRight } = this.measureText(text);
    const { e: moved } = this.getTransform();
    if (x + moved < actualBoundingBoxLeft - 1 || x + moved + actualBoundingBoxRight > this.canvas.width + 1) seen.cutLabels.add(text);
  };
  CanvasRenderingContext2D.prototype.setLineDash = function (dashes) {
    setLineDash.call(this, dashes);
    if (dashes.length > 0) seen.dashed.add(this.canvas);
  };
  const font = Object.getOwnPropertyDescriptor(CanvasRenderingContext2D.prototype, "font");
  Object.defineProperty(CanvasRenderingContext2D.prototype, "font", {
    ...font,
    set(value) {
      font.set.call(this, value);
      seen.smallestCanvasFont = Math.min(seen.smallestCanvasFont, Number.parseFloat(/([\d.]+)px/.exec(value)?.[1] ?? "0"));
    },
  });
  addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  new MutationObserver((changes) => {
    const { trust } = document.documentElement.dataset;
    if (changes.some(({ oldValue }) => oldValue !== trust)) seen[trust === "grey" ? "greyAt" : "liveAt"] = Date.now();
  }).observe(document, { subtree: true, attributeFilter: ["data-trust"], attributeOldValue: true });
}

/** Waits until the page shows the snapshot taken at `at`, and is laid out. */
export async function showsSnapshot(page, { at }) {
  await page.waitForFunction((at) => document.documentElement.dataset.at === String(at), at, { timeout: 240_000, polling: 50 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** What is wrong with how the page lies: an empty list. */
export async function assertReadable(page, name) {
  assert.deepEqual(await page.evaluate(findUnreadable), [], name);
}

// In the page. Sizes are those of facts about eyes: 3.5 % of the screen's smaller side and more.
function findUnreadable() {
  const vmin = Math.min(innerWidth, innerHeight) / 100;
  const wrong = new Set();
  const say = (what, node, more = "") => wrong.add(`${what}: <${node.tagName.toLowerCase()} class="${node.getAttribute("class") ?? ""}" id="${node.id}"> ${node.textContent.slice(0, 30)} ${more}`);
  if (document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth) wrong.add("the page scrolls");

  const leaves = [];
  const pen = document.createElement("canvas").getContext("2d");
  const { smallestCanvasFont } = window.seen; // before this one is written with
  for (const node of document.querySelectorAll("body *")) {
    if (node.closest("svg") || !node.checkVisibility()) continue;
    const text = [...node.childNodes].find((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim() !== "");
    if (text === undefined) continue;
    const style = getComputedStyle(node);
    if (Number.parseFloat(style.fontSize) < 3.5 * vmin - 0.01) say("too small", node, `${Number.parseFloat(style.fontSize) / vmin} vmin`);
    // A short text is never cut, and a long one keeps enough to be known by.
    const isShortened = style.textOverflow === "ellipsis";
    if (node.scrollWidth > node.clientWidth + 1 && style.display !== "inline" && !isShortened) say("cut", node, `${node.scrollWidth} > ${node.clientWidth}`);
    const { clientWidth: left } = node.closest(".shop-name") ?? node;
    if (isShortened && node.scrollWidth > node.clientWidth + 1 && left < 3 * Number.parseFloat(style.fontSize)) say("shortened to nothing", node, `${left}`);

    const range = document.createRange();
    range.selectNodeContents(text);
    const drawn = range.getBoundingClientRect();
    const own = node.getBoundingClientRect();
    // The letters themselves, the tail of a comma too: a line's box has room above and below them.
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const ink = pen.measureText(text.textContent);
    const box = {
      left: isShortened ? Math.max(drawn.left, own.left) : drawn.left, right: isShortened ? Math.min(drawn.right, own.right) : drawn.right,
      top: drawn.top + ink.fontBoundingBoxAscent - ink.actualBoundingBoxAscent, bottom: drawn.bottom - ink.fontBoundingBoxDescent + ink.actualBoundingBoxDescent,
    };
    const frame = (node.closest(".panel") ?? node.closest("header") ?? document.body).getBoundingClientRect();
    for (const [outer, of] of [[frame, "its tile"], [{ left: 0, top: 0, right: innerWidth, bottom: innerHeight }, "the screen"]]) {
      if (box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1 || box.bottom > outer.bottom + 1)
        say(`out of ${of}`, node, JSON.stringify([box, outer]));
    }
    leaves.push({ node, box });
  }
  const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  leaves.forEach((a, i) => leaves.slice(i + 1).forEach((b) => overlap(a.box, b.box) && say("overlaps", a.node, b.node.textContent.slice(0, 30))));
  const panels = [...document.querySelectorAll(".panel")].filter((node) => node.checkVisibility());
  const boxes = panels.map((node) => node.getBoundingClientRect());
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => overlap(a, b) && say("tiles overlap", panels[i])));

  for (const node of document.querySelectorAll(".overview .number")) {
    const size = Number.parseFloat(getComputedStyle(node).fontSize) / vmin;
    if (node.checkVisibility() && !(size >= 12 && size <= 16)) say("no main figure", node, `${size} vmin`);
  }
  for (const node of document.querySelectorAll(".overview h2"))
    if (node.checkVisibility() && Number.parseFloat(getComputedStyle(node).fontSize) < 5 * vmin - 0.01) say("small label", node);
  window.seen.smallestCanvasFont = smallestCanvasFont;
  if (smallestCanvasFont < 3.5 * vmin - 0.01) wrong.add(`a chart is written in ${smallestCanvasFont / vmin} vmin`);
  for (const label of window.seen.cutLabels) wrong.add(`a chart's label is cut: ${label}`);
  return [...wrong];
}

/** axe-core finds nothing serious. */
export async function assertAccessible(page, name) {
  if (!(await page.evaluate(() => typeof window.axe === "object"))) await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join(" | ")}`));
  assert.deepEqual(found, [], name);
}
