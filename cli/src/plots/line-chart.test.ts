import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LineChart, lineChart } from "./line-chart.ts";

const chart: LineChart = {
  title: "accuracy & share sent <trial>",
  x: { title: "T, nats", min: 0 },
  left: { title: "accuracy", format: (value) => `${Math.round(100 * value)} %` },
  right: { title: "share sent" },
  series: [
    {
      name: "edge and cloud",
      points: [
        [0, 0.9],
        [1, 0.8],
      ],
    },
    {
      name: "sent",
      axis: "right",
      shape: "step",
      points: [
        [0, 1],
        [0.5, null],
        [1, 0],
      ],
    },
  ],
  bands: [{ name: "fog", from: 0.2, to: 0.4 }],
  markers: [{ name: "own T", x: 0.5 }],
};

describe("lineChart", () => {
  it("gives the same bytes for the same chart, whatever was drawn before", () => {
    const first = lineChart(chart);
    lineChart({ ...chart, title: "another", series: chart.series.slice(0, 1) });
    assert.equal(lineChart(chart), first);
  });

  it("names axes with their units, series, bands and markers", () => {
    const svg = lineChart(chart);
    for (const text of [
      "T, nats",
      "accuracy",
      "share sent",
      "edge and cloud",
      "sent",
      "fog",
      "own T",
      "90 %",
    ]) {
      assert.ok(svg.includes(`>${text}</text>`), `no text "${text}"`);
    }
  });

  it("begins with a title for readers of screens, on a white ground", () => {
    const svg = lineChart(chart);
    assert.match(svg, /^<svg role="img" [^>]*viewBox="0 0 760 420">\n<title>/);
    assert.match(svg, /<title>accuracy &amp; share sent &lt;trial&gt;: edge and cloud, sent<\/title>/);
    assert.match(svg, /<rect [^>]*fill="#ffffff">/);
  });

  it("tells series apart by dash as well as by colour", () => {
    const [, second] = /stroke="#D55E00"[^>]*stroke-dasharray="([\d,]+)"/.exec(lineChart(chart)) ?? [];
    assert.equal(second, "7,4");
    assert.doesNotMatch(lineChart(chart), /stroke="#0072B2"[^>]*stroke-dasharray/);
  });

  it("carries nothing that only a page with scripts uses", () => {
    assert.doesNotMatch(lineChart(chart), / class=|<style|ecmeta|\bzr\d/);
  });
});
