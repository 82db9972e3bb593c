// Why something from the wire was not taken: a closed set, so that it can be a label.
#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proto/event.hpp"

namespace deskpulse::proto {

/// PROTOCOL.md says which mistake gets which reason. The first nine are given by the decoder, the
/// others by whoever judges an event that could be read (feed/intake); the last one is no mistake
/// of the sender's.
enum class Reject : std::uint8_t {
  not_json,      ///< the text as a whole is not RFC 8259 JSON
  too_large,     ///< the text is longer, or has more events, than the limit
  too_deep,      ///< nested deeper than the limit
  not_object,    ///< JSON, but no object where one is expected
  malformed,     ///< a required field is missing or null, or a field has the wrong JSON type
  bad_id,        ///< an id is empty (`shop`: malformed), over 256 bytes, or has control characters
  bad_time,      ///< a time is no whole number of milliseconds from 1 to the end of the year 9999
  bad_value,     ///< any other value out of its range
  unknown_op,    ///< a session frame with an `op` that this version does not know
  future,        ///< further ahead of the wall clock than `max_clock_skew`
  too_late,      ///< further behind the watermark than `allowed_lateness`
  unknown_type,  ///< accepted, but changes no number
  unknown_from,  ///< accepted, but changes no number
  no_memory,     ///< there was none to read the text with
};
inline constexpr int kRejectCount = 14;

/// The value of the label `reason`; stable.
constexpr std::string_view reason_name(Reject reason) {
  constexpr std::array<std::string_view, kRejectCount> kNames{
      "not_json", "too_large",    "too_deep",     "not_object", "malformed",
      "bad_id",   "bad_time",     "bad_value",    "unknown_op", "future",
      "too_late", "unknown_type", "unknown_from", "no_memory"};
  return kNames[static_cast<std::size_t>(reason)];
}

struct Rejection {
  Reject reason = Reject::not_json;
  /// The field at fault, or empty; a static string, never a piece of the input, so it may be
  /// logged.
  std::string_view field;
  friend bool operator==(const Rejection&, const Rejection&) = default;
};

/// What value() does on a rejection: its caller has forgotten to test. Boost 1.92 wants one.
[[noreturn]] inline void throw_exception_from_error(const Rejection& rejection,
                                                    const boost::source_location& /*where*/) {
  throw std::logic_error("no value, but a rejection: " +
                         std::string(reason_name(rejection.reason)));
}

/// A value, or why there is none. Test it; value() is not to be called on a rejection.
template <class T>
using Decoded = boost::system::result<T, Rejection>;

}  // namespace deskpulse::proto
