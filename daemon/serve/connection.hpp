// One connection of the HTTP server. Private to it: it shows Asio and Beast.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "daemon/serve/access.hpp"
#include "daemon/serve/event_stream.hpp"
#include "daemon/serve/http_server.hpp"
#include "daemon/serve/password_checks.hpp"
#include "daemon/serve/routes.hpp"
#include "daemon/serve/transport.hpp"

namespace deskpulse::serve {

class Connection;

/// What the connections of one server have in common.
struct ConnectionTable {
  const HttpSettings settings;
  const Routes routes;
  std::shared_ptr<Access> access;
  HttpCounts counts;
  std::unordered_set<Connection*> open;
  PasswordChecks passwords;

  /// Streams go on for hours, so some connections are kept for those who only ask.
  std::size_t max_streams() const {
    return settings.max_connections - settings.max_connections / 4;
  }
};

/// One peer: reads a request, has it answered, writes the response, again; or, once it has become a
/// stream, writes events until the peer goes. Lives as long as one of its operations does, and
/// never longer than the table.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionTable& table, boost::asio::io_context& context,
             std::unique_ptr<Transport> transport);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void close();

  using Clock = std::chrono::steady_clock;
  /// What it does, in the order in which it can be spared when there are too many.
  enum class State : std::uint8_t { idle, reading, answering, streaming };
  State state() const { return state_; }
  Clock::time_point since() const { return since_; }
  /// Who was let in by rules that are no more may have the response that is under way, no stream.
  void end_by_new_access();

 private:
  class Stream;
  using Buffer = boost::asio::const_buffer;

  void enter(State state, Clock::duration patience);
  void expires_after(Clock::duration patience);
  void expires_never();
  void on_expiry();

  void refuse_plain_http();
  void next_request();
  void read();
  void parse();
  void on_header();
  void check_password(std::string_view authorization);
  void route();
  void answer_stream(const StreamHandler& handler);
  void wait_for_reply();
  /// Null when the reply comes too late, or a second time.
  static std::shared_ptr<Connection> awaiting(const std::weak_ptr<Connection>& weak,
                                              std::uint64_t request);
  void refuse(unsigned status, std::string_view sentence);
  void respond(Response response);
  void count_response(unsigned status);
  void on_written(bool is_whole);
  void drain();

  std::shared_ptr<EventStream> begin_stream();
  void send(std::shared_ptr<const std::string> event);
  void write_event(std::string_view bytes);
  void watch_peer();
  std::string_view field(boost::beast::http::field name) const;

  ConnectionTable& table_;
  const std::shared_ptr<Access> access_;
  const std::unique_ptr<Transport> transport_;
  boost::asio::steady_timer deadline_;
  bool is_closed_ = false;
  State state_ = State::reading;
  Clock::time_point since_;

  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  Request request_;
  std::string path_;          // as a label: a route's, or "other"
  std::uint64_t number_ = 0;  // so that a reply given twice does not answer the next request
  Clock::time_point requested_;
  bool is_head_ = false;
  bool keep_alive_ = false;
  /// Itself: a handler may keep the reply for longer than the server lives, so it is not the reply
  /// that keeps the connection.
  std::shared_ptr<Connection> awaiting_reply_;

  Response response_;
  std::string head_;

  bool is_writing_ = false;
  std::shared_ptr<const std::string> event_;  // the one that is being written
  std::shared_ptr<const std::string> next_event_;
};

}  // namespace deskpulse::serve
