// A steady number of open conversations, for benchmarks: the shape of a promotion's middle.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse::bench {

/// `conversations` customers take turns at random: each message is a question when none is open and
/// an answer by the customer's agent when one is. A conversation speaks every 40 s on average, so
/// no session ends. The same calls give the same events.
class SteadyTraffic {
 public:
  SteadyTraffic(std::uint32_t conversations, std::uint32_t agents)
      : waiting_(conversations), agents_(agents) {
    for (std::uint32_t i = 0; i < agents; ++i) names_.push_back("kefu:" + std::to_string(i));
  }

  /// The first message of customer `number`, at the current time: opens its conversation.
  proto::Event open(std::uint32_t number) { return speak(number); }

  proto::Event next() {
    micros_ += 40'000'000 / waiting_.size();
    return speak(static_cast<std::uint32_t>(random_() % waiting_.size()));
  }

  /// As a producer would name the customer.
  static std::string customer_id(const proto::Event& event) {
    return "buyer-" + std::to_string(event.customer_key.high);
  }

 private:
  proto::Event speak(std::uint32_t number) {
    proto::Event event;
    event.type = proto::Type::message;
    event.from = waiting_[number] ? proto::From::human : proto::From::customer;
    waiting_[number] = !waiting_[number];
    event.ts = start_ + proto::Millis{static_cast<std::int64_t>(micros_ / 1000)};
    event.shop = "flagship";
    event.agent = names_[number % agents_];
    // Spread as a hash would be.
    event.customer_key = {number + std::uint64_t{1},
                          (number + std::uint64_t{1}) * 0x9e37'79b9'7f4a'7c15U >> 16};
    return event;
  }

  proto::Instant start_{proto::Millis{1'762'772'400'000}};
  std::uint64_t micros_ = 0;
  std::mt19937_64 random_{1};
  std::vector<bool> waiting_;
  std::uint32_t agents_;
  std::vector<std::string> names_;
};

}  // namespace deskpulse::bench
