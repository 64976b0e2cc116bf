// The charts of a report. The tables below them have every figure: a chart that does not load loses nothing.

import { html, render } from "htm/preact";
import { pageData, t } from "config/i18n.js";
import { Chart, frame } from "./curves.js";

const charts = pageData.charts;
const followTo = (name) => ({ dataIndex }) => {
  const row = charts[name][dataIndex];
  const here = new URLSearchParams(location.search);
  const asked = new URLSearchParams({ span: here.get("span") ?? "day", day: document.getElementById("day").value });
  if (name === "day") { asked.set("span", "day"); asked.set("day", row.key); } else asked.set(name, row.key);
  location.href = `/board/reports?${asked}`;
};

/** Answered and missed as one bar, and the share answered in time as a line over them. */
const volumes = (rows) => (colour) => {
  const { axis, ...shared } = frame(colour);
  const bar = (what, color) => ({ name: t(`board.figure_${what}`), type: "bar", stack: "calls", data: rows.map((r) => r[what]), itemStyle: { color }, barMaxWidth: 36 });
  return {
    ...shared,
    xAxis: { type: "category", data: rows.map((r) => r.label), ...axis },
    yAxis: [{ type: "value", minInterval: 1, ...axis }, { type: "value", min: 0, max: 100, ...axis, splitLine: { show: false } }],
    series: [
      bar("answered", colour.calm), bar("missed", colour.breach),
      { name: t("board.figure_level"), type: "line", yAxisIndex: 1, data: rows.map((r) => r.level), lineStyle: { color: colour.accent }, itemStyle: { color: colour.accent }, symbolSize: 7 },
    ],
  };
};

/** One bar a group, the longest on top. */
const ranking = (rows) => (colour) => {
  const { axis, ...shared } = frame(colour);
  return {
    ...shared,
    legend: { show: false },
    grid: { ...shared.grid, top: 8 },
    xAxis: { type: "value", minInterval: 1, ...axis },
    yAxis: { type: "category", inverse: true, data: rows.map((r) => r.label), ...axis },
    series: [{ type: "bar", data: rows.map((r) => r.all), itemStyle: { color: colour.accent }, barMaxWidth: 22, label: { show: true, position: "right", color: colour.text } }],
  };
};

/** Mean wait and mean talk of each lawyer. */
const loads = (rows) => (colour) => {
  const { axis, ...shared } = frame(colour);
  const bar = (what, color) => ({ name: t(`board.figure_${what}`), type: "bar", data: rows.map((r) => r[what]), itemStyle: { color }, barMaxWidth: 26 });
  return { ...shared, xAxis: { type: "category", data: rows.map((r) => r.label), ...axis }, yAxis: { type: "value", minInterval: 1, ...axis }, series: [bar("answered", colour.accent), bar("closed", colour.calm)] };
};

const KINDS = [["day", "report_trend", volumes], ["hour", "report_hours", volumes], ["prefecture", "group_prefecture", ranking], ["topic", "group_topic", ranking], ["category", "group_category", ranking], ["lawyer", "group_lawyer", loads]];

function Charts() {
  const shown = KINDS.filter(([name]) => charts[name].length > (name === "day" ? 1 : 0));
  return shown.map(([name, title, option]) => html`<section class="panel" key=${name}><h2>${t(`board.${title}`)}</h2>
    <${Chart} option=${option(charts[name])} label=${said(title, charts[name])} onPick=${name === "hour" ? null : followTo(name)} /></section>`);
}

const said = (title, rows) => `${t(`board.${title}`)}: ${rows.map((r) => `${r.label} ${r.all}`).join(", ")}`;

const root = document.getElementById("charts");
if (root) render(html`<${Charts} />`, root);
document.querySelector("[data-print]")?.addEventListener("click", () => print());
document.querySelector("[data-submit]")?.addEventListener("change", (event) => { if (event.target.value) event.target.form.submit(); });
