// The pure parts of the page, without a browser: formats, judgement, trust, rotation, options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const part = (name) => import(pathToFileURL(`${process.env.WALL_PAGE}/${name}`).href);
const format = await part("format.js");
const judge = await part("judge.js");
const { trust, ageSeconds, hasNumbers, misses, shortestWindow, withoutNumbers } = await part("trust.js");
const { countAxis, WAIT_AXIS, SECONDS_AXIS } = await part("axis.js");
const { flattestField, largestField, mostTiles } = await part("field.js");
const { Rotation } = await part("rotation.js");
const { readOptions, PAGES } = await part("options.js");
const { WORDS } = await part("words.js");
const { agentName, shopName } = await part("names.js");

test("no data is a dash and never 0", () => {
  for (const write of [format.count, format.wait, format.seconds, format.wholeSeconds, format.percent])
    for (const nothing of [null, undefined, NaN]) assert.equal(write(nothing), "–");
  assert.equal(format.quotient(3, 0), null);
  assert.equal(format.quotient(undefined, 3), null);
  assert.equal(format.percent(format.quotient(0, 7)), "0%");
});

test("counts are grouped, and cut rather than rounded up where they are too long", () => {
  assert.equal(format.count(1234), "1,234");
  assert.equal(format.count(99_999, "zh"), "99,999");
  assert.equal(format.count(123_999, "zh"), "12.3万");
  assert.equal(format.count(123_999, "en"), "123K");
  assert.equal(format.count(99_999_999, "zh"), "9,999万");
});

test("a wait is of whole seconds that have passed", () => {
  assert.equal(format.wait(59.99), "0:59");
  assert.equal(format.wait(60), "1:00");
  assert.equal(format.wait(3599.9), "59:59");
  assert.equal(format.wait(3753), "1:02:33");
});

test("means keep a digit below a hundred seconds and become waits above", () => {
  assert.equal(format.seconds(30.26), "30.3");
  assert.equal(format.seconds(99.6), "1:40");
  assert.equal(format.wholeSeconds(47.6), "48");
});

test("columns follow the width and sizes the smaller side, so that the same tiles lie otherwise", () => {
  const tile = { width: 33.5, height: 9.7, gap: 0.7 };
  assert.deepEqual(mostTiles({ width: 173, height: 83.5 }, tile), { columns: 5, rows: 8 });
  assert.deepEqual(mostTiles({ width: 95, height: 153 }, tile), { columns: 2, rows: 14 });
  assert.deepEqual(mostTiles({ width: 10, height: 5 }, tile), { columns: 1, rows: 1 });
});

test("a field is the one with the largest tiles, or full", () => {
  const most = { columns: 5, rows: 8 };
  const lies = (tiles, field = largestField(tiles, most)) => `${field.columns}x${field.rows}`;
  assert.deepEqual([1, 4, 12, 20, 21, 40, 500].map((tiles) => lies(tiles)), ["1x1", "2x2", "3x4", "4x5", "4x6", "5x8", "5x8"]);
  assert.equal(largestField(500, most).tiles, 40);
});

test("shops lie in as few rows as they can", () => {
  const most = { columns: 3, rows: 3 };
  const lies = (tiles) => { const { columns, rows } = flattestField(tiles, most); return `${columns}x${rows}`; };
  assert.deepEqual([1, 2, 3, 4, 5, 7, 9, 10, 100].map(lies), ["1x1", "2x1", "3x1", "2x2", "3x2", "3x3", "3x3", "3x3", "3x3"]);
  assert.deepEqual(flattestField(2, { columns: 1, rows: 5 }), { columns: 1, rows: 2, tiles: 2 });
});

/** The half and the end of an axis for a line that goes up to `most`, as they are written. */
const steps = ({ top, label }, most) => [label(top(most) / 2, top(most)), label(top(most), top(most))];

test("an axis ends and halves in round numbers", () => {
  assert.deepEqual([0, 1, 3, 7, 11, 763].map((most) => steps(countAxis("en"), most).join(" ")), ["1 2", "1 2", "2 4", "4 8", "10 20", "400 800"]);
  assert.deepEqual(steps(countAxis("en"), 9_999), ["5,000", "10,000"]);
  assert.deepEqual(steps(countAxis("en"), 12_185), ["10,000", "20,000"]);
  assert.deepEqual(steps(countAxis("zh"), 150_000), ["10万", "20万"]);
});

test("an axis of waits steps in whole minutes, one of seconds as well from a minute on", () => {
  assert.deepEqual([0, 42, 121, 605, 754, 1300, 3601].map((most) => steps(WAIT_AXIS, most).join(" ")),
    ["1:00 2:00", "1:00 2:00", "2:00 4:00", "10:00 20:00", "10:00 20:00", "15:00 30:00", "1:00:00 2:00:00"]);
  assert.deepEqual([4, 19, 47, 61, 130].map((most) => steps(SECONDS_AXIS, most).join(" ")), ["2 4", "10 20", "30 60", "1:00 2:00", "2:00 4:00"]);
  for (let most = 1; most < 400_000; most += 997) {
    assert.ok(WAIT_AXIS.top(most) >= most);
    assert.equal((WAIT_AXIS.top(most) / 2) % 60, 0, `${most}`);
  }
});

