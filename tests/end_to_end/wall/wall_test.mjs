// The page in a real browser, fed with snapshots that are made up: every size, both languages, both
// themes, few and many, and what goes wrong.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { join } from "node:path";
import { assertAccessible, assertReadable, launch, openPage, showsSnapshot, SIZES } from "./browser.mjs";
import { snapshotOf } from "./generated_snapshot.mjs";
import { WallServer } from "./wall_server.mjs";

const screenshots = process.env.WALL_SCREENSHOTS || process.env.WALL_SCREENSHOTS_DEFAULT;
mkdirSync(screenshots, { recursive: true });

let browser;
let server;
let repeating;
before(async () => {
  browser = await launch();
  server = new WallServer({ page: process.env.WALL_PAGE, uplot: process.env.WALL_UPLOT });
  await server.start();
  // As the daemon does: the newest one each second.
  repeating = setInterval(() => server.snapshot !== null && server.publish(server.snapshot), 1000);
});
after(async () => {
  clearInterval(repeating);
  await browser?.close();
  await server?.stop();
});
beforeEach(() => (server.snapshot = null));

async function open(query, snapshot, options) {
  server.snapshot = snapshot;
  const opened = await openPage(browser, server.address, options);
  await opened.page.goto(`${server.address}/wall?${query}`);
  if (snapshot !== null) await showsSnapshot(opened.page, snapshot);
  return opened;
}

/** Labels, masks and the queue are whole, and of a name there is enough to tell it from its neighbours. */
async function assertKnown(page, name) {
  const cut = await page.evaluate(() => {
    const isCut = (node) => node.checkVisibility() && node.scrollWidth > node.clientWidth + 1;
    const labels = document.querySelectorAll(".pair > span:nth-child(2), .shop-card .unit, .row .customer, .tile .of");
    const names = [...document.querySelectorAll(".shop-card .start, .tile .start, .row .start, .row .agent")];
    return [...[...labels].filter(isCut),
      ...names.filter((node) => isCut(node) && (node.closest(".shop-name") ?? node).clientWidth < (node.matches(".agent") ? 3.5 : 6) * Number.parseFloat(getComputedStyle(node).fontSize))]
      .map((node) => `${node.className}: ${node.textContent} in ${node.clientWidth}`);
  });
  assert.deepEqual(cut, [], name);
}

const text = (page, selector) => page.locator(selector).first().textContent();
const trustOf = (page) => page.evaluate(() => document.documentElement.dataset.trust);
const untilTrust = (page, trust) => page.waitForFunction((trust) => document.documentElement.dataset.trust === trust, trust, { timeout: 240_000, polling: 50 });

const CASES = {
  "overview-1-shop": ["page=overview", { agents: 40, shops: 1 }],
  "overview-100-shops": ["page=overview", { agents: 2000, shops: 100, pressure: 1.2 }],
  "agents-1": ["page=agents", { agents: 1 }],
  "agents-40": ["page=agents", { agents: 40 }],
  "agents-500": ["page=agents", { agents: 500, shops: 3 }],
  "agents-2000": ["page=agents", { agents: 2000, shops: 100, pressure: 1.4 }],
  "waiting-1-shop": ["page=waiting", { agents: 40 }],
  "waiting-100-shops": ["page=waiting", { agents: 500, shops: 100, pressure: 1.3 }],
  "hour": ["page=hour", { agents: 40 }],
  "shops-1": ["page=shops", { agents: 40, shops: 1 }],
  "shops-3": ["page=shops", { agents: 90, shops: 3 }],
  "shops-8": ["page=shops", { agents: 90, shops: 8 }],
  // Longer numbers than a promotion makes.
  "overview-huge": ["page=overview", { agents: 40, shops: 3, times: 100 }],
  "agents-huge": ["page=agents", { agents: 500, shops: 3, times: 10 }],
  "waiting-huge": ["page=waiting", { agents: 40, shops: 3, times: 100 }],
  "hour-huge": ["page=hour", { agents: 40, times: 100 }],
  "shops-huge": ["page=shops", { agents: 90, shops: 12, times: 30 }],
  "shops-100": ["page=shops", { agents: 900, shops: 100, pressure: 1.2 }],
};
// Each size with each language, each with each theme. All sizes are parts of the screen's smaller side,
// so that the large screen is to show the same picture: there, what the first screen is judged by.
const LOOKS = [["hd", "zh", "dark"], ["hd", "en", "light"], ["uhd", "zh", "light"], ["uhd", "en", "dark"],
  ["upright", "zh", "light"], ["upright", "en", "dark"], ["five_to_four", "zh", "dark"], ["five_to_four", "en", "light"],
  ["four_to_three", "zh", "light"], ["four_to_three", "en", "dark"]];
