import { Icon } from "../../components/Icon";
import { count } from "../../format/words";
import { pageSize } from "../../state/search-state";

interface PagerProps {
  page: number;
  total: number;
  onPage: (page: number) => void;
}

export function Pager({ page, total, onPage }: PagerProps) {
  const pages = Math.max(1, Math.ceil(total / pageSize));
  if (pages === 1 && page === 1) return null;
  const first = (page - 1) * pageSize + 1;
  return (
    <nav className="pager" aria-label="Result pages">
      <span className="tabular">
        {first <= total ? `${count(first)}–${count(Math.min(total, page * pageSize))} of ${count(total)}` : "Beyond the last page"}
      </span>
      <button type="button" className="icon-button" aria-label="Previous page" disabled={page <= 1} onClick={() => onPage(Math.min(page - 1, pages))}>
        <Icon name="left" />
      </button>
      <span className="tabular">
        Page {count(page)} of {count(pages)}
      </span>
      <button type="button" className="icon-button" aria-label="Next page" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        <Icon name="right" />
      </button>
    </nav>
  );
}
