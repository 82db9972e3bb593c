#include "tests/fuzz/restored_state.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/image_bytes.hpp"
#include "tests/fuzz/moment_checks.hpp"

namespace deskpulse::fuzz {
namespace {

using namespace std::chrono_literals;
using proto::Instant;
using proto::Millis;

/// By the length of the image: which ones does not matter, that they are always the same does.
constexpr std::size_t kPagesOfOneIn = 16;

engine::Settings engine_settings(Rules rules) {
  engine::Settings settings;
  if (rules == Rules::as_saved) return settings;
  settings.windows = {{"6s", Millis{6'000}}, {"1h", Millis{3'600'000}}};
  settings.calendar = engine::Calendar(0h, {}, 4h);
  settings.shop_defaults.slow_after = 5s;
  settings.shop_defaults.abandon_after = 10s;
  settings.shop_defaults.session_gap = 20s;
  settings.shop_defaults.profile = engine::shipped_profiles().back();
  settings.shops.resize(1);
  settings.shops[0].id = "flagship";
  settings.shops[0].agents.push_back({"xiaoli", "Xiao Li", "day", 5});
  settings.limits = {.conversations = 3, .agents = 3, .shops = 2, .agent_idle = 48h};
  return settings;
}

intake::IntakeSettings intake_settings(Rules rules) {
  intake::IntakeSettings settings;
  if (rules == Rules::as_saved) return settings;
  settings.reorder_window = 0ms;
  settings.allowed_lateness = 60s;
  settings.remembered_ids = 10;
  settings.buffered_events = 4;
  settings.buffered_bytes = 64 * 1024;
  return settings;
}

std::string saved(const Monitor& monitor, const std::optional<feed::Cursor>& cursor) {
  return fuzz::image_of([&](image::Writer& writer) { monitor.save(writer, cursor); });
}

/// What happens to a customer in one conversation; the events point to the ids.
std::vector<proto::Event> conversation(std::string_view shop, std::string_view agent,
                                       std::string_view customer, Instant at) {
  std::vector<proto::Event> events(6);
  for (std::size_t i = 0; i < events.size(); ++i) {
    events[i].ts = at + i * 700ms;
    events[i].shop = shop;
    events[i].customer = customer;
    events[i].agent = agent;
  }
  events[0].type = proto::Type::message;
  events[0].from = proto::From::customer;
  events[1].type = proto::Type::assign;
  events[2].type = proto::Type::message;
  events[2].from = proto::From::bot;
  events[3].type = proto::Type::message;
  events[3].from = proto::From::human;
  events[4].type = proto::Type::message;
  events[4].from = proto::From::customer;
  events[5].type = proto::Type::close;
  return events;
}

}  // namespace

std::unique_ptr<Monitor> RestoredState::new_monitor() {
  auto monitor = std::make_unique<Monitor>(engine_settings(rules_), intake_settings(rules_),
                                           proto::IdHasher{}, [this] { return wall_; });
  monitor->show_customers(true);
  return monitor;
}

const moment::Moment& RestoredState::look(Monitor& monitor) {
  moment_.waiting.resize(1);
  monitor.fill(moment_);
  check_levels(moment_);
  return moment_;
}

void RestoredState::put_to_work(std::unique_ptr<Monitor> monitor,
                                const std::optional<feed::Cursor>& cursor) {
  wall_ = std::clamp(monitor->intake().watermark() + 1s, wall_, proto::kLastInstant);
  look(*monitor);

  // What it is saved as is what it is: loaded again it is saved as the same.
  const std::string image = saved(*monitor, cursor);
  if (image.size() % kPagesOfOneIn == 0) check_pages(moment_);
  auto again = new_monitor();
  TextSource source(image, 777);
  image::Reader reader(source, store::kSnapshotFormat);
  const Monitor::Restored restored = again->load(reader);
  assert(restored.ok && reader.is_at_end());
  assert(!restored.windows_anew && !restored.today_anew);
  assert(restored.cursor == cursor);
  assert(again->intake().watermark() == monitor->intake().watermark());
  assert(saved(*again, cursor) == image);
  monitor.reset();

  again->listener().connected(5s, wall_);
  for (const char* const shop : {"flagship", "new"}) {
    for (const char* const agent : {"xiaoli", ""}) {
      for (const char* const customer : {"buyer-1", "buyer-2", "buyer-3"}) {
        const Instant at = std::clamp(wall_ - 3s, Instant{1ms}, proto::kLastInstant - 1min);
        for (const proto::Event& event : conversation(shop, agent, customer, at))
          again->listener().event(event, wall_);
      }
    }
  }
  Instant watermark = again->intake().watermark();
  for (const Millis pass : {Millis{300}, Millis{61'000}, Millis{3'600'000}, Millis{90'000'000}}) {
    wall_ = std::min(wall_ + pass, proto::kLastInstant);
    again->listener().heartbeat(wall_, wall_);
    again->tick();
    wall_ = std::min(wall_ + 600ms, proto::kLastInstant);  // a stall is over
    again->tick();
    assert(again->intake().watermark() >= watermark);
    watermark = again->intake().watermark();
    look(*again);
  }
  assert(saved(*again, cursor) == saved(*again, cursor));
}

}  // namespace deskpulse::fuzz