const ON_THE_LARGE_SCREEN = ["overview-1-shop", "overview-100-shops", "agents-1", "agents-40", "agents-500", "shops-1", "shops-100"];
const ON_OTHER_SHAPES = ["overview-1-shop", "overview-huge", "agents-1", "agents-40", "agents-2000", "agents-huge", "waiting-1-shop",
  "waiting-100-shops", "hour", "hour-huge", "shops-1", "shops-8", "shops-100", "shops-huge"];
const CASES_ON = { hd: Object.keys(CASES), uhd: ON_THE_LARGE_SCREEN, upright: ON_OTHER_SHAPES, five_to_four: ON_OTHER_SHAPES, four_to_three: ON_OTHER_SHAPES };

for (const [size, lang, theme] of LOOKS) {
  test(`everything is readable in ${size}, ${lang}, ${theme}`, async (t) => {
    const { page, complaints, close } = await open(`page=overview&lang=${lang}&theme=${theme}`, snapshotOf(), { size });
    for (const name of CASES_ON[size]) {
      const [query, options] = CASES[name];
      await t.test(name, async () => {
        server.snapshot = snapshotOf(options);
        await page.goto(`${server.address}/wall?${query}&lang=${lang}&theme=${theme}`);
        await showsSnapshot(page, server.snapshot);
        await page.screenshot({ path: join(screenshots, `${name}-${size}-${lang}-${theme}.png`) });
        await assertReadable(page, name);
        await assertKnown(page, name);
        if (size === "hd" && !name.endsWith("-huge")) await assertAccessible(page, name);
        assert.deepEqual(complaints, []);
      });
    }
    await close();
  });
}

test("grey pages are readable too", async () => {
  for (const theme of ["dark", "light"]) {
    for (const query of ["page=overview", "page=agents", "page=shops"]) {
      const snapshot = snapshotOf({ agents: 90, shops: 3, state: "disconnected" });
      const { page, close } = await open(`${query}&theme=${theme}&lang=en`, snapshot);
      await untilTrust(page, "grey");
      await page.screenshot({ path: join(screenshots, `grey-${query.slice(5)}-${theme}.png`) });
      await assertReadable(page, `${query} ${theme}`);
      await assertAccessible(page, `${query} ${theme}`);
      await close();
    }
  }
});

