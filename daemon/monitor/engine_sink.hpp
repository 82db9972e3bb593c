// Puts the engine behind the feed's seam.
#pragma once

#include "daemon/engine/engine.hpp"
#include "daemon/intake/event_sink.hpp"

namespace deskpulse {

/// The calls that drive the engine, handed through. The engine must outlive it.
class EngineSink final : public intake::EventSink {
 public:
  explicit EngineSink(engine::Engine& engine) : engine_(engine) {}
  void announce(const proto::Event& event) override { engine_.expect(event.customer_key); }
  void apply(const proto::Event& event) override { engine_.apply(event); }
  void apply_in_doubt(const proto::Event& event) override {
    engine_.apply(event, engine::Overdue::waits);
  }
  void begin_counters_anew() override { engine_.begin_counters_anew(); }
  void advance(proto::Instant watermark) override { engine_.advance(watermark); }

 private:
  engine::Engine& engine_;
};

}  // namespace deskpulse
