// /api/v1: the numbers as JSON, once or as a stream (proto/API.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/serve/content_coding.hpp"
#include "daemon/serve/event_stream.hpp"
#include "daemon/serve/history.hpp"
#include "daemon/serve/moments.hpp"
#include "daemon/serve/routes.hpp"

namespace deskpulse::serve {

/// Snapshots, the stream of them and the lists of waiting customers. One moment a second is asked
/// for while somebody reads the stream, and each shop that is looked at is rendered once for all of
/// its readers; another moment every half minute makes the history. Everything happens on the
/// server's thread.
class LiveApi : public std::enable_shared_from_this<LiveApi> {
 public:
  explicit LiveApi(std::shared_ptr<Moments> moments);

  void add_routes(Routes& routes);
  /// Begins the history. `thread` is the one that the routes are called on.
  void start(AskingThread thread);

 private:
  struct Reader {
    std::string shop;  ///< empty = all
    std::shared_ptr<EventStream> stream;
  };
  /// One snapshot as an event of the stream; its JSON is a part of it.
  struct Rendering {
    std::shared_ptr<const std::string> event;
    std::string_view json;
  };

  void snapshot(const Request& request, Reply reply);
  void waiting(const Request& request, Reply reply);
  void stream(const Request& request, StreamReply reply);

  void open(const std::string& shop, const StreamReply& reply, const Rendering& first);
  void tick();
  void send(const Moment& moment);
  void sample();
  /// Null event when the moment knows no such shop.
  Rendering render(const Moment& moment, const std::string& shop);
  Response json_response(const Request& request, std::shared_ptr<const void> owner,
                         std::string_view json);

  const std::shared_ptr<Moments> moments_;
  AskingThread thread_;
  History history_;
  std::vector<Reader> readers_;
  std::map<std::string, Rendering> last_tick_;  ///< by shop; empty while nobody reads
  bool is_ticking_ = false;
  std::int64_t last_id_ = 0;
  std::uint64_t sent_ = 0;  ///< the number of the moment that the readers have
  TextBuffer text_;
  Gzip gzip_;
};

/// `{"error":"…"}`
Response json_error(unsigned status, std::string_view sentence);

}  // namespace deskpulse::serve
