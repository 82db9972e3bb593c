import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { speaker, type Language, type Say } from "./language";
import { datasource } from "./panels";

export type Panel = cog.Builder<dashboard.Panel>;

/** A heading and the panels under it, laid out from left to right. */
export interface Section {
  /** Absent for the first panels of a dashboard that are to have no heading. */
  title?: string;
  panels: Panel[];
}

export interface Board {
  name: BoardName;
  title: string;
  description: string;
  from: string;
  refresh: string;
  chooses: { shop: boolean; agent: boolean };
  sections: Section[];
}
export type BoardName = "big-screen" | "agents" | "service-quality" | "deskpulse-itself";

const short: Record<Language, string> = { "zh-CN": "zh", en: "en" };

export const uid = (name: BoardName, language: Language) =>
  `${name.startsWith("deskpulse") ? name : `deskpulse-${name}`}-${short[language]}`;
export const links = (language: Language) => ({
  /** The agents of the shop, or the one agent, of a table's row. */
  agentsOfShop: `/d/${uid("agents", language)}?var-datasource=\${datasource}&var-shop=\${__data.fields.shop:percentencode}&\${__url_time_range}`,
  agent: `/d/${uid("agents", language)}?var-datasource=\${datasource}&var-shop=\${__data.fields.shop:percentencode}&var-agent=\${__data.fields.agent:percentencode}&\${__url_time_range}`,
});

const everything = { selected: true, text: ["All"], value: ["$__all"] };

/** A variable of which several values, or all, can be chosen. */
const choice = (name: string, label: string, description: string, query: string) =>
  new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current(everything);

/**
 * Shops and agents are chosen by name and queried by id: `regex` takes both from the series, whose
 * labels Prometheus lists in alphabetical order. Where two daemons disagree on a name, one is taken.
 */
const named = (variable: dashboard.QueryVariableBuilder, id: string) =>
  variable.regex(`/${id === "agent" ? `agent="(?<value>[^"]+)".*name="(?<text>[^"]+)"` : `name="(?<text>[^"]+)".*shop="(?<value>[^"]+)"`}/`);

function variables(board: Board, say: Say): cog.Builder<dashboard.VariableModel>[] {
  const list: cog.Builder<dashboard.VariableModel>[] = [
    new dashboard.DatasourceVariableBuilder("datasource")
      .label(say("数据源", "Data source"))
      .description(say("保存指标的 Prometheus", "The Prometheus that keeps the numbers"))
      .type("prometheus"),
    choice(
      "job",
      say("任务", "Job"),
      say("Prometheus 抓取任务", "Jobs that scrape the daemon"),
      'label_values({__name__=~"deskpulse_build_info|deskpulse_agent_info"}, job)',
    ),
    choice(
      "instance",
      say("实例", "Instance"),
      say("deskpulse 实例", "Daemons"),
      'label_values({__name__=~"deskpulse_build_info|deskpulse_agent_info",job=~"$job"}, instance)',
    ),
  ];
  if (board.chooses.shop)
    list.push(
      named(
        choice(
          "shop",
          say("店铺", "Shop"),
          say("可多选", "One, several or all"),
          'query_result(max by (shop, name) (deskpulse_shop_info{job=~"$job",instance=~"$instance"}))',
        ),
        "shop",
      ),
    );
  if (board.chooses.agent)
    list.push(
      named(
        choice(
          "agent",
          say("客服", "Agent"),
          say("可多选", "One, several or all"),
          'query_result(max by (agent, name) (deskpulse_agent_info{job=~"$job",instance=~"$instance",shop=~"$shop",agent!="unassigned"}))',
        ),
        "agent",
      ),
    );
  return list;
}

/** The dashboard as Grafana reads it: classic JSON, which old and new versions know. */
export function build(board: Board, language: Language): dashboard.Dashboard {
  const say = speaker(language);
  const builder = new dashboard.DashboardBuilder(board.title)
    .uid(uid(board.name, language))
    .description(board.description)
    .tags(["deskpulse", `deskpulse-${short[language]}`])
    .timezone("browser")
    .time({ from: board.from, to: "now" })
    .refresh(board.refresh)
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables(variables(board, say))
    .link(
      new dashboard.DashboardLinkBuilder(say("客服看板", "deskpulse"))
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([`deskpulse-${short[language]}`])
        .tooltip(say("其他看板", "The other dashboards"))
        .icon("external link")
        .asDropdown(true)
        .targetBlank(false)
        .includeVars(true)
        .keepTime(true),
    );
  for (const { title, panels } of board.sections) {
    if (title !== undefined) builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  built.panels?.forEach((panel, index) => (panel.id = index + 1));
  forgetNewDefaults(built);
  return built;
}

/** The builders write out defaults that only new versions know; without them old ones agree too. */
function forgetNewDefaults(board: dashboard.Dashboard) {
  for (const variable of board.templating.list ?? []) {
    delete variable.allowCustomValue;
    delete variable.auto;
    delete variable.auto_min;
    delete variable.auto_count;
  }
  const panelLinks = (board.panels ?? []).flatMap((panel) => ("fieldConfig" in panel && panel.fieldConfig?.defaults.links) || []);
  // Else a link hides in a menu.
  for (const link of [...(board.links ?? []), ...panelLinks]) delete link.placement;
}
