// The page as the daemon serves it, on a simulated promotion.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertAccessible, assertReadable, launch, openPage } from "./browser.mjs";

const screenshots = process.env.WALL_SCREENSHOTS || process.env.WALL_SCREENSHOTS_DEFAULT;
const HOSTILE = `<img src=x onerror="hacked=1"> '"\u202eeman ${"长".repeat(60)}`;
const HOSTILELY_NAMED = "云岫女装官方旗舰店";  // the simulator's second shop
const PATIENCE = 240_000;

let browser;
let folder;
let platform;
let daemon;
before(async () => {
  mkdirSync(screenshots, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "deskpulse-wall-"));
  browser = await launch();
  platform = start(process.env.PROGRAM_SIMULATOR, "serve", "--listen", "127.0.0.1:0", "--preset", "promo", "--at", "19:28", "--warm-up", "10m");
  const feed = await platform.said(/on (ws:\/\/127\.0\.0\.1:\d+)/);
  writeFileSync(join(folder, "deskpulse.toml"), [
    `[feed]\nurl = "${feed}/"\nstart = "floor"`,
    `[[shop]]\nid = "${HOSTILELY_NAMED}"\nname = ${JSON.stringify(HOSTILE)}`,
  ].join("\n"));
  daemon = await startDaemon(0);
});
after(async () => {
  await browser?.close();
  platform?.process.kill("SIGKILL");
  daemon?.process.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A program that ends with this process, however that ends. */
function start(...command) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DESKPULSE_")));
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const said = (pattern) => new Promise((resolve, reject) => {
    const look = () => {
      const found = pattern.exec(log);
      if (found) stop(() => resolve(found[1]));
    };
    const ended = () => stop(() => reject(new Error(`${command[0]} ended and said:\n${log}`)));
    const late = setTimeout(() => stop(() => reject(new Error(`${command[0]} did not say ${pattern}:\n${log}`))), PATIENCE);
    const stop = (then) => {
      clearTimeout(late);
      child.stderr.off("data", look);
      child.off("exit", ended);
      then();
    };
    child.stderr.on("data", look);
    child.once("exit", ended);
    look();
  });
  return { process: child, said };
}

async function startDaemon(port) {
  const program = start(process.env.PROGRAM_DAEMON, "--config", join(folder, "deskpulse.toml"), "--set", `http.listen=127.0.0.1:${port}`);
  program.port = Number(await program.said(/http_port=(\d+)/));
  program.address = `http://127.0.0.1:${program.port}`;
  return program;
}

async function open(query, options) {
  const opened = await openPage(browser, daemon.address, options);
  await opened.page.goto(`${daemon.address}/wall?${query}`);
  await untilTrust(opened.page, "live");
  return opened;
}

const untilTrust = (page, trust) => page.waitForFunction((trust) => document.documentElement.dataset.trust === trust, trust, { timeout: PATIENCE, polling: 50 });
const ask = async (path) => (await fetch(daemon.address + path)).text();

/** The first answer of `look` that is not null. */
async function eventually(what, look) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`waited for ${what}`);
  }
}

/** What the overview shows, and of which moment. */
const shownBy = (page) => page.evaluate(() => ({
  watermark: document.documentElement.dataset.watermark,
  ...Object.fromEntries([...document.querySelectorAll(".card")].map((card) => [card.dataset.figure,
    [".number", ".detail"].map((part) => card.querySelector(part).textContent)])),
}));

const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const share = (part, whole) => (part === 0 || part / whole >= 0.0995 ? `${Math.round((part / whole) * 100)}%` : `${((part / whole) * 100).toFixed(1)}%`);

/** The same by the snapshot, written down anew. */
function expected({ watermark, numbers, focus }) {
  const recent = numbers.windows[focus];
  const { today } = numbers.windows;
  const mean = recent.response_time_sum_seconds / recent.answered_turns;
  const messages = numbers.windows["1m"].messages;
  return {
    watermark: String(watermark),
    waiting: [grouped(numbers.waiting_customers), `Longest ${clock(numbers.oldest_wait_seconds)}`],
    slow: [grouped(recent.slow_customers), `${share(recent.slow_customers, recent.consulting_customers)} in 5 min`],
    response: [mean < 99.5 ? mean.toFixed(1) : clock(Math.round(mean)), null],
    unanswered: [grouped(today.unanswered_customers), `${share(today.unanswered_customers, today.received_customers)} today`],
    conversations: [grouped(numbers.open_conversations), `Load ${share(numbers.capacity_used, numbers.capacity)} · ${grouped(numbers.capacity_used)} of ${grouped(numbers.capacity)}`],
    messages: [grouped(Object.values(messages).reduce((sum, n) => sum + n, 0)), `Customers ${grouped(messages.customer)} · staff ${grouped(messages.human + messages.assist)}`],
  };
}

