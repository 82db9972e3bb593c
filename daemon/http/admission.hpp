// Whether a request is answered, and by whom: what is decided from the request alone.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/http/access.hpp"
#include "daemon/http/request_reader.hpp"
#include "daemon/http/routes.hpp"

namespace deskpulse::http {

/// Why the request is not answered, whoever asks: it is none, or it was meant for another machine.
/// Nothing where it is good; then a password comes first, if one is asked for, and the route after
/// it, so that a stranger does not learn what there is.
std::optional<Refusal> refusal_of(const ReceivedRequest& received, const Access& access);

/// Who answers: one of the three is set.
struct Destination {
  std::optional<Refusal> refusal{};
  const Handler* handler = nullptr;
  const StreamHandler* stream = nullptr;
};
/// The pointers are good as long as `routes`.
Destination destination_of(const ReceivedRequest& received, const Routes& routes);

/// The path as counts and labels have it: one of the routes, or "other". Never what a peer made up.
std::string_view counted_path(const Routes& routes, std::string_view path);

}  // namespace deskpulse::http
