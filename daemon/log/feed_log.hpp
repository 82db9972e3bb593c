// The log lines of the feed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/feed/feed_probe.hpp"
#include "proto/rejection.hpp"

namespace deskpulse {

/// One function per happening; the counts beside the lines are the intake's. The address appears
/// without its path and query, which may hold a secret.
class FeedLog final : public feed::FeedProbe {
 public:
  void connecting(std::string_view host, std::string_view port, int attempt) override;
  void connected(std::string_view resume) override;
  void disconnected(intake::Disconnect reason, std::string_view detail) override;
  void reconnecting(proto::Millis wait, int attempt) override;
  void gap(intake::GapKind kind) override;

 private:
  std::string host_;
  std::string port_;
  int attempt_ = 0;
};

/// `count` more events were refused for the reason of `newest`.
void log_rejected(const proto::Rejection& newest, std::uint64_t count);

}  // namespace deskpulse
