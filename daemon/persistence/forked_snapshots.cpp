#include "daemon/persistence/forked_snapshots.hpp"

#include <cstring>
#include <type_traits>
#include <utility>

namespace deskpulse {

static_assert(std::is_trivially_copyable_v<store::SaveResult> &&
              sizeof(store::SaveResult) <= sizeof(ForkedTask::Result));

void ForkedSnapshots::run(Save save, Done done) {
  task_.start(
      [save = std::move(save)](ForkedTask::Result& result) {
        const store::SaveResult saved = save();
        std::memcpy(result.data(), &saved, sizeof(saved));
      },
      [done = std::move(done)](const ForkedTask::Outcome& outcome) {
        SnapshotTaken taken;
        taken.fork_error = outcome.error;
        taken.died = outcome.error == 0 && !outcome.finished;
        taken.hold = outcome.hold;
        taken.duration = outcome.duration;
        if (outcome.finished) std::memcpy(&taken.saved, outcome.result.data(), sizeof(taken.saved));
        done(taken);
      });
}

}  // namespace deskpulse
