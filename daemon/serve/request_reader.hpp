// From the bytes of a connection to what its requests say. No socket, no clock, no answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/serve/routes.hpp"

namespace deskpulse::serve {

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
  /// not known, and a peer cannot hide a second request in it.
  bool keep_alive = false;
  std::optional<Refusal> refusal;  ///< set when it is no HTTP request that can be answered
};

/// Collects bytes until a request's header is whole. Requests may be sent ahead; what follows the
/// one that is taken stays. Holds `max_header_bytes` and 4 kB at the most, so a peer that never
/// comes to an end costs no more than that. Not thread-safe.
class RequestReader {
 public:
  explicit RequestReader(std::size_t max_header_bytes);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Where the next bytes go, 4 kB; until the next call. Only while next() has nothing to give.
  std::span<char> room();
  /// That many bytes have been put there.
  void commit(std::size_t size);
  /// The next request; nothing while its header is not whole. After one that says not to
  /// `keep_alive` there is no next.
  std::optional<ReceivedRequest> next();
  /// Nothing of a further request has come.
  bool is_empty() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace deskpulse::serve
