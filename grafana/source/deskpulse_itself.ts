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

  let times = graph({
    title: say("快照耗时与停顿", "Duration and hold of a snapshot"),
    description: say(
      "最新一次快照写到磁盘的时间，以及事件处理为此停顿的时间。",
      "How long the newest one took until it was on disk, and for how long it held up the events.",
    ),
    unit: "s",
    ...third,
  });
  times = panels.withLines(times, "duration", own("deskpulse_snapshot_duration_seconds"), say("耗时 {{instance}}", "duration {{instance}}"));
  times = panels.withLines(times, "hold", own("deskpulse_snapshot_hold_seconds"), say("停顿 {{instance}}", "hold {{instance}}"));

  let disk = graph({
    title: say("磁盘占用", "On disk"),
    description: say(
      "最新快照的大小（磁盘上有两份），以及事件日志的总大小。",
      "The size of the newest snapshot, of which there are two, and that of the whole journal.",
    ),
    unit: "bytes",
    ...third,
  });
  disk = panels.withLines(disk, "snapshot", own("deskpulse_snapshot_size_bytes"), say("快照 {{instance}}", "snapshot {{instance}}"));
  disk = panels.withLines(disk, "journal", own("deskpulse_journal_size_bytes"), say("日志 {{instance}}", "journal {{instance}}"));

  let failures = graph({
    title: say("写入失败，每秒", "Failed writes, per second"),
    description: say(
      "失败的快照、失败的日志写入，以及因磁盘跟不上而丢弃的日志批次。",
      "Snapshots that failed, writes of the journal that failed, and batches of it that were dropped because the disk could not follow.",
    ),
    unit: "cps",
    ...third,
  });
  failures = panels.withLines(failures, "snapshots", rate("deskpulse_snapshot_failures_total", "instance"), say("快照 {{instance}}", "snapshot {{instance}}"));
  failures = panels.withLines(failures, "journal", rate("deskpulse_journal_failures_total", "instance"), say("日志 {{instance}}", "journal {{instance}}"));
  failures = panels.withLines(failures, "dropped", rate("deskpulse_journal_dropped_batches_total", "instance"), say("丢弃 {{instance}}", "dropped {{instance}}"));

  let clock = graph({
    title: say("时钟跳变与停顿，每秒", "Clock steps and stalls, per second"),
    description: say(
      "系统时钟被调整或机器休眠，以及进程停顿超过一秒；两者都不会误判慢响应。",
      "The clock was set or the machine slept, and the process stood still for more than a second; neither makes anybody slow.",
    ),
    unit: "cps",
    ...third,
  });
  clock = panels.withLines(clock, "steps", rate("deskpulse_clock_steps_total", "instance"), say("跳变 {{instance}}", "steps {{instance}}"));
  clock = panels.withLines(clock, "stalls", rate("deskpulse_stalls_total", "instance"), say("停顿 {{instance}}", "stalls {{instance}}"));

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
            { title: say("运行时间", "Up for"), description: say("最近一次启动至今；未保存状态时，重启后统计从头开始。", "Since the last start; where no state is kept, numbers begin anew with it."), unit: "dtdhms", ...small },
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
        title: say("状态保存与上限", "Kept state and limits"),
        panels: [
          panels.withLines(
            graph({
              title: say("最新快照距今", "Age of the newest snapshot"),
              description: say("此时重启会从多久之前的状态恢复；未保存状态时没有数据。", "How old the state is that a restart now would go on from; no data where none is kept."),
              unit: "s",
              ...third,
            }),
            "age",
            `time() - ${own("deskpulse_snapshot_last_success_timestamp_seconds")}`,
            "{{instance}}",
          ),
          times,
          disk,
          failures,
          panels.withLines(
            graph({
              title: say("写入日志的事件，每秒", "Events in the journal, per second"),
              description: say("已安全写入事件日志的事件；未开启日志时没有数据。", "Events that are safe in the journal; no data where there is none."),
              unit: "cps",
              ...third,
            }),
            "events",
            rate("deskpulse_journal_events_total", "instance"),
            "{{instance}}",
          ),
          panels.states(
            {
              title: say("启动方式", "How it started"),
              description: say("从快照恢复，或从头开始。", "It went on from a snapshot, or began anew."),
              unit: "none",
              ...third,
            },
            own("deskpulse_snapshot_restored"),
            "{{instance}}",
            say,
            ["0", say("从头开始", "Anew"), colours.near],
            ["1", say("已恢复", "Restored"), colours.good],
          ),
          panels.withLines(
            graph({
              title: say("上限用量", "Use of the limits"),
              description: say("[limits] 各项的用量，取最高的实例；达到 100 % 后的处理见 METRICS.md。", "How much of each of [limits] is in use, of the daemon with the most; METRICS.md says what happens at 100 %."),
              unit: "percentunit",
              ...third,
            }),
            "used",
            `max by (limit) (${series.ratio(own("deskpulse_limit_used"), own("deskpulse_limit"))})`,
            "{{limit}}",
          ),
          panels.withLines(
            graph({
              title: say("超限次数，每秒", "Limits reached, per second"),
              description: say("因达到上限而被合并或舍弃的次数。", "Times that something was left out or put together because a limit was reached."),
              unit: "cps",
              ...third,
            }),
            "exceeded",
            rate("deskpulse_limit_exceeded_total", "limit"),
            "{{limit}}",
          ),
          clock,
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
