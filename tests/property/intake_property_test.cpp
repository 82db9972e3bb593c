// The feed's intake with the engine behind it, against the recount of both, on random arrivals.
#include <gtest/gtest.h>

#include "daemon/engine/engine.hpp"
#include "daemon/intake/intake.hpp"
#include "tests/property/comparison.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/reorder_recount.hpp"

namespace deskpulse::property {
namespace {

class EngineSink final : public intake::EventSink {
 public:
  explicit EngineSink(engine::Engine& engine) : engine_(engine) {}
  void apply(const proto::Event& event) override { engine_.apply(event); }
  void advance(proto::Instant watermark) override { engine_.advance(watermark); }
  void begin_counters_anew() override { engine_.begin_counters_anew(); }

 private:
  engine::Engine& engine_;
};

Series series_of(const intake::IntakeCounters& counters) {
  const auto rejected = [&](proto::Reject reason) {
    return static_cast<double>(counters.rejected[static_cast<std::size_t>(reason)]);
  };
  double taken = 0;
  for (const std::uint64_t of_type : counters.events) taken += static_cast<double>(of_type);
  return {{"taken", taken},
          {"late", static_cast<double>(counters.late)},
          {"duplicates", static_cast<double>(counters.duplicates)},
          {"future", rejected(proto::Reject::future)},
          {"too_late", rejected(proto::Reject::too_late)},
          {"unknown_type", rejected(proto::Reject::unknown_type)},
          {"unknown_from", rejected(proto::Reject::unknown_from)}};
}

Series series_of(const ReorderRecount::Counts& counts) {
  return {{"taken", counts.taken},
          {"late", counts.late},
          {"duplicates", counts.duplicates},
          {"future", counts.future},
          {"too_late", counts.too_late},
          {"unknown_type", counts.unknown_type},
          {"unknown_from", counts.unknown_from}};
}

intake::IntakeSettings settings_of(const ReorderRecount::Settings& order) {
  intake::IntakeSettings settings;
  settings.reorder_window = proto::Millis{order.reorder_window};
  settings.allowed_lateness = proto::Millis{order.allowed_lateness};
  settings.max_clock_skew = proto::Millis{order.max_clock_skew};
  return settings;
}

std::optional<Failure> compare(const History& history) {
  engine::Engine engine(settings_of(history.rules));
  EngineSink sink(engine);
  intake::Intake intake(settings_of(history.order), proto::IdHasher{}, sink);
  engine::Report report;
  Recount recount(history.rules);
  ReorderRecount order(history.order, recount);
  const auto look_at_both = [&](std::size_t step) -> std::optional<Failure> {
    if (auto difference =
            first_difference(series_of(intake.counters()), series_of(order.counts()))) {
      return Failure{step, recount.now(), *difference};
    }
    return look(step, engine, report, recount);
  };

  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    const Step& step = history.steps[i];
    if (step.what == Step::What::act) {
      const std::uint64_t set_back = intake.gaps().count(intake::GapKind::set_back);
      intake.accept(step.act.event(), instant(step.at));
      order.arrive(step.act, step.at);
      if (intake.gaps().count(intake::GapKind::set_back) > set_back) order.begin_counters_anew();
    } else if (auto failure = look_at_both(i)) {
      return failure;
    }
  }
  std::optional<Time> until;
  if (history.steps.size() % 3 == 0) {
    until = recount.now() + static_cast<Time>(history.steps.size() % 7) * 20 * kSecond;
  }
  intake.finish(until ? std::optional(instant(*until)) : std::nullopt);
  order.finish(until);
  return look_at_both(history.steps.size());
}

TEST(Intake, AgreesWithTheRecountOnRandomArrivals) {
  EXPECT_TRUE(agree_on_histories(random_arrivals, compare, histories_to_try()));
}

}  // namespace
}  // namespace deskpulse::property
