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
  block: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM3.8 3.8l8.4 8.4",
  mask: "M2 4c2.2-1.2 9.8-1.2 12 0 .4 5-1.8 8.5-6 8.5S1.6 9 2 4Zm2.8 3.2c.6-.7 1.5-.7 2.1 0m2.2 0c.6-.7 1.5-.7 2.1 0",
  decoy: "M2.5 13.5 8 2.5l5.5 11m-9.2-3.7h7.4M8 9.8v3.7",
  shield: "M8 1.8 13 3.7v3.8c0 3-2 5.5-5 6.7-3-1.2-5-3.7-5-6.7V3.7L8 1.8Zm-2.2 6 1.6 1.6 2.9-3",
  key: "M5.3 10.7a2.7 2.7 0 1 1 0-5.4 2.7 2.7 0 0 1 0 5.4ZM8 8h6v2.4M11.3 8v1.8",
  pen: "m3 13 .6-2.8L11 2.8l2.2 2.2-7.4 7.4L3 13Z",
  tag: "M2.5 2.5h5l6 6-5 5-6-6v-5Zm2.7 2.7h.01",
  undo: "M3 6h6.5a3.5 3.5 0 0 1 0 7H6M5.8 3.2 3 6l2.8 2.8",
} as const;

export type IconName = keyof typeof shapes;

/** The path of an icon of 16 by 16, for pictures of our own. */
export function iconShape(name: IconName): string {
  return shapes[name];
}

/** A line icon of the house; it repeats what text says, so assistive technology passes over it. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
