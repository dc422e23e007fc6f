import { useEffect, useState } from "react";

/** The clock in milliseconds since the epoch, as of at most that many milliseconds ago. */
export function useNow(step: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), step);
    return () => clearInterval(timer);
  }, [step]);
  return now;
}
