// The newest events of a stream, by position: what makes a resume possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/session.hpp"

namespace deskpulse::simulator {

/// One epoch's numbering and a bounded ring of its newest events, as JSON. The first event has seq
/// 1; the oldest is forgotten when the ring is full, or when it is told to. push() and at() are
/// O(1); a place keeps its memory, so a full ring allocates no more.
class Backlog {
 public:
  /// `capacity` > 0 events.
  Backlog(std::string epoch, std::size_t capacity);

  /// Returns the event's seq.
  std::uint64_t push(std::string_view event);
  /// The event at `seq`, floor() <= `seq` <= head(); valid until the next push().
  std::string_view at(std::uint64_t seq) const;

  /// Everything up to `seq` is gone; less than was forgotten before changes nothing. O(1).
  void forget(std::uint64_t seq);

  const std::string& epoch() const { return epoch_; }
  /// The oldest seq that is still here; head() + 1 while there is none.
  std::uint64_t floor() const;
  /// The newest; 0 before the first.
  std::uint64_t head() const { return head_; }

  /// How a client goes on that asks for `position`, and the seq of the first event it gets.
  struct Start {
    proto::Resume resume;
    std::uint64_t next;
  };
  Start start_for(const std::optional<proto::Position>& position) const;

 private:
  std::string epoch_;
  std::vector<std::string> ring_;
  std::uint64_t head_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace deskpulse::simulator
