// /api/v1: the numbers as JSON, once or as a stream (proto/API.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/http/content_coding.hpp"
#include "daemon/http/event_stream.hpp"
#include "daemon/http/routes.hpp"
#include "daemon/serve/history.hpp"
#include "daemon/serve/moment_coalescer.hpp"
#include "daemon/serve/rendering.hpp"

namespace deskpulse::serve {

/// Snapshots, the stream of them and the lists of waiting customers. One moment a second is asked
/// for while somebody reads the stream; another moment every half minute makes the history. Each
/// shop that is looked at is rendered and compressed once a moment for all who ask for it, and so
/// are the first few lists: whoever asks for many different ones gets each, but none is kept for
/// others. Everything happens on the server's thread.
class LiveApi : public std::enable_shared_from_this<LiveApi> {
 public:
  explicit LiveApi(std::shared_ptr<MomentCoalescer> moments);

  void add_routes(http::Routes& routes);
  /// Begins the history. `thread` is the one that the routes are called on.
  void start(AskingThread thread);

 private:
  struct Reader {
    std::string shop;  ///< empty = all
    std::shared_ptr<http::EventStream> stream;
  };
  using Event = std::shared_ptr<const std::string>;
  /// One snapshot as an event of the stream, and its JSON alone, which is a part of it.
  struct Snapshot {
    Event event;
    Rendering json;
  };
  /// What one moment has been rendered to so far.
  struct Rendered {
    std::uint64_t moment = 0;                   ///< its number
    std::map<std::string, Snapshot> snapshots;  ///< by shop
    std::map<std::tuple<std::string, std::string, std::size_t>, Rendering>
        lists;  ///< by shop, agent and number of rows
  };

  void snapshot(const http::Request& request, http::Reply reply);
  void waiting(const http::Request& request, http::Reply reply);
  void stream(const http::Request& request, http::StreamReply reply);

  void open(const std::string& shop, const http::StreamReply& reply, const Event& first);
  void tick();
  void send(const moment::Moment& moment);
  void sample();
  /// Of the moment that is being used; what is of an older one goes.
  Rendered& rendered();
  /// Null when the moment knows no such shop.
  const Snapshot* snapshot_of(const moment::Moment& moment, const std::string& shop);
  Rendering list_of(const moment::Moment& moment, const moment::WaitingPage& page,
                    const moment::WaitingWish& wish);

  const std::shared_ptr<MomentCoalescer> moments_;
  AskingThread thread_;
  History history_;
  std::vector<Reader> readers_;
  std::map<std::string, Event> last_tick_;  ///< by shop; empty while nobody reads
  Rendered rendered_;
  bool is_ticking_ = false;
  std::int64_t last_id_ = 0;
  std::uint64_t sent_ = 0;  ///< the number of the moment that the readers have
  text::TextBuffer text_;
  http::Gzip gzip_;
};

/// `{"error":"…"}`
http::Response json_error(unsigned status, std::string_view sentence);

}  // namespace deskpulse::serve
