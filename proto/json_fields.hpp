// Reading one field of a parsed JSON object by the rules of PROTOCOL.md. For the decoder's own
// files only: it is the one header that includes simdjson.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <string_view>

#include "proto/event.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::proto {

inline constexpr std::size_t kMaxIdBytes = 256;
inline constexpr std::size_t kMaxNameBytes = 2048;
/// The largest `capacity` and `items`.
inline constexpr std::uint64_t kMaxCount = 1'000'000;

/// The value of a field, or that there is none. JSON null is as good as absent.
class Field {
 public:
  Field() = default;
  explicit Field(simdjson::dom::element value) : value_(value), present_(!value.is_null()) {}
  bool present() const { return present_; }
  const simdjson::dom::element& value() const { return value_; }

 private:
  simdjson::dom::element value_;
  bool present_ = false;
};

/// Reads fields one after the other and keeps the first mistake; after one, what it returns means
/// nothing. `clean_text`: the whole text is known to be without escapes, DEL and bytes that begin a
/// C1 control character, so ids need not be searched for control characters.
class FieldReader {
 public:
  explicit FieldReader(bool clean_text) : clean_text_(clean_text) {}

  bool failed() const { return failed_; }
  const Rejection& rejection() const { return rejection_; }
  void reject(Reject reason, const char* name) {
    if (failed_) return;
    failed_ = true;
    rejection_ = {reason, name};
  }

  /// Required, any string.
  std::string_view string(const Field& field, const char* name);
  /// Required, an id that is not empty.
  std::string_view id(const Field& field, const char* name);
  /// Required, an id or empty.
  std::string_view id_or_empty(const Field& field, const char* name);
  /// Absent = empty; when there, an id or empty.
  std::string_view optional_id_or_empty(const Field& field, const char* name);
  /// Absent = empty; at most kMaxIdBytes without control characters.
  std::string_view optional_label(const Field& field, const char* name);
  /// Absent = empty; at most kMaxNameBytes, of the control characters only tab and newline.
  std::string_view optional_name(const Field& field, const char* name);
  /// Required; a whole number in [low, high], else `wrong`.
  std::uint64_t integer(const Field& field, const char* name, std::uint64_t low,
                        std::uint64_t high = std::numeric_limits<std::uint64_t>::max(),
                        Reject wrong = Reject::bad_value);
  Instant time(const Field& field, const char* name);
  /// Required; a decimal as PROTOCOL.md says, in 1/10,000.
  std::int64_t amount_e4(const Field& field, const char* name);
  bool boolean(const Field& field, const char* name);

 private:
  void check_id(std::string_view text, const char* name);

  bool clean_text_;
  bool failed_ = false;
  Rejection rejection_;
};

}  // namespace deskpulse::proto
