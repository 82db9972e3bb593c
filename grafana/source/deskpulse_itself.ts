import type { Board } from "./board";
import type { Language, Say } from "./language";
import * as colours from "./colours";
import * as panels from "./panels";
import * as series from "./series";

/** For who runs deskpulse: whether the numbers can be trusted, and why not. */
export function deskpulseItself(say: Say, _language: Language): Board {
  const small = { width: 4, height: 4 };
  const half = { width: 12, height: 8 };
  const third = { width: 8, height: 8 };
  const { own, rate } = series;
  const graph = (frame: panels.Frame) => panels.lines(frame, say);
  const limits = (near: number, bad: number) => panels.from([0, colours.good], [near, colours.near], [bad, colours.bad]);

  let events = graph({
    title: say("迟到与重复的事件，每秒", "Late and duplicate events, per second"),
    description: say(
      "迟到的仍会计入；重复的丢弃。",
      "Late ones are still applied, duplicates are dropped.",
    ),
    unit: "cps",
    ...third,
  });
  events = panels.withLines(events, "late", rate("deskpulse_late_events_total", "instance"), say("迟到 {{instance}}", "late {{instance}}"));
  events = panels.withLines(events, "duplicates", rate("deskpulse_duplicate_events_total", "instance"), say("重复 {{instance}}", "duplicate {{instance}}"));

  let connection = graph({
    title: say("断开与重连，每秒", "Disconnects and reconnects, per second"),
    description: say("断开按原因分列。", "Disconnects by their reason."),
    unit: "cps",
    ...third,
  });
  connection = panels.withLines(connection, "disconnects", series.rateOfThoseSeen("deskpulse_feed_disconnects_total", "reason"), "{{reason}}");
  connection = panels.withLines(connection, "reconnects", rate("deskpulse_feed_reconnects_total", "instance"), say("重连 {{instance}}", "reconnect {{instance}}"));

  let http = graph({
    title: say("请求耗时均值", "Mean request duration"),
    description: say("从收到请求到发完应答，按路径。", "From the whole request to the last byte of its answer, by path."),
    unit: "s",
    ...third,
  });
  http = panels.withLines(
    http,
    "durations",
    series.ratio(
      rate("deskpulse_http_request_duration_seconds_sum", "path"),
      rate("deskpulse_http_request_duration_seconds_count", "path"),
    ),
    "{{path}}",
  );

  let connections = graph({
    title: say("连接与推送流", "Connections and streams"),
    description: say(
      "当前的 HTTP 连接，其中的推送流（每块大屏一个），以及因过多而拒绝的连接（每秒）。",
      "HTTP connections open now, of these streams of events, one for each wall page; and connections refused because there were too many (per second).",
    ),
    unit: "locale",
    ...third,
  });
  connections = panels.withLines(connections, "connections", own("deskpulse_http_connections"), say("连接 {{instance}}", "connections {{instance}}"));
  connections = panels.withLines(connections, "streams", own("deskpulse_http_streams"), say("推送流 {{instance}}", "streams {{instance}}"));
  connections = panels.withLines(connections, "refused", rate("deskpulse_http_refused_connections_total", "instance"), say("拒绝 {{instance}}", "refused {{instance}}"));

  let descriptors = graph({
    title: say("线程与文件描述符", "Threads and file descriptors"),
    description: say("接近上限时会拒绝连接。", "Connections are refused near the limit."),
    unit: "locale",
    ...third,
  });
  descriptors = panels.withLines(descriptors, "files", own("process_open_fds"), say("文件 {{instance}}", "files {{instance}}"));
  descriptors = panels.withLines(descriptors, "threads", own("process_threads"), say("线程 {{instance}}", "threads {{instance}}"));

  let memory = graph({
    title: say("内存", "Memory"),
    description: say("进程占用的常驻内存。", "Resident memory of the process."),
    unit: "bytes",
    ...third,
  });
  memory = panels.withLines(memory, "memory", own("process_resident_memory_bytes"), "{{instance}}");

  return {
    name: "deskpulse-itself",
    title: say("deskpulse 自身", "deskpulse itself"),
    description: say("数据源、延迟、缺口、内存与抓取：数字是否可信。", "Feed, lag, gaps, memory and scrapes: whether the numbers can be trusted."),
    from: "now-3h",
    refresh: "10s",
    chooses: { shop: false, agent: false },
    sections: [
      {
        panels: [
          panels.wordStat(
            { title: say("数据源", "Feed"), description: say("与聊天平台的连接。", "The connection to the chat platform."), unit: "none", ...small },
            `min(${own("deskpulse_feed_connected")})`,
            say,
            ["0", say("▲ 断开", "▲ Disconnected"), colours.bad],
            ["1", say("✓ 已连接", "✓ Connected"), colours.good],
          ),
          panels.wordStat(
            { title: say("数字", "Numbers"), description: say("停滞：数据源断开、静默或追赶。", "Stale: the feed is disconnected, silent or behind."), unit: "none", ...small },
            `max(${own("deskpulse_feed_stale")})`,
            say,
            ["0", say("✓ 实时", "✓ Live"), colours.good],
            ["1", say("▲ 停滞", "▲ Stale"), colours.bad],
          ),
          panels
            .numberStat(
              {
                title: say("延迟", "Lag"),
                description: say("最新事件或心跳落后时钟多少；2 秒起橙色，5 秒起数字停滞。", "How far the newest event or heartbeat is behind the clock; orange from 2 s, from 5 s the numbers are stale."),
                unit: "s",
                ...small,
              },
              `max(${own("deskpulse_feed_lag_seconds")})`,
              say,
            )
            .thresholds(limits(2, 5)),
          panels
            .numberStat(
              {
                title: say("数据缺口", "Gaps"),
                description: say("所示时段内永久丢失事件的次数。", "Times in the period shown that events were missed for good."),
                unit: "locale",
                ...small,
              },
              series.increase("deskpulse_feed_gaps_total"),
              say,
            )
            .decimals(0)
            .thresholds(panels.from([0, colours.good], [0.5, colours.bad])),
          panels.wordStat(
            { title: say("配置", "Configuration"), description: say("最近一次配置是否生效。", "Whether the newest configuration was taken over."), unit: "none", ...small },
            `min(${own("deskpulse_config_last_reload_successful")})`,
            say,
            ["0", say("▲ 被拒", "▲ Refused"), colours.bad],
            ["1", say("✓ 生效", "✓ In force"), colours.good],
          ),
          panels.numberStat(
            { title: say("运行时间", "Up for"), description: say("最近一次启动至今；重启后统计从头开始。", "Since the last start; numbers begin anew with it."), unit: "dtdhms", ...small },
            `time() - max(${own("process_start_time_seconds")} * on (job, instance) ${own("deskpulse_build_info")})`,
            say,
          ),
        ],
      },
      {
        title: say("事件流", "The stream"),
        panels: [
          panels.stacked(
            panels.withLines(
              graph({ title: say("事件，每秒", "Events, per second"), description: say("接受的事件，按类型。", "Events accepted, by type."), unit: "cps", ...half }),
              "events",
              rate("deskpulse_events_total", "type"),
              "{{type}}",
            ),
          ),
          panels.withLines(
            graph({
              title: say("延迟", "Lag"),
              description: say("最新事件或心跳落后时钟多少。", "How far the newest event or heartbeat is behind the clock."),
              unit: "s",
              ...half,
            }),
            "lag",
            own("deskpulse_feed_lag_seconds"),
            "{{instance}}",
          ),
          panels.withLines(
            graph({
              title: say("被拒事件，每秒", "Rejected events, per second"),
              description: say("没有改变任何数字的事件与帧，按原因；含义见 PROTOCOL.md。", "Events and frames that changed no number, by reason; PROTOCOL.md says what each means."),
              unit: "cps",
              ...third,
            }),
            "rejected",
            series.rateOfThoseSeen("deskpulse_rejected_events_total", "reason"),
            "{{reason}}",
          ).noValue(say("没有", "None")),
          events,
          connection,
          panels.states(
            {
              title: say("数据源状态", "Feed over time"),
              description: say("实时或停滞。", "Live or stale."),
              unit: "none",
              ...half,
            },
            own("deskpulse_feed_stale"),
            "{{instance}}",
            say,
            ["0", say("实时", "Live"), colours.good],
            ["1", say("停滞", "Stale"), colours.bad],
          ),
          panels.states(
            {
              title: say("窗口是否完整", "Complete windows"),
              description: say("窗口内缺少事件时为不完整，包括启动之前的时间。", "A window that misses events is incomplete, also for the time before the start."),
              unit: "none",
              ...half,
            },
            own("deskpulse_window_incomplete"),
            "{{window}}",
            say,
            ["0", say("完整", "Complete"), colours.good],
            ["1", say("不完整", "Incomplete"), colours.near],
          ),
        ],
      },
      {
        title: say("进程", "The process"),
        panels: [
          memory,
          panels.withLines(
            graph({ title: say("内存中会话", "Conversations in memory"), description: say("包括已空闲的。", "Idle ones included."), unit: "locale", ...third }),
            "conversations",
            own("deskpulse_conversations"),
            "{{instance}}",
          ),
          panels.withLines(
            graph({ title: say("CPU", "CPU"), description: say("用掉的核数。", "Cores in use."), unit: "none", ...third }),
            "cpu",
            rate("process_cpu_seconds_total", "instance"),
            "{{instance}}",
          ),
          descriptors,
          panels.withLines(
            graph({
              title: say("数据时间落后", "Numbers behind the clock"),
              description: say("数字所属的时间落后时钟多少；正常约一秒。", "How far the time that the numbers are of is behind the clock; about a second is normal."),
              unit: "s",
              ...third,
            }),
            "watermark",
            `time() - ${own("deskpulse_watermark_timestamp_seconds")}`,
            "{{instance}}",
          ),
          panels.withLines(
            graph({
              title: say("配置生效时间", "Configuration taken over"),
              description: say("距上次配置生效的时间。", "Time since a configuration was last taken over."),
              unit: "s",
              ...third,
            }),
            "reload",
            `time() - ${own("deskpulse_config_last_reload_success_timestamp_seconds")}`,
            "{{instance}}",
          ),
        ],
      },
      {
        title: say("HTTP 与抓取", "HTTP and scrapes"),
        panels: [
          panels.withLines(
            graph({ title: say("请求，每秒", "Requests, per second"), description: say("按路径与状态码。", "By path and code."), unit: "reqps", ...third }),
            "requests",
            rate("deskpulse_http_requests_total", "path, code"),
            "{{path}} {{code}}",
          ),
          http,
          connections,
          panels.withLines(
            graph({
              title: say("抓取耗时", "Scrape duration"),
              description: say("Prometheus 抓取一页的时间；接近抓取间隔就太慢了。", "What Prometheus takes for a page; near the scrape interval it is too slow."),
              unit: "s",
              ...third,
            }),
            "durations",
            own("scrape_duration_seconds"),
            "{{job}} {{instance}}",
          ),
          panels.withLines(
            graph({
              title: say("每次抓取的样本", "Samples a scrape"),
              description: say("随店铺和客服的数量增长。", "Grows with the number of shops and agents."),
              unit: "locale",
              ...third,
            }),
            "samples",
            own("scrape_samples_scraped"),
            "{{job}} {{instance}}",
          ),
          panels.states(
            {
              title: say("抓取是否成功", "Scrapes that worked"),
              description: say("Prometheus 是否抓到页面。", "Whether Prometheus got the page."),
              unit: "none",
              ...third,
            },
            own("up"),
            "{{job}} {{instance}}",
            say,
            ["0", say("失败", "Failed"), colours.bad],
            ["1", say("成功", "Worked"), colours.good],
          ),
        ],
      },
    ],
  };
}
