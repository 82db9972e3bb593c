import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import * as colours from "./colours";
import type { Say } from "./language";
import { shownIsStale } from "./series";
import { nearAbove, nearBelow, type Judged } from "./targets";

/** What every panel says of itself, and its place: width in columns of 24, height in rows. */
export interface Frame {
  title: string;
  description: string;
  unit: string;
  width: number;
  height: number;
}

export const datasource: common.DataSourceRef = { type: "prometheus", uid: "${datasource}" };

/** The refId and the legend of a target's query. No shop or agent is likely to be called so. */
const targetId = "target";
const targetLegend = "deskpulse_target";

type Properties = dashboard.DynamicConfigValue[];
interface AnyPanel {
  title(text: string): this;
  description(text: string): this;
  datasource(ref: common.DataSourceRef): this;
  unit(unit: string): this;
  span(columns: number): this;
  height(rows: number): this;
  noValue(text: string): this;
}

const framed = <P extends AnyPanel>(panel: P, frame: Frame, say: Say): P =>
  panel
    .title(frame.title)
    .description(frame.description)
    .unit(frame.unit)
    .span(frame.width)
    .height(frame.height)
    .datasource(datasource)
    .noValue(say("无数据", "No data"));

const query = (refId: string, expr: string, legend: string) =>
  new prometheus.DataqueryBuilder()
    .datasource(datasource)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(expr)
    .refId(refId)
    .legendFormat(legend);

/** One value for now. */
export const now = (refId: string, expr: string, legend: string) => query(refId, expr, legend).instant();
/** A line over the time that is shown. */
export const line = (refId: string, expr: string, legend: string) => query(refId, expr, legend).range();

/** Grafana takes the first step as minus infinity, whatever its value. */
const steps = (mode: dashboard.ThresholdsMode, ...steps: [number, string][]) =>
  new dashboard.ThresholdsConfigBuilder().mode(mode).steps(steps.map(([value, color]) => ({ value, color })));
export const from = (...limits: [number, string][]) => steps(dashboard.ThresholdsMode.Absolute, ...limits);
export const plain = () => from([0, colours.lines[0]]);
export const words = (...options: [value: string, text: string, colour: string][]): dashboard.ValueMapping => ({
  type: dashboard.MappingType.ValueToText,
  options: Object.fromEntries(options.map(([value, text, color], index) => [value, { text, color, index }])),
});

/**
 * Per cent of the target. A number that is not to be passed is still in order exactly at it, as an
 * agent with 12 conversations of 12 is; hence the step a hair above 100.
 */
const againstTarget = (wanted: Judged["wanted"]) =>
  wanted === "below"
    ? steps(dashboard.ThresholdsMode.Percentage, [0, colours.good], [100 * nearBelow, colours.near], [100.01, colours.bad])
    : steps(dashboard.ThresholdsMode.Percentage, [0, colours.bad], [100 * nearAbove, colours.near], [100, colours.good]);

/**
 * Makes the target the maximum of the fields, which the thresholds are per cent of: so the colours
 * follow deskpulse_target. Without a target the transformation does nothing and the panel's own
 * maximum stands.
 */
const maximumFromTarget = (appliesTo: string): dashboard.DataTransformerConfig => ({
  id: "configFromData",
  options: {
    configRefId: targetId,
    applyTo: { id: "byFrameRefID", options: appliesTo },
    mappings: [{ fieldName: targetLegend, handlerKey: "max" }],
  },
});

/** Where the value itself is absent, Grafana would show the target in its place: these fields never. */
const valueOnly = () =>
  new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields(`/^(?!Time$|${targetLegend}$).*/`);

const bigNumber = () =>
  new stat.PanelBuilder()
    .graphMode(common.BigValueGraphMode.None)
    .justifyMode(common.BigValueJustifyMode.Center)
    .textMode(common.BigValueTextMode.Value);

/** A big number on a ground that is blue, orange or vermilion by its target. */
export const judgedStat = (judged: Judged, size: { width: number; height: number }, say: Say) =>
  framed(bigNumber(), { ...judged, ...size }, say)
    .withTarget(now("value", judged.expr, "value"))
    .withTarget(now(targetId, judged.target, targetLegend))
    .withTransformation(maximumFromTarget("value"))
    .reduceOptions(valueOnly())
    .colorMode(common.BigValueColorMode.BackgroundSolid)
    .min(0)
    .max(judged.fallback)
    .thresholds(againstTarget(judged.wanted));

