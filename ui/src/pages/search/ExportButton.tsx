import { useMutation } from "@tanstack/react-query";
import { prepareExport } from "../../api/resources";
import type { Query } from "../../api/types";
import { Icon } from "../../components/Icon";
import { explain } from "../../components/Notice";

const label = "Download all matching sessions as CSV";

/** Downloads the whole result. The browser follows an address that holds a ticket, never what was searched for. */
export function ExportButton({ makeQuery }: { makeQuery: () => Query }) {
  const ask = useMutation({ mutationFn: () => prepareExport(makeQuery()), onSuccess: follow });
  return (
    <>
      {ask.error && (
        <p className="toolbar-fault" role="alert">
          No download: {explain(ask.error).title.toLowerCase()}
        </p>
      )}
      <button
        type="button"
        className="icon-button"
        data-testid="csv-download"
        aria-label={label}
        title={label}
        aria-busy={ask.isPending}
        onClick={() => {
          if (!ask.isPending) ask.mutate();
        }}
      >
        <Icon name="download" />
      </button>
    </>
  );
}

/** The browser saves what the address answers; the page stays. */
function follow(address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  link.click();
}
