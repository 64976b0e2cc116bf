// Today's curves: who came, who was answered, who was missed, by the half hour. ECharts, which only board pages load.

import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { language, pageData, t } from "config/i18n.js";
import { now, view } from "./state.js";

const SLOT_MS = 1_800_000;
let loading = null;

/** Load ECharts once; it is a classic script. */
export function loadCharts() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = pageData.echarts;
    script.onload = () => resolve(globalThis.echarts);
    script.onerror = () => { loading = null; reject(new Error("echarts did not load")); };
    document.head.append(script);
  });
  return loading;
}

/** The colours of the page's own theme, so that light, wall and print agree. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { text: of("--muted"), line: of("--line"), accent: of("--accent"), calm: of("--calm"), attention: of("--attention"), breach: of("--breach"), unknown: of("--unknown"), font: of("--font") };
}

/** What every chart of ours shares. Tooltips are drawn, not HTML: the page's policy allows no inline styles. */
export function frame(colour, size = 12) {
  const axis = { axisLine: { lineStyle: { color: colour.line } }, axisLabel: { color: colour.text, fontSize: size }, splitLine: { lineStyle: { color: colour.line } } };
  return {
    animation: false,
    textStyle: { fontFamily: colour.font, color: colour.text },
    grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", renderMode: "richText" },
    legend: { top: 0, textStyle: { color: colour.text, fontSize: size }, itemHeight: 10 },
    aria: { enabled: true },
    axis,
  };
}

/** A canvas that shows *option*(colours) and follows it. *label* is what a screen reader is told. */
export function Chart({ option, label, className = "chart", onPick = null }) {
  const box = useRef(null);
  const chart = useRef(null);
  useEffect(() => {
    let gone = false;
    const resize = () => chart.current?.resize();
    loadCharts().then((echarts) => {
      if (gone || !box.current) return;
      chart.current = echarts.init(box.current, null, { renderer: "canvas" });
      chart.current.setOption(option(colours()));
      if (onPick) chart.current.on("click", onPick);
    }, () => { if (box.current) box.current.textContent = t("board.chart_failed"); });
    addEventListener("resize", resize);
    return () => { gone = true; removeEventListener("resize", resize); chart.current?.dispose(); };
  }, []);
  useEffect(() => { chart.current?.setOption(option(colours())); });
  return html`<div class=${className} ref=${box} role="img" aria-label=${label}></div>`;
}

const clock = new Intl.DateTimeFormat(language, { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayStart = (ms) => Math.floor((ms + 8 * 3_600_000) / 86_400_000) * 86_400_000 - 8 * 3_600_000;

export function Curves() {
  const slots = view.value.curves;
  const start = dayStart(now.value);
  const last = Math.min(47, Math.floor((now.value - start) / SLOT_MS));
  const first = Math.min(Number(Object.keys(slots)[0] ?? 16), 16, last);
  const range = Array.from({ length: last - first + 1 }, (_, n) => n + first);
  const of = (what) => range.map((slot) => slots[slot]?.[what] ?? 0);
  const sum = (what) => of(what).reduce((a, b) => a + b, 0);
  const option = (colour) => {
    const { axis, ...shared } = frame(colour, pageData.wall ? 18 : 12);
    const line = (name, data, color, type) => ({ name, data, type: "line", symbol: "none", smooth: 0.25, lineStyle: { width: 2.5, color, type }, itemStyle: { color } });
    return {
      ...shared,
      xAxis: { type: "category", data: range.map((slot) => clock.format(new Date(start + slot * SLOT_MS))), ...axis },
      yAxis: { type: "value", minInterval: 1, ...axis },
      series: [
        line(t("board.curve_arrived"), of("arrived"), colour.accent, "solid"),
        line(t("board.curve_answered"), of("answered"), colour.calm, "dashed"),
        line(t("board.curve_missed"), of("missed"), colour.breach, "dotted"),
      ],
    };
  };
  const label = t("board.curves_label", { arrived: sum("arrived"), answered: sum("answered"), missed: sum("missed") });
  return html`<section class="panel">
    <h2 id="curves">${t("board.curves")}</h2>
    ${sum("arrived") ? html`<${Chart} option=${option} label=${label} />` : html`<p class="empty muted">${t("board.curves_empty")}</p>`}
  </section>`;
}
