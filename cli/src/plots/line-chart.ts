/**
 * Line charts as SVG text, for documents: the same chart gives the same bytes, on any machine and any day.
 *
 * White ground, so that they read on light and dark pages alike. Series differ in colour and in dash, since not everybody
 * tells colours apart.
 */
import { LineChart as LineSeries } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([
  LineSeries,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
]);

interface Axis {
  /** What it measures and in which unit: `entropy threshold T, nats`. */
  readonly title: string;
  /** Left out: where the data begins and ends, widened to round numbers. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Labels of its ticks; left out: the number itself. */
  readonly format?: ((value: number) => string) | undefined;
}

interface Series {
  readonly name: string;
  /** `[x, y]`, x ascending; null breaks the line. */
  readonly points: readonly (readonly [number, number | null])[];
  /** Which axis measures it; `right` needs one in the chart. Default `left`. */
  readonly axis?: "left" | "right" | undefined;
  /** Whether each point is marked. Default: where they are few. */
  readonly symbols?: boolean | undefined;
  /** `step` holds a value until the next point. Default `line`. */
  readonly shape?: "line" | "step" | undefined;
}

/** A stretch of x set off by its ground. */
interface Band {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** A vertical line at one x. */
interface Marker {
  readonly name: string;
  readonly x: number;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly left: Axis;
  readonly right?: Axis | undefined;
  readonly series: readonly Series[];
  readonly bands?: readonly Band[] | undefined;
  readonly markers?: readonly Marker[] | undefined;
  /** Pixels; default 760 x 420. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** Okabe and Ito 2008, in an order whose neighbours differ most; yellow is left out, too pale on white. */
const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"] as const;
const dashes = ["solid", [7, 4], [2, 3], [10, 3, 2, 3], [5, 2, 1, 2, 1, 2]] as const;
const ink = "#1f2328";
const faint = "#d0d7de";
const bandGround = ["rgba(0, 114, 178, 0.09)", "rgba(230, 159, 0, 0.12)", "rgba(0, 158, 115, 0.10)"] as const;
/** More points than this need no symbol each. */
const MOST_SYMBOLS = 40;

/** @returns an SVG document, ending in a newline */
export function lineChart(chart: LineChart): string {
  const { width = 760, height = 420 } = chart;
  const drawing = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    drawing.setOption(optionOf(chart));
    return fixed(drawing.renderToSVGString(), chart);
  } finally {
    drawing.dispose();
  }
}

function optionOf(chart: LineChart) {
  const { title, series, x, left, right } = chart;
  return {
    animation: false,
    backgroundColor: "#ffffff",
    color: [...colours],
    textStyle: { fontFamily: "Helvetica, Arial, sans-serif", color: ink },
    title: { text: title, left: "center", top: 10, textStyle: { fontSize: 15, color: ink } },
    legend: {
      bottom: 8,
      itemWidth: 34,
      // The line alone: a dot would hide its dash.
      itemStyle: { opacity: 0 },
      data: series.map(({ name }) => name),
      textStyle: { color: ink, fontSize: 12 },
    },
    grid: { left: 66, right: right === undefined ? 28 : 70, top: 58, bottom: 92 },
    xAxis: {
      ...axisOf(x),
      nameGap: 30,
      splitLine: { show: false },
      axisLine: { onZero: false, lineStyle: { color: ink } },
    },
    yAxis: [
      { ...axisOf(left), nameGap: 48, splitLine: { lineStyle: { color: faint } } },
      ...(right === undefined ? [] : [{ ...axisOf(right), nameGap: 52, splitLine: { show: false } }]),
    ],
    series: series.map((one, index) => seriesOf(one, index, index === 0 ? chart : {})),
  };
}

function axisOf({ title, min, max, format }: Axis) {
  return {
    type: "value" as const,
    name: title,
    nameLocation: "middle" as const,
    nameTextStyle: { color: ink, fontSize: 12 },
    axisLabel: { color: ink, ...(format === undefined ? {} : { formatter: format }) },
    axisTick: { show: true },
    scale: true,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

/** @param marks - bands and markers hang on one series, the first */
function seriesOf(series: Series, index: number, { bands = [], markers = [] }: Partial<LineChart>) {
  const dash = dashes[index % dashes.length]!;
  return {
    type: "line" as const,
    name: series.name,
    data: series.points.map(([x, y]) => [x, y]),
    yAxisIndex: series.axis === "right" ? 1 : 0,
    step: series.shape === "step" ? ("end" as const) : (false as const),
    symbol: "circle",
    symbolSize: 5,
    showSymbol: series.symbols ?? series.points.length <= MOST_SYMBOLS,
    lineStyle: { width: 2, type: typeof dash === "string" ? dash : [...dash] },
    ...(markers.length === 0 ? {} : { markLine: markLine(markers) }),
    ...(bands.length === 0 ? {} : { markArea: markArea(bands) }),
  };
}

function markLine(markers: readonly Marker[]) {
  return {
    symbol: "none",
    silent: true,
    lineStyle: { color: ink, type: [4, 3], width: 1 },
    label: { color: ink, position: "end" as const, formatter: "{b}", fontSize: 11 },
    data: markers.map(({ name, x }) => ({ name, xAxis: x })),
  };
}

function markArea(bands: readonly Band[]) {
  return {
    silent: true,
    label: { color: ink, position: "insideTop" as const, fontSize: 11 },
    data: bands.map(({ name, from, to }, index): [object, object] => [
      { name, xAxis: from, itemStyle: { color: bandGround[index % bandGround.length] } },
      { xAxis: to },
    ]),
  };
}

/**
 * Names the drawing for readers of screens. What is for a page that answers a pointer goes: its ids count the drawings of
 * this process.
 */
function fixed(svg: string, { title, series }: LineChart): string {
  const text = escaped(`${title}: ${series.map(({ name }) => name).join(", ")}`);
  return `${svg
    .replace(/<style\s*>.*?<\/style>/s, "")
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, "")
    .replaceAll(/\bzr\d+-/g, "chart-")
    .replace(
      /<svg ([^>]*)>/,
      (_, attributes: string) => `<svg role="img" ${attributes}>\n<title>${text}</title>`,
    )
    .replaceAll(/\n{2,}/g, "\n")
    .trimEnd()}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
