// An engine that is saved and loaded again and again, against the recount that saw no break.
#include <gtest/gtest.h>

#include "daemon/engine/engine.hpp"
#include "tests/property/comparison.hpp"
#include "tests/property/flatten.hpp"
#include "tests/property/kept_image.hpp"

namespace deskpulse::property {
namespace {

/// Whether the engine is broken off behind this step: a third of them, and the same ones in a
/// history that has been shortened.
bool breaks_off(const Step& step) {
  const auto time = static_cast<std::uint64_t>(step.act.ts + 3 * step.at);
  return (time * 0x9e37'79b9'7f4a'7c15U >> 40) % 3 == 0;
}

std::optional<Failure> compare(const History& history) {
  auto engine = std::make_unique<engine::Engine>(settings_of(history.rules));
  engine::Report report;
  Recount recount(history.rules);
  const Rules* rules = &history.rules;
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
        continue;
      case Step::What::change_rules:
        rules = &history.later_rules[step.rules];
        engine = restarted(*engine, settings_of(*rules));
        recount.change_rules(*rules);
        if (!engine) return refuses_its_image(i, recount.now());
        break;
    }
    if (!breaks_off(step)) continue;
    const Bytes image = image_of(*engine);
    engine = std::make_unique<engine::Engine>(settings_of(*rules));
    const engine::Loaded loaded = load_image(*engine, image);
    const auto fails = [&](const char* what) {
      return Failure{i, recount.now(), {what, std::nullopt, std::nullopt}};
    };
    if (!loaded.ok) return refuses_its_image(i, recount.now());
    if (loaded.windows_anew || loaded.today_anew) return fails("scopes began anew");
    if (image_of(*engine) != image) return fails("the image has become another one");
  }
  return look(history.steps.size(), *engine, report, recount);
}

TEST(Engine, GoesOnFromItsImageAsIfNothingHadHappenedOnRandomHistories) {
  EXPECT_TRUE(agree_on_histories(random_history, compare, histories_to_try() / 2));
}

}  // namespace
}  // namespace deskpulse::property
