import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { usersQuery } from "../../api/resources";
import type { ListedUser } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Failure } from "../../components/Notice";
import { SkeletonRows } from "../../components/Skeleton";
import { utcDay } from "../../format/time";
import { counted, plainWords } from "../../format/words";
import { useWorkplace } from "../../state/environment";
import { ChangeDialog } from "./ChangeDialog";
import type { Change } from "./ChangeDialog";
import { NewUserDialog } from "./NewUserDialog";

interface Asked {
  user: ListedUser;
  change: Change;
}

/** The people with a role in this environment. */
export function UsersCard() {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(usersQuery(environment.name));
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Asked>();

  const renew = () => {
    void refetch();
    void client.invalidateQueries({ queryKey: ["audit"] });
  };
  return (
    <section className="card" aria-labelledby="users-title">
      <header className="card-head">
        <h2 id="users-title">Users</h2>
        <p className="card-note">{data ? counted(data.users.length, "person", "people") : ""}</p>
        <span className="toolbar-space" />
        <button type="button" className="button button-main" onClick={() => setAdding(true)}>
          <Icon name="plus" size={14} />
          Add a person
        </button>
      </header>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <UserTable users={data?.users} onAsk={(user, change) => setAsked({ user, change })} />
      )}
      {adding && <NewUserDialog onDone={renew} onClose={() => setAdding(false)} />}
      {asked && <ChangeDialog user={asked.user} change={asked.change} onDone={renew} onClose={() => setAsked(undefined)} />}
    </section>
  );
}

interface UserTableProps {
  /** Undefined while the first answer is under way. */
  users: readonly ListedUser[] | undefined;
  onAsk: (user: ListedUser, change: Change) => void;
}

function UserTable({ users, onAsk }: UserTableProps) {
  return (
    <div className="table-frame" tabIndex={-1}>
      <table className="table admin-table" aria-labelledby="users-title" aria-busy={!users}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Email</th>
            <th scope="col">Role</th>
            <th scope="col">State</th>
            <th scope="col">Since (UTC)</th>
            <th scope="col">
              <span className="sr-only">Changes</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {users?.map((user) => (
            <UserRow key={user.id} user={user} onAsk={onAsk} />
          ))}
          {!users && <SkeletonRows rows={5} columns={6} />}
        </tbody>
      </table>
    </div>
  );
}

function UserRow({ user, onAsk }: { user: ListedUser; onAsk: UserTableProps["onAsk"] }) {
  const { me } = useWorkplace();
  const self = user.email.toLowerCase() === me.user.email.toLowerCase();
  return (
    <tr data-testid="user-row" className={user.disabled ? "user-disabled" : undefined}>
      <td>
        {user.name || "–"}
        {self && <span className="tag tag-after">you</span>}
      </td>
      <td>{user.email}</td>
      <td>{plainWords(user.role)}</td>
      <td>
        <span className={user.disabled ? "tag tag-bad" : "tag tag-good"}>{user.disabled ? "disabled" : "active"}</span>
      </td>
      <td className="tabular">{utcDay(user.created)}</td>
      <td className="admin-changes">
        {!self && (
          <>
            {!user.disabled && (
              <button type="button" className="text-button" aria-label={`New password for ${user.email}`} onClick={() => onAsk(user, "password")}>
                New password
              </button>
            )}
            <button
              type="button"
              className={user.disabled ? "text-button" : "text-button text-button-bad"}
              aria-label={`${user.disabled ? "Enable" : "Disable"} ${user.email}`}
              onClick={() => onAsk(user, user.disabled ? "enable" : "disable")}
            >
              {user.disabled ? "Enable" : "Disable"}
            </button>
          </>
        )}
      </td>
    </tr>
  );
}
