import { Redirect } from "wouter";
import { Empty } from "../../components/Notice";
import { useWorkplace } from "../../state/environment";
import { AnalyticsPage } from "./analytics/AnalyticsPage";
import { ConnectionsPage } from "./connections/ConnectionsPage";
import { DecisionPage } from "./decision/DecisionPage";
import { DecisionsPage } from "./decisions/DecisionsPage";
import { InterceptorPage } from "./interceptors/InterceptorPage";
import { InterceptorsPage } from "./interceptors/InterceptorsPage";
import { PageLink, pageAddress } from "./links";
import { ListsPage } from "./lists/ListsPage";
import { ReviewsPage } from "./reviews/ReviewsPage";
import { RulesetPage } from "./rulesets/RulesetPage";
import { RulesetsPage } from "./rulesets/RulesetsPage";

/** Every page about payments, by its address. */
export function PaymentPages({ part, id }: { part: string; id: string }) {
  const { environment } = useWorkplace();
  switch (part) {
    case "":
      return <Redirect to={pageAddress(environment.name, "/payments/decisions")} replace />;
    case "decisions":
      return id === "" ? <DecisionsPage /> : <DecisionPage key={id} id={id} />;
    case "reviews":
      return <ReviewsPage />;
    case "analytics":
      return <AnalyticsPage />;
    case "rulesets":
      return id === "" ? <RulesetsPage /> : <RulesetPage key={id} id={id} />;
    case "lists":
      return <ListsPage key={id} list={id === "" ? "blacklist" : id} />;
    case "interceptors":
      return id === "" ? <InterceptorsPage /> : <InterceptorPage key={id} id={id} />;
    case "connections":
      return <ConnectionsPage />;
  }
  return (
    <Empty title="There is no such page">
      <p>
        <PageLink path="/payments/decisions">Search decisions</PageLink> instead.
      </p>
    </Empty>
  );
}
