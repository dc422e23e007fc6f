import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { logOut } from "../api/resources";
import { Icon } from "../components/Icon";
import { Popover } from "../components/Popover";
import { useWorkplace } from "../state/environment";
import { forgetHeld } from "../state/held";
import { PasswordDialog } from "./PasswordDialog";

export function UserMenu() {
  const { me, environment } = useWorkplace();
  const [changing, setChanging] = useState(false);
  const [failed, setFailed] = useState(false);
  const client = useQueryClient();
  const [, navigate] = useLocation();

  const leave = async () => {
    try {
      await logOut();
    } catch {
      // The login still lives on the server: say so instead of pretending.
      setFailed(true);
      return;
    }
    navigate("/login", { replace: true });
    client.clear();
    forgetHeld();
  };

  return (
    <>
      <Popover label="Your account" title="Your account" className="icon-button" button={<Icon name="person" />}>
        {(close) => (
          <div className="user-menu">
            <p className="user-menu-name">{me.user.name || me.user.email}</p>
            <p className="user-menu-detail">{me.user.email}</p>
            <p className="user-menu-detail">
              {environment.role} in {environment.name}
            </p>
            <ul className="menu">
              <li>
                <button
                  type="button"
                  onClick={() => {
                    close();
                    setChanging(true);
                  }}
                >
                  Change password
                </button>
              </li>
              <li>
                <button type="button" onClick={() => void leave()}>
                  Log out
                </button>
              </li>
            </ul>
            {failed && (
              <p className="form-error" role="alert">
                Could not log out. Try again.
              </p>
            )}
            {me.version !== "" && <p className="user-menu-version">Wayguard {me.version}</p>}
          </div>
        )}
      </Popover>
      {changing && <PasswordDialog onClose={() => setChanging(false)} />}
    </>
  );
}