test("the overview shows the numbers of the snapshot, held against their targets", async () => {
  const snapshot = snapshotOf({ agents: 40, pressure: 1 });
  Object.assign(snapshot.numbers, { waiting_customers: 1234, oldest_wait_seconds: 184.9, open_conversations: 330, capacity: 300, capacity_used: 311 });
  Object.assign(snapshot.numbers.windows["5m"], { slow_customers: 29, consulting_customers: 402, answered_turns: 377,
    response_time_sum_seconds: 7411.25, response_time_seconds: { 0.5: 11, 0.9: 48, 0.99: 160 } });
  Object.assign(snapshot.numbers.windows.today, { unanswered_customers: 51, received_customers: 1200 });
  snapshot.numbers.windows["1m"].messages = { customer: 120, human: 90, assist: 8, bot: 50, auto: 5, system: 1, note: 1 };
  const { page, close } = await open("page=overview&lang=en", snapshot);
  const card = async (name) => {
    const at = `[data-figure="${name}"]`;
    return [await text(page, `${at} .number`), await text(page, `${at} .detail`), await text(page, `${at} .target`),
      await page.locator(at).getAttribute("data-state"), await text(page, `${at} .state span`)];
  };
  assert.deepEqual(await card("waiting"), ["1,234", "Longest 3:04", "Target ≤ 3:00", "bad", "Over"]);
  assert.deepEqual(await card("slow"), ["29", "7.2% in 5 min", "Target ≤ 10%", "good", "OK"]);
  assert.deepEqual(await card("response"), ["19.7", "Mean of 5 min · P90 48 s", "Target ≤ 30 s · P90 ≤ 90 s", "good", "OK"]);
  assert.deepEqual(await card("unanswered"), ["51", "4.3% today", "Target ≤ 5%", "near", "Near"]);
  assert.deepEqual(await card("conversations"), ["330", "Load 104% · 311 of 300", "Target ≤ 100%", "bad", "Over"]);
  assert.deepEqual((await card("messages")).slice(0, 3), ["275", "Customers 120 · staff 98", "Bots and automatic 55"]);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.watermark), String(snapshot.watermark));

  // The target of waiting customers is each shop's.
  const several = snapshotOf({ agents: 40, shops: 5, targets: { waiting_customers: 20, oldest_wait_seconds: 180 } });
  Object.assign(several.numbers, { waiting_customers: 79, oldest_wait_seconds: 30 });
  several.at += 500;
  server.publish(several);
  await showsSnapshot(page, several);
  assert.deepEqual(await card("waiting"), ["79", "Longest 0:30", "Target ≤ 100 · 3:00", "good", "OK"]);

  // Nothing to divide by is no data, not 0 %.
  const empty = snapshotOf({ agents: 1, targets: {} });
  Object.assign(empty.numbers.windows["5m"], { answered_turns: 0, response_time_sum_seconds: 0, response_time_seconds: undefined, consulting_customers: 0, slow_customers: 0 });
  empty.at += 1000;
  server.publish(empty);
  await showsSnapshot(page, empty);
  assert.deepEqual(await card("response"), ["–", "Mean of 5 min · P90 –", "No target", "none", "No data"]);
  assert.deepEqual((await card("slow")).slice(0, 2), ["0", "– in 5 min"]);
  assert.equal(await page.locator('[data-figure="slow"] .state').isVisible(), false, "that there is no target is said once");

  // A part of nothing is not held against its target, and that is not for want of a target.
  const idle = snapshotOf({ agents: 1 });
  Object.assign(idle.numbers.windows["5m"], { consulting_customers: 0, slow_customers: 0 });
  idle.at += 2000;
  server.publish(idle);
  await showsSnapshot(page, idle);
  assert.deepEqual(await card("slow"), ["0", "– in 5 min", "Target ≤ 10%", "none", "No data"]);
  await close();
});

test("a load says of what it is, and who is not in it", async () => {
  const snapshot = snapshotOf({ agents: 40 });
  Object.assign(snapshot.numbers, { open_conversations: 12185, capacity: 696, capacity_used: 1120 });
  const [robot, offline, ...others] = snapshot.agents.filter(({ agent }) => agent !== "unassigned");
  for (const row of others.slice(0, 12)) delete row.capacity;
  for (const row of others) row.status = "online";
  Object.assign(robot, { bot: true, status: undefined, capacity: undefined, open_conversations: 10_000 });
  Object.assign(offline, { status: "offline", capacity: undefined });
  const { page, complaints, close } = await open("page=overview&lang=en", snapshot);
  const shown = await page.locator('[data-figure="conversations"] > p').allTextContents();
  assert.deepEqual(shown, ["12,185", "Load 161% · 1,120 of 696", "12 agents of unknown capacity", "Target ≤ 100%"]);
  await assertReadable(page, "a load with agents of unknown capacity");
  for (const size of ["five_to_four", "upright"]) {
    await page.setViewportSize(SIZES[size]);
    await page.screenshot({ path: join(screenshots, `load-${size}.png`) });
    await assertReadable(page, `a load with agents of unknown capacity on ${size}`);
  }

  // A robot is no agent that could be full. Its conversations have no line of their capacity either.
  await page.setViewportSize(SIZES.hd);
  await page.goto(`${server.address}/wall?page=agents&lang=en`);
  await showsSnapshot(page, snapshot);
  assert.equal(await page.locator(".tile:visible").count(), 39);
  assert.equal(await page.locator(`.tile[data-agent="${robot.agent}"]`).count(), 0);
  await page.goto(`${server.address}/wall?page=hour&lang=en`);
  await showsSnapshot(page, snapshot);
  const withTarget = await page.evaluate(() => [...document.querySelectorAll(".hour .chart")]
    .filter((chart) => [...window.seen.dashed].some((canvas) => chart.contains(canvas))).map((chart) => chart.querySelector("figcaption span").textContent));
  assert.deepEqual(withTarget, ["Mean response (s)", "Longest wait"]);
  assert.deepEqual(complaints, []);
  await close();
});

