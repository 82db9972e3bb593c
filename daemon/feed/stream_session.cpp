#include "daemon/feed/stream_session.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "proto/session.hpp"

namespace deskpulse::feed {

using proto::Instant;

namespace {

/// What a server may declare; outside of it the nearest counts.
constexpr proto::Millis kShortestHeartbeat{10};
constexpr proto::Millis kLongestHeartbeat{600'000};

// RFC 6455, 7.4.1.
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kProtocolError = 1002;

}  // namespace

StreamSession::StreamSession(StreamSettings settings)
    : settings_(std::move(settings)),
      position_(settings_.start_at, settings_.resume_from, settings_.has_history, settings_.source),
      decoder_(settings_.limits),
      has_history_(settings_.has_history || settings_.resume_from),
      owes_gap_(has_history_) {
  if (is_plain()) position_.forget();
}

void StreamSession::listen(intake::FeedListener* listener, FeedProbe* probe) {
  listener_ = listener;
  probe_ = probe;
}

std::string StreamSession::opened(Instant wall) {
  assert(!open_);
  open_ = true;
  if (is_plain()) {
    std::optional<intake::GapKind> gap;
    if (!has_history_) gap = intake::GapKind::live_start;
    if (owes_gap_) gap = intake::GapKind::disconnect;
    silence_limit_ = settings_.pong_within;
    became_ready(settings_.ping_every, "plain", gap, std::nullopt, wall);
    return {};
  }
  std::string hello;
  proto::append_frame(hello, proto::Hello{settings_.consumer, position_.ask()});
  return hello;
}

StreamSession::Verdict StreamSession::message(std::string_view text, proto::Tail tail,
                                              Instant wall) {
  assert(open_);
  if (is_plain()) return plain_message(text, tail, wall);
  const auto decoded = decoder_.server_frame(text, tail);
  if (decoded) return frame(*decoded, wall);
  if (decoded.error().reason == proto::Reject::not_json) return Verdict::not_json;
  reject(decoded.error());
  return Verdict::go_on;
}

void StreamSession::not_json() { reject({proto::Reject::not_json, {}}); }

void StreamSession::lost(Instant wall) {
  assert(open_);
  reject({proto::Reject::no_memory, {}});
  // Positions tell by themselves what is missing.
  if (is_plain()) found_hole(wall);
}

void StreamSession::pong(Instant wall) {
  assert(open_);
  if (!is_plain()) return;  // there the server's heartbeats say more
  ++signs_of_life_;
  if (listener_ != nullptr) listener_->answered(wall);
}

StreamSession::Verdict StreamSession::plain_message(std::string_view text, proto::Tail tail,
                                                    Instant wall) {
  const auto decoded = decoder_.plain_frame(text, tail);
  if (!decoded) {
    if (decoded.error().reason == proto::Reject::not_json) return Verdict::not_json;
    if (decoded.error().reason == proto::Reject::no_memory)
      lost(wall);
    else
      reject(decoded.error());
    return Verdict::go_on;
  }
  ++signs_of_life_;
  for (const auto& event : *decoded) deliver(event, wall);
  return Verdict::go_on;
}

StreamSession::Verdict StreamSession::frame(const proto::ServerFrame& frame, Instant wall) {
  if (const auto* const got = std::get_if<proto::Bye>(&frame)) return bye(*got);
  if (const auto* const got = std::get_if<proto::Ready>(&frame)) return ready(*got, wall);
  if (!ready_) return breach("a frame before ready");
  if (const auto* const got = std::get_if<proto::Heartbeat>(&frame)) return heartbeat(*got, wall);
  return events(std::get<proto::Events>(frame), wall);
}

StreamSession::Verdict StreamSession::bye(const proto::Bye& bye) {
  if (!bye.resume) position_.forget();
  const bool is_auth = bye.code == proto::ByeCode::auth;
  return end({{is_auth ? intake::Disconnect::unauthorized : intake::Disconnect::bye,
               "code " + std::string(proto::bye_code_name(bye.code))},
              kNormal});
}

StreamSession::Verdict StreamSession::ready(const proto::Ready& ready, Instant wall) {
  if (ready_) return breach("a second ready");
  const auto gap = position_.ready(ready);
  const proto::Millis heartbeat =
      std::clamp(ready.heartbeat, kShortestHeartbeat, kLongestHeartbeat);
  silence_limit_ = 2 * heartbeat + settings_.heartbeat_grace;
  became_ready(heartbeat, proto::resume_name(ready.resume), gap, ready.ts, wall);
  has_caught_up_ = false;
  look_whether_caught_up();
  return Verdict::go_on;
}

StreamSession::Verdict StreamSession::heartbeat(const proto::Heartbeat& heartbeat, Instant wall) {
  const auto state = position_.heartbeat(heartbeat.head);
  if (state == StreamPosition::Heartbeat::invalid) return breach("a head behind its events");
  ++signs_of_life_;
  const bool all = state == StreamPosition::Heartbeat::caught_up;
  if (listener_ != nullptr) {
    listener_->heartbeat(all ? std::optional(heartbeat.ts) : std::nullopt, wall);
  }
  return Verdict::go_on;
}

StreamSession::Verdict StreamSession::events(const proto::Events& frame, Instant wall) {
  const auto begun = position_.begin(frame.seq, frame.events.size());
  if (!begun.valid) return breach("positions beyond 64 bits");
  if (begun.hole) found_hole(wall);
  ++signs_of_life_;
  std::uint64_t seq = frame.seq;
  for (const auto& event : frame.events) {
    if (position_.take(seq++)) {
      deliver(event, wall);
    } else {
      ++already_seen_;
    }
  }
  look_whether_caught_up();
  return Verdict::go_on;
}

void StreamSession::look_whether_caught_up() {
  if (has_caught_up_ || !position_.has_head_of_ready()) return;
  has_caught_up_ = true;
  if (listener_ != nullptr) listener_->caught_up();
}

StreamSession::Verdict StreamSession::breach(std::string_view what) {
  return end({{intake::Disconnect::session_error, std::string(what)}, kProtocolError});
}

StreamSession::Verdict StreamSession::end(Ending ending) {
  ending_ = std::move(ending);
  // Saying goodbye may take seconds, and nothing comes meanwhile.
  disconnected(ending_.end.reason, ending_.end.detail);
  has_ended_ = true;
  return Verdict::end;
}

void StreamSession::became_ready(proto::Millis heartbeat, std::string_view resume,
                                 std::optional<intake::GapKind> gap, std::optional<Instant> ts,
                                 Instant wall) {
  ready_ = true;
  has_history_ = true;
  owes_gap_ = false;
  if (probe_ != nullptr) probe_->connected(resume);
  if (listener_ != nullptr) listener_->connected(heartbeat, wall);
  if (gap) report_gap(*gap);
  if (listener_ != nullptr) listener_->missed_until(ts, wall);
}

void StreamSession::disconnected(intake::Disconnect reason, std::string_view detail) {
  if (std::exchange(has_ended_, false)) return;
  if (probe_ != nullptr) probe_->disconnected(reason, detail);
  if (reason == intake::Disconnect::message_too_large) reject({proto::Reject::too_large, {}});
  const bool was_ready = std::exchange(ready_, false);
  open_ = false;
  if (listener_ != nullptr) listener_->disconnected(reason);
  if (!was_ready) return;
  if (is_plain()) report_gap(intake::GapKind::disconnect);
  // Asked again the server would send the same again, and the stream would stand here for ever.
  if (reason == intake::Disconnect::message_too_large && position_.pass_over())
    report_gap(intake::GapKind::hole);
}

void StreamSession::change(StreamSettings settings) {
  assert(!open_);
  const bool was_plain = is_plain();
  settings_ = std::move(settings);
  decoder_ = proto::Decoder(settings_.limits);
  if (is_plain()) {
    // The end of a plain connection is a gap already; that of one with a position becomes one now.
    if (!was_plain && has_history_) {
      report_gap(intake::GapKind::disconnect);
      owes_gap_ = false;
    }
    position_.forget();
  } else if (!has_history_ || was_plain) {
    position_ = StreamPosition(settings_.start_at, std::nullopt, has_history_, settings_.source);
  } else {
    position_.go_on_in(settings_.source);
  }
}

std::string StreamSession::ack(std::uint64_t seq) const {
  std::string frame;
  if (ready_ && !is_plain()) proto::append_frame(frame, proto::Ack{seq});
  return frame;
}

std::optional<Cursor> StreamSession::cursor() const {
  return is_plain() ? std::nullopt : position_.cursor();
}

void StreamSession::deliver(const proto::Decoded<proto::Event>& event, Instant wall) {
  if (!event) {
    reject(event.error());
  } else if (listener_ != nullptr) {
    listener_->event(*event, wall);
  }
}

void StreamSession::reject(const proto::Rejection& rejection) {
  if (listener_ != nullptr) listener_->rejected(rejection);
}

void StreamSession::found_hole(Instant wall) {
  report_gap(intake::GapKind::hole);
  if (listener_ != nullptr) listener_->missed_until(std::nullopt, wall);
}

void StreamSession::report_gap(intake::GapKind kind) {
  if (probe_ != nullptr) probe_->gap(kind);
  if (listener_ != nullptr) listener_->gap(kind);
}

}  // namespace deskpulse::feed