test("a time of day is the zone's, which is named where the screen's clock is another", () => {
  const at = Date.UTC(2026, 10, 11, 16, 30, 5);
  assert.equal(format.clock(at, "Asia/Shanghai"), "00:30:05");
  assert.equal(format.minute(at, "America/New_York"), "11:30");
  assert.equal(format.zoneName(at, "Asia/Shanghai"), "GMT+8");
  assert.equal(format.zoneName(at, Intl.DateTimeFormat().resolvedOptions().timeZone), "");
  // An older daemon tells none, and a browser may not know the newest.
  for (const zone of [undefined, "Mars/Olympus"]) {
    assert.equal(format.clock(at, zone), format.clock(at, Intl.DateTimeFormat().resolvedOptions().timeZone));
    assert.equal(format.zoneName(at, zone), "");
  }
});

test("a load over the capacity is shown as it is", () => {
  assert.equal(format.percent(judge.loadOf({ open_conversations: 41, capacity: 12 })), "342%");
  assert.equal(judge.loadOf({ open_conversations: 3, capacity: 0 }), Infinity);
  assert.equal(judge.loadOf({ open_conversations: 3 }), null);
});

test("a number is bad above its target, near from four fifths on, and without a target not judged", () => {
  assert.equal(judge.against(10.1, 10), "bad");
  assert.equal(judge.against(10, 10), "near");
  assert.equal(judge.against(7.9, 10), "good");
  assert.equal(judge.against(7.9, undefined), "none");
  assert.equal(judge.against(null, 10), "none");
  assert.equal(judge.worst("none", "near", "good"), "near");
});

test("the rows that are nobody's own have words, and all others their names", () => {
  assert.equal(agentName("a1", { name: "小美" }, WORDS.zh), "小美");
  assert.equal(agentName("a1", {}, WORDS.zh), "a1");
  assert.equal(agentName("a1", undefined, WORDS.zh), "a1");
  assert.equal(agentName("unassigned", {}, WORDS.en), "Queue");
  assert.equal(agentName("_other", {}, WORDS.en), "Other agents");
  assert.equal(shopName("s1", { name: "旗舰店" }, WORDS.zh), "旗舰店");
  assert.equal(shopName("s1", undefined, WORDS.zh), "s1");
  assert.equal(shopName("_other", {}, WORDS.zh), "其他店铺");
});

test("agents are ordered by load, and those without a capacity come last", () => {
  const agent = (agent, open, capacity) => ({ agent, open_conversations: open, capacity, waiting_customers: 0, oldest_wait_seconds: 0 });
  const all = [agent("half", 5, 10), agent("robot", 210, undefined), agent("double", 20, 10), agent("full", 8, 8)];
  assert.deepEqual(all.sort(judge.byLoad).map((each) => each.agent), ["double", "full", "half", "robot"]);
});

const snapshot = (status = {}, watermark = 1_000_000) => ({
  at: 1_001_200, watermark, status: { state: "live", stale: false, connected: true, incomplete: [], ...status },
});

test("the page is grey within three seconds of silence, and while the numbers stand still", () => {
  assert.deepEqual(trust(snapshot(), 1.1), { grey: false, reason: "live", windows: [] });
  assert.equal(trust(snapshot(), 2.6).reason, "lost");
  assert.equal(trust(null, 0.5).reason, "opening");
  assert.equal(trust(null, 0.5, "unknown_shop").reason, "unknown_shop");
  for (const state of ["disconnected", "silent", "catching_up"]) {
    const verdict = trust(snapshot({ state, stale: true }), 0.5);
    assert.deepEqual([verdict.grey, verdict.reason], [true, state]);
  }
  assert.equal(trust(snapshot({ stale: true }), 0.5).reason, "stale");
  assert.equal(trust(snapshot({}, 0), 0.5).reason, "no_event");
});

test("a feed that was never reached is called disconnected, with numbers and without", () => {
  assert.deepEqual(trust(snapshot({ state: "starting", stale: true, connected: false }, 0), 0.5), { grey: true, reason: "no_feed", windows: [] });
  assert.equal(trust(snapshot({ state: "disconnected", stale: true, connected: false }, 0), 0.5).reason, "no_feed");
  // Those of the run before, out of its snapshot.
  assert.equal(trust(snapshot({ state: "starting", stale: true, connected: false }), 0.5).reason, "disconnected");
});

