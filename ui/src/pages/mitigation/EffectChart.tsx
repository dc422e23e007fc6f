import { useState } from "react";
import type { Bucket, Effect } from "../../api/types";
import { utcSecond } from "../../format/time";
import { count } from "../../format/words";
import { useWidth } from "../session/timeline/use-width";

const height = 96;
const bottom = 18;

/** Attempts over time as bars, with what was done and withheld of them. */
export function EffectChart({ effect }: { effect: Effect }) {
  const [frame, width] = useWidth<HTMLDivElement>(900);
  const [pointed, setPointed] = useState<number>();
  const { buckets } = effect;
  const most = Math.max(1, ...buckets.map(({ attempts, done, withheld }) => Math.max(attempts, done + withheld)));
  const step = width / Math.max(1, buckets.length);
  const tall = (value: number) => (value / most) * height;
  const shown = pointed === undefined ? undefined : buckets[pointed];
  const sum = (of: (bucket: Bucket) => number) => buckets.reduce((total, bucket) => total + of(bucket), 0);
  const summary = `${count(sum(({ attempts }) => attempts))} attempts, ${count(sum(({ done }) => done))} dealt with, ${count(sum(({ withheld }) => withheld))} withheld`;
  return (
    <figure className="effect-chart">
      <figcaption>
        <span className="key key-attempts">Attempts</span>
        <span className="key key-done">Dealt with</span>
        <span className="key key-withheld">Withheld</span>
        <span className="toolbar-space" />
        <span className="tabular" aria-live="off">
          {shown ? `${utcSecond(shown.at)} UTC: ${count(shown.attempts)} attempts, ${count(shown.done)} dealt with, ${count(shown.withheld)} withheld` : summary}
        </span>
      </figcaption>
      <div ref={frame}>
        <svg width={width} height={height + bottom} role="img" aria-label={`Over time: ${summary}; at most ${count(most)} in one step`}>
          {buckets.map((bucket, index) => (
            <g key={bucket.at} onMouseEnter={() => setPointed(index)} onMouseLeave={() => setPointed(undefined)}>
              <rect className="bar-room" x={index * step} y={0} width={step} height={height} />
              <rect className="bar-attempts" x={index * step + 0.5} y={height - tall(bucket.attempts)} width={Math.max(1, step - 1)} height={tall(bucket.attempts)} />
              <rect className="bar-done" x={index * step + 0.5} y={height - tall(bucket.done)} width={Math.max(1, step - 1)} height={tall(bucket.done)} />
              <rect
                className="bar-withheld"
                x={index * step + 0.5}
                y={height - tall(bucket.done + bucket.withheld)}
                width={Math.max(1, step - 1)}
                height={tall(bucket.withheld)}
              />
            </g>
          ))}
          {labelled(buckets).map(({ index, text }) => (
            <text key={index} x={index * step} y={height + 13}>
              {text}
            </text>
          ))}
        </svg>
      </div>
    </figure>
  );
}

const labels = 6;

/** A few of the buckets' times, the date where they span days. */
export function labelled(buckets: readonly Bucket[]): { index: number; text: string }[] {
  const first = buckets[0];
  const last = buckets.at(-1);
  if (!first || !last) return [];
  const days = Date.parse(last.at) - Date.parse(first.at) > 2 * 86_400_000;
  const every = Math.max(1, Math.ceil(buckets.length / labels));
  return buckets.flatMap(({ at }, index) => (index % every === 0 ? [{ index, text: days ? utcSecond(at).slice(5, 10) : utcSecond(at).slice(11, 16) }] : []));
}
