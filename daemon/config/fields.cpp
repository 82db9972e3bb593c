#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <type_traits>
#include <utility>

#include "daemon/config/duration.hpp"
#include "daemon/config/field.hpp"

namespace deskpulse::config {
namespace {

constexpr Millis kSecond{1'000};
constexpr Millis kMinute{60'000};
constexpr Millis kHour{3'600'000};
constexpr Millis kDay{86'400'000};

// A member is named by a function that returns a reference to it: `member(target)`. It may be a
// plain T or an optional<T>; both are read and written by these two.
template <class T>
std::optional<T> value_of(const T& member) {
  return member;
}
template <class T>
std::optional<T> value_of(const std::optional<T>& member) {
  return member;
}

template <class Target, class Member, class Parse, class Format>
Field<Target> row(std::string key, Kind kind, std::string help, std::string must, Member member,
                  Parse parse, Format format) {
  return {std::move(key),
          kind,
          std::move(help),
          std::move(must),
          [member, parse](Target& target, const Value& value) {
            const auto parsed = parse(value);
            if (!parsed) return false;
            member(target) = *parsed;
            return true;
          },
          [member, format](const Target& target) -> std::optional<Value> {
            const auto value = value_of(member(target));
            if (!value) return std::nullopt;
            return Value{format(*value)};
          },
          [member](Target& to, const Target& from) { member(to) = member(from); }};
}

/// Marks a row that a reload brings into force.
template <class Target>
Field<Target> live(Field<Target> field) {
  field.is_live = true;
  return field;
}

template <class Target>
Field<Target> with_secret_path(Field<Target> field) {
  field.has_secret_path = true;
  return field;
}

template <class Target, class Member>
Field<Target> duration(std::string key, Member member, Millis least, Millis most,
                       std::string help) {
  const std::string must = "must be a duration from " + format_duration(least) + " to " +
                           format_duration(most) +
                           "; write it like \"60s\", \"1m30s\" or \"500ms\"";
  return row<Target>(
      std::move(key), Kind::text, std::move(help), must, member,
      [least, most](const Value& value) -> std::optional<Millis> {
        const auto parsed = parse_duration(std::get<std::string>(value));
        return parsed && *parsed >= least && *parsed <= most ? parsed : std::nullopt;
      },
      format_duration);
}

template <class Target, class Member>
Field<Target> integer(std::string key, Member member, std::int64_t least, std::int64_t most,
                      std::string help) {
  const std::string must = "must be a whole number from " + std::to_string(least) + " to " +
                           std::to_string(most) + "; write it without quotes";
  return row<Target>(
      std::move(key), Kind::integer, std::move(help), must, member,
      [least, most](const Value& value) -> std::optional<std::int64_t> {
        const std::int64_t number = std::get<std::int64_t>(value);
        return number >= least && number <= most ? std::optional(number) : std::nullopt;
      },
      [](std::int64_t number) { return number; });
}

/// A number of bytes that may be 0, for "not said".
template <class Target, class Member>
Field<Target> bytes_or_none(std::string key, Member member, std::int64_t least, std::int64_t most,
                            std::string help) {
  const std::string must = "must be 0, or a whole number from " + std::to_string(least) + " to " +
                           std::to_string(most) + "; write it without quotes";
  return row<Target>(
      std::move(key), Kind::integer, std::move(help), must, member,
      [least, most](const Value& value) -> std::optional<std::int64_t> {
        const std::int64_t number = std::get<std::int64_t>(value);
        return number == 0 || (number >= least && number <= most) ? std::optional(number)
                                                                  : std::nullopt;
      },
      [](std::int64_t number) { return number; });
}

/// A number from 0, which NaN is not.
template <class Target, class Member>
Field<Target> number(std::string key, Member member, double most, std::string must,
                     std::string help) {
  return row<Target>(
      std::move(key), Kind::number, std::move(help), std::move(must), member,
      [most](const Value& value) -> std::optional<double> {
        const double given = std::get<double>(value);
        return given >= 0 && given <= most ? std::optional(given) : std::nullopt;
      },
      [](double given) { return given; });
}

template <class Target, class Member>
Field<Target> boolean(std::string key, Member member, std::string help) {
  return row<Target>(
      std::move(key), Kind::boolean, std::move(help), "must be true or false; write no quotes",
      member, [](const Value& value) { return std::optional(std::get<bool>(value)); },
      [](bool value) { return value; });
}

/// Any text that `fits`.
template <class Target, class Member, class Fits>
Field<Target> text(std::string key, Member member, Fits fits, std::string help, std::string must) {
  return row<Target>(
      std::move(key), Kind::text, std::move(help), std::move(must), member,
      [fits](const Value& value) {
        const std::string& written = std::get<std::string>(value);
        return fits(written) ? std::optional(written) : std::nullopt;
      },
      [](const std::string& value) { return value; });
}

/// One of a few words.
template <class Target, class Member, class Enum, std::size_t kCount>
Field<Target> choice(std::string key, Member member,
                     std::array<std::pair<const char*, Enum>, kCount> words, std::string help) {
  std::string must = "must be";
  for (std::size_t i = 0; i < kCount; ++i) {
    if (i > 0) must += i + 1 == kCount ? " or" : ",";
    must += std::string(" \"") + words[i].first + "\"";
  }
  return row<Target>(
      std::move(key), Kind::text, std::move(help), must + "; choose one of them", member,
      [words](const Value& value) -> std::optional<Enum> {
        for (const auto& [word, meaning] : words)
          if (std::get<std::string>(value) == word) return meaning;
        return std::nullopt;
      },
      [words](Enum value) {
        for (const auto& [word, meaning] : words)
          if (meaning == value) return std::string(word);
        return std::string();
      });
}

/// One of a few words, kept as it is written.
template <class Target, class Member>
Field<Target> word(std::string key, Member member, const std::vector<std::string>& words,
                   std::string help) {
  std::string must = "must be";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) must += i + 1 == words.size() ? " or" : ",";
    must += " \"" + words[i] + "\"";
  }
  return text<Target>(
      std::move(key), member,
      [words](const std::string& written) {
        return std::find(words.begin(), words.end(), written) != words.end();
      },
      std::move(help), must + "; choose one of them");
}

/// Without U+0000–001F and U+007F–009F, as on the wire. Text of the environment and of flags need
/// not be UTF-8.
bool is_plain(std::string_view text) {
  unsigned char before = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte < 0xa0))
      return false;
    before = byte;
  }
  return true;
}

