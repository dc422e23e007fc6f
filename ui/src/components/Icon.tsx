const shapes = {
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10Zm3.6-1.4L14 14",
  chevron: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  left: "m10 4-4 4 4 4",
  check: "m3 8.5 3.2 3.2L13 4.8",
  plus: "M8 3v10M3 8h10",
  cross: "m4 4 8 8m0-8-8 8",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  up: "M8 13V3.5M4 7.2 8 3.2l4 4",
  down: "M8 3v9.5m4-3.7-4 4-4-4",
  download: "M8 2.5v7.7m3.4-3L8 10.5 4.6 7.2M2.5 13.5h11",
  pause: "M5.5 3.5v9m5-9v9",
  play: "M5 3.2v9.6L12.5 8 5 3.2Z",
  sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.3v1.4m0 10.6v1.4M1.3 8h1.4m10.6 0h1.4M3.3 3.3l1 1m7.4 7.4 1 1m0-9.4-1 1m-7.4 7.4-1 1",
  moon: "M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7Z",
  screen: "M2 3h12v8H2V3Zm4 10.5h4",
  person: "M8 7.8a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4Zm-5.2 5.7c.5-2.4 2.5-3.9 5.2-3.9s4.7 1.5 5.2 3.9",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8v-8Z",
  bolt: "M8.8 1.8 3.5 9h4l-.8 5.2L12.5 7h-4l.3-5.2Z",
  calendar: "M2.5 4h11v9.5h-11V4Zm0 3h11M5.3 2v2.5M10.7 2v2.5",
  link: "M6.7 9.3a2.6 2.6 0 0 0 3.9.3l2-2A2.6 2.6 0 0 0 9 3.9l-.9.9m1.3 2a2.6 2.6 0 0 0-3.9-.3l-2 2a2.6 2.6 0 0 0 3.7 3.6l.8-.8",
  signature: "M2 11.5c2.5-7 5-9.5 5.8-8.2C9 5.2 5.2 11.8 6.6 12c1.2.2 2.2-3.2 3.2-3.1.9.1.2 2.1 1.2 2.3.8.1 1.5-.7 3-1.7",
  keyboard: "M1.8 4h12.4v8H1.8V4Zm2.7 2.7h.01m2.3 0h.01m2.3 0h.01m2.3 0h.01M5 9.5h6",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.5V8l2.3 1.5",
} as const;

export type IconName = keyof typeof shapes;

/** A line icon of the house; it repeats what text says, so assistive technology passes over it. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