function assertShows(shown, snapshot) {
  const wanted = expected(snapshot);
  wanted.response[1] = shown.response[1];
  assert.deepEqual(shown, wanted);
}

test("the pages of the real daemon are readable, and run no script of a shop's name", async () => {
  for (const [size, lang, theme] of [["hd", "zh", "dark"], ["uhd", "en", "light"]]) {
    for (const name of ["overview", "agents", "waiting", "hour", "shops"]) {
      const { page, complaints, close } = await open(`page=${name}&lang=${lang}&theme=${theme}`, { size });
      await page.screenshot({ path: join(screenshots, `daemon-${name}-${size}-${lang}-${theme}.png`) });
      await assertReadable(page, name);
      if (size === "hd") await assertAccessible(page, name);
      assert.equal(await page.evaluate(() => "hacked" in window), false);
      assert.deepEqual(complaints, []);
      if (name === "shops") {
        const names = await page.locator(".shop-card .name").allTextContents();
        assert.ok(names.map((text) => text.replaceAll("\u00a0", " ")).includes(HOSTILE));
      }
      await close();
    }
  }
});

test("one shop is shown when it is chosen", async () => {
  const { page, complaints, close } = await open(`page=overview&lang=en&shop=${encodeURIComponent(HOSTILELY_NAMED)}`);
  assert.equal(await page.locator("#title").textContent(), HOSTILE);
  await eventually("the page and the snapshot of one shop to be of the same moment", async () => {
    const snapshot = JSON.parse(await ask(`/api/v1/snapshot?shop=${encodeURIComponent(HOSTILELY_NAMED)}`));
    const shown = await shownBy(page);
    if (shown.watermark !== String(snapshot.watermark)) return null;
    assertShows(shown, snapshot);
    return true;
  });
  await assertReadable(page, "a shop with a hostile name");
  assert.deepEqual(complaints, []);
  await close();
});

test("the screen shows what /api/v1/snapshot says, which is what /metrics says", async () => {
  const { page, close } = await open("page=overview&lang=en");
  await eventually("the page and the snapshot to be of the same moment", async () => {
    const snapshot = JSON.parse(await ask("/api/v1/snapshot"));
    const shown = await shownBy(page);
    if (shown.watermark !== String(snapshot.watermark)) return null;
    assertShows(shown, snapshot);
    return true;
  });

  // Where time stands still, the three are of the same moment for as long as it takes.
  platform.process.kill("SIGSTOP");
  try {
    await untilTrust(page, "grey");
    assert.equal(await page.locator("#reason").textContent(), "Feed silent, numbers stand still");
    const [shown, snapshot, metrics] = [await shownBy(page), JSON.parse(await ask("/api/v1/snapshot")), await ask("/metrics")];
    assertShows(shown, snapshot);
    const sum = (series) => metrics.split("\n").filter((line) => line.startsWith(`deskpulse_${series}`))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
    assert.equal(Math.round(sum("watermark_timestamp_seconds ") * 1000), Number(shown.watermark));
    assert.equal(shown.waiting[0], grouped(sum("shop_waiting_customers{")));
    assert.equal(shown.conversations[0], grouped(sum("shop_open_conversations{")));
    const slow = metrics.split("\n").filter((line) => line.startsWith("deskpulse_shop_slow_customers{") && line.includes('window="5m"'));
    assert.equal(shown.slow[0], grouped(slow.reduce((total, line) => total + Number(line.split(" ").at(-1)), 0)));
  } finally {
    platform.process.kill("SIGCONT");
  }
  await untilTrust(page, "live");
  await close();
});

test("a daemon that is killed turns the page grey within three seconds, and the next one is found", async () => {
  const { page, complaints, close } = await open("lang=zh");
  let greyAfter;
  for (let attempt = 0; attempt < 3; ++attempt) {
    const killedAt = Date.now();
    daemon.process.kill("SIGKILL");
    await untilTrust(page, "grey");
    greyAfter = (await page.evaluate(() => window.seen.greyAt)) - killedAt;
    assert.match(await page.locator("#reason").textContent(), /失去联系/);
    daemon = await startDaemon(daemon.port);
    await untilTrust(page, "live");
    if (greyAfter <= 3000) break;
  }
  assert.ok(greyAfter <= 3000, `grey ${greyAfter} ms after the kill`);
  assert.deepEqual(complaints, []);
  await close();
});
