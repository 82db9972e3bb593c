#include "tests/unit/http/offline_connection.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <functional>
#include <utility>

#include "daemon/http/connection.hpp"
#include "daemon/http/connection_table.hpp"
#include "daemon/http/network.hpp"
#include "daemon/http/transport.hpp"

namespace deskpulse::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// What a transport and its test have in common.
struct Wire {
  std::string_view to_server;
  std::size_t at_a_time = 1;
  bool has_no_more = false;  // the server wants bytes, and there are none
  Exchange seen;
  std::function<void()> end;  // has the peer go
};

class WireTransport final : public Transport {
 public:
  WireTransport(asio::io_context& context, std::shared_ptr<Wire> wire)
      : context_(context), wire_(std::move(wire)) {}

  void open(Done done) override { done({}, 0); }
  void read_some(asio::mutable_buffer to, Done done) override {
    const std::size_t size =
        std::min({to.size(), wire_->at_a_time, wire_->to_server.size() - wire_->seen.read});
    if (size == 0 && !is_closed_) {
      wire_->has_no_more = true;
      wire_->end = [this, done = std::move(done)] { finish(done, asio::error::eof, 0); };
      return;
    }
    if (size != 0) std::memcpy(to.data(), wire_->to_server.data() + wire_->seen.read, size);
    wire_->seen.read += size;
    finish(std::move(done), {}, size);
  }
  void write(asio::const_buffer first, asio::const_buffer second, Done done) override {
    for (const asio::const_buffer& each : {first, second}) {
      wire_->seen.answers.append(static_cast<const char*>(each.data()), each.size());
    }
    finish(std::move(done), {}, first.size() + second.size());
  }
  void end_writing(Done done) override { done({}, 0); }
  void read_some_raw(asio::mutable_buffer to, Done done) override {
    read_some(to, std::move(done));
  }
  void write_raw(asio::const_buffer text, Done done) override { write(text, {}, std::move(done)); }
  void end_writing_raw() override {}
  std::size_t unsent() const override { return 0; }
  void close() override {
    is_closed_ = true;
    if (const auto end = std::exchange(wire_->end, nullptr)) end();
  }

 private:
  void finish(Done done, error_code error, std::size_t size) {
    if (is_closed_) error = asio::error::operation_aborted;
    asio::post(context_, [done = std::move(done), error, size] { done(error, size); });
  }

  asio::io_context& context_;
  const std::shared_ptr<Wire> wire_;
  bool is_closed_ = false;
};

}  // namespace

struct OfflineListener::Parts {
  Parts(HttpSettings settings, Routes routes)
      : table{.settings = std::move(settings),
              .routes = std::move(routes),
              .max_connections = 4,
              .access = nullptr,
              .counts = {},
              .open = {},
              .held = {},
              .passwords = PasswordChecks(
                  [this](std::function<void()> work) { asio::post(context, std::move(work)); })} {
    table.access = read_access(table.settings.access);
  }
  ~Parts() { table.passwords.wait(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  ConnectionTable table;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> keeps_going{context.get_executor()};
};

OfflineListener::OfflineListener(HttpSettings settings, Routes routes)
    : parts_(std::make_unique<Parts>(std::move(settings), std::move(routes))) {}
OfflineListener::~OfflineListener() = default;

Exchange OfflineListener::exchange(std::string_view bytes, std::size_t at_a_time) {
  const auto wire = std::make_shared<Wire>();
  wire->to_server = bytes;
  wire->at_a_time = std::max<std::size_t>(at_a_time, 1);
  asio::io_context& context = parts_->context;
  std::weak_ptr<Connection> watched;
  {
    const auto connection = std::make_shared<Connection>(
        parts_->table, context, std::make_unique<WireTransport>(context, wire), Network{});
    watched = connection;
    connection->start();
  }
  const auto is_checking = [&] {
    const auto connection = watched.lock();
    return connection != nullptr && connection->state() == Connection::State::checking;
  };
  while (context.poll() != 0 || is_checking()) {
    if (is_checking()) context.run_one();  // a thread is at it
  }
  wire->seen.is_open = wire->has_no_more && wire->end != nullptr;
  if (const auto end = std::exchange(wire->end, nullptr)) end();
  // One whose handler never replied.
  if (const auto connection = watched.lock()) connection->close();
  context.poll();
  return wire->seen;
}

}  // namespace deskpulse::http