test("times of day are the shops', and their zone is named on a screen of another", async () => {
  const snapshot = { ...snapshotOf({ at: Date.UTC(2026, 10, 11, 12, 30, 5) }), zone: "Asia/Shanghai" };
  snapshot.watermark = snapshot.at;
  for (const [timezoneId, shown] of [["America/New_York", "Data 20:30:05 GMT+8"], ["Asia/Shanghai", "Data 20:30:05"]]) {
    const { page, close } = await open("page=overview&lang=en", snapshot, { timezoneId });
    assert.equal(await text(page, "#at"), shown);
    assert.deepEqual(await page.evaluate(() => [...window.seen.labels].filter((label) => /^\d\d:\d\d$/.test(label)).slice(0, 3)), ["19:40", "20:00", "20:20"]);
    await close();
  }
});

test("a chart's number is its tile's, whatever the newest point says", async () => {
  const snapshot = snapshotOf({ agents: 40 });
  for (const line of ["waiting_customers", "slow_customers", "response_time_mean_seconds", "oldest_wait_seconds", "open_conversations", "messages_per_minute"])
    snapshot.history[line][120] = 763;
  const { page, close } = await open("page=overview&lang=en", snapshot);
  const number = (figure) => text(page, `[data-figure="${figure}"] .number`);
  const numbers = [await number("waiting"), await number("slow"), await number("response")];
  assert.deepEqual(await page.locator(".overview .chart .value").allTextContents(), numbers);
  const all = [...numbers, (await text(page, '[data-figure="waiting"] .detail')).replace("Longest ", ""), await number("conversations"), await number("messages")];
  await page.goto(`${server.address}/wall?page=hour&lang=en`);
  await showsSnapshot(page, snapshot);
  assert.deepEqual(await page.locator(".hour .chart .value").allTextContents(), all);
  await close();
});

test("agents stand in the order of their load, which may exceed 100 %", async () => {
  const snapshot = snapshotOf({ agents: 500, shops: 3 });
  Object.assign(snapshot.agents[7], { open_conversations: 41, capacity: 12, waiting_customers: 5, oldest_wait_seconds: 754, name: "小美", status: "online" });
  const { page, close } = await open("page=agents&lang=zh&every=2", snapshot);
  const first = page.locator(".tile").first();
  assert.equal(await first.locator(".line .name").textContent(), "小美");
  assert.equal(await first.locator(".load").textContent(), "342%");
  assert.equal(await first.locator(".of").textContent(), "41/12");
  assert.equal(await first.locator(".wait").textContent(), "5 · 12:34");
  assert.equal(await first.getAttribute("data-state"), "bad");
  const loads = (await page.locator(".tile .load").allTextContents()).map((load) => Number.parseFloat(load));
  assert.equal(loads.length, 25);
  assert.deepEqual(loads, [...loads].sort((a, b) => b - a));
  assert.equal(await page.evaluate(() => document.documentElement.dataset.screens), "20");
  assert.match(await text(page, "#page"), /1\/20/);
  // Names repeat from shop to shop.
  const shops = await page.locator(".tile .shop:visible").allTextContents();
  assert.deepEqual([shops.length, shops[0]], [25, snapshot.shops.find(({ shop }) => shop === snapshot.agents[7].shop).name]);

  await page.waitForFunction(() => document.documentElement.dataset.screen === "1", null, { timeout: 240_000 });
  assert.match(await text(page, "#page"), /2\/20/);
  assert.match(await text(page, ".profile .range"), /26–50/);
  const next = (await page.locator(".tile .load").allTextContents()).map((load) => Number.parseFloat(load));
  assert.ok(Math.max(...next) <= Math.min(...loads));
  await close();
});

