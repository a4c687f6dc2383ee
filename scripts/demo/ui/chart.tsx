// A small line chart by uPlot, which grows with its data and can carry a moving mark.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { colourOf } from "./colours.ts";
import "uplot/dist/uPlot.min.css";

interface ChartProps {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Columns: x, then one for each line. */
  readonly data: uPlot.AlignedData;
  readonly lines: readonly { readonly label: string; readonly colour: string }[];
  readonly logarithmic?: boolean;
  /** What y reaches from and to; that of the data unless given. */
  readonly range?: readonly [number, number] | undefined;
  readonly height?: number;
  /** An x to mark. */
  readonly mark?: number | undefined;
}

const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];

// Without data uPlot asks with null.
const linearRange: uPlot.Range.Function = (_, min, max) =>
  min === null ? [0, 1] : uPlot.rangeNum(min, max, 0.1, true);
const logarithmicRange: uPlot.Range.Function = (_, min, max) =>
  min === null ? [0.1, 1] : uPlot.rangeLog(min, max, 10, true);

const powersOfTen: uPlot.Axis.Filter = (_, splits) =>
  splits.map((y) => (Math.abs(Math.log10(y) - Math.round(Math.log10(y))) < 1e-6 ? y : null));

function options(
  { xLabel, yLabel, lines, logarithmic, range, height = 140 }: ChartProps,
  place: HTMLElement,
) {
  const ink = () => colourOf("--quiet", place);
  const axis = {
    stroke: ink,
    grid: { stroke: () => colourOf("--line", place), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(120, place.clientWidth),
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_, min, max) => (min === null ? [0, 1] : [min, Math.max(max, min + 1)]) },
      y: {
        distr: logarithmic ? 3 : 1,
        range: (plot, min, max) =>
          (logarithmic ? logarithmicRange : linearRange)(plot, range?.[0] ?? min, range?.[1] ?? max, "y"),
      },
    },
    axes: [
      {
        ...axis,
        label: xLabel,
        labelSize: 16,
        size: 24,
        incrs: wholeSteps,
        labelFont: "12px sans-serif",
        font: "11px sans-serif",
      },
      {
        ...axis,
        label: yLabel,
        space: 26,
        ...(logarithmic && { filter: powersOfTen, grid: { ...axis.grid, filter: powersOfTen } }),
        labelSize: 18,
        size: 44,
        labelFont: "12px sans-serif",
        font: "11px sans-serif",
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour }) => ({
        label,
        stroke: () => colourOf(colour, place),
        width: 1.5,
        points: { show: false },
      })),
    ],
  } satisfies uPlot.Options;
}

function drawMark(plot: uPlot, x: number | undefined, colour: string): void {
  if (x === undefined) return;
  const at = Math.round(plot.valToPos(x, "x", true));
  const { top, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.strokeStyle = colour;
  plot.ctx.lineWidth = 2;
  plot.ctx.beginPath();
  plot.ctx.moveTo(at, top);
  plot.ctx.lineTo(at, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const mark = useRef(props.mark);
  mark.current = props.mark;
  const shape = `${props.logarithmic} ${props.lines.length} ${props.height} ${props.range}`;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = new uPlot(
      {
        ...options(props, element),
        hooks: { draw: [(drawn) => drawMark(drawn, mark.current, colourOf("--warm", element))] },
      },
      props.data,
      element,
    );
    plot.current = chart;
    const resize = new ResizeObserver(() =>
      chart.setSize({ width: Math.max(120, element.clientWidth), height: props.height ?? 140 }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(props.data), [props.data]);
  useEffect(() => plot.current?.redraw(false), [props.mark]);
  return <div ref={place} role="img" aria-label={props.label} />;
}
