// The engine against the recount, on random histories.
#include <gtest/gtest.h>

#include "daemon/engine/engine.hpp"
#include "tests/property/comparison.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/kept_image.hpp"

namespace deskpulse::property {
namespace {

std::optional<Failure> compare(const History& history) {
  auto engine = std::make_unique<engine::Engine>(settings_of(history.rules));
  engine::Report report;
  Recount recount(history.rules);
  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    const Step& step = history.steps[i];
    switch (step.what) {
      case Step::What::act:
        engine->apply(step.act.event());
        recount.apply(step.act.event());
        break;
      case Step::What::advance:
        engine->advance(instant(step.at));
        recount.advance(step.at);
        break;
      case Step::What::look:
        if (auto failure = look(i, *engine, report, recount)) return failure;
        break;
      case Step::What::change_rules:
        engine = restarted(*engine, settings_of(history.later_rules[step.rules]));
        recount.change_rules(history.later_rules[step.rules]);
        if (!engine) return refuses_its_image(i, recount.now());
        break;
    }
  }
  return look(history.steps.size(), *engine, report, recount);
}

TEST(Engine, AgreesWithTheRecountOnRandomHistories) {
  EXPECT_TRUE(agree_on_histories(random_history, compare, histories_to_try()));
}

}  // namespace
}  // namespace deskpulse::property