test("the customers who wait longest and the shops show the snapshot", async () => {
  const snapshot = snapshotOf({ agents: 60, shops: 2, pressure: 1.3 });
  snapshot.waiting[0].agent = "unassigned";
  Object.assign(snapshot.waiting[1], { agent: "_other", shop: "_other" });
  const { page, close } = await open("page=waiting,shops&lang=zh&every=2", snapshot);
  const row = page.locator(".waiting .rows .row").first();
  assert.equal(await row.locator(".customer").textContent(), snapshot.waiting[0].customer);
  assert.equal(await row.locator(".agent").textContent(), "排队中");
  for (const node of [row.locator(".agent"), row.locator(".customer")])
    assert.ok(await node.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth + 1));
  const others = page.locator(".waiting .rows .row").nth(1);
  assert.equal(await others.locator(".agent").textContent(), "其他客服");
  assert.equal(await others.locator(".shop").textContent(), "其他店铺");
  assert.equal(await page.locator(".waiting .rows .row:visible").count(), 20);

  await page.waitForFunction(() => document.documentElement.dataset.page === "shops", null, { timeout: 240_000 });
  for (const shop of snapshot.shops) {
    const card = page.locator(`.shop-card[data-shop="${shop.shop}"]`);
    assert.equal(await card.locator(".name").textContent(), shop.name);
    assert.equal(await card.locator(".number").textContent(), String(shop.waiting_customers));
    assert.equal(await card.locator('[data-row="slow"] b').textContent(), String(shop.slow_customers));
    assert.equal(await card.locator('[data-row="unanswered"] b').textContent(), String(shop.unanswered_customers_today));
  }
  await close();
});

test("shops whose names begin alike are told apart by their ends", async () => {
  const nameOf = (kind, i) => kind === "shop" ? `小米官方旗舰店${i < 2 ? `华东${"一二"[i]}区` : `第${i}分店`}` : "小美";
  for (const size of Object.keys(SIZES).filter((size) => size !== "small")) {
    for (const [name, each] of [["shops", ".shop-card"], ["agents", ".tile"], ["waiting", ".rows .row"]]) {
      const { page, close } = await open(`page=${name}&lang=en`, snapshotOf({ agents: 60, shops: 12, pressure: 1.2, nameOf }), { size });
      const names = await page.locator(`${each}:visible`).evaluateAll((nodes) => nodes.map((node) => {
        const shop = node.querySelector(".shop") ?? node.querySelector(".name");
        const end = shop.querySelector(".end") ?? shop;
        return { whole: shop.textContent, end: end.textContent, isCut: end.scrollWidth > end.clientWidth + 1 };
      }));
      assert.ok(names.length > 4);
      for (const { whole, end, isCut } of names) assert.ok(!isCut && whole.endsWith(end), `${name} in ${size}: ${whole}`);
      await assertReadable(page, `${name} in ${size}`);
      await close();
    }
  }
});

test("the language is the browser's, and Chinese where it speaks neither", async () => {
  for (const [locale, lang, word] of [["en-GB", "en", "Waiting"], ["fr-FR", "zh-CN", "等待中"]]) {
    const { page, close } = await open("page=overview", snapshotOf(), { locale });
    assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
    assert.equal(await text(page, '[data-figure="waiting"] h2'), word);
    await close();
  }
});

