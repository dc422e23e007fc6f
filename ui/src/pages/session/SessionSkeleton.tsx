import { SkeletonRows } from "../../components/Skeleton";

export function SessionSkeleton() {
  return (
    <div role="status" aria-label="Loading the session">
      <div className="session-top">
        <div className="card skeleton-block" />
        <div className="card skeleton-block" />
      </div>
      <div className="session-middle">
        <div className="card skeleton-block skeleton-tall" />
        <div className="card skeleton-block skeleton-tall" />
      </div>
      <table className="card table">
        <tbody>
          <SkeletonRows rows={8} columns={6} />
        </tbody>
      </table>
    </div>
  );
}
