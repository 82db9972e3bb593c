// An echo client over the WebSocket connection of the feed, for the Autobahn test suite: what the
// suite says of it holds for the feed's transport, for it is the same class.
//
// Against the public suite, autobahntestsuite or its container image crossbario/autobahn-testsuite:
//
//     wstest -m fuzzingserver   # on 127.0.0.1:9001; fuzzingserver.json says which cases
//     echo_client --url ws://127.0.0.1:9001
//     xdg-open reports/clients/index.html
//
// Chapters 1 to 7 and 10 are what we hold ourselves to; 12 and 13 need --permessage-deflate. The
// suite's control protocol is a WebSocket itself: /getCaseCount answers with a number,
// /runCase?case=N is one case, /updateReports writes the report. echo_client_test.py runs it
// against a server of our own with cases after the suite's.
//
// Exit code: 0 when all cases were run, whatever the server thinks of them; 1 when it could not be
// asked; 2 for a command line that is not understood.
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/feed/endpoint.hpp"
#include "daemon/feed/name_resolver.hpp"
#include "daemon/feed/websocket_connection.hpp"

namespace deskpulse {
namespace {

namespace asio = boost::asio;
using feed::WebsocketConnection;

/// Some cases send a message for longer than a feed would wait for one.
constexpr std::chrono::seconds kPatience{120};

struct Options {
  std::string url;
  std::string agent = "deskpulse";
  std::string ca_file;
  bool permessage_deflate = false;
};

/// Sends back what it gets, and keeps the last of it.
class Echo final : public feed::MessageHandler {
 public:
  explicit Echo(bool answers) : answers_(answers) {}

  feed::End run(const Options& options, const feed::Endpoint& endpoint) {
    asio::io_context io;
    feed::NameResolver names(io);
    feed::ConnectionSettings settings;
    settings.endpoint = endpoint;
    settings.ca_file = options.ca_file;
    settings.permessage_deflate = options.permessage_deflate;
    settings.max_message_bytes = 64 << 20;
    settings.message = kPatience;
    connection_ = std::make_unique<WebsocketConnection>(io, names, std::move(settings), *this);
    feed::End end;
    asio::co_spawn(io, connection_->run(),
                   [&end](const std::exception_ptr& thrown, feed::End ended) {
                     if (thrown) std::rethrow_exception(thrown);
                     end = std::move(ended);
                   });
    io.run();
    connection_.reset();  // before the io_context
    return end;
  }
  const std::string& last() const { return last_; }

  void opened() override { connection_->settled(kPatience); }
  Next text(std::string_view message, Utf8 utf8) override {
    if (utf8 == Utf8::unchecked) return Next::check_first;
    return answer(message, WebsocketConnection::Kind::text);
  }
  Next binary(std::string_view message) override {
    return answer(message, WebsocketConnection::Kind::binary);
  }
  void written() override {
    if (waiting_.empty()) return;
    const auto [message, kind] = std::move(waiting_.front());
    waiting_.pop_front();
    static_cast<void>(connection_->write(message, kind));  // false: it is being closed
  }
  feed::Ending ending() override { return {}; }

 private:
  Next answer(std::string_view message, WebsocketConnection::Kind kind) {
    connection_->heard();
    last_ = message;
    if (answers_) send(last_, kind);
    return Next::go_on;
  }
  void send(const std::string& message, WebsocketConnection::Kind kind) {
    if (!waiting_.empty() || !connection_->write(message, kind))
      waiting_.emplace_back(message, kind);
  }

  const bool answers_;
  std::unique_ptr<WebsocketConnection> connection_;
  std::deque<std::pair<std::string, WebsocketConnection::Kind>> waiting_;
  std::string last_;
};

void complain(const std::string& what) { std::fprintf(stderr, "echo_client: %s\n", what.c_str()); }

/// The server's address with another target.
feed::Endpoint at(feed::Endpoint endpoint, const std::string& target) {
  endpoint.target = target;
  return endpoint;
}

std::string said(const feed::End& end) {
  const std::string reason(intake::disconnect_name(end.reason));
  return end.detail.empty() ? reason : reason + ", " + end.detail;
}

int run_all(const Options& options, const feed::Endpoint& endpoint) {
  Echo count(false);
  const feed::End asked = count.run(options, at(endpoint, "/getCaseCount"));
  const std::string& text = count.last();
  int cases = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), cases).ec != std::errc{}) {
    complain("no number of cases: " + said(asked));
    return 1;
  }
  const std::string agent = "agent=" + options.agent;
  for (int number = 1; number <= cases; ++number) {
    const feed::End end = Echo(true).run(
        options, at(endpoint, "/runCase?case=" + std::to_string(number) + "&" + agent));
    std::printf("%d: %s\n", number, said(end).c_str());
  }
  Echo(false).run(options, at(endpoint, "/updateReports?" + agent));
  return 0;
}

}  // namespace
}  // namespace deskpulse

int main(int count, char** values) {
  deskpulse::Options options;
  CLI::App app("An echo client over the feed's WebSocket connection, for the Autobahn test suite",
               "echo_client");
  app.add_option("--url", options.url, "Where the suite listens")->required()->type_name("ws://…");
  app.add_option("--agent", options.agent, "The name in its report")->capture_default_str();
  app.add_option("--ca-file", options.ca_file, "Certificates to trust, for wss://");
  app.add_flag("--permessage-deflate", options.permessage_deflate, "For chapters 12 and 13");
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto endpoint = deskpulse::feed::parse_endpoint(options.url);
  if (!endpoint) {
    deskpulse::complain("--url: " + options.url + " is no ws:// or wss:// address");
    return 2;
  }
  return deskpulse::run_all(options, *endpoint);
}
