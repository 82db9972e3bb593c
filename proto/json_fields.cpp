#include "proto/json_fields.hpp"

#include <cmath>
#include <optional>

namespace deskpulse::proto {
namespace {

using simdjson::dom::element_type;

/// U+0000–001F, U+007F and U+0080–009F; the text is valid UTF-8.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// The same without tab and newline, which a name that people typed may have.
bool has_unprintable_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f) return true;
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

constexpr std::int64_t kE4 = 10'000;
/// Amounts are below this many units, so that every one of them with four decimals has a double of
/// its own and no sum of a day comes near the end of 64 bits.
constexpr std::int64_t kAmountEnd = 100'000'000'000;

/// `0` or digits without a leading zero, then perhaps a point and one to four digits.
std::optional<std::int64_t> parse_amount(std::string_view text) {
  constexpr std::size_t kMaxUnitDigits = 11;
  constexpr std::size_t kMaxDecimals = 4;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0;
  std::int64_t units = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) {
    if (i == kMaxUnitDigits) return std::nullopt;
    units = units * 10 + (text[i] - '0');
  }
  if (i == 0 || (i > 1 && text[0] == '0')) return std::nullopt;
  if (i == text.size()) return units * kE4;
  if (text[i] != '.') return std::nullopt;
  const std::string_view decimals = text.substr(i + 1);
  if (decimals.empty() || decimals.size() > kMaxDecimals) return std::nullopt;
  std::int64_t fraction = 0;
  for (std::size_t d = 0; d < kMaxDecimals; ++d) {
    const char digit = d < decimals.size() ? decimals[d] : '0';
    if (!is_digit(digit)) return std::nullopt;
    fraction = fraction * 10 + (digit - '0');
  }
  return units * kE4 + fraction;
}

/// The decimal with at most four places whose double this is: below kAmountEnd there is at most
/// one, and dividing back is rounded correctly, so it finds it exactly.
std::optional<std::int64_t> amount_of(double number) {
  if (!(number >= 0) || number >= static_cast<double>(kAmountEnd)) return std::nullopt;
  const std::int64_t amount = std::llround(number * static_cast<double>(kE4));
  if (static_cast<double>(amount) / static_cast<double>(kE4) != number) return std::nullopt;
  return amount;
}

bool is_number(element_type type) {
  return type == element_type::INT64 || type == element_type::UINT64 ||
         type == element_type::DOUBLE;
}

}  // namespace

std::string_view FieldReader::string(const Field& field, const char* name) {
  if (failed_) return {};
  if (!field.present() || !field.value().is_string()) {
    reject(Reject::malformed, name);
    return {};
  }
  return field.value().get_string().value_unsafe();
}

void FieldReader::check_id(std::string_view text, const char* name) {
  if (text.size() > kMaxIdBytes || (!clean_text_ && has_control_character(text)))
    reject(Reject::bad_id, name);
}

std::string_view FieldReader::id(const Field& field, const char* name) {
  const std::string_view text = id_or_empty(field, name);
  if (text.empty()) reject(Reject::bad_id, name);
  return text;
}

std::string_view FieldReader::id_or_empty(const Field& field, const char* name) {
  const std::string_view text = string(field, name);
  if (!failed_) check_id(text, name);
  return text;
}

std::string_view FieldReader::optional_id_or_empty(const Field& field, const char* name) {
  if (!field.present()) return {};
  return id_or_empty(field, name);
}

std::string_view FieldReader::optional_label(const Field& field, const char* name) {
  if (!field.present()) return {};
  const std::string_view text = string(field, name);
  if (text.size() > kMaxIdBytes || (!clean_text_ && has_control_character(text)))
    reject(Reject::bad_value, name);
  return text;
}

std::string_view FieldReader::optional_name(const Field& field, const char* name) {
  if (!field.present()) return {};
  const std::string_view text = string(field, name);
  if (text.size() > kMaxNameBytes || (!clean_text_ && has_unprintable_character(text)))
    reject(Reject::bad_value, name);
  return text;
}

std::uint64_t FieldReader::integer(const Field& field, const char* name, std::uint64_t low,
                                   std::uint64_t high, Reject wrong) {
  if (failed_) return 0;
  if (!field.present() || !is_number(field.value().type())) {
    reject(Reject::malformed, name);
    return 0;
  }
  // get_uint64() refuses negative numbers, and doubles even when they are whole.
  std::uint64_t number = 0;
  if (field.value().get_uint64().get(number) != simdjson::SUCCESS || number < low || number > high)
    reject(wrong, name);
  return number;
}

Instant FieldReader::time(const Field& field, const char* name) {
  constexpr auto kLast = static_cast<std::uint64_t>(kLastInstant.time_since_epoch().count());
  return Instant{
      Millis{static_cast<Millis::rep>(integer(field, name, 1, kLast, Reject::bad_time))}};
}

std::int64_t FieldReader::amount_e4(const Field& field, const char* name) {
  if (failed_) return 0;
  if (!field.present()) {
    reject(Reject::malformed, name);
    return 0;
  }
  std::optional<std::int64_t> amount;
  const element_type type = field.value().type();
  if (type == element_type::STRING) {
    amount = parse_amount(field.value().get_string().value_unsafe());
  } else if (is_number(type)) {
    double number = 0;
    if (field.value().get_double().get(number) == simdjson::SUCCESS) amount = amount_of(number);
  } else {
    reject(Reject::malformed, name);
    return 0;
  }
  if (!amount) reject(Reject::bad_value, name);
  return amount.value_or(0);
}

bool FieldReader::boolean(const Field& field, const char* name) {
  if (failed_) return false;
  bool value = false;
  if (!field.present() || field.value().get_bool().get(value) != simdjson::SUCCESS)
    reject(Reject::malformed, name);
  return value;
}

}  // namespace deskpulse::proto
