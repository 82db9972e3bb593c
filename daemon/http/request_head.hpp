// What the lines of a request's header say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/routes.hpp"

namespace deskpulse::http {

/// Why something is not answered as it was asked: a status code and our own sentence, static text.
struct Refusal {
  unsigned status;
  std::string_view sentence;
};

/// A request whose header is whole; or what came instead of one.
struct ReceivedRequest {
  enum class Method : std::uint8_t { get, head, other };
  Request request;
  Method method = Method::other;
  std::string authorization;  ///< the field's value; empty when not sent
  /// Whether another request can follow. Never behind a body: it is not read, so where it ends is
  /// not known, and a peer cannot hide a second request in it. Nor behind a refusal.
  bool keep_alive = false;
  std::optional<Refusal> refusal;  ///< set when it is no HTTP request that can be answered
};

/// One request's header (RFC 9112), taken line by line. Strictly: a proxy in front of us that reads
/// the same bytes in another way would take one request for two, or two for one, and give the
/// second one's answer to somebody else. So where the RFC leaves a choice between reading something
/// and refusing it, it is refused: folded lines, repeated lengths, two framings.
class RequestHead {
 public:
  /// The next line, without its CRLF and without any other control character but a tab. True when
  /// there is something to be answered: the header is whole, or this line is wrong.
  [[nodiscard]] bool take(std::string_view line);
  /// Ends it: whatever is still to come makes it no better.
  void refuse(unsigned status, std::string_view sentence);
  void refuse_nonsense() { refuse(400, "This is not an HTTP request."); }
  /// Not even the first line has come.
  bool is_before_fields() const { return !has_request_line_; }
  /// Once it has ended.
  ReceivedRequest& received() { return received_; }

 private:
  enum Field : std::uint8_t {
    accept_encoding,
    authorization,
    connection,
    content_length,
    host,
    if_none_match,
    origin,
    transfer_encoding,
  };
  static constexpr std::array<std::string_view, 8> kFieldNames{
      "accept-encoding", "authorization", "connection",       "content-length", "host",
      "if-none-match",   "origin",        "transfer-encoding"};
  struct Value {
    std::string text;  ///< all lines of the field, with commas between them (RFC 9110, 5.3)
    std::size_t lines = 0;
  };

  void take_request_line(std::string_view line);
  void take_target(std::string_view method, std::string_view target);
  void take_field(std::string_view line);
  void finish();
  /// Whether a body follows; nothing where that, or where it ends, could be read in two ways.
  std::optional<bool> has_body() const;
  bool wants_to_stay() const;

  ReceivedRequest received_;
  std::string authority_;  ///< of a target that names one
  bool has_request_line_ = false;
  bool is_1_0_ = false;
  std::array<Value, kFieldNames.size()> fields_;
};

}  // namespace deskpulse::http
