// Everything an operator can set, as one plain value with its defaults.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace deskpulse::config {

using Millis = std::chrono::milliseconds;
using Minutes = std::chrono::minutes;

enum class Protocol { deskpulse_v1, plain };
/// Where a first connection begins: with what happens from now on, or with the oldest event that
/// the server still has.
enum class Start { live, floor };
enum class LogLevel { debug, info, warn, error };
enum class LogFormat { logfmt, json };
enum class JudgedUnit { turn, session_first };
/// What a peer of our own listener must show, in the words of Go's crypto/tls.
enum class ClientAuth {
  no_client_cert,
  request_client_cert,
  require_any_client_cert,
  verify_client_cert_if_given,
  require_and_verify_client_cert
};

/// [feed]: where events come from and how patient we are with them.
struct Feed {
  std::string url = "ws://127.0.0.1:9871/";  ///< ws:// or wss://
  std::optional<std::string> name;           ///< of the stream, wherever it is
  Protocol protocol = Protocol::deskpulse_v1;
  Start start = Start::live;
  std::string consumer = "deskpulse";     ///< the name we say hello with
  std::optional<std::string> token_file;  ///< path; read again at each connect
  std::optional<std::string> tls_ca_file;
  Millis handshake_timeout{10'000};  ///< name, TCP, TLS, WebSocket and hello together
  Millis message_timeout{10'000};    ///< one whole message, from its first byte
  Millis close_timeout{2'000};
  Millis reconnect_base{500};
  Millis reconnect_cap{30'000};
  Millis reorder_window{1'000};
  Millis allowed_lateness{600'000};
  Millis max_clock_skew{5'000};
  Millis live_lag{5'000};
  std::int64_t max_frame_bytes = std::int64_t{16} << 20;
  bool permessage_deflate = false;
  friend bool operator==(const Feed&, const Feed&) = default;
};

/// [rules]: what slow and unanswered mean, for every shop that says nothing else.
struct Rules {
  Millis slow_after{60'000};
  std::int64_t slow_times = 1;
  Millis abandon_after{30 * 60'000};
  Millis session_gap{10 * 60'000};
  std::string zone = "Asia/Shanghai";  ///< a name of the system's zone database, checked
  Minutes day_cut{0};                  ///< local, [0, 24 h)
  std::string profile = "default";
  friend bool operator==(const Rules&, const Rules&) = default;
};

/// [windows] rolling: the label is the text as it was written, such as "5m".
struct Window {
  std::string label;
  Millis span{};
  friend bool operator==(const Window&, const Window&) = default;
};

/// Local hours [from, to), in minutes since midnight; equal ends are the whole day.
struct Hours {
  Minutes from{};
  Minutes to{};
  friend bool operator==(const Hours&, const Hours&) = default;
};

/// [profiles.NAME]: what differs from the shipped profile of that name, or from `default` where
/// none is shipped under it.
struct Profile {
  std::string name;
  /// Senders whose message is a valid reply: "human" always, "assist", "bot".
  std::optional<std::vector<std::string>> valid_replies;
  std::optional<Millis> timely_within;
  std::optional<bool> strict;
  std::optional<JudgedUnit> unit;
  std::optional<Hours> service_hours;
  std::optional<Millis> response_cap;  ///< 0 = no cap
  friend bool operator==(const Profile&, const Profile&) = default;
};

/// [[shop.agent]]: exists with zeros from the start.
struct Agent {
  std::string id;
  std::string name;   ///< empty = the id
  std::string group;  ///< empty = none
  std::optional<std::int64_t> capacity;
  friend bool operator==(const Agent&, const Agent&) = default;
};

/// One shop; what is absent holds as in [rules].
struct Shop {
  std::string id;
  std::string name;  ///< empty = the id
  std::optional<std::string> profile;
  std::optional<Millis> slow_after;
  std::optional<std::int64_t> slow_times;
  std::optional<Millis> abandon_after;
  std::optional<Millis> session_gap;
  std::vector<Agent> agents;
  friend bool operator==(const Shop&, const Shop&) = default;
};

/// [http.tls_server_config]: the keys and words of Prometheus' web configuration file. Off without
/// a certificate.
struct TlsServer {
  std::optional<std::string> cert_file;  ///< PEM, the chain behind it
  std::optional<std::string> key_file;
  std::optional<std::string> client_ca_file;
  std::string client_auth_type = "NoClientCert";
  std::string min_version = "TLS12";
  std::string max_version = "TLS13";
  std::vector<std::string> cipher_suites;      ///< empty = the library's choice
  std::vector<std::string> curve_preferences;  ///< empty = the library's choice
  bool prefer_server_cipher_suites = true;
  friend bool operator==(const TlsServer&, const TlsServer&) = default;
};

/// One line of [http.basic_auth_users].
struct BasicAuthUser {
  std::string name;
  std::string bcrypt_hash;  ///< a secret: never printed and never logged
  friend bool operator==(const BasicAuthUser&, const BasicAuthUser&) = default;
};

/// [http]: the listener of the pages.
struct Http {
  std::string listen = "127.0.0.1:9870";  ///< IP address or localhost, and port; IPv6 in []
  std::int64_t max_connections = 256;
  std::int64_t max_header_bytes = 16 << 10;  ///< of one request
  Millis header_timeout{10'000};             ///< a whole request, from its first byte
  Millis write_timeout{10'000};              ///< a peer takes some of its response
  std::int64_t max_held_bytes = 256 << 20;   ///< responses that are being sent, together
  std::vector<std::string> allowed_hosts;    ///< host names; "*" = any
  TlsServer tls;
  std::vector<BasicAuthUser> users;  ///< by name; none = no password is asked for
  friend bool operator==(const Http&, const Http&) = default;
};

/// [targets]: the level that each number is held to, the same for every shop; 0 = no target.
struct Targets {
  double waiting_customers = 0;
  double oldest_wait_seconds = 180;
  double slow_share = 0.1;
  double unanswered_share = 0.05;
  double response_time_mean_seconds = 30;
  double response_time_p90_seconds = 90;
  double load = 1;  ///< conversations in hand, as a share of the capacity
  double timely_rate = 0.9;
  friend bool operator==(const Targets&, const Targets&) = default;
};

/// [store]: what survives a restart.
struct Store {
  /// Of the snapshots and the journal; empty = nothing is kept. Not set = the first one of
  /// systemd's STATE_DIRECTORY, or else nothing.
  std::optional<std::string> directory;
  Millis interval{5'000};  ///< from snapshot to snapshot
  bool journal = false;
  std::int64_t journal_max_bytes = std::int64_t{10} << 30;
  std::int64_t journal_segment_bytes = std::int64_t{64} << 20;
  friend bool operator==(const Store&, const Store&) = default;
};

/// [limits]: the most of everything that an upstream can make grow. The longest message is
/// Feed::max_frame_bytes.
struct Limits {
  std::int64_t conversations = 2'000'000;
  std::int64_t agents = 10'000;
  std::int64_t shops = 1'000;
  Millis agent_idle{48 * 3'600'000};
  std::int64_t remembered_ids = 8'000'000;
  std::int64_t buffered_events = 1'000'000;
  std::int64_t buffered_bytes = std::int64_t{512} << 20;
  std::int64_t depth = 32;        ///< nested arrays and objects of one message
  std::int64_t memory_bytes = 0;  ///< 0 = by the control group's limit, where there is one
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Privacy {
  bool show_customers = false;
  friend bool operator==(const Privacy&, const Privacy&) = default;
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;
  friend bool operator==(const Log&, const Log&) = default;
};

struct Config {
  Feed feed;
  Rules rules;
  std::vector<Window> windows{{"1m", Millis{60'000}},
                              {"5m", Millis{300'000}},
                              {"15m", Millis{900'000}},
                              {"30m", Millis{1'800'000}},
                              {"1h", Millis{3'600'000}}};
  Targets targets;
  Http http;
  Store store;
  Limits limits;
  Privacy privacy;
  Log log;
  std::vector<Profile> profiles;
  std::vector<Shop> shops;
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace deskpulse::config
