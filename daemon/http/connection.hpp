// One connection of the HTTP server. Private to it: it shows Asio.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/admission.hpp"
#include "daemon/http/connection_table.hpp"
#include "daemon/http/event_stream.hpp"
#include "daemon/http/network.hpp"
#include "daemon/http/request_reader.hpp"
#include "daemon/http/routes.hpp"
#include "daemon/http/transport.hpp"

namespace deskpulse::http {

/// One peer: reads a request, has it answered, writes the response, again; or, once it has become a
/// stream, writes events until the peer goes. Lives as long as one of its operations does, and
/// never longer than the table. Whatever waits for the peer has a deadline (HttpSettings).
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionTable& table, boost::asio::io_context& context,
             std::unique_ptr<Transport> transport, Network network);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void close();
  /// The same, and counts why.
  void close(CloseReason reason);

  using Clock = ConnectionTable::Clock;
  enum class State : std::uint8_t {
    idle,
    reading,    ///< a request, or shaking hands
    checking,   ///< whether its password is right
    answering,  ///< waits for us
    writing,    ///< a response
    ending,     ///< all is written; until the peer has it
    streaming,
  };
  State state() const { return state_; }
  /// Since when it has been as it is; of one that is written to, since the peer last took
  /// something.
  Clock::time_point since() const { return since_; }
  const Network& network() const { return network_; }
  /// How easily it can be spared, 0 first; nothing while it is being served as it should be.
  std::optional<int> spare_rank(Clock::time_point now) const;
  /// What keeps the body that is being sent in memory; null when there is none.
  const void* body() const { return is_holding_ ? response_.body_owner.get() : nullptr; }
  Clock::time_point writing_since() const { return writing_since_; }
  /// Who was let in by rules that are no more may have the response that is under way, no stream.
  void end_by_new_access();

 private:
  class Stream;

  void enter(State state, Clock::duration patience);
  void expires_at(Clock::time_point time);
  void expires_never();
  void on_expiry();

  void refuse_plain_http();
  void next_request();
  void read();
  void on_bytes();
  void on_request();
  /// Does what a request needs; one that there is no memory for costs its connection and no more.
  template <class Work>
  void with_memory(const Work& work);
  void end_without_memory();
  void serve_request();
  void check_password();
  void find_destination();
  void answer(const Handler& handler);
  void answer_stream(const StreamHandler& handler);
  void wait_for_reply(State state);
  /// Null when the reply comes too late, or a second time.
  static std::shared_ptr<Connection> awaiting(const std::weak_ptr<Connection>& weak,
                                              std::uint64_t request);
  void refuse(const Refusal& refusal);
  void respond(Response response);
  void write_response();
  void write_slice(std::string_view first);
  void release_body();
  void count_response(unsigned status);
  void on_written(bool is_whole);
  void enter_end();
  void drain(std::size_t bytes);

  std::shared_ptr<EventStream> begin_stream();
  void send(std::shared_ptr<const std::string> event);
  void write_event(std::string_view bytes);
  void watch_peer();

  ConnectionTable& table_;
  const std::shared_ptr<Access> access_;
  const std::unique_ptr<Transport> transport_;
  const Network network_;
  boost::asio::steady_timer deadline_;
  bool is_closed_ = false;
  State state_ = State::reading;
  Clock::time_point since_;

  RequestReader reader_;
  ReceivedRequest received_;
  std::string path_;          // as a label: a route's, or "other"
  std::uint64_t number_ = 0;  // so that a reply given twice does not answer the next request
  Clock::time_point requested_;
  bool keep_alive_ = false;
  /// Itself: a handler may keep the reply for longer than the server lives, so it is not the reply
  /// that keeps the connection.
  std::shared_ptr<Connection> awaiting_reply_;

  Response response_;
  std::string head_;
  std::string_view rest_;  // of the body, to be written still
  bool is_holding_ = false;
  Clock::time_point writing_since_;
  std::size_t unsent_ = 0;  // when it was last looked at, while ending

  bool is_writing_ = false;                   // an event
  std::shared_ptr<const std::string> event_;  // the one that is being written
  std::shared_ptr<const std::string> next_event_;
};

}  // namespace deskpulse::http
