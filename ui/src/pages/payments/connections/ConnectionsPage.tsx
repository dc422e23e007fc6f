import { useState } from "react";
import { may, useWorkplace } from "../../../state/environment";
import { PaymentsPage } from "../PaymentsPage";
import { BackendsCard } from "./BackendsCard";
import { ClientsCard } from "./ClientsCard";
import { DeadLettersCard } from "./DeadLettersCard";
import { ErasureCard } from "./ErasureCard";
import { IntegrationsCard } from "./IntegrationsCard";
import { KeysCard } from "./KeysCard";
import type { Secret } from "./SecretOnce";
import { SecretOnce } from "./SecretOnce";
import { WebhooksCard } from "./WebhooksCard";

/** Who calls the decision API, and whom it calls. */
export function ConnectionsPage() {
  const { environment } = useWorkplace();
  const [secret, setSecret] = useState<Secret | undefined>();
  const manages = may(environment, "payments:manage");
  return (
    <PaymentsPage part="connections" title="Connections">
      <IntegrationsCard manages={manages} />
      <BackendsCard manages={manages} />
      <WebhooksCard manages={manages} onSecret={setSecret} />
      <DeadLettersCard manages={manages} />
      {manages && (
        <>
          <ClientsCard onSecret={setSecret} />
          <KeysCard />
          <ErasureCard />
        </>
      )}
      {secret && <SecretOnce secret={secret} onClose={() => setSecret(undefined)} />}
    </PaymentsPage>
  );
}
