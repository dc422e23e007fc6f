/** Placeholder rows of a table while its first answer is under way. */
export function SkeletonRows({ rows, columns }: { rows: number; columns: number }) {
  return Array.from({ length: rows }, (_, row) => (
    <tr key={row} className="skeleton-row" aria-hidden="true">
      {Array.from({ length: columns }, (_, column) => (
        <td key={column}>
          <span className={`skeleton skeleton-${(row * 7 + column * 3) % 4}`} />
        </td>
      ))}
    </tr>
  ));
}
