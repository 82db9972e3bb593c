#include "daemon/serve/live_api.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/http/query.hpp"
#include "daemon/serve/overview.hpp"
#include "daemon/serve/snapshot.hpp"
#include "daemon/serve/waiting_json.hpp"

namespace deskpulse::serve {
namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::chrono::milliseconds kTick{1'000};
/// Between two attempts at a point of the history while the feed's thread is busy, or the numbers
/// stand still.
constexpr std::chrono::milliseconds kSampleAgain{1'000};
constexpr std::size_t kMaxId = 256;  // bytes, as the decoder has it
constexpr std::size_t kMaxLimit = 1'000'000;
/// Of one moment, for others who want the same. A list may be megabytes, and there are as many as
/// somebody thinks up limits.
constexpr std::size_t kMaxKeptLists = 8;

constexpr std::string_view kBadQuery = "The query is not percent-encoded as it should be.";
constexpr std::string_view kLongId = "An id has at most 256 bytes.";
constexpr std::string_view kBadLimit = "limit must be a whole number from 0 to 1000000.";
constexpr std::string_view kAgentAlone = "agent needs shop: agents are known by both.";
constexpr std::string_view kNoShop = "There is no such shop.";
constexpr std::string_view kNoAgent = "There is no such agent in this shop.";
constexpr std::string_view kBusy =
    "The thread that reads the feed is busy and gave no numbers in time, or there is no memory for "
    "them; try again.";

moment::WaitingWish longest_waits(const std::string& shop) {
  return {{shop, ""}, kSnapshotWaiting};
}

/// What a request asks for; or the sentence that says why it cannot be.
struct Wanted {
  moment::WaitingWish wish;
  std::string_view error;
};

Wanted read_query(const http::Request& request) {
  const std::optional<http::Query> query = http::Query::parse(request.query);
  if (!query) return {{}, kBadQuery};
  Wanted wanted{{{std::string(query->value("shop")), std::string(query->value("agent"))}, {}}, {}};
  const engine::WaitingScope& scope = wanted.wish.scope;
  if (scope.shop.size() > kMaxId || scope.agent.size() > kMaxId) return {{}, kLongId};
  if (!scope.agent.empty() && scope.shop.empty()) return {{}, kAgentAlone};
  if (const std::string_view limit = query->value("limit"); !limit.empty()) {
    wanted.wish.limit = http::parse_count(limit, kMaxLimit);
    if (!wanted.wish.limit) return {{}, kBadLimit};
  }
  return wanted;
}

bool has_numbers(const moment::Moment& moment) {
  return moment.report.directory != nullptr && moment.report.scopes != nullptr &&
         !moment.spans.empty();
}

}  // namespace

http::Response json_error(unsigned status, std::string_view sentence) {
  text::TextBuffer text;
  text::JsonWriter json(text);
  json.begin_object();
  json.member("error", sentence);
  json.end_object();
  http::Response response = http::text_response(status, std::string(text.view()));
  response.content_type = kJsonType;
  return response;
}

LiveApi::LiveApi(std::shared_ptr<MomentCoalescer> moments) : moments_(std::move(moments)) {}

void LiveApi::add_routes(http::Routes& routes) {
  const auto weak = weak_from_this();
  routes.add("/api/v1/snapshot", [weak](const http::Request& request, http::Reply reply) {
    if (const auto api = weak.lock()) api->snapshot(request, std::move(reply));
  });
  routes.add("/api/v1/waiting", [weak](const http::Request& request, http::Reply reply) {
    if (const auto api = weak.lock()) api->waiting(request, std::move(reply));
  });
  routes.add_stream("/api/v1/stream",
                    [weak](const http::Request& request, http::StreamReply reply) {
                      if (const auto api = weak.lock()) api->stream(request, std::move(reply));
                    });
}

void LiveApi::start(AskingThread thread) {
  thread_ = std::move(thread);
  thread_.post([weak = weak_from_this()] {
    if (const auto api = weak.lock()) api->sample();
  });
}

void LiveApi::snapshot(const http::Request& request, http::Reply reply) {
  const Wanted wanted = read_query(request);
  if (!wanted.error.empty()) return reply(json_error(400, wanted.error));
  const std::string shop = wanted.wish.scope.shop;
  moments_->next({longest_waits(shop)}, [weak = weak_from_this(), request, shop,
                                         reply = std::move(reply)](const moment::Moment* moment) {
    const auto api = weak.lock();
    if (api == nullptr) return;
    if (moment == nullptr || !has_numbers(*moment)) return reply(json_error(503, kBusy));
    api->history_.take(*moment);
    const Snapshot* const snapshot = api->snapshot_of(*moment, shop);
    if (snapshot == nullptr) return reply(json_error(404, kNoShop));
    reply(snapshot->json.response(request.accepts_gzip, api->gzip_));
  });
}

void LiveApi::waiting(const http::Request& request, http::Reply reply) {
  const Wanted wanted = read_query(request);
  if (!wanted.error.empty()) return reply(json_error(400, wanted.error));
  moments_->next({wanted.wish}, [weak = weak_from_this(), request, wish = wanted.wish,
                                 reply = std::move(reply)](const moment::Moment* moment) {
    const auto api = weak.lock();
    if (api == nullptr) return;
    if (moment == nullptr || !has_numbers(*moment)) return reply(json_error(503, kBusy));
    const moment::WaitingPage& page = *moment::find_page(*moment, wish);
    if (page.list.answer == engine::WaitingAnswer::unknown_shop)
      return reply(json_error(404, kNoShop));
    if (page.list.answer == engine::WaitingAnswer::unknown_agent)
      return reply(json_error(404, kNoAgent));
    reply(api->list_of(*moment, page, wish).response(request.accepts_gzip, api->gzip_));
  });
}

void LiveApi::stream(const http::Request& request, http::StreamReply reply) {
  const Wanted wanted = read_query(request);
  if (!wanted.error.empty()) return reply.refuse(json_error(400, wanted.error));
  const std::string shop = wanted.wish.scope.shop;
  // At most a second old, and many pages that come back at once are no burst of questions.
  if (const auto found = last_tick_.find(shop); found != last_tick_.end())
    return open(shop, reply, found->second);
  moments_->next({longest_waits(shop)}, [weak = weak_from_this(), shop,
                                         reply = std::move(reply)](const moment::Moment* moment) {
    const auto api = weak.lock();
    if (api == nullptr) return;
    if (moment == nullptr || !has_numbers(*moment)) return reply.refuse(json_error(503, kBusy));
    api->history_.take(*moment);
    const Snapshot* const snapshot = api->snapshot_of(*moment, shop);
    if (snapshot == nullptr) return reply.refuse(json_error(404, kNoShop));
    api->open(shop, reply, snapshot->event);
  });
}

void LiveApi::open(const std::string& shop, const http::StreamReply& reply, const Event& first) {
  const std::shared_ptr<http::EventStream> stream = reply.accept();
  if (stream->is_ended()) return;
  stream->send(first);
  readers_.push_back({shop, stream});
  last_tick_.emplace(shop, first);
  if (is_ticking_) return;
  is_ticking_ = true;
  thread_.after(kTick, [weak = weak_from_this()] {
    if (const auto api = weak.lock()) api->tick();
  });
}

void LiveApi::tick() {
  std::erase_if(readers_, [](const Reader& reader) { return reader.stream->is_ended(); });
  if (readers_.empty()) {
    is_ticking_ = false;
    last_tick_.clear();
    return;
  }
  // First, so that the ticks go on where there is no memory for the rest of this one.
  thread_.after(kTick, [weak = weak_from_this()] {
    if (const auto api = weak.lock()) api->tick();
  });
  std::vector<moment::WaitingWish> wishes;
  for (const Reader& reader : readers_) {
    moment::WaitingWish wish = longest_waits(reader.shop);
    if (std::find(wishes.begin(), wishes.end(), wish) == wishes.end())
      wishes.push_back(std::move(wish));
  }
  moments_->next(std::move(wishes), [weak = weak_from_this()](const moment::Moment* moment) {
    // When there is none in time the readers see the age of what they have.
    if (const auto api = weak.lock(); api != nullptr && moment != nullptr) api->send(*moment);
  });
}

void LiveApi::send(const moment::Moment& moment) {
  // After a pause of the feed's thread several ticks get one moment.
  if (!has_numbers(moment) || std::exchange(sent_, moments_->number()) == moments_->number())
    return;
  history_.take(moment);
  last_tick_.clear();
  for (const Reader& reader : readers_) {
    // Opened from the last tick's rendering when this moment was on its way without its list.
    if (moment::find_page(moment, longest_waits(reader.shop)) == nullptr) continue;
    auto event = last_tick_.find(reader.shop);
    if (event == last_tick_.end()) {
      const Snapshot* const snapshot = snapshot_of(moment, reader.shop);
      if (snapshot == nullptr) continue;  // never: a shop that was known stays
      event = last_tick_.emplace(reader.shop, snapshot->event).first;
    }
    reader.stream->send(event->second);
  }
}

void LiveApi::sample() {
  moments_->next([weak = weak_from_this()](const moment::Moment* moment) {
    const auto api = weak.lock();
    if (api == nullptr) return;
    std::chrono::milliseconds pause = kSampleAgain;
    if (moment != nullptr && has_numbers(*moment)) {
      api->rendered();  // while nobody asks, nothing old is kept
      api->history_.take(*moment);
      if (api->history_.has_newest())
        pause = History::kStep - moment->at.time_since_epoch() % History::kStep;
    }
    api->thread_.after(pause, [weak] {
      if (const auto later = weak.lock()) later->sample();
    });
  });
}

LiveApi::Rendered& LiveApi::rendered() {
  if (rendered_.moment != moments_->number()) {
    rendered_ = {};
    rendered_.moment = moments_->number();
  }
  return rendered_;
}

const LiveApi::Snapshot* LiveApi::snapshot_of(const moment::Moment& moment,
                                              const std::string& shop) {
  auto& snapshots = rendered().snapshots;
  if (const auto found = snapshots.find(shop); found != snapshots.end()) return &found->second;
  std::optional<std::size_t> row;
  if (!shop.empty()) {
    row = find_shop_row(moment.report, shop);
    if (!row) return nullptr;
  }
  text_.clear();
  append_snapshot(moment, history_, row, moment::find_page(moment, longest_waits(shop)), text_);
  last_id_ = std::max(last_id_ + 1, std::int64_t{moment.at.time_since_epoch().count()});
  std::string text = "id: " + std::to_string(last_id_) + "\nevent: snapshot\ndata: ";
  const std::size_t begin = text.size();
  text.append(text_.view()).append("\n\n");
  const auto event = std::make_shared<const std::string>(std::move(text));
  const Rendering json(kJsonType, std::string_view(*event).substr(begin, text_.size()), event);
  return &snapshots.emplace(shop, Snapshot{event, json}).first->second;
}

Rendering LiveApi::list_of(const moment::Moment& moment, const moment::WaitingPage& page,
                           const moment::WaitingWish& wish) {
  auto& lists = rendered().lists;
  // Whoever wants more rows than there are wants all of them.
  const std::size_t rows = std::min(wish.limit.value_or(kMaxLimit), page.list.rows.size());
  const auto key = std::tuple(wish.scope.shop, wish.scope.agent, rows);
  if (const auto found = lists.find(key); found != lists.end()) return found->second;
  const auto text = std::make_shared<text::TextBuffer>();
  append_waiting_list(moment, page, wish.limit, *text);
  Rendering list(kJsonType, text->view(), text);
  if (lists.size() < kMaxKeptLists) lists.emplace(key, list);
  return list;
}

}  // namespace deskpulse::serve
