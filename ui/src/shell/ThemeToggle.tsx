import { Icon } from "../components/Icon";
import type { IconName } from "../components/Icon";
import type { Theme } from "../state/theme";
import { useTheme } from "../state/theme";

const next: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const icons: Record<Theme, IconName> = { system: "screen", light: "sun", dark: "moon" };
const names: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };

export function ThemeToggle() {
  const [theme, choose] = useTheme();
  const label = `Theme: ${names[theme]}. Switch to ${names[next[theme]]}`;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => choose(next[theme])}>
      <Icon name={icons[theme]} />
    </button>
  );
}