/** A big number that is not judged, or judged by fixed limits. */
export const numberStat = (frame: Frame, expr: string, say: Say) =>
  framed(bigNumber(), frame, say)
    .withTarget(now("value", expr, frame.title))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .colorMode(common.BigValueColorMode.Value)
    .thresholds(plain());

/** A state as a word on a coloured ground. */
export const wordStat = (frame: Frame, expr: string, say: Say, ...options: [string, string, string][]) =>
  numberStat(frame, expr, say)
    .colorMode(common.BigValueColorMode.BackgroundSolid)
    .mappings([words(...options)]);

/** Whether the numbers beside it are live. */
export const freshness = (size: { width: number; height: number }, say: Say) =>
  wordStat(
    {
      title: say("数据", "Data"),
      description: say(
        "所选店铺的数字是否为实时：数据源断开、静默或追赶时为停滞；有两个 deskpulse 时，只要其中一个为实时即显示它的数字。无数据表示 deskpulse 没有应答。",
        "Whether the numbers of the chosen shops are live: they stand still while the feed is disconnected, silent or behind. Of two daemons the one that is live is shown. No data means that deskpulse does not answer.",
      ),
      unit: "none",
      ...size,
    },
    shownIsStale,
    say,
    ["0", say("✓ 实时", "✓ Live"), colours.good],
    ["1", say("▲ 停滞", "▲ Stale"), colours.bad],
  );

/** Several named values side by side. */
export const statStrip = (frame: Frame, queries: cog.Builder<cog.Dataquery>[], say: Say) =>
  framed(bigNumber(), frame, say)
    .targets(queries)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .textMode(common.BigValueTextMode.ValueAndName)
    .orientation(common.VizOrientation.Vertical)
    .colorMode(common.BigValueColorMode.Value)
    .thresholds(plain());

/**
 * What some series or columns, by the name that is seen, have other than the rest of their panel.
 * Grafana's published schema wants an object as the options of a matcher and as each value, and so
 * rules out overrides of a unit, a width, a minimum or links: those are the panel's.
 */
const named = (names: string[], properties: Properties) => ({
  matcher: { id: "byNames", options: { mode: "include", names } },
  properties,
});
const fixed = (colour: string): Properties[number] => ({
  id: "color",
  value: { mode: dashboard.FieldColorModeId.Fixed, fixedColor: colour },
});
const dashed = (...dash: number[]): Properties[number] => ({
  id: "custom.lineStyle",
  value: { fill: "dash", dash },
});

/** Lines over time. Series that have no colour of their own take one by name. */
export const lines = (frame: Frame, say: Say) =>
  framed(new timeseries.PanelBuilder(), frame, say)
    .drawStyle(common.GraphDrawStyle.Line)
    .lineWidth(2)
    .fillOpacity(8)
    .gradientMode(common.GraphGradientMode.None)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(false)
    .axisSoftMin(0)
    .min(0)
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName))
    .thresholds(plain())
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull"]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );
type Lines = ReturnType<typeof lines>;

/** A line of a panel, in a colour of the palette. */
export const withLine = (panel: Lines, colour: number, expr: string, legend: string): Lines =>
  panel
    .withTarget(line(`line${colour}`, expr, legend))
    .withOverride(named([legend], [fixed(colours.lines[colour]!)]));

/** Several lines of one query, named by a label. */
export const withLines = (panel: Lines, refId: string, expr: string, legend: string): Lines =>
  panel.withTarget(line(refId, expr, legend));

/** The same numbers at the same time yesterday: a grey dashed line. */
export const withYesterday = (panel: Lines, expr: string, say: Say): Lines => {
  const legend = say("昨日同时", "Yesterday");
  return panel
    .withTarget(line("yesterday", expr, legend))
    .withOverride(named([legend], [fixed(colours.neutral), dashed(4, 6)]))
    .fillOpacity(0);
};

/** The target as a vermilion dashed line, which follows deskpulse_target. */
export const withTarget = (panel: Lines, expr: string, say: Say): Lines => {
  const legend = say("标准值", "Target");
  return panel
    .withTarget(line(targetId, expr, legend))
    .withOverride(named([legend], [fixed(colours.bad), dashed(10, 6)]))
    .fillOpacity(0);
};

export const stacked = (panel: Lines): Lines =>
  panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal)).fillOpacity(40).lineWidth(1);

/** Bars of one query, longest first; as wide as the target, where there is one. */
export const bars = (frame: Frame, expr: string, legend: string, say: Say) =>
  framed(new bargauge.PanelBuilder(), frame, say)
    .withTarget(now("value", expr, legend))
    .reduceOptions(valueOnly())
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .valueMode(common.BarGaugeValueMode.Color)
    .namePlacement(common.BarGaugeNamePlacement.Left)
    .showUnfilled(true)
    .min(0)
    .thresholds(plain());
