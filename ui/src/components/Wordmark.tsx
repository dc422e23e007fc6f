/** The product's mark and name. */
export function Wordmark() {
  return (
    <span className="wordmark">
      <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
        <rect className="wordmark-ground" width="32" height="32" rx="8" />
        <path className="wordmark-way" d="M6.5 9.5 11.6 23 16 12.4 20.4 23l5.1-13.5" />
        <circle className="wordmark-guard" cx="16" cy="12" r="2.6" />
      </svg>
      <span className="wordmark-name">Wayguard</span>
    </span>
  );
}
