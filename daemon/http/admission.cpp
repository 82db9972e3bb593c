#include "daemon/http/admission.hpp"

#include "daemon/http/allowed_hosts.hpp"

namespace deskpulse::http {

std::optional<Refusal> refusal_of(const ReceivedRequest& received, const Access& access) {
  if (received.refusal) return received.refusal;
  const std::string& host = received.request.host;
  // HTTP/1.0 may leave it out; browsers never do.
  if (!host.empty() && !access.hosts.allows(host)) {
    return Refusal{421,
                   "This Host is not known here. Use the address, localhost or the machine's name, "
                   "or add the name to [http] allowed_hosts."};
  }
  return std::nullopt;
}

Destination destination_of(const ReceivedRequest& received, const Routes& routes) {
  const Request& request = received.request;
  const auto refuse = [](unsigned status, std::string_view sentence) {
    return Destination{.refusal = Refusal{status, sentence}};
  };
  const Handler* const handler = routes.find(request.path);
  const StreamHandler* const stream = routes.find_stream(request.path);
  if (handler == nullptr && stream == nullptr) {
    return refuse(404, "Not here. See / for what there is.");
  }
  if (received.method == ReceivedRequest::Method::other) {
    return refuse(405, "Only GET and HEAD are answered here.");
  }
  if (stream == nullptr) return {.handler = handler};
  if (!request.origin.empty() && !is_same_origin(request.origin, request.host)) {
    return refuse(403, "Pages of other hosts may not read this stream.");
  }
  return {.stream = stream};
}

std::string_view counted_path(const Routes& routes, std::string_view path) {
  static constexpr std::string_view kOther = "other";
  return routes.find(path) != nullptr || routes.find_stream(path) != nullptr ? path : kOther;
}

}  // namespace deskpulse::http