bool is_name(std::string_view name) { return name.size() <= 256 && is_plain(name); }

bool is_path(std::string_view path) {
  return !path.empty() && path.size() <= 4'096 && is_plain(path);
}

bool is_port(std::string_view text, int least) {
  int port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failure == std::errc{} && end == text.data() + text.size() && !text.empty() &&
         text.front() != '-' && port >= least && port <= 65'535;
}

/// host:port or [address]:port. The port may be absent only where `port_needed` is false.
bool is_host_and_port(std::string_view text, bool port_needed, int least_port) {
  std::string_view host;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    std::array<unsigned char, sizeof(in6_addr)> address{};
    if (inet_pton(AF_INET6, std::string(host).c_str(), address.data()) != 1) return false;
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
    const bool fits = std::all_of(host.begin(), host.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
    });
    if (!fits) return false;
  }
  if (host.empty() || host.size() > 253) return false;
  if (rest.empty()) return !port_needed;
  return rest.front() == ':' && is_port(rest.substr(1), least_port);
}

/// An IP address or "localhost", and a port; 0 lets the system choose one.
bool is_listen_address(std::string_view text) {
  if (!is_host_and_port(text, true, 0)) return false;
  std::string host(text.substr(0, text.rfind(':')));
  std::array<unsigned char, sizeof(in_addr)> address{};
  if (host.starts_with('[')) return true;
  return host == "localhost" || inet_pton(AF_INET, host.c_str(), address.data()) == 1;
}

