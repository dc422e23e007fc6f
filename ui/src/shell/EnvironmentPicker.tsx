import { Icon } from "../components/Icon";
import { Popover } from "../components/Popover";
import { useWorkplace } from "../state/environment";

export function EnvironmentPicker() {
  const { me, environment, switchTo } = useWorkplace();
  return (
    <Popover
      label={`Environment: ${environment.name}`}
      title="Environments"
      className="topbar-button"
      button={
        <>
          <span className="environment-dot" />
          {environment.name}
          <Icon name="chevron" size={14} />
        </>
      }
    >
      {(close) => (
        <ul className="menu">
          {me.environments.map(({ name, role }) => (
            <li key={name}>
              <button
                type="button"
                aria-current={name === environment.name}
                onClick={() => {
                  close();
                  if (name !== environment.name) switchTo(name);
                }}
              >
                <span className="menu-check">{name === environment.name && <Icon name="check" size={14} />}</span>
                {name}
                <span className="menu-detail">{role}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}
