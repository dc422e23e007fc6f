import { useLocation } from "wouter";
import { EntityPage } from "./EntityPage";

/** Reads which entity the address names. */
export function EntityRoute() {
  // The router's own parameters are half decoded: a value with a slash or a percent sign would not be told from another.
  useLocation();
  const [element, value] = entityIn(window.location.pathname);
  return <EntityPage key={`${element} ${value}`} element={element} value={value} />;
}

/** Element and value of "/entities/element/value". */
export function entityIn(pathname: string): [string, string] {
  const [, , element = "", value = ""] = pathname.split("/");
  return [decoded(element), decoded(value)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