bool is_feed_url(std::string_view url) {
  if (url.starts_with("ws://"))
    url.remove_prefix(5);
  else if (url.starts_with("wss://"))
    url.remove_prefix(6);
  else
    return false;
  const bool printable =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
  // A fragment never reaches a server, a name or password in a URL would end in logs, and what
  // --print-config writes for a secret is none.
  if (!printable || url.find_first_of("#@\\\"<>") != std::string_view::npos) return false;
  return is_host_and_port(url.substr(0, url.find_first_of("/?")), false, 1);
}

/// A host name as in a Host header, without a port; "*" for any.
bool is_host_name(std::string_view name) {
  if (name == "*") return true;
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
}

std::optional<std::vector<std::string>> parse_host_names(const Value& value) {
  const auto& names = std::get<std::vector<std::string>>(value);
  if (names.size() > 64 || !std::all_of(names.begin(), names.end(), is_host_name))
    return std::nullopt;
  return names;
}

/// Names in the manner of IANA's list; whether OpenSSL has them is seen when the listener starts.
std::optional<std::vector<std::string>> parse_cipher_suites(const Value& value) {
  const auto& names = std::get<std::vector<std::string>>(value);
  const auto is_suite = [](std::string_view name) {
    return name.starts_with("TLS_") && name.size() <= 64 &&
           name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               std::string_view::npos;
  };
  if (names.size() > 64 || !std::all_of(names.begin(), names.end(), is_suite)) return std::nullopt;
  return names;
}

std::optional<std::vector<std::string>> parse_curves(const Value& value) {
  constexpr std::array<std::string_view, 4> kCurves{"CurveP256", "CurveP384", "CurveP521",
                                                    "X25519"};
  const auto& names = std::get<std::vector<std::string>>(value);
  const auto is_curve = [&](std::string_view name) {
    return std::find(kCurves.begin(), kCurves.end(), name) != kCurves.end();
  };
  if (names.size() > kCurves.size() || !std::all_of(names.begin(), names.end(), is_curve))
    return std::nullopt;
  return names;
}

std::vector<std::string> same_list(const std::vector<std::string>& list) { return list; }

std::optional<std::vector<Window>> parse_windows(const Value& value) {
  const auto& labels = std::get<std::vector<std::string>>(value);
  if (labels.empty() || labels.size() > 8) return std::nullopt;
  std::vector<Window> windows;
  for (const std::string& label : labels) {
    const auto span = parse_duration(label);
    if (!span || *span < kSecond || *span > kDay || span->count() % 60 != 0) return std::nullopt;
    for (const Window& other : windows)
      if (other.span == *span) return std::nullopt;
    windows.push_back({label, *span});
  }
  return windows;
}

std::vector<std::string> window_labels(const std::vector<Window>& windows) {
  std::vector<std::string> labels;
  for (const Window& window : windows) labels.push_back(window.label);
  return labels;
}

std::optional<std::vector<std::string>> parse_valid_replies(const Value& value) {
  const auto& senders = std::get<std::vector<std::string>>(value);
  bool human = false;
  for (std::size_t i = 0; i < senders.size(); ++i) {
    const std::string& sender = senders[i];
    if (sender != "human" && sender != "assist" && sender != "bot") return std::nullopt;
    if (std::find(senders.begin(), senders.begin() + static_cast<std::ptrdiff_t>(i), sender) !=
        senders.begin() + static_cast<std::ptrdiff_t>(i))
      return std::nullopt;
    human = human || sender == "human";
  }
  return human ? std::optional(senders) : std::nullopt;
}

const std::string kIdRule =
    "must be 1 to 256 bytes without control characters; write it as the stream does";
const std::string kNameRule = "must be at most 256 bytes without control characters; shorten it";
const std::string kPathRule = "must be the path of a file; leave the key out for none";
const std::string kDirectoryRule = "must be the path of a directory; write \"\" to keep nothing";
const std::string kShareRule = "must be a share from 0 to 1, such as 0.1; 0 is no target";
const std::string kLevelRule =
    "must be a number from 0 to 1000000000, written without quotes; 0 is no target";
