#include "daemon/app/settings.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>
#include <utility>

#include "daemon/config/zone.hpp"

namespace deskpulse {
namespace {

engine::Calendar calendar_of(const config::Rules& rules) {
  const auto zone = config::load_zone(rules.zone);
  if (!zone) throw std::runtime_error("the time zone " + rules.zone + " cannot be read any more");
  std::vector<engine::ZoneTransition> transitions;
  for (const auto& transition : zone->transitions)
    transitions.push_back({proto::Instant{transition.from}, transition.offset});
  return {zone->initial, std::move(transitions), rules.day_cut};
}

engine::Profile profile_of(const config::Profile& configured) {
  const engine::Profile* shipped = engine::find_shipped_profile(configured.name);
  engine::Profile profile = shipped != nullptr ? *shipped : engine::shipped_profiles().front();
  profile.name = configured.name;
  if (const auto& senders = configured.valid_replies) {
    const auto lists = [&senders](const char* sender) {
      return std::find(senders->begin(), senders->end(), sender) != senders->end();
    };
    profile.assist_is_valid = lists("assist");
    profile.bot_is_valid = lists("bot");
  }
  if (configured.timely_within) profile.timely_within = *configured.timely_within;
  if (configured.strict) profile.strict = *configured.strict;
  if (configured.unit)
    profile.unit = *configured.unit == config::JudgedUnit::session_first
                       ? engine::Unit::session_first
                       : engine::Unit::turn;
  if (configured.service_hours)
    profile.service_hours =
        engine::ServiceHours{configured.service_hours->from, configured.service_hours->to};
  if (configured.response_cap) {
    profile.response_cap = configured.response_cap;
    if (configured.response_cap->count() == 0) profile.response_cap.reset();
  }
  return profile;
}

std::optional<std::uint32_t> capacity_of(const config::Agent& agent) {
  if (!agent.capacity) return std::nullopt;
  return static_cast<std::uint32_t>(*agent.capacity);
}

}  // namespace

engine::Settings engine_settings(const config::Config& config) {
  std::map<std::string, engine::Profile> profiles;
  for (const engine::Profile& profile : engine::shipped_profiles())
    profiles[profile.name] = profile;
  for (const config::Profile& profile : config.profiles)
    profiles[profile.name] = profile_of(profile);

  engine::Settings settings;
  settings.windows.clear();
  for (const config::Window& window : config.windows)
    settings.windows.push_back({window.label, window.span});
  settings.calendar = calendar_of(config.rules);

  settings.limits = {.conversations = static_cast<std::uint32_t>(config.limits.conversations),
                     .agents = static_cast<std::uint32_t>(config.limits.agents),
                     .shops = static_cast<std::uint32_t>(config.limits.shops),
                     .agent_idle = config.limits.agent_idle};

  engine::ShopSettings& defaults = settings.shop_defaults;
  defaults.profile = profiles.at(config.rules.profile);
  defaults.slow_after = config.rules.slow_after;
  defaults.slow_times = static_cast<std::uint32_t>(config.rules.slow_times);
  defaults.abandon_after = config.rules.abandon_after;
  defaults.session_gap = config.rules.session_gap;

  for (const config::Shop& configured : config.shops) {
    engine::ShopSettings shop = defaults;
    shop.id = configured.id;
    shop.name = configured.name;
    if (configured.profile) shop.profile = profiles.at(*configured.profile);
    if (configured.slow_after) shop.slow_after = *configured.slow_after;
    if (configured.slow_times) shop.slow_times = static_cast<std::uint32_t>(*configured.slow_times);
    if (configured.abandon_after) shop.abandon_after = *configured.abandon_after;
    if (configured.session_gap) shop.session_gap = *configured.session_gap;
    for (const config::Agent& agent : configured.agents)
      shop.agents.push_back({agent.id, agent.name, agent.group, capacity_of(agent)});
    settings.shops.push_back(std::move(shop));
  }
  return settings;
}

intake::IntakeSettings intake_settings(const config::Config& config) {
  return {.reorder_window = config.feed.reorder_window,
          .allowed_lateness = config.feed.allowed_lateness,
          .max_clock_skew = config.feed.max_clock_skew,
          .live_lag = config.feed.live_lag,
          .remembered_ids = static_cast<std::size_t>(config.limits.remembered_ids),
          .buffered_events = static_cast<std::size_t>(config.limits.buffered_events),
          .buffered_bytes = static_cast<std::size_t>(config.limits.buffered_bytes)};
}

feed::WebsocketSettings websocket_settings(const config::Config& config) {
  const config::Feed& from = config.feed;
  const auto endpoint = feed::parse_endpoint(from.url);
  if (!endpoint) throw std::runtime_error("feed.url is not the address of a stream");
  feed::WebsocketSettings settings;
  settings.endpoint = *endpoint;
  settings.protocol =
      from.protocol == config::Protocol::plain ? feed::Protocol::plain : feed::Protocol::v1;
  settings.source = feed::source_of(settings.protocol, *endpoint, from.name.value_or(""));
  settings.start_at =
      from.start == config::Start::floor ? feed::StartAt::floor : feed::StartAt::live;
  settings.consumer = from.consumer;
  settings.token_file = from.token_file.value_or("");
  settings.ca_file = from.tls_ca_file.value_or("");
  settings.permessage_deflate = from.permessage_deflate;
  settings.max_message_bytes = static_cast<std::size_t>(from.max_frame_bytes);
  settings.max_depth = static_cast<std::size_t>(config.limits.depth);
  settings.timeouts.handshake = from.handshake_timeout;
  settings.timeouts.message = from.message_timeout;
  settings.timeouts.close = from.close_timeout;
  settings.backoff.base = from.reconnect_base;
  settings.backoff.cap = from.reconnect_cap;
  return settings;
}

PersistenceSettings persistence_settings(const config::Config& config) {
  PersistenceSettings settings;
  settings.directory = config.store.directory.value();
  settings.interval = config.store.interval;
  const feed::WebsocketSettings stream = websocket_settings(config);
  settings.stream = {.has_positions = stream.protocol == feed::Protocol::v1,
                     .source = stream.source};
  if (!config.store.journal) return settings;
  store::JournalSettings& journal = settings.journal.emplace();
  journal.reorder_window = config.feed.reorder_window;
  journal.bounds.segment_bytes = static_cast<std::uint64_t>(config.store.journal_segment_bytes);
  journal.bounds.max_bytes = static_cast<std::uint64_t>(config.store.journal_max_bytes);
  return settings;
}

http::HttpSettings http_settings(const config::Config& config) {
  const std::string& listen = config.http.listen;
  const auto colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  http::HttpSettings settings;
  settings.address = host == "localhost" ? "127.0.0.1" : host;
  std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), settings.port);
  settings.max_connections = static_cast<std::size_t>(config.http.max_connections);
  settings.max_header_bytes = static_cast<std::size_t>(config.http.max_header_bytes);
  settings.header_timeout = config.http.header_timeout;
  settings.write_timeout = config.http.write_timeout;
  settings.max_held_bytes = static_cast<std::size_t>(config.http.max_held_bytes);
  settings.access = access_settings(config);
  return settings;
}

