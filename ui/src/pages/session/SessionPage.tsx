import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { explanationQuery, fieldsQuery, storyQuery } from "../../api/resources";
import type { Explanation, Story } from "../../api/types";
import { Icon } from "../../components/Icon";
import { LiveToggle } from "../../components/LiveToggle";
import { Failure, FailureBanner } from "../../components/Notice";
import { may, useWorkplace } from "../../state/environment";
import { useKeys } from "../../state/keys";
import { NamesContext, makeNames } from "../../state/names";
import { usePausedLive } from "../../state/use-paused-live";
import { useTitle } from "../../state/use-title";
import { BackLink } from "./BackLink";
import { ExplanationCard } from "./ExplanationCard";
import { FindingsCard } from "./FindingsCard";
import { LinkedTable } from "./LinkedTable";
import { RatingBanner } from "./RatingBanner";
import { SessionSkeleton } from "./SessionSkeleton";
import { SpareDialog } from "./SpareDialog";
import { Spotlight } from "./Spotlight";
import { EventTable } from "./events/EventTable";
import { RiskTimeline } from "./timeline/RiskTimeline";

const livePause = 1_000;

/** User Session Assessment: one session whole. */
export function SessionPage({ id }: { id: string }) {
  const { environment } = useWorkplace();
  const [, navigate] = useLocation();
  const [sparing, setSparing] = useState(false);
  const story = useQuery(storyQuery(environment.name, id));
  const explanation = useQuery(explanationQuery(environment.name, id));
  const fields = useQuery(fieldsQuery(environment.name));
  const names = useMemo(() => makeNames(fields.data), [fields.data]);
  const refetch = () => {
    void story.refetch({ cancelRefetch: false });
    void explanation.refetch({ cancelRefetch: false });
  };
  const live = usePausedLive(true, livePause, (record) => record.session_id === id, refetch);

  useTitle("Session");
  useKeys({
    l: live.toggle,
    Escape: () => {
      // Back to the very search one came from; a session opened by its link has none.
      if (cameFromSearch()) window.history.back();
      else navigate(`/search?env=${encodeURIComponent(environment.name)}`);
    },
  });

  return (
    <NamesContext value={names}>
      <div className="page page-session">
        <div className="session-head">
          <BackLink />
          <h1>User Session Assessment</h1>
          <span className="toolbar-space" />
          {story.data && may(environment, "mitigation:spare") && (
            <button type="button" className="button" onClick={() => setSparing(true)}>
              <Icon name="shield" size={14} />
              Let this visitor through
            </button>
          )}
          <LiveToggle on={live.on} possible why="" waiting={live.waiting} onChange={live.toggle} />
        </div>
        {sparing && story.data && <SpareDialog story={story.data} onClose={() => setSparing(false)} />}
        {story.error && story.data && <FailureBanner error={story.error} retry={live.refresh} />}
        {story.data ? (
          <Assessment story={story.data} explanation={explanation.data} />
        ) : story.error ? (
          <Failure error={story.error} retry={live.refresh} />
        ) : (
          <SessionSkeleton />
        )}
      </div>
    </NamesContext>
  );
}

function Assessment({ story, explanation }: { story: Story; explanation: Explanation | undefined }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const show = (id: string) => {
    setOpen(new Set(open).add(id));
    // The row may only now be made: look for it when it is there.
    requestAnimationFrame(() => {
      const row = document.getElementById(`event-${id}`);
      row?.scrollIntoView({ block: "center" });
      row?.focus({ preventScroll: true });
    });
  };
  return (
    <>
      <div className="session-top">
        <Spotlight session={story.session} />
        <RatingBanner session={story.session} events={story.events} />
      </div>
      <div className="session-middle">
        <RiskTimeline story={story} onShow={show} />
        <FindingsCard story={story} onShow={show} />
      </div>
      {explanation && <ExplanationCard explanation={explanation} />}
      <EventTable story={story} open={open} onToggle={toggle} />
      <LinkedTable linked={story.linked} />
    </>
  );
}

function cameFromSearch(): boolean {
  const state: unknown = window.history.state;
  return typeof state === "object" && state !== null && "fromSearch" in state;
}
