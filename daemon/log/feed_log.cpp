#include "daemon/log/feed_log.hpp"

#include "daemon/log/logging.hpp"

namespace deskpulse {
namespace {

using config::LogLevel;

std::string_view gap_name(intake::GapKind kind) {
  switch (kind) {
    case intake::GapKind::hole:
      return "hole";
    case intake::GapKind::resume:
      return "resume";
    case intake::GapKind::reset:
      return "reset";
    case intake::GapKind::disconnect:
      return "disconnect";
    case intake::GapKind::live_start:
      return "live_start";
    case intake::GapKind::set_back:
      return "set_back";
  }
  return "unknown";
}

}  // namespace

void FeedLog::connecting(std::string_view host, std::string_view port, int attempt) {
  host_ = host;
  port_ = port;
  attempt_ = attempt;
  log(LogLevel::debug, "Feed connecting.", {{"host", host}, {"port", port}, {"attempt", attempt}});
}

void FeedLog::connected(std::string_view resume) {
  log(LogLevel::info, "Feed connected.",
      {{"host", host_}, {"port", port_}, {"resume", resume}, {"attempt", attempt_}});
}

void FeedLog::disconnected(intake::Disconnect reason, std::string_view detail) {
  const bool wanted = reason == intake::Disconnect::stopped;
  const std::string_view name = intake::disconnect_name(reason);
  const LogLevel level = wanted ? LogLevel::info : LogLevel::warn;
  if (detail.empty())
    log(level, "Feed disconnected.", {{"host", host_}, {"port", port_}, {"reason", name}});
  else
    log(level, "Feed disconnected.",
        {{"host", host_}, {"port", port_}, {"reason", name}, {"detail", detail}});
}

void FeedLog::reconnecting(proto::Millis wait, int attempt) {
  log(LogLevel::info, "Feed reconnecting after a pause.",
      {{"wait_ms", wait.count()}, {"attempt", attempt}});
}

void FeedLog::gap(intake::GapKind kind) {
  if (kind == intake::GapKind::live_start)
    log(LogLevel::info, "Started live; windows are incomplete until they have passed the start.");
  else
    log(LogLevel::warn, "Events are missing; the windows they touch are marked incomplete.",
        {{"gap", gap_name(kind)}});
}

void log_rejected(const proto::Rejection& newest, std::uint64_t count) {
  // These two are taken, they only change no number.
  const bool unknown =
      newest.reason == proto::Reject::unknown_type || newest.reason == proto::Reject::unknown_from;
  const LogLevel level = unknown ? LogLevel::info : LogLevel::warn;
  const std::string_view sentence =
      unknown ? "Events that mean nothing to this version." : "Events rejected.";
  const std::string_view reason = proto::reason_name(newest.reason);
  const auto number = static_cast<std::int64_t>(count);
  if (newest.field.empty())
    log(level, sentence, {{"reason", reason}, {"count", number}});
  else
    log(level, sentence, {{"reason", reason}, {"field", newest.field}, {"count", number}});
}

}  // namespace deskpulse
