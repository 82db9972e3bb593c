// The memory of responses that are under way.
#pragma once

#include <cstddef>
#include <map>

namespace deskpulse::http {

/// Counts the bytes of bodies that peers are being sent. Many peers may be sent one body, which is
/// in memory once and counted once, for as long as one of them has not got all of it.
class HeldBodies {
 public:
  /// `owner`: what keeps the body in memory; the same for the same body.
  void add(const void* owner, std::size_t size) {
    if (bodies_.try_emplace(owner, Body{size, 0}).first->second.readers++ == 0) bytes_ += size;
  }
  /// Once for each add().
  void remove(const void* owner) {
    const auto found = bodies_.find(owner);
    if (--found->second.readers != 0) return;
    bytes_ -= found->second.size;
    bodies_.erase(found);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Body {
    std::size_t size;
    std::size_t readers;
  };
  std::map<const void*, Body> bodies_;
  std::size_t bytes_ = 0;
};

}  // namespace deskpulse::http