test("a daemon that dies turns the page grey within three seconds, and it recovers by itself", async () => {
  const { page, complaints, close } = await open("page=overview&lang=zh", snapshotOf());
  await untilTrust(page, "live");
  const number = await text(page, '[data-figure="waiting"] .number');
  let greyAfter;
  // A machine that stood still itself meanwhile says nothing about the page: then once more.
  for (let attempt = 0; attempt < 3; ++attempt) {
    const stoppedAt = Date.now();
    await server.stop();
    await untilTrust(page, "grey");
    greyAfter = (await page.evaluate(() => window.seen.greyAt)) - stoppedAt;
    assert.match(await text(page, "#reason"), /失去联系/);
    assert.equal(await text(page, '[data-figure="waiting"] .number'), number);
    assert.match(await text(page, "#ago"), /秒前/);
    await server.start();
    await untilTrust(page, "live");
    if (greyAfter <= 3000) break;
  }
  assert.ok(greyAfter <= 3000, `grey ${greyAfter} ms after the end`);
  assert.equal(await text(page, "#reason"), "实时");
  assert.deepEqual(complaints, []);
  await close();
});

test("a feed that stands still turns the page grey, a window that misses events its own numbers", async () => {
  const { page, complaints, close } = await open("page=overview&lang=zh", snapshotOf());
  await untilTrust(page, "live");
  let at = server.snapshot.at;
  const say = async (options) => {
    at += 1000;
    server.publish(snapshotOf({ ...options, at }));
    await showsSnapshot(page, { at });
    return [await trustOf(page), await text(page, "#reason")];
  };
  assert.deepEqual(await say({ state: "disconnected" }), ["grey", "消息流已断开，数字停住"]);
  assert.deepEqual(await say({ state: "silent" }), ["grey", "消息流没有动静，数字停住"]);
  assert.deepEqual(await say({ state: "catching_up" }), ["grey", "追赶中：正在补读积压的消息"]);
  const marked = () => page.locator('.card[data-state="missing"]').evaluateAll((cards) => cards.map((card) => card.dataset.figure));
  assert.deepEqual(await say({ incomplete: ["1m", "5m", "15m", "30m", "1h", "today"] }), ["live", "实时 · 数据不全：1 分钟、5 分钟、今日"]);
  assert.deepEqual(await marked(), ["slow", "response", "unanswered", "messages"]);
  assert.equal(await text(page, '[data-figure="slow"] .state span'), "数据不全");
  const colours = await page.locator('[data-figure="slow"] :is(.figure, .detail)').evaluateAll((lines) => lines.map((line) => getComputedStyle(line).color));
  assert.equal(new Set(colours).size, 1, "the number is grey, and so is what explains it");
  assert.deepEqual(await page.locator(".overview .chart .value").evaluateAll((values) => values.map((value) => value.dataset.missing)), ["false", "true", "true"]);
  await page.screenshot({ path: join(screenshots, "missing-overview.png") });
  await assertReadable(page, "a gap on the overview");
  await assertAccessible(page, "a gap on the overview");
  // Five minutes are whole again; the hour is on no tile.
  assert.deepEqual(await say({ incomplete: ["15m", "30m", "1h"] }), ["live", "实时"]);
  assert.deepEqual(await marked(), []);
  assert.deepEqual(await say({ incomplete: ["15m", "30m", "1h", "today"] }), ["live", "实时 · 数据不全：今日"]);
  assert.deepEqual(await marked(), ["unanswered"]);
  assert.deepEqual(await say({}), ["live", "实时"]);
  assert.deepEqual(complaints, []);
  await close();
});

