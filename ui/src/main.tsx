import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { applyTheme, storedTheme } from "./state/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/table.css";
import "./styles/search.css";
import "./styles/session.css";
import "./styles/event.css";
import "./styles/admin.css";
import "./styles/mitigation.css";
import "./styles/payments.css";

applyTheme(storedTheme());

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
