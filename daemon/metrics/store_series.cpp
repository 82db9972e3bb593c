#include "daemon/metrics/store_series.hpp"

#include <chrono>
#include <utility>

#include "daemon/metrics/families.hpp"

namespace deskpulse::metrics {
namespace {

using Families = std::vector<prometheus::MetricFamily>;

void add_journal_series(const moment::JournalStatus& journal, Families& families) {
  families.push_back(one(counter_family("deskpulse_journal_events_total",
                                        "Events that are safe in the journal (日志事件数)."),
                         journal.events));
  families.push_back(one(
      gauge_family("deskpulse_journal_size_bytes", "What the journal takes on disk (日志大小)."),
      journal.bytes));
  families.push_back(one(
      gauge_family("deskpulse_journal_recovered_events",
                   "Events of the journal that the start of this run applied (日志恢复事件数)."),
      journal.recovered));
  families.push_back(
      one(counter_family("deskpulse_journal_dropped_batches_total",
                         "Batches of events that never came into the journal, because the disk "
                         "could not follow (日志丢弃批次数)."),
          journal.dropped_batches));
  families.push_back(
      one(counter_family("deskpulse_journal_removed_early_total",
                         "Times that the journal lost what a snapshot could still need, because it "
                         "was larger than it may be (日志提前删除次数)."),
          journal.removed_early));
  families.push_back(by(counter_family("deskpulse_journal_failures_total",
                                       "Writes of the journal that failed, by the stage at which "
                                       "they did (日志写入失败次数)."),
                        "stage", journal.failures));
}

}  // namespace

void add_limit_series(const std::vector<moment::LimitUse>& limits, Families& families) {
  auto most = gauge_family("deskpulse_limit",
                           "The most that the stream may make grow, as set in [limits] (上限).");
  auto used = gauge_family("deskpulse_limit_used", "How much of a limit is in use (上限用量).");
  auto exceeded = counter_family("deskpulse_limit_exceeded_total",
                                 "Times that something was treated as METRICS.md says because a "
                                 "limit was reached (超限次数).");
  for (const moment::LimitUse& each : limits) {
    add_series(most, static_cast<double>(each.most), {{"limit", each.limit}});
    add_series(used, static_cast<double>(each.used), {{"limit", each.limit}});
    add_series(exceeded, static_cast<double>(each.exceeded), {{"limit", each.limit}});
  }
  families.push_back(std::move(most));
  families.push_back(std::move(used));
  families.push_back(std::move(exceeded));
}

void add_store_series(const moment::StoreStatus& store, Families& families) {
  if (!store.enabled) return;
  families.push_back(one(gauge_family("deskpulse_snapshot_interval_seconds",
                                      "From one snapshot to the next, as configured (快照间隔)."),
                         seconds(store.interval)));
  if (store.last_snapshot) {
    families.push_back(one(
        gauge_family("deskpulse_snapshot_last_success_timestamp_seconds",
                     "When the newest good snapshot on disk was taken, by this run or an earlier "
                     "one (最近快照时间)."),
        seconds(std::chrono::floor<std::chrono::milliseconds>(
            store.last_snapshot->time_since_epoch()))));
  }
  if (store.snapshots > 0) {
    families.push_back(one(gauge_family("deskpulse_snapshot_duration_seconds",
                                        "How long the newest snapshot took until it was safe on "
                                        "disk (快照耗时)."),
                           seconds(store.duration)));
    families.push_back(one(gauge_family("deskpulse_snapshot_hold_seconds",
                                        "For how long the newest snapshot held up the events "
                                        "(快照停顿)."),
                           seconds(store.hold)));
    families.push_back(
        one(gauge_family("deskpulse_snapshot_size_bytes", "The newest snapshot's size (快照大小)."),
            store.bytes));
  }
  families.push_back(one(counter_family("deskpulse_snapshots_total",
                                        "Snapshots of this run that are safe on disk (快照次数)."),
                         store.snapshots));
  families.push_back(by(counter_family("deskpulse_snapshot_failures_total",
                                       "Snapshots that failed, by the stage at which they did "
                                       "(快照失败次数)."),
                        "stage", store.failures));
  families.push_back(by(counter_family("deskpulse_snapshot_refused_total",
                                       "Snapshots that the start of this run found and could not "
                                       "use, by reason (快照拒用次数)."),
                        "reason", store.refused));
  families.push_back(one(gauge_family("deskpulse_snapshot_restored",
                                      "1 when this run went on from a snapshot; 0 when it began "
                                      "anew (已从快照恢复)."),
                         store.restored));
  if (store.acknowledged_seq) {
    families.push_back(one(gauge_family("deskpulse_feed_acknowledged_seq",
                                        "Up to which position of the stream the server was told "
                                        "that it may forget (已确认位置)."),
                           *store.acknowledged_seq));
  }
  if (store.journal.enabled) add_journal_series(store.journal, families);
}

}  // namespace deskpulse::metrics
