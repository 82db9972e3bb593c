// What a peer sends to the HTTP listener, without a socket: all bytes of one connection, read as
// they come and once more in small pieces. Behind it are the daemon's own pages.
//
// Nothing breaks, how the bytes are cut changes nothing of the answers, every answer is a response
// as ours are, and without the password nobody learns more than that there is one.
#include <algorithm>
#include <cassert>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/serve/assets.hpp"
#include "daemon/serve/live_api.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/unit/http/offline_connection.hpp"
#include "tests/unit/metrics/sample_report.hpp"

namespace {

using namespace deskpulse;
using namespace deskpulse::http;
using namespace deskpulse::serve;

/// Of "secret", at cost 4.
constexpr const char* kSecret = "$2b$04$j4BOH9zRM0KQ5PTvCruq3u.AAYSQPncAesR9U9eliznyVLXAkiIDW";
constexpr std::size_t kMaxHeader = 2048;

/// The wall and the API over a moment that is always the same. Anew for each connection: what
/// they remember must not be what the next one's answer depends on.
class Pages {
 public:
  Pages() {
    const AskingThread thread{[this](std::chrono::milliseconds, std::function<void()> work) {
                                later_.push_back(std::move(work));  // no time passes
                              },
                              [](const std::function<void()>& work) { work(); }};
    moments_->ask_from(thread);
    api_->start(thread);
  }

  Routes routes() const {
    static const Routes wall = [] {
      Routes all;
      add_wall(all);  // unpacks it
      return all;
    }();
    Routes routes = wall;
    // The real one says how much memory the process has, which changes.
    routes.add("/metrics", [](const Request& request, const Reply& reply) {
      reply(text_response(200, request.path + request.query));
    });
    api_->add_routes(routes);
    return routes;
  }

 private:
  static void take(const std::shared_ptr<moment::Moment>& moment,
                   const std::function<void()>& filled) {
    static const engine::Report report = metrics::small_report();
    moment->at = proto::Instant{proto::Millis{1'763'712'000'000}};
    moment->report = report;
    moment->spans = {proto::Millis{300'000}, proto::Millis{0}};
    for (moment::WaitingPage& page : moment->waiting) {
      page.list = {};
      if (page.wish.scope.shop == "tea" || page.wish.scope.shop.empty()) continue;
      page.list.answer = engine::WaitingAnswer::unknown_shop;
    }
    filled();
  }

  std::vector<std::function<void()>> later_;
  const std::shared_ptr<MomentCoalescer> moments_ = std::make_shared<MomentCoalescer>(
      take, std::chrono::milliseconds{1'000}, std::chrono::milliseconds{0});
  const std::shared_ptr<LiveApi> api_ = std::make_shared<LiveApi>(moments_);
};

Exchange answers_to(std::string_view bytes, std::size_t at_a_time, bool with_password) {
  HttpSettings settings;
  settings.max_header_bytes = kMaxHeader;
  if (with_password) settings.access.basic_auth_users = {{"prometheus", kSecret}};
  const Pages pages;
  return OfflineListener(settings, pages.routes()).exchange(bytes, at_a_time);
}

std::string without_dates(std::string answers) {
  constexpr std::string_view kDate = "\r\nDate: ";
  for (std::size_t at = 0; (at = answers.find(kDate, at)) != std::string::npos;)
    answers.erase(at, answers.find('\n', at + kDate.size()) - at - 1);
  return answers;
}

/// Three digits behind the version.
int status_of(std::string_view answers) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  assert(answers.starts_with(kVersion));
  answers.remove_prefix(kVersion.size());
  assert(answers.size() > 4 && answers[3] == ' ');
  return (answers[0] - '0') * 100 + (answers[1] - '0') * 10 + (answers[2] - '0');
}

void check_first(std::string_view answers) {
  if (answers.empty()) return;
  const int status = status_of(answers);
  assert(status == 200 || status == 304 || (status >= 400 && status < 500) || status == 501 ||
         status == 503 || status == 505);
  const std::size_t end = answers.find("\r\n\r\n");
  assert(end != std::string_view::npos);
  const std::string_view head = answers.substr(0, end + 2);
  for (const std::string_view field :
       {"\r\nX-Content-Type-Options: nosniff\r\n", "\r\nContent-Security-Policy: ",
        "\r\nReferrer-Policy: no-referrer\r\n", "\r\nCache-Control: "}) {
    assert(head.find(field) != std::string_view::npos);
  }
}

void check_same(const std::string& whole, const std::string& cut) {
  if (whole != cut) std::fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.c_str(), cut.c_str());
  assert(whole == cut);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Exchange whole = answers_to(bytes, 4096, false);
  check_first(whole.answers);
  assert(whole.read <= size);
  const std::size_t pieces = 1 + size % 7;
  const Exchange cut = answers_to(bytes, pieces, false);
  check_same(without_dates(whole.answers), without_dates(cut.answers));

  // A password costs a thousand times as much as the rest: only where one may be given.
  if (bytes.find("uthorization") == std::string_view::npos) return 0;
  const Exchange stranger = answers_to(bytes, 4096, true);
  check_first(stranger.answers);
  constexpr std::string_view kRight = "cHJvbWV0aGV1czpzZWNyZXQ=";
  if (stranger.answers.empty() || bytes.find(kRight) != std::string_view::npos) return 0;
  const int status = status_of(stranger.answers);
  assert(status != 200 && status != 304 && status != 404);
  return 0;
}