test("a gap marks its own rows of the shops, and nothing where all is of the moment", async () => {
  const incomplete = ["5m", "15m", "30m", "1h", "today"];
  const { page, complaints, close } = await open("page=shops&lang=en", snapshotOf({ shops: 3, incomplete }));
  const card = page.locator(".shop-card").first();
  const states = await card.locator(".pair").evaluateAll((rows) => rows.map((row) => [row.dataset.row, row.dataset.state === "missing"]));
  assert.deepEqual(states, [["slow", true], ["response", true], ["unanswered", true], ["conversations", false]]);
  assert.equal(await text(page, "#reason"), "Live · gap in 5 min, today");
  for (const name of ["agents", "waiting"]) {
    await page.goto(`${server.address}/wall?page=${name}&lang=en`);
    await showsSnapshot(page, server.snapshot);
    assert.deepEqual([await trustOf(page), await text(page, "#reason")], ["live", "Live"]);
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("a feed that was never reached is disconnected, and has dashes for numbers", async () => {
  const snapshot = snapshotOf({ agents: 0, shops: 3, state: "starting", incomplete: ["1m", "5m", "15m", "30m", "1h", "today"] });
  Object.assign(snapshot, { watermark: 0, agents: [], waiting: [] });
  Object.assign(snapshot.status, { connected: false });
  Object.assign(snapshot.numbers, { waiting_customers: 0, oldest_wait_seconds: 0, open_conversations: 0 });
  const { page, complaints, close } = await open("page=overview&lang=en", snapshot);
  const look = async (name) => {
    await page.goto(`${server.address}/wall?page=${name}&lang=en`);
    await showsSnapshot(page, snapshot);
    assert.deepEqual([await trustOf(page), await text(page, "#reason")], ["grey", "Feed disconnected, no data yet"]);
    await page.screenshot({ path: join(screenshots, `never-connected-${name}.png`) });
    await assertReadable(page, `${name}, never connected`);
    return page.locator(".page:visible").evaluate((root) => root.innerText);
  };
  await look("overview");
  assert.deepEqual(await page.locator(".card .number").allTextContents(), Array(6).fill("–"));
  assert.deepEqual(await page.locator(".card .state:visible span").allTextContents(), Array(6).fill("No data"));
  await look("shops");
  assert.deepEqual(await page.locator(".shop-card .number").allTextContents(), Array(3).fill("–"));
  assert.deepEqual(await page.locator(".shop-card .state span").allTextContents(), Array(3).fill("No data"));
  for (const name of ["agents", "waiting", "hour"]) assert.doesNotMatch(await look(name), /\b0\b|Nobody is waiting/, name);
  assert.deepEqual(complaints, []);
  await close();
});

test("a refusal is said in words, and the page comes back when it ends", async () => {
  const { page, close } = await open("page=overview&lang=en&shop=nowhere", snapshotOf());
  for (const [status, words] of [[404, "No such shop: nowhere"], [401, "Sign-in needed"], [503, "gives no data"]]) {
    server.refuseWith(status);
    await page.waitForFunction((words) => document.getElementById("reason").textContent.includes(words), words, { timeout: 240_000, polling: 50 });
    assert.equal(await trustOf(page), "grey");
    server.refuseWith(null);
    await untilTrust(page, "live");
  }
  await close();
});

test("another version of the daemon brings its own page, once", async () => {
  const { page, complaints, close } = await open("page=overview", snapshotOf());
  let loads = 0;
  page.on("load", () => ++loads);
  await untilTrust(page, "live");
  const restart = async () => {
    await server.stop();
    await untilTrust(page, "grey");
    await server.start();
  };
  await restart();
  await untilTrust(page, "live");
  assert.equal(loads, 0);

  server.version = 2;
  const loaded = page.waitForEvent("load", { timeout: 240_000 });
  await restart();
  await loaded;
  await untilTrust(page, "live");
  await restart();
  await untilTrust(page, "live");
  assert.equal(loads, 1);
  assert.deepEqual(complaints, []);
  await close();
});

const HOSTILE = [
  '<img src=x onerror="hacked=1">', '"><script>hacked=1</script>', "'-alert(1)-'", "</title></style><svg onload=hacked=1>",
  "\u202eesrever \u2066isolate", "مرحبا بالعالم שלום", "店".repeat(500), "W".repeat(500), "a\u0300".repeat(250), "👩‍👩‍👧‍👦".repeat(40),
  "line\nbreak\ttab", "{{7*7}} ${7*7} %s", "javascript:hacked=1", "&lt;b&gt;&amp;", "__proto__", "constructor",
];

test("hostile names run no script and stay within their tiles", async () => {
  const nameOf = (kind, i) => HOSTILE[i % HOSTILE.length];
  for (const lang of ["zh", "en"]) {
    for (const query of ["page=agents", "page=shops", "page=waiting", "page=overview"]) {
      const snapshot = snapshotOf({ agents: 40, shops: 12, pressure: 1.4, nameOf });
      snapshot.agents.forEach((row, i) => { if (row.agent !== "unassigned") row.agent = `${HOSTILE[i % HOSTILE.length]}${i}`; });
      snapshot.waiting.forEach((row, i) => Object.assign(row, { customer: HOSTILE[i % HOSTILE.length], agent: snapshot.agents[i].agent, shop: snapshot.agents[i].shop }));
      snapshot.shop = { shop: "s1", name: HOSTILE[i(lang)], profile: "default" };
      if (query !== "page=overview") snapshot.shop = null;
      const { page, complaints, close } = await open(`${query}&lang=${lang}`, snapshot);
      await page.screenshot({ path: join(screenshots, `hostile-${query.slice(5)}-${lang}.png`) });
      await assertReadable(page, query);
      assert.equal(await page.evaluate(() => "hacked" in window), false);
      assert.equal(await page.locator("img, body script, iframe, style, body link").count(), 0);
      assert.deepEqual(complaints, []);
      if (query === "page=agents") {
        const shown = await page.locator(".tile .name").allTextContents();
        assert.ok(shown.includes(HOSTILE[0]) && shown.includes(HOSTILE[1]), "names are shown as they are");
      }
      await close();
    }
  }
  function i(lang) {
    return lang === "zh" ? 6 : 4;
  }
});

test("after 10,000 snapshots the page needs no more memory", { timeout: 1_500_000 }, async () => {
  const start = Date.now();
  const snapshots = Array.from({ length: 60 }, (_, i) => snapshotOf({ agents: 60, shops: 3, tick: i }));
  clearInterval(repeating);
  // A small screen is painted faster; it is the same document.
  const { page, complaints, close } = await open("every=2&lang=zh", snapshots[0], { size: "small" });
  const session = await page.context().newCDPSession(page);
  const measure = async () => {
    await session.send("HeapProfiler.collectGarbage");
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
    return { usedSize, nodes, jsEventListeners };
  };
  let sent = 0;
  const send = async (count) => {
    for (const end = sent + count; sent < end; ) {
      for (let i = 0; i < 100; ++i) {
        const snapshot = snapshots[sent % snapshots.length];
        // A second passes with each.
        snapshot.at = start + ++sent * 1000;
        snapshot.watermark = snapshot.at - 1100;
        snapshot.history.end = Math.floor(snapshot.watermark / 30000) * 30000;
        server.publish(snapshot);
      }
      await page.waitForFunction((at) => document.documentElement.dataset.at === String(at), start + sent * 1000, { timeout: 240_000, polling: 20 });
    }
  };
  // What the browser itself learns of a page that is used (compiled functions and what they met) is
  // there once all pages have been shown for a while.
  await send(2500);
  for (const name of ["agents", "waiting", "hour", "shops", "overview"])
    await page.waitForFunction((name) => document.documentElement.dataset.page === name, name, { timeout: 240_000, polling: 50 });
  await send(500);
  const before = await measure();
  await send(10_000);
  const later = await measure();
  assert.ok(later.usedSize <= before.usedSize * 1.1, `heap ${before.usedSize} -> ${later.usedSize}`);
  assert.ok(later.nodes <= before.nodes * 1.1, `nodes ${before.nodes} -> ${later.nodes}`);
  assert.ok(later.jsEventListeners <= before.jsEventListeners + 2, `listeners ${before.jsEventListeners} -> ${later.jsEventListeners}`);
  assert.deepEqual(complaints, []);
  await close();
});
