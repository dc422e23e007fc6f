import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keysQuery, rotateKeys } from "../../../api/payment-connections";
import { utcSecond } from "../../../format/time";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { ChangeDialog } from "../ChangeDialog";
import { Table } from "../Table";

/** The keys that clients' tokens are signed with; the keys themselves are never told. */
export function KeysCard() {
  const { environment } = useWorkplace();
  const [rotating, setRotating] = useState(false);
  const { data, error, refetch } = useQuery(keysQuery(environment.name));
  return (
    <Card
      title="Token Keys"
      note="They are renewed by themselves, too"
      tools={
        <button type="button" className="button" onClick={() => setRotating(true)}>
          New token key
        </button>
      }
    >
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        <Table
          label="Token keys"
          heads={["Key ID", "Made UTC", "State"]}
          rows={data?.map((key) => (
            <tr key={key.kid} data-testid="key-row">
              <td className="mono">{key.kid}</td>
              <td className="tabular nowrap">{utcSecond(key.created_at)}</td>
              <td>{key.signs ? <span className="tag tag-good">signs new tokens</span> : <span className="tag">still checks what it signed</span>}</td>
            </tr>
          ))}
        />
      </Answer>
      {rotating && (
        <ChangeDialog title="New token key" button="Make a new key" perform={() => rotateKeys(environment.name)} changes={["keys"]} onClose={() => setRotating(false)}>
          <p>New tokens are signed with a new key. Tokens that clients have live on until they run out; nobody has to do anything.</p>
        </ChangeDialog>
      )}
    </Card>
  );
}