test("where there is no time yet there are no numbers, only names", () => {
  const configured = { ...snapshot({ state: "starting" }, 0), windows: ["5m", "today"], focus: "5m", targets: { load: 1 }, shop: null,
    numbers: { waiting_customers: 0, open_conversations: 0, windows: { "5m": { slow_customers: 0 } } },
    shops: [{ shop: "s1", name: "旗舰店", profile: "taobao", waiting_customers: 0, slow_customers: 0 }],
    agents: [{ shop: "s1", agent: "a1", open_conversations: 0 }], waiting: [] };
  assert.equal(hasNumbers(configured), false);
  assert.equal(hasNumbers(snapshot()), true);
  const shown = withoutNumbers(configured);
  assert.deepEqual(shown.numbers, { windows: {} });
  assert.deepEqual(shown.shops, [{ shop: "s1", name: "旗舰店", profile: "taobao" }]);
  assert.deepEqual([shown.agents, shown.targets], [[], { load: 1 }]);
});

test("windows that miss events are named where the screen shows them, and grey nothing else", () => {
  const gap = snapshot({ incomplete: ["5m", "15m", "1h", "today"] });
  assert.deepEqual(trust(gap, 0.5, null, ["1m", "5m", "today"]), { grey: false, reason: "incomplete", windows: ["5m", "today"] });
  assert.deepEqual(trust(gap, 0.5, null, []), { grey: false, reason: "live", windows: [] });
  // Five minutes are whole again when they have passed the gap, whatever the hour misses.
  assert.deepEqual(trust(snapshot({ incomplete: ["1h"] }), 0.5, null, ["1m", "5m"]), { grey: false, reason: "live", windows: [] });
  assert.deepEqual([misses(gap, "5m"), misses(gap, "1m"), misses(snapshot({ incomplete: undefined }), "5m")], [true, false, false]);
});

test("the shortest window is neither the day nor a campaign", () => {
  assert.equal(shortestWindow(["5m", "1m", "today"]), "1m");
  assert.equal(shortestWindow(["90s", "2m", "1h", "today"]), "90s");
  assert.equal(shortestWindow(["campaign", "today"]), undefined);
});

test("the age is what the daemon said and the time since, whatever the clock of the screen", () => {
  assert.equal(ageSeconds(snapshot(), 2), 3.2);
  assert.equal(ageSeconds(null, 2), null);
});

test("both languages say the same things", () => {
  const shape = (words) => Object.entries(words).map(([key, value]) => typeof value === "object" ? [key, shape(value)] : [key, typeof value]);
  assert.deepEqual(shape(WORDS.en), shape(WORDS.zh));
});

/** The screens that a rotation shows, one entry for each change, in `seconds`. */
function shown(rotation, screens, seconds) {
  const seen = [];
  for (let now = 0; now <= seconds; now += 0.25) {
    const { page, screen } = rotation.at(now, screens);
    if (seen.at(-1) !== `${page} ${screen}`) seen.push(`${page} ${screen}`);
  }
  return seen;
}

test("pages follow each other, and those without a screen are left out", () => {
  const screens = (page) => ({ overview: 1, waiting: 1, shops: 0 })[page];
  assert.deepEqual(shown(new Rotation(["overview", "waiting", "shops"], 20, 0), screens, 65),
    ["overview 0", "waiting 0", "overview 0", "waiting 0"]);
});

test("a visit begins with the first screen and goes on where the last one ended", () => {
  const screens = (page) => (page === "agents" ? 6 : 1);
  assert.deepEqual(shown(new Rotation(["overview", "agents"], 24, 0), screens, 24 * 7 - 1), [
    "overview 0", "agents 0", "agents 1", "agents 2", "overview 0", "agents 0", "agents 3", "agents 4",
    "overview 0", "agents 0", "agents 5", "agents 1", "overview 0",
  ]);
});

test("a page that is alone shows all its screens, and a screen that has gone is not asked for", () => {
  let count = 3;
  const rotation = new Rotation(["agents"], 24, 0);
  assert.deepEqual(shown(rotation, () => count, 25), ["agents 0", "agents 1", "agents 2", "agents 0"]);
  assert.equal(rotation.at(33, () => count).screen, 1);
  count = 1;
  assert.deepEqual(rotation.at(33.5, () => count), { page: "agents", screen: 0, screens: 1 });
});

test("a rotation in which no page has a screen stays, and comes back when one has", () => {
  let count = 0;
  const rotation = new Rotation(["agents", "shops"], 20, 0);
  assert.equal(rotation.at(100, () => count).page, "agents");
  count = 1;
  assert.equal(typeof rotation.at(200, () => count).page, "string");
});

test("an address that means nothing gives the page as it comes", () => {
  const plain = readOptions("?lang=fr&theme=pink&page=nowhere,,&every=soon&shop=");
  assert.deepEqual(plain, { lang: "zh", theme: "dark", shop: null, pages: PAGES, everySeconds: 20 });
  assert.equal(readOptions("", ["fr-FR", "en-GB", "zh"]).lang, "en");
  assert.equal(readOptions("?lang=ZH-tw", ["en"]).lang, "zh");
  assert.deepEqual(readOptions("?page=agents,overview,agents").pages, ["agents", "overview"]);
  assert.equal(readOptions("?every=0").everySeconds, 2);
  assert.equal(readOptions("?shop=a%26b").shop, "a&b");
});