export const judgedBars = (frame: Frame, expr: string, legend: string, target: string, fallback: number, say: Say) =>
  bars(frame, expr, legend, say)
    .withTarget(now(targetId, target, targetLegend))
    .withTransformation(maximumFromTarget("value"))
    .max(fallback)
    .thresholds(againstTarget("below"));

/** How many answers took how long. */
export const durations = (frame: Frame, buckets: string, say: Say) =>
  framed(new heatmap.PanelBuilder(), frame, say)
    .withTarget(line("buckets", buckets, "{{le}}").format(prometheus.PromQueryFormat.Heatmap))
    .calculate(false)
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme("Cividis")
        .scale(heatmap.HeatmapColorScale.Exponential)
        .exponent(0.5)
        .steps(64)
        .reverse(false),
    )
    .yAxis(new heatmap.YAxisConfigBuilder().unit("s").axisPlacement(common.AxisPlacement.Left))
    .cellValues(new heatmap.CellValuesBuilder().unit(frame.unit))
    .showLegend()
    .thresholds(plain());

/** States over time, as words. */
export const states = (frame: Frame, expr: string, legend: string, say: Say, ...options: [string, string, string][]) =>
  framed(new statetimeline.PanelBuilder(), frame, say)
    .withTarget(line("state", expr, legend))
    .mappings([words(...options)])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(85)
    .thresholds(from([0, colours.good], [1, colours.bad]))
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(false)
        .calcs([]),
    );

/** A column of a table: one query whose rows are told apart by labels. */
export interface Column {
  /** refId of its query, or the label that it shows. */
  id: string;
  /** Says the unit too, where that is not a count. */
  title: string;
  /** Absent where the column shows a label. */
  expr?: string;
  /** Colours the cell by this target, in the unit of the column. */
  judged?: Pick<Judged, "target" | "wanted">;
}

/** A place that every cell of a row leads to. */
const rowLink = ({ title, url }: { title: string; url: string }) =>
  new dashboard.DashboardLinkBuilder(title).type(dashboard.DashboardLinkType.Link).url(url);

/**
 * A table with a row for each set of labels. `labelsOf` are queries whose labels, not values, are
 * shown. All queries of a table have the labels of its rows, or no two would fall into one row. The
 * targets are joined before the rows are merged, one transformation each.
 */
export function rows(
  frame: Frame,
  labelsOf: Record<string, string>,
  columns: Column[],
  sortBy: string,
  links: { title: string; url: string }[],
  say: Say,
) {
  const panel = framed(new table.PanelBuilder(), frame, say)
    .thresholds(plain())
    .decimals(0)
    .min(0)
    .dataLinks(links.map(rowLink))
    .showHeader(true)
    .cellHeight(common.TableCellHeight.Md)
    .align(common.FieldTextAlignment.Auto)
    .inspect(false)
    .filterable(false)
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(sortBy).desc(true)]);
  const tableQuery = (refId: string, expr: string) =>
    panel.withTarget(now(refId, expr, refId).format(prometheus.PromQueryFormat.Table));
  for (const [refId, expr] of Object.entries(labelsOf)) tableQuery(refId, expr);
  for (const { id, expr } of columns) if (expr !== undefined) tableQuery(id, expr);
  for (const { id, title, judged } of columns) {
    if (judged === undefined) continue;
    const refId = `${targetId}_${id}`;
    panel
      .withTarget(now(refId, judged.target, refId))
      .withTransformation({
        id: "configFromData",
        options: {
          configRefId: refId,
          applyTo: { id: "byFrameRefID", options: id },
          mappings: [{ fieldName: refId, handlerKey: "max" }],
        },
      })
      .withOverride(
        named(
          [title],
          [
            { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
            { id: "thresholds", value: againstTarget(judged.wanted).build() },
            { id: "color", value: { mode: dashboard.FieldColorModeId.Thresholds } },
          ],
        ),
      );
  }
  const field = ({ id, expr }: Column) => (expr === undefined ? id : `Value #${id}`);
  const hidden = ["Time", ...Object.keys(labelsOf).map((refId) => `Value #${refId}`)];
  return panel.withTransformation({ id: "merge", options: {} }).withTransformation({
    id: "organize",
    options: {
      excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
      indexByName: Object.fromEntries(columns.map((column, index) => [field(column), index])),
      renameByName: Object.fromEntries(columns.map((column) => [field(column), column.title])),
    },
  });
}
