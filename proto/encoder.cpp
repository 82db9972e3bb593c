#include "proto/encoder.hpp"

#include <array>

#include "proto/json_number.hpp"

namespace deskpulse::proto {
namespace {

/// `key` comes with its comma, quotes and colon.
void append_string(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  append_json_string(out, value);
}

void append_string_if_any(std::string& out, std::string_view key, std::string_view value) {
  if (!value.empty()) append_string(out, key, value);
}

/// Two decimals, as money is written, or four where they are needed.
void append_amount(std::string& out, std::int64_t amount_e4) {
  constexpr std::int64_t kE4 = 10'000;
  append_json_number(out, amount_e4 / kE4);
  const std::int64_t fraction = amount_e4 % kE4;
  std::array<char, 4> digits;
  std::int64_t rest = fraction;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, rest /= 10)
    *digit = static_cast<char>('0' + rest % 10);
  out += '.';
  out.append(digits.data(), fraction % 100 == 0 ? 2 : 4);
}

}  // namespace

std::string_view type_name(Type type) {
  constexpr std::array<std::string_view, 7> kNames{"message", "assign", "close",  "agent_status",
                                                   "rating",  "order",  "unknown"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view from_name(From from) {
  constexpr std::array<std::string_view, 8> kNames{"customer", "human",  "assist", "bot",
                                                   "auto",     "system", "note",   "unknown"};
  return kNames[static_cast<std::size_t>(from)];
}

std::string_view kind_name(Kind kind) {
  constexpr std::array<std::string_view, 9> kNames{"text",     "image",  "card", "recall", "read",
                                                   "reaction", "typing", "ad",   "event"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view status_name(Status status) {
  constexpr std::array<std::string_view, 3> kNames{"online", "busy", "offline"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view order_status_name(OrderStatus status) {
  constexpr std::array<std::string_view, 4> kNames{"created", "paid", "refunded", "cancelled"};
  return kNames[static_cast<std::size_t>(status)];
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    out += '\\';
    switch (byte) {
      case '"':
      case '\\':
        out += text[i];
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kHex[byte >> 4];
        out += kHex[byte & 0xf];
    }
  }
  out.append(text, copied, text.size() - copied);
  out += '"';
}

void append_event(std::string& out, const Event& event, std::optional<std::string_view> text) {
  append_string(out, R"({"type":)", type_name(event.type));
  append_string_if_any(out, R"(,"id":)", event.id);
  out += R"(,"ts":)";
  append_json_number(out, event.ts.time_since_epoch().count());
  append_string(out, R"(,"shop":)", event.shop);
  switch (event.type) {
    case Type::message:
      append_string(out, R"(,"customer":)", event.customer);
      append_string_if_any(out, R"(,"agent":)", event.agent);
      append_string(out, R"(,"from":)", from_name(event.from));
      if (event.kind != Kind::text) append_string(out, R"(,"kind":)", kind_name(event.kind));
      if (text) append_string(out, R"(,"text":)", *text);
      append_string_if_any(out, R"(,"topic":)", event.topic);
      break;
    case Type::assign:
      append_string(out, R"(,"customer":)", event.customer);
      append_string(out, R"(,"agent":)", event.agent);
      append_string_if_any(out, R"(,"from_agent":)", event.from_agent);
      break;
    case Type::close:
      append_string(out, R"(,"customer":)", event.customer);
      break;
    case Type::agent_status:
      append_string(out, R"(,"agent":)", event.agent);
      append_string(out, R"(,"status":)", status_name(event.status));
      if (event.capacity) {
        out += R"(,"capacity":)";
        append_json_number(out, *event.capacity);
      }
      append_string_if_any(out, R"(,"name":)", event.name);
      append_string_if_any(out, R"(,"group":)", event.group);
      break;
    case Type::rating:
      append_string(out, R"(,"customer":)", event.customer);
      append_string(out, R"(,"agent":)", event.agent);
      out += R"(,"score":)";
      append_json_number(out, event.score);
      break;
    case Type::order:
      append_string(out, R"(,"customer":)", event.customer);
      append_string(out, R"(,"order":)", event.order);
      append_string(out, R"(,"status":)", order_status_name(event.order_status));
      out += R"(,"amount":")";
      append_amount(out, event.amount_e4);
      out += R"(","items":)";
      append_json_number(out, event.items);
      break;
    case Type::unknown:
      break;
  }
  out += '}';
}

}  // namespace deskpulse::proto
