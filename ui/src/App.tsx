import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Redirect, Route, Switch } from "wouter";
import { CrashGuard } from "./components/CrashGuard";
import { Empty } from "./components/Notice";
import { AdminPage } from "./pages/admin/AdminPage";
import { EntityRoute } from "./pages/entity/EntityRoute";
import { LoginPage } from "./pages/login/LoginPage";
import { MitigationPage } from "./pages/mitigation/MitigationPage";
import { PaymentPages } from "./pages/payments/PaymentPages";
import { SearchPage } from "./pages/search/SearchPage";
import { SessionPage } from "./pages/session/SessionPage";
import { Shell } from "./shell/Shell";
import { makeClient } from "./state/query-client";

export function App() {
  const [client] = useState(makeClient);
  return (
    <QueryClientProvider client={client}>
      <Switch>
        <Route path="/login">
          <LoginPage />
        </Route>
        <Route>
          <Shell>
            <CrashGuard>
              <Pages />
            </CrashGuard>
          </Shell>
        </Route>
      </Switch>
    </QueryClientProvider>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/search" replace />
      </Route>
      <Route path="/search">
        <SearchPage />
      </Route>
      <Route path="/mitigation">
        <MitigationPage />
      </Route>
      <Route path="/payments/:part?/:id?">{({ part, id }) => <PaymentPages part={part ?? ""} id={id ?? ""} />}</Route>
      <Route path="/entities/:element/:value">
        <EntityRoute />
      </Route>
      <Route path="/administration/:part?">{({ part }) => <AdminPage part={part === "audit" ? "audit" : "users"} />}</Route>
      <Route path="/sessions/:id">{({ id }) => <SessionPage key={id} id={id} />}</Route>
      <Route>
        <Empty title="There is no such page">
          <p>
            <a href="/search">Search sessions</a> instead.
          </p>
        </Empty>
      </Route>
    </Switch>
  );
}
