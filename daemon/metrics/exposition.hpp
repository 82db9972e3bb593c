// The engine's report as Prometheus text (version 0.0.4), written fast.
#pragma once

#include <memory>
#include <string>

#include "daemon/engine/report.hpp"
#include "daemon/text/text_buffer.hpp"

namespace deskpulse::metrics {

/// Writes the pages of METRICS.md over a report. The label text of every shop, agent and scope is
/// escaped once and kept until the directory changes; a series is then a few copies and one
/// to_chars, about 20 ns. The same series as ReportCollectable, by the same walk (series.hpp).
/// Not thread-safe.
class Exposition {
 public:
  Exposition();
  ~Exposition();
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  /// Appends every deskpulse_shop_* series. `report` must have its directory and scopes.
  void append_shops(const engine::Report& report, text::TextBuffer& text);
  /// Appends every deskpulse_agent_* series.
  void append_agents(const engine::Report& report, text::TextBuffer& text);

 private:
  class Labels;
  std::unique_ptr<Labels> labels_;
};

/// What `deskpulsed replay` prints: the shops' series, and with `agents` theirs after them.
std::string replay_text(const engine::Report& report, bool agents);

}  // namespace deskpulse::metrics
