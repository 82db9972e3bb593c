// The head of an HTTP response.
#pragma once

#include <string>
#include <string_view>

#include "daemon/http/routes.hpp"

namespace deskpulse::http {

/// Status line and fields with the empty line behind them. The fields that keep a browser from
/// doing more with a response than showing it are in each.
std::string head_of(const Response& response, bool keep_alive);
/// The same for a stream of events, which ends with its connection.
std::string head_of_stream();

/// A response without more to it than a sentence: JSON under /api/, text elsewhere. The sentence is
/// ours: without quotes, backslashes and anything the peer sent.
Response refusal(std::string_view path, unsigned status, std::string_view sentence);

/// Whether If-None-Match names the entity tag, so that 304 is enough.
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace deskpulse::http
