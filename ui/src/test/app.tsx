import { render } from "@testing-library/react";
import { App } from "../App";

/** Opens the whole application at an address. */
export function openAt(address: string): void {
  window.history.replaceState(null, "", address);
  render(<App />);
}

/** The parameters the address bar holds now. */
export function addressBar(): URLSearchParams {
  return new URLSearchParams(window.location.search);
}
