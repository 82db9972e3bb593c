// Snapshots as proto/API.md describes them, of any size, the same for the same seed: for what a
// simulator does not show on demand, such as two thousand agents or a hostile name.

const GIVEN = ["美", "悦", "凯", "雪", "晨", "雅", "宁", "涛", "婷", "阳", "静", "宇", "欣", "琳", "杰"];
const SHOPS = ["旗舰店", "户外专营店", "母婴馆", "数码官方店", "美妆旗舰店", "生鲜直营店", "家居生活馆"];

export const TARGETS = {
  oldest_wait_seconds: 180, slow_share: 0.1, unanswered_share: 0.05, response_time_mean_seconds: 30,
  response_time_p90_seconds: 90, load: 1, timely_rate: 0.9,
};

// mulberry32: small, and the same everywhere
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * `at`: milliseconds; `times`: how much larger than usual counts and waits are; `pressure`: how hard the hour is, 0.5 a calm one, 1 a full one, 1.3 too much;
 * `nameOf(kind, i)`: names of shops and agents.
 */
export function snapshotOf({ agents = 40, shops = 1, seed = 1, at = Date.now(), pressure = 1, nameOf = undefined,
  state = "live", incomplete = [], targets = TARGETS, tick = 0, times = 1 } = {}) {
  const random = randomOf(seed * 7919 + tick);
  const steady = randomOf(seed);
  const watermark = at - 1000 - Math.floor(random() * 200);
  const name = nameOf ?? ((kind, i) => kind === "shop"
    ? SHOPS[i % SHOPS.length] + (i < SHOPS.length ? "" : Math.floor(i / SHOPS.length) + 1)
    : `${i % 3 ? "小" : "阿"}${GIVEN[i % GIVEN.length]}${i < 30 ? "" : Math.floor(i / 30) + 1}`);

  const shopIds = Array.from({ length: shops }, (_, i) => `shop-${String(i + 1).padStart(3, "0")}`);
  const rows = Array.from({ length: agents }, (_, i) => {
    const capacity = [8, 10, 12, 15][Math.floor(steady() * 4)];
    const usual = steady();
    const isOffline = usual > 0.93 && agents > 4;
    const open = isOffline ? 0 : Math.max(0, Math.round(capacity * pressure * (0.25 + usual * 0.9 + random() * 0.1)));
    const waiting = Math.round(Math.max(0, open / capacity - 0.55) * 5);
    return {
      shop: shopIds[i % shops], agent: `a${String(i + 1).padStart(4, "0")}`, name: name("agent", i),
      group: i % 2 ? "售前" : "售后", status: isOffline ? "offline" : usual > 0.87 ? "busy" : "online", open_conversations: open * times, capacity: capacity * times,
      waiting_customers: waiting * times, oldest_wait_seconds: waiting ? Math.round(waiting * 22 * times * (1 + random()) * 10) / 10 : 0,
      slow_customers: waiting, answered_turns: open * 3, response_time_sum_seconds: open * 3 * 18.5,
    };
  });
  for (const shop of shopIds.slice(0, 3)) {
    rows.push({ shop, agent: "unassigned", open_conversations: 3, waiting_customers: 2, oldest_wait_seconds: 21.4,
      slow_customers: 0, answered_turns: 0, response_time_sum_seconds: 0 });
  }

  const shopRows = shopIds.map((shop, i) => {
    const own = rows.filter((row) => row.shop === shop);
    const sum = (key) => own.reduce((total, row) => total + (row[key] ?? 0), 0);
    const busy = (40 + Math.floor(steady() * 400)) * times;
    const slow = Math.floor(busy * pressure * 0.16 * steady());
    return {
      shop, name: name("shop", i), profile: "taobao", waiting_customers: sum("waiting_customers"),
      oldest_wait_seconds: Math.max(0, ...own.map((row) => row.oldest_wait_seconds)), open_conversations: sum("open_conversations"),
      capacity: own.filter((row) => row.status !== "offline").reduce((total, row) => total + (row.capacity ?? 0), 0) || undefined,
      capacity_used: own.filter((row) => row.status !== "offline" && row.capacity !== undefined).reduce((total, row) => total + row.open_conversations, 0),
      agents: { online: own.filter((row) => row.status === "online").length, busy: own.filter((row) => row.status === "busy").length,
        offline: own.filter((row) => row.status === "offline").length },
      messages_per_minute: busy * 2, slow_customers: slow, consulting_customers: busy, unanswered_customers: Math.floor(slow / 2),
      answered_turns: busy, response_time_sum_seconds: busy * (12 + pressure * 24 * steady()), response_time_p90_seconds: 40 + Math.floor(steady() * 60),
      unanswered_customers_today: Math.floor(busy * 14 * 0.045 * steady()), received_customers_today: busy * 14,
    };
  });
  const total = (key) => shopRows.reduce((sum, row) => sum + (row[key] ?? 0), 0);
  const most = (key) => Math.max(0, ...shopRows.map((row) => row[key] ?? 0));
  const consulting = total("consulting_customers");
  const focus = {
    messages: { customer: consulting * 2, human: Math.floor(consulting * 1.6), assist: 30, bot: 220, auto: 80, system: 4, note: 3 },
    consulting_customers: consulting, received_customers: consulting, slow_turns: total("slow_customers") + 2, slow_customers: total("slow_customers"),
    unanswered_customers: total("unanswered_customers"), answered_turns: total("answered_turns"),
    response_time_sum_seconds: total("response_time_sum_seconds"), response_time_max_seconds: 201.9,
    response_time_seconds: { 0.5: 11, 0.9: most("response_time_p90_seconds"), 0.99: 160 }, first_responses: 101,
    first_response_time_sum_seconds: 2101.5, judged_turns: 380, timely_turns: 371,
  };
  const minute = { ...focus, messages: { ...focus.messages, customer: Math.floor(consulting / 2.4), human: Math.floor(consulting / 3), bot: 44, auto: 16 } };
  const today = { ...focus, unanswered_customers: total("unanswered_customers_today"), received_customers: total("received_customers_today"),
    consulting_customers: total("received_customers_today") };
  const line = (now, wave) => Array.from({ length: 121 }, (_, i) => {
    if (i < 6 || (i > 60 && i < 63)) return null;
    const swing = (at) => 0.7 + 0.3 * Math.sin(at / 19 + wave) + 0.05 * Math.sin(at * 1.7 + wave * 3);
    return i === 120 ? now : Math.round((now * swing(i)) / swing(120) * 10) / 10;
  });
  const mean = focus.response_time_sum_seconds / focus.answered_turns;
  const all = Object.values(minute.messages).reduce((sum, n) => sum + n, 0);
  const waitingRows = rows.filter((row) => row.waiting_customers > 0)
    .sort((a, b) => b.oldest_wait_seconds - a.oldest_wait_seconds).slice(0, 20)
    .map((row, i) => ({ shop: row.shop, agent: row.agent, customer: `#${(0x5f3c09ab ^ (i * 0x1f3d5b)).toString(16).padStart(8, "0").slice(-8)}`,
      since: watermark - row.oldest_wait_seconds * 1000, wait_seconds: row.oldest_wait_seconds, slow: row.oldest_wait_seconds > 60 }));
  return {
    version: 1, at, watermark,
    status: { state, stale: state !== "live", connected: state !== "disconnected", lag_seconds: 0.4, incomplete },
    windows: ["1m", "5m", "15m", "30m", "1h", "today"], focus: "5m", targets, shop: null,
    numbers: {
      waiting_customers: total("waiting_customers"), oldest_wait_seconds: most("oldest_wait_seconds"),
      open_conversations: total("open_conversations"), capacity: total("capacity") || undefined, capacity_used: total("capacity_used"),
      agents: { online: shopRows.reduce((n, row) => n + row.agents.online, 0), busy: shopRows.reduce((n, row) => n + row.agents.busy, 0),
        offline: shopRows.reduce((n, row) => n + row.agents.offline, 0) },
      windows: { "1m": minute, "5m": focus, "15m": focus, "30m": focus, "1h": focus, today },
    },
    history: {
      step_seconds: 30, end: Math.floor(watermark / 30000) * 30000,
      waiting_customers: line(total("waiting_customers"), 0), oldest_wait_seconds: line(most("oldest_wait_seconds"), 1),
      open_conversations: line(total("open_conversations"), 2), slow_customers: line(total("slow_customers"), 3),
      unanswered_customers: line(total("unanswered_customers"), 4), response_time_mean_seconds: line(Math.round(mean * 10) / 10, 5),
      messages_per_minute: line(all, 6),
    },
    shops: shopRows, agents: rows, waiting: waitingRows,
  };
}