http::AccessSettings access_settings(const config::Config& config) {
  const config::TlsServer& tls = config.http.tls;
  http::AccessSettings settings;
  settings.allowed_hosts = config.http.allowed_hosts;
  settings.tls = {.cert_file = tls.cert_file.value_or(""),
                  .key_file = tls.key_file.value_or(""),
                  .client_ca_file = tls.client_ca_file.value_or(""),
                  .client_auth_type = tls.client_auth_type,
                  .min_version = tls.min_version,
                  .max_version = tls.max_version,
                  .cipher_suites = tls.cipher_suites,
                  .curve_preferences = tls.curve_preferences,
                  .prefer_server_cipher_suites = tls.prefer_server_cipher_suites};
  for (const config::BasicAuthUser& user : config.http.users)
    settings.basic_auth_users.emplace(user.name, user.bcrypt_hash);
  return settings;
}

moment::Targets targets_of(const config::Config& config) {
  const config::Targets& from = config.targets;
  moment::Targets targets{
      {"waiting_customers", from.waiting_customers},
      {"oldest_wait_seconds", from.oldest_wait_seconds},
      {"slow_share", from.slow_share},
      {"unanswered_share", from.unanswered_share},
      {"response_time_mean_seconds", from.response_time_mean_seconds},
      {"response_time_p90_seconds", from.response_time_p90_seconds},
      {"load", from.load},
      {"timely_rate", from.timely_rate},
  };
  std::erase_if(targets, [](const moment::Target& target) { return target.value == 0; });
  return targets;
}

std::vector<std::string> shipped_profile_names() {
  std::vector<std::string> names;
  for (const engine::Profile& profile : engine::shipped_profiles()) names.push_back(profile.name);
  return names;
}

}  // namespace deskpulse