constexpr double kHighestLevel = 1e9;

}  // namespace

bool is_valid_id(std::string_view id) { return !id.empty() && id.size() <= 256 && is_plain(id); }

bool is_user_name(std::string_view name) {
  // A hash in its place is not to be taken for a name, which errors may say.
  return is_valid_id(name) && name.find(':') == std::string_view::npos && !name.starts_with("$2");
}

bool is_bcrypt_hash(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (text.size() != 60 || !text.starts_with("$2") || text[3] != '$' || text[6] != '$')
    return false;
  if (std::string_view("abxy").find(text[2]) == std::string_view::npos) return false;
  const std::string_view cost = text.substr(4, 2);
  if (cost < "04" || cost > "31" || cost.find_first_not_of("0123456789") != std::string_view::npos)
    return false;
  return text.find_first_not_of(kAlphabet, 7) == std::string_view::npos;
}

std::string environment_variable(std::string_view key) {
  std::string name = "DESKPULSE_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

// In these rows `[](auto& c) -> auto& { … }` names a member for reading and for writing.
#define DESKPULSE_MEMBER(path) \
  [](auto& target) -> auto& { return target.path; }

const std::vector<Field<Config>>& config_fields() {
  using C = Config;
  static const std::vector<Field<Config>> fields{
      live(with_secret_path(text<C>(
          "feed.url", DESKPULSE_MEMBER(feed.url), is_feed_url,
          "Where the stream of events is: ws:// or wss://.",
          "must be an address such as \"wss://chat.example.com/stream\"; begin it with ws:// "
          "or wss:// and put no user name or password into it"))),
      live(text<C>("feed.name", DESKPULSE_MEMBER(feed.name), is_valid_id,
                   "The stream's name, by which it is the same one wherever its url is.", kIdRule)),
      live(choice<C>(
          "feed.protocol", DESKPULSE_MEMBER(feed.protocol),
          std::array{std::pair{"deskpulse.v1", Protocol::deskpulse_v1},
                     std::pair{"plain", Protocol::plain}},
          "deskpulse.v1 resumes after a disconnect; plain takes any server of bare events.")),
      live(choice<C>(
          "feed.start", DESKPULSE_MEMBER(feed.start),
          std::array{std::pair{"live", Start::live}, std::pair{"floor", Start::floor}},
          "Begin with what happens now, or with the oldest event that the server still has.")),
      live(text<C>(
          "feed.consumer", DESKPULSE_MEMBER(feed.consumer), is_valid_id,
          "The name under which the server knows this daemon.",
          "must be 1 to 256 bytes without control characters; choose a short name of its own")),
      live(text<C>("feed.token_file", DESKPULSE_MEMBER(feed.token_file), is_path,
                   "File with the bearer token; it is read again at each connect.", kPathRule)),
      live(integer<C>("feed.max_frame_bytes", DESKPULSE_MEMBER(feed.max_frame_bytes), 1'024,
                      256 << 20, "The longest message. A longer one ends the connection.")),
      live(boolean<C>(
          "feed.permessage_deflate", DESKPULSE_MEMBER(feed.permessage_deflate),
          "Offer compression to the server; it costs more than it saves on a fast line.")),
      duration<C>("feed.reorder_window", DESKPULSE_MEMBER(feed.reorder_window), Millis{0}, kMinute,
                  "How long events wait for earlier ones; 0s takes them as they come."),
      duration<C>("feed.allowed_lateness", DESKPULSE_MEMBER(feed.allowed_lateness), Millis{0}, kDay,
                  "Events later than this are rejected."),
      duration<C>("feed.max_clock_skew", DESKPULSE_MEMBER(feed.max_clock_skew), Millis{0}, kHour,
                  "Events further in the future than this are rejected."),
      duration<C>("feed.live_lag", DESKPULSE_MEMBER(feed.live_lag), Millis{100}, kHour,
                  "A feed that is less behind than this is caught up."),
      live(text<C>("feed.tls.ca_file", DESKPULSE_MEMBER(feed.tls_ca_file), is_path,
                   "Trust the authorities in this PEM file instead of the system's.", kPathRule)),
      live(duration<C>("feed.timeouts.handshake", DESKPULSE_MEMBER(feed.handshake_timeout),
                       Millis{10}, 5 * kMinute,
                       "From looking up the name to the server's first answer.")),
      live(duration<C>("feed.timeouts.message", DESKPULSE_MEMBER(feed.message_timeout), Millis{10},
                       5 * kMinute, "One whole message, from its first byte.")),
      live(duration<C>("feed.timeouts.close", DESKPULSE_MEMBER(feed.close_timeout), Millis{10},
                       5 * kMinute, "A polite goodbye; after it the connection is dropped.")),
      live(duration<C>(
          "feed.reconnect.base", DESKPULSE_MEMBER(feed.reconnect_base), Millis{10}, kHour,
          "The first pause after a disconnect is random up to this, then it doubles.")),
      live(duration<C>("feed.reconnect.cap", DESKPULSE_MEMBER(feed.reconnect_cap), Millis{10},
                       kHour, "No pause is longer.")),

      duration<C>("rules.slow_after", DESKPULSE_MEMBER(rules.slow_after), Millis{1}, 7 * kDay,
                  "A customer who waits longer got a slow response."),
      integer<C>("rules.slow_times", DESKPULSE_MEMBER(rules.slow_times), 1, 1'000,
                 "So many slow turns of one session make a slow customer."),
      duration<C>("rules.abandon_after", DESKPULSE_MEMBER(rules.abandon_after), Millis{1}, 7 * kDay,
                  "A wait ends unanswered when the customer has been silent for this long."),
      duration<C>("rules.session_gap", DESKPULSE_MEMBER(rules.session_gap), Millis{1}, 7 * kDay,
                  "Silence longer than this ends a session."),
      text<C>(
          "rules.zone", DESKPULSE_MEMBER(rules.zone), [](std::string_view) { return true; },
          "Time zone of the business day and the service hours.",
          "must be a name such as \"Asia/Shanghai\"; write it in quotes"),
      row<C>(
          "rules.day_cut", Kind::text, "Local time at which a business day begins.",
          "must be a time of day from 00:00 to 23:59; write it like \"04:00\"",
          DESKPULSE_MEMBER(rules.day_cut),
          [](const Value& value) -> std::
                                     optional<Minutes> {
                                       const auto cut =
                                           parse_time_of_day(std::get<std::string>(value));
                                       return cut && *cut < Minutes{24 * 60} ? cut : std::nullopt;
                                     },
          format_time_of_day),
      text<C>(
          "rules.profile", DESKPULSE_MEMBER(rules.profile), [](std::string_view) { return true; },
          "The platform whose rules judge the chats of a shop that names no other.",
          "must be the name of a profile; write it in quotes"),

      row<C>("windows.rolling", Kind::list, "The rolling windows of the numbers.",
             "must be a list of 1 to 8 different durations from 1s to 1d, each a multiple of 60ms; "
             "write it like [\"1m\", \"5m\", \"1h\"]",
             DESKPULSE_MEMBER(windows), parse_windows, window_labels),

      live(number<C>("targets.waiting_customers", DESKPULSE_MEMBER(targets.waiting_customers),
                     kHighestLevel, kLevelRule, "So many customers of a shop may wait at once.")),
      live(number<C>("targets.oldest_wait_seconds", DESKPULSE_MEMBER(targets.oldest_wait_seconds),
                     kHighestLevel, kLevelRule, "Nobody is to wait longer.")),
      live(number<C>("targets.slow_share", DESKPULSE_MEMBER(targets.slow_share), 1, kShareRule,
                     "Of the customers who wrote, so many may get a slow response.")),
      live(number<C>("targets.unanswered_share", DESKPULSE_MEMBER(targets.unanswered_share), 1,
                     kShareRule, "Of the customers who wrote, so many may be without an answer.")),
      live(number<C>("targets.response_time_mean_seconds",
                     DESKPULSE_MEMBER(targets.response_time_mean_seconds), kHighestLevel,
                     kLevelRule, "The mean response time is to stay below.")),
      live(number<C>("targets.response_time_p90_seconds",
                     DESKPULSE_MEMBER(targets.response_time_p90_seconds), kHighestLevel, kLevelRule,
                     "Nine of ten responses are to be faster.")),
      live(number<C>("targets.load", DESKPULSE_MEMBER(targets.load), kHighestLevel, kLevelRule,
                     "Conversations in hand, as a share of the capacity: 1 is full.")),
      live(number<C>("targets.timely_rate", DESKPULSE_MEMBER(targets.timely_rate), 1, kShareRule,
                     "Of the judged turns, so many are to be timely.")),

      text<C>(
          "http.listen", DESKPULSE_MEMBER(http.listen), is_listen_address,
          "Address and port of the pages.",
          "must be an IP address, or localhost, and a port; write it like \"127.0.0.1:9870\" or "
          "\"[::1]:9870\""),
      integer<C>("http.max_connections", DESKPULSE_MEMBER(http.max_connections), 1, 65'536,
                 "One connection more takes the place of one that can be spared."),
      integer<C>("http.max_header_bytes", DESKPULSE_MEMBER(http.max_header_bytes), 1'024, 1 << 20,
                 "The longest header of a request."),
      duration<C>("http.header_timeout", DESKPULSE_MEMBER(http.header_timeout), Millis{100},
                  5 * kMinute, "A whole request, from the connection or its first byte."),
      duration<C>("http.write_timeout", DESKPULSE_MEMBER(http.write_timeout), Millis{100},
                  5 * kMinute, "A peer takes the next 64 kB of its response."),
      integer<C>("http.max_held_bytes", DESKPULSE_MEMBER(http.max_held_bytes), 1 << 20,
                 std::int64_t{1} << 40,
                 "Memory of the responses being sent; beyond it the oldest are cut off."),
      live(row<C>(
          "http.allowed_hosts", Kind::list,
          "Host names under which the pages may be asked for, beside this machine's own; \"*\" "
          "for any.",
          "must be a list of at most 64 host names without ports; write it like "
          "[\"wall.example.com\"], or [\"*\"] for any",
          DESKPULSE_MEMBER(http.allowed_hosts), parse_host_names, same_list)),
      live(text<C>(
          "http.tls_server_config.cert_file", DESKPULSE_MEMBER(http.tls.cert_file), is_path,
          "PEM file with the listener's certificate and its chain; turns HTTPS on.", kPathRule)),
      live(text<C>("http.tls_server_config.key_file", DESKPULSE_MEMBER(http.tls.key_file), is_path,
                   "PEM file with the certificate's private key.", kPathRule)),
      live(text<C>("http.tls_server_config.client_ca_file",
                   DESKPULSE_MEMBER(http.tls.client_ca_file), is_path,
                   "PEM file with the authorities of clients' certificates.", kPathRule)),
      live(word<C>("http.tls_server_config.client_auth_type",
                   DESKPULSE_MEMBER(http.tls.client_auth_type),
                   {"NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                    "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"},
                   "Whether clients must show a certificate.")),
      live(word<C>("http.tls_server_config.min_version", DESKPULSE_MEMBER(http.tls.min_version),
                   {"TLS12", "TLS13"}, "The oldest TLS that is spoken.")),
      live(word<C>("http.tls_server_config.max_version", DESKPULSE_MEMBER(http.tls.max_version),
                   {"TLS12", "TLS13"}, "The newest TLS that is spoken.")),
      live(row<C>("http.tls_server_config.cipher_suites", Kind::list,
                  "Ciphers that may be used; [] leaves it to OpenSSL.",
                  "must be a list of IANA names; write it like "
                  "[\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]",
                  DESKPULSE_MEMBER(http.tls.cipher_suites), parse_cipher_suites, same_list)),
      live(row<C>(
          "http.tls_server_config.curve_preferences", Kind::list,
          "Curves of the key exchange, the best first; [] leaves it to OpenSSL.",
          "must be a list out of \"CurveP256\", \"CurveP384\", \"CurveP521\" and \"X25519\"; "
          "write it like [\"X25519\"]",
          DESKPULSE_MEMBER(http.tls.curve_preferences), parse_curves, same_list)),
      live(boolean<C>("http.tls_server_config.prefer_server_cipher_suites",
                      DESKPULSE_MEMBER(http.tls.prefer_server_cipher_suites),
                      "The order of the ciphers is ours, not the client's.")),

      text<C>(
          "store.directory", DESKPULSE_MEMBER(store.directory),
          [](std::string_view path) { return path.empty() || is_path(path); },
          "Where the state is kept for the next start; \"\" keeps nothing. Not set: systemd's "
          "STATE_DIRECTORY.",
          kDirectoryRule),
      duration<C>("store.interval", DESKPULSE_MEMBER(store.interval), Millis{100}, kHour,
                  "From one snapshot of the state to the next."),
      boolean<C>("store.journal", DESKPULSE_MEMBER(store.journal),
                 "Write every event to disk too: for streams that cannot be replayed, and for "
                 "backtests."),
      integer<C>("store.journal_max_bytes", DESKPULSE_MEMBER(store.journal_max_bytes), 1 << 20,
                 std::int64_t{1} << 50, "The journal's oldest segments go when it is larger."),
      integer<C>("store.journal_segment_bytes", DESKPULSE_MEMBER(store.journal_segment_bytes),
                 1 << 16, 1 << 30, "A segment of the journal ends at this size."),

      integer<C>("limits.conversations", DESKPULSE_MEMBER(limits.conversations), 1, 100'000'000,
                 "Conversations in memory; then idle ones go early, or newcomers are counted "
                 "without one."),
      integer<C>("limits.agents", DESKPULSE_MEMBER(limits.agents), 1, 1'000'000,
                 "Agents of all shops together; those beyond are counted as \"_other\"."),
      integer<C>("limits.shops", DESKPULSE_MEMBER(limits.shops), 1, 100'000,
                 "Shops; those beyond are counted as \"_other\"."),
      duration<C>("limits.agent_idle", DESKPULSE_MEMBER(limits.agent_idle), kSecond, 366 * kDay,
                  "An agent without a sign and without customers for this long is forgotten."),
      integer<C>("limits.remembered_ids", DESKPULSE_MEMBER(limits.remembered_ids), 1, 1'000'000'000,
                 "Ids of events, by which repeated ones are known; then less late ones are "
                 "accepted."),
      integer<C>("limits.buffered_events", DESKPULSE_MEMBER(limits.buffered_events), 1, 100'000'000,
                 "Events that wait for earlier ones; then they are applied without waiting."),
      integer<C>("limits.buffered_bytes", DESKPULSE_MEMBER(limits.buffered_bytes), 1 << 20,
                 std::int64_t{1} << 40, "Memory that those take; then the same."),
      integer<C>("limits.depth", DESKPULSE_MEMBER(limits.depth), 4, 1'024,
                 "Nested arrays and objects of one message; a deeper one is rejected."),
      bytes_or_none<C>("limits.memory_bytes", DESKPULSE_MEMBER(limits.memory_bytes),
                       std::int64_t{64} << 20, std::int64_t{1} << 50,
                       "Nothing grows while the process holds so much; 0 is three quarters of "
                       "its control group's limit, if any."),

      live(boolean<C>(
          "privacy.show_customers", DESKPULSE_MEMBER(privacy.show_customers),
          "Show customers' ids in the list of those who wait; otherwise they are masked.")),

      live(choice<C>(
          "log.level", DESKPULSE_MEMBER(log.level),
          std::array{std::pair{"debug", LogLevel::debug}, std::pair{"info", LogLevel::info},
                     std::pair{"warn", LogLevel::warn}, std::pair{"error", LogLevel::error}},
          "The least important lines that are written.")),
      live(choice<C>(
          "log.format", DESKPULSE_MEMBER(log.format),
          std::array{std::pair{"logfmt", LogFormat::logfmt}, std::pair{"json", LogFormat::json}},
          "How a line looks on standard error.")),
  };
  return fields;
}

const std::vector<Field<Profile>>& profile_fields() {
  using P = Profile;
  static const std::vector<Field<Profile>> fields{
      row<P>("valid_replies", Kind::list, "Senders whose message answers a customer.",
             "must be a list of different senders out of \"human\", \"assist\" and \"bot\", human "
             "among them; write it like [\"human\", \"assist\"]",
             DESKPULSE_MEMBER(valid_replies), parse_valid_replies, same_list),
      duration<P>("timely_within", DESKPULSE_MEMBER(timely_within), kSecond, 7 * kDay,
                  "The longest timely response."),
      boolean<P>("strict", DESKPULSE_MEMBER(strict), "A response of exactly the limit is late."),
      choice<P>("unit", DESKPULSE_MEMBER(unit),
                std::array{std::pair{"turn", JudgedUnit::turn},
                           std::pair{"session_first", JudgedUnit::session_first}},
                "Judge every turn, or the first one of a session."),
      row<P>(
          "service_hours", Kind::text, "Local hours in which turns are judged.",
          "must be two times of day; write it like \"08:00-23:00\", or \"00:00-24:00\" for the "
          "whole day",
          DESKPULSE_MEMBER(service_hours),
          [](const Value& value) { return parse_hours(std::get<std::string>(value)); },
          format_hours),
      row<P>(
          "response_cap", Kind::text, "A response time counts at most this in the sums.",
          "must be a duration from 1s to 7d, or \"none\"; write it like \"600s\"",
          DESKPULSE_MEMBER(response_cap),
          [](const Value& value) -> std::optional<Millis> {
            if (std::get<std::string>(value) == "none") return Millis{0};
            const auto cap = parse_duration(std::get<std::string>(value));
            return cap && *cap >= kSecond && *cap <= 7 * kDay ? cap : std::nullopt;
          },
          [](Millis cap) { return cap.count() == 0 ? std::string("none") : format_duration(cap); }),
  };
  return fields;
}

const std::vector<Field<Shop>>& shop_fields() {
  using S = Shop;
  static const std::vector<Field<Shop>> fields{
      text<S>("name", DESKPULSE_MEMBER(name), is_name, "How people call the shop.", kNameRule),
      text<S>(
          "profile", DESKPULSE_MEMBER(profile), [](std::string_view) { return true; },
          "The platform whose rules judge this shop.",
          "must be the name of a profile; write it in quotes"),
      duration<S>("slow_after", DESKPULSE_MEMBER(slow_after), Millis{1}, 7 * kDay, "As in rules."),
      integer<S>("slow_times", DESKPULSE_MEMBER(slow_times), 1, 1'000, "As in rules."),
      duration<S>("abandon_after", DESKPULSE_MEMBER(abandon_after), Millis{1}, 7 * kDay,
                  "As in rules."),
      duration<S>("session_gap", DESKPULSE_MEMBER(session_gap), Millis{1}, 7 * kDay,
                  "As in rules."),
  };
  return fields;
}

const std::vector<Field<Agent>>& agent_fields() {
  using A = Agent;
  static const std::vector<Field<Agent>> fields{
      text<A>("name", DESKPULSE_MEMBER(name), is_name, "How people call the agent.", kNameRule),
      text<A>("group", DESKPULSE_MEMBER(group), is_name, "The group the agent works in.",
              kNameRule),
      integer<A>("capacity", DESKPULSE_MEMBER(capacity), 0, 1'000'000,
                 "Conversations the agent can hold at once."),
  };
  return fields;
}

#undef DESKPULSE_MEMBER

}  // namespace deskpulse::config
